package main

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"pai-notify/shared/access"
	"pai-notify/shared/database/migrate"
	"pai-notify/shared/environment"
	"pai-notify/shared/httpapi"
)

// harness is the API on an SQLite file, with the first admin key and a clock that stands.
type harness struct {
	*service
	t    testing.TB
	api  *httpapi.API
	path string
	key  string
	mu   sync.Mutex
	now  time.Time
}

func newHarness(tb testing.TB) *harness {
	tb.Helper()
	h := &harness{t: tb, path: filepath.Join(tb.TempDir(), "pai.db"), now: time.Now().Truncate(time.Second)}
	s, err := newService(environment.Environment{DatabaseURL: "sqlite:" + h.path}, slog.New(slog.DiscardHandler))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = s.db.Close() })
	h.service = s
	if _, err := migrate.Up(tb.Context(), s.db); err != nil {
		tb.Fatal(err)
	}
	s.keys.Now = func() time.Time {
		h.mu.Lock()
		defer h.mu.Unlock()
		return h.now
	}
	_, hash := access.NewToken()
	if h.key, err = (access.Bootstrap{Keys: s.keys, Hash: hash}).Redeem(tb.Context(), ""); err != nil {
		tb.Fatal(err)
	}
	h.api = s.api()
	return h
}

func (h *harness) pass(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

type said struct {
	t      testing.TB
	status int
	header http.Header
	text   string
}

// raw makes a request with nothing but the headers given.
func (h *harness) raw(method, path, body string, headers ...string) said {
	h.t.Helper()
	r := httptest.NewRequestWithContext(h.t.Context(), method, "https://notify.example.com/api/v1"+path, strings.NewReader(body))
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.api.ServeHTTP(w, r)
	return said{h.t, w.Code, w.Result().Header, w.Body.String()}
}

// as makes a request with a key.
func (h *harness) as(key, method, path string, body any) said {
	h.t.Helper()
	var text []byte
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			h.t.Fatal(err)
		}
	}
	return h.raw(method, path, string(text), "Authorization", "Bearer "+key)
}

func (s said) must(status int) said {
	s.t.Helper()
	if s.status != status {
		s.t.Fatalf("status %d, want %d: %s", s.status, status, s.text)
	}
	return s
}

func (s said) code(status int, code string) {
	s.t.Helper()
	var p httpapi.Problem
	if err := json.Unmarshal([]byte(s.text), &p); err != nil || s.status != status || p.Code != code || p.Advice == "" || p.Detail == "" {
		s.t.Errorf("answer %d %s, want %d %s with detail and advice", s.status, s.text, status, code)
	}
}

func (s said) into(v any) {
	s.t.Helper()
	if err := json.Unmarshal([]byte(s.text), v); err != nil {
		s.t.Fatalf("answer %s: %v", s.text, err)
	}
}

// make makes a key.
func (h *harness) make(body map[string]any) (key, id string) {
	h.t.Helper()
	var made struct {
		ID  string `json:"id"`
		Key string `json:"key"`
	}
	h.as(h.key, "POST", "/keys", body).must(201).into(&made)
	return made.Key, made.ID
}

// signIn opens a session and gives its cookie as a browser sends it.
func (h *harness) signIn(key string) string {
	h.t.Helper()
	set := h.as(key, "POST", "/session", nil).must(200).header.Get("Set-Cookie")
	return strings.SplitN(set, ";", 2)[0]
}

// Headers of a request that our own page makes.
func ours(cookie string) []string { return []string{"Cookie", cookie, "Sec-Fetch-Site", "same-origin"} }

