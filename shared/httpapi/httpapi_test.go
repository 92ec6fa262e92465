package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/smithy-go"
	"github.com/danielgtaylor/huma/v2"
	"github.com/google/go-cmp/cmp"

	"pai-notify/shared/environment"
	"pai-notify/shared/fault"
)

type part struct {
	URL   string `json:"url"`
	Count int    `json:"count"`
}

type whole struct {
	Name  string `json:"name"`
	Parts []part `json:"parts,omitempty"`
}

type wholeInput struct {
	Asked
	Checked[whole]
	Kind string `path:"kind"`
}

type wholeOutput struct {
	ETag string `header:"ETag"`
	Body whole
}

func checkWhole(_ context.Context, w whole) smithy.InvalidParamsError {
	var faults smithy.InvalidParamsError
	if w.Name == "" {
		faults.Add(smithy.NewErrParamRequired("Name"))
	}
	for _, p := range w.Parts {
		if !strings.HasPrefix(p.URL, "https://") {
			var inner smithy.InvalidParamsError
			inner.Add(fault.New("URL", fault.Say("is not an https address", "不是 https 地址")))
			faults.AddNested("Parts[0]", inner)
		}
	}
	return faults
}

// newAPI is an API with one key, k, and an operation for each of its errors.
func newAPI(t *testing.T, log io.Writer) *API {
	t.Helper()
	a := New(Options{
		Title: "test", OpenAPI: "/api/v1/things/openapi", Open: []string{"GET /healthz"},
		Authenticate: func(ctx context.Context, key string) (context.Context, error) {
			switch key {
			case "k":
				return ctx, nil
			case "broken":
				return nil, errors.New("disk full at /secret/place")
			}
			return nil, &smithy.GenericAPIError{Code: "Unauthenticated", Message: "this API key is not known"}
		},
		Log: slog.New(slog.NewJSONHandler(log, nil)),
	})
	Register(a, huma.Operation{
		OperationID: "put-thing", Method: "PUT", Path: "/api/v1/things/{kind}", Metadata: CheckBody(checkWhole),
	}, func(_ context.Context, in *wholeInput) (*wholeOutput, error) {
		return &wholeOutput{ETag: `"1"`, Body: in.Body}, nil
	})
	Register(a, huma.Operation{OperationID: "enable-thing", Method: "POST", Path: "/api/v1/things/{kind}:enable"},
		func(_ context.Context, in *struct {
			Kind string `path:"kind"`
		}) (*wholeOutput, error) {
			return &wholeOutput{Body: whole{Name: in.Kind}}, nil
		})
	Register(a, huma.Operation{OperationID: "fail", Method: "GET", Path: "/api/v1/fail/{kind}"},
		func(_ context.Context, in *struct {
			Kind string `path:"kind"`
		}) (*wholeOutput, error) {
			switch in.Kind {
			case "panic":
				panic("out of cheese")
			case "plain":
				return nil, errors.New("postgres://user:hunter2@db is gone")
			case "late":
				return nil, context.DeadlineExceeded
			}
			return nil, &smithy.GenericAPIError{Code: in.Kind, Message: "the text of the error"}
		})
	Register(a, huma.Operation{OperationID: "health", Method: "GET", Path: "/healthz"},
		func(context.Context, *struct{}) (*wholeOutput, error) { return &wholeOutput{}, nil })
	return a
}

func call(h http.Handler, method, path, body string, headers ...string) (*http.Response, []byte) {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer k")
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result(), w.Body.Bytes()
}

func problem(t *testing.T, answer *http.Response, body []byte) Problem {
	t.Helper()
	if got := answer.Header.Get("Content-Type"); got != problemType {
		t.Errorf("Content-Type = %q, want %q; body %s", got, problemType, body)
	}
	var p Problem
	if err := json.Unmarshal(body, &p); err != nil {
		t.Fatalf("problem %s: %v", body, err)
	}
	if p.Status != answer.StatusCode || p.Type == "" || p.Title == "" || p.Code == "" || p.Detail == "" ||
		p.Advice == "" {
		t.Errorf("problem %s of status %d lacks a member or disagrees on the status", body, answer.StatusCode)
	}
	return p
}

