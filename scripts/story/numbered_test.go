package story

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"pai-notify/scripts/localcloud/publish"
)

// numbered is an event with a name by which it is found again: p3x17 is number 17 of those for group 3. Rules of a group
// see its events only.
func numbered(t *testing.T, source string, group, n int) (name string, e json.RawMessage) {
	t.Helper()
	name = fmt.Sprintf("p%dx%d", group, n)
	sample, field := "dlc-failed-oom", "displayName"
	if source == "model" {
		sample, field = "model-approved", "modelName"
	}
	return name, event(t, sample, map[string]any{"id": name}, map[string]any{field: name})
}

// grouped is a rule for the events of a group.
func grouped(source string, group int, targets ...map[string]any) map[string]any {
	option := map[string]string{"dlc": "dlc.job.failed", "model": "model.version.approved"}[source]
	return map[string]any{
		"name": fmt.Sprintf("%s-%d", source, group), "enabled": true, "targets": targets,
		"event": map[string]any{"source": source, "options": []string{option},
			"scope": map[string]any{"kind": "namePrefix", "prefix": fmt.Sprintf("p%dx", group)}},
	}
}

func (c *cloud) makeRule(r map[string]any) {
	c.t.Helper()
	c.api(http.MethodPost, "/workspaces/nlp_train/rules", r).must(c.t, http.StatusCreated)
}

// publishAll puts events on the bus, several at once.
func (c *cloud) publishAll(events []json.RawMessage) {
	c.t.Helper()
	var group errgroup.Group
	group.SetLimit(8)
	for _, e := range events {
		group.Go(func() error { return publish.Put(context.Background(), c.Cloud, "pai-system-nlp_train", e) })
	}
	if err := group.Wait(); err != nil {
		c.t.Fatal(err)
	}
}

// settled waits until EventBridge has handed everything over and the ledger holds so many deliveries, none of them open.
func (c *cloud) settled(limit time.Duration, deliveries int) map[string]int {
	c.t.Helper()
	var states map[string]int
	until(c.t, limit, func() string {
		if n := c.counts(); n.Pending > 0 {
			return fmt.Sprintf("EventBridge has %d events to hand over: %+v; ledger %v", n.Pending, n, states)
		}
		var err error
		if states, err = c.states(); err != nil {
			return err.Error()
		}
		sum := 0
		for _, n := range states {
			sum += n
		}
		if sum < deliveries || states["claimed"]+states["waiting"] > 0 {
			return fmt.Sprintf("the ledger stands at %v of %d", states, deliveries)
		}
		return ""
	})
	return states
}
