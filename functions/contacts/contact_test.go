package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"pai-notify/shared/access"
)

func TestAContactIsMadeReadChangedAndDeleted(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	made := h.ask("POST", "/contacts", alice()).must(http.StatusCreated)
	want := Contact{
		ID: "alice", Name: "Alice Chen", Phone: "+8613800138000", Email: "alice@example.com", DingTalk: "13800138000", PAIUser: "2000",
		Note: "night shift", Channels: []string{"sms", "voice", "email"}, Created: h.now.UTC(), Updated: h.now.UTC(),
	}
	if diff := cmp.Diff(want, into[Contact](made)); diff != "" {
		t.Errorf("made (-want +got):\n%s", diff)
	}
	if got := made.header.Get("Location"); got != "/api/v1/contacts/alice" {
		t.Errorf("Location %q", got)
	}
	read := h.ask("GET", "/contacts/alice", nil).must(http.StatusOK)
	if read.text != made.text || read.header.Get("ETag") != made.header.Get("ETag") {
		t.Errorf("read %s with ETag %s, made %s", read.text, read.header.Get("ETag"), made.text)
	}
	changed := into[object](read)
	changed["phone"], changed["channels"] = "+14155552671", []string{"nonsense"}
	saved := h.ask("PUT", "/contacts/alice", changed, "If-Match", "W/"+read.header.Get("ETag")).must(http.StatusOK)
	if got := into[Contact](saved); got.Phone != "+14155552671" || saved.header.Get("ETag") == read.header.Get("ETag") {
		t.Errorf("saved %s", saved.text)
	}
	h.ask("PUT", "/contacts/alice", changed, "If-Match", read.header.Get("ETag")).problem(http.StatusPreconditionFailed, "ContactChanged")
	h.ask("DELETE", "/contacts/alice", nil, "If-Match", read.header.Get("ETag")).problem(http.StatusPreconditionFailed, "ContactChanged")
	h.ask("PUT", "/contacts/alice", changed, "If-Match", "x").faults("header.If-Match")
	h.ask("PUT", "/contacts/alice", changed, "If-None-Match", "*").faults("header.If-None-Match")
	h.ask("POST", "/contacts", object{"id": "alice", "name": "X"}).problem(http.StatusConflict, "ContactExists")
	if got := h.ask("DELETE", "/contacts/alice", nil, "If-Match", saved.header.Get("ETag")).must(http.StatusOK); got.text != `{"id":"alice","rules":[]}`+"\n" {
		t.Errorf("deleted: %s", got.text)
	}
	for _, call := range []string{"GET ", "PUT ", "DELETE ", "POST :test"} {
		method, verb, _ := strings.Cut(call, " ")
		body := any(nil)
		switch method {
		case "PUT":
			body = object{"name": "X"}
		case "POST":
			body = object{"channel": "sms"}
		}
		h.ask(method, "/contacts/alice"+verb, body).problem(http.StatusNotFound, "ContactNotFound")
	}
}

func TestAllFaultsOfAContactComeAtOnce(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.ask("POST", "/contacts", alice()).must(http.StatusCreated)
	bad := object{"id": "13900139000", "phone": "139", "email": "a***@example.com", "language": "fr", "zone": "Mars", "dingtalk": "a b", "paiUser": "2000"}
	h.ask("POST", "/contacts", bad).faults("id", "name", "phone", "email", "language", "zone", "dingtalk", "paiUser")
	h.ask("PUT", "/contacts/alice", object{"id": "bob", "name": "X", "phone": "138****8000", "paiUser": "2000"}).faults("phone", "id", "paiUser")
	h.ask("PUT", "/contacts/alice", object{"name": "X", "paiUser": "2000"}).must(http.StatusOK)
	h.ask("POST", "/contacts", object{"name": 5, "email": "x"}).faults("name", "email")
	for _, id := range []string{"Alice", "a%20b", "a%2Fb", strings.Repeat("a", 65)} {
		if s := h.ask("GET", "/contacts/"+id, nil); s.status != http.StatusUnprocessableEntity && s.status != http.StatusNotFound {
			t.Errorf("id %q: %d %s", id, s.status, s.text)
		}
	}
}

func TestRolesDecideWhatIsSeenAndDone(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.ask("POST", "/contacts", alice()).must(http.StatusCreated)
	h.may(access.Viewer, "[]")
	for _, path := range []string{"/contacts/alice", "/contacts", "/contacts?q=ALICE"} {
		s := h.ask("GET", path, nil).must(http.StatusOK)
		if strings.Contains(s.text, "0013") || strings.Contains(s.text, "alice@") || strings.Contains(s.text, "night") {
			t.Errorf("%s tells a viewer %s", path, s.text)
		}
		if !strings.Contains(s.text, `"phone":"138****8000"`) || !strings.Contains(s.text, `"masked":true`) ||
			!strings.Contains(s.text, `"email":"a***@example.com"`) {
			t.Errorf("%s answers %s, want it masked", path, s.text)
		}
	}
	for _, q := range []string{"0013800", "example.com", "night"} {
		if s := h.ask("GET", "/contacts?q="+q, nil).must(http.StatusOK); into[object](s)["items"] == nil || strings.Contains(s.text, "alice") {
			t.Errorf("a search for %s finds %s", q, s.text)
		}
	}
	calls := map[string]any{
		"POST /contacts": object{"name": "X"}, "PUT /contacts/alice": object{"name": "X"}, "DELETE /contacts/alice": nil,
		"POST /contacts/alice:test": object{"channel": "sms"}, "POST /contacts:import": "name\nX\n", "GET /contacts:export": nil,
		"POST /contacts:search": object{"q": "x"},
	}
	for call, body := range calls {
		method, path, _ := strings.Cut(call, " ")
		h.ask(method, path, body).problem(http.StatusForbidden, "Forbidden")
	}
	h.key = "pnk_" + strings.Repeat("a", 10) + "_" + strings.Repeat("a", 52)
	for _, call := range h.api.Paths() {
		method, path, _ := strings.Cut(call, " ")
		h.ask(method, strings.TrimPrefix(strings.ReplaceAll(path, "{id}", "alice"), "/api/v1"), nil).problem(http.StatusUnauthorized, "Unauthenticated")
	}
	if len(h.api.Paths()) != len(calls)+2 {
		t.Errorf("there are the operations %q", h.api.Paths())
	}
}