func TestASessionIsOneCookieThatOnlyTheBrowserReads(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	answer := h.as(h.key, "POST", "/session", nil).must(200)
	set := answer.header.Values("Set-Cookie")
	if len(set) != 1 {
		t.Fatalf("%d cookies, want one", len(set))
	}
	for _, part := range []string{"__Host-pai-notify=pns_", "; Path=/", "; HttpOnly", "; Secure", "; SameSite=Strict", "; Max-Age=43200"} {
		if !strings.Contains(set[0], part) {
			t.Errorf("cookie %q lacks %q", set[0], part)
		}
	}
	if strings.Contains(set[0], "Domain") || strings.Contains(answer.text, "pns_") || strings.Contains(answer.text, h.key) {
		t.Errorf("cookie %q or answer %s tells too much", set[0], answer.text)
	}
	cookie := strings.SplitN(set[0], ";", 2)[0]
	var who Caller
	h.raw("GET", "/session", "", "Cookie", cookie).must(200).into(&who)
	if who.Via != "session" || who.Role != "admin" || who.ID == "" {
		t.Errorf("the session is %+v", who)
	}
	h.raw("POST", "/keys", `{"name":"by cookie","role":"viewer"}`, ours(cookie)...).must(201)
}

func TestAtALocalCloudTheCookieNeedsNoHTTPS(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	r := httptest.NewRequestWithContext(t.Context(), "POST", "http://127.0.0.1:9701/api/v1/session", http.NoBody)
	r.Header.Set("Authorization", "Bearer "+h.key)
	w := httptest.NewRecorder()
	h.api.ServeHTTP(w, r)
	if set := w.Header().Get("Set-Cookie"); !strings.HasPrefix(set, "pai-notify=pns_") || strings.Contains(set, "Secure") {
		t.Errorf("cookie %q", set)
	}
	plain := "pai-notify=" + strings.TrimPrefix(h.signIn(h.key), "__Host-pai-notify=")
	h.raw("GET", "/session", "", "Cookie", plain).code(401, "Unauthenticated") // elsewhere that name counts for nothing
}

func TestAnotherSitesPageChangesNothing(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	cookie := h.signIn(h.key)
	for name, headers := range map[string][]string{
		"nothing said":                   nil,
		"cross-site":                     {"Sec-Fetch-Site", "cross-site"},
		"neighbouring domain":            {"Sec-Fetch-Site", "same-site"},
		"another origin over plain http": {"Origin", "http://evil.example.com"},
		"an origin that begins alike":    {"Origin", "https://notify.example.com.evil.example"},
		"null origin":                    {"Origin", "null"},
		"another port":                   {"Origin", "https://notify.example.com:8443"},
	} {
		for _, method := range []string{"POST", "DELETE"} {
			path := "/session"
			if method == "POST" {
				path = "/keys"
			}
			h.raw(method, path, `{"name":"x","role":"admin"}`, append([]string{"Cookie", cookie}, headers...)...).code(403, "CrossSite")
			_ = name
		}
	}
	h.raw("POST", "/keys", `{"name":"x","role":"viewer"}`, "Cookie", cookie, "Origin", "https://notify.example.com").must(201)
	h.raw("GET", "/session", "", ours(cookie)...).must(200) // still there
}

func TestASessionCannotBePlanted(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	planted := access.SessionPrefix + strings.Repeat("a", 52)
	answer := h.raw("POST", "/session", "", "Authorization", "Bearer "+h.key, "Cookie", "__Host-pai-notify="+planted).must(200)
	if strings.Contains(answer.header.Get("Set-Cookie"), planted) {
		t.Error("the token that the browser brought was kept")
	}
	h.raw("GET", "/session", "", "Cookie", "__Host-pai-notify="+planted).code(401, "Unauthenticated")
	// Signing in anew ends the session that the browser had.
	old := h.signIn(h.key)
	h.raw("POST", "/session", "", "Authorization", "Bearer "+h.key, "Cookie", old).must(200)
	h.raw("GET", "/session", "", "Cookie", old).code(401, "Unauthenticated")
}

