package story

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// diagnosis is what a connectivity test answers.
type diagnosis struct {
	OK                              bool
	Class, Step, Code, Text, Advice string
}

func TestConnectivitySaysWhichStepFailedAndWhatToDo(t *testing.T) {
	t.Parallel()
	secure := httptest.NewTLSServer(http.NotFoundHandler()) // its certificate is nobody's
	t.Cleanup(secure.Close)
	c := start(t, 60, "ALLOW_RECEIVERS=127.0.0.1:1,"+strings.TrimPrefix(secure.URL, "https://"))
	robots := map[string]func(token string) map[string]any{}
	for _, channel := range []string{"dingtalk", "wecom", "lark"} {
		robots[channel] = func(token string) map[string]any { return c.target("x", channel, token)["settings"].(map[string]any) }
	}
	with := func(settings map[string]any, name, value string) map[string]any {
		settings[name] = value
		return settings
	}
	busy := map[string]string{"dingtalk": "130101", "wecom": "45009", "lark": "11232"}
	content := map[string]string{"dingtalk": "430102", "wecom": "40201", "lark": "230028"}
	for channel, robot := range robots {
		type row struct {
			name     string
			settings map[string]any
			fault    map[string]any
			want     diagnosis
		}
		rows := []row{
			{name: "good", settings: robot("good"), want: diagnosis{OK: true, Class: "delivered"}},
			{name: "nobody listens", settings: with(robot("a"), "webhook", strings.Replace(robot("a")["webhook"].(string), c.Inbox, "http://127.0.0.1:1", 1)),
				want: diagnosis{Step: "dial", Class: "unavailable"}},
			{name: "certificate nobody vouches for", settings: with(robot("a"), "webhook", strings.Replace(robot("a")["webhook"].(string), c.Inbox, secure.URL, 1)),
				want: diagnosis{Step: "tls", Class: "misconfigured"}},
			{name: "robot stopped", settings: robot("stopped"), want: diagnosis{Step: "answer", Class: "misconfigured"}},
			{name: "unknown token", settings: robot("unknown"), want: diagnosis{Step: "answer", Class: "misconfigured"}},
			{name: "too fast", fault: map[string]any{"code": busy[channel]}, want: diagnosis{Step: "answer", Code: busy[channel], Class: "throttled"}},
			{name: "HTTP 429", fault: map[string]any{"status": 429, "headers": map[string]string{"Retry-After": "7"}, "body": "slow"}, want: diagnosis{Step: "answer", Code: "HTTP 429", Class: "throttled"}},
			{name: "content refused", fault: map[string]any{"code": content[channel]}, want: diagnosis{Step: "answer", Code: content[channel], Class: "rejected"}},
			{name: "busy", fault: map[string]any{"code": map[string]string{"lark": "2200"}[channel] + map[string]string{"dingtalk": "-1", "wecom": "-1"}[channel]}, want: diagnosis{Step: "answer", Class: "unavailable"}},
			{name: "HTTP 500", fault: map[string]any{"status": 500, "body": "oops"}, want: diagnosis{Step: "answer", Code: "HTTP 500", Class: "unavailable"}},
			{name: "HTTP 502 with a page", fault: map[string]any{"status": 502, "body": "<html>bad gateway</html>"}, want: diagnosis{Step: "answer", Class: "unavailable"}},
			{name: "HTTP 200 with a page", fault: map[string]any{"status": 200, "body": "<html>log in</html>"}, want: diagnosis{Step: "answer", Class: "unknown"}},
			{name: "HTTP 200 with nothing", fault: map[string]any{"status": 200, "headers": map[string]string{"X-Empty": "1"}}, want: diagnosis{Step: "answer", Class: "unknown"}},
			{name: "code nobody lists", fault: map[string]any{"code": "987654"}, want: diagnosis{Step: "answer", Code: "987654", Class: "unknown"}},
			{name: "redirect", fault: map[string]any{"status": 302, "headers": map[string]string{"Location": "http://127.0.0.1:1/"}, "body": "moved"}, want: diagnosis{Step: "answer", Class: "misconfigured"}},
			{name: "no answer in time", fault: map[string]any{"delayMs": 60_000}, want: diagnosis{Step: "read", Class: "uncertain"}},
			{name: "reset before an answer", fault: map[string]any{"reset": true}, want: diagnosis{Step: "read", Class: "uncertain"}},
			{name: "reset within the answer", fault: map[string]any{"reset": true, "status": 200, "body": `{"errcode":0,"code":0`}, want: diagnosis{Step: "read", Class: "uncertain"}},
		}
		if channel != "wecom" {
			signed := "a"
			if channel == "lark" {
				signed = "signed-a"
			}
			rows = append(rows, row{name: "wrong signing key", settings: with(robot(signed), "secret", "SEC-other"), want: diagnosis{Step: "answer", Class: "misconfigured"}},
				row{name: "IP not listed", settings: robot("listed"), want: diagnosis{Step: "answer", Class: "misconfigured"}})
		}
		t.Run(channel, func(t *testing.T) {
			for i, r := range rows {
				settings := r.settings
				if r.fault != nil {
					settings = robot(fmt.Sprintf("t%d", i))
					r.fault["receiver"], r.fault["path"] = channel, fmt.Sprintf("t%d", i)
					c.fault(r.fault)
				}
				for _, language := range []string{"en", "zh"} {
					if language == "zh" && (r.fault != nil || r.want.OK) {
						continue // the fault is used up
					}
					a := c.api(http.MethodPost, "/connectivity", map[string]any{"channel": channel, "settings": settings, "language": language}, "Accept-Language", language)
					var got diagnosis
					a.must(t, http.StatusOK).into(t, &got)
					t.Logf("| %s | %s | %s | %s | %s | %s |", channel, r.name, got.Step, got.Code, got.Class, got.Advice)
					if got.OK != r.want.OK || got.Class != r.want.Class || got.Step != r.want.Step || (r.want.Code != "" && got.Code != r.want.Code) {
						t.Errorf("%s %s: got %+v, want %+v", channel, r.name, got, r.want)
					}
					if !got.OK && got.Advice == "" {
						t.Errorf("%s %s: no advice", channel, r.name)
					}
				}
			}
		})
	}
	for _, m := range c.messages("") {
		if m.Accepted && !strings.Contains(fmt.Sprint(m.Body), "test") && !strings.Contains(fmt.Sprint(m.Body), "测试") {
			t.Errorf("a test message does not say that it is one: %v", m.Body)
		}
	}
}

