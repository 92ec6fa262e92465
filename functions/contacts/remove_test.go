package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pai-notify/shared/access"
	"pai-notify/shared/channel"
	"pai-notify/shared/fault"
	"pai-notify/shared/httpapi"
	"pai-notify/shared/rule"
)

// used is a harness whose contact alice is named by three rules of two workspaces, and bob by one.
func used(t *testing.T) *harness {
	t.Helper()
	h := newHarness(t)
	for _, id := range []string{"alice", "bob"} {
		h.ask("POST", "/contacts", object{"id": id, "name": id, "phone": "13800138000"}).must(http.StatusCreated)
	}
	robot := rule.Target{ID: "robot", Channel: "dingtalk", Settings: channel.Settings{
		"webhook": "https://oapi.dingtalk.com/robot/send?access_token=5eadbeef5eadbeef", "secret": "SEC0",
	}}
	h.save("nlp_train", "shared", texts("both", "bob", "alice"), rule.Target{ID: "call", Channel: "voice", Contacts: []string{"alice"}}, robot)
	h.save("nlp_train", "without", robot)
	h.save("cv_lab", "alone", texts("only", "alice"), rule.Target{ID: "call", Channel: "voice", Contacts: []string{"alice"}})
	h.save("cv_lab", "pair", texts("pair", "alice", "bob"))
	if err := h.memory.PlantForeign("cv_lab", "foreign"); err != nil {
		t.Fatal(err)
	}
	return h
}

func TestAContactInUseIsNotDeletedAndItsRulesAreNamed(t *testing.T) {
	t.Parallel()
	h := used(t)
	p := h.ask("DELETE", "/contacts/alice", nil, "Accept-Language", "zh").problem(http.StatusConflict, "ContactInUse")
	want := []httpapi.InRule{
		{Workspace: "cv_lab", Rule: "alone", Target: "only"}, {Workspace: "cv_lab", Rule: "alone", Target: "call"},
		{Workspace: "cv_lab", Rule: "pair", Target: "pair"},
		{Workspace: "nlp_train", Rule: "shared", Target: "both"}, {Workspace: "nlp_train", Rule: "shared", Target: "call"},
	}
	if diff := cmp.Diff(want, p.Rules); diff != "" {
		t.Errorf("rules (-want +got):\n%s", diff)
	}
	if !strings.Contains(p.Detail, "3 条规则使用：cv_lab/alone、cv_lab/pair、nlp_train/shared") || !strings.Contains(p.Advice, "force=true") {
		t.Errorf("problem %+v", p)
	}
	h.ask("GET", "/contacts/alice", nil).must(http.StatusOK)
}

