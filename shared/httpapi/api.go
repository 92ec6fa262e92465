package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/aws/smithy-go"
	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// Options describe an API.
type Options struct {
	Title string
	// OpenAPI is the path of the description without its ending: /api/v1/setup/openapi serves …/openapi.json.
	OpenAPI string
	// Authenticate reads the key of a request, or the token of a session (pns_…), which only a cookie brings and only to our
	// own pages, and gives the context its handler runs in. An error whose code is Unauthenticated answers 401, any other as
	// [AsProblem] says.
	Authenticate func(ctx context.Context, key string) (context.Context, error)
	// Open lists what answers without a key, as "GET /healthz". Everything else does not, known or not.
	Open []string
	// SignIn lists the paths that a browser is taken to in order to sign in. Who is refused there sees a page.
	SignIn []string
	// Files lists operations as "POST /path" whose body is a file and no JSON, with the most bytes it may have.
	Files map[string]int
	Log   *slog.Logger
}

// API is a function's HTTP API; [Register] adds its operations. It is an http.Handler.
type API struct {
	huma    huma.API
	options Options
	handler http.Handler
}

// New makes an API without operations.
func New(o Options) *API {
	config := huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info:    &huma.Info{Title: o.Title, Version: "1"},
			Components: &huma.Components{
				Schemas: huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer),
				SecuritySchemes: map[string]*huma.SecurityScheme{
					"key":     {Type: "http", Scheme: "bearer", Description: "An API key: pnk_…"},
					"session": {Type: "apiKey", In: "cookie", Name: cookie, Description: "Of the console: POST /api/v1/session"},
				},
			},
			Security: []map[string][]string{{"key": {}}, {"session": {}}},
		},
		OpenAPIPath:   o.OpenAPI,
		Formats:       map[string]huma.Format{"application/json": plainJSON, "json": plainJSON},
		DefaultFormat: "application/json",
		Transformers:  []huma.Transformer{toProblem(o.Log)},
	}
	config.FieldsOptionalByDefault = true // what is missing is named with the rest by the check of the whole
	m := &mux{ServeMux: http.NewServeMux(), verbs: map[string]map[string]http.HandlerFunc{}}
	a := &API{huma: huma.NewAPI(config, humago.NewAdapter(m, "")), options: o}
	a.handler = signInPages(o.SignIn, guard(a.authenticate(checkBody(m, o.Files)), o.Log))
	return a
}

// plainJSON is JSON without HTML escaping.
var plainJSON = huma.Format{ //nolint:gochecknoglobals // never changes
	Marshal: func(w io.Writer, v any) error {
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		return e.Encode(v)
	},
	Unmarshal: json.Unmarshal,
}

// ServeHTTP serves the API.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get(RequestID) == "" {
		r.Header.Set(RequestID, "none")
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	a.handler.ServeHTTP(w, r)
}

// Paths lists the operations as "METHOD /path", sorted, for tests that walk them all.
func (a *API) Paths() []string {
	var list []string
	for path, item := range a.huma.OpenAPI().Paths {
		for method, op := range map[string]*huma.Operation{
			"GET": item.Get, "POST": item.Post, "PUT": item.Put, "DELETE": item.Delete, "PATCH": item.Patch,
		} {
			if op != nil {
				list = append(list, method+" "+path)
			}
		}
	}
	slices.Sort(list)
	return list
}

// authenticate lets nobody through without a key or a session but to what is open. Routes that do not exist are no
// exception, so that nobody learns which there are.
func (a *API) authenticate(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		from := sourceOf(r)
		ctx := context.WithValue(r.Context(), sourceKey{}, from)
		r = r.WithContext(ctx)
		if slices.Contains(a.options.Open, r.Method+" "+r.URL.Path) {
			next.ServeHTTP(w, r)
			return
		}
		key, err := credential(r, from)
		if err == nil {
			ctx, err = a.options.Authenticate(ctx, key)
		}
		if err != nil {
			a.fail(w, r, err)
			return
		}
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// fail answers with what an error means, and logs what only the log may tell.
func (a *API) fail(w http.ResponseWriter, r *http.Request, err error) {
	p := AsProblem(err, r.Header.Get(RequestID), Language(r.Header.Get("Accept-Language")))
	logProblem(r.Context(), a.options.Log, r.Header.Get(RequestID), r.Method+" "+r.URL.Path, p)
	writeProblem(w, *p)
}

func logProblem(ctx context.Context, log *slog.Logger, id, operation string, p *Problem) {
	if p.Status < http.StatusInternalServerError {
		return
	}
	cause := p.Detail
	if p.cause != nil {
		cause = p.cause.Error()
	}
	log.ErrorContext(ctx, "request failed", "request", id, "operation", operation, "status", p.Status, "code", p.Code,
		"error", cause)
}

// checkBody reads the body once, within its limits, before an operation does.
func checkBody(next http.Handler, files map[string]int) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if limit, isFile := files[r.Method+" "+r.URL.Path]; isFile {
			file, problem := readLimited(r, limit)
			if problem != nil {
				refuse(w, r, *problem)
				return
			}
			r.Body = io.NopCloser(bytes.NewReader(file))
			next.ServeHTTP(w, r)
			return
		}
		body, problem := readBody(r)
		if problem != nil {
			refuse(w, r, *problem)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		if len(body) > 0 {
			r.Header.Set("Content-Type", "application/json")
		}
		next.ServeHTTP(w, r)
	})
}

