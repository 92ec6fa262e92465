// Package ruletest is the contract of [rule.Store] as a suite that every implementation runs.
package ruletest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"pai-notify/shared/catalog"
	"pai-notify/shared/channel"
	"pai-notify/shared/message"
	"pai-notify/shared/rule"
)

// Setup is one store to test. Its catalogue knows source dlc with option dlc.job.failed and the scopes allInWorkspace and
// createdByMe; its channels dingtalk and lark have the settings webhook and secret, both secret; its limit is 5 units.
type Setup struct {
	Store     rule.Store
	Workspace string                                              // exists and has no rules
	Missing   string                                              // does not exist
	Foreign   func(t *testing.T, name string)                     // makes a rule in Workspace that is not ours
	Open      func(t *testing.T, name, target string) rule.Target // a target as a delivery would open it
}

// Planted secrets, to be looked for where none may be.
const (
	PlantedToken  = "5eadbeef5eadbeef5eadbeef5eadbeef5eadbeef5eadbeef5eadbeef5eadbeef"
	PlantedSecret = "SEC00decade00decade00decade00decade00decade00decade00decade00decade"
)

// DingTalk is a target with planted secrets.
func DingTalk(id string) rule.Target {
	return rule.Target{ID: id, Channel: "dingtalk", Settings: channel.Settings{
		"webhook": "https://oapi.dingtalk.com/robot/send?access_token=" + PlantedToken,
		"secret":  PlantedSecret,
	}}
}

// Lark is a target with planted secrets.
func Lark(id string) rule.Target {
	return rule.Target{ID: id, Channel: "lark", Settings: channel.Settings{
		"webhook": "https://open.feishu.cn/open-apis/bot/v2/hook/5eadbeef-5ead-beef-5ead-beef5eadbeef",
		"secret":  PlantedSecret,
	}}
}

// Draft is a valid rule with these targets, whose every text that a user may choose looks like a variable.
func Draft(name string, targets ...rule.Target) rule.Rule {
	return rule.Rule{
		Name: name, Description: `night ${data} shift $.x "quoted" <b>`, Enabled: true,
		Event:   catalog.Choice{Source: "dlc", Options: []string{"dlc.job.failed"}, Scope: catalog.Scope{Kind: "allInWorkspace"}},
		Targets: targets,
	}
}

// Run runs the suite, each promise on a store of its own.
func Run(t *testing.T, setup func(t *testing.T) Setup) {
	t.Helper()
	for name, promise := range map[string]func(*testing.T, Setup){
		"a rule comes back as it was put, its secrets only shown":  comesBack,
		"what is not there is told apart":                          notThere,
		"a match decides whether a write happens":                  matches,
		"a secret left out is kept, an empty one taken away":       keepsSecrets,
		"all targets of a full rule can be swapped":                swaps,
		"targets can become more and fewer":                        resizes,
		"faults come all at once and nothing is written":           faults,
		"a rule that is not ours is read only":                     foreign,
		"the author of a rule about his own objects stays":         author,
		"concurrent writers leave one whole rule":                  concurrent,
		"of concurrent writers with one ETag one wins":             contest,
		"lists are by name and a deleted rule is gone":             lists,
		"a disabled rule is enabled without repeating its secrets": toggles,
		"a cancelled context writes nothing":                       cancelled,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			promise(t, setup(t))
		})
	}
}

func comesBack(t *testing.T, s Setup) {
	t.Helper()
	ctx := context.Background()
	targets := []rule.Target{DingTalk("ops"), Lark("dev")}
	targets[0].Language = "zh"
	targets[0].Mentions = message.Mentions{All: true, Users: []string{"13800138000", "ops-1"}}
	targets[0].Words = message.Words{Fields: []string{"reason", "owner"}, Before: "${data} $.x 张三 {{owner}}"}
	r := Draft("nightly", targets...)
	saved := put(t, s, r, rule.MatchMissing)
	got, err := s.Store.Get(ctx, s.Workspace, "nightly")
	if err != nil {
		t.Fatalf("Get: %v", err)
	}
	if diff := cmp.Diff(saved, got, cmpopts.EquateEmpty(), cmpopts.EquateApproxTime(0)); diff != "" {
		t.Errorf("Get differs from what Put answered (-put +get):\n%s", diff)
	}
	want := r
	want.Targets = []rule.Target{targets[0], targets[1]}
	want.Targets[0].Settings, want.Targets[1].Settings = nil, nil
	if diff := cmp.Diff(want, got.Rule, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("rule (-want +got):\n%s", diff)
	}
	if got.Units != 2 || got.ETag == "" || got.Foreign || len(got.Drift) > 0 || !strings.Contains(got.Pattern, `"type"`) {
		t.Errorf("units %d, ETag %q, foreign %v, drift %v, pattern %s", got.Units, got.ETag, got.Foreign, got.Drift, got.Pattern)
	}
	shown := got.Redacted["ops"]["webhook"]
	if shown.Host != "oapi.dingtalk.com" || shown.Last4 != "beef" || len(shown.Fingerprint) != 8 {
		t.Errorf("shown of a webhook: %+v, want host, last 4 characters and fingerprint", shown)
	}
	if text := fmt.Sprintf("%+v", got); strings.Contains(text, PlantedToken) || strings.Contains(text, PlantedSecret) {
		t.Errorf("the answer holds a secret: %s", text)
	}
	if diff := cmp.Diff(DingTalk("ops").Settings, s.Open(t, "nightly", "ops").Settings); diff != "" {
		t.Errorf("settings opened (-want +got):\n%s", diff)
	}
}

