package main

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	smithyhttp "github.com/aws/smithy-go/transport/http"

	"pai-notify/shared/access"
	"pai-notify/shared/catalog"
	"pai-notify/shared/channel"
	"pai-notify/shared/channel/all"
	"pai-notify/shared/connectivity"
	"pai-notify/shared/database/migrate"
	"pai-notify/shared/environment"
	"pai-notify/shared/httpapi"
	"pai-notify/shared/ledger"
	"pai-notify/shared/rule"
	"pai-notify/shared/seal"
)

// Planted secrets, which no answer and no log may hold.
const (
	plantedToken  = "5eadbeef5eadbeef5eadbeef5eadbeef5eadbeef5eadbeef5eadbeef5eadbeef"
	plantedSecret = "SEC00decade00decade00decade00decade00decade00decade00decade00decade"
)

// object is a JSON object.
type object = map[string]any

// harness is the API on an SQLite file, with rules in memory, one admin key, and a clock that a test moves.
type harness struct {
	*service
	t      testing.TB
	sealer *seal.Keyset
	key    string
	opener opener
	now    time.Time
	client smithyhttp.ClientDo // nil: the real one
	allow  []string            // host:port that channels may reach
	got    []string            // bodies that receivers got; tests ask one after the other
	log    *strings.Builder
}

func newHarness(t *testing.T) *harness {
	t.Helper()
	key, err := seal.NewKey(bytes.NewReader(bytes.Repeat([]byte{7}, 64)))
	if err != nil {
		t.Fatal(err)
	}
	h := &harness{t: t, log: &strings.Builder{}, now: time.Unix(1_800_000_000, 0)}
	h.service, err = newService(environment.Environment{DatabaseURL: "sqlite:" + filepath.Join(t.TempDir(), "pai.db"), SealKeys: key},
		slog.New(slog.NewJSONHandler(h.log, nil)), channel.Deps{})
	if err != nil {
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
	if h.sealer, err = seal.ParseKeys(key); err != nil {
		t.Fatal(err)
	}
	h.ledger = ledger.New(h.db, h.sealer, func() time.Time { return h.now })
	h.saved = func(*catalog.Catalog) opener { return h.opener }
	return h
}

// reach lets channels reach host:port over plain http, and gives its address.
func (h *harness) reach(address string) string {
	h.allow = append(h.allow, address)
	return "http://" + address
}

func (h *harness) advance(d time.Duration) { h.now = h.now.Add(d) }

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
func (h *harness) save(name string, targets ...rule.Target) {
	h.t.Helper()
	base, err := catalog.Load()
	if err != nil {
		h.t.Fatal(err)
	}
	m := &rule.Memory{
		Workspaces: []string{"nlp_train", "cv_lab"}, Catalog: base, Keys: h.sealer, Specs: all.Specs(channel.Deps{Allow: h.allow}),
	}
	r := rule.Rule{Name: name, Targets: targets, Event: catalog.Choice{
		Source: "dlc", Options: []string{"dlc.job.failed"}, Scope: catalog.Scope{Kind: catalog.AllInWorkspace},
	}}
	if _, err := m.Put(h.t.Context(), "nlp_train", r, rule.MatchMissing); err != nil {
		h.t.Fatal(err)
	}
	h.opener = m
}

// said is an answer.
type said struct {
	t      testing.TB
	status int
	header http.Header
	text   string
}

// ask orders a test. A body that is no string goes as JSON.
func (h *harness) ask(body any, headers ...string) said {
	h.t.Helper()
	text, ok := body.(string)
	if !ok {
		encoded, err := json.Marshal(body)
		if err != nil {
			h.t.Fatal(err)
		}
		text = string(encoded)
	}
	client := h.client
	if client == nil {
		client = channel.Client(nil, h.allow)
	}
	h.channels = all.Channels(channel.Deps{Client: client, Now: func() time.Time { return h.now }, Allow: h.allow})
	r := httptest.NewRequestWithContext(h.t.Context(), http.MethodPost, "/api/v1/connectivity", strings.NewReader(text))
	r.Header.Set("Authorization", "Bearer "+h.key)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.api().ServeHTTP(w, r)
	for what, text := range map[string]string{"answer": w.Body.String(), "log": h.log.String()} {
		if strings.Contains(text, plantedToken) || strings.Contains(text, plantedSecret) {
			h.t.Errorf("the %s holds a secret: %s", what, text)
		}
	}
	return said{h.t, w.Code, w.Result().Header, w.Body.String()}
}

// test orders a test and wants a result.
func (h *harness) test(order object, language string) connectivity.Result {
	h.t.Helper()
	s := h.ask(order, "Accept-Language", language)
	var r connectivity.Result
	if err := json.Unmarshal([]byte(s.text), &r); err != nil || s.status != http.StatusOK {
		h.t.Fatalf("status %d: %s (%v)", s.status, s.text, err)
	}
	if r.MS < 0 || r.OK == (r.Step != "") || r.OK == (r.Class != "delivered" && r.Class != connectivity.Accepting) {
		h.t.Errorf("result %s contradicts itself", s.text)
	}
	return r
}

// problem is the answer as a problem, which is complete.
func (s said) problem(status int, code string) httpapi.Problem {
	s.t.Helper()
	var p httpapi.Problem
	if err := json.Unmarshal([]byte(s.text), &p); err != nil || s.header.Get("Content-Type") != "application/problem+json" {
		s.t.Fatalf("status %d is no problem: %s (%v)", s.status, s.text, err)
	}
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
	p := s.problem(http.StatusUnprocessableEntity, "Invalid")
	if !slices.ContainsFunc(p.Errors, func(f httpapi.Field) bool { return f.Path == path && f.Message != "" }) {
		s.t.Errorf("no fault at %q: %s", path, s.text)
	}
}
