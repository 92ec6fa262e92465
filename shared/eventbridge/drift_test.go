package eventbridge_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"pai-notify/shared/eventbridge"
	"pai-notify/shared/fault"
	"pai-notify/shared/rule"
	"pai-notify/shared/rule/ruletest"
)

func TestDriftTellsWhatWasChangedOutside(t *testing.T) {
	t.Parallel()
	meddle := map[string]struct {
		with func(r *fakeRule)
		want string
	}{
		"pattern":          {func(r *fakeRule) { r.pattern = `{"source":["acs.other"]}` }, "event pattern is not"},
		"endpoint":         {func(r *fakeRule) { r.targets[0]["Endpoint"] = "acs:fc:elsewhere" }, `Endpoint is "acs:fc:elsewhere"`},
		"retry":            {func(r *fakeRule) { r.targets[0]["PushRetryStrategy"] = "BACKOFF_RETRY" }, `PushRetryStrategy is "BACKOFF_RETRY"`},
		"dead letters":     {func(r *fakeRule) { r.targets[0]["DeadLetterQueue"] = map[string]any{"Arn": "acs:x"} }, `DeadLetterQueue is "acs:x"`},
		"no dead letters":  {func(r *fakeRule) { r.targets[0]["DeadLetterQueue"] = nil }, `it has no DeadLetterQueue`},
		"a target deleted": {func(r *fakeRule) { r.targets = r.targets[:1] }, "only 1 of the 2 units"},
		"a target added": {func(r *fakeRule) {
			r.targets = append(r.targets, map[string]any{"Id": "theirs", "Type": "acs.mns.queue"})
		}, `target "theirs" was not made by pai-notify`},
		"a template": {func(r *fakeRule) { edit(r, 1, `"n":1`, `"n":1`, `,"event":{`, `,"more":1,"event":{`) }, "body is not the one of this version"},
		"a choice":   {func(r *fakeRule) { edit(r, 1, "dlc.job.failed", "dlc.job.running") }, "another event choice"},
		"a revision": {func(r *fakeRule) { edit(r, 1, `"revision":1`, `"revision":2`) }, "left of revision 1"},
		"an option that is gone": {func(r *fakeRule) {
			edit(r, 0, "dlc.job.failed", "dlc.no.such")
			edit(r, 1, "dlc.job.failed", "dlc.no.such")
		}, "the catalogue makes no pattern"},
		"unset members": {func(r *fakeRule) { r.targets[0]["PushRetryStrategy"], r.targets[0]["ErrorsTolerance"] = "", nil }, ""},
		"a pattern spelt otherwise": {func(r *fakeRule) {
			var v any
			_ = json.Unmarshal([]byte(r.pattern), &v)
			text, _ := json.MarshalIndent(v, "", "  ")
			r.pattern = string(text)
		}, ""},
	}
	for name, m := range meddle {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, f := setup(t)
			mustPut(t, s, ruletest.Draft("r1", dingtalks("t", 2)...))
			m.with(f.rule(bus, "r1"))
			got, err := s.Get(context.Background(), workspace, "r1")
			if err != nil {
				t.Fatal(err)
			}
			text := strings.Join(got.Drift, "\n")
			if m.want == "" && text != "" || !strings.Contains(text, m.want) {
				t.Errorf("drift %q, want %q in it", text, m.want)
			}
			if name == "an option that is gone" {
				return // only an edit of its event heals it
			}
			healed := mustPut(t, s, ruletest.Draft("r1", dingtalks("t", 2)...))
			if text := strings.Join(healed.Drift, "\n"); text != "" && name != "a target added" {
				t.Errorf("drift after saving again: %s", text)
			}
		})
	}
}

// edit replaces texts in the template of a target.
func edit(r *fakeRule, slot int, replace ...string) {
	for _, p := range r.targets[slot]["ParamList"].([]any) {
		if p := p.(map[string]any); p["ResourceKey"] == "Body" {
			p["Template"] = strings.NewReplacer(replace...).Replace(p["Template"].(string))
		}
	}
}

func TestSecretsOfAnotherKeyAreToldAndCanBeGivenAnew(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	f := newFake(t, bus)
	c := config(t, f)
	mustPut(t, eventbridge.New(c), ruletest.Draft("r1", ruletest.DingTalk("ops")))
	c.Keys = keyset(t, "k2")
	s := eventbridge.New(c)
	got, err := s.Get(ctx, workspace, "r1")
	if err != nil || len(got.Drift) != 1 || !strings.Contains(got.Drift[0], `sealed by key "k1"`) {
		t.Errorf("Get: drift %q, %v", got.Drift, err)
	}
	_, err = s.Open(ctx, workspace, "r1", "ops")
	wantCode(t, "Open", err, rule.CodeSealed, "k1")
	_, err = s.Put(ctx, workspace, ruletest.Draft("r1", rule.Target{ID: "ops", Channel: "dingtalk"}), "")
	wantCode(t, "Put that keeps them", err, rule.CodeSealed, "k1")
	if list, err := s.Recompile(ctx, workspace); err != nil || len(list) != 1 || list[0].Err == nil {
		t.Errorf("Recompile = %v, %v; want the rule's error", list, err)
	}
	if got := mustPut(t, s, ruletest.Draft("r1", ruletest.DingTalk("ops"))); len(got.Drift) > 0 {
		t.Errorf("after giving them anew: drift %v", got.Drift)
	}
}