func notThere(t *testing.T, s Setup) {
	t.Helper()
	ctx := context.Background()
	_, err := s.Store.Get(ctx, s.Workspace, "absent")
	wantCode(t, "Get of an absent rule", err, rule.CodeNotFound)
	wantCode(t, "Delete of an absent rule", s.Store.Delete(ctx, s.Workspace, "absent", ""), rule.CodeNotFound)
	_, err = s.Store.Get(ctx, s.Missing, "absent")
	wantCode(t, "Get in an absent workspace", err, rule.CodeNoWorkspace)
	_, err = s.Store.List(ctx, s.Missing)
	wantCode(t, "List of an absent workspace", err, rule.CodeNoWorkspace)
	_, err = s.Store.Put(ctx, s.Missing, Draft("nightly", DingTalk("ops")), "")
	wantCode(t, "Put in an absent workspace", err, rule.CodeNoWorkspace)
	_, err = s.Store.Put(ctx, s.Workspace, Draft("nightly", DingTalk("ops")), rule.MatchExists)
	wantCode(t, "Put that wants the rule to exist", err, rule.CodeNotFound)
	list, err := s.Store.List(ctx, s.Workspace)
	if err != nil || len(list) != 0 {
		t.Errorf("List = %v, %v; want nothing", list, err)
	}
}

func matches(t *testing.T, s Setup) {
	t.Helper()
	ctx := context.Background()
	first := put(t, s, Draft("nightly", DingTalk("ops")), rule.MatchMissing)
	_, err := s.Store.Put(ctx, s.Workspace, Draft("nightly", DingTalk("ops")), rule.MatchMissing)
	wantCode(t, "Put that wants no rule", err, rule.CodeExists)
	changed := Draft("nightly", DingTalk("ops"))
	changed.Description = "changed"
	second := put(t, s, changed, first.ETag)
	if second.ETag == first.ETag {
		t.Error("the ETag stayed after a change")
	}
	_, err = s.Store.Put(ctx, s.Workspace, changed, first.ETag)
	wantCode(t, "Put with an old ETag", err, rule.CodeChanged)
	wantCode(t, "Delete with an old ETag", s.Store.Delete(ctx, s.Workspace, "nightly", first.ETag), rule.CodeChanged)
	put(t, s, changed, rule.MatchExists)
	got, err := s.Store.Get(ctx, s.Workspace, "nightly")
	if err != nil || got.Description != "changed" {
		t.Fatalf("Get = %q, %v; want the change", got.Description, err)
	}
	if err := s.Store.Delete(ctx, s.Workspace, "nightly", got.ETag); err != nil {
		t.Errorf("Delete with the ETag: %v", err)
	}
}

func keepsSecrets(t *testing.T, s Setup) {
	t.Helper()
	put(t, s, Draft("nightly", DingTalk("ops"), Lark("dev")), "")
	kept := Draft("nightly", rule.Target{ID: "dev", Channel: "lark", Settings: channel.Settings{"secret": ""}}, rule.Target{ID: "ops", Channel: "dingtalk"})
	put(t, s, kept, "")
	if diff := cmp.Diff(DingTalk("ops").Settings, s.Open(t, "nightly", "ops").Settings); diff != "" {
		t.Errorf("kept settings (-want +got):\n%s", diff)
	}
	want := Lark("dev").Settings
	delete(want, "secret")
	if diff := cmp.Diff(want, s.Open(t, "nightly", "dev").Settings); diff != "" {
		t.Errorf("settings after one was taken away (-want +got):\n%s", diff)
	}
	_, err := s.Store.Put(context.Background(), s.Workspace, Draft("nightly", rule.Target{ID: "ops", Channel: "lark"}), "")
	wantFaults(t, err, "targets[0].settings.webhook") // another channel keeps nothing
}

