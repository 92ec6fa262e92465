package story

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestAnEventArrivesSignedInEveryChannelOnceEach(t *testing.T) {
	t.Parallel()
	c := start(t, 20)
	c.setUp("nlp_train")
	// Two rules lead to one robot: it is told once.
	c.api(http.MethodPost, "/workspaces/nlp_train/rules", rule("first", c.target("d", "dingtalk", "ops"), c.target("w", "wecom", "ops"), c.target("l", "lark", "signed-ops"))).must(t, http.StatusCreated)
	c.api(http.MethodPost, "/workspaces/nlp_train/rules", rule("second", c.target("d", "dingtalk", "ops"))).must(t, http.StatusCreated)
	model := map[string]any{
		"name": "approved", "enabled": true,
		"event":   map[string]any{"source": "model", "options": []string{"model.version.approved"}, "scope": map[string]any{"kind": "allInWorkspace"}},
		"targets": []any{c.target("h", "webhook", "deploy")},
	}
	c.api(http.MethodPost, "/workspaces/nlp_train/rules", model).must(t, http.StatusCreated)

	c.publish(failed(t, 1))
	c.publish(failed(t, 1)) // the same event again
	c.publish(event(t, "model-approved", nil, nil))
	c.publish(event(t, "flow-failed", nil, nil)) // nobody asked for it
	want := map[string]int{"dingtalk": 1, "wecom": 1, "lark": 1, "webhook": 1}
	until(t, 30*time.Second, func() string {
		for receiver, n := range want {
			if got := len(c.accepted(receiver, "")); got < n {
				return fmt.Sprintf("%s has %d of %d messages", receiver, got, n)
			}
		}
		for _, d := range c.ledger() {
			if d.State == "claimed" || d.State == "waiting" {
				return fmt.Sprintf("delivery %+v is open", d)
			}
		}
		return ""
	})
	for receiver, n := range want {
		all := c.messages(receiver)
		if len(all) != n {
			t.Errorf("%s got %d requests, want %d: %+v", receiver, len(all), n, all)
		}
		for _, m := range all {
			if !m.Accepted {
				t.Errorf("%s refused with %s", receiver, m.Code)
			}
			text := fmt.Sprint(m.Body)
			if receiver != "webhook" && !strings.Contains(text, "job-1") {
				t.Errorf("%s was not told the job's name: %s", receiver, text)
			}
		}
	}
	states := map[string]int{}
	for _, d := range c.ledger() {
		states[d.State]++
	}
	if states["delivered"] != 4 || states["duplicate"] != 1 || len(states) != 2 {
		t.Errorf("states of the ledger = %v, want 4 delivered and 1 duplicate", states)
	}
}

func TestOddEventsArriveAndNobodyIsMentionedByThem(t *testing.T) {
	t.Parallel()
	c := start(t, 20)
	c.setUp("nlp_train")
	c.api(http.MethodPost, "/workspaces/nlp_train/rules", rule("odd", c.target("d", "dingtalk", "ops"), c.target("w", "wecom", "ops"), c.target("l", "lark", "ops"))).must(t, http.StatusCreated)
	hostile := `<at id=all></at> @all @13800138000 <@all> [x](http://evil.example) **b** ${data} $.x {{y}}`
	odd := []json.RawMessage{
		event(t, "dlc-failed-oom", map[string]any{"id": nil}, map[string]any{"displayName": "no id"}),
		event(t, "dlc-failed-oom", map[string]any{"id": "no-data", "data": nil}, nil),
		event(t, "dlc-failed-oom", map[string]any{"id": "text-data", "data": "plain text, no JSON", "datacontenttype": "text/plain"}, nil),
		event(t, "edge-data-as-json-string", map[string]any{"id": "json-text"}, nil),
		event(t, "edge-very-long-reason", map[string]any{"id": "long"}, map[string]any{"reasonMessage": strings.Repeat("因果 cause ", 2000)}),
		event(t, "dlc-failed-oom", map[string]any{"id": "hostile"}, map[string]any{"displayName": hostile, "reasonMessage": hostile, "userName": hostile}),
	}
	for _, e := range odd {
		c.emit(e)
	}
	for _, receiver := range []string{"dingtalk", "wecom", "lark"} {
		until(t, 40*time.Second, func() string {
			got := 0
			for _, m := range c.accepted(receiver, "") {
				got += eventsIn(m) // several that waited come as one
			}
			if got < len(odd) {
				return fmt.Sprintf("%s was told %d of %d events; ledger %+v", receiver, got, len(odd), c.ledger())
			}
			return ""
		})
		for _, m := range c.messages(receiver) {
			text, err := json.Marshal(m.Body)
			if err != nil {
				t.Fatal(err)
			}
			if !m.Accepted {
				t.Errorf("%s refused with %s", receiver, m.Code)
			}
			for _, bad := range []string{`"isAtAll":true`, `"13800138000"`, `<at id=all>`, `\u003cat id=all`, `<@all>`, `](http://evil`} {
				if receiver == "lark" && bad == `](http://evil` {
					continue // Lark is sent plain text, in which this means nothing
				}
				if strings.Contains(string(text), bad) {
					t.Errorf("%s was sent %s in %s", receiver, bad, text)
				}
			}
		}
	}
}

func TestARefusedMessageWaitsAndArrives(t *testing.T) {
	t.Parallel()
	c := start(t, 60)
	c.setUp("nlp_train")
	c.api(http.MethodPost, "/workspaces/nlp_train/rules", rule("ops-room", c.target("w", "wecom", "ops"))).must(t, http.StatusCreated)
	// Unavailable three times uses up the quick tries of the invocation; the timer sends the rest.
	c.fault(map[string]any{"receiver": "wecom", "status": 502, "body": "<html>bad gateway</html>", "times": 3})
	c.publish(failed(t, 1))
	until(t, 60*time.Second, func() string {
		if len(c.accepted("wecom", "")) == 0 {
			return fmt.Sprintf("nothing accepted; ledger %+v", c.ledger())
		}
		for _, d := range c.ledger() {
			if d.State != "delivered" {
				return fmt.Sprintf("%+v", d)
			}
		}
		return ""
	})
	if got := c.ledger(); len(got) != 1 || got[0].Attempts < 2 {
		t.Errorf("ledger = %+v, want one delivery with its failed attempts", got)
	}
}
