package main

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"pai-notify/shared/access"
	"pai-notify/shared/environment"
	"pai-notify/shared/httpapi"
	"pai-notify/shared/sighting"
)

// deployment is a set-up function with its cloud.
type deployment struct {
	*setup
	cloud *fakeCloud
	token string
	key   string // sent with requests
	api   *httpapi.API
	t     *testing.T
}

func fresh(t *testing.T, change ...func(*environment.Environment)) *deployment {
	t.Helper()
	token, hash := access.NewToken()
	env := environment.Environment{
		DatabaseURL: "sqlite:" + filepath.Join(t.TempDir(), "pai.db"), SealKeys: sealKeys, BootstrapHash: hash,
		Region: "cn-hangzhou", Account: "1234567890123456", FunctionARN: ownARN + "{function}",
	}
	for _, c := range change {
		c(&env)
	}
	s, err := newSetup(env, slog.New(slog.NewTextHandler(t.Output(), nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.db.Close() })
	f := newFake()
	s.cloud = f
	s.rules = noRules
	return &deployment{setup: s, cloud: f, token: token, key: token, api: s.api(), t: t}
}

// opened is a deployment that has its first key.
func opened(t *testing.T, change ...func(*environment.Environment)) *deployment {
	t.Helper()
	d := fresh(t, change...)
	status, body := d.call("POST", "/api/v1/setup", "{}")
	if d.key = body.Key; status != 200 || d.key == "" {
		t.Fatalf("first POST = %d %+v", status, body)
	}
	return d
}

func (d *deployment) raw(method, path, body string, headers ...string) (*http.Response, []byte) {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+d.key)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	r = r.WithContext(httpapi.OnPlatform(r.Context(), httpapi.Platform{
		Function: "pai-notify-setup", Region: "cn-hangzhou", Account: "1234567890123456"}))
	w := httptest.NewRecorder()
	d.api.ServeHTTP(w, r)
	return w.Result(), w.Body.Bytes()
}

func (d *deployment) call(method, path, body string, headers ...string) (int, answerBody) {
	d.t.Helper()
	response, text := d.raw(method, path, body, headers...)
	var out answerBody
	if err := json.Unmarshal(text, &out); err != nil {
		d.t.Fatalf("%s %s = %s: %v", method, path, text, err)
	}
	return response.StatusCode, out
}

func byID(steps []Step) map[string]Step {
	m := map[string]Step{}
	for _, s := range steps {
		m[s.ID] = s
	}
	return m
}

func (d *deployment) get(workspace string) map[string]Step {
	d.t.Helper()
	status, body := d.call("GET", "/api/v1/setup?workspace="+workspace, "")
	if status != 200 || len(body.Steps) != len(partIDs()) {
		d.t.Fatalf("GET = %d %+v", status, body)
	}
	return byID(body.Steps)
}

func (d *deployment) post(body string) map[string]Step {
	d.t.Helper()
	status, out := d.call("POST", "/api/v1/setup", body)
	if status != 200 {
		d.t.Fatalf("POST %s = %d", body, status)
	}
	return byID(out.Steps)
}

// deliver is what EventBridge and observe do with the last canary.
func (d *deployment) deliver() {
	d.t.Helper()
	var onPurpose *sighting.OnPurposeError
	_, err := d.sightings.Arrive(d.t.Context(), d.cloud.sent[len(d.cloud.sent)-1])
	if err != nil && !errors.As(err, &onPurpose) {
		d.t.Fatal(err)
	}
}
