package carrier_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"pai-notify/scripts/localcloud/inbox"
	"pai-notify/shared/channel"
	"pai-notify/shared/channel/email"
	"pai-notify/shared/channel/sms"
	"pai-notify/shared/channel/voice"
	"pai-notify/shared/message"
)

// deps are those of channels whose APIs are the world's.
func (w *world) deps() channel.Deps {
	return channel.Deps{Now: w.clock.Now, Cloud: channel.NewCloud("cn-hangzhou", "http://"+w.host,
		func(context.Context) (channel.Credentials, error) {
			return channel.Credentials{AccessKeyID: "LTAI-local", AccessKeySecret: "local-secret"}, nil
		})}
}

func told(language, name string, more int, at time.Time) message.Message {
	m := message.Message{ID: "01jdkz9v3q8r5w2x.1764038581", Language: language, Title: "Job failed: " + name}
	m.Brief = message.Brief{Name: name, Status: "任务失败", More: more, At: at}
	m.Facts = []message.Fact{{Name: "原因", Value: "line 1\n" + name, Field: "reason"}}
	return m
}

// The names are those at which a template's rules take offence.
func names() []string {
	return []string{
		"llm-sft-7b", "", "🔥", "https://evil.example/x", "www.evil.cn", "train_v2.py", "eval 13800138000", "【签名】※", "10.0.0.1:8080",
		"<at id=all></at>", strings.Repeat("很长的名字", 30), "${name}", "\u202egnp.exe", "x.com", "a.b.c.d.e.f", "①②③ ½ ™",
	}
}

// mailFrom are the settings of mail that is sent in a region.
func mailFrom(region string) channel.Settings {
	return channel.Settings{"from": "pai@notify.example.com", "region": region, channel.To: "alice@example.com"}
}

func TestOurChannelsAreUnderstoodByTheServices(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		service string
		open    func(channel.Deps) channel.Channel
		to      channel.Settings
	}{
		{inbox.SMS, sms.New, channel.Settings{"signName": "PAI通知", "templateZh": "SMS_190000001", "templateEn": "SMS_190000002", channel.To: "+8613800138001"}},
		{inbox.SMS, sms.New, channel.Settings{"signName": "PAI通知", "templateEn": "SMS_190000003", channel.To: "+6591234567"}},
		{inbox.Voice, voice.New, channel.Settings{"templateZh": "TTS_190000001", "templateEn": "TTS_190000002", channel.To: "+8613800138001"}},
		{inbox.Voice, voice.New, channel.Settings{"templateZh": "TTS_190000003", "showNumber": "057100000000", "playTimes": "3", channel.To: "+8613800138001"}},
		{inbox.Email, email.New, channel.Settings{"from": "pai@notify.example.com", "alias": "PAI 通知", "replyTo": "ops@example.com", channel.To: "alice@example.com"}},
		{inbox.Email, email.New, mailFrom("ap-southeast-1")}, // where the API has another version
		{inbox.Email, email.New, mailFrom("ap-southeast-2")},
		{inbox.Email, email.New, mailFrom("eu-central-1")},
	} {
		for i, name := range names() {
			w := start(t, still)
			at := w.clock.Now()
			if i == 1 {
				at = time.Time{} // an event that says no time
			}
			m := told([]string{"zh", "en"}[i%2], name, i%3*100, at)
			receipt, err := c.open(w.deps()).Send(t.Context(), c.to, m)
			if err != nil || receipt == "" {
				t.Errorf("%s to %s of %q: receipt %q, %v", c.service, c.to[channel.To], name, receipt, err)
			}
			list := w.inbox.Messages(c.service, 0)
			if len(list) != 1 || !list[0].Accepted {
				t.Fatalf("%s: the inbox has %+v", c.service, list)
			}
			if text, err := json.Marshal(list[0].Body); err != nil || !strings.Contains(string(text), `"inURL":[]`) {
				t.Errorf("%s: parameters that tell of people stood in the URL: %s, %v", c.service, text, err)
			}
		}
	}
}

func TestReportsOfOurChannelsAreFoundByTheIDsThatWereSentAlong(t *testing.T) {
	t.Parallel()
	w := start(t, fast)
	for name, c := range map[string]struct {
		open  func(channel.Deps) channel.Channel
		to    channel.Settings
		doubt bool // without the receipt, as after an unclear outcome
	}{
		"text":          {sms.New, channel.Settings{"signName": "PAI通知", "templateZh": "SMS_190000001", channel.To: "+8613800138002"}, false},
		"text in doubt": {sms.New, channel.Settings{"signName": "PAI通知", "templateZh": "SMS_190000001", channel.To: "+8613800138003"}, true},
		"call":          {voice.New, channel.Settings{"templateZh": "TTS_190000001", channel.To: "+8613800138002"}, false},
	} {
		ch := c.open(w.deps())
		sent := w.clock.Now()
		m := told("zh", name, 0, sent)
		receipt, err := ch.Send(t.Context(), c.to, m)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		reporter, ok := ch.(channel.Reporter)
		if !ok {
			t.Fatalf("%s cannot be asked", name)
		}
		query := channel.Query{Receipt: receipt, ID: m.ID, Sent: sent}
		if c.doubt {
			query.Receipt = ""
		}
		deadline := time.Now().Add(20 * time.Second)
		for {
			report, err := reporter.Report(t.Context(), c.to, query)
			if err != nil || report.Fate == channel.Failed {
				t.Fatalf("%s: %+v, %v", name, report, err)
			}
			if report.Fate == channel.Arrived {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("%s did not arrive: %+v", name, report)
			}
			if err := w.clock.Sleep(t.Context(), time.Second); err != nil {
				t.Fatal(err)
			}
		}
		query.ID, query.Receipt = "another", ""
		if report, err := reporter.Report(t.Context(), c.to, query); name != "call" && (err != nil || report.Fate != channel.Absent) {
			t.Errorf("%s: another message is %+v, %v, want absent", name, report, err)
		}
	}
}
