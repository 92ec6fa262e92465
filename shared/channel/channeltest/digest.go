package channeltest

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pai-notify/shared/event"
	"pai-notify/shared/message"
)

// Digest is fourteen events of an evening, three failed, told as one message, for golden files. The title of one is the
// caller's.
func Digest(language, name string) message.Message {
	start := time.Date(2026, 1, 1, 14, 5, 0, 0, time.UTC)
	var list []message.Message
	o := message.Options{Language: language, Zone: time.FixedZone("CST", 8*3600), ID: "digest-1", Late: 4 * time.Minute}
	for i := range 14 {
		e := event.Event{ID: fmt.Sprint("e", i), Source: "acs.paidlc", Type: "paidlc:Job:Succeeded", Time: start.Add(time.Duration(i) * time.Minute)}
		v := event.View{
			Source: "dlc", Known: true, Outcome: event.Text{"en": "Job succeeded", "zh": "任务成功"}, Final: true,
			ID: fmt.Sprintf("dlc1abcdefg%d", i), Name: fmt.Sprint("job-", i), WorkspaceID: "249407", Region: "cn-hangzhou",
		}
		if i%5 == 4 || i == 13 {
			v.Outcome, v.Severity, v.Failing = event.Text{"en": "Job failed", "zh": "任务失败"}, event.Error, true
		}
		if i == 9 {
			v.Name = name
		}
		list = append(list, message.New(e, v, o))
	}
	return message.Digest(list, o)
}

// digest tells many events at once, with hostile names and long ones.
func (c suite) digest(t *testing.T) {
	t.Parallel()
	ch, _, _ := c.open("http://receiver.test:80", answerer(200, c.Accepted))
	spec := ch.Spec()
	if !spec.Digest || spec.MaxBytes == 0 { // a brief tells a digest in other words
		return
	}
	about := func(name string) string {
		_, body := c.request(t, Digest("en", name))
		if c.Called != nil {
			if called := c.Called(body); len(called) > 0 {
				t.Errorf("a job named %q calls %q", name, called)
			}
		}
		return c.shown(body)
	}
	usual := about("plain")
	for _, want := range []string{"PAI", "14 events, 3 failed", "22:14 Job failed", "… and 4 more", "Told late by", "workspaceId=249407"} {
		if !strings.Contains(usual, want) {
			t.Errorf("a digest lacks %q:\n%s", want, usual)
		}
	}
	if first, second := strings.Index(usual, "Job failed"), strings.Index(usual, "Job succeeded"); second < first {
		t.Errorf("what failed is not first:\n%s", usual)
	}
	for _, text := range hostileTexts() {
		if c.Data {
			break
		}
		c.harmless(t, text, usual, about(text))
	}
	for name, unit := range map[string]string{"Chinese": "显存", "markup": "<at id=all></at>[x](y)*_`", "emoji": "🔥👩‍🚀"} {
		m := Digest("zh", strings.Repeat(unit, 4000))
		for i := range m.Items {
			m.Items[i].Title, m.Items[i].Link = strings.Repeat(unit, 60), m.Items[i].Link+strings.Repeat("a", 700)
		}
		for range 500 {
			m.Mentions.Users = append(m.Mentions.Users, "13800138000")
		}
		_, body := c.request(t, m)
		shown := c.shown(body)
		if len(shown) > spec.MaxBytes || !utf8.Valid(body) {
			t.Errorf("%s: a digest is %d bytes, over the limit of %d, or broken", name, len(shown), spec.MaxBytes)
		}
		if !strings.Contains(shown, "14 个事件，3 个失败") || !strings.Contains(shown, "…另有 ") {
			t.Errorf("%s: a digest does not say how many it leaves out:\n%s", name, shown)
		}
	}
}
