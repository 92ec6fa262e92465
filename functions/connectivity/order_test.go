package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"pai-notify/shared/access"
	"pai-notify/shared/channel"
)

func TestBadOrdersAreRefusedWithThePathOfEachFault(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	base := h.receiver(200, `{"errcode":0}`)
	good := settings("dingtalk", base)
	with := func(name, value string) object {
		s := channel.Settings{}
		for k, v := range good {
			s[k] = v
		}
		s[name] = value
		return object{"channel": "dingtalk", "settings": s}
	}
	for name, row := range map[string]struct {
		body any
		path string
	}{
		"nothing":                {object{}, ""},
		"both kinds":             {object{"channel": "dingtalk", "settings": good, "workspace": "nlp_train", "rule": "r1", "target": "t"}, ""},
		"unknown channel":        {object{"channel": "pigeon", "settings": object{}}, "channel"},
		"no channel":             {object{"settings": good}, "channel"},
		"no settings":            {object{"channel": "dingtalk"}, "settings.webhook"},
		"unknown setting":        {with("hook", "x"), "settings.hook"},
		"webhook is no URL":      {with("webhook", "hello"), "settings.webhook"},
		"plain http":             {with("webhook", "http://oapi.dingtalk.com/robot/send?access_token=x"), "settings.webhook"},
		"foreign host":           {with("webhook", "https://evil.example/robot/send?access_token="+plantedToken), "settings.webhook"},
		"user info":              {with("webhook", "https://u:"+plantedToken+"@oapi.dingtalk.com/robot/send?access_token=x"), "settings.webhook"},
		"signing key with blank": {with("secret", "SEC "+plantedSecret), "settings.secret"},
		"setting is a number":    {object{"channel": "dingtalk", "settings": object{"webhook": 7}}, "settings.webhook"},
		"unknown member":         {object{"channel": "dingtalk", "settings": good, "colour": "red"}, "colour"},
		"language nobody has":    {object{"channel": "dingtalk", "settings": good, "language": "fr"}, "language"},
		"check that is a text":   {object{"channel": "dingtalk", "settings": good, "check": "yes"}, "check"},
		"saved without rule":     {object{"workspace": "nlp_train", "target": "t"}, "rule"},
		"saved without target":   {object{"workspace": "nlp_train", "rule": "r1"}, "target"},
		"hostile workspace":      {object{"workspace": "${data}", "rule": "r1", "target": "t"}, "workspace"},
		"hostile rule":           {object{"workspace": "nlp_train", "rule": "$.x", "target": "t"}, "rule"},
	} {
		t.Run(name, func(t *testing.T) {
			h := *h
			h.t = t
			h.ask(row.body).faultAt(row.path)
		})
	}
	s := h.ask(object{"settings": object{"hook": 7}, "channel": "lark", "language": "fr", "colour": 1})
	for _, path := range []string{`"settings.hook"`, `"settings.webhook"`, `"language"`, `"colour"`} {
		if !strings.Contains(s.text, path) {
			t.Errorf("%s is not among the faults: %s", path, s.text)
		}
	}
	for body, status := range map[string]int{
		"": 400, "hello": 400, "null": 422, "[]": 422, "{\"channel\":\"\xff\"}": 400, strings.Repeat("[", 100_000): 400,
		`{"channel":"` + strings.Repeat("x", 10<<20) + `"}`: 413,
	} {
		if s := h.ask(body); s.status != status || s.header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%.20q = %d %.200s, want a problem of status %d", body, s.status, s.text, status)
		}
	}
	if len(h.got) != 0 {
		t.Errorf("a refused order was sent: %q", h.got)
	}
}

func TestOnlyEditorsMayTest(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	base := h.receiver(200, `{"errcode":0}`)
	order := object{"channel": "dingtalk", "settings": settings("dingtalk", base)}
	h.may(access.Viewer, "[]")
	h.ask(order).problem(http.StatusForbidden, "Forbidden")
	h.key = ""
	h.ask(order).problem(http.StatusUnauthorized, "Unauthenticated")
	if len(h.got) != 0 {
		t.Errorf("a test was sent: %q", h.got)
	}
}

func TestTheAPIDescribesItself(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	r := httptest.NewRequest(http.MethodGet, "/api/v1/connectivity/openapi.json", nil)
	r.Header.Set("Authorization", "Bearer "+h.key)
	w := httptest.NewRecorder()
	h.api().ServeHTTP(w, r)
	if w.Code != http.StatusOK || !json.Valid(w.Body.Bytes()) || !strings.Contains(w.Body.String(), fmt.Sprintf("%q", "/api/v1/connectivity")) {
		t.Errorf("= %d %.300s", w.Code, w.Body.String())
	}
}

func TestACallerTestsOnlySoOftenAndEachTestIsAudited(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	order := object{"channel": "webhook", "settings": settings("webhook", h.receiver(http.StatusNoContent, ""))}
	h.keys.Now = func() time.Time { return h.now }
	for range access.TestBurst {
		if r := h.test(order, "en"); !r.OK {
			t.Fatalf("a test failed: %+v", r)
		}
	}
	s := h.ask(order)
	if s.status != http.StatusTooManyRequests || s.header.Get("Retry-After") != "20" || !strings.Contains(s.text, "tests of receivers") {
		t.Errorf("one more: %d %s, Retry-After %q", s.status, s.text, s.header.Get("Retry-After"))
	}
	h.advance(access.TestEvery)
	if r := h.test(order, "en"); !r.OK {
		t.Errorf("after a while: %+v", r)
	}
	list, err := h.keys.Audit(t.Context(), access.AuditFilter{Action: "connectivity"}, 0, 1000)
	if err != nil || len(list) != 2*(access.TestBurst+1) {
		t.Errorf("%d rows of the audit, %v", len(list), err)
	}
	for _, e := range list {
		if strings.Contains(e.Before+e.After, plantedToken) || e.Outcome == access.Done && !strings.Contains(e.After, "delivered") {
			t.Errorf("row %+v", e)
		}
	}
}
