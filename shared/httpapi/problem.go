package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/aws/smithy-go"

	"pai-notify/shared/fault"
)

// Problem is what went wrong with a request, as application/problem+json: RFC 9457. It is an error, so that a handler
// can return one; [Register] makes one of any other error.
type Problem struct { //nolint:errname // RFC 9457 calls it a problem
	Type   string  `json:"type" doc:"urn:pai-notify:problem:CODE"`
	Title  string  `json:"title" doc:"The status in words"`
	Status int     `json:"status" doc:"The HTTP status"`
	Detail string  `json:"detail" doc:"What is wrong, in the language of Accept-Language"`
	Code   string  `json:"code" doc:"For programs: does not change with the language"`
	Advice string  `json:"advice" doc:"What to do about it, in the language of Accept-Language: zh or en"`
	Errors []Field `json:"errors,omitempty" doc:"Every fault of the request, in the order of its fields"`

	Rules []InRule `json:"rules,omitempty" doc:"Which rules stand in the way"`

	Said fault.Text `json:"-"` // the detail in both languages, where its maker knows them

	RetryAfter time.Duration `json:"-"` // where it is known when the request can succeed: the header Retry-After, in seconds

	cause error
}

// Field is one fault of a request.
type Field struct {
	Path    string `json:"path" doc:"The field in the body, such as targets[2].settings.webhook, or query.NAME, path.NAME"`
	Message string `json:"message" doc:"What is wrong with it and what would be right"`
	ZH      string `json:"zh,omitempty" doc:"The same in Chinese"`
}

// InRule is a target of a rule.
type InRule struct {
	Workspace string `json:"workspace"`
	Rule      string `json:"rule"`
	Target    string `json:"target"`
}

func (p *Problem) Error() string {
	if p.Detail == "" && p.Said != nil {
		return p.Code + ": " + p.Said.Error()
	}
	return p.Code + ": " + p.Detail
}

// Unwrap gives what it was made of, for the log.
func (p *Problem) Unwrap() error { return p.cause }

// GetStatus is the HTTP status, for huma.
func (p *Problem) GetStatus() int { return p.Status }

// GetHeaders are those of the answer, for huma.
func (p *Problem) GetHeaders() http.Header {
	if p.RetryAfter <= 0 {
		return nil
	}
	return http.Header{"Retry-After": {strconv.Itoa(int(math.Ceil(p.RetryAfter.Seconds())))}}
}

// ContentType is the media type of a problem, for huma.
func (*Problem) ContentType(string) string { return problemType }

const problemType = "application/problem+json"

// adviser is an error that says what to do about it in a language.
type adviser interface{ AdviceIn(language string) string }

// statuses of the codes that errors of shared packages carry as a smithy.APIError. A code that is not here is
// unexpected: 500, without its text.
var statuses = map[string]int{ //nolint:gochecknoglobals // a table that never changes
	"Unauthenticated":      http.StatusUnauthorized,
	"Forbidden":            http.StatusForbidden,
	"CrossSite":            http.StatusForbidden,
	"RuleNotFound":         http.StatusNotFound,
	"WorkspaceNotFound":    http.StatusNotFound,
	"TargetNotFound":       http.StatusNotFound,
	"ContactNotFound":      http.StatusNotFound,
	"ContactExists":        http.StatusConflict,
	"ContactChanged":       http.StatusPreconditionFailed,
	"ForeignRule":          http.StatusConflict,
	"RuleExists":           http.StatusConflict,
	"SealedByAnotherKey":   http.StatusConflict,
	"QuotaExceeded":        http.StatusConflict,
	"RuleChanged":          http.StatusPreconditionFailed,
	"RefusedByEventBridge": http.StatusUnprocessableEntity,
	"Throttled":            http.StatusTooManyRequests,
	"NotActivated":         http.StatusServiceUnavailable,
	"Unavailable":          http.StatusServiceUnavailable,
	"DatabaseNotReady":     http.StatusServiceUnavailable,
	"DatabaseOutOfReach":   http.StatusServiceUnavailable,
}