func TestASessionEnds(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	key, id := h.make(map[string]any{"name": "x", "role": "editor"})
	idle, used, out, revoked := h.signIn(h.key), h.signIn(h.key), h.signIn(h.key), h.signIn(key)

	answer := h.raw("DELETE", "/session", "", ours(out)...).must(204)
	if set := answer.header.Get("Set-Cookie"); !strings.Contains(set, "Max-Age=0") {
		t.Errorf("signing out leaves the cookie: %q", set)
	}
	h.raw("GET", "/session", "", ours(out)...).code(401, "Unauthenticated") // replayed

	h.raw("GET", "/session", "", ours(revoked)...).must(200)
	h.as(h.key, "DELETE", "/keys/"+id, nil).must(204)
	h.raw("GET", "/session", "", ours(revoked)...).code(401, "Unauthenticated")

	for range 23 { // within 11.5 hours
		h.pass(30 * time.Minute)
		h.raw("GET", "/session", "", ours(used)...).must(200)
	}
	h.raw("GET", "/session", "", ours(idle)...).code(401, "Unauthenticated")
	h.pass(30 * time.Minute)
	h.raw("GET", "/session", "", ours(used)...).code(401, "Unauthenticated") // 12 hours are over
}

func TestAKeyIsNoSessionAndASessionNoKey(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	cookie := h.signIn(h.key)
	_, token, _ := strings.Cut(cookie, "=")
	h.raw("GET", "/session", "", "Authorization", "Bearer "+token).code(401, "Unauthenticated")
	h.raw("GET", "/session", "", "Cookie", "__Host-pai-notify="+h.key).code(401, "Unauthenticated")
	h.raw("GET", "/session", "", "Cookie", cookie, "Authorization", "Basic abc").code(401, "Unauthenticated")
	h.raw("POST", "/session", "", ours(cookie)...).code(409, "SignedIn")
	h.raw("GET", "/session", "", "Cookie", cookie+"x").code(401, "Unauthenticated")
}

func TestMoreSessionsThanThereMayBeEndTheOldest(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	first := h.signIn(h.key)
	for range access.MaxSessions {
		h.pass(time.Second)
		h.signIn(h.key)
	}
	h.raw("GET", "/session", "", ours(first)...).code(401, "Unauthenticated")
}

func TestAKeyIsShownOnceAndGoesNoFurtherThanItsMaker(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	made := h.as(h.key, "POST", "/keys", map[string]any{
		"name": "夜班", "role": "admin", "workspaces": []string{"nlp_train"}, "paiUser": "2000", "days": 10,
	}).must(201)
	var shown struct {
		ID, Key, State string
		Expires        time.Time
	}
	made.into(&shown)
	if !strings.HasPrefix(shown.Key, "pnk_"+shown.ID+"_") || shown.State != "usable" || shown.Expires.Sub(h.now) != 240*time.Hour {
		t.Errorf("made %s", made.text)
	}
	if list := h.as(h.key, "GET", "/keys", nil).must(200); strings.Contains(list.text, shown.Key) || !strings.Contains(list.text, shown.ID) {
		t.Errorf("the list tells %s", list.text)
	}
	// The administrator of one workspace makes keys for it alone, and sees and revokes no others.
	own := shown.Key
	var narrow struct{ Workspaces []string }
	h.as(own, "POST", "/keys", map[string]any{"name": "x", "role": "editor"}).must(201).into(&narrow)
	if len(narrow.Workspaces) != 1 || narrow.Workspaces[0] != "nlp_train" {
		t.Errorf("a narrow administrator made a key for %v", narrow.Workspaces)
	}
	h.as(own, "POST", "/keys", map[string]any{"name": "x", "role": "viewer", "workspaces": []string{"cv_lab"}}).code(422, "Invalid")
	_, other := h.make(map[string]any{"name": "other", "role": "viewer", "workspaces": []string{"cv_lab"}})
	if list := h.as(own, "GET", "/keys", nil).must(200); strings.Contains(list.text, other) || !strings.Contains(list.text, shown.ID) {
		t.Errorf("a narrow administrator sees %s", list.text)
	}
	h.as(own, "DELETE", "/keys/"+other, nil).code(404, "KeyNotFound")
	h.as(h.key, "DELETE", "/keys/"+strings.Repeat("a", 10), nil).code(404, "KeyNotFound")
	h.pass(241 * time.Hour)
	h.as(own, "GET", "/session", nil).code(401, "Unauthenticated")
}

