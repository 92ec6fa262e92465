package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
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
	"pai-notify/shared/clock"
	"pai-notify/shared/database/migrate"
	"pai-notify/shared/environment"
	"pai-notify/shared/fault"
	"pai-notify/shared/httpapi"
	"pai-notify/shared/ledger"
	"pai-notify/shared/replay"
	"pai-notify/shared/rule"
	"pai-notify/shared/seal"
)

// Planted secrets, which no answer and no log may hold.
const (
	wrongToken = "bad0bad0bad0bad0bad0bad0bad0bad0bad0bad0bad0bad0bad0bad0bad0bad0"
	rightToken = "600d600d600d600d600d600d600d600d600d600d600d600d600d600d600d600d"
)

const bus = "pai-system-nlp_train"

// harness is the API on an SQLite file, with rules in memory, a ledger and one admin key.
type harness struct {
	*service
	t      testing.TB
	api    *httpapi.API
	memory *rule.Memory
	key    string
	log    *safeLog
	now    time.Time
}

func newHarness(tb testing.TB) *harness {
	tb.Helper()
	h := &harness{t: tb, log: &safeLog{}, now: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)}
	key, err := seal.NewKey(bytes.NewReader(bytes.Repeat([]byte{7}, 64)))
	if err != nil {
		tb.Fatal(err)
	}
	s, err := newService(environment.Environment{
		DatabaseURL: "sqlite:" + filepath.Join(tb.TempDir(), "pai.db"), SealKeys: key, Clock: clock.Clock{},
	}, slog.New(slog.NewJSONHandler(h.log, nil)))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = s.db.Close() })
	h.service = s
	s.clock = func() time.Time { return h.now }
	s.ledger = ledger.New(s.db, s.sealer, s.clock)
	if _, err := migrate.Up(tb.Context(), s.db); err != nil {
		tb.Fatal(err)
	}
	_, hash := access.NewToken()
	if h.key, err = (access.Bootstrap{Keys: s.keys, Hash: hash}).Redeem(tb.Context(), ""); err != nil {
		tb.Fatal(err)
	}
	base, err := catalog.Load()
	if err != nil {
		tb.Fatal(err)
	}
	h.memory = &rule.Memory{Workspaces: []string{"nlp_train", "cv_lab"}, Catalog: base, Keys: s.sealer, Specs: s.specs}
	s.open = func(*catalog.Catalog) replay.Store { return h.memory }
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

// save makes or replaces a rule that tells a DingTalk robot of failed jobs.
func (h *harness) save(workspace, name, token string) {
	h.t.Helper()
	_, err := h.memory.Put(h.t.Context(), workspace, rule.Rule{
		Name: name, Enabled: true,
		Event:   catalog.Choice{Source: "dlc", Options: []string{"dlc.job.failed"}, Scope: catalog.Scope{Kind: catalog.AllInWorkspace}},
		Targets: []rule.Target{{ID: "ops", Channel: "dingtalk", Settings: robot(token)}},
	}, rule.MatchAny)
	if err != nil {
		h.t.Fatal(err)
	}
}

func robot(token string) channel.Settings {
	return channel.Settings{"webhook": "https://oapi.dingtalk.com/robot/send?access_token=" + token}
}

// entry is a delivery of an event by a rule of [harness.save].
func (h *harness) entry(workspace, name string, n int) ledger.Entry {
	h.t.Helper()
	r := rule.Rule{Name: name, Targets: []rule.Target{{ID: "ops", Channel: "dingtalk", Settings: robot(wrongToken)}}}
	envelopes, err := r.Envelopes("pai-system-"+workspace, 1, h.specs, h.sealer)
	if err != nil {
		h.t.Fatal(err)
	}
	unit, err := json.Marshal(envelopes[0].Target)
	if err != nil {
		h.t.Fatal(err)
	}
	id := fmt.Sprintf("event-%d", n)
	return ledger.Entry{
		EventSource: "acs.paidlc", EventID: id, Bus: "pai-system-" + workspace, Rule: name, Target: "ops", Channel: "dingtalk",
		Address: "dingtalk " + wrongToken, Object: fmt.Sprintf("dlc%d", n), Owner: "*", Happened: h.now, Sealed: unit, Event: []byte(`{"id":"` + id + `"}`),
	}
}

