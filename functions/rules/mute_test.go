package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"pai-notify/shared/access"
	"pai-notify/shared/ledger"
)

// wait lets a delivery of a target wait until a moment.
func (h *harness) wait(event, target string, until time.Time) ledger.Entry {
	h.t.Helper()
	e := ledger.Entry{
		EventSource: "acs.paidlc", EventID: event, Bus: "pai-system-nlp_train", Rule: "nightly", Target: target, Channel: "dingtalk",
		Address: "dingtalk " + event, Sealed: []byte("{}"), Event: []byte("{}"), NotBefore: until,
	}
	if _, err := h.ledger.Claim(h.t.Context(), ledger.Terms{Lease: time.Minute}, []ledger.Entry{e}); err != nil {
		h.t.Fatal(err)
	}
	return e
}

// due is when a delivery that waits is due.
func (h *harness) due(e ledger.Entry) time.Time {
	h.t.Helper()
	got, _, err := h.ledger.Get(h.t.Context(), e.ID())
	if err != nil {
		h.t.Fatal(err)
	}
	return got.Due
}

func TestARuleOrATargetIsMutedUntilATime(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.ask("POST", rules, draft("nightly", dingtalk("ops"), dingtalk("boss"))).must(http.StatusCreated)
	now := time.Now().UTC().Truncate(time.Second)
	hour, day := now.Add(time.Hour), now.Add(24*time.Hour)

	r := h.ask("POST", rules+"/nightly:mute", object{"until": hour}).must(http.StatusOK).rule()
	if len(r.Muted) != 1 || r.Muted[0].Target != "" || !r.Muted[0].Until.Equal(hour) {
		t.Errorf("muted = %+v", r.Muted)
	}
	h.ask("POST", rules+"/nightly:mute", object{"until": day, "target": "boss"}).must(http.StatusOK)
	if r = h.ask("GET", rules+"/nightly", nil).must(http.StatusOK).rule(); len(r.Muted) != 2 || r.Muted[1].Target != "boss" {
		t.Errorf("muted = %+v", r.Muted)
	}
	var list struct{ Items []Rule }
	h.ask("GET", rules, nil).must(http.StatusOK).into(&list)
	if len(list.Items) != 1 || len(list.Items[0].Muted) != 2 {
		t.Errorf("in the list muted = %+v", list.Items)
	}
	// A rule as it was read can be sent back; muting is no part of it.
	if r = h.ask("PUT", rules+"/nightly", r).must(http.StatusOK).rule(); len(r.Muted) != 2 {
		t.Errorf("after a PUT muted = %+v", r.Muted)
	}

	ops, boss, late := h.wait("e1", "ops", hour), h.wait("e2", "boss", day), h.wait("e3", "ops", day)
	h.ask("POST", rules+"/nightly:mute", object{"until": hour.Add(time.Minute)}).must(http.StatusOK)
	if got := h.due(ops); !got.Equal(hour.Add(time.Minute)) {
		t.Errorf("what waits for the end of a mute that was made longer is due at %v, want %v", got, hour.Add(time.Minute))
	}
	r = h.ask("POST", rules+"/nightly:unmute", object{}).must(http.StatusOK).rule()
	if len(r.Muted) != 1 || r.Muted[0].Target != "boss" {
		t.Errorf("after the rule is unmuted muted = %+v", r.Muted)
	}
	if got := h.due(ops); got.After(time.Now()) {
		t.Errorf("what waited for its end is due at %v, want now", got)
	}
	for _, e := range []ledger.Entry{boss, late} {
		if got := h.due(e); !got.Equal(day) {
			t.Errorf("what waits for something else is due at %v, want %v", got, day)
		}
	}
	h.ask("POST", rules+"/nightly:unmute", object{"target": "boss"}).must(http.StatusOK)
	h.ask("POST", rules+"/nightly:unmute", object{"target": "boss"}).must(http.StatusOK) // repeating it harms nothing
	if got := h.due(boss); got.After(time.Now()) {
		t.Errorf("what waited for the target's end is due at %v, want now", got)
	}
	if got := h.due(late); !got.Equal(day) {
		t.Errorf("what another target's delivery waits for is due at %v, want %v", got, day)
	}
}

func TestAMuteEndsWithItsRule(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.ask("POST", rules, draft("nightly", dingtalk("ops"))).must(http.StatusCreated)
	h.ask("POST", rules+"/nightly:mute", object{"until": time.Now().Add(time.Hour)}).must(http.StatusOK)
	h.ask("DELETE", rules+"/nightly", nil).must(http.StatusNoContent)
	if r := h.ask("POST", rules, draft("nightly", dingtalk("ops"))).must(http.StatusCreated).rule(); len(r.Muted) != 0 {
		t.Errorf("another rule of the name is muted: %+v", r.Muted)
	}
}

func TestWhatCannotBeMutedIsSaid(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	saved := h.ask("POST", rules, draft("nightly", dingtalk("ops"))).must(http.StatusCreated)
	soon := time.Now().Add(time.Hour)
	h.ask("POST", rules+"/nightly:mute", object{"until": time.Now().Add(-time.Minute)}).faultAt("until")
	h.ask("POST", rules+"/nightly:mute", object{"until": time.Now().Add(31 * 24 * time.Hour)}).faultAt("until")
	h.ask("POST", rules+"/nightly:mute", object{"until": "tomorrow"}).faultAt("until")
	h.ask("POST", rules+"/nightly:mute", object{}).faultAt("until")
	h.ask("POST", rules+"/nightly:mute", object{"until": soon, "target": "nobody"}).problem(http.StatusNotFound, "TargetNotFound")
	h.ask("POST", rules+"/weekly:mute", object{"until": soon}).problem(http.StatusNotFound, "RuleNotFound")
	h.ask("POST", rules+"/pai-notify-observe:mute", object{"until": soon}).problem(http.StatusNotFound, "RuleNotFound")
	h.ask("POST", rules+"/nightly:mute", object{"until": soon}, "If-Match", `"old"`).problem(http.StatusPreconditionFailed, "RuleChanged")
	h.ask("POST", rules+"/nightly:mute", object{"until": soon}, "If-Match", saved.header.Get("ETag")).must(http.StatusOK)
	h.may("viewer", "[]", "")
	h.ask("POST", rules+"/nightly:mute", object{"until": soon}).problem(http.StatusForbidden, "Forbidden")
	h.ask("POST", rules+"/nightly:unmute", object{}).problem(http.StatusForbidden, "Forbidden")
}

func TestAMuteIsAudited(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.ask("POST", rules, draft("nightly", dingtalk("ops"))).must(http.StatusCreated)
	h.ask("POST", rules+"/nightly:mute", object{"until": time.Now().Add(time.Hour)}).must(http.StatusOK)
	h.ask("POST", rules+"/nightly:unmute", object{}).must(http.StatusOK)
	list, err := h.keys.Audit(t.Context(), access.AuditFilter{Workspaces: []string{"nlp_train"}, Action: "rule"}, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	var actions []string
	for _, e := range list {
		actions = append(actions, e.Action+" "+string(e.Outcome))
	}
	if got := strings.Join(actions, ", "); !strings.Contains(got, "rule.mute done") || !strings.Contains(got, "rule.unmute done") {
		t.Errorf("audit = %s", got)
	}
}
