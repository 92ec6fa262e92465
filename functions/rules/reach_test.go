package main

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"pai-notify/shared/contact"
	"pai-notify/shared/database"
	"pai-notify/shared/rule"
)

func texts(id string, contacts ...string) object {
	return object{"id": id, "channel": "sms", "contacts": contacts}
}

// people makes contacts: alice with a mobile number, desk with a fixed line, mail with an address alone.
func (h *harness) people() {
	h.t.Helper()
	for _, c := range []contact.Contact{
		{ID: "alice", Name: "Alice", Phone: "13800138000", Email: "alice@example.com"},
		{ID: "desk", Name: "Desk", Phone: "+86 571 8888 8888"},
		{ID: "mail", Name: "Mail", Email: "mail@example.com"},
	} {
		if _, err := h.book.Create(h.t.Context(), c); err != nil {
			h.t.Fatal(err)
		}
	}
}

func TestWithoutContactsTheMessageReceivingSettingsComeFirst(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	p := h.ask("POST", rules, draft("oncall", texts("a", "alice"))).problem(http.StatusUnprocessableEntity, "Invalid")
	if len(p.Errors) != 1 || p.Errors[0].Path != "targets[0].contacts" || !strings.Contains(p.Errors[0].Message, "message receiving settings") {
		t.Errorf("faults %+v", p.Errors)
	}
	var choices Choices
	h.ask("GET", "/catalog", nil).must(http.StatusOK).into(&choices)
	if choices.Contacts != 0 {
		t.Errorf("the catalogue tells of %d contacts", choices.Contacts)
	}
}

func TestContactsOfARuleExistAndHaveAnAddress(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.people()
	faulty := draft("oncall", texts("a", "nobody", "alice", "desk", "mail"), dingtalk("ops"))
	var paths []string
	for _, f := range h.ask("POST", rules, faulty).problem(http.StatusUnprocessableEntity, "Invalid").Errors {
		paths = append(paths, f.Path)
	}
	if got := strings.Join(paths, " "); got != "targets[0].contacts[0] targets[0].contacts[2] targets[0].contacts[3]" {
		t.Errorf("faults at %s", got)
	}
	var preview Preview
	h.ask("POST", rules+":preview", faulty).must(http.StatusOK).into(&preview)
	if len(preview.Faults) != 3 {
		t.Errorf("a preview has the faults %+v", preview.Faults)
	}
	made := h.ask("POST", rules, draft("oncall", texts("a", "alice"), texts("b", "alice"))).must(http.StatusCreated).rule()
	if made.Units != 2 {
		t.Errorf("one contact in two targets is %d units, want 2", made.Units)
	}
	var choices Choices
	h.ask("GET", "/catalog", nil).must(http.StatusOK).into(&choices)
	for _, c := range choices.Channels {
		if c.Name == "sms" && (!c.Contacts || !c.Available || len(c.Regions) == 0) || c.Name == "dingtalk" && (c.Contacts || !c.Available || len(c.Regions) > 0) {
			t.Errorf("the catalogue says %+v", c)
		}
	}
	if choices.Contacts != 3 {
		t.Errorf("the catalogue tells of %d contacts, want 3", choices.Contacts)
	}
}

func TestARobotCallsContactsWithoutATargetThatReachesThem(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.people()
	if _, err := h.book.Create(t.Context(), contact.Contact{ID: "tony", Name: "Tony", DingTalk: "tony-1"}); err != nil {
		t.Fatal(err)
	}
	calling := func(ids ...string) object {
		ops := dingtalk("ops")
		ops["mentions"] = object{"contacts": ids}
		return draft("calling", ops)
	}
	p := h.ask("POST", rules, calling("nobody", "tony", "desk")).problem(http.StatusUnprocessableEntity, "Invalid")
	if len(p.Errors) != 2 || p.Errors[0].Path != "targets[0].mentions.contacts[0]" || p.Errors[1].Path != "targets[0].mentions.contacts[2]" {
		t.Errorf("faults %+v", p.Errors)
	}
	h.ask("POST", rules, calling("tony")).must(http.StatusCreated)
}

func TestTextsAreNotForModelRules(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.people()
	d := draft("approved", texts("a", "alice"))
	d["event"] = object{"source": "model", "options": []string{"model.version.approved"}, "scope": object{"kind": "allInWorkspace"}}
	h.ask("POST", rules, d).faultAt("targets[0].channel")
}

func TestAChannelThatDoesNotExistInTheRegionIsRefused(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.people()
	h.region = "me-east-1"
	h.ask("POST", rules, draft("oncall", texts("a", "alice"))).faultAt("targets[0].channel")
	settings := database.DefaultSettings()
	settings.ChannelRegions = map[string][]string{"sms": {}}
	if err := h.db.SaveSettings(t.Context(), settings); err != nil {
		t.Fatal(err)
	}
	h.ask("POST", rules, draft("oncall", texts("a", "alice"))).must(http.StatusCreated)
}

func TestARuleWhoseContactIsGoneIsNotEnabled(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.people()
	h.ask("POST", rules, draft("oncall", texts("a", "alice"))).must(http.StatusCreated)
	h.ask("POST", rules+"/oncall:disable", nil).must(http.StatusOK)
	if err := h.book.Delete(t.Context(), "alice", 0); err != nil {
		t.Fatal(err)
	}
	h.ask("POST", rules+"/oncall:enable", nil).faultAt("targets[0].contacts[0]")
	h.ask("POST", rules+"/oncall:disable", nil).must(http.StatusOK)
	h.ask("POST", rules+"/nothing:enable", nil).problem(http.StatusNotFound, "RuleNotFound")
}

func TestNoRuleTakesUpAContactThatIsBeingDeleted(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.people()
	ctx, unlock, err := h.db.Lock(t.Context(), rule.ContactsLock)
	if err != nil {
		t.Fatal(err)
	}
	answers := make(chan said, 1)
	var wg sync.WaitGroup
	wg.Go(func() { answers <- h.ask("POST", rules, draft("oncall", texts("a", "alice"))) })
	h.ask("POST", rules, draft("other", dingtalk("ops"))).must(http.StatusCreated) // waits for nobody
	if err := h.book.Delete(ctx, "alice", 0); err != nil {
		t.Fatal(err)
	}
	unlock()
	wg.Wait()
	(<-answers).faultAt("targets[0].contacts[0]")
}
