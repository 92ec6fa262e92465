// Package client speaks to pai-notify's HTTP API. Its types and calls are generated from the OpenAPI document that the
// functions describe themselves with ([ClientWithResponses]; make openapi writes both), so that it says what they say.
//
// Made with [New], a client turns every answer that is no success into an *[Error], which holds the API's own words and
// its advice, and never the key.
package client

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Config is how the API is reached.
type Config struct {
	API      string // base address of the deployment, without /api/v1
	Key      string // an API key, or the bootstrap token
	Language string // of advice and faults: en or zh; empty: en
	// Seen is told the header of every answer; nil: nobody is.
	Seen func(http.Header)
}

// New makes a client. It is safe for concurrent use.
func New(c Config) (*ClientWithResponses, error) {
	base, err := url.Parse(c.API)
	if err != nil || base.Host == "" || base.Scheme != "https" && base.Scheme != "http" || base.User != nil {
		return nil, errors.New("the API's address is no https://HOST (or http://, on a machine of your own)")
	}
	if c.Language == "" {
		c.Language = "en"
	}
	host := strings.TrimSuffix(strings.TrimSuffix(c.API, "/"), "/api/v1")
	return NewClientWithResponses(host, WithHTTPClient(&doer{Config: c, next: &http.Client{
		Timeout:       2 * time.Minute, // set-up and recompilation take their time
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}))
}

// Error is an answer that is no success, or none at all.
type Error struct {
	Problem
	Err error // why there was no answer; nil where there was one

	language string // of its faults
}

// Error is what happened and what to do about it.
func (e *Error) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("%s: %v", e.Detail, e.Err)
	}
	text := fmt.Sprintf("%d %s: %s", e.Status, e.Code, e.Detail)
	for _, f := range Value(e.Errors) {
		text += fmt.Sprintf("\n  %s %s", f.Path, f.In(e.language))
	}
	for _, r := range Value(e.Rules) {
		text += fmt.Sprintf("\n  rule %s of %s", r.Rule, r.Workspace)
	}
	if e.Advice != "" {
		text += "\n" + e.Advice
	}
	return text
}

// Unwrap gives the cause, where there was no answer.
func (e *Error) Unwrap() error { return e.Err }

// Refused says whether it was the key that was refused.
func (e *Error) Refused() bool {
	return e.Status == http.StatusUnauthorized || e.Status == http.StatusForbidden
}

type doer struct {
	Config
	next *http.Client
}

const maxProblem = 1 << 20 // bytes of an answer that is no success

// Do implements [HttpRequestDoer].
func (d *doer) Do(request *http.Request) (*http.Response, error) {
	if d.Key != "" {
		request.Header.Set("Authorization", "Bearer "+d.Key)
	}
	request.Header.Set("Accept-Language", d.Language)
	response, err := d.next.Do(request)
	if err != nil {
		var whole *url.Error // its text has the whole address; the host is enough
		if errors.As(err, &whole) {
			err = whole.Err
		}
		return nil, &Error{Problem: Problem{Detail: "no answer from " + request.URL.Host, Code: "Unreachable"}, Err: err}
	}
	if d.Seen != nil {
		d.Seen(response.Header)
	}
	if response.StatusCode < http.StatusMultipleChoices {
		return response, nil
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxProblem))
	if err != nil {
		return nil, fmt.Errorf("read the answer of %s: %w", request.URL.Host, err)
	}
	failed := &Error{language: d.Language}
	if json.Unmarshal(text, &failed.Problem) != nil || failed.Code == "" {
		failed.Problem = Problem{Code: "Unexpected", Advice: "Is the address that of pai-notify? A proxy on the way may have answered.",
			Detail: fmt.Sprintf("%s %s was answered with what is none of pai-notify's: %.80q", request.Method, request.URL.Path, bytes.TrimSpace(text))}
	}
	failed.Status = int64(response.StatusCode)
	return nil, failed
}

// In tells the fault in a language: zh, or else English.
func (f Field) In(language string) string { return in(language, f.Message, Value(f.Zh)) }

// In tells the fault in a language: zh, or else English.
func (f LineFault) In(language string) string { return in(language, f.Message, f.Zh) }

func in(language, en, zh string) string {
	if language == "zh" {
		return zh
	}
	return en
}

// Value is what an optional member holds, or the zero value.
func Value[T any](optional *T) (value T) {
	if optional != nil {
		value = *optional
	}
	return value
}

// Given makes an optional member of a value that is not the zero value.
func Given[T comparable](value T) *T {
	var zero T
	if value == zero {
		return nil
	}
	return &value
}
