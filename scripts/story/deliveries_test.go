package story

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// shown is a delivery as the API shows it.
type shown struct {
	ID, State, Rule, Target, Code, Class string
	Attempts                             int
	Advice                               map[string]string
	History                              []struct {
		Class, Code, Text string
		Advice            map[string]string
	}
}

// deliveries asks the API for a list.
func (c *cloud) deliveries(query string) []shown {
	c.t.Helper()
	var list struct{ Items []shown }
	c.api(http.MethodGet, "/deliveries?limit=500&"+query, nil).must(c.t, http.StatusOK).into(c.t, &list)
	return list.Items
}

// count waits until a list has so many deliveries.
func (c *cloud) count(query string, want int) []shown {
	c.t.Helper()
	var list []shown
	until(c.t, 90*time.Second, func() string {
		if list = c.deliveries(query); len(list) != want {
			return fmt.Sprintf("%d deliveries of %q, want %d; all: %+v", len(list), query, want, c.ledger())
		}
		return ""
	})
	return list
}

// job is work over many deliveries.
type job struct {
	ID, State            string
	Total, Done, Refused int
}

// pause holds everything, or lets it go on.
func (c *cloud) pause(paused bool) {
	c.t.Helper()
	var settings map[string]any
	c.api(http.MethodGet, "/settings", nil).must(c.t, http.StatusOK).into(c.t, &settings)
	settings["paused"] = paused
	c.api(http.MethodPut, "/settings", settings).must(c.t, http.StatusOK)
}

func TestADeadDeliveryIsSeenCorrectedAndToldAgainOnce(t *testing.T) {
	t.Parallel()
	c := start(t, 60)
	c.setUp("nlp_train")
	c.api(http.MethodPost, "/workspaces/nlp_train/rules", rule("ops-room", c.target("d", "dingtalk", "unknown"))).must(t, http.StatusCreated)
	const events = 3
	for n := range events {
		c.publish(failed(t, n))
	}
	list := c.count("state=dead&rule=ops-room", events)
	var one shown
	c.api(http.MethodGet, "/deliveries/"+list[0].ID, nil).must(t, http.StatusOK).into(t, &one)
	if len(one.History) != 1 || one.History[0].Text == "" || one.History[0].Advice["en"] == "" || one.History[0].Advice["zh"] == "" {
		t.Fatalf("the dead delivery is shown as %+v, want its attempt with text and advice", one)
	}
	t.Logf("dead: %s %s %q, advice: %s", one.Class, one.Code, one.History[0].Text, one.Advice["en"])

	c.api(http.MethodPut, "/workspaces/nlp_train/rules/ops-room", rule("ops-room", c.target("d", "dingtalk", "ops"))).must(t, http.StatusOK)
	choice := map[string]any{"workspace": "nlp_train", "rule": "ops-room"}
	var first, again job
	c.api(http.MethodPost, "/deliveries:replay", choice, "Idempotency-Key", "fixed").must(t, http.StatusOK).into(t, &first)
	if first.Total != events || first.Done != events || first.Refused != 0 || first.State != "done" {
		t.Errorf("job = %+v", first)
	}
	for _, d := range c.count("state=delivered&rule=ops-room", events) {
		if d.Attempts != 2 {
			t.Errorf("%+v, want one attempt that failed and one that did not", d)
		}
	}
	sent := len(c.accepted("dingtalk", "access_token=ops"))
	if sent == 0 || sent > events {
		t.Errorf("the right robot got %d messages for %d events", sent, events)
	}
	c.api(http.MethodPost, "/deliveries:replay", choice, "Idempotency-Key", "fixed").must(t, http.StatusOK).into(t, &again)
	if again != first {
		t.Errorf("repeated with its key the request answers %+v, first %+v", again, first)
	}
	// Whatever was told again would be told before another event is.
	c.publish(failed(t, events))
	c.count("state=delivered&rule=ops-room", events+1)
	if got := len(c.accepted("dingtalk", "access_token=ops")); got != sent+1 {
		t.Errorf("after the repetition and one more event the robot has %d messages, before %d", got, sent)
	}
	if got := len(c.accepted("dingtalk", "unknown")); got != 0 {
		t.Errorf("the wrong robot took %d messages", got)
	}
}