func TestASavedTargetAndASilentCheckAreTried(t *testing.T) {
	t.Parallel()
	c := start(t, 20)
	c.setUp("nlp_train")
	c.api(http.MethodPost, "/workspaces/nlp_train/rules", rule("ops-room", c.target("ops", "dingtalk", "ops"), c.target("l", "lark", "ops"))).must(t, http.StatusCreated)
	var got diagnosis
	c.api(http.MethodPost, "/connectivity", map[string]any{"workspace": "nlp_train", "rule": "ops-room", "target": "ops"}).must(t, http.StatusOK).into(t, &got)
	if !got.OK || len(c.accepted("dingtalk", "access_token=ops")) != 1 {
		t.Errorf("saved target: %+v, %d messages", got, len(c.accepted("dingtalk", "")))
	}
	c.api(http.MethodPost, "/connectivity", map[string]any{"workspace": "nlp_train", "rule": "ops-room", "target": "l", "check": true}).must(t, http.StatusOK).into(t, &got)
	if !got.OK || len(c.accepted("lark", "")) != 0 {
		t.Errorf("silent check: %+v, %d messages posted", got, len(c.accepted("lark", "")))
	}
	c.api(http.MethodPost, "/connectivity", map[string]any{"workspace": "nlp_train", "rule": "ops-room", "target": "nobody"}).must(t, http.StatusNotFound, http.StatusUnprocessableEntity)
}