func TestFaultsOfAKeyAreNamedAtOnce(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	answer := h.as(h.key, "POST", "/keys", map[string]any{
		"name": " ", "role": "king", "workspaces": []string{"a b", "x", "x"}, "paiUser": "me", "days": 4000,
	})
	answer.code(422, "Invalid")
	for _, path := range []string{"name", "role", "workspaces[0]", "workspaces[2]", "paiUser", "days"} {
		if !strings.Contains(answer.text, `"path":"`+path+`"`) {
			t.Errorf("no fault at %s: %s", path, answer.text)
		}
	}
}

func TestTheLastAdministratorsKeyStays(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	id := strings.Split(h.key, "_")[1]
	h.as(h.key, "DELETE", "/keys/"+id, nil).code(409, "LastAdmin")
	h.make(map[string]any{"name": "ends", "role": "admin"}) // it expires, so it does not count
	h.as(h.key, "DELETE", "/keys/"+id, nil).code(409, "LastAdmin")
}

func TestWhoAsksWithoutPauseIsToldToWait(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	for n := range 1000 {
		answer := h.as(h.key, "GET", "/session", nil)
		if answer.status == 200 {
			continue
		}
		answer.code(429, "Throttled")
		if n < 100 || answer.header.Get("Retry-After") == "" {
			t.Errorf("refused after %d requests, Retry-After %q", n, answer.header.Get("Retry-After"))
		}
		h.pass(time.Second)
		h.as(h.key, "GET", "/session", nil).must(200)
		return
	}
	t.Error("a thousand requests at once were let through")
}

func TestEveryChangeIsAuditedWithoutSecrets(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	secret, id := h.make(map[string]any{"name": "x", "role": "viewer"})
	h.as(h.key, "DELETE", "/keys/"+id, nil).must(204)
	h.signIn(h.key)
	var list struct{ Items []Row }
	answer := h.as(h.key, "GET", "/audit", nil).must(200)
	answer.into(&list)
	var told []string
	for _, r := range list.Items {
		told = append(told, r.Action+" "+r.Outcome)
		if r.Who != strings.Split(h.key, "_")[1] || r.Role != "admin" || r.Address != "192.0.2.1" || r.At.IsZero() {
			t.Errorf("row %+v does not say who and from where", r)
		}
	}
	if got, want := strings.Join(told, ", "), "key.make begun, key.make done, key.revoke begun, key.revoke done, session.open done"; got != want {
		t.Errorf("audit = %s, want %s", got, want)
	}
	if !strings.Contains(string(list.Items[2].Before), id) || !strings.Contains(string(list.Items[3].After), "revoked") {
		t.Errorf("before %s, after %s", list.Items[2].Before, list.Items[3].After)
	}
	export := h.as(h.key, "GET", "/audit/export?action=key", nil).must(200)
	if n := strings.Count(export.text, "\n"); n != 4 {
		t.Errorf("%d lines exported, want 4: %s", n, export.text)
	}
	for _, text := range []string{answer.text, export.text} {
		if strings.Contains(text, secret) || strings.Contains(text, h.key) || strings.Contains(text, "pns_") {
			t.Errorf("the audit holds a secret: %s", text)
		}
	}
	content, err := os.ReadFile(h.path + "-wal")
	if err != nil || bytes.Contains(content, []byte(secret)) {
		t.Errorf("the database holds a key: %v", err)
	}
}

func TestAnAuditThatWasTamperedWithShows(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]string{
		"a row changed":        "update audit set who = 'nobody' where n = 3",
		"a row deleted":        "delete from audit where n = 3",
		"the last row deleted": "delete from audit where n = 8",
		"a row added":          "update audit_head set n = 9",
		"nothing":              "update audit set who = who",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHarness(t)
			for range 4 {
				h.make(map[string]any{"name": "x", "role": "viewer"})
			}
			if err := h.db.Write(t.Context(), false, func(tx *sql.Tx) error {
				_, err := tx.Exec(change)
				return err
			}); err != nil {
				t.Fatal(err)
			}
			answer := h.as(h.key, "GET", "/audit/verification", nil)
			if name == "nothing" {
				answer.must(200)
				return
			}
			answer.code(409, "AuditTampered")
		})
	}
}