// terms let everything be sent at once.
func terms() ledger.Terms { return ledger.Terms{Lease: time.Minute, Patience: time.Second} }

// enter puts deliveries into the ledger: dead of a wrong token, waiting or delivered.
func (h *harness) enter(workspace, name string, state ledger.State, from, to int) (ids []string) {
	h.t.Helper()
	for n := from; n < to; n++ {
		e := h.entry(workspace, name, n)
		if state == ledger.Waiting {
			e.NotBefore = h.now.Add(time.Hour)
		}
		ids = append(ids, e.ID())
		list, err := h.ledger.Claim(h.t.Context(), terms(), []ledger.Entry{e})
		if err != nil {
			h.t.Fatal(err)
		}
		outcome := channel.Outcome{Class: channel.Misconfigured, Code: "300005", Text: "token is not exist"}
		switch state {
		case ledger.Waiting:
			continue
		case ledger.Delivered:
			outcome = channel.Outcome{Class: channel.Delivered}
		}
		states, err := h.ledger.Record(h.t.Context(), []ledger.Result{{Delivery: list[0], Attempts: []ledger.Attempt{
			{At: h.now, Took: 40 * time.Millisecond, Outcome: outcome},
		}}})
		if err != nil || states[0] != state {
			h.t.Fatalf("entered as %v, %v; want %s", states, err, state)
		}
	}
	return ids
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
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			h.t.Fatal(err)
		}
		reader = bytes.NewReader(encoded)
	}
	if path != "/healthz" {
		path = "/api/v1" + path
	}
	r := httptest.NewRequestWithContext(h.t.Context(), method, path, reader)
	if path != "/healthz" {
		r.Header.Set("Authorization", "Bearer "+h.key)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.api.ServeHTTP(w, r)
	for _, secret := range []string{wrongToken, rightToken} {
		if strings.Contains(w.Body.String()+h.log.String(), secret) {
			h.t.Errorf("%s %s tells a secret, or logs it: %s", method, path, w.Body.String())
		}
	}
	return said{h.t, w.Code, w.Result().Header, w.Body.String()}
}

// finish asks for a job until it is done: each call works for as long as it may, which on a slow machine is less than all.
func (h *harness) finish(path string, body any, key string) said {
	h.t.Helper()
	for range 1000 {
		if s := h.ask("POST", path, body, "Idempotency-Key", key); s.status != http.StatusAccepted {
			return s.must(http.StatusOK)
		}
	}
	h.t.Fatal("the job does not end")
	return said{}
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

// items are a list's.
func (s said) items() (items []Delivery, next string) {
	s.t.Helper()
	var list struct {
		Items []Delivery
		Next  string
	}
	s.must(http.StatusOK).into(&list)
	return list.Items, list.Next
}

// problem is the answer as a problem, which is complete.
func (s said) problem(status int, code string) httpapi.Problem {
	s.t.Helper()
	var p httpapi.Problem
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
	for _, f := range s.problem(http.StatusUnprocessableEntity, "Invalid").Errors {
		if f.Path == path && f.Message != "" {
			return
		}
	}
	s.t.Errorf("want a fault at %q: %s", path, s.text)
}

// outage is EventBridge out of reach.
type outage struct{}

func (outage) Open(context.Context, string, string, string) (rule.Target, error) {
	return rule.Target{}, &rule.Error{Code: rule.CodeUnavailable, Text: fault.Say("EventBridge gave no usable answer", "EventBridge 没有给出可用的应答")}
}

func broken(*catalog.Catalog) replay.Store { return outage{} }

func (h *harness) working(*catalog.Catalog) replay.Store { return h.memory }
