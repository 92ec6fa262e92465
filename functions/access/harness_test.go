package main

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
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
	for _, f := range p.Errors {
		if f.ZH == "" || f.ZH == f.Message {
			s.t.Errorf("the fault of %q is not told in Chinese: %s", f.Path, f.Message)
		}
	}
}

func (s said) into(v any) {
	s.t.Helper()
	if err := json.Unmarshal([]byte(s.text), v); err != nil {
		s.t.Fatalf("answer %s: %v", s.text, err)
	}
}

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
