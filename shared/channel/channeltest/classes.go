package channeltest

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	smithyhttp "github.com/aws/smithy-go/transport/http"

	"pai-notify/shared/channel"
)

// want is the outcome that a case must have.
type want struct {
	class channel.Class
	step  channel.Step
	code  string
	after time.Duration
}

const page = "<!DOCTYPE html><html><body><h1>502 Bad Gateway</h1>\r\n<p>log_id 0 130101 19001</p></body></html>"

// classes is the matrix of what a receiver, or the way to it, can do wrong.
func (c suite) classes(t *testing.T) {
	t.Parallel()
	c.answers(t)
	c.breaks(t)
}

// answers are those of a receiver that can be reached, whatever the channel.
func (c suite) answers(t *testing.T) {
	t.Helper()
	// A robot's 200 must say yes; a program's 2xx is one.
	silent := want{channel.Unknown, channel.StepAnswer, "HTTP 200", 0}
	unread := want{channel.Uncertain, channel.StepRead, "unclear", 0}
	ch, _, _ := c.open("http://receiver.test:80", answerer(200, c.Accepted))
	once := ch.Spec().Once
	if once { // it may have been accepted all the same
		silent.class = channel.Uncertain
	}
	if c.Answer == nil {
		silent, unread = want{class: channel.Delivered}, want{class: channel.Delivered}
	}
	throttled := want{channel.Throttled, channel.StepAnswer, "HTTP 429", 0}
	noContent := silent
	noContent.code = strings.Replace(silent.code, "200", "204", 1)
	unavailable := func(code string) want { return want{channel.Unavailable, channel.StepAnswer, code, 0} }
	broken := unavailable
	if once { // a proxy may have passed it on
		broken = func(code string) want { return want{channel.Uncertain, channel.StepAnswer, code, 0} }
	}
	on := func(date, after string) map[string]string {
		return map[string]string{"Date": "Fri, 02 Jan 2026 " + date + " GMT", "Retry-After": "Fri, 02 Jan 2026 " + after + " GMT"}
	}
	after := func(value string) map[string]string { return map[string]string{"Retry-After": value} }
	for name, row := range map[string]struct {
		status int
		header map[string]string
		body   string
		want   want
	}{
		"accepted":                 {200, nil, c.Accepted, want{class: channel.Delivered}},
		"too many requests":        {429, nil, "", throttled},
		"Retry-After in seconds":   {429, after("7"), page, throttled.pause(7 * time.Second)},
		"Retry-After as a date":    {429, on("03:04:05", "03:05:35"), "", throttled.pause(90 * time.Second)},
		"Retry-After in the past":  {429, on("03:04:05", "03:04:04"), "", throttled},
		"Retry-After of years":     {429, after("99999999999999"), "", throttled.pause(6 * time.Hour)},
		"Retry-After of nonsense":  {429, after("-NaN soon"), "", throttled},
		"a gateway's reset header": {429, map[string]string{"X-Ogw-Ratelimit-Reset": "3"}, "", throttled.pause(3 * time.Second)},
		"server error":             {500, nil, "", broken("HTTP 500")},
		"proxy's page":             {502, nil, page, broken("HTTP 502")},
		"maintenance":              {503, after("120"), "", unavailable("HTTP 503").pause(2 * time.Minute)},
		"yes with a failing state": {500, nil, c.Accepted, broken("HTTP 500")},
		"redirect":                 {302, map[string]string{"Location": "/x"}, page, want{channel.Misconfigured, channel.StepAnswer, "HTTP 302", 0}},
		"page instead of answer":   {200, nil, page, silent},
		"empty answer":             {200, nil, "", silent},
		"other JSON":               {200, nil, `{"success":true,"log_id":"0"}`, silent},
		"list instead of object":   {200, nil, `[{"errcode":0,"code":0}]`, silent},
		"endless answer":           {200, nil, `{"a":"` + strings.Repeat("x", 1<<20), silent},
		"no content":               {204, nil, "", noContent},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			calls := 0
			receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				calls++
				for name, value := range row.header {
					w.Header().Set(name, value)
				}
				w.WriteHeader(row.status)
				_, _ = io.WriteString(w, row.body) // the client may have read enough
			}))
			defer receiver.Close()
			w, err := c.send(t.Context(), receiver.URL, nil)
			c.is(t, err, w, row.want)
			if calls != 1 {
				t.Errorf("the receiver was called %d times", calls)
			}
		})
	}
	for _, row := range []struct {
		name, answer string
		want         want
	}{
		{"reset before the answer", "", want{channel.Uncertain, channel.StepRead, "unclear", 0}},
		{"reset in the middle of the answer", "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + c.Accepted, unread},
		{"reset behind a status that says no", "HTTP/1.1 503 Busy\r\nContent-Length: 1000\r\n\r\n{", want{channel.Unavailable, channel.StepAnswer, "HTTP 503", 0}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				reset(t, w, row.answer)
			}))
			defer receiver.Close()
			w, err := c.send(t.Context(), receiver.URL, nil)
			c.is(t, err, w, row.want)
		})
	}
	t.Run("time is up after the request was written", func(t *testing.T) {
		t.Parallel()
		ctx := newDeadline(t)
		receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			ctx.reach()
			<-r.Context().Done()
		}))
		defer receiver.Close()
		w, err := c.send(ctx, receiver.URL, nil)
		c.is(t, err, w, want{channel.Uncertain, channel.StepRead, "timeout", 0})
	})
}

