package wecom

import (
	"encoding/json"
	"flag"
	"strings"
	"testing"

	"pai-notify/shared/channel"
	"pai-notify/shared/channel/channeltest"
	"pai-notify/shared/event"
	"pai-notify/shared/message"
)

var update = flag.Bool("update", false, "write the golden files")

const key = "01234567-89ab-cdef-0123-456789fake01"

func settings(base string) channel.Settings {
	return channel.Settings{"webhook": base + "/cgi-bin/webhook/send?key=" + key}
}

func TestWeComKeepsTheContractOfChannels(t *testing.T) {
	t.Parallel()
	channeltest.Run(t, New, channeltest.Samples{
		Settings: settings,
		Secrets:  []string{key},
		Codes:    codes,
		Accepted: `{"errcode":0,"errmsg":"ok"}`,
		Answer:   answer,
		Unlisted: "987654",
		Shown:    shown,
	})
}

func answer(code, text string) string {
	quoted, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return `{"errcode":` + code + `,"errmsg":` + string(quoted) + `}`
}

// shown is what WeCom counts and shows.
func shown(raw []byte) string {
	var got struct {
		Type string                   `json:"msgtype"`
		Old  struct{ Content string } `json:"markdown"`
		New  struct{ Content string } `json:"markdown_v2"`
	}
	if err := json.Unmarshal(raw, &got); err != nil {
		return err.Error()
	}
	if got.Type == "markdown_v2" {
		return got.New.Content
	}
	return got.Old.Content
}

func TestRequestIsAsItsGoldenFile(t *testing.T) {
	t.Parallel()
	to := settings("https://qyapi.weixin.qq.com")
	failed := channeltest.Message()
	calling := channeltest.Message()
	calling.Mentions = message.Mentions{All: true, Users: []string{"zhangsan", "li.si@corp"}}
	debug := channel.Settings{"webhook": "https://QYAPI.weixin.qq.com:443/cgi-bin/webhook/send?debug=1&key=" + key + "#x"}
	channeltest.Golden(t, newWire(nil), *update, map[string]channeltest.Case{
		"job failed":     {To: to, Message: failed},
		"mentions":       {To: to, Message: calling},
		"digest":         {To: debug, Message: channeltest.Digest("en", "llm-sft-7b")},
		"digest calling": {To: to, Message: digestCalling()},
		"test":           {To: to, Message: message.Connectivity("zh", "企业微信", channeltest.At())},
	})
}

func digestCalling() message.Message {
	m := channeltest.Digest("zh", "llm-sft-7b")
	m.Mentions.Users = []string{"zhangsan"}
	return m
}

func TestBodyHasNoEscapesThatWeComRefuses(t *testing.T) {
	t.Parallel()
	m := channeltest.Message()
	m.Title = "a\u2028b<>&\x01\ufffd\xff日本"
	req, err := newWire(nil).Request(settings("https://qyapi.weixin.qq.com"), m, channeltest.At())
	if err != nil {
		t.Fatal(err)
	}
	raw := make([]byte, req.ContentLength)
	if _, err := req.Body.Read(raw); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(raw), `\u`) || !strings.Contains(string(raw), "日本") {
		t.Errorf("body has escapes (40033): %s", raw)
	}
}

func TestTheLimitCountsBytesOfTheContentAndIsUsed(t *testing.T) {
	t.Parallel()
	m := channeltest.Message()
	m.Facts[2].Value = strings.Repeat("显存不足，", 1000)
	req, err := newWire(nil).Request(settings("https://qyapi.weixin.qq.com"), m, channeltest.At())
	if err != nil {
		t.Fatal(err)
	}
	raw := make([]byte, req.ContentLength)
	if _, err := req.Body.Read(raw); err != nil {
		t.Fatal(err)
	}
	got := shown(raw)
	if len(got) > maxContent || len(got) < maxContent-300 {
		t.Errorf("the content has %d bytes; want a little under %d", len(got), maxContent)
	}
	if !strings.Contains(got, "工作空间") || !strings.Contains(got, "PAI · 任务失败") {
		t.Errorf("a short fact or the title fell to the cut: %s", got)
	}
}

func TestColourFollowsTheTone(t *testing.T) {
	t.Parallel()
	for tone, want := range map[event.Tone]string{
		event.Neutral: `### 🔵 PAI `, event.Good: `### <font color=\"info\">✅ PAI `, event.Waiting: `### <font color=\"comment\">⏳ PAI `,
		event.Stopped:  `### <font color=\"comment\">⏹️ PAI `,
		event.Alarming: `### <font color=\"warning\">⚠️ PAI `, event.Bad: `### <font color=\"warning\">❌ PAI `,
	} {
		m := channeltest.Message()
		m.Tone = tone
		if got, err := renderOld(m); err != nil || !strings.HasPrefix(string(got), want) {
			t.Errorf("tone %d is drawn as %.60s, %v; want %s", tone, got, err, want)
		}
	}
}

func FuzzReply(f *testing.F) {
	channeltest.FuzzReply(f, newWire(nil), func(status int, body []byte) bool {
		var got map[string]json.RawMessage
		return status/100 == 2 && json.Unmarshal(body, &got) == nil && string(got["errcode"]) == "0"
	})
}

func BenchmarkRequestAndReply(b *testing.B) {
	w := newWire(nil)
	to, m, ok := settings("https://qyapi.weixin.qq.com"), channeltest.Message(), []byte(`{"errcode":0,"errmsg":"ok"}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := w.Request(to, m, channeltest.At()); err != nil {
			b.Fatal(err)
		}
		if err := w.Reply(200, nil, ok); err != nil {
			b.Fatal(err)
		}
	}
}

func TestEverySampleReadsAsItsGoldenFile(t *testing.T) {
	t.Parallel()
	channeltest.GoldenSamples(t, newWire(nil), settings("https://qyapi.weixin.qq.com"), *update, shown)
}

func TestASampleTakesItsShareOfMemoryAndNoMore(t *testing.T) {
	channeltest.Allocations(t, newWire(nil), settings("https://qyapi.weixin.qq.com"))
}

func TestNoEventCallsAnybodyOrBreaksTheMarkup(t *testing.T) {
	t.Parallel()
	channeltest.Harmless(t, newWire(nil), settings("https://qyapi.weixin.qq.com"), shown, nil, false)
}

func BenchmarkSamples(b *testing.B) {
	channeltest.BenchSamples(b, newWire(nil), settings("https://qyapi.weixin.qq.com"))
}