func TestContactsAreListedInPagesAndSearchedByAll(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	for i := range 5 {
		h.ask("POST", "/contacts", object{"name": fmt.Sprintf("User %d", i), "phone": fmt.Sprintf("1380013800%d", i)}).must(http.StatusCreated)
	}
	var ids []string
	for cursor := ""; ; {
		s := h.ask("GET", "/contacts?limit=2&cursor="+cursor, nil).must(http.StatusOK)
		var p page
		p.Body = into[struct {
			Items []Contact `json:"items"`
			Next  string    `json:"next,omitempty" doc:"Ask again with it as cursor; left out at the end"`
		}](s)
		for _, c := range p.Body.Items {
			ids = append(ids, c.ID)
		}
		if cursor = p.Body.Next; cursor == "" {
			break
		}
	}
	if got := strings.Join(ids, " "); got != "user-0 user-1 user-2 user-3 user-4" {
		t.Errorf("listed %s", got)
	}
	h.ask("GET", "/contacts?cursor=x", nil).faults("query.cursor")
	h.ask("POST", "/contacts:search", object{"cursor": "x"}).faults("cursor")
	if s := h.ask("POST", "/contacts:search", object{"q": "138 8003"}).must(http.StatusOK); !strings.Contains(s.text, "user-3") ||
		strings.Contains(s.text, "user-2") {
		t.Errorf("found %s", s.text)
	}
	if s := h.ask("GET", "/contacts?q=nobody", nil).must(http.StatusOK); s.text != `{"items":[]}`+"\n" {
		t.Errorf("found %s", s.text)
	}
}

func TestFilesGoInAndOut(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	const file = "\ufeffid,name,phone,email,dingtalk\n" +
		"alice,Alice,13800138000,,\n,王伟,1,x,\nbob,=cmd|' /C calc'!A0,,bob@example.com,a b\n"
	list := h.ask("POST", "/contacts:import", file, "Content-Type", "text/csv").faults("line[3].phone", "line[3].email", "line[4].dingtalk")
	if list[0].Message == "" {
		t.Error("a fault without words")
	}
	dry := into[Imported](h.ask("POST", "/contacts:import?dryRun=true&partial=true", file, "Content-Type", "text/csv").must(http.StatusOK))
	want := Imported{DryRun: true, Created: 1, Faulty: 2, Faults: []LineFault{{Line: 3, Column: "phone"}, {Line: 3, Column: "email"}, {Line: 4, Column: "dingtalk"}}}
	if diff := cmp.Diff(want, dry, cmpopts.IgnoreFields(LineFault{}, "Message", "ZH")); diff != "" {
		t.Errorf("a dry run (-want +got):\n%s", diff)
	}
	for _, f := range dry.Faults {
		if f.ZH == "" || f.ZH == f.Message {
			t.Errorf("the fault of %s is not told in Chinese: %s", f.Column, f.Message)
		}
	}
	h.ask("GET", "/contacts/alice", nil).problem(http.StatusNotFound, "ContactNotFound")
	h.ask("POST", "/contacts:import?partial=true", file).must(http.StatusOK)
	h.ask("GET", "/contacts/alice", nil).must(http.StatusOK)
	h.ask("POST", "/contacts:import", "name\n\xcd\xf5\xce\xb0\n").faults("")
	h.ask("POST", "/contacts:import", strings.Repeat("x", maxFile+1)).problem(http.StatusRequestEntityTooLarge, "TooLarge")

	h.ask("POST", "/contacts", object{"id": "calc", "name": "=cmd|' /C calc'!A0", "phone": "13900139000"}).must(http.StatusCreated)
	out := h.ask("GET", "/contacts:export", nil).must(http.StatusOK)
	if got := out.header.Get("Content-Type"); got != "text/csv; charset=utf-8" {
		t.Errorf("Content-Type %q", got)
	}
	if doc := h.ask("GET", "/contacts/openapi.json", nil).must(http.StatusOK); strings.Count(doc.text, `"text/csv":`) != 2 {
		t.Errorf("the description does not say that files come and go as CSV")
	}
	if !strings.HasPrefix(out.text, "\ufeffid,name,phone,") || !strings.Contains(out.text, "\r\ncalc,'=cmd|' /C calc'!A0,'+8613900139000,") {
		t.Errorf("exported %q", out.text)
	}
	again := into[Imported](h.ask("POST", "/contacts:import", out.text).must(http.StatusOK))
	if diff := cmp.Diff(Imported{Unchanged: 2, Faults: []LineFault{}}, again); diff != "" {
		t.Errorf("imported again (-want +got):\n%s", diff)
	}
}
