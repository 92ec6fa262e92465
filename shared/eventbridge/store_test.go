package eventbridge_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"maps"
	"strings"
	"sync"
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

func TestRulesOfABusAreCountedWhosesoeverTheyAre(t *testing.T) {
	t.Parallel()
	s, f := setup(t)
	f.page = 2
	for _, name := range []string{"r1", "r2", "r3"} {
		mustPut(t, s, ruletest.Draft(name, ruletest.DingTalk("ops")))
	}
	f.buses[bus]["theirs"] = &fakeRule{pattern: "{}", status: "ENABLE"}
	if n, err := s.Count(context.Background(), workspace); err != nil || n != 4 {
		t.Errorf("%d rules, %v; want 4", n, err)
	}
	_, err := s.Count(context.Background(), "elsewhere")
	wantCode(t, "Count", err, rule.CodeNoWorkspace)
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