func TestNothingAnswersWithoutAKey(t *testing.T) {
	t.Parallel()
	a := newAPI(t, io.Discard)
	for _, path := range append(a.Paths(), "GET /api/v1/things/openapi.json", "GET /nothing", "GET /",
		"PATCH /api/v1/things/x",
		"OPTIONS /api/v1/things/x", "GET /healthz/", "POST /healthz", "HEAD /healthz") {
		if path == "GET /healthz" {
			continue
		}
		method, path, _ := strings.Cut(path, " ")
		path = strings.NewReplacer("{kind}", "x").Replace(path)
		for _, authorization := range []string{"", "Bearer", "Bearer ", "Bearer wrong", "Basic k", "k", "Bearer k k"} {
			answer, body := call(a, method, path, "{", "Authorization", authorization)
			if p := problem(t, answer, body); p.Status != 401 || p.Code != "Unauthenticated" {
				t.Errorf("%s %s with %q = %d %s, want 401", method, path, authorization, p.Status, p.Code)
			}
			if answer.Header.Get("WWW-Authenticate") != "Bearer" {
				t.Errorf("%s %s: no WWW-Authenticate", method, path)
			}
		}
	}
	if answer, body := call(a, "GET", "/healthz", "", "Authorization", ""); answer.StatusCode != 200 {
		t.Errorf("open route answers %d %s", answer.StatusCode, body)
	}
}

func TestAllFaultsAreNamedAtOnce(t *testing.T) {
	t.Parallel()
	a := newAPI(t, io.Discard)
	answer, body := call(a, "PUT", "/api/v1/things/x",
		`{"colour":"red","parts":[{"url":"http://x","count":"many","secret":"hunter2"}]}`, "Accept-Language",
		"zh-CN,en;q=0.5")
	p := problem(t, answer, body)
	paths := map[string]bool{}
	for _, f := range p.Errors {
		paths[f.Path] = true
		if f.ZH == "" || f.ZH == f.Message || !strings.Contains(p.Detail, f.Path+": "+f.ZH) {
			t.Errorf("%s is not told in Chinese: %q, in all %q", f.Path, f.ZH, p.Detail)
		}
	}
	want := map[string]bool{"colour": true, "name": true, "parts[0].url": true, "parts[0].count": true,
		"parts[0].secret": true}
	if diff := cmp.Diff(want, paths); diff != "" || p.Status != 422 {
		t.Errorf("status %d, paths (-want +got):\n%s", p.Status, diff)
	}
	if strings.Contains(string(body), "hunter2") {
		t.Errorf("the answer repeats a value: %s", body)
	}
	if p.Advice != advice["Invalid"].zh {
		t.Errorf("advice %q is not in Chinese", p.Advice)
	}
}

func TestAFaultOfFormHidesWhatFollowsFromIt(t *testing.T) {
	t.Parallel()
	a := newAPI(t, io.Discard)
	answer, body := call(a, "PUT", "/api/v1/things/x", `{"name":5,"parts":[{"url":["http://x"]}]}`)
	p := problem(t, answer, body)
	if len(p.Errors) != 2 || p.Errors[0].Path == p.Errors[1].Path {
		t.Errorf("errors = %+v, want one for name and one for parts[0].url", p.Errors)
	}
}

func TestGoodRequestsAreAnswered(t *testing.T) {
	t.Parallel()
	a := newAPI(t, io.Discard)
	answer, body := call(a, "PUT", "/api/v1/things/x", `{"name":"<a>","parts":[{"url":"https://x","count":2}]}`)
	if answer.StatusCode != 200 || answer.Header.Get("ETag") != `"1"` || !strings.Contains(string(body), `"<a>"`) {
		t.Errorf("PUT = %d %s, ETag %q", answer.StatusCode, body, answer.Header.Get("ETag"))
	}
	answer, body = call(a, "POST", "/api/v1/things/a.b:enable", "")
	if answer.StatusCode != 200 || !strings.Contains(string(body), `"a.b"`) {
		t.Errorf("POST :enable = %d %s", answer.StatusCode, body)
	}
	answer, body = call(a, "GET", "/api/v1/things/openapi.json", "")
	for _, want := range []string{`"openapi":"3.1.0"`, "/api/v1/things/{kind}:enable", "application/problem+json"} {
		if !strings.Contains(string(body), want) {
			t.Errorf("OpenAPI (%d) lacks %s", answer.StatusCode, want)
		}
	}
	if strings.Contains(string(body), "ErrorModel") {
		t.Errorf("OpenAPI describes errors in huma's form")
	}
}

