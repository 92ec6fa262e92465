package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	smithyhttp "github.com/aws/smithy-go/transport/http"

	"pai-notify/shared/access"
	"pai-notify/shared/channel"
	"pai-notify/shared/connectivity"
	"pai-notify/shared/fault"
	"pai-notify/shared/rule"
)

// receiver plays a robot or endpoint: it answers all requests alike and keeps them.
func (h *harness) receiver(status int, body string, headers ...string) string {
	h.t.Helper()
	return h.serve(func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body) // who went away does not want it
	})
}

// serve starts a server that the harness's channels may reach, and gives its address.
func (h *harness) serve(answer http.HandlerFunc) string {
	h.t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			h.t.Errorf("read a request: %v", err)
		}
		h.got = append(h.got, string(body))
		answer(w, r)
	}))
	h.t.Cleanup(server.Close)
	h.reach(server.Listener.Addr().String())
	return server.URL
}

// settings are those of a robot or endpoint at an address.
func settings(name, base string) channel.Settings {
	switch name {
	case "dingtalk":
		return channel.Settings{"webhook": base + "/robot/send?access_token=" + plantedToken, "secret": plantedSecret}
	case "wecom":
		return channel.Settings{"webhook": base + "/cgi-bin/webhook/send?key=" + plantedToken}
	case "lark":
		return channel.Settings{"webhook": base + "/open-apis/bot/v2/hook/" + plantedToken, "secret": plantedSecret}
	}
	return channel.Settings{"url": base + "/" + plantedToken}
}

// failure is one way in which a test fails, and how it must be told.
type failure struct {
	name              string
	status            int
	body              string
	headers           []string
	class, step, code string
}

// common are the failures that every robot can show.
func common() []failure {
	const page = "<!DOCTYPE html><html><body>log in first 0</body></html>"
	return []failure{
		{"too many requests", 429, "slow down", []string{"Retry-After", "7"}, "throttled", "answer", "HTTP 429"},
		{"server error", 500, "oops", nil, "unavailable", "answer", "HTTP 500"},
		{"proxy's page", 502, page, nil, "unavailable", "answer", "HTTP 502"},
		{"redirect", 302, "", []string{"Location", "/elsewhere"}, "misconfigured", "answer", "HTTP 302"},
		{"page instead of an answer", 200, page, nil, "unknown", "answer", "HTTP 200"},
		{"empty answer", 200, "", nil, "unknown", "answer", "HTTP 200"},
		{"echo of the token", 500, "no robot has the token " + plantedToken, nil, "unavailable", "answer", "HTTP 500"},
	}
}

