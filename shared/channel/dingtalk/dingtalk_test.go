package dingtalk

import (
	"encoding/json"
	"flag"
	"net/url"
	"strings"
	"testing"
	"time"

	"pai-notify/shared/channel"
	"pai-notify/shared/channel/channeltest"
	"pai-notify/shared/message"
)

var update = flag.Bool("update", false, "write the golden files")

const (
	token  = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789fake01"
	secret = "SECfake0123456789fake0123456789"
)

func settings(base string) channel.Settings {
	return channel.Settings{"webhook": base + "/robot/send?access_token=" + token, "secret": secret}
}

func TestDingTalkKeepsTheContractOfChannels(t *testing.T) {
	t.Parallel()
	channeltest.Run(t, New, channeltest.Samples{
		Settings: settings,
		Secrets:  []string{token, secret},
		Codes:    codes,
		Accepted: `{"errcode":0,"errmsg":"ok"}`,
		Answer:   answer,
		Unlisted: "987654",
		Called:   calledIn,
	})
}

func answer(code, text string) string {
	quoted, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return `{"errcode":` + code + `,"errmsg":` + string(quoted) + `}`
}

func calledIn(body []byte) []string {
	var got struct {
		At struct {
			Mobiles []string `json:"atMobiles"`
			Users   []string `json:"atUserIds"`
			All     bool     `json:"isAtAll"`
		} `json:"at"`
	}
	if err := json.Unmarshal(body, &got); err != nil {
		return []string{err.Error()}
	}
	list := append(got.At.Mobiles, got.At.Users...)
	if got.At.All {
		list = append(list, "all")
	}
	return list
}

// shown is what DingTalk shows, the line of a list of chats first.
func shown(raw []byte) string {
	var got struct {
		Type     string                                               `json:"msgtype"`
		Markdown struct{ Title, Text string }                         `json:"markdown"`
		Card     struct{ Title, Text, SingleTitle, SingleURL string } `json:"actionCard"`
	}
	if err := json.Unmarshal(raw, &got); err != nil {
		return err.Error()
	}
	if got.Type == "markdown" {
		return got.Markdown.Title + "\n\n" + got.Markdown.Text
	}
	return got.Card.Title + "\n\n" + got.Card.Text + "\n" + got.Card.SingleTitle + " → " + got.Card.SingleURL
}

func TestRequestIsAsItsGoldenFile(t *testing.T) {
	t.Parallel()
	to := settings("https://oapi.dingtalk.com")
	failed := channeltest.Message()
	calling := channeltest.Message()
	calling.Mentions = message.Mentions{All: true, Users: []string{"13800138000", "+86-13800138001", "manager42"}}
	stale := channel.Settings{"webhook": "https://OAPI.dingtalk.com:443/robot/send?sign=old&access_token=" + token + "&timestamp=1#x"}
	channeltest.Golden(t, newWire(nil), *update, map[string]channeltest.Case{
		"job failed": {To: to, Message: failed},
		"mentions":   {To: to, Message: calling},
		"digest":     {To: to, Message: channeltest.Digest("zh", "llm-sft-7b")},
		"no secret":  {To: stale, Message: failed},
		"test":       {To: to, Message: message.Connectivity("zh", "钉钉", channeltest.At())},
	})
}

// The vectors were made with other implementations than ours: DingTalk's page shows the recipe, none of its own.
func TestSignEqualsTheVectors(t *testing.T) {
	t.Parallel()
	for _, v := range []struct {
		ms           int64
		secret, want string
	}{
		{1700000000000, "SECtest0123456789abcdef", "%2FlfnxUUu80FwVTsIlv2F1cMGBb%2BPxEKAwYh%2FbsRxXcc%3D"},
		{1700000000123, "SEC000000000000000000000", "nrpKZYLy1BYlrjCEL6iwPjNE9euLHp4fJO883%2BHV3to%3D"},
		{1577808000000, "this is secret", "ijHEivi6YiCNPZOq4hZstmvZ3sPfbioAiMhP30ae7W0%3D"},
	} {
		got := sign(v.secret, time.UnixMilli(v.ms))
		if _, sign, _ := strings.Cut(got, "&sign="); sign != v.want || !strings.HasPrefix(got, "timestamp=") {
			t.Errorf("sign(%q, %d) = %s, want sign %s", v.secret, v.ms, got, v.want)
		}
	}
}

func TestEachAttemptIsSignedAnew(t *testing.T) {
	t.Parallel()
	w := newWire(nil)
	signs := map[string]bool{}
	for i := range 3 {
		req, err := w.Request(settings("https://oapi.dingtalk.com"), channeltest.Message(), channeltest.At().Add(time.Duration(i)*time.Second))
		if err != nil {
			t.Fatal(err)
		}
		query := req.URL.Query()
		if len(query["timestamp"]) != 1 || len(query["sign"]) != 1 || len(query) != 3 {
			t.Errorf("query has %d parameters, want one access_token, timestamp and sign", len(query))
		}
		signs[query.Get("sign")] = true
	}
	if len(signs) != 3 {
		t.Errorf("three attempts had %d signatures", len(signs))
	}
}