func swaps(t *testing.T, s Setup) {
	t.Helper()
	var before, after []rule.Target
	for i := range 5 {
		before = append(before, DingTalk(fmt.Sprint("old", i)))
		after = append(after, Lark(fmt.Sprint("new", i)))
	}
	put(t, s, Draft("full", before...), "")
	got := put(t, s, Draft("full", after...), "")
	if diff := cmp.Diff(ids(after), ids(got.Targets)); diff != "" {
		t.Errorf("targets (-want +got):\n%s", diff)
	}
	reversed := []rule.Target{after[4], after[3], after[2], after[1], DingTalk("one more")}
	reversed[4].ID = "onemore"
	got = put(t, s, Draft("full", reversed...), "")
	if diff := cmp.Diff(ids(reversed), ids(got.Targets)); diff != "" {
		t.Errorf("targets in another order (-want +got):\n%s", diff)
	}
	if opened := s.Open(t, "full", "new4"); opened.Channel != "lark" || opened.Settings["secret"] != PlantedSecret {
		t.Errorf("a target that moved opens as %s", opened.Channel)
	}
}

func resizes(t *testing.T, s Setup) {
	t.Helper()
	all := []rule.Target{DingTalk("a"), Lark("b"), DingTalk("c"), Lark("d"), DingTalk("e")}
	for _, some := range [][]rule.Target{all[:1], all, all[3:], {all[0], all[4]}, all[1:4]} {
		got := put(t, s, Draft("elastic", some...), "")
		if diff := cmp.Diff(ids(some), ids(got.Targets)); diff != "" || got.Units != len(some) || len(got.Drift) > 0 {
			t.Errorf("%d units, drift %v, targets (-want +got):\n%s", got.Units, got.Drift, diff)
		}
	}
}

func faults(t *testing.T, s Setup) {
	t.Helper()
	ctx := context.Background()
	r := Draft("nightly", DingTalk("a"), DingTalk("a"), Lark("b c"), rule.Target{ID: "d", Channel: "pigeon"}, Lark("e"), rule.Target{ID: "f", Channel: "lark"})
	r.Name = "-x"
	r.Description = strings.Repeat("长", 257)
	r.Event.Options = []string{"dlc.job.failed", "dlc.no.such"}
	r.Targets[4].Language = "fr"
	r.Targets[4].Contacts = []string{"alice"}
	_, err := s.Store.Put(ctx, s.Workspace, r, "")
	wantFaults(t, err, "name", "description", "event.options[1]", "targets", "targets[1].id", "targets[2].id", "targets[3].channel",
		"targets[4].language", "targets[4].contacts", "targets[5].settings.webhook")
	list, err := s.Store.List(ctx, s.Workspace)
	if err != nil || len(list) != 0 {
		t.Errorf("List after a refused Put = %d rules, %v", len(list), err)
	}
	large := Lark("large")
	for i := range 50 {
		large.Mentions.Users = append(large.Mentions.Users, fmt.Sprintf("ou_%02d%s", i, strings.Repeat("u", 59)))
	}
	large.Words.Before, large.Words.After = strings.Repeat("长", 200), strings.Repeat("长", 200)
	_, err = s.Store.Put(ctx, s.Workspace, Draft("large", large), "")
	wantFaults(t, err, "targets[0]")
}

func foreign(t *testing.T, s Setup) {
	t.Helper()
	ctx := context.Background()
	s.Foreign(t, "theirs")
	got, err := s.Store.Get(ctx, s.Workspace, "theirs")
	if err != nil || !got.Foreign || got.Name != "theirs" || !got.Enabled {
		t.Errorf("Get = %+v, %v; want a foreign rule", got, err)
	}
	list, err := s.Store.List(ctx, s.Workspace)
	if err != nil || len(list) != 1 || !list[0].Foreign {
		t.Errorf("List = %+v, %v; want one foreign rule", list, err)
	}
	_, err = s.Store.Put(ctx, s.Workspace, Draft("theirs", DingTalk("ops")), "")
	wantCode(t, "Put over a foreign rule", err, rule.CodeForeign)
	wantCode(t, "Delete of a foreign rule", s.Store.Delete(ctx, s.Workspace, "theirs", ""), rule.CodeForeign)
}

