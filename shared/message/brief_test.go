package message

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pai-notify/shared/event"
)

func TestBriefIsNameOutcomeAndTimeInTheMessagesZone(t *testing.T) {
	t.Parallel()
	e := event.Event{Type: "paidlc:Job:Failed", Time: time.Date(2026, 11, 24, 12, 5, 0, 0, time.UTC)}
	v := event.View{Outcome: event.Text{"en": "Job failed", "zh": "任务失败"}, Name: "llm-sft\n7b", ID: "dlc1"}
	for language, want := range map[string]string{"en": "Job failed", "zh": "任务失败", "fr": "Job failed"} {
		b := New(e, v, Options{Language: language, Zone: time.FixedZone("CST", 8*3600)}).Brief
		if b.Status != want || b.Name != "llm-sft 7b" || b.At.Format("15:04") != "20:05" || b.More != 0 {
			t.Errorf("brief in %s is %+v, want %s at 20:05", language, b, want)
		}
	}
	for name, c := range map[string]struct {
		view         event.View
		name, status string
	}{
		"without a name": {event.View{ID: "dlc1"}, "dlc1", "PAI event"},
		"model version":  {event.View{Name: "ranker", Version: "0.3"}, "ranker 0.3", "PAI event"},
		"unknown":        {event.View{Kind: event.Text{"en": "DLC job"}, Status: "Hibernating"}, "paidlc:Job:Failed", "DLC job Hibernating"},
	} {
		if b := New(e, c.view, Options{}).Brief; b.Name != c.name || b.Status != c.status {
			t.Errorf("%s: brief is %q %q, want %q %q", name, b.Name, b.Status, c.name, c.status)
		}
	}
	if b := Connectivity("zh", "SMS", e.Time).Brief; b.Status != "测试" || b.Name == "" || !b.At.Equal(e.Time) {
		t.Errorf("brief of a test is %+v", b)
	}
}

func TestBriefOfADigestSaysHowManyMore(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 1, 1, 14, 5, 0, 0, time.UTC)
	digest := func(language string, n, failed int) Message {
		var list []Message
		for i := range n {
			v := event.View{Source: "dlc", ID: "dlc" + strings.Repeat("i", i), Name: "job-" + string(rune('a'+i%26)), Failing: i >= n-failed}
			v.Outcome = event.Text{"en": "Job succeeded", "zh": "任务成功"}
			if v.Failing {
				v.Outcome = event.Text{"en": "Job failed", "zh": "任务失败"}
			}
			list = append(list, New(event.Event{Time: start.Add(time.Duration(i) * time.Minute)}, v, Options{Language: language}))
		}
		return Digest(list, Options{Language: language})
	}
	for name, c := range map[string]struct {
		m             Message
		names, status string
	}{
		"all failed":         {digest("en", 38, 38), "job-a and 37 more", "Job failed"},
		"all failed, zh":     {digest("zh", 38, 38), "job-a 等 38 个", "任务失败"},
		"some failed":        {digest("en", 3, 1), "job-c and 2 more", "1 failed"},
		"some failed, zh":    {digest("zh", 3, 1), "job-c 等 3 个", "1 个失败"},
		"all succeeded":      {digest("en", 3, 0), "job-a and 2 more", "Job succeeded"},
		"one alone":          {digest("en", 1, 1), "job-a", "Job failed"},
		"nothing to tell of": {Digest(nil, Options{}), "", ""},
	} {
		if got := c.m.Brief.Names(c.m.Language, 35); got != c.names || c.m.Brief.Status != c.status {
			t.Errorf("%s: brief is %q, %q, want %q, %q", name, got, c.m.Brief.Status, c.names, c.status)
		}
	}
	last := digest("en", 3, 1).Brief.At
	if want := start.Add(2 * time.Minute); !last.Equal(want) {
		t.Errorf("brief is of %s, want the last event's %s", last, want)
	}
}

func TestNamesCutTheNameAndNeverTheCount(t *testing.T) {
	t.Parallel()
	b := Brief{Name: strings.Repeat("很长的名字", 20), More: 499}
	for language, end := range map[string]string{"en": "… and 499 more", "zh": "… 等 500 个"} {
		got := b.Names(language, 35)
		if !strings.HasSuffix(got, end) || utf8.RuneCountInString(got) != 35 {
			t.Errorf("names are %q of %d characters, want 35 that end in %q", got, utf8.RuneCountInString(got), end)
		}
	}
	if got := CutRunes("abc", 3) + CutRunes("ab cd", 4); got != "abc"+"ab…" {
		t.Errorf("cut to %q", got)
	}
}
