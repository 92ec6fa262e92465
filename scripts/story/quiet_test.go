package story

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"
)

// progress is a rule on what DLC jobs do, the end of them included.
func progress(name string, target map[string]any, when map[string]any) map[string]any {
	target["when"] = when
	r := rule(name, target)
	r["event"] = map[string]any{
		"source": "dlc", "options": []string{"dlc.job.queued", "dlc.job.envPreparing", "dlc.job.running", "dlc.job.failed"},
		"scope": map[string]any{"kind": "allInWorkspace"},
	}
	return r
}

// does is an event of a job, which happened now.
func (c *cloud) does(sample, job string) json.RawMessage {
	c.t.Helper()
	at := c.clock().Now().UTC()
	return event(c.t, sample, map[string]any{"id": fmt.Sprintf("%s-%s-%d", sample, job, at.UnixNano()), "time": at.Format(time.RFC3339)},
		map[string]any{"displayName": job, "jobId": job})
}

// total is how many events some messages tell.
func total(list []message) (n int) {
	for _, m := range list {
		n += eventsIn(m)
	}
	return n
}

func TestQuietHoursHoldAllButFailuresAndEndWithOneMessage(t *testing.T) {
	t.Parallel()
	c := start(t, 60)
	c.setUp("nlp_train")
	const zone = "America/New_York" // neither the deployment's nor the machine's
	here, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	now := c.clock().Now().In(here)
	clock := func(d time.Duration) string { return now.Add(d).Format("15:04") }
	quiet := map[string]any{"pass": "failing", "quiet": []any{map[string]any{"from": clock(-time.Hour), "to": clock(10 * time.Hour), "zone": zone}}}
	r := progress("night", c.target("l", "lark", "quiet"), quiet)
	var preview struct {
		Messages []struct {
			Timing struct {
				Quiet     bool
				HeldUntil time.Time
			}
		}
		Pattern string
		Rules   int
	}
	c.api(http.MethodPost, "/workspaces/nlp_train/rules:preview?event=dlc-running", r).must(t, http.StatusOK).into(t, &preview)
	end := now.Truncate(time.Minute).Add(10 * time.Hour)
	if len(preview.Messages) != 1 || !preview.Messages[0].Timing.Quiet || !preview.Messages[0].Timing.HeldUntil.Equal(end) || preview.Rules != 1 {
		t.Errorf("the preview says %+v, want quiet hours until %v, and our own rule on the bus", preview, end)
	}
	c.api(http.MethodPost, "/workspaces/nlp_train/rules", r).must(t, http.StatusCreated)
	const held = 7
	for n := range held {
		c.publish(c.does("dlc-running", fmt.Sprintf("job-%d", n)))
	}
	c.publish(c.does("dlc-failed-oom", "job-x"))
	c.count("state=waiting", held)
	c.count("state=delivered", 1)
	if list := c.accepted("lark", "quiet"); len(list) != 1 || total(list) != 1 {
		t.Fatalf("in quiet hours %d messages came, want the failure's", len(list))
	}
	c.later(11 * time.Hour) // the inbox forgets
	c.count("state=delivered", held+1)
	list := c.accepted("lark", "quiet")
	if len(list) != 1 || total(list) != held {
		t.Errorf("after quiet hours %d messages tell %d events, want one of %d", len(list), total(list), held)
	}
	var seen struct{ Items []struct{ ID string } }
	c.api(http.MethodGet, "/workspaces/nlp_train/events?type=paidlc:Job:Running", nil).must(t, http.StatusOK).into(t, &seen)
	if len(seen.Items) != held {
		t.Errorf("%d recent events are listed, want %d", len(seen.Items), held)
	}
}

func TestWhatIsMutedIsToldWhenItIsUnmutedOrTheTimeHasCome(t *testing.T) {
	t.Parallel()
	c := start(t, 60)
	c.setUp("nlp_train")
	rules := "/workspaces/nlp_train/rules"
	c.api(http.MethodPost, rules, rule("muted", c.target("d", "dingtalk", "mute"), c.target("l", "lark", "loud"))).must(t, http.StatusCreated)
	until := c.clock().Now().Add(30 * time.Hour)
	c.api(http.MethodPost, rules+"/muted:mute", map[string]any{"until": until, "target": "d"}).must(t, http.StatusOK)
	c.later(time.Minute) // instances work with mutes for up to five seconds
	const held = 5
	for n := range held {
		c.publish(failed(t, n))
	}
	c.count("state=waiting&channel=dingtalk", held)
	c.count("state=delivered&channel=lark", held)
	if n := len(c.messages("dingtalk")); n != 0 {
		t.Fatalf("%d messages came to a target that is muted", n)
	}
	c.later(31 * time.Hour)
	c.count("state=delivered&channel=dingtalk", held)
	if list := c.accepted("dingtalk", "mute"); len(list) != 1 || total(list) != held {
		t.Errorf("at the end of the mute %d messages tell %d events, want one of %d", len(list), total(list), held)
	}

	c.api(http.MethodPost, rules+"/muted:mute", map[string]any{"until": c.clock().Now().Add(time.Hour * 100)}).must(t, http.StatusOK)
	c.later(time.Minute)
	for n := range held {
		c.publish(failed(t, held+n))
	}
	c.count("state=waiting", 2*held)
	c.api(http.MethodPost, rules+"/muted:unmute", map[string]any{}).must(t, http.StatusOK)
	c.later(time.Minute)
	c.count("state=delivered", 4*held)
	for receiver, path := range map[string]string{"dingtalk": "mute", "lark": "loud"} {
		if list := c.accepted(receiver, path); len(list) != 1 || total(list) != held {
			t.Errorf("after it is unmuted %d messages tell %s %d events, want one of %d", len(list), receiver, total(list), held)
		}
	}
}

func TestAJobIsToldOfOncePerGapThenAsASummaryAndItsFailureAtOnce(t *testing.T) {
	t.Parallel()
	c := start(t, 60)
	c.setUp("nlp_train")
	r := progress("steps", c.target("l", "lark", "gap"), map[string]any{"gapMinutes": 600})
	c.api(http.MethodPost, "/workspaces/nlp_train/rules", r).must(t, http.StatusCreated)
	c.publish(c.does("dlc-queuing", "job-1"))
	c.count("state=delivered", 1)
	c.publish(c.does("dlc-envpreparing", "job-1"))
	c.publish(c.does("dlc-running", "job-1"))
	c.count("state=waiting", 2)
	c.publish(c.does("dlc-queuing", "job-2"))
	c.publish(c.does("dlc-failed-oom", "job-1"))
	c.count("state=delivered", 3)
	if list := c.accepted("lark", "gap"); total(list) != 3 {
		t.Errorf("%d events are told within the gap, want the first, another job's and the failure", total(list))
	}
	c.later(601 * time.Minute)
	c.count("state=delivered", 5)
	if list := c.accepted("lark", "gap"); len(list) != 1 || total(list) != 2 {
		t.Errorf("after the gap %d messages tell %d events, want one of 2", len(list), total(list))
	}
}