func TestTitleHasTheKeywordAndAtMost64Characters(t *testing.T) {
	t.Parallel()
	m := channeltest.Message()
	m.Title = strings.Repeat("名", 200)
	raw, err := render(m)
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Markdown struct{ Title, Text string }
		Card     struct{ Title, Text string } `json:"actionCard"`
	}
	if err := json.Unmarshal(raw, &got); err != nil {
		t.Fatal(err)
	}
	for _, part := range []struct{ Title, Text string }{got.Markdown, got.Card} {
		if part.Title == "" {
			continue
		}
		if n := len([]rune(part.Title)); n != 64 || !strings.HasPrefix(part.Title, "❌ PAI ") {
			t.Errorf("title %q has %d characters", part.Title, n)
		}
		if !strings.Contains(part.Text, "PAI ") {
			t.Errorf("text lacks the keyword: %s", part.Text)
		}
	}
	if got.Markdown.Title+got.Card.Title == "" {
		t.Errorf("no title in %s", raw)
	}
}

// A card has a button and calls nobody; what it cannot hold goes as markdown, and nothing is left out.
func TestACardIsForWhatCallsNobodyAndFitsInIt(t *testing.T) {
	t.Parallel()
	const card, markdown = "actionCard", "markdown"
	for name, c := range map[string]struct {
		change func(m *message.Message)
		want   string
	}{
		"as usual":           {func(*message.Message) {}, card},
		"nobody can be told": {func(m *message.Message) { m.Mentions.Users = []string{"<at>", "张三"} }, card},
		"one is called":      {func(m *message.Message) { m.Mentions.Users = []string{"manager42"} }, markdown},
		"all are called":     {func(m *message.Message) { m.Mentions.All = true }, markdown},
		"no link":            {func(m *message.Message) { m.Link = "" }, markdown},
		"no safe link":       {func(m *message.Message) { m.Link = "javascript:alert(1)" }, markdown},
		"a long link":        {func(m *message.Message) { m.Link += strings.Repeat("x", 500) }, markdown},
		"a long text":        {func(m *message.Message) { m.Facts[2].Value = strings.Repeat("显存不足，", 600) }, markdown},
	} {
		m := channeltest.Message()
		c.change(&m)
		raw, err := render(m)
		if err != nil {
			t.Fatal(err)
		}
		var got map[string]json.RawMessage
		if err := json.Unmarshal(raw, &got); err != nil {
			t.Fatalf("%s: %v: %s", name, err, raw)
		}
		if string(got["msgtype"]) != `"`+c.want+`"` || got[c.want] == nil {
			t.Errorf("%s: sent as %s, want %s", name, got["msgtype"], c.want)
		}
		if name == "a long text" && !strings.Contains(string(raw), m.Facts[2].Value) {
			t.Errorf("%s: something is left out", name)
		}
	}
}

func TestDestinationIsTheRobotHoweverItsAddressIsWritten(t *testing.T) {
	t.Parallel()
	spec := New(channel.Deps{}).Spec()
	want := "dingtalk https://oapi.dingtalk.com/robot/send?access_token=" + token
	for _, webhook := range []string{
		"https://oapi.dingtalk.com/robot/send?access_token=" + token,
		"HTTPS://oapi.DingTalk.com:443/robot/send?access_token=" + token + "&timestamp=1700000000000&sign=x%2Fy#top",
		"https://oapi.dingtalk.com/robot/send?lang=zh&access_token=" + url.QueryEscape(token),
	} {
		if got := channel.Destination(spec, channel.Settings{"webhook": webhook, "secret": "any"}); got != want {
			t.Errorf("Destination(%s) = %s, want %s", webhook, got, want)
		}
	}
}

func TestCheckPostsNothingAndKnowsALiveRobot(t *testing.T) {
	t.Parallel()
	w := newWire(nil)
	req, err := w.Probe(settings("https://oapi.dingtalk.com"), channeltest.At())
	if err != nil {
		t.Fatal(err)
	}
	if req.ContentLength > 40 || req.URL.Query().Get("sign") == "" {
		t.Errorf("the probe has %d bytes and signature %q", req.ContentLength, req.URL.Query().Get("sign"))
	}
	for body, want := range map[string]channel.Class{
		answer("400105", "unsupport msgtype"):                            channel.Delivered,
		answer("40035", "缺少参数 json"):                                     channel.Delivered,
		answer("310000", "keywords not in content"):                      channel.Delivered,
		answer("310000", "description:关键词不匹配;solution:x"):                channel.Delivered,
		answer("310000", "sign not match"):                               channel.Misconfigured,
		answer("310000", "ip 1.2.3.4 not in whitelist"):                  channel.Misconfigured,
		answer("300005", "token is not exist"):                           channel.Misconfigured,
		answer("130101", "send too fast, exceed 20 times per minute"):    channel.Throttled,
		"<html>proxy</html>":                                             channel.Unknown,
		`{"errcode":88,"errmsg":"x","sub_code":"90018","sub_msg":"qps"}`: channel.Misconfigured,
	} {
		if got := channel.Classify(w.Probed(200, nil, []byte(body))); got.Class != want {
			t.Errorf("a probe answered with %s is %s, want %s", body, got.Class, want)
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
	to, m, ok := settings("https://oapi.dingtalk.com"), channeltest.Message(), []byte(`{"errcode":0,"errmsg":"ok"}`)
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
	channeltest.GoldenSamples(t, newWire(nil), settings("https://oapi.dingtalk.com"), *update, shown)
}

func TestASampleTakesItsShareOfMemoryAndNoMore(t *testing.T) {
	channeltest.Allocations(t, newWire(nil), settings("https://oapi.dingtalk.com"))
}

func TestNoEventCallsAnybodyOrBreaksTheMarkup(t *testing.T) {
	t.Parallel()
	channeltest.Harmless(t, newWire(nil), settings("https://oapi.dingtalk.com"), shown, calledIn, false)
}

func BenchmarkSamples(b *testing.B) {
	channeltest.BenchSamples(b, newWire(nil), settings("https://oapi.dingtalk.com"))
}