func TestForceTakesAContactOutOfItsRulesAndSaysSo(t *testing.T) {
	t.Parallel()
	h := used(t)
	got := into[Removed](h.ask("DELETE", "/contacts/alice?force=true", nil).must(http.StatusOK))
	want := Removed{ID: "alice", Rules: []Change{
		{Workspace: "cv_lab", Rule: "alone", Targets: []string{"only", "call"}, Done: Disabled},
		{Workspace: "cv_lab", Rule: "pair", Targets: []string{"pair"}, Done: ContactRemoved},
		{Workspace: "nlp_train", Rule: "shared", Targets: []string{"both", "call"}, Done: TargetsRemoved},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("done (-want +got):\n%s", diff)
	}
	h.ask("GET", "/contacts/alice", nil).problem(http.StatusNotFound, "ContactNotFound")
	shared, err := h.memory.Get(t.Context(), "nlp_train", "shared")
	if err != nil || len(shared.Targets) != 2 || len(shared.Targets[0].Contacts) != 1 || shared.Targets[1].ID != "robot" || !shared.Enabled {
		t.Errorf("the shared rule is %+v, %v", shared.Rule, err)
	}
	if robot, err := h.memory.Open(t.Context(), "nlp_train", "shared", "robot"); err != nil || robot.Settings["secret"] != "SEC0" {
		t.Errorf("its robot is %+v, %v: secrets are kept", robot, err)
	}
	alone, err := h.memory.Get(t.Context(), "cv_lab", "alone")
	if err != nil || alone.Enabled || len(alone.Targets) != 2 {
		t.Errorf("the rule that named nobody else is %+v, %v; want it disabled, and as it was", alone.Rule, err)
	}
	// Another contact's deletion finds a rule that is disabled already.
	h.save("cv_lab", "off", texts("only", "bob"))
	if _, err := h.memory.SetEnabled(t.Context(), "cv_lab", "off", false, ""); err != nil {
		t.Fatal(err)
	}
	removed := into[Removed](h.ask("DELETE", "/contacts/bob?force=true", nil).must(http.StatusOK))
	done := map[string]Done{}
	for _, c := range removed.Rules {
		done[c.Rule] = c.Done
	}
	if diff := cmp.Diff(map[string]Done{"off": Left, "pair": Disabled, "shared": TargetsRemoved}, done); diff != "" {
		t.Errorf("done (-want +got):\n%s", diff)
	}
}

func TestAnOldETagChangesNoRule(t *testing.T) {
	t.Parallel()
	h := used(t)
	h.ask("DELETE", "/contacts/alice?force=true", nil, "If-Match", `"1000"`).problem(http.StatusPreconditionFailed, "ContactChanged")
	if saved, err := h.memory.Get(t.Context(), "nlp_train", "shared"); err != nil || len(saved.Targets) != 3 {
		t.Errorf("a rule was changed: %+v, %v", saved.Rule, err)
	}
}

func TestTheAuditTellsWhoDidItAndNoAddress(t *testing.T) {
	t.Parallel()
	h := used(t)
	h.ask("PUT", "/contacts/alice", object{"name": "Alice", "phone": "13900138000", "email": "alice@example.com", "note": "night"}).must(http.StatusOK)
	h.ask("POST", "/contacts:import", "name,phone\nCarol,13700137000\n").must(http.StatusOK)
	h.ask("GET", "/contacts:export", nil).must(http.StatusOK)
	h.ask("DELETE", "/contacts/alice?force=true", nil).must(http.StatusOK)
	rows, err := h.keys.Audit(t.Context(), access.AuditFilter{}, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	var actions []string
	for _, r := range rows {
		text := r.Before + r.After
		for _, secret := range []string{"00138000", "37000", "alice@", "night"} {
			if strings.Contains(text, secret) {
				t.Errorf("row %d holds an address: %s", r.N, text)
			}
		}
		if r.Outcome == access.Done && r.Object != "bob" {
			actions = append(actions, r.Action+" "+r.Object)
		}
	}
	want := []string{
		"contact.create alice", "contact.replace alice", "contact.import ", "contact.export ",
		"rule.takeContact alone", "rule.takeContact pair", "rule.takeContact shared", "contact.delete alice",
	}
	if diff := cmp.Diff(want, actions); diff != "" {
		t.Errorf("audited (-want +got):\n%s", diff)
	}
}

func TestADeletionThatBreaksOffSaysHowFarItCameAndCanBeRepeated(t *testing.T) {
	t.Parallel()
	h := used(t)
	h.memory.puts["shared"] = &rule.Error{Code: rule.CodeSealed, Text: fault.Say("the secrets of target robot do not open", "目标 robot 的密钥类设置无法解开")}
	p := h.ask("DELETE", "/contacts/alice?force=true", nil).problem(http.StatusConflict, "SealedByAnotherKey")
	for _, want := range []string{`"alice" was not deleted`, "nlp_train/shared", "robot do not open", "cv_lab/alone disabled", "cv_lab/pair contactRemoved"} {
		if !strings.Contains(p.Detail, want) {
			t.Errorf("the detail lacks %q: %s", want, p.Detail)
		}
	}
	h.ask("GET", "/contacts/alice", nil).must(http.StatusOK)
	delete(h.memory.puts, "shared")
	got := into[Removed](h.ask("DELETE", "/contacts/alice?force=true", nil).must(http.StatusOK))
	if len(got.Rules) != 2 || got.Rules[0].Done != Left || got.Rules[1].Done != TargetsRemoved {
		t.Errorf("repeated: %+v", got)
	}
}

func TestAKeyOfOneWorkspaceTouchesNoOther(t *testing.T) {
	t.Parallel()
	h := used(t)
	h.may(access.Editor, `["nlp_train"]`)
	p := h.ask("DELETE", "/contacts/alice", nil).problem(http.StatusConflict, "ContactInUse")
	if len(p.Rules) != 2 || !strings.Contains(p.Detail, "2 of workspaces that this key is not for") || strings.Contains(p.Detail, "cv_lab") {
		t.Errorf("problem %+v", p)
	}
	before := h.ask("DELETE", "/contacts/alice?force=true", nil).problem(http.StatusForbidden, "Forbidden")
	if strings.Contains(before.Detail, "cv_lab") {
		t.Errorf("problem %+v", before)
	}
	if saved, err := h.memory.Get(t.Context(), "nlp_train", "shared"); err != nil || len(saved.Targets) != 3 {
		t.Errorf("the rule of its own workspace was changed: %+v, %v", saved.Rule, err)
	}
}
