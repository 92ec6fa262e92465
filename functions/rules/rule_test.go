package main

import (
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pai-notify/shared/access"
	"pai-notify/shared/database"
	"pai-notify/shared/database/migrate"
	"pai-notify/shared/fault"
	"pai-notify/shared/rule"
)

func TestARuleIsMadeReadChangedAndDeleted(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	made := h.ask("POST", rules, draft("nightly", dingtalk("ops"))).must(http.StatusCreated)
	if got, want := made.header.Get("Location"), "/api/v1/workspaces/nlp_train/rules/nightly"; got != want {
		t.Errorf("Location = %q, want %q", got, want)
	}
	got := h.ask("GET", rules+"/nightly", nil).must(http.StatusOK)
	if got.header.Get("ETag") == "" || got.header.Get("ETag") != made.header.Get("ETag") || got.text != made.text {
		t.Errorf("GET = %s with ETag %s, want what POST answered: %s with %s", got.text, got.header.Get("ETag"), made.text, made.header.Get("ETag"))
	}
	r := got.rule()
	if r.Units != 1 || !*r.Enabled || !strings.Contains(r.Pattern, "paidlc") || len(r.Drift) > 0 || r.Foreign {
		t.Errorf("rule = %+v", r)
	}
	shown := r.Targets[0].Secrets["webhook"]
	if shown.Host != "oapi.dingtalk.com" || shown.Last4 != "beef" || len(shown.Fingerprint) != 8 || len(r.Targets[0].Settings) > 0 {
		t.Errorf("secrets = %+v, settings %v; want host, last 4, fingerprint, and no settings", r.Targets[0].Secrets, r.Targets[0].Settings)
	}

	// What was read can be changed and sent back whole; the secrets are kept.
	r.Description = "day shift"
	put := h.ask("PUT", rules+"/nightly", r, "If-Match", got.header.Get("ETag")).must(http.StatusOK)
	if put.header.Get("ETag") == got.header.Get("ETag") || put.rule().Description != "day shift" {
		t.Errorf("PUT = %s", put.text)
	}
	opened, err := h.memory.Open(t.Context(), "nlp_train", "nightly", "ops")
	if err != nil || opened.Settings["secret"] != plantedSecret || !strings.HasSuffix(opened.Settings["webhook"], plantedToken) {
		t.Errorf("after a PUT without secrets the target has %d settings, %v", len(opened.Settings), err)
	}
	h.ask("DELETE", rules+"/nightly", nil, "If-Match", got.header.Get("ETag")).problem(http.StatusPreconditionFailed, rule.CodeChanged)
	if gone := h.ask("DELETE", rules+"/nightly", nil, "If-Match", put.header.Get("ETag")).must(http.StatusNoContent); gone.text != "" {
		t.Errorf("DELETE answers with a body: %s", gone.text)
	}
	h.ask("GET", rules+"/nightly", nil).problem(http.StatusNotFound, rule.CodeNotFound)
	h.ask("DELETE", rules+"/nightly", nil).problem(http.StatusNotFound, rule.CodeNotFound)
	if log := h.log.String(); !strings.Contains(log, `"rule deleted"`) || strings.Contains(log, plantedToken) || strings.Contains(log, plantedSecret) {
		t.Errorf("the log lacks a change, or holds a secret: %s", log)
	}
}

func TestAPutReplacesOnlyARuleThatExists(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	for _, ifMatch := range []string{"", `"abc"`, "*"} {
		h.ask("PUT", rules+"/absent", draft("absent", dingtalk("ops")), "If-Match", ifMatch).problem(http.StatusNotFound, rule.CodeNotFound)
	}
	h.ask("POST", rules, draft("nightly", dingtalk("ops"))).must(http.StatusCreated)
	h.ask("POST", rules, draft("nightly", dingtalk("ops"))).problem(http.StatusConflict, rule.CodeExists)
	nameless := draft("", dingtalk("ops"))
	delete(nameless, "name")
	if r := h.ask("PUT", rules+"/nightly", nameless).must(http.StatusOK).rule(); r.Name != "nightly" {
		t.Errorf("a PUT without a name saved %q", r.Name)
	}
	h.ask("PUT", rules+"/nightly", draft("other", dingtalk("ops"))).faultAt("name")
	h.ask("PUT", rules+"/nightly", nameless, "If-None-Match", "*").faultAt("header.If-None-Match")
}

