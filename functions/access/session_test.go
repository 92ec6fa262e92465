package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"pai-notify/shared/access"
)

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
