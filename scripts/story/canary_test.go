package story

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestTheCanaryIsRedAndSaysWhichPieceIsWrong(t *testing.T) {
	t.Parallel()
	c := start(t, 30)
	c.setUp("nlp_train") // green first
	path := "/setup?workspace=nlp_train"
	canary := func() step {
		s := c.steps(c.api(http.MethodGet, path, nil))
		return s["canary"]
	}
	if got := canary(); got.State != "done" {
		t.Fatalf("canary = %+v, want done", got)
	}
	observe := c.observeRule()
	for name, broken := range map[string]struct {
		spoil, mend func()
		says        string
	}{
		"disabled rule": {func() { c.rpc("DisableRule", "EventBusName", "pai-system-nlp_train", "RuleName", observe) },
			func() { c.rpc("EnableRule", "EventBusName", "pai-system-nlp_train", "RuleName", observe) }, "disabled"},
	} {
		t.Run(name, func(t *testing.T) {
			broken.spoil()
			began := time.Now()
			c.api(http.MethodPost, path, map[string]any{"workspace": "nlp_train", "canary": true}).must(t, http.StatusOK)
			var got step
			until(t, 60*time.Second, func() string {
				if got = canary(); got.State == "failed" {
					return ""
				}
				return "canary is " + got.State
			})
			if !strings.Contains(strings.ToLower(got.Text+got.Advice), broken.says) {
				t.Errorf("canary = %+v, want it to say %q", got, broken.says)
			}
			t.Logf("red after %s: %s %s", time.Since(began).Round(time.Millisecond), got.Text, got.Advice)
			broken.mend()
		})
	}
}