func TestAnOldVersionIsNotOverwritten(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	old := h.ask("POST", rules, draft("nightly", dingtalk("ops"))).must(http.StatusCreated).header.Get("ETag")
	now := h.ask("PUT", rules+"/nightly", draft("nightly", dingtalk("ops")), "If-Match", old).must(http.StatusOK).header.Get("ETag")
	for _, call := range []string{"PUT /nightly", "DELETE /nightly", "POST /nightly:enable", "POST /nightly:disable"} {
		method, path, _ := strings.Cut(call, " ")
		body := any(nil)
		if method == "PUT" {
			body = draft("nightly", dingtalk("ops"))
		}
		p := h.ask(method, rules+path, body, "If-Match", old, "Accept-Language", "zh-CN").problem(http.StatusPreconditionFailed, rule.CodeChanged)
		if !strings.Contains(p.Advice, "ETag") || !strings.ContainsRune(p.Advice, '读') {
			t.Errorf("%s: advice %q is not in the language asked for", call, p.Advice)
		}
		h.ask(method, rules+path, body, "If-Match", `"a", "b"`).faultAt("header.If-Match")
		h.ask(method, rules+path, body, "If-Match", `"-"`).faultAt("header.If-Match")
	}
	for _, form := range []func(string) string{ // as proxies and people make of an ETag
		func(etag string) string { return "W/" + etag },
		func(etag string) string { return strings.Trim(etag, `"`) },
		func(string) string { return "*" },
	} {
		now = h.ask("PUT", rules+"/nightly", draft("nightly", dingtalk("ops")), "If-Match", form(now)).must(http.StatusOK).header.Get("ETag")
	}
}

func TestOfTwoPutsOfOneVersionOneWins(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	etag := h.ask("POST", rules, draft("nightly", dingtalk("ops"))).must(http.StatusCreated).header.Get("ETag")
	statuses := make([]int, 8)
	var group sync.WaitGroup
	for i := range statuses {
		group.Go(func() {
			r := changed(draft("nightly", dingtalk("ops")), fmt.Sprint("writer ", i), "description")
			statuses[i] = h.ask("PUT", rules+"/nightly", r, "If-Match", etag).status
		})
	}
	group.Wait()
	slices.Sort(statuses)
	if statuses[0] != http.StatusOK || statuses[1] != http.StatusPreconditionFailed || statuses[7] != http.StatusPreconditionFailed {
		t.Errorf("writers of one version are answered %v, want one 200, else 412", statuses)
	}
}

func TestARuleIsEnabledAndDisabledWithItsSecretsKept(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	first := h.ask("POST", rules, changed(draft("nightly", dingtalk("ops")), false, "enabled")).must(http.StatusCreated)
	if *first.rule().Enabled {
		t.Error("a rule made disabled is enabled")
	}
	on := h.ask("POST", rules+"/nightly:enable", nil, "If-Match", first.header.Get("ETag")).must(http.StatusOK)
	if !*on.rule().Enabled || on.header.Get("ETag") == first.header.Get("ETag") {
		t.Errorf(":enable = %s", on.text)
	}
	again := h.ask("POST", rules+"/nightly:enable", nil).must(http.StatusOK)
	if again.header.Get("ETag") != on.header.Get("ETag") {
		t.Error("enabling an enabled rule wrote it")
	}
	if off := h.ask("POST", rules+"/nightly:disable", nil).must(http.StatusOK).rule(); *off.Enabled {
		t.Error("the rule is still enabled")
	}
	if opened, err := h.memory.Open(t.Context(), "nlp_train", "nightly", "ops"); err != nil || opened.Settings["secret"] != plantedSecret {
		t.Errorf("disabling lost the secret: %v", err)
	}
	h.ask("POST", rules+"/absent:enable", nil).problem(http.StatusNotFound, rule.CodeNotFound)
	h.ask("POST", rules+"/nightly:fly", nil).problem(http.StatusNotFound, "NotFound")
}

func TestAForeignRuleIsListedAndLeftAlone(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	for _, name := range []string{"theirs", "pai-notify-observe"} {
		if err := h.memory.PlantForeign("nlp_train", name); err != nil {
			t.Fatal(err)
		}
	}
	var list struct{ Items []Rule }
	h.ask("GET", rules, nil).must(http.StatusOK).into(&list)
	if len(list.Items) != 1 || !list.Items[0].Foreign || list.Items[0].Name != "theirs" {
		t.Errorf("list = %+v, want the foreign rule and not our own observe's", list.Items)
	}
	if r := h.ask("GET", rules+"/theirs", nil).must(http.StatusOK).rule(); !r.Foreign {
		t.Errorf("rule = %+v", r)
	}
	h.ask("PUT", rules+"/theirs", draft("theirs", dingtalk("ops"))).problem(http.StatusConflict, rule.CodeForeign)
	h.ask("POST", rules+"/theirs:disable", nil).problem(http.StatusConflict, rule.CodeForeign)
	h.ask("DELETE", rules+"/theirs", nil).problem(http.StatusConflict, rule.CodeForeign)
	h.ask("GET", rules+"/pai-notify-observe", nil).problem(http.StatusNotFound, rule.CodeNotFound)
	h.ask("DELETE", rules+"/pai-notify-observe", nil).problem(http.StatusNotFound, rule.CodeNotFound)
}

