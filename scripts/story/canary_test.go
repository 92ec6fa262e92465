package story

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestTheCanaryIsRedAndSaysWhichPieceIsWrong(t *testing.T) {
	t.Parallel()
	const path, bus, observe = "/setup?workspace=nlp_train", "pai-system-nlp_train", "pai-notify-observe"
	const sendToFC = "AliyunServiceRoleForEventBridgeSendToFC"
	c := start(t, 30)
	c.setUp("nlp_train") // it is green first
	target := c.rpc("2020-04-01", "ListTargets", "EventBusName", bus, "RuleName", observe)
	if !strings.Contains(target, "pai-notify-observe") {
		t.Fatalf("the target of %s is %s", observe, target)
	}
	wrong := `[{"Id":"1","Type":"acs.fc.function","Endpoint":"acs:fc:cn-hangzhou:1234567890123456:functions/pai-notify-nobody",` +
		`"PushRetryStrategy":"EXPONENTIAL_DECAY_RETRY","ParamList":[{"ResourceKey":"Body","Form":"ORIGINAL"},` +
		`{"ResourceKey":"InvocationType","Form":"CONSTANT","Value":"Sync"}]}]`
	for _, broken := range []struct {
		name  string
		spoil func()
		step  string // where set-up sees the cause
		says  string
	}{
		{"disabled rule", func() { c.rpc("2020-04-01", "DisableRule", "EventBusName", bus, "RuleName", observe) }, "targets", "disabled"},
		{"wrong function ARN", func() {
			c.rpc("2020-04-01", "PutTargets", "EventBusName", bus, "RuleName", observe, "Targets", wrong)
		}, "targets", "pai-notify-nobody"},
		{"missing role", func() { c.rpc("2020-03-31", "DeleteServiceLinkedRole", "RoleName", sendToFC) }, "roles", sendToFC},
	} {
		t.Run(broken.name, func(t *testing.T) {
			broken.spoil()
			began := time.Now()
			c.api(http.MethodPost, path, map[string]any{"workspace": "nlp_train", "steps": []string{"canary"}}).must(t, http.StatusOK)
			var got step
			until(t, 60*time.Second, func() string {
				steps := c.steps(c.api(http.MethodGet, path, nil))
				if got = steps["canary"]; got.State != "failed" {
					return "the canary is " + got.State + ": " + got.Text
				}
				return ""
			})
			if !strings.Contains(got.Text, broken.says) || got.Advice == "" {
				t.Errorf("canary says %q and advises %q, want it to name %q", got.Text, got.Advice, broken.says)
			}
			t.Logf("red after %s of the machine's time: %s — %s", time.Since(began).Round(time.Millisecond), got.Text, got.Advice)
			c.setUp("nlp_train") // repeating the set-up mends it, and the canary is green again
		})
	}
}

func TestSetUpDoneTwiceChangesNothing(t *testing.T) {
	t.Parallel()
	c := start(t, 20)
	c.setUp("nlp_train")
	before := c.counts()
	steps := c.steps(c.api(http.MethodPost, "/setup?workspace=nlp_train", map[string]any{"workspace": "nlp_train", "activate": true}))
	for id, s := range steps {
		if s.State != "done" && s.State != "unused" {
			t.Errorf("%s is %s: %s", id, s.State, s.Text)
		}
	}
	if after := c.counts(); after.Published != before.Published {
		t.Errorf("events published before and after: %d, %d; want no other canary", before.Published, after.Published)
	}
}

func TestWhatIsNotActivatedIsExplained(t *testing.T) {
	t.Parallel()
	c := start(t, 20)
	steps := c.steps(c.api(http.MethodPost, "/setup?workspace=nlp_train", map[string]any{"workspace": "nlp_train"}))
	if s := steps["activation"]; s.State != "needed" && s.State != "blocked" || !strings.Contains(s.Advice, "activate") {
		t.Errorf("activation = %+v, want it to ask for activate: true", s)
	}
	a := c.api(http.MethodPost, "/workspaces/nlp_train/rules", rule("early", c.target("w", "wecom", "k")))
	var problem struct{ Code, Advice string }
	a.into(t, &problem)
	if a.Status < 400 || problem.Code != "NotActivated" || !strings.Contains(problem.Advice, "setup") {
		t.Errorf("a rule before the activation answers %d %s", a.Status, a.Text)
	}
}