func TestEveryFailureIsToldWithStepCodeClassAndAdvice(t *testing.T) {
	t.Parallel()
	says := func(form, name, class, code, text string) failure {
		return failure{name, 200, fmt.Sprintf(form, code, text), nil, class, "answer", code}
	}
	errcode := func(name, class, code, text string) failure {
		return says(`{"errcode":%s,"errmsg":%q}`, name, class, code, text)
	}
	code := func(name, class, code, text string) failure {
		return says(`{"code":%s,"msg":%q}`, name, class, code, text)
	}
	own := map[string][]failure{
		"dingtalk": {
			errcode("wrong signature", "misconfigured", "310000", "sign not match"),
			errcode("keyword missing", "misconfigured", "310000", "keywords not in content"),
			errcode("address not listed", "misconfigured", "310000", "ip 1.2.3.4 not in whitelist"),
			errcode("unknown token", "misconfigured", "300001", "token is not exist"),
			errcode("too fast", "throttled", "130101", "send too fast, exceed 20 times per minute"),
			errcode("echo of the key", "misconfigured", "310000", "sign not match: "+plantedSecret),
			errcode("content refused", "rejected", "430102", "illegal content"),
			errcode("busy", "unavailable", "-1", "system busy"),
			errcode("code nobody lists", "unknown", "987654", "?"),
		},
		"wecom": {
			errcode("unknown key", "misconfigured", "93000", "invalid webhook url"),
			errcode("too fast", "throttled", "45009", "api freq out of limit"),
			errcode("too long", "rejected", "40058", "markdown.content exceed max length 4096"),
			errcode("busy", "unavailable", "-1", "system busy"),
			errcode("code nobody lists", "unknown", "987654", "?"),
		},
		"lark": {
			code("wrong signature", "misconfigured", "19021", "sign match fail or timestamp is not within one hour from current time"),
			code("unknown hook", "misconfigured", "19001", "param invalid: incoming webhook access token invalid"),
			code("address not listed", "misconfigured", "19022", "Ip Not Allowed"),
			code("keyword missing", "misconfigured", "19024", "Key Words Not Found"),
			code("too fast", "throttled", "11232", "too many requests"),
			says(`{"StatusCode":0,"StatusMessage":"success","code":%s,"msg":%q}`, "success that is none", "misconfigured", "19007",
				"Bot Not Enabled"),
			code("code nobody lists", "unknown", "987654", "?"),
		},
	}
	for name, rows := range own {
		rows = append(rows, common()...)
		if len(rows) < 12 {
			t.Errorf("%d failures of %s, want at least 12", len(rows), name)
		}
		for _, row := range rows {
			t.Run(name+" "+row.name, func(t *testing.T) {
				t.Parallel()
				h := newHarness(t)
				base := h.receiver(row.status, row.body, row.headers...)
				for _, language := range []string{"en", "zh"} {
					got := h.test(object{"channel": name, "settings": settings(name, base)}, language)
					if got.OK || got.Class != row.class || got.Step != row.step || got.Code != row.code {
						t.Errorf("= %+v, want %s at %s with %s", got, row.class, row.step, row.code)
					}
					if chinese := strings.ContainsFunc(got.Advice, isHan); got.Advice == "" || chinese != (language == "zh") {
						t.Errorf("advice %q is not in %s", got.Advice, language)
					}
					if row.status == 429 && got.RetryAfterMS != 7000 {
						t.Errorf("retry after %d ms, want 7000", got.RetryAfterMS)
					}
				}
			})
		}
	}
}

func isHan(r rune) bool { return r >= 0x4e00 && r <= 0x9fff }

func TestAnExchangeThatBreaksSaysAtWhichStep(t *testing.T) {
	t.Parallel()
	dialling := func(err error) smithyhttp.ClientDo {
		dial := func(context.Context, string, string) (net.Conn, error) { return nil, err }
		return &http.Client{Transport: &http.Transport{DialContext: dial}}
	}
	drop := func(w http.ResponseWriter, text string) {
		hijacker, ok := w.(http.Hijacker)
		if !ok {
			panic("the connection cannot be taken")
		}
		conn, _, err := hijacker.Hijack()
		if err != nil {
			panic(err)
		}
		_, _ = io.WriteString(conn, text) // the next line ends it anyway
		_ = conn.Close()
	}
	for broken, row := range map[string]struct {
		arrange           func(h *harness) string
		class, step, code string
	}{
		"nobody listens": {func(h *harness) string {
			h.client = dialling(&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED})
			return h.reach("127.0.0.1:9")
		}, "unavailable", "dial", "dial"},
		"unknown host": {func(h *harness) string {
			h.client = dialling(&net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "robots.example", IsNotFound: true}})
			return h.reach("robots.example:80")
		}, "misconfigured", "dns", "dns-not-found"},
		"resolver out of reach": {func(h *harness) string {
			h.client = dialling(&net.OpError{Op: "dial", Err: &net.DNSError{Err: "timeout", Name: "robots.example", IsTimeout: true}})
			return h.reach("robots.example:80")
		}, "unavailable", "dns", "dns-temporary"},
		"inner network": {func(h *harness) string {
			h.client = channel.Client(nil, nil)
			return h.reach("127.0.0.1:80")
		}, "misconfigured", "address", "ssrf-blocked"},
		"certificate of nobody": {func(h *harness) string {
			server := httptest.NewUnstartedServer(http.NotFoundHandler())
			server.Config.ErrorLog = log.New(io.Discard, "", 0)
			server.StartTLS()
			h.t.Cleanup(server.Close)
			h.reach(server.Listener.Addr().String())
			return server.URL
		}, "misconfigured", "tls", "tls-verify"},
		"port without TLS": {func(h *harness) string {
			return strings.Replace(h.receiver(200, ""), "http:", "https:", 1)
		}, "misconfigured", "tls", "tls-none"},
		"reset before the answer": {func(h *harness) string {
			return h.serve(func(w http.ResponseWriter, _ *http.Request) { drop(w, "") })
		}, "uncertain", "read", "unclear"},
		"reset within the answer": {func(h *harness) string {
			return h.serve(func(w http.ResponseWriter, _ *http.Request) {
				drop(w, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"errcode\":0")
			})
		}, "uncertain", "read", "unclear"},
		"no answer in time": {func(h *harness) string {
			h.client = &http.Client{Timeout: 200 * time.Millisecond}
			return h.serve(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		}, "uncertain", "read", "timeout"},
	} {
		for _, name := range []string{"dingtalk", "wecom", "lark"} {
			t.Run(name+" "+broken, func(t *testing.T) {
				t.Parallel()
				h := newHarness(t)
				base := row.arrange(h)
				for _, language := range []string{"en", "zh"} {
					got := h.test(object{"channel": name, "settings": settings(name, base)}, language)
					if got.OK || got.Class != row.class || got.Step != row.step || got.Code != row.code || got.Advice == "" {
						t.Errorf("= %+v, want %s at %s with %s", got, row.class, row.step, row.code)
					}
				}
			})
		}
	}
}

