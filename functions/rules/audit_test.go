package main

import (
	"net/http"
	"strings"
	"testing"

	"pai-notify/shared/access"
)

func TestEveryChangeOfARuleIsAuditedWithoutItsSecrets(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.ask(http.MethodPost, rules, draft("nightly", dingtalk("ops"))).must(201)
	h.ask(http.MethodPost, rules, draft("nightly", dingtalk("ops"))).problem(409, "RuleExists")
	h.ask(http.MethodPut, rules+"/nightly", changed(draft("nightly", dingtalk("ops")), "day shift", "description")).must(200)
	h.ask(http.MethodPost, rules+"/nightly:disable", nil).must(200)
	h.ask(http.MethodPost, rules+"/nightly:enable", nil).must(200)
	h.ask(http.MethodPost, rules+":recompile", nil).must(200)
	h.ask(http.MethodDelete, rules+"/nightly", nil).must(204)
	list, err := h.keys.Audit(t.Context(), access.AuditFilter{Workspaces: []string{"nlp_train"}, Action: "rule"}, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, e := range list {
		if e.Outcome != access.Begun {
			told = append(told, strings.TrimPrefix(e.Action, "rule.")+" "+string(e.Outcome)+" "+e.Code)
		}
		if text := e.Before + e.After; strings.Contains(text, plantedToken) || strings.Contains(text, plantedSecret) {
			t.Errorf("the audit holds a secret: %s", text)
		}
		if e.Who == "" || e.Address == "" || e.Object != "nightly" && e.Action != recompiled {
			t.Errorf("row %+v does not say who, from where or what", e)
		}
	}
	want := "make done , make failed RuleExists, replace done , disable done , enable done , recompile done , delete done "
	if got := strings.Join(told, ", "); got != want {
		t.Errorf("audit = %q, want %q", got, want)
	}
	replacing := list[5]
	if list[4].Action != replaced || !strings.Contains(list[4].Before, "night shift") || !strings.Contains(replacing.After, "day shift") ||
		!strings.Contains(replacing.After, "fingerprint") {
		t.Errorf("before %s, after %s", list[4].Before, replacing.After)
	}
	if rows, _, err := h.keys.Verify(t.Context()); err != nil || rows != int64(len(list)) {
		t.Errorf("Verify = %d, %v, want %d rows as they were written", rows, err, len(list))
	}
}

func TestAChangeThatCannotBeAuditedIsNotMade(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.exec("drop table audit")
	h.ask(http.MethodPost, rules, draft("nightly", dingtalk("ops"))).must(500)
	h.ask(http.MethodGet, rules+"/nightly", nil).problem(404, "RuleNotFound")
}
