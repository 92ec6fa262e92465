package httpapi

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/aliyun/fc-runtime-go-sdk/events"
	"github.com/aliyun/fc-runtime-go-sdk/fccontext"
	"github.com/google/go-cmp/cmp"
)

func ptr[T any](v T) *T { return &v }

func trigger(method, path, body string, headers map[string]string) events.HTTPTriggerEvent {
	e := events.HTTPTriggerEvent{RawPath: &path, Body: &body, Headers: &headers, IsBase64Encoded: ptr(false)}
	e.TriggerContext.Http.Method = &method
	e.TriggerContext.RequestId = ptr("1-2-3")
	return e
}

func TestARequestComesThroughTheTriggerAsItWasSent(t *testing.T) {
	t.Parallel()
	var got *http.Request
	var body []byte
	serve := Serve(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got = r
		body, _ = io.ReadAll(r.Body)
	}), slog.New(slog.DiscardHandler))
	raw := []byte{0xff, 0, 'x'}
	e := trigger("post", "/a%2Fb/%E4%BD%A0", base64.StdEncoding.EncodeToString(raw),
		map[string]string{"CONTENT-type": "application/json", "host": "api.example.com", "x-two": "1,2", "X-Two": "3"})
	e.IsBase64Encoded = ptr(true)
	e.QueryParameters = &map[string]string{"workspace": "nlp train&x=1", "empty": ""}
	e.TriggerContext.Http.SourceIp = ptr("192.0.2.1")
	if _, err := serve(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	if got.Method != "POST" || got.URL.Path != "/a/b/你" || got.URL.EscapedPath() != "/a%2Fb/%E4%BD%A0" ||
		got.Host != "api.example.com" || got.RemoteAddr != "192.0.2.1" || string(body) != string(raw) {
		t.Errorf("request %s %s host %s from %s body %q", got.Method, got.URL, got.Host, got.RemoteAddr, body)
	}
	if q := got.URL.Query(); q.Get("workspace") != "nlp train&x=1" || len(q) != 2 {
		t.Errorf("query = %v", q)
	}
	if h := got.Header; h.Get("Content-Type") != "application/json" || strings.Join(h.Values("X-Two"),
		",") != "1,2,3" ||
		h.Get(RequestID) != "1-2-3" {
		t.Errorf("headers = %v", h)
	}
}

func TestAnAnswerKeepsToWhatTheTriggerTakes(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	serve := Serve(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Vary"] = []string{"Accept", "Accept-Language"}
		w.Header()["Set-Cookie"] = []string{"a=1", "b=2"}
		w.Header().Set("Content-Disposition", "attachment")
		w.Header().Set("X-Fc-Something", "1")
		w.Header().Set("Date", "now")
		w.WriteHeader(http.StatusTeapot)
		w.WriteHeader(http.StatusOK)
		_, _ = w.Write([]byte{0xff})
	}), slog.New(slog.NewJSONHandler(&log, nil)))
	out, err := serve(t.Context(), trigger("GET", "/", "", nil))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"Vary": "Accept, Accept-Language", "Set-Cookie": "b=2", RequestID: "1-2-3"}
	if diff := cmp.Diff(want, out.Headers); diff != "" || out.StatusCode != http.StatusTeapot {
		t.Errorf("status %d, headers (-want +got):\n%s", out.StatusCode, diff)
	}
	if !out.IsBase64Encoded || out.Body != base64.StdEncoding.EncodeToString([]byte{0xff}) {
		t.Errorf("body %q, base64 %v", out.Body, out.IsBase64Encoded)
	}
	for _, want := range []string{"Content-Disposition", "X-Fc-Something", "cookie"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log does not tell of %s: %s", want, log.String())
		}
	}
}

