package eventbridge_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pai-notify/shared/eventbridge"
	"pai-notify/shared/rule"
	"pai-notify/shared/rule/ruletest"
)

// What a crash can leave behind: for each call of a change, the change broken off before and after that call.
func TestRepeatingAPutHealsACrashAtEveryStep(t *testing.T) {
	t.Parallel()
	off := func(r rule.Rule) rule.Rule { r.Enabled = false; return r }
	changes := map[string][2]rule.Rule{
		"swap all":   {ruletest.Draft("r1", dingtalks("old", 5)...), ruletest.Draft("r1", dingtalks("new", 5)...)},
		"create":     {{}, ruletest.Draft("r1", dingtalks("new", 5)...)},
		"create 12":  {{}, ruletest.Draft("r1", dingtalks("new", 12)...)},
		"more":       {ruletest.Draft("r1", dingtalks("t", 1)...), ruletest.Draft("r1", dingtalks("t", 12)...)},
		"fewer":      {ruletest.Draft("r1", dingtalks("t", 12)...), ruletest.Draft("r1", append(dingtalks("t", 1), ruletest.Lark("l"))...)},
		"disable":    {ruletest.Draft("r1", dingtalks("t", 3)...), off(ruletest.Draft("r1", dingtalks("n", 2)...))},
		"enable":     {off(ruletest.Draft("r1", dingtalks("t", 3)...)), ruletest.Draft("r1", dingtalks("n", 12)...)},
		"other kind": {ruletest.Draft("r1", dingtalks("t", 3)...), widened(ruletest.Draft("r1", dingtalks("t", 2)...))},
	}
	for name, change := range changes {
		for _, when := range []trouble{before, after} {
			t.Run(fmt.Sprintf("%s, broken off %s a call", name, map[trouble]string{before: "before", after: "after"}[when]), func(t *testing.T) {
				t.Parallel()
				for step := 0; crashAndHeal(t, change[0], change[1], step, when); step++ {
					if step > 30 {
						t.Fatal("the change never ends")
					}
				}
			})
		}
	}
}

func widened(r rule.Rule) rule.Rule {
	r.Event.Options = []string{"dlc.job.failed", "dlc.job.running"}
	return r
}

// crashAndHeal breaks a change off at one call and repeats it; false means that the change has no such call.
func crashAndHeal(t *testing.T, old, next rule.Rule, step int, when trouble) bool {
	t.Helper()
	var broke atomic.Bool
	f := newFake(t, bus)
	c := config(t, f)
	c.Limits.Units = 100
	s := eventbridge.New(c)
	if old.Name != "" {
		mustPut(t, s, old)
	}
	f.misbehave(func(n int, action string, _ http.ResponseWriter) trouble {
		if n == step {
			broke.Store(true)
			return when
		}
		if broke.Load() {
			return before // dead is dead
		}
		checkNobodyIsToldWrongly(t, f, old, next, fmt.Sprintf("before call %d, %s", n, action))
		return none
	})
	_, err := s.Put(context.Background(), workspace, next, "")
	if broke.Load() && err == nil {
		t.Errorf("step %d: Put said nothing of a call that broke off", step)
	}
	f.forget()
	f.mu.Lock()
	checkNobodyIsToldWrongly(t, f, old, next, fmt.Sprintf("after a crash at step %d", step))
	f.mu.Unlock()
	got := mustPut(t, s, next)
	if diff := cmp.Diff(names(next.Targets), names(got.Targets)); diff != "" || len(got.Drift) > 0 || got.Enabled != next.Enabled {
		t.Errorf("step %d: after repeating: enabled %v, drift %v, targets (-want +got):\n%s", step, got.Enabled, got.Drift, diff)
	}
	if n := len(f.rule(bus, next.Name).targets); n != next.Units() {
		t.Errorf("step %d: %d targets left in EventBridge, want %d", step, n, next.Units())
	}
	return broke.Load()
}

// checkNobodyIsToldWrongly holds at every moment of a change: while the rule is on, each unit that both versions have is
// there, and each unit that is there fits the pattern's version, but for new units under the old pattern.
func checkNobodyIsToldWrongly(t *testing.T, f *fake, old, next rule.Rule, moment string) {
	t.Helper()
	r := f.buses[bus][next.Name]
	if r == nil || r.status != "ENABLE" {
		return
	}
	if old.Enabled && !next.Enabled && len(r.targets) > 0 && envelopeOf(t, r.targets[0]).Target.ID[0] != 't' {
		t.Errorf("%s: new units under a rule that is to be disabled", moment)
	}
	there := map[string]bool{}
	for _, target := range r.targets {
		there[envelopeOf(t, target).Target.ID] = true
	}
	for _, target := range next.Targets {
		if slices.Contains(names(old.Targets), target.ID) && !there[target.ID] {
			t.Errorf("%s: %s, which stays, is not there", moment, target.ID)
		}
	}
	c, err := loaded()
	if err != nil {
		t.Fatal(err)
	}
	want, err := c.Pattern(next.Event)
	if err != nil {
		t.Fatal(err)
	}
	if was, _ := c.Pattern(old.Event); r.pattern == want && was != want {
		for id := range there {
			if !slices.Contains(names(next.Targets), id) {
				t.Errorf("%s: %s, which goes, is under the new pattern", moment, id)
			}
		}
	}
}

func names(targets []rule.Target) []string {
	var list []string
	for _, t := range targets {
		list = append(list, t.ID)
	}
	return list
}
