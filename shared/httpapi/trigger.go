package httpapi

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/aliyun/fc-runtime-go-sdk/events"

	"pai-notify/shared/fault"
)

// RequestID is the header that names a request in answers and logs. Function Compute's own X-Fc-Request-Id holds the
// same id where it passes through; a function may not set it.
const RequestID = "X-Request-Id"

// Serve turns a handler into the function that fc.Start wants. It never returns an error: the caller of an HTTP trigger
// would see the platform's words instead of ours. A panic is logged and answered as a problem.
func Serve(h http.Handler, log *slog.Logger) func(context.Context,
	events.HTTPTriggerEvent) (*events.HTTPTriggerResponse, error) {
	return func(ctx context.Context, e events.HTTPTriggerEvent) (*events.HTTPTriggerResponse, error) {
		w := &answer{header: http.Header{}}
		r, err := request(fromPlatform(ctx), e)
		if err != nil {
			writeProblem(w, Problem{
				Status: http.StatusBadRequest, Code: "BadRequest", Detail: err.Error(),
				Advice: advice["BadRequest"].in(English),
			})
			return w.response(log), nil //nolint:nilerr // the answer tells it
		}
		w.header.Set(RequestID, r.Header.Get(RequestID))
		guard(h, log).ServeHTTP(w, r)
		return w.response(log), nil
	}
}

// guard answers a panic with a problem and logs it with its stack.
func guard(h http.Handler, log *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if p := recover(); p != nil {
				id := r.Header.Get(RequestID)
				log.ErrorContext(r.Context(), "panic", "request", id, "method", r.Method, "panic", fault.Panicked(p),
					"stack", string(debug.Stack()))
				if a, ok := w.(*answer); ok {
					a.status, a.header = 0, http.Header{RequestID: {id}}
					a.body.Reset()
				}
				writeProblem(w, internal(id, Language(r.Header.Get("Accept-Language"))))
			}
		}()
		h.ServeHTTP(w, r)
	})
}

// request reads the event of an HTTP trigger: help.aliyun.com/en/functioncompute/fc/http-trigger-invoking-function.
// Its path comes as it was sent, its query parameters decoded, repeated headers and parameters joined with commas, and
// a body that is not text in base64.
func request(ctx context.Context, e events.HTTPTriggerEvent) (*http.Request, error) {
	in := e.TriggerContext
	method := strings.ToUpper(text(in.Http.Method))
	if method == "" {
		method = http.MethodGet
	}
	u := url.URL{RawPath: text(e.RawPath)}
	if u.RawPath == "" {
		u.Path = text(in.Http.Path)
	} else {
		var err error
		if u.Path, err = url.PathUnescape(u.RawPath); err != nil {
			return nil, errors.New("the path is not URL-encoded")
		}
	}
	if !strings.HasPrefix(u.Path, "/") {
		return nil, errors.New("the path does not begin with a slash")
	}
	if e.QueryParameters != nil {
		query := url.Values{}
		for name, value := range *e.QueryParameters {
			query.Set(name, value)
		}
		u.RawQuery = query.Encode()
	}
	body := []byte(text(e.Body))
	if e.IsBase64Encoded != nil && *e.IsBase64Encoded {
		var err error
		if body, err = base64.StdEncoding.DecodeString(string(body)); err != nil {
			return nil, errors.New("the body is marked as base64 and is none")
		}
	}
	r, err := http.NewRequestWithContext(ctx, method, "/", bytes.NewReader(body))
	if err != nil {
		return nil, errors.New("the method is not an HTTP method")
	}
	r.URL, r.RequestURI = &u, u.RequestURI()
	if e.Headers != nil {
		for name, value := range *e.Headers {
			name = http.CanonicalHeaderKey(name)
			r.Header[name] = append(r.Header[name], value)
		}
	}
	for name := range r.Header {
		slices.Sort(r.Header[name]) // spellings that differ in case come in random order
	}
	r.Host, r.RemoteAddr = r.Header.Get("Host"), text(in.Http.SourceIp)
	if r.Host == "" {
		r.Host = text(in.DomainName)
	}
	r.Header.Set(RequestID, requestID(text(in.RequestId)))
	return r, nil
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

var plainID = regexp.MustCompile(`^[0-9A-Za-z-]+$`)

// requestID keeps an id that can stand in a header and a log line as it is.
func requestID(id string) string {
	if len(id) > 64 || !plainID.MatchString(id) {
		return "none"
	}
	return id
}

// answer is the one response object that Function Compute takes: no streaming, one value for each header.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *answer) Header() http.Header { return a.header }

func (a *answer) WriteHeader(status int) {
	if a.status == 0 && status >= 200 {
		a.status = status
	}
}

func (a *answer) Write(b []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.body.Write(b)
}

// refused are response headers that Function Compute does not pass on, besides all that begin with X-Fc-:
// help.aliyun.com/en/functioncompute/fc/http-trigger-invoking-function.
//
//nolint:gochecknoglobals // a table that never changes
var refused = []string{"Connection", "Content-Disposition", "Content-Length", "Date", "Keep-Alive", "Server", "Upgrade"}

func (a *answer) response(log *slog.Logger) *events.HTTPTriggerResponse {
	a.WriteHeader(http.StatusOK)
	out := &events.HTTPTriggerResponse{StatusCode: a.status, Headers: map[string]string{}}
	for name, values := range a.header {
		switch {
		case len(values) == 0:
			continue
		case slices.Contains(refused, name) || strings.HasPrefix(name, "X-Fc-"):
			if name != "Content-Length" && name != "Date" { // those two are set by habit; their loss changes nothing
				log.Error("Function Compute refuses a response header; it was dropped", "header", name)
			}
			continue
		case name == "Set-Cookie" && len(values) > 1: // cookies cannot be joined: RFC 6265, section 3
			log.Error("Function Compute takes one cookie an answer; only the last was kept", "cookies", len(values))
			values = values[len(values)-1:]
		}
		out.Headers[name] = strings.Join(values, ", ")
	}
	if utf8.Valid(a.body.Bytes()) {
		out.Body = a.body.String()
	} else {
		out.Body, out.IsBase64Encoded = base64.StdEncoding.EncodeToString(a.body.Bytes()), true
	}
	return out
}