func TestAListComesInPages(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	var list struct {
		Items []Rule
		Next  string
	}
	h.ask("GET", rules, nil).must(http.StatusOK).into(&list)
	if list.Items == nil || len(list.Items) != 0 || list.Next != "" {
		t.Errorf("the empty list is %+v", list)
	}
	want := []string{"r-1", "r-2", "r-3", "r-4", "r-5"}
	for _, name := range want {
		h.ask("POST", rules, draft(name, dingtalk("ops"))).must(http.StatusCreated)
	}
	var got []string
	for cursor, pages := "", 0; pages < 5; pages++ {
		list.Next = ""
		h.ask("GET", rules+"?limit=2&cursor="+cursor, nil).must(http.StatusOK).into(&list)
		for _, r := range list.Items {
			got = append(got, r.Name)
		}
		if cursor = list.Next; cursor == "" {
			break
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("names over all pages (-want +got):\n%s", diff)
	}
	h.ask("GET", rules+"?cursor=!", nil).faultAt("query.cursor")
	h.ask("GET", rules+"?limit=0", nil).faultAt("query.limit")
}

func TestAWorkspaceThatDoesNotExistIsToldFromAnEmptyOne(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	for _, call := range []string{"GET ", "POST ", "GET /x", "PUT /x", "DELETE /x", "POST /x:enable", "POST /x:disable", "POST :recompile",
		"POST :preview"} {
		method, path, _ := strings.Cut(call, " ")
		body := any(nil)
		if method == "PUT" || path == "" && method == "POST" || path == ":preview" {
			body = draft("xx", dingtalk("ops"))
			path = strings.Replace(path, "/x", "/xx", 1)
		}
		p := h.ask(method, "/workspaces/nowhere/rules"+path, body).problem(http.StatusNotFound, rule.CodeNoWorkspace)
		if !strings.Contains(p.Advice, "createBus") {
			t.Errorf("%s: advice %q does not say what to do", call, p.Advice)
		}
	}
	h.ask("GET", "/workspaces/no%20where/rules", nil).faultAt("path.ws")
	h.ask("GET", rules+"/a%20b", nil).faultAt("path.name")
}

func TestMyRulesAreAboutMyObjectsWhoeverEditsThem(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	mine := func() object {
		return changed(draft("mine", dingtalk("ops")), object{"kind": "createdByMe"}, "event", "scope")
	}
	r := h.ask("POST", rules, mine()).must(http.StatusCreated).rule()
	if r.Event.PAIUser != author || !strings.Contains(r.Pattern, author) {
		t.Errorf("rule is about %q: %s", r.Event.PAIUser, r.Pattern)
	}
	for _, other := range []string{"200000000000000002", ""} {
		h.may(access.Admin, "[]", other)
		forged := changed(mine(), "200000000000000003", "event", "paiUser") // read-only: ignored
		if r := h.ask("PUT", rules+"/mine", forged).must(http.StatusOK).rule(); r.Event.PAIUser != author {
			t.Errorf("after an edit by %q the rule is about %q", other, r.Event.PAIUser)
		}
	}
	// Without a PAI user the other faults come all the same, and the kept author is none of them.
	bad := changed(mine(), strings.Repeat("x", 257), "description")
	p := h.ask("PUT", rules+"/mine", bad).problem(http.StatusUnprocessableEntity, "Invalid")
	if len(p.Errors) != 1 || p.Errors[0].Path != "description" {
		t.Errorf("faults = %+v, want description alone", p.Errors)
	}
	h.ask("POST", rules, changed(mine(), "second", "name")).faultAt("event.scope.kind")
	if r := h.ask("PUT", rules+"/mine", draft("mine", dingtalk("ops"))).must(http.StatusOK).rule(); r.Event.PAIUser != "" {
		t.Errorf("a rule about all objects is about %q", r.Event.PAIUser)
	}
}

func TestAKeyDoesOnlyWhatItsRoleAndWorkspacesAllow(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.ask("POST", rules, draft("nightly", dingtalk("ops"))).must(http.StatusCreated)
	reading := []string{"GET ", "GET /nightly", "POST :preview"}
	writing := []string{"POST ", "PUT /nightly", "DELETE /nightly", "POST /nightly:enable", "POST /nightly:disable", "POST :recompile"}
	try := func(call string) said {
		method, path, _ := strings.Cut(call, " ")
		body := any(nil)
		if method == "PUT" || path == "" && method == "POST" || path == ":preview" {
			body = draft("nightly", dingtalk("ops"))
		}
		return h.ask(method, rules+path, body)
	}
	h.may(access.Viewer, "[]", "")
	for _, call := range reading {
		try(call).must(http.StatusOK)
	}
	for _, call := range writing {
		try(call).problem(http.StatusForbidden, "Forbidden")
	}
	h.may(access.Admin, `["cv_lab"]`, "")
	for _, call := range slices.Concat(reading, writing) {
		try(call).problem(http.StatusForbidden, "Forbidden")
	}
	h.ask("GET", "/workspaces/cv_lab/rules", nil).must(http.StatusOK)
	h.ask("GET", "/catalog", nil).must(http.StatusOK)
	h.key = "pnk_aaaaaaaaaa_" + strings.Repeat("a", 52)
	for _, call := range slices.Concat(reading, writing) {
		try(call).problem(http.StatusUnauthorized, "Unauthenticated")
	}
	for _, path := range h.api.Paths() {
		method, path, _ := strings.Cut(path, " ")
		path = strings.NewReplacer("{ws}", "nlp_train", "{name}", "x", "/api/v1", "").Replace(path)
		h.ask(method, path, nil).problem(http.StatusUnauthorized, "Unauthenticated")
	}
}

func TestRecompilingSaysOfEachRuleWhatBecameOfIt(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	for _, name := range []string{"good", "sealed", "broken"} {
		h.ask("POST", rules, draft(name, dingtalk("ops"))).must(http.StatusCreated)
	}
	h.memory.fails = map[string]error{
		"sealed": &rule.Error{Code: rule.CodeSealed, Text: fault.Say(`secrets of target "ops"`, `目标 "ops" 的密钥类设置`)},
		"broken": errors.New("hunter2 is in here"),
	}
	var got struct {
		Items  []Recompiled
		Failed int
	}
	answer := h.ask("POST", rules+":recompile", nil, "Accept-Language", "zh", "X-Request-Id", "r-1").must(http.StatusOK)
	answer.into(&got)
	if got.Failed != 2 || len(got.Items) != 3 || strings.Contains(answer.text, "hunter2") {
		t.Fatalf("answer = %s", answer.text)
	}
	for _, item := range got.Items {
		switch {
		case item.Name == "good":
			if !item.Recompiled || item.Problem != nil {
				t.Errorf("good = %+v", item)
			}
		case item.Recompiled || item.Problem == nil || item.Problem.Advice == "" || item.Problem.Detail == "":
			t.Errorf("%s = %+v, want why not and what to do", item.Name, item)
		}
	}
	if !strings.Contains(h.log.String(), "hunter2") || !strings.Contains(answer.text, "r-1") {
		t.Error("what only the log may tell is not in the log, or the answer does not lead to it")
	}
}

func TestAnUnusableEventBridgeIsExplained(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	for code, status := range map[string]int{
		rule.CodeNotActivated: 503, rule.CodeThrottled: 429, rule.CodeUnavailable: 503, rule.CodeForbidden: 403, rule.CodeQuota: 409,
	} {
		h.memory.err = &rule.Error{Code: code, Text: fault.Say("EventBridge says %s", "EventBridge 返回 %s", code)}
		en := h.ask("GET", rules+"/nightly", nil, "Accept-Language", "en").problem(status, code)
		zh := h.ask("GET", rules+"/nightly", nil, "Accept-Language", "zh").problem(status, code)
		if en.Advice == zh.Advice || !strings.Contains(en.Detail, code) {
			t.Errorf("%s: advice %q and %q", code, en.Advice, zh.Advice)
		}
	}
}

func TestBeforeSetUpAKeyIsNotKnown(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	db, err := database.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "empty.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	h.keys.DB = db
	h.ask("GET", rules, nil).problem(http.StatusUnauthorized, "Unauthenticated")
	if _, err := migrate.Up(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	h.ask("GET", rules, nil).problem(http.StatusUnauthorized, "Unauthenticated")
}

func TestAnAdministratorCanRaiseTheUnitsOfARule(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	var six []object
	for i := range 6 {
		six = append(six, dingtalk(fmt.Sprint("t", i)))
	}
	h.ask("POST", rules, draft("six", six...)).faultAt("targets")
	settings := database.DefaultSettings()
	settings.UnitsPerRule = 6
	if err := h.db.SaveSettings(t.Context(), settings); err != nil {
		t.Fatal(err)
	}
	h.memory.Limits = rule.Limits{Units: 6}
	if r := h.ask("POST", rules, draft("six", six...)).must(http.StatusCreated).rule(); r.Units != 6 || h.opened.Units != 6 {
		t.Errorf("rule has %d units, the store was opened with %d", r.Units, h.opened.Units)
	}
}
