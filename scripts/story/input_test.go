package story

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestBadInputIsRefusedWithThePathOfEachFault(t *testing.T) {
	t.Parallel()
	c := start(t, 20)
	c.setUp("nlp_train")
	rules := "/workspaces/nlp_train/rules"
	good := func() map[string]any { return rule("good", c.target("w", "wecom", "k")) }
	change := func(path string, value any) map[string]any {
		text, err := json.Marshal(good())
		if err != nil {
			t.Fatal(err)
		}
		var r map[string]any
		if err := json.Unmarshal(text, &r); err != nil {
			t.Fatal(err)
		}
		set(r, strings.Split(path, "."), value)
		return r
	}
	robot := func(channel, webhook, secret string) map[string]any {
		settings := map[string]any{"webhook": webhook}
		if secret != "" {
			settings["secret"] = secret
		}
		return map[string]any{"id": "x", "channel": channel, "settings": settings}
	}
	six := []any{}
	for i := range 6 {
		six = append(six, c.target(fmt.Sprint("t", i), "wecom", fmt.Sprint("k", i)))
	}
	long := c.target("w", "wecom", "k")
	long["settings"] = map[string]any{"webhook": c.Inbox + "/wecom/cgi-bin/webhook/send?key=" + strings.Repeat("k", 12_000)}
	for name, r := range map[string]struct {
		body any
		path string
	}{
		"unknown source":             {change("event.source", "eas"), "event.source"},
		"unknown option":             {change("event.options", []string{"dlc.job.failed", "dlc.job.exploded"}), "event.options[1]"},
		"unknown scope":              {change("event.scope.kind", "planet"), "event.scope.kind"},
		"no options":                 {change("event.options", []string{}), "event.options"},
		"unknown channel":            {change("targets", []any{robot("pigeon", "https://example.com", "")}), "targets[0].channel"},
		"unknown field":              {change("colour", "red"), "colour"},
		"unknown setting":            {change("targets", []any{map[string]any{"id": "x", "channel": "wecom", "settings": map[string]any{"hook": "x"}}}), "targets[0].settings.hook"},
		"description of 257":         {change("description", strings.Repeat("描", 257)), "description"},
		"refused name":               {change("name", "nightly runs!"), "name"},
		"reserved name":              {change("name", "eventbridge-reserved-x"), "name"},
		"HTTP target on a DLC rule":  {change("targets", []any{c.target("h", "webhook", "x")}), "targets[0].channel"},
		"sixth unit":                 {change("targets", six), "targets"},
		"duplicate target ids":       {change("targets", []any{c.target("a", "wecom", "1"), c.target("a", "wecom", "2")}), "targets[1].id"},
		"webhook is no URL":          {change("targets", []any{robot("wecom", "hello", "")}), "targets[0].settings.webhook"},
		"plain http":                 {change("targets", []any{robot("wecom", "http://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=k", "")}), "targets[0].settings.webhook"},
		"foreign host":               {change("targets", []any{robot("dingtalk", "https://evil.example/robot/send?access_token=x", "SECx")}), "targets[0].settings.webhook"},
		"user info":                  {change("targets", []any{robot("lark", "https://u:p@open.feishu.cn/open-apis/bot/v2/hook/x", "")}), "targets[0].settings.webhook"},
		"signing key with blanks":    {change("targets", []any{robot("dingtalk", "https://oapi.dingtalk.com/robot/send?access_token=x", "SEC x")}), "targets[0].settings.secret"},
		"settings over 10,240":       {change("targets", []any{long}), "targets[0]"},
		"createdByMe without a user": {change("event.scope.kind", "createdByMe"), "event.scope.kind"},
	} {
		t.Run(name, func(t *testing.T) {
			a := c.api(http.MethodPost, rules, r.body)
			var problem struct {
				Errors []struct{ Path, Message string }
			}
			if a.Status != http.StatusUnprocessableEntity && a.Status != http.StatusBadRequest {
				t.Fatalf("status %d: %s", a.Status, a.Text)
			}
			a.into(t, &problem)
			for _, e := range problem.Errors {
				if strings.HasPrefix(e.Path, r.path) && e.Message != "" {
					return
				}
			}
			t.Errorf("no fault at %s in %s", r.path, a.Text)
		})
	}
	t.Run("all faults at once", func(t *testing.T) {
		bad := change("event.source", "eas")
		bad["name"], bad["description"], bad["targets"] = "", strings.Repeat("x", 300), []any{robot("pigeon", "x", ""), robot("wecom", "x", "")}
		a := c.api(http.MethodPost, rules, bad)
		for _, path := range []string{`"event.source"`, `"name"`, `"description"`, `"targets[0].channel"`, `"targets[1].settings.webhook"`} {
			if !strings.Contains(a.Text, path) {
				t.Errorf("%s is not among the faults: %s", path, a.Text)
			}
		}
	})
	t.Run("workspace that does not exist", func(t *testing.T) {
		a := c.api(http.MethodPost, "/workspaces/nowhere/rules", good()).must(t, http.StatusNotFound)
		if !strings.Contains(a.Text, "WorkspaceNotFound") || !strings.Contains(a.Text, `"advice"`) {
			t.Errorf("answer = %s", a.Text)
		}
	})
	t.Run("bodies that are no rule", func(t *testing.T) {
		for name, body := range map[string]string{
			"empty": "", "null": "null", "text": "hello", "array": "[]", "invalid UTF-8": "{\"name\":\"\xff\xfe\"}", "deep": strings.Repeat("[", 100_000),
			"10 MB": `{"name":"` + string(bytes.Repeat([]byte("x"), 10<<20)) + `"}`,
		} {
			a := c.api(http.MethodPost, rules, body)
			if a.Status < 400 || a.Status >= 500 {
				t.Errorf("%s: status %d: %s", name, a.Status, tail(a.Text, 300))
			}
			if !strings.HasPrefix(a.Header.Get("Content-Type"), "application/problem+json") {
				t.Errorf("%s: answered as %s: %s", name, a.Header.Get("Content-Type"), tail(a.Text, 300))
			}
		}
	})
	t.Run("texts that look like templates", func(t *testing.T) {
		r := rule("templates", c.target("w", "dingtalk", "k"))
		r["event"].(map[string]any)["scope"] = map[string]any{"kind": "namePrefix", "prefix": "${data} $.x"}
		r["targets"].([]map[string]any)[0]["settings"].(map[string]any)["secret"] = "${data}$.x"
		r["description"] = "${data} $.x ${jsonEscape(id)} $ \\u0024 <d>"
		c.api(http.MethodPost, rules, r).must(t, http.StatusCreated)
		var got struct {
			Description string
			Event       struct{ Scope struct{ Prefix string } }
		}
		c.api(http.MethodGet, rules+"/templates?waiting=cancel", nil).must(t, http.StatusOK).into(t, &got)
		if got.Description != r["description"] || got.Event.Scope.Prefix != "${data} $.x" {
			t.Errorf("saved as %+v, want description %q", got, r["description"])
		}
		c.publish(event(t, "dlc-failed-oom", map[string]any{"id": "templates"}, map[string]any{"displayName": "${data} $.x llm"}))
		until(t, 20*time.Second, func() string {
			// The signing key came through as it was typed, so the robot finds the signature wrong for its own key only.
			for _, m := range c.messages("dingtalk") {
				if m.Code == "310000" {
					return ""
				}
			}
			return "the robot was not asked"
		})
		c.api(http.MethodDelete, rules+"/templates?waiting=cancel", nil).must(t, http.StatusNoContent, http.StatusOK)
	})
	t.Run("an old version", func(t *testing.T) {
		a := c.api(http.MethodPost, rules, good()).must(t, http.StatusCreated)
		old := a.Header.Get("ETag")
		next := good()
		next["description"] = "changed"
		c.api(http.MethodPut, rules+"/good", next, "If-Match", old).must(t, http.StatusOK)
		a = c.api(http.MethodPut, rules+"/good", good(), "If-Match", old).must(t, http.StatusPreconditionFailed)
		if !strings.Contains(a.Text, `"advice"`) {
			t.Errorf("answer = %s", a.Text)
		}
		c.api(http.MethodPost, rules, good()).must(t, http.StatusConflict)
	})
	t.Run("two PUTs at once", func(t *testing.T) {
		etag := c.api(http.MethodGet, rules+"/good", nil).Header.Get("ETag")
		statuses := make([]int, 2)
		var both sync.WaitGroup
		for i := range 2 {
			both.Go(func() {
				r := maps.Clone(good())
				r["description"] = fmt.Sprint("writer ", i)
				a, err := tryAsk(http.MethodPut, c.API+"/api/v1"+rules+"/good", r, "Authorization", "Bearer "+c.Key, "If-Match", etag)
				if err != nil {
					t.Error(err)
				}
				statuses[i] = a.Status
			})
		}
		both.Wait()
		if statuses[0]+statuses[1] != http.StatusOK+http.StatusPreconditionFailed {
			t.Errorf("two PUTs of one version answer %v, want one 200 and one 412", statuses)
		}
	})
	t.Run("EventBridge that misbehaves", func(t *testing.T) {
		for name, f := range map[string]struct {
			status int
			body   string
			want   int
		}{
			"403":                 {403, `{"Code":"NoPermission","Message":"no","RequestId":"r"}`, http.StatusForbidden},
			"429":                 {429, `{"Code":"TooManyRequests","Message":"slow","RequestId":"r"}`, http.StatusTooManyRequests},
			"500":                 {500, `{"Code":"InternalError","Message":"oops","RequestId":"r"}`, http.StatusServiceUnavailable},
			"HTML":                {200, `<html>maintenance</html>`, http.StatusServiceUnavailable},
			"Success=false":       {200, `{"Code":"EventRuleTargetIdDuplicate","Message":"dup","Success":false,"RequestId":"r"}`, http.StatusUnprocessableEntity},
			"ErrorEntriesCount 1": {200, `{"Code":"Success","Success":true,"RequestId":"r","Data":{"ErrorEntriesCount":1,"ErrorEntries":[{"EntryId":"1","ErrorCode":"Bad","ErrorMessage":"m"}]}}`, http.StatusUnprocessableEntity},
		} {
			t.Run(name, func(t *testing.T) {
				c.cloudFault(map[string]any{"action": "PutTargets", "status": f.status, "body": f.body})
				r := good()
				r["description"] = name
				a := c.api(http.MethodPut, rules+"/good", r)
				if a.Status != f.want || !strings.Contains(a.Text, `"advice"`) || f.status == 200 && f.want == http.StatusUnprocessableEntity && !strings.Contains(a.Text, "Bad") && !strings.Contains(a.Text, "dup") {
					t.Errorf("status %d, want %d with advice: %s", a.Status, f.want, a.Text)
				}
			})
		}
		c.api(http.MethodPut, rules+"/good", good()).must(t, http.StatusOK)
	})
}

// set puts a value at a path of objects.
func set(in map[string]any, path []string, value any) {
	for _, name := range path[:len(path)-1] {
		in = in[name].(map[string]any)
	}
	in[path[len(path)-1]] = value
}