func TestAFloodIsPausedCancelledAndTheRestGoesOn(t *testing.T) {
	t.Parallel()
	c := start(t, 30)
	c.setUp("nlp_train")
	c.pause(true)
	c.api(http.MethodPost, "/workspaces/nlp_train/rules", rule("flood", c.target("w", "wecom", "flood"))).must(t, http.StatusCreated)
	c.api(http.MethodPost, "/workspaces/nlp_train/rules", rule("calm", c.target("w", "wecom", "calm"))).must(t, http.StatusCreated)
	const events = 5
	for n := range events {
		c.publish(failed(t, n))
	}
	c.count("state=waiting", 2*events)
	var problem struct{ Code, Detail, Advice string }
	c.api(http.MethodDelete, "/workspaces/nlp_train/rules/flood", nil).must(t, http.StatusConflict).into(t, &problem)
	if problem.Code != "DeliveriesWaiting" || !strings.Contains(problem.Detail, fmt.Sprint(events)) || !strings.Contains(problem.Advice, "waiting=cancel") {
		t.Errorf("deleting the rule asks %+v, want the count and the choices", problem)
	}
	var cancelled job
	c.api(http.MethodPost, "/deliveries:cancel", map[string]any{"workspace": "nlp_train", "rule": "flood"}, "Idempotency-Key", "flood").
		must(t, http.StatusOK).into(t, &cancelled)
	if cancelled.Done != events || cancelled.Refused != 0 {
		t.Errorf("job = %+v", cancelled)
	}
	c.api(http.MethodDelete, "/workspaces/nlp_train/rules/flood", nil).must(t, http.StatusNoContent)
	c.api(http.MethodPost, "/workspaces/nlp_train/rules/calm:disable?waiting=keep", nil).must(t, http.StatusOK)
	if got := len(c.messages("wecom")); got != 0 {
		t.Errorf("%d messages went out while all was paused", got)
	}
	c.pause(false)
	c.count("state=delivered&rule=calm", events)
	c.count("state=cancelled&rule=flood", events)
	if got := len(c.messages("wecom")); got != len(c.accepted("wecom", "key=calm")) {
		t.Errorf("%d messages, want only those of the rule whose were kept", got)
	}
}

func TestHealthFollowsTheHeartbeat(t *testing.T) {
	t.Parallel()
	c := start(t, 20)
	if a := ask(t, http.MethodGet, c.API+"/healthz", nil); a.Status != http.StatusServiceUnavailable || !strings.Contains(a.Text, "setup") {
		t.Errorf("before the set-up health is %d %s, want 503 with what to do", a.Status, a.Text)
	}
	c.setUp("nlp_train")
	c.untilHealthy()
	metrics := c.api(http.MethodGet, "/metrics", nil).must(t, http.StatusOK).Text
	for _, want := range []string{`pai_notify_heartbeat_age_seconds{bus="pai-system-nlp_train"}`, "pai_notify_paused 0"} {
		if !strings.Contains(metrics, want) {
			t.Errorf("metrics lack %s:\n%s", want, metrics)
		}
	}
	if a := ask(t, http.MethodGet, c.API+"/api/v1/metrics", nil); a.Status != http.StatusUnauthorized {
		t.Errorf("without a key metrics answer %d", a.Status)
	}
	c.rpc("2020-04-01", "DisableRule", "EventBusName", "pai-system-nlp_train", "RuleName", "pai-notify-observe")
	until(t, 60*time.Second, func() string {
		if a := ask(t, http.MethodGet, c.API+"/healthz", nil); a.Status != http.StatusServiceUnavailable || strings.Contains(a.Text, "nlp_train") {
			return fmt.Sprint(a.Status, a.Text)
		}
		return ""
	})
	c.rpc("2020-04-01", "EnableRule", "EventBusName", "pai-system-nlp_train", "RuleName", "pai-notify-observe")
	c.untilHealthy()
}

func TestWhatDiedIsToldToWhoAskedAndNeverFeedsOnItself(t *testing.T) {
	t.Parallel()
	c := start(t, 30)
	c.setUp("nlp_train")
	watch := func(token string) map[string]any {
		r := rule("watch", c.target("w", "wecom", token))
		r["event"] = map[string]any{"source": "delivery", "options": []string{"delivery.dead"}, "scope": map[string]any{"kind": "allInWorkspace"}}
		return r
	}
	c.api(http.MethodPost, "/workspaces/nlp_train/rules", rule("ops-room", c.target("d", "dingtalk", "unknown"))).must(t, http.StatusCreated)
	c.api(http.MethodPost, "/workspaces/nlp_train/rules", watch("watch")).must(t, http.StatusCreated)
	c.publish(failed(t, 1))
	c.count("state=delivered&rule=watch", 1)
	told := c.accepted("wecom", "key=watch")
	if len(told) != 1 || !strings.Contains(fmt.Sprint(told[0].Body), "ops-room") {
		t.Fatalf("who watches got %+v, want one message that names the rule", told)
	}
	t.Logf("told: %v", told[0].Body)

	// Now who watches cannot be told either.
	c.api(http.MethodPut, "/workspaces/nlp_train/rules/watch", watch("unknown")).must(t, http.StatusOK)
	c.publish(failed(t, 2))
	c.count("state=dead&rule=watch", 1)
	until(t, 60*time.Second, func() string {
		text, err := os.ReadFile(filepath.Join(c.data, "logs", "sweep.log"))
		if err != nil {
			return err.Error()
		}
		if !strings.Contains(string(text), "dead and not announced") {
			return "sweep has not looked at the death of the announcement: " + tail(string(text), 500)
		}
		return ""
	})
	c.publish(failed(t, 3)) // its death is announced by a later round, before which a feedback would have been
	c.count("state=dead&rule=watch", 2)
	if got := c.deliveries("rule=watch"); len(got) != 3 {
		t.Errorf("who watches was to be told %d times, want 3: one for each event that died", len(got))
	}
}