func TestARuleThatCannotBeWrittenIsDisabledButNotEnabled(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	f := newFake(t, bus)
	c := config(t, f)
	mustPut(t, eventbridge.New(c), ruletest.Draft("r1", ruletest.DingTalk("ops")))
	c.Keys = keyset(t, "k2")
	s := eventbridge.New(c)
	before, err := s.Get(ctx, workspace, "r1")
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.SetEnabled(ctx, workspace, "r1", false, "0123456789abcdef")
	wantCode(t, "disable another version", err, rule.CodeChanged)
	f.forget()
	off, err := s.SetEnabled(ctx, workspace, "r1", false, before.ETag)
	if err != nil || off.Enabled || off.ETag == before.ETag || f.rule(bus, "r1").status != "DISABLE" {
		t.Fatalf("disable a rule whose secrets do not open = %+v, %v", off, err)
	}
	if got, want := f.actions()[2], "DisableRule"; got != want {
		t.Errorf("disabling calls %v, want one write, %s", f.actions(), want)
	}
	_, err = s.SetEnabled(ctx, workspace, "r1", true, "")
	wantCode(t, "enable it", err, rule.CodeSealed, "k1")

	c.Keys = keyset(t, "k1")
	edit(f.rule(bus, "r1"), 0, "dlc.job.failed", "dlc.no.such")
	s = eventbridge.New(c)
	_, err = s.SetEnabled(ctx, workspace, "r1", true, "")
	var faults smithy.InvalidParamsError
	if !errors.As(err, &faults) || len(fault.List(faults)) != 1 || fault.List(faults)[0].Path != "event.options[0]" {
		t.Errorf("enable a rule whose option is gone: %v, want the fault of the option", err)
	}
	if f.rule(bus, "r1").status != "DISABLE" {
		t.Error("a rule with a fault was enabled")
	}

	edit(f.rule(bus, "r1"), 0, "dlc.no.such", "dlc.job.failed")
	f.rule(bus, "r1").pattern = `{"source":["old"]}`
	on, err := s.SetEnabled(ctx, workspace, "r1", true, "")
	if err != nil || !on.Enabled || len(on.Drift) > 0 {
		t.Errorf("enable a rule that drifted = %+v, %v; want it written anew", on, err)
	}
	f.forget()
	if again, err := s.SetEnabled(ctx, workspace, "r1", true, ""); err != nil || again.ETag != on.ETag || len(f.actions()) != 2 {
		t.Errorf("enable an enabled rule: %v, calls %v; want none that writes", err, f.actions())
	}
	_, err = s.SetEnabled(ctx, workspace, "absent", false, "")
	wantCode(t, "disable a rule that does not exist", err, rule.CodeNotFound)
	f.buses[bus]["theirs"] = &fakeRule{pattern: "{}", status: "ENABLE", targets: []map[string]any{{"Id": "1", "Type": "http"}}}
	_, err = s.SetEnabled(ctx, workspace, "theirs", false, "")
	wantCode(t, "disable a foreign rule", err, rule.CodeForeign)
}

func TestRecompileBringsRulesToANewCatalogueFunctionAndKey(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	f := newFake(t, bus)
	c := config(t, f)
	s := eventbridge.New(c)
	disabled := ruletest.Draft("b1", ruletest.Lark("dev"))
	disabled.Enabled = false
	mustPut(t, s, ruletest.Draft("a1", ruletest.DingTalk("ops"), ruletest.Lark("dev")))
	mustPut(t, s, disabled)
	f.buses[bus]["theirs"] = &fakeRule{pattern: "{}", status: "ENABLE", targets: []map[string]any{{"Id": "1", "Type": "http"}}}
	f.rule(bus, "a1").pattern = `{"source":["old"]}`
	c.Keys = keyset(t, "k2", "k1")
	c.FunctionARN = func(channel string) string { return arn(channel) + "/live" }
	s = eventbridge.New(c)
	list, err := s.Recompile(ctx, workspace)
	if diff := cmp.Diff([]eventbridge.Recompiled{{Name: "a1"}, {Name: "b1"}}, list); diff != "" || err != nil {
		t.Fatalf("Recompile: %v (-want +got):\n%s", err, diff)
	}
	c.Keys = keyset(t, "k2") // the old key is not needed any more
	s = eventbridge.New(c)
	saved, err := s.List(ctx, workspace)
	if err != nil || len(saved) != 3 {
		t.Fatalf("List = %d, %v", len(saved), err)
	}
	for _, r := range saved {
		if len(r.Drift) > 0 || r.Enabled != (r.Name != "b1") {
			t.Errorf("rule %s: enabled %v, drift %v", r.Name, r.Enabled, r.Drift)
		}
	}
	opened, err := s.Open(ctx, workspace, "a1", "ops")
	if err != nil || opened.Settings["secret"] != ruletest.PlantedSecret {
		t.Errorf("Open after recompiling: %v", err)
	}
	if f.rule(bus, "theirs").pattern != "{}" {
		t.Error("a foreign rule was rewritten")
	}
}