func TestErrorsHaveTheStatusOfTheirCode(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	a := newAPI(t, &log)
	for kind, want := range map[string]struct {
		status int
		code   string
	}{
		"RuleNotFound": {404, "RuleNotFound"}, "RuleExists": {409, "RuleExists"}, "RuleChanged": {412, "RuleChanged"},
		"Forbidden": {403, "Forbidden"}, "Throttled": {429, "Throttled"}, "NotActivated": {503, "NotActivated"},
		"Unavailable": {503, "Unavailable"}, "QuotaExceeded": {409, "QuotaExceeded"}, "late": {504, "TimedOut"},
		"plain": {500, "Internal"}, "panic": {500, "Internal"}, "SomethingNew": {500, "Internal"},
	} {
		answer, body := call(a, "GET", "/api/v1/fail/"+kind, "", RequestID, "r-1")
		p := problem(t, answer, body)
		if p.Status != want.status || p.Code != want.code {
			t.Errorf("%s = %d %s, want %d %s", kind, p.Status, p.Code, want.status, want.code)
		}
		if p.Status == 500 && (!strings.Contains(p.Detail, "r-1") || strings.Contains(string(body), "hunter2")) {
			t.Errorf("%s: a 500 names the request and nothing else, got %s", kind, body)
		}
	}
	if answer, body := call(a, "GET", "/api/v1/fail/plain", "", "Authorization",
		"Bearer broken"); answer.StatusCode != 500 ||
		strings.Contains(string(body), "secret") {
		t.Errorf("a failing key store answers %d %s, want a bare 500", answer.StatusCode, body)
	}
	for _, want := range []string{`"panic":"a string"`, "is gone", `"request":"r-1"`} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log lacks %q", want)
		}
	}
}

// bilingual is an error of a shared package that speaks Chinese too.
type bilingual struct{ smithy.GenericAPIError } //nolint:errname // of this test

func (b bilingual) Error() string    { return b.Message }
func (b bilingual) Said() fault.Text { return fault.Say("no", "不可以") }

func TestEveryCodeHasAdviceInBothLanguages(t *testing.T) {
	t.Parallel()
	for code := range statuses {
		if a, ok := advice[code]; !ok || a.en == "" || a.zh == "" || a.en == a.zh {
			t.Errorf("code %s lacks advice", code)
		}
	}
	for _, err := range []error{
		errors.New("x"), context.DeadlineExceeded, bilingual{smithy.GenericAPIError{Code: "Forbidden", Message: "no"}},
		unauthenticated("a session is no API key"),
	} {
		if p := AsProblem(err, "r-1", Chinese); p.Detail == AsProblem(err, "r-1", English).Detail {
			t.Errorf("%v is not told in Chinese: %q", err, p.Detail)
		}
	}
}

func TestUnknownPathsAndMethodsAreProblems(t *testing.T) {
	t.Parallel()
	a := newAPI(t, io.Discard)
	for path, status := range map[string]int{
		"GET /api/v1/nothing": 404, "POST /api/v1/things/x:fly": 404, "DELETE /api/v1/things/x": 405,
		"GET /api/v1/things/x": 405, "GET /api/v1/things/../things/x": 404, "GET /api/v1//things/x": 404, "GET /api/v1/things/": 404,
	} {
		method, path, _ := strings.Cut(path, " ")
		answer, body := call(a, method, path, "")
		if p := problem(t, answer, body); p.Status != status {
			t.Errorf("%s %s = %d, want %d", method, path, p.Status, status)
		}
		if status == 405 && answer.Header.Get("Allow") == "" {
			t.Errorf("%s %s: no Allow header", method, path)
		}
	}
}