func TestAGoodSendIsOneMarkedMessage(t *testing.T) {
	t.Parallel()
	for name, yes := range map[string]string{"dingtalk": `{"errcode":0,"errmsg":"ok"}`, "wecom": `{"errcode":0,"errmsg":"ok"}`,
		"lark": `{"code":0,"msg":"success","data":{}}`, "webhook": "thanks"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHarness(t)
			base := h.receiver(200, yes)
			got := h.test(object{"channel": name, "settings": settings(name, base), "language": "en"}, "en")
			if !got.OK || got.Class != "delivered" || got.Step != "" || got.Code != "" || got.Advice != "" || got.Checked {
				t.Errorf("= %+v, want it delivered", got)
			}
			if len(h.got) != 1 || !strings.Contains(strings.ToLower(h.got[0]), "test") {
				t.Errorf("the receiver got %q, want one message that says it is a test", h.got)
			}
			if got := h.test(object{"channel": name, "settings": settings(name, base), "language": "zh"}, "zh"); !got.OK {
				t.Errorf("= %+v", got)
			}
			if text := h.got[len(h.got)-1]; name != "webhook" && !strings.Contains(text, "测试") {
				t.Errorf("the message in Chinese is %s", text)
			}
			if lines := h.log.String(); strings.Count(lines, `"msg":"test"`) != 2 {
				t.Errorf("the log has no line for each test: %s", lines)
			}
		})
	}
}

func TestASilentCheckPostsNothing(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	base := h.receiver(200, `{"code":19002,"msg":"params error, msg_type need"}`)
	got := h.test(object{"channel": "lark", "settings": settings("lark", base), "check": true}, "en")
	if !got.OK || !got.Checked || got.Class != connectivity.Accepting {
		t.Errorf("= %+v, want it accepting", got)
	}
	if len(h.got) != 1 || !strings.Contains(h.got[0], `"msg_type":""`) || strings.Contains(h.got[0], "content") {
		t.Errorf("the receiver got %q, want a request without a message", h.got)
	}
	h = newHarness(t)
	base = h.receiver(200, `{"errcode":300001,"errmsg":"token is not exist"}`)
	got = h.test(object{"channel": "dingtalk", "settings": settings("dingtalk", base), "check": true}, "en")
	if got.OK || !got.Checked || got.Class != "misconfigured" || got.Code != "300001" {
		t.Errorf("= %+v, want it misconfigured", got)
	}
	for _, name := range []string{"wecom", "webhook"} {
		h.ask(object{"channel": name, "settings": settings(name, base), "check": true}).faultAt("check")
	}
	if len(h.got) != 1 {
		t.Errorf("a channel without a silent check was asked all the same: %q", h.got[1:])
	}
}