func author(t *testing.T, s Setup) {
	t.Helper()
	r := Draft("mine", DingTalk("ops"))
	r.Event.Scope.Kind = "createdByMe"
	_, err := s.Store.Put(context.Background(), s.Workspace, r, "")
	var invalid smithy.InvalidParamsError
	if !errors.As(err, &invalid) {
		t.Errorf("Put without a PAI user = %v, want a fault", err)
	}
	r.Event.PAIUser = "2001"
	put(t, s, r, "")
	r.Event.PAIUser = "2002"
	if got := put(t, s, r, ""); got.Event.PAIUser != "2001" || !strings.Contains(got.Pattern, "2001") {
		t.Errorf("after an edit by 2002 the rule is about %q: %s", got.Event.PAIUser, got.Pattern)
	}
}

func concurrent(t *testing.T, s Setup) {
	t.Helper()
	put(t, s, Draft("busy", DingTalk("start")), "")
	var group sync.WaitGroup
	for writer := range 6 {
		group.Go(func() {
			var targets []rule.Target
			for i := range writer%5 + 1 {
				targets = append(targets, DingTalk(fmt.Sprintf("w%d-%d", writer, i)))
			}
			r := Draft("busy", targets...)
			r.Description = fmt.Sprint(writer)
			if _, err := s.Store.Put(context.Background(), s.Workspace, r, ""); err != nil {
				t.Errorf("writer %d: %v", writer, err)
			}
		})
	}
	group.Wait()
	got, err := s.Store.Get(context.Background(), s.Workspace, "busy")
	if err != nil {
		t.Fatal(err)
	}
	for _, target := range got.Targets {
		if !strings.HasPrefix(target.ID, "w"+got.Description+"-") {
			t.Errorf("rule of writer %s has a target %s", got.Description, target.ID)
		}
	}
	if len(got.Drift) > 0 {
		t.Errorf("drift: %v", got.Drift)
	}
}

func contest(t *testing.T, s Setup) {
	t.Helper()
	first := put(t, s, Draft("busy", DingTalk("ops")), "")
	errs := make([]error, 4)
	var group sync.WaitGroup
	for i := range errs {
		group.Go(func() {
			r := Draft("busy", DingTalk("ops"))
			r.Description = fmt.Sprint(i)
			_, errs[i] = s.Store.Put(context.Background(), s.Workspace, r, first.ETag)
		})
	}
	group.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
			continue
		}
		wantCode(t, "a writer that lost", err, rule.CodeChanged)
	}
	if won != 1 {
		t.Errorf("%d writers won, want 1", won)
	}
}

func lists(t *testing.T, s Setup) {
	t.Helper()
	ctx := context.Background()
	for _, name := range []string{"r-b", "r-c", "r-a"} {
		put(t, s, Draft(name, DingTalk("ops")), "")
	}
	if err := s.Store.Delete(ctx, s.Workspace, "r-b", rule.MatchExists); err != nil {
		t.Fatalf("Delete: %v", err)
	}
	list, err := s.Store.List(ctx, s.Workspace)
	if err != nil || len(list) != 2 || list[0].Name != "r-a" || list[1].Name != "r-c" {
		t.Fatalf("List = %d rules, %v; want r-a and r-c", len(list), err)
	}
	got, err := s.Store.Get(ctx, s.Workspace, "r-a")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(got, list[0], cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("List differs from Get (-get +list):\n%s", diff)
	}
}

func toggles(t *testing.T, s Setup) {
	t.Helper()
	r := Draft("nightly", DingTalk("ops"))
	r.Enabled = false
	saved := put(t, s, r, "")
	if saved.Enabled {
		t.Error("a rule put disabled is enabled")
	}
	saved.Enabled = true
	if saved = put(t, s, saved.Rule, saved.ETag); !saved.Enabled {
		t.Error("the rule is still disabled")
	}
	if s.Open(t, "nightly", "ops").Settings["secret"] != PlantedSecret {
		t.Error("enabling lost the secret")
	}
}

func cancelled(t *testing.T, s Setup) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := s.Store.Put(ctx, s.Workspace, Draft("nightly", DingTalk("ops")), "")
	wantCode(t, "Put", err, rule.CodeUnavailable)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Put = %v, want it to be context.Canceled", err)
	}
	list, err := s.Store.List(context.Background(), s.Workspace)
	if err != nil || len(list) != 0 {
		t.Errorf("List = %d rules, %v", len(list), err)
	}
}