func TestBadBodiesAreRefusedWithTheirReason(t *testing.T) {
	t.Parallel()
	a := newAPI(t, io.Discard)
	for _, c := range []struct {
		name, body string
		status     int
		detail     string
	}{
		{"no body", "", 400, "required"},
		{"cut off", `{"name":`, 400, "too early"},
		{"two documents", `{} {}`, 400, "goes on"},
		{"not JSON", `name=x`, 400, "not JSON"},
		{"wrong bracket", `{"a":[1}`, 400, "not JSON"},
		{"invalid UTF-8", "{\"name\":\"\xff\"}", 400, "UTF-8"},
		{"deep nesting", strings.Repeat("[", 40) + strings.Repeat("]", 40), 400, "levels deep"},
		{"deeper than any stack", strings.Repeat("[", 200_000), 400, "levels deep"},
		{"a long number", `{"name":` + strings.Repeat("1", 40) + `}`, 400, "characters"},
		{"a huge number", `{"name":1e999}`, 400, "out of range"},
		{"a name given twice", `{"parts":[{"url":"a","url":"b"}]}`, 400, "parts[0].url: is given twice"},
		{"10 MB", `{"name":"` + strings.Repeat("x", 10<<20) + `"}`, 413, "larger"},
		{"null", `null`, 422, "object"},
		{"a list", `[]`, 422, "object"},
		{"a text", `"x"`, 422, "object"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			answer, body := call(a, "PUT", "/api/v1/things/x", c.body)
			if p := problem(t, answer, body); p.Status != c.status || !strings.Contains(p.Detail, c.detail) {
				t.Errorf("= %d %q, want %d and %q", p.Status, p.Detail, c.status, c.detail)
			}
		})
	}
	curl, body := call(a, "PUT", "/api/v1/things/x", `{"name":"x"}`, "Content-Type",
		"application/x-www-form-urlencoded")
	if curl.StatusCode != 200 {
		t.Errorf("JSON as curl -d sends it = %d %s", curl.StatusCode, body)
	}
	answer, body := call(a, "PUT", "/api/v1/things/x", "a: b", "Content-Type", "application/yaml")
	if p := problem(t, answer, body); p.Status != 415 {
		t.Errorf("YAML = %d, want 415", p.Status)
	}
}

func TestLanguageFollowsAcceptLanguage(t *testing.T) {
	t.Parallel()
	for accept, want := range map[string]string{
		"": "en", "zh": "zh", "zh-CN,zh;q=0.9,en;q=0.8": "zh", "en-US,zh;q=0.5": "en", "fr, zh;q=0.1": "zh",
		"ZH-hans":           "zh",
		"en;q=0.2,zh;q=0.3": "zh", "zh;q=x": "zh", "*": "en", "zh;q=0": "en", ",,;;": "en",
	} {
		if got := Language(accept); got != want {
			t.Errorf("Language(%q) = %q, want %q", accept, got, want)
		}
	}
}

func TestStartNamesAllFaultsOfTheEnvironment(t *testing.T) {
	t.Parallel()
	variables := map[string]string{"REGION": "Nowhere!", "BOOTSTRAP_HASH": "hunter2"}
	_, _, err := load("x", func(name string) string { return variables[name] }, io.Discard, []string{"DATABASE_URL"},
		func(environment.Environment, *slog.Logger) (http.Handler, error) { return http.NotFoundHandler(), nil })
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"DATABASE_URL", "REGION", "BOOTSTRAP_HASH"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q lacks %s", err, want)
		}
	}
	if strings.Contains(err.Error(), "hunter2") {
		t.Errorf("error %q repeats a secret", err)
	}
}

func TestAFileIsTakenAsItIsWithinItsOwnLimit(t *testing.T) {
	t.Parallel()
	const limit = 2 << 20
	a := New(Options{
		Title: "t", OpenAPI: "/openapi", Files: map[string]int{"POST /file": limit}, Log: slog.New(slog.DiscardHandler),
		Authenticate: func(ctx context.Context, _ string) (context.Context, error) { return ctx, nil },
	})
	Register(a, huma.Operation{OperationID: "put-file", Method: http.MethodPost, Path: "/file"},
		func(_ context.Context, in *struct {
			RawBody []byte `contentType:"text/csv"`
		}) (*struct{ Body struct{ N int } }, error) {
			out := &struct{ Body struct{ N int } }{}
			out.Body.N = len(in.RawBody)
			return out, nil
		})
	for size, want := range map[int]int{5: http.StatusOK, limit: http.StatusOK, limit + 1: http.StatusRequestEntityTooLarge} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/file", bytes.NewReader(bytes.Repeat([]byte{0xff}, size)))
		r.Header.Set("Authorization", "Bearer k")
		r.Header.Set("Content-Type", "text/csv")
		w := httptest.NewRecorder()
		a.ServeHTTP(w, r)
		if w.Code != want || want == http.StatusOK && !strings.Contains(w.Body.String(), fmt.Sprintf(`"N":%d`, size)) {
			t.Errorf("%d bytes: status %d: %s", size, w.Code, w.Body.String())
		}
	}
}
