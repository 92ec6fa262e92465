package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"pai-notify/shared/access"
	"pai-notify/shared/catalog"
	"pai-notify/shared/channel"
	"pai-notify/shared/channel/dingtalk"
	"pai-notify/shared/connectivity"
	"pai-notify/shared/contact"
	"pai-notify/shared/database/migrate"
	"pai-notify/shared/environment"
	"pai-notify/shared/event"
	"pai-notify/shared/httpapi"
	"pai-notify/shared/ledger"
	"pai-notify/shared/message"
	"pai-notify/shared/rule"
	"pai-notify/shared/seal"
)

// memory keeps rules for tests, in place of EventBridge.
type memory struct {
	*rule.Memory
	puts map[string]error // errors of Put, by rule
}

func (m *memory) Buses(_ context.Context, prefix string) ([]string, error) {
	list := []string{"pai-systematic", prefix + "gone"}
	for _, w := range m.Workspaces {
		list = append(list, prefix+w)
	}
	return list, nil
}

func (m *memory) Put(ctx context.Context, workspace string, r rule.Rule, match string) (rule.Saved, error) {
	if err := m.puts[r.Name]; err != nil {
		return rule.Saved{}, err
	}
	return m.Memory.Put(ctx, workspace, r, match)
}

func (m *memory) SetEnabled(ctx context.Context, workspace, name string, on bool, match string) (rule.Saved, error) {
	saved, err := m.Get(ctx, workspace, name)
	if err != nil {
		return saved, err
	}
	if err := rule.CheckMatch(workspace, name, match, saved.ETag); err != nil {
		return saved, err
	}
	saved.Enabled = on
	return m.Put(ctx, workspace, saved.Rule, saved.ETag)
}

// phone is a channel that reaches contacts, for tests: it keeps what it was given.
type phone struct {
	spec channel.Spec
	mu   sync.Mutex
	got  []channel.Settings
	said []message.Message
	err  error
}

func (p *phone) Spec() channel.Spec { return p.spec }

func (p *phone) Send(_ context.Context, to channel.Settings, m message.Message) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.got, p.said = append(p.got, to), append(p.said, m)
	return "receipt-1", p.err
}

// harness is the API on an SQLite file, with rules in memory, channels that send nothing, and one admin key.
type harness struct {
	*service
	t      testing.TB
	api    *httpapi.API
	memory *memory
	sms    *phone
	key    string
	now    time.Time
	log    *strings.Builder
}

func newHarness(t *testing.T) *harness {
	t.Helper()
	key, err := seal.NewKey(bytes.NewReader(bytes.Repeat([]byte{7}, 64)))
	if err != nil {
		t.Fatal(err)
	}
	sources := []string{"dlc", "flow", "dsw", "delivery"}
	h := &harness{t: t, log: &strings.Builder{}, now: time.Unix(1_800_000_000, 0), sms: &phone{spec: channel.Spec{
		Name: "sms", Title: event.Text{"en": "SMS"}, Contacts: true, Once: true, Sources: sources,
		Pace: []channel.Pace{{Burst: 2, Every: time.Hour}},
	}}}
	channels := []channel.Channel{
		dingtalk.New(channel.Deps{}), h.sms,
		&phone{spec: channel.Spec{Name: "voice", Title: event.Text{"en": "Voice"}, Contacts: true, Sources: sources}},
		&phone{spec: channel.Spec{Name: "email", Title: event.Text{"en": "E-mail"}, Contacts: true, Sources: sources}},
	}
	env := environment.Environment{
		DatabaseURL: "sqlite:" + filepath.Join(t.TempDir(), "pai.db"), SealKeys: key, Region: "cn-hangzhou",
	}
	if h.service, err = newService(env, slog.New(slog.NewJSONHandler(h.log, nil)), channels); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.db.Close() })
	if _, err := migrate.Up(t.Context(), h.db); err != nil {
		t.Fatal(err)
	}
	_, hash := access.NewToken()
	if h.key, err = (access.Bootstrap{Keys: h.keys, Hash: hash}).Redeem(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	sealer, err := seal.ParseKeys(key)
	if err != nil {
		t.Fatal(err)
	}
	clock := func() time.Time { return h.now }
	h.book = contact.New(h.db, clock)
	h.tester = connectivity.Tester{Ledger: ledger.New(h.db, sealer, clock), Function: "contacts"}
	base, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	h.memory = &memory{puts: map[string]error{}, Memory: &rule.Memory{
		Workspaces: []string{"nlp_train", "cv_lab"}, Catalog: base, Keys: sealer, Specs: h.specs(),
	}}
	h.open = func(*catalog.Catalog, rule.Limits) store { return h.memory }
	h.api = h.service.api()
	return h
}