func TestWhatTheTriggerCannotMeanIsAProblem(t *testing.T) {
	t.Parallel()
	serve := Serve(newAPI(t, io.Discard), slog.New(slog.DiscardHandler))
	bad := trigger("GET", "/%zz", "", nil)
	noSlash := trigger("GET", "x", "", nil)
	method := trigger("G E T", "/", "", nil)
	base := trigger("GET", "/", "!", nil)
	base.IsBase64Encoded = ptr(true)
	for _, e := range []events.HTTPTriggerEvent{bad, noSlash, method, base, {}} {
		out, err := serve(t.Context(), e)
		if err != nil || out.StatusCode != 400 || out.Headers["Content-Type"] != problemType {
			t.Errorf("= %+v, %v, want a problem of status 400", out, err)
		}
	}
	var log bytes.Buffer
	panics := Serve(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		_, _ = w.Write([]byte("half an ans"))
		panic("hunter2")
	}), slog.New(slog.NewJSONHandler(&log, nil)))
	out, err := panics(t.Context(), trigger("GET", "/", "", nil))
	var p Problem
	if err != nil || out.StatusCode != 500 || json.Unmarshal([]byte(out.Body), &p) != nil || p.Code != "Internal" {
		t.Errorf("panic = %+v, %v, want a whole problem of status 500", out, err)
	}
	if !strings.Contains(log.String(), `"panic":"a string"`) || strings.Contains(log.String(), "hunter2") {
		t.Errorf("the log is to tell of the panic and not its value: %s", log.String())
	}
}

func TestARequestKnowsItsPlatformAndDoesNotPrintItsKeys(t *testing.T) {
	t.Parallel()
	var got Platform
	serve := Serve(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = PlatformOf(r.Context()) }),
		slog.New(slog.DiscardHandler))
	fc := &fccontext.FcContext{Region: "cn-hangzhou", AccountId: "1"}
	fc.Function.Name = "pai-notify-setup"
	fc.Credentials = fccontext.Credentials{AccessKeyId: "STS.1", AccessKeySecret: "hunter2", SecurityToken: "token2"}
	if _, err := serve(fccontext.NewContext(t.Context(), fc), trigger("GET", "/", "", nil)); err != nil {
		t.Fatal(err)
	}
	want := Platform{"pai-notify-setup", "cn-hangzhou", "1", "STS.1", "hunter2", "token2"}
	if got != want {
		t.Errorf("platform = %+v, want %+v", got, want)
	}
	for _, text := range []string{fmt.Sprint(got), fmt.Sprintf("%+v", got), fmt.Sprintf("%#v", got)} {
		if strings.Contains(text, "hunter2") || strings.Contains(text, "token2") {
			t.Errorf("printed as %s", text)
		}
	}
	if p := PlatformOf(t.Context()); p != (Platform{}) {
		t.Errorf("outside the platform it is %v", p)
	}
}

func FuzzServe(f *testing.F) {
	f.Add([]byte(`{"rawPath":"/api/v1/things/x","requestContext":{"http":{"method":"PUT"}},"body":"{}","headers":{"authorization":"Bearer k"}}`))
	f.Add([]byte(`{"rawPath":"/a%2","isBase64Encoded":true,"body":"!","headers":null,"queryParameters":{"a":"b"}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var e events.HTTPTriggerEvent
		if json.Unmarshal(raw, &e) != nil {
			return
		}
		out, err := Serve(newAPI(t, io.Discard), slog.New(slog.DiscardHandler))(context.Background(), e)
		if err != nil || out.StatusCode < 200 || out.StatusCode > 599 {
			t.Fatalf("%s: %+v, %v", raw, out, err)
		}
		if out.StatusCode >= 400 && out.Headers["Content-Type"] != problemType {
			t.Fatalf("%s: refusal is no problem: %+v", raw, out)
		}
	})
}

func FuzzCheckJSON(f *testing.F) {
	for _, seed := range []string{`{"a":[1,{"b":null}]}`, `[[[`, `{"a":1,"a":2}`, `1e400`, `"\ud800"`, ` `} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if checkJSON(body) == nil && !json.Valid(body) {
			t.Fatalf("%q passes and is not JSON", body)
		}
	})
}

func TestTheRolesKeysAreThoseOfTheInvocation(t *testing.T) {
	t.Parallel()
	ctx := OnPlatform(t.Context(), Platform{AccessKeyID: "STS.id", AccessKeySecret: "planted", SecurityToken: "token"})
	if id, secret, token, err := RoleKeys(ctx); id != "STS.id" || secret != "planted" || token != "token" || err != nil {
		t.Errorf("RoleKeys = %q, %q, %q, %v; want the platform's", id, secret, token, err)
	}
	if _, _, _, err := RoleKeys(t.Context()); err == nil || !strings.Contains(err.Error(), "give the function a role") {
		t.Errorf("RoleKeys of an invocation without any: %v, want what to do", err)
	}
}
