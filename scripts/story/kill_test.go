package story

import (
	"fmt"
	"net/http"
	"testing"
	"time"
)

func TestADeliveryKilledInMidSendArrivesAndTheLedgerTellsTheTruth(t *testing.T) {
	t.Parallel()
	c := start(t, 60)
	c.setUp("nlp_train")
	c.api(http.MethodPost, "/workspaces/nlp_train/rules", rule("ops-room", c.target("w", "wecom", "ops"))).must(t, http.StatusCreated)
	c.fault(map[string]any{"receiver": "wecom", "path": "key=ops", "delayMs": 30_000, "times": 1})
	c.publish(failed(t, 1))
	until(t, 20*time.Second, func() string {
		if len(c.messages("wecom")) == 0 {
			return "the send has not begun"
		}
		return ""
	})
	pids := c.pids("deliver-wecom")
	if len(pids) == 0 {
		t.Fatal("no process of deliver-wecom is running")
	}
	for _, pid := range pids {
		if !c.kill(pid) {
			t.Fatalf("process %d is gone", pid)
		}
	}
	until(t, 60*time.Second, func() string {
		if len(c.accepted("wecom", "")) == 0 {
			return fmt.Sprintf("nothing accepted; ledger %+v", c.ledger())
		}
		if got := c.ledger(); len(got) != 1 || got[0].State != "delivered" {
			return fmt.Sprintf("ledger %+v", got)
		}
		return ""
	})
	// The killed send was still without its answer, so the robot has taken the message once.
	if got := len(c.accepted("wecom", "")); got != 1 {
		t.Errorf("the robot took the message %d times, want once", got)
	}
}

func TestARuleWhosePutWasKilledHalfWayIsHealedByRepeatingIt(t *testing.T) {
	t.Parallel()
	c := start(t, 1)
	c.setUp("nlp_train")
	five := func(prefix string) (targets []map[string]any) {
		for i := range 5 {
			targets = append(targets, c.target(fmt.Sprintf("%s%d", prefix, i), "wecom", fmt.Sprintf("%s%d", prefix, i)))
		}
		return targets
	}
	path := "/workspaces/nlp_train/rules/full"
	c.api(http.MethodPost, "/workspaces/nlp_train/rules", rule("full", five("old")...)).must(t, http.StatusCreated)
	for _, action := range []string{"PutTargets", "UpdateRule", "ListTargets"} {
		t.Run(action, func(t *testing.T) {
			c.cloudFault(map[string]any{"action": action, "delayMs": 20_000})
			done := make(chan answer, 1)
			go func() {
				a, err := tryAsk(http.MethodPut, c.API+"/api/v1"+path, rule("full", five("new")...), "Authorization", "Bearer "+c.Key)
				if err != nil {
					a.Text = err.Error()
				}
				done <- a
			}()
			until(t, 20*time.Second, func() string {
				if c.faultsLeft() > 0 {
					return "the call to EventBridge has not begun"
				}
				return ""
			})
			if c.killAll("rules") == 0 {
				t.Fatal("no process of rules is running")
			}
			if a := <-done; a.Status < 500 {
				t.Errorf("the killed PUT answered %d: %s", a.Status, a.Text)
			}
			c.api(http.MethodPut, path, rule("full", five("new")...)).must(t, http.StatusOK)
			var got struct {
				Units   int
				Drift   []string
				Targets []struct{ ID string }
			}
			c.api(http.MethodGet, path, nil).must(t, http.StatusOK).into(t, &got)
			if len(got.Targets) != 5 || got.Units != 5 || len(got.Drift) != 0 || got.Targets[0].ID != "new0" {
				t.Errorf("after the repeated PUT the rule is %+v", got)
			}
			c.api(http.MethodPut, path, rule("full", five("old")...)).must(t, http.StatusOK)
		})
	}
	c.api(http.MethodPut, path, rule("full", five("new")...)).must(t, http.StatusOK)
	c.publish(failed(t, 1))
	until(t, 20*time.Second, func() string {
		if got := len(c.accepted("wecom", "key=new")); got != 5 {
			return fmt.Sprintf("%d of the 5 swapped targets were told", got)
		}
		return ""
	})
	if got := c.accepted("wecom", "key=old"); len(got) != 0 {
		t.Errorf("old targets were told: %+v", got)
	}
}
