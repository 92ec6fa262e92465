package eventbridge_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pai-notify/shared/catalog"
	"pai-notify/shared/channel"
	"pai-notify/shared/channel/all"
	"pai-notify/shared/eventbridge"
	"pai-notify/shared/rule"
	"pai-notify/shared/rule/ruletest"
	"pai-notify/shared/seal"
)

const (
	workspace  = "nlp_train"
	bus        = "pai-system-nlp_train"
	deadLetter = "acs:mns:cn-hangzhou:1234567890123456:/queues/dead"
)

func keyset(tb testing.TB, ids ...string) *seal.Keyset {
	tb.Helper()
	for i, id := range ids {
		ids[i] = id + ":" + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte(id), 32)[:32])
	}
	keys, err := seal.ParseKeys(strings.Join(ids, ","))
	if err != nil {
		tb.Fatal(err)
	}
	return keys
}

func arn(channel string) string {
	return "acs:fc:cn-hangzhou:1234567890123456:functions/deliver-" + channel
}

// loaded is the catalogue, which never changes; making it takes longer than most tests here.
var loaded = sync.OnceValues(catalog.Load)

func config(t *testing.T, f *fake) eventbridge.Config {
	t.Helper()
	c, err := loaded()
	if err != nil {
		t.Fatal(err)
	}
	return eventbridge.Config{
		Region: "cn-hangzhou", Account: "1234567890123456", Endpoint: f.URL,
		Credentials: func(context.Context) (eventbridge.Credentials, error) {
			return eventbridge.Credentials{AccessKeyID: accessKey, AccessKeySecret: secretKey, SecurityToken: stsToken}, nil
		},
		FunctionARN: arn, DeadLetterARN: deadLetter, Catalog: c, Specs: all.Specs(channel.Deps{}), Keys: keyset(t, "k1"),
	}
}

func setup(t *testing.T) (*eventbridge.Store, *fake) {
	t.Helper()
	f := newFake(t, bus)
	return eventbridge.New(config(t, f)), f
}

func mustPut(t *testing.T, s *eventbridge.Store, r rule.Rule) rule.Saved {
	t.Helper()
	saved, err := s.Put(context.Background(), workspace, r, "")
	if err != nil {
		t.Fatalf("Put: %v", err)
	}
	return saved
}

func dingtalks(prefix string, n int) []rule.Target {
	var list []rule.Target
	for i := range n {
		list = append(list, ruletest.DingTalk(fmt.Sprint(prefix, i)))
	}
	return list
}

func TestStoreKeepsTheContract(t *testing.T) {
	t.Parallel()
	for _, page := range []int{0, 2} {
		t.Run(fmt.Sprintf("pages of %d", page), func(t *testing.T) {
			t.Parallel()
			ruletest.Run(t, func(t *testing.T) ruletest.Setup {
				t.Helper()
				s, f := setup(t)
				f.page = page
				return ruletest.Setup{
					Store: s, Workspace: workspace, Missing: "elsewhere",
					Foreign: func(_ *testing.T, name string) {
						f.mu.Lock()
						defer f.mu.Unlock()
						f.buses[bus][name] = &fakeRule{pattern: "{}", status: "ENABLE", targets: []map[string]any{{"Id": "x", "Type": "acs.mns.queue"}}}
					},
					Open: func(t *testing.T, name, target string) rule.Target {
						t.Helper()
						opened, err := s.Open(context.Background(), workspace, name, target)
						if err != nil {
							t.Fatal(err)
						}
						return opened
					},
				}
			})
		})
	}
}

func TestEventBridgeIsAskedToInvokeSyncRetryADayAndKeepTheDead(t *testing.T) {
	t.Parallel()
	s, f := setup(t)
	mustPut(t, s, ruletest.Draft("nightly", ruletest.DingTalk("ops")))
	stored := f.rule(bus, "nightly")
	got := maps.Clone(stored.targets[0])
	params := map[string]string{}
	for _, p := range got["ParamList"].([]any) {
		p := p.(map[string]any)
		params[fmt.Sprint(p["ResourceKey"])] = fmt.Sprint(p["Form"], " ", p["Value"])
	}
	delete(got, "ParamList")
	want := map[string]any{
		"Id": "1", "Type": "acs.fc.function", "Endpoint": arn("dingtalk"), "PushRetryStrategy": "EXPONENTIAL_DECAY_RETRY",
		"ErrorsTolerance": "ALL", "DeadLetterQueue": map[string]any{"Arn": deadLetter},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("target (-want +got):\n%s", diff)
	}
	wantParams := map[string]string{
		"Body": "TEMPLATE " + rule.TemplateValue, "InvocationType": "CONSTANT Sync", "functionName": "CONSTANT deliver-dingtalk",
		"DataFormat": "CONSTANT Object",
	}
	if diff := cmp.Diff(wantParams, params); diff != "" {
		t.Errorf("parameters (-want +got):\n%s", diff)
	}
	if stored.status != "ENABLE" || stored.description != ruletest.Draft("x").Description {
		t.Errorf("status %q, description %q", stored.status, stored.description)
	}
}

func TestFunctionComputeTwoIsNamedByItsService(t *testing.T) {
	t.Parallel()
	f := newFake(t, bus)
	c := config(t, f)
	c.FunctionARN = func(channel string) string {
		return "acs:fc:cn-hangzhou:1234567890123456:services/pai.LATEST/functions/" + channel
	}
	mustPut(t, eventbridge.New(c), ruletest.Draft("nightly", ruletest.DingTalk("ops")))
	text := fmt.Sprint(f.rule(bus, "nightly").targets[0])
	for _, want := range []string{"ResourceKey:serviceName Value:pai]", "ResourceKey:Qualifier Value:LATEST]", "ResourceKey:functionName Value:dingtalk]"} {
		if !strings.Contains(text, want) {
			t.Errorf("target lacks %q: %s", want, text)
		}
	}
}

