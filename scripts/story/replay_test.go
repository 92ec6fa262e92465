package story

import (
	"fmt"
	"net/http"
	"testing"
	"time"
)

func TestWhatDiedIsReplayedByOneCallAndAFloodIsCancelled(t *testing.T) {
	t.Parallel()
	prove(t, func(p *proof) {
		events := size(60, 500)
		c := p.start(60)
		c.setUp("nlp_train")
		c.api(http.MethodPost, "/workspaces/nlp_train/rules", rule("ops-room", c.target("d", "dingtalk", "unknown"))).must(p.T, http.StatusCreated)
		for n := range events {
			c.publish(failed(p.T, n))
		}
		c.await(p, "dead", events)
		c.api(http.MethodPut, "/workspaces/nlp_train/rules/ops-room", rule("ops-room", c.target("d", "dingtalk", "ops"))).must(p.T, http.StatusOK)

		choice := map[string]any{"workspace": "nlp_train", "rule": "ops-room", "states": []string{"dead"}}
		replay := func() (j job) {
			c.api(http.MethodPost, "/deliveries:replay", choice, "Idempotency-Key", "fixed").must(p.T, http.StatusOK).into(p.T, &j)
			return j
		}
		began, steps, shown := time.Now(), 0, job{}
		until(p.T, 2*time.Minute, func() string {
			if j := replay(); j.Done != shown.Done || j.State != shown.State {
				shown, steps = j, steps+1
			}
			if shown.State != "done" {
				return fmt.Sprintf("the job is at %+v", shown)
			}
			return ""
		})
		p.figure("replayed in one job, of the machine's time", time.Since(began))
		p.figure("progress seen in steps", steps)
		p.want("refused", shown.Refused, 0)
		p.want("looked at", shown.Done, events)
		c.await(p, "delivered", events)
		told := func() (n int) {
			for _, m := range c.accepted("dingtalk", "access_token=ops") {
				n += eventsIn(m)
			}
			return n
		}
		p.want("events told", told(), events)
		if again := replay(); again.ID != shown.ID || again.State != "done" {
			p.Errorf("the same key began another job: %+v after %+v", again, shown)
		}
		c.publish(failed(p.T, events)) // what comes after would be told behind anything that was sent again
		c.await(p, "delivered", events+1)
		p.want("events told after the same key again and one more event", told(), events+1)

		c.pause(true)
		c.later(time.Minute) // instances work with settings for up to five seconds; the inbox forgets
		for n := range events {
			c.publish(failed(p.T, events+1+n))
		}
		c.await(p, "waiting", events)
		var cancelled job
		flood := map[string]any{"workspace": "nlp_train", "rule": "ops-room", "states": []string{"waiting"}}
		until(p.T, 2*time.Minute, func() string {
			c.api(http.MethodPost, "/deliveries:cancel", flood, "Idempotency-Key", "flood").must(p.T, http.StatusOK).into(p.T, &cancelled)
			if cancelled.State != "done" {
				return fmt.Sprintf("the job is at %+v", cancelled)
			}
			return ""
		})
		p.want("cancelled of a flood", cancelled.Done-cancelled.Refused, events)
		c.pause(false)
		c.later(time.Minute)
		c.publish(failed(p.T, 3*events))
		c.await(p, "delivered", events+2)
		p.want("messages after the flood was cancelled: of the one later event", len(c.messages("dingtalk")), 1)
	})
}

// await waits until so many deliveries are in a state.
func (c *cloud) await(p *proof, state string, want int) {
	p.Helper()
	until(p.T, 5*time.Minute, func() string {
		states, err := c.states()
		if err != nil || states[state] != want {
			return fmt.Sprintf("deliveries are %v, %v, want %d %s", states, err, want, state)
		}
		return ""
	})
}
