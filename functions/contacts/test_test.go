package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pai-notify/shared/channel"
	"pai-notify/shared/connectivity"
	"pai-notify/shared/contact"
	"pai-notify/shared/database"
)

func TestATestMessageGoesThroughTheChannelAndSaysSo(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.ask("POST", "/contacts", alice()).must(http.StatusCreated)
	settings := database.DefaultSettings()
	settings.Channels = map[string]map[string]string{"sms": {"signName": "PAI", "templateZh": "SMS_1"}}
	if err := h.db.SaveSettings(t.Context(), settings); err != nil {
		t.Fatal(err)
	}
	got := into[connectivity.Result](h.ask("POST", "/contacts/alice:test", object{"channel": "sms"}).must(http.StatusOK))
	if !got.OK || got.Class != "delivered" || got.Receipt != "receipt-1" {
		t.Errorf("result %+v", got)
	}
	want := []channel.Settings{{"signName": "PAI", "templateZh": "SMS_1", "to": "+8613800138000"}}
	if diff := cmp.Diff(want, h.sms.got); diff != "" {
		t.Errorf("the channel got (-want +got):\n%s", diff)
	}
	if m := h.sms.said[0]; !m.Test || m.Language != "zh" || !strings.Contains(m.Title, "测试") {
		t.Errorf("the message is %+v", m)
	}
	// A changed number holds at once.
	h.ask("PUT", "/contacts/alice", object{"name": "Alice", "phone": "+14155552671", "language": "en"}).must(http.StatusOK)
	h.sms.err = &channel.Refusal{Code: "isv.BUSINESS_LIMIT_CONTROL", Text: "limit", Class: channel.Rejected, Advice: channel.Advice{"en": "wait", "zh": "等"}}
	got = into[connectivity.Result](h.ask("POST", "/contacts/alice:test", object{"channel": "sms"}, "Accept-Language", "zh").must(http.StatusOK))
	if got.OK || got.Class != "rejected" || got.Step != "answer" || got.Code != "isv.BUSINESS_LIMIT_CONTROL" || got.Advice != "等" {
		t.Errorf("result %+v", got)
	}
	if h.sms.got[1]["to"] != "+14155552671" || h.sms.said[1].Language != "en" {
		t.Errorf("the second went to %q in %q", h.sms.got[1]["to"], h.sms.said[1].Language)
	}
}

func TestTestMessagesAreFewAndKeepThePace(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.ask("POST", "/contacts", alice()).must(http.StatusCreated)
	test := func(name string) said { return h.ask("POST", "/contacts/alice:test", object{"channel": name}) }
	test("sms").must(http.StatusOK)
	test("sms").must(http.StatusOK)
	for range 3 { // the pace's burst is 2; what is not sent is not counted
		if p := test("sms"); p.problem(http.StatusTooManyRequests, "Throttled").Detail == "" || p.header.Get("Retry-After") != "3600" {
			t.Errorf("beyond the pace: %s, Retry-After %s", p.text, p.header.Get("Retry-After"))
		}
	}
	h.now = h.now.Add(2 * time.Hour)
	test("sms").must(http.StatusOK)
	test("voice").must(http.StatusOK)
	test("email").must(http.StatusOK)
	s := test("email")
	if p := s.problem(http.StatusTooManyRequests, "Throttled"); !strings.Contains(p.Detail, "5 test messages within 24 hours") ||
		s.header.Get("Retry-After") != "79200" {
		t.Errorf("beyond the day's: %+v, Retry-After %s", p, s.header.Get("Retry-After"))
	}
	if len(h.sms.got) != 3 || contact.MaxTests != 5 {
		t.Errorf("%d text messages went out", len(h.sms.got))
	}
}

func TestWhatCannotBeTestedIsNamed(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.ask("POST", "/contacts", object{"id": "desk", "name": "Desk", "phone": "+86 571 8888 8888"}).must(http.StatusCreated)
	for _, c := range []struct {
		body  object
		paths []string
		words string
	}{
		{object{}, []string{"channel"}, "missing"},
		{object{"channel": "dingtalk", "language": "fr"}, []string{"language", "channel"}, "there are sms, voice, email"},
		{object{"channel": "sms"}, []string{"channel"}, "has no mobile number; add it"},
		{object{"channel": "email"}, []string{"channel"}, "has no mail address"},
	} {
		list := h.ask("POST", "/contacts/desk:test", c.body).faults(c.paths...)
		if last := list[len(list)-1]; !strings.Contains(last.Message, c.words) {
			t.Errorf("%v: fault %q lacks %q", c.body, last.Message, c.words)
		}
	}
	h.region = "ap-southeast-1"
	if list := h.ask("POST", "/contacts/desk:test", object{"channel": "voice"}).faults("channel"); !strings.Contains(list[0].Message, "ap-southeast-1") {
		t.Errorf("faults %+v", list)
	}
}