// Register adds an operation. The handler's errors are answered as [AsProblem] says.
func Register[I, O any](a *API, op huma.Operation, handle func(context.Context, *I) (*O, error)) {
	registry := a.huma.OpenAPI().Components.Schemas
	if op.Responses == nil {
		op.Responses = map[string]*huma.Response{}
	}
	op.Responses["default"] = &huma.Response{
		Description: "What is wrong, and what to do about it",
		Content: map[string]*huma.MediaType{
			problemType: {Schema: registry.Schema(reflect.TypeFor[Problem](), true, "Problem")},
		},
	}
	op.MaxBodyBytes = max(maxBody, int64(a.options.Files[op.Method+" "+op.Path])) + 1 // checked before
	huma.Register(a.huma, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := handle(ctx, in)
		if err != nil {
			return nil, &failed{AsProblem(err, "", English), err}
		}
		return out, nil
	})
	delete(registry.Map(), "ErrorModel") // huma's own form, which toProblem replaces
	delete(registry.Map(), "ErrorDetail")
}

// failed carries a handler's error to [toProblem], which knows the language asked for.
type failed struct {
	*Problem
	err error
}

// toProblem gives every error of huma and of handlers our form.
func toProblem(log *slog.Logger) huma.Transformer {
	return func(ctx huma.Context, _ string, v any) (any, error) {
		language, id := Language(ctx.Header("Accept-Language")), ctx.Header(RequestID)
		switch v := v.(type) {
		case *failed:
			p := AsProblem(v.err, id, language)
			logProblem(ctx.Context(), log, id, ctx.Operation().OperationID, p)
			return p, nil
		case *huma.ErrorModel:
			return fromHuma(v, language), nil
		}
		return v, nil
	}
}

// fromHuma keeps the places and the words of huma's faults, and drops the values, which may be secrets. A fault that
// an operation's check found below a place whose form is wrong already only follows from it.
func fromHuma(e *huma.ErrorModel, language string) *Problem {
	p := &Problem{Status: e.Status, Code: "Invalid"}
	if e.Status != http.StatusUnprocessableEntity {
		p.Code, p.Detail = "BadRequest", e.Detail
	}
	var malformed []string
	for _, d := range e.Errors {
		if d == nil {
			continue
		}
		path := strings.TrimPrefix(strings.TrimPrefix(d.Location, "body"), ".")
		found, ofCheck := d.Value.(checked)
		if !ofCheck {
			malformed = append(malformed, path)
		} else if slices.ContainsFunc(malformed, func(outer string) bool { return within(path, outer) }) {
			continue
		}
		zh := inChinese(d.Message)
		if ofCheck {
			zh = found.zh
		}
		p.Errors = append(p.Errors, Field{Path: path, Message: d.Message, ZH: zh})
	}
	return p.complete(language)
}

// within says whether a path is another or below it.
func within(path, outer string) bool {
	rest, ok := strings.CutPrefix(path, outer)
	return ok && (rest == "" || outer == "" || rest[0] == '.' || rest[0] == '[')
}

// checked marks a fault that an operation's check found, with its text in Chinese.
type checked struct{ zh string }

// Checked is embedded in an operation's input to name all faults of its body in one answer: those of its form, which
// huma finds, and those of its meaning, which the operation's check finds. See [CheckBody].
type Checked[T any] struct {
	Body T
}

const checkKey = "check"

// CheckBody is the Metadata of an operation whose input embeds a [Checked]. The check finds its caller in the context,
// and with [Param] the parts of the path.
func CheckBody[T any](check func(context.Context, T) smithy.InvalidParamsError) map[string]any {
	return map[string]any{checkKey: check}
}

// Resolve runs the operation's check; huma calls it, whatever it found itself.
func (c *Checked[T]) Resolve(ctx huma.Context) []error {
	check, ok := ctx.Operation().Metadata[checkKey].(func(context.Context, T) smithy.InvalidParamsError)
	if !ok {
		return nil
	}
	var errs []error
	in := context.WithValue(ctx.Context(), paramKey{}, ctx.Param)
	for _, f := range invalid(check(in, c.Body), English).Errors {
		path := strings.TrimSuffix("body."+f.Path, ".")
		errs = append(errs, &huma.ErrorDetail{Location: path, Message: f.Message, Value: checked{f.ZH}})
	}
	return errs
}

type paramKey struct{}

// Param is a part of the path of a request whose body is being checked, by its name in the operation's path; empty where
// the path has none of that name.
func Param(ctx context.Context, name string) string {
	param, ok := ctx.Value(paramKey{}).(func(string) string)
	if !ok {
		return ""
	}
	return param(name)
}