// AsProblem says what an error means to the caller. An error it does not know is a 500 that tells nothing but the
// request's id, which finds the text in the log.
func AsProblem(err error, id, language string) *Problem {
	var (
		problem *Problem
		faults  smithy.InvalidParamsError
		pointer *smithy.InvalidParamsError
		api     smithy.APIError
	)
	switch {
	case errors.As(err, &problem):
		p := *problem
		return p.complete(language)
	case errors.As(err, &faults):
		return invalid(faults, language)
	case errors.As(err, &pointer):
		return invalid(*pointer, language)
	case errors.As(err, &api) && statuses[api.ErrorCode()] != 0:
		p := Problem{Status: statuses[api.ErrorCode()], Code: api.ErrorCode(), Detail: api.ErrorMessage(), cause: err}
		var both interface{ Said() fault.Text }
		if errors.As(err, &both) {
			p.Said = both.Said()
		}
		var a adviser
		if errors.As(err, &a) {
			p.Advice = a.AdviceIn(language)
		}
		var later interface{ RetryAfter() time.Duration }
		if errors.As(err, &later) {
			p.RetryAfter = later.RetryAfter()
		}
		return p.complete(language)
	case errors.Is(err, context.DeadlineExceeded):
		p := Problem{Status: http.StatusGatewayTimeout, Code: "TimedOut", cause: err,
			Said: fault.Say("the time of this call was over", "未能在规定时间内完成")}
		return p.complete(language)
	}
	p := internal(id, language)
	p.cause = err
	return &p
}

// FieldOf is a fault on the wire.
func FieldOf(f fault.Fault) Field { return Field{Path: f.Path, Message: f.Text, ZH: f.ZH} }

// Wrong is the fault of something outside the body: of the path, the query or a header.
func Wrong(path string, text fault.Text) error {
	return &Problem{Status: http.StatusUnprocessableEntity, Code: codeInvalid,
		Errors: []Field{{Path: path, Message: text.In(English), ZH: text.In(Chinese)}}}
}

const codeInvalid = "Invalid"

// invalid is the problem of a request whose fields are wrong.
func invalid(faults smithy.InvalidParamsError, language string) *Problem {
	p := Problem{Status: http.StatusUnprocessableEntity, Code: codeInvalid}
	for _, f := range fault.List(faults) {
		p.Errors = append(p.Errors, FieldOf(f))
	}
	return p.complete(language)
}

func internal(id, language string) Problem {
	p := Problem{
		Status: http.StatusInternalServerError, Code: "Internal",
		Said: fault.Say("something unexpected happened in request %s", "请求 %s 发生意外错误", id),
	}
	return *p.complete(language)
}

// complete fills in what follows from the rest, once.
func (p *Problem) complete(language string) *Problem {
	if p.Type != "" {
		return p
	}
	p.Type = "urn:pai-notify:problem:" + p.Code
	p.Title = http.StatusText(p.Status)
	switch summary := summaries[p.Code]; {
	case p.Said != nil:
		p.Detail = p.Said.In(language)
	case p.Detail == "":
		all := make([]string, len(p.Errors))
		for i, f := range p.Errors {
			all[i] = strings.TrimPrefix(f.Path+": "+phrase{f.Message, f.ZH}.in(language), ": ")
		}
		p.Detail = strings.Join(all, "; ")
	case summary != "" && language == Chinese:
		p.Detail = summary + "（" + p.Detail + "）"
	}
	if p.Advice == "" {
		p.Advice = advice[p.Code].in(language)
	}
	if p.Advice == "" {
		p.Advice = advice["Internal"].in(language)
	}
	return p
}

func writeProblem(w http.ResponseWriter, p Problem) {
	body, err := json.Marshal(p.complete(English))
	if err != nil { // a struct of strings always marshals
		panic(err)
	}
	w.Header().Set("Content-Type", problemType)
	w.Header().Set("Cache-Control", "no-store")
	for name, values := range p.GetHeaders() {
		w.Header()[name] = values
	}
	if p.Status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	w.WriteHeader(p.Status)
	if _, err := w.Write(body); err != nil {
		return // the caller is gone; there is nobody to tell
	}
}