func TestASavedTargetIsTestedWithItsSecrets(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	base := h.receiver(200, `{"errcode":0,"errmsg":"ok"}`)
	h.save("nightly", rule.Target{ID: "ops", Channel: "dingtalk", Settings: settings("dingtalk", base), Language: "zh"},
		rule.Target{ID: "dev", Channel: "wecom", Settings: settings("wecom", base), Language: "en"})
	saved := object{"workspace": "nlp_train", "rule": "nightly", "target": "ops"}
	if got := h.test(saved, "en"); !got.OK || len(h.got) != 1 || !strings.Contains(h.got[0], "测试") {
		t.Errorf("= %+v, the receiver got %q; want a test in the target's language", got, h.got)
	}
	saved["language"] = "en"
	if got := h.test(saved, "en"); !got.OK || strings.Contains(h.got[1], "测试") {
		t.Errorf("= %+v, the receiver got %q; want it in the language asked for", got, h.got)
	}
	h.ask(object{"workspace": "nlp_train", "rule": "nightly", "target": "dev", "check": true}).faultAt("check")
	h.ask(object{"workspace": "nlp_train", "rule": "nightly", "target": "nobody"}).problem(http.StatusNotFound, rule.CodeNoTarget)
	h.ask(object{"workspace": "nlp_train", "rule": "absent", "target": "ops"}).problem(http.StatusNotFound, rule.CodeNotFound)
	h.ask(object{"workspace": "nowhere", "rule": "nightly", "target": "ops"}).problem(http.StatusNotFound, rule.CodeNoWorkspace)
	h.may(access.Editor, `["cv_lab"]`)
	h.ask(saved).problem(http.StatusForbidden, "Forbidden")
	h.opener = failing{&rule.Error{Code: rule.CodeSealed, Text: fault.Say(`secrets of target "ops"`, `目标 "ops" 的密钥类设置`)}}
	h.may(access.Editor, `[]`)
	h.ask(saved).problem(http.StatusConflict, rule.CodeSealed)
	h.opener = failing{&rule.Error{Code: rule.CodeNotActivated, Text: fault.Say("EventBridge is not activated for this account", "该账号尚未开通 EventBridge")}}
	h.ask(saved).problem(http.StatusServiceUnavailable, rule.CodeNotActivated)
}

type failing struct{ err error }

func (f failing) Open(context.Context, string, string, string) (rule.Target, error) {
	return rule.Target{}, f.err
}

func TestTestsKeepTheReceiversPace(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	base := h.receiver(200, `{"errcode":0,"errmsg":"ok"}`)
	order := object{"channel": "wecom", "settings": settings("wecom", base)}
	for i := range 4 { // its burst
		if got := h.test(order, "en"); !got.OK {
			t.Fatalf("test %d = %+v", i, got)
		}
	}
	s := h.ask(order)
	p := s.problem(http.StatusTooManyRequests, "Throttled")
	if after := s.header.Get("Retry-After"); after != "4" || !strings.Contains(p.Detail, "4s") {
		t.Errorf("Retry-After %q, detail %q; want to hear when", after, p.Detail)
	}
	// However it is written, it is the same robot; another one has a pace of its own.
	same := object{"channel": "wecom", "settings": channel.Settings{"webhook": settings("wecom", base)["webhook"] + "&debug=1#x"}}
	h.ask(same).problem(http.StatusTooManyRequests, "Throttled")
	other := object{"channel": "wecom", "settings": channel.Settings{"webhook": base + "/cgi-bin/webhook/send?key=other"}}
	if got := h.test(other, "en"); !got.OK || len(h.got) != 5 {
		t.Errorf("another robot: %+v, %d messages", got, len(h.got))
	}
	h.advance(4 * time.Second)
	if got := h.test(order, "en"); !got.OK {
		t.Errorf("after the wait: %+v", got)
	}
	if p := h.ask(order, "Accept-Language", "zh").problem(http.StatusTooManyRequests, "Throttled"); !strings.ContainsFunc(p.Advice, isHan) {
		t.Errorf("advice %q is not in Chinese", p.Advice)
	}
}

func TestAnErrorThatSaysNothingOfItselfHasAdviceAllTheSame(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.client = smithyhttp.ClientDoFunc(func(*http.Request) (*http.Response, error) { return nil, errors.New("odd") })
	base := h.reach("robots.example:80")
	for _, language := range []string{"en", "zh"} {
		h.advance(time.Minute)
		got := h.test(object{"channel": "wecom", "settings": settings("wecom", base)}, language)
		if got.OK || got.Advice == "" {
			t.Errorf("= %+v", got)
		}
	}
}