func TestPlantedSecretsAppearInNoRequest(t *testing.T) {
	t.Parallel()
	s, f := setup(t)
	mustPut(t, s, ruletest.Draft("nightly", ruletest.DingTalk("ops"), ruletest.Lark("dev")))
	mustPut(t, s, ruletest.Draft("nightly", rule.Target{ID: "ops", Channel: "dingtalk"}))
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, secret := range []string{ruletest.PlantedToken, ruletest.PlantedSecret, "5eadbeef-5ead", secretKey} {
		if strings.Contains(f.seen.String(), secret) {
			t.Errorf("requests hold %q", secret)
		}
	}
}

func TestAHundredTargetsAreWrittenInChunksWithShortRequestLines(t *testing.T) {
	t.Parallel()
	f := newFake(t, bus)
	c := config(t, f)
	c.Limits.Units = 100
	s := eventbridge.New(c)
	saved := mustPut(t, s, ruletest.Draft("huge", dingtalks("t", 100)...))
	if saved.Units != 100 || !saved.Enabled || len(saved.Drift) > 0 {
		t.Errorf("%d units, enabled %v, drift %v", saved.Units, saved.Enabled, saved.Drift)
	}
	mustPut(t, s, ruletest.Draft("huge", dingtalks("other", 100)...))
	mustPut(t, s, ruletest.Draft("huge", dingtalks("other", 1)...))
	if err := s.Delete(context.Background(), workspace, "huge", ""); err != nil {
		t.Errorf("Delete: %v", err)
	}
	for _, call := range f.calls {
		if call.line > 2<<10 {
			t.Errorf("%s: request line of %d bytes", call.action, call.line)
		}
		if body := len(call.p["Targets"]); body > 64<<10 {
			t.Errorf("%s: targets of %d bytes in one call", call.action, body)
		}
	}
}

func TestAUnitThatStaysKeepsItsSlot(t *testing.T) {
	t.Parallel()
	s, f := setup(t)
	mustPut(t, s, ruletest.Draft("r1", dingtalks("t", 5)...)) // t0 … t4 in slots 1 … 5
	mustPut(t, s, ruletest.Draft("r1", ruletest.DingTalk("t4"), ruletest.DingTalk("new"), ruletest.DingTalk("t1")))
	got := map[string]string{}
	for _, target := range f.rule(bus, "r1").targets {
		got[fmt.Sprint(target["Id"])] = envelopeOf(t, target).Target.ID
	}
	if diff := cmp.Diff(map[string]string{"1": "t4", "2": "t1", "3": "new"}, got); diff != "" {
		t.Errorf("slots (-want +got):\n%s", diff)
	}
}

func envelopeOf(t *testing.T, target map[string]any) rule.Envelope {
	t.Helper()
	for _, p := range target["ParamList"].([]any) {
		if p := p.(map[string]any); p["ResourceKey"] == "Body" {
			envelopes, err := rule.DecodeEnvelopes([]byte(p["Template"].(string)))
			if err != nil || len(envelopes) != 1 {
				t.Fatalf("template: %v", err)
			}
			return envelopes[0]
		}
	}
	t.Fatalf("no body in %v", target)
	return rule.Envelope{}
}

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

func TestARuleWithoutTargetsIsAdopted(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s, f := setup(t)
	f.buses[bus]["r1"] = &fakeRule{pattern: "{}", status: "ENABLE"}
	got, err := s.Get(ctx, workspace, "r1")
	if err != nil || !got.Foreign || len(got.Drift) != 1 {
		t.Errorf("Get: foreign %v, drift %v, %v", got.Foreign, got.Drift, err)
	}
	if saved := mustPut(t, s, ruletest.Draft("r1", ruletest.DingTalk("ops"))); saved.Foreign || len(saved.Drift) > 0 {
		t.Errorf("after Put: foreign %v, drift %v", saved.Foreign, saved.Drift)
	}
}

func TestARuleCopiedInTheConsoleIsForeign(t *testing.T) {
	t.Parallel()
	s, f := setup(t)
	mustPut(t, s, ruletest.Draft("r1", ruletest.DingTalk("ops")))
	f.buses[bus]["copy"] = f.rule(bus, "r1")
	got, err := s.Get(context.Background(), workspace, "copy")
	if err != nil || !got.Foreign {
		t.Errorf("Get of a copy: foreign %v, %v; its secrets are bound to the original", got.Foreign, err)
	}
}

func TestForeignTargetsOfARuleAreLeftAlone(t *testing.T) {
	t.Parallel()
	s, f := setup(t)
	mustPut(t, s, ruletest.Draft("r1", ruletest.DingTalk("t0")))
	r := f.rule(bus, "r1")
	r.targets = append(r.targets, map[string]any{"Id": "2", "Type": "acs.mns.queue"})
	mustPut(t, s, ruletest.Draft("r1", dingtalks("t", 3)...))
	mustPut(t, s, ruletest.Draft("r1", dingtalks("t", 1)...))
	var got []string
	for _, target := range f.rule(bus, "r1").targets {
		got = append(got, fmt.Sprint(target["Id"], " ", target["Type"]))
	}
	if diff := cmp.Diff([]string{"1 acs.fc.function", "2 acs.mns.queue"}, got); diff != "" {
		t.Errorf("targets (-want +got):\n%s", diff)
	}
}