// may changes what the harness's key may do.
func (h *harness) may(role access.Role, workspaces string) {
	h.t.Helper()
	err := h.db.Write(h.t.Context(), false, func(tx *sql.Tx) error {
		_, err := tx.Exec("update api_key set role = $1, workspaces = $2", string(role), workspaces)
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
}

// save puts a rule with these targets.
func (h *harness) save(workspace, name string, targets ...rule.Target) {
	h.t.Helper()
	r := rule.Rule{Name: name, Enabled: true, Targets: targets, Event: catalog.Choice{
		Source: "dlc", Options: []string{"dlc.job.failed"}, Scope: catalog.Scope{Kind: catalog.AllInWorkspace},
	}}
	if _, err := h.memory.Put(h.t.Context(), workspace, r, rule.MatchMissing); err != nil {
		h.t.Fatal(err)
	}
}

func texts(id string, contacts ...string) rule.Target {
	return rule.Target{ID: id, Channel: "sms", Contacts: contacts}
}

// said is an answer.
type said struct {
	t      testing.TB
	status int
	header http.Header
	text   string
}

// ask makes a request with the harness's key. A body that is no string goes as JSON.
func (h *harness) ask(method, path string, body any, headers ...string) said {
	h.t.Helper()
	var reader io.Reader = http.NoBody
	if text, ok := body.(string); ok {
		reader = strings.NewReader(text)
	} else if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			h.t.Fatal(err)
		}
		reader = bytes.NewReader(encoded)
	}
	r := httptest.NewRequestWithContext(h.t.Context(), method, "/api/v1"+path, reader)
	r.Header.Set("Authorization", "Bearer "+h.key)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.api.ServeHTTP(w, r)
	if log := h.log.String(); strings.Contains(log, "0013800") || strings.Contains(log, "alice@") {
		h.t.Errorf("%s %s: the log holds an address: %s", method, path, log)
	}
	return said{h.t, w.Code, w.Result().Header, w.Body.String()}
}

// must ends the test where the status is another.
func (s said) must(status int) said {
	s.t.Helper()
	if s.status != status {
		s.t.Fatalf("status %d, want %d: %s", s.status, status, s.text)
	}
	return s
}

func into[T any](s said) T {
	s.t.Helper()
	var v T
	if err := json.Unmarshal([]byte(s.text), &v); err != nil {
		s.t.Fatalf("answer %s: %v", s.text, err)
	}
	return v
}

// problem is the answer as a problem, which is complete.
func (s said) problem(status int, code string) httpapi.Problem {
	s.t.Helper()
	p := into[httpapi.Problem](s)
	if s.status != status || p.Status != status || p.Code != code || p.Detail == "" || p.Advice == "" {
		s.t.Errorf("problem %s of status %d, want %d %s with detail and advice", s.text, s.status, status, code)
	}
	for _, f := range p.Errors {
		if f.ZH == "" || f.ZH == f.Message {
			s.t.Errorf("the fault of %q is not told in Chinese: %s", f.Path, f.Message)
		}
	}
	return p
}

// faults wants faults at these paths, in this order.
func (s said) faults(paths ...string) []httpapi.Field {
	s.t.Helper()
	list := s.problem(http.StatusUnprocessableEntity, "Invalid").Errors
	var got []string
	for _, f := range list {
		got = append(got, f.Path)
	}
	if strings.Join(got, " ") != strings.Join(paths, " ") {
		s.t.Errorf("faults at %q, want %q: %s", got, paths, s.text)
	}
	return list
}

// object is a JSON object.
type object = map[string]any

func alice() object {
	return object{"id": "alice", "name": "Alice Chen", "phone": "138 0013 8000", "email": "alice@example.com", "dingtalk": "13800138000",
		"paiUser": "2000", "note": "night shift"}
}
