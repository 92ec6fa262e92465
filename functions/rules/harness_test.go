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

	"pai-notify/shared/access"
	"pai-notify/shared/catalog"
	"pai-notify/shared/channel"
	"pai-notify/shared/channel/all"
	"pai-notify/shared/database/migrate"
	"pai-notify/shared/environment"
	"pai-notify/shared/eventbridge"
	"pai-notify/shared/httpapi"
	"pai-notify/shared/rule"
	"pai-notify/shared/seal"
)

// Planted secrets, which no answer and no log may hold.
const (
	plantedToken  = "5eadbeef5eadbeef5eadbeef5eadbeef5eadbeef5eadbeef5eadbeef5eadbeef"
	plantedSecret = "SEC00decade00decade00decade00decade00decade00decade00decade00decade"
	author        = "200000000000000001" // PAI user of the harness's key
)

// memory keeps rules for tests, in place of EventBridge.
type memory struct {
	*rule.Memory
	fails map[string]error // of Recompile, by rule
	err   error            // of Get and List
}

func (m *memory) Get(ctx context.Context, workspace, name string) (rule.Saved, error) {
	if m.err != nil {
		return rule.Saved{}, m.err
	}
	return m.Memory.Get(ctx, workspace, name)
}

func (m *memory) SetEnabled(ctx context.Context, workspace, name string, on bool, match string) (rule.Saved, error) {
	saved, err := m.Get(ctx, workspace, name)
	if err != nil {
		return rule.Saved{}, err
	}
	if err := rule.CheckMatch(workspace, name, match, saved.ETag); err != nil || saved.Enabled == on && !saved.Foreign {
		return saved, err
	}
	saved.Enabled = on
	return m.Put(ctx, workspace, saved.Rule, saved.ETag)
}

func (m *memory) Count(ctx context.Context, workspace string) (int, error) {
	list, err := m.List(ctx, workspace)
	return len(list), err
}

func (m *memory) Recompile(ctx context.Context, workspace string) ([]eventbridge.Recompiled, error) {
	list, err := m.List(ctx, workspace)
	if err != nil {
		return nil, err
	}
	var results []eventbridge.Recompiled
	for _, saved := range list {
		if saved.Foreign {
			continue
		}
		err := m.fails[saved.Name]
		if err == nil {
			_, err = m.Put(ctx, workspace, saved.Rule, rule.MatchExists)
		}
		results = append(results, eventbridge.Recompiled{Name: saved.Name, Err: err})
	}
	return results, nil
}

// harness is the API on an SQLite file, with rules in memory and one admin key.
type harness struct {
	*service
	t      testing.TB
	api    *httpapi.API
	memory *memory
	key    string
	opened rule.Limits // the last that a store was asked for with
	log    *safeLog
}

func newHarness(tb testing.TB) *harness {
	tb.Helper()
	h := &harness{t: tb, log: &safeLog{}}
	log := slog.New(slog.NewJSONHandler(h.log, nil))
	key, err := seal.NewKey(bytes.NewReader(bytes.Repeat([]byte{7}, 64)))
	if err != nil {
		tb.Fatal(err)
	}
	s, err := newService(environment.Environment{
		DatabaseURL: "sqlite:" + filepath.Join(tb.TempDir(), "pai.db"), AllowReceivers: []string{"127.0.0.1:9702"}, SealKeys: key,
	}, log)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = s.db.Close() })
	h.service = s
	if _, err := migrate.Up(tb.Context(), s.db); err != nil {
		tb.Fatal(err)
	}
	_, hash := access.NewToken()
	if h.key, err = (access.Bootstrap{Keys: s.keys, Hash: hash}).Redeem(tb.Context(), author); err != nil {
		tb.Fatal(err)
	}
	base, err := catalog.Load()
	if err != nil {
		tb.Fatal(err)
	}
	h.memory = &memory{Memory: &rule.Memory{
		Workspaces: []string{"nlp_train", "cv_lab"}, Catalog: base, Keys: s.sealer,
		Specs: all.Specs(channel.Deps{Allow: []string{"127.0.0.1:9702"}}),
	}}
	s.open = func(_ *catalog.Catalog, limits rule.Limits) store {
		h.log.mu.Lock()
		defer h.log.mu.Unlock()
		h.opened = limits
		return h.memory
	}
	h.api = s.api()
	return h
}

// safeLog is a log that many may write.
type safeLog struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *safeLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *safeLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// may changes what the harness's key may do.
func (h *harness) may(role access.Role, workspaces, paiUser string) {
	h.t.Helper()
	err := h.db.Write(h.t.Context(), false, func(tx *sql.Tx) error {
		_, err := tx.Exec("update api_key set role = $1, workspaces = $2, pai_user = $3", string(role), workspaces, paiUser)
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
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
	if text := w.Body.String(); strings.Contains(text, plantedToken) || strings.Contains(text, plantedSecret) {
		h.t.Errorf("%s %s answers with a secret: %s", method, path, text)
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

func (s said) into(v any) {
	s.t.Helper()
	if err := json.Unmarshal([]byte(s.text), v); err != nil {
		s.t.Fatalf("answer %s: %v", s.text, err)
	}
}

func (s said) rule() Rule {
	s.t.Helper()
	var r Rule
	s.into(&r)
	return r
}

// problem is the answer as a problem, which is complete.
func (s said) problem(status int, code string) httpapi.Problem {
	s.t.Helper()
	var p httpapi.Problem
	if got := s.header.Get("Content-Type"); got != "application/problem+json" {
		s.t.Fatalf("status %d with Content-Type %q: %s", s.status, got, s.text)
	}
	s.into(&p)
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

// faultAt wants a fault at a path that says what is wrong.
func (s said) faultAt(path string) {
	s.t.Helper()
	var paths []string
	for _, f := range s.problem(http.StatusUnprocessableEntity, "Invalid").Errors {
		paths = append(paths, f.Path)
		if f.Path == path && f.Message != "" {
			return
		}
	}
	s.t.Errorf("faults at %q, want one at %q: %s", paths, path, s.text)
}

const rules = "/workspaces/nlp_train/rules"

// object is a JSON object.
type object = map[string]any

func dingtalk(id string) object {
	return object{"id": id, "channel": "dingtalk", "settings": object{
		"webhook": "https://oapi.dingtalk.com/robot/send?access_token=" + plantedToken, "secret": plantedSecret,
	}}
}

func draft(name string, targets ...object) object {
	return object{
		"name": name, "description": "night shift", "targets": targets,
		"event": object{"source": "dlc", "options": []string{"dlc.job.failed"}, "scope": object{"kind": "allInWorkspace"}},
	}
}

// changed is a rule with another value at a path of objects.
func changed(r object, value any, path ...string) object {
	if len(path) == 1 {
		r[path[0]] = value
		return r
	}
	inner, ok := r[path[0]].(object)
	if !ok {
		panic("no object at " + path[0])
	}
	changed(inner, value, path[1:]...)
	return r
}

// exec changes the database.
func (h *harness) exec(statement string) {
	h.t.Helper()
	err := h.db.Write(h.t.Context(), false, func(tx *sql.Tx) error {
		_, err := tx.Exec(statement)
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
}