func (w want) pause(d time.Duration) want {
	w.after = d
	return w
}

// breaks are faults on the way to the receiver.
func (c suite) breaks(t *testing.T) {
	t.Helper()
	fails := func(err error) smithyhttp.ClientDo {
		return dialer(func(context.Context, string, string) (net.Conn, error) { return nil, err })
	}
	for name, row := range map[string]struct {
		client smithyhttp.ClientDo
		want   want
	}{
		"nobody listens": {
			fails(&net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}),
			want{channel.Unavailable, channel.StepDial, "dial", 0},
		},
		"no route": {
			fails(&net.OpError{Op: "dial", Net: "tcp", Err: syscall.EHOSTUNREACH}),
			want{channel.Unavailable, channel.StepDial, "dial", 0},
		},
		"unknown host": {
			fails(&net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "receiver.test", IsNotFound: true}}),
			want{channel.Misconfigured, channel.StepDNS, "dns-not-found", 0},
		},
		"resolver out of reach": {
			fails(&net.OpError{Op: "dial", Err: &net.DNSError{Err: "timeout", Name: "receiver.test", IsTimeout: true}}),
			want{channel.Unavailable, channel.StepDNS, "dns-temporary", 0},
		},
		"inner network": {
			channel.Client(nil, nil),
			want{channel.Misconfigured, channel.StepAddress, "ssrf-blocked", 0},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, err := c.send(t.Context(), "http://127.0.0.1:80", row.client)
			c.is(t, err, w, row.want)
		})
	}
	t.Run("time is up before the request was written", func(t *testing.T) {
		t.Parallel()
		ctx := newDeadline(t)
		w, err := c.send(ctx, "http://127.0.0.1:80", dialer(func(inner context.Context, _, _ string) (net.Conn, error) {
			ctx.reach()
			<-inner.Done()
			return nil, inner.Err()
		}))
		c.is(t, err, w, want{channel.Unavailable, channel.StepDial, "timeout", 0})
	})
	t.Run("the connection breaks while the request is written", func(t *testing.T) {
		t.Parallel()
		want := want{channel.Unavailable, channel.StepWrite, "write", 0}
		if c.newChannel(channel.Deps{Now: At}).Spec().Once { // nobody knows how much of it was out
			want.class = channel.Uncertain
		}
		_, err := c.send(t.Context(), "http://127.0.0.1:80", cut{})
		c.is(t, err, nil, want)
	})
	t.Run("certificate of nobody", func(t *testing.T) {
		t.Parallel()
		receiver := httptest.NewUnstartedServer(http.NotFoundHandler())
		receiver.Config.ErrorLog = quiet()
		receiver.StartTLS()
		defer receiver.Close()
		w, err := c.send(t.Context(), receiver.URL, nil)
		c.is(t, err, w, want{channel.Misconfigured, channel.StepTLS, "tls-verify", 0})
	})
	t.Run("port without TLS", func(t *testing.T) {
		t.Parallel()
		receiver := httptest.NewServer(http.NotFoundHandler())
		defer receiver.Close()
		w, err := c.send(t.Context(), strings.Replace(receiver.URL, "http:", "https:", 1), nil)
		c.is(t, err, w, want{channel.Misconfigured, channel.StepTLS, "tls-none", 0})
	})
	t.Run("receiver that is not allowed any more", func(t *testing.T) {
		t.Parallel()
		want := want{channel.Misconfigured, channel.StepAddress, "address", 0}
		if c.Cloud { // what may not be called is then the API, for want of credentials
			want.code = "credentials"
		}
		seen := &recorder{status: 200, answer: c.Accepted}
		ch := c.newChannel(channel.Deps{Client: seen, Now: At})
		_, err := ch.Send(t.Context(), c.Settings("http://127.0.0.1:80"), Message())
		c.is(t, err, nil, want)
		if len(seen.requests) != 0 {
			t.Errorf("it was called all the same")
		}
	})
}

// is checks an outcome, and that the exchange was tidied up.
func (c suite) is(t *testing.T, err error, w *watch, want want) {
	t.Helper()
	got := c.fine(t, err)
	if got.Class != want.class || got.Step != want.step || got.Code != want.code || got.After != want.after {
		t.Errorf("outcome is %s at %q, code %q, after %s; want %s at %q, code %q, after %s (%v)",
			got.Class, got.Step, got.Code, got.After, want.class, want.step, want.code, want.after, err)
	}
	if w != nil && w.open.Load() != 0 {
		t.Errorf("%d bodies of answers were left open", w.open.Load())
	}
}
