package story

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"pai-notify/scripts/localcloud/publish"
	"pai-notify/shared/catalog/sample"
)

// event is a sample by its name, with members of the event and of its data replaced. A nil value takes a member away.
func event(t *testing.T, name string, members map[string]any, data map[string]any) json.RawMessage {
	t.Helper()
	for _, s := range sample.All() {
		if s.Name != name {
			continue
		}
		var e map[string]any
		if err := json.Unmarshal(s.Event, &e); err != nil {
			t.Fatal(err)
		}
		replace(e, members)
		if inner, ok := e["data"].(map[string]any); ok {
			replace(inner, data)
		}
		text, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	t.Fatalf("no sample is named %q", name)
	return nil
}

func replace(in, with map[string]any) {
	for key, value := range with {
		if value == nil {
			delete(in, key)
		} else {
			in[key] = value
		}
	}
}

// failed is a failed DLC job with an id of its own.
func failed(t *testing.T, n int) json.RawMessage {
	t.Helper()
	return event(t, "dlc-failed-oom", map[string]any{"id": fmt.Sprintf("story-%d", n)}, map[string]any{"displayName": fmt.Sprintf("job-%d", n)})
}

// publish puts an event on the bus of nlp_train, as PAI would.
func (c *cloud) publish(e json.RawMessage) {
	c.t.Helper()
	if err := publish.Put(context.Background(), c.Cloud, "pai-system-nlp_train", e); err != nil {
		c.t.Fatal(err)
	}
}

// emit puts an event on the bus that EventBridge's data plane would refuse, as Alibaba Cloud's own services may.
func (c *cloud) emit(e json.RawMessage) {
	c.t.Helper()
	ask(c.t, http.MethodPost, c.Cloud+"/local/events?bus=pai-system-nlp_train", string(e)).must(c.t, http.StatusAccepted)
}
