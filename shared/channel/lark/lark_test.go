package lark

import (
	"context"
	"encoding/json"
	"flag"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	smithyhttp "github.com/aws/smithy-go/transport/http"

	"pai-notify/shared/channel"
	"pai-notify/shared/channel/channeltest"
	"pai-notify/shared/event"
	"pai-notify/shared/message"
)

var update = flag.Bool("update", false, "write the golden files")

const hook = "https://open.feishu.cn/open-apis/bot/v2/hook/00000000-fake-token"

var at = time.Unix(1599360473, 0)

func sample(language string) message.Message {
	finished := time.Date(2026, 11, 24, 12, 5, 0, 0, time.UTC)
	e := event.Event{ID: "5636f526-dfbb-597a-bf97-23546d3f1d37", Source: "acs.paidlc", Type: "paidlc:Job:Failed", Time: finished}
	v := event.View{
		Source: "dlc", Known: true, Outcome: event.Text{"en": "Job failed", "zh": "任务失败"}, Severity: event.Error,
		ID: "dlc1a2b3c4d5e6f7", Name: "llm-sft-7b", Status: "Failed", Previous: "Running", Duration: 119 * time.Minute,
		ReasonCode: "JobFailed", Reason: "Pod dlc1a2b3c4d5e6f7-worker-3 exited with code 137 (OOMKilled).",
		OwnerName: "zhang.wei", Workspace: "nlp_train", WorkspaceID: "20001", Region: "cn-wulanchabu", Finished: finished,
	}
	m := message.New(e, v, message.Options{Language: language, ID: "m1"})
	m.Mentions = message.Mentions{Users: []string{"ou_0123456789abcdef", `ou_1"></at><at id=all>`, "all"}}
	return m
}

func TestRequestsAreAsTheGoldenFiles(t *testing.T) {
	t.Parallel()
	signed := channel.Settings{"webhook": hook, "secret": "demo"}
	text := newWire(channel.Deps{})
	text.asText = true
	channeltest.Golden(t, newWire(channel.Deps{}), *update, map[string]channeltest.Case{
		"card-en":   {To: signed, Message: sample("en")},
		"card-zh":   {To: channel.Settings{"webhook": hook}, Message: sample("zh")},
		"test-zh":   {To: signed, Message: message.Connectivity("zh", "Lark", at)},
		"digest-zh": {To: signed, Message: channeltest.Digest("zh", "llm-sft-7b")},
	})
	channeltest.Golden(t, text, *update, map[string]channeltest.Case{
		"text-en":        {To: signed, Message: sample("en")},
		"digest-text-en": {To: signed, Message: channeltest.Digest("en", "llm-sft-7b")},
	})
}

// The vectors are of independent making: an implementation in another language, run over the vendor's rule.
func TestSignaturesAreThoseOfTheVendorsRule(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		seconds      int64
		secret, want string
	}{
		{100, "demo", "jquNHnVOwmDRfw+vqTIrY5dooJAgi5EcRtLsQE4wfXg="},
		{1599360473, "demo", "l1N0gAcBjdwBvGm1xMjOF0XSyaLRpR7tuO5dHfhAYc8="},
		{1700000000, "Xk9testSecret", "CjYTtmnZoCaZQvEIGhdys3KaJolTGLztauBoJ+4oVOk="},
	} {
		timestamp, got := sign(c.secret, time.Unix(c.seconds, 999_999_999))
		if got != c.want {
			t.Errorf("sign(%q, %s) = %s, want %s", c.secret, timestamp, got, c.want)
		}
	}
}

func TestEverySendingIsSignedAnew(t *testing.T) {
	t.Parallel()
	w := newWire(channel.Deps{})
	to := channel.Settings{"webhook": hook, "secret": "demo"}
	bodies := map[string]bool{}
	for i := range 3 {
		req, err := w.Request(to, sample("en"), at.Add(time.Duration(i)*time.Second))
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(req.Body)
		if err != nil {
			t.Fatal(err)
		}
		bodies[string(body)] = true
	}
	if len(bodies) != 3 {
		t.Errorf("three attempts have %d different bodies", len(bodies))
	}
}

func TestNoBodyIsOverTheLimit(t *testing.T) {
	t.Parallel()
	m := sample("zh")
	m.Title = strings.Repeat("题\"", 9000)
	for range 60 {
		m.Facts = append(m.Facts, message.Fact{Name: strings.Repeat("名", 50), Value: strings.Repeat("\\显\n", 300)})
		m.Items = append(m.Items, message.Item{Title: strings.Repeat("\"项", 200), Link: "https://pai.console.aliyun.com/" + strings.Repeat("x", 1000)})
	}
	for _, asText := range []bool{false, true} {
		w := newWire(channel.Deps{})
		w.asText = asText
		req, err := w.Request(channel.Settings{"webhook": hook, "secret": "demo"}, m, at)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(req.Body)
		if err != nil || len(body) > maxBody || !json.Valid(body) || !strings.Contains(string(body), "…") {
			t.Errorf("%d bytes, %v: %.300s", len(body), err, body)
		}
	}
}

func TestReplyReadsCodeBeforeStatusCode(t *testing.T) {
	t.Parallel()
	w := newWire(channel.Deps{})
	for name, c := range map[string]struct {
		status int
		body   string
		want   channel.Class
		code   string
	}{
		"success":                       {200, `{"code":0,"msg":"success","data":{},"StatusCode":0,"StatusMessage":"success"}`, channel.Delivered, ""},
		"success of an old bot":         {200, `{"Extra":null,"StatusCode":0,"StatusMessage":"success"}`, channel.Delivered, ""},
		"StatusCode 0 beside a refusal": {200, `{"StatusCode":0,"StatusMessage":"success","code":19007,"msg":"Bot Not Enabled"}`, channel.Misconfigured, "19007"},
		"refusal of an old bot":         {200, `{"StatusCode":19001,"StatusMessage":"invalid"}`, channel.Misconfigured, "19001"},
		"limit with status 400":         {400, `{"code":9499,"msg":"too many request","data":{}}`, channel.Throttled, "9499"},
		"bad body with status 400":      {400, `{"code":9499,"msg":"Bad Request","data":{}}`, channel.Rejected, "9499"},
		"gateway limit":                 {429, `{"code":99991400,"msg":"request trigger frequency limit"}`, channel.Throttled, "99991400"},
		"digits of a log id":            {200, `{"code":2200,"msg":"internal error","log_id":"19001"}`, channel.Unavailable, "2200"},
		"code as text":                  {200, `{"code":"0","msg":"success"}`, channel.Unknown, `"0"`},
		"two codes":                     {200, `{"code":0,"code":19001}`, channel.Unknown, "HTTP 200"},
		"unlisted":                      {200, `{"code":777,"msg":"?"}`, channel.Unknown, "777"},
		"web page":                      {200, `<html>login</html>`, channel.Unknown, "HTTP 200"},
		"empty":                         {200, ``, channel.Unknown, "HTTP 200"},
		"no code":                       {200, `{}`, channel.Unknown, "HTTP 200"},
		"null":                          {200, `null`, channel.Unknown, "HTTP 200"},
		"list":                          {200, `[{"code":0}]`, channel.Unknown, "HTTP 200"},
		"code 0 with a redirect":        {302, `{"code":0}`, channel.Misconfigured, "HTTP 302"},
		"bad gateway":                   {502, `<html>`, channel.Unavailable, "HTTP 502"},
		"status 400 alone":              {400, `x`, channel.Rejected, "HTTP 400"},
	} {
		got := channel.Classify(w.Reply(c.status, http.Header{}, []byte(c.body)))
		if got.Class != c.want || got.Code != c.code {
			t.Errorf("%s: %v %q, want %v %q", name, got.Class, got.Code, c.want, c.code)
		}
		if got.Class != channel.Delivered && (got.Advice.In("en") == "" || got.Advice.In("zh") == got.Advice.In("en")) {
			t.Errorf("%s: no advice in both languages", name)
		}
	}
}

func TestChannelKeepsTheContract(t *testing.T) {
	t.Parallel()
	channeltest.Run(t, New, channeltest.Samples{
		Settings: func(base string) channel.Settings {
			return channel.Settings{"webhook": base + "/lark/open-apis/bot/v2/hook/00000000-fake-token", "secret": "fake-secret-of-a-bot"}
		},
		Secrets:  []string{"00000000-fake-token", "fake-secret-of-a-bot"},
		Codes:    codes,
		Accepted: `{"StatusCode":0,"StatusMessage":"success","code":0,"data":{},"msg":"success"}`,
		Answer: func(code, text string) string {
			quoted, err := json.Marshal(text)
			if err != nil {
				t.Fatal(err)
			}
			return `{"code":` + code + `,"msg":` + string(quoted) + `}`
		},
		Unlisted: "777777",
		Shown:    shown,
	})
}

func FuzzReplyTakesOnlyCodeZeroForSuccess(f *testing.F) {
	channeltest.FuzzReply(f, newWire(channel.Deps{}), func(status int, body []byte) bool {
		var said map[string]json.RawMessage
		if err := json.Unmarshal(body, &said); err != nil || status/100 != 2 {
			return false
		}
		if code := string(said["code"]); code != "" && code != "null" {
			return code == "0"
		}
		return string(said["StatusCode"]) == "0"
	})
}

// answers is a client that gives answers in turn and keeps the requests.
type answers struct {
	bodies []string
	seen   []string
}

func (a *answers) Do(req *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	a.seen = append(a.seen, string(body))
	answer := a.bodies[len(a.seen)-1]
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(answer))}, nil
}

var _ smithyhttp.ClientDo = (*answers)(nil)

func TestABotThatRefusesTheCardGetsTheTextOnce(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		bodies []string
		types  string
		want   channel.Class
	}{
		"card taken":                 {[]string{`{"code":0}`}, "interactive", channel.Delivered},
		"card refused, text taken":   {[]string{`{"code":11246,"msg":"parse card json err"}`, `{"code":0}`}, "interactive text", channel.Delivered},
		"card refused, text refused": {[]string{`{"code":200621}`, `{"code":19024,"msg":"Key Words Not Found"}`}, "interactive text", channel.Misconfigured},
		"text refused as a card":     {[]string{`{"code":11246}`, `{"code":11246}`}, "interactive text", channel.Rejected},
		"refused for another cause":  {[]string{`{"code":19001}`}, "interactive", channel.Misconfigured},
	} {
		client := &answers{bodies: c.bodies}
		_, err := New(channel.Deps{Client: client, Now: func() time.Time { return at }}).Send(context.Background(), channel.Settings{"webhook": hook}, sample("en"))
		var types []string
		for _, body := range client.seen {
			var e struct {
				Type string `json:"msg_type"`
			}
			if err := json.Unmarshal([]byte(body), &e); err != nil {
				t.Fatal(err)
			}
			types = append(types, e.Type)
		}
		if got := channel.Classify(err).Class; got != c.want || strings.Join(types, " ") != c.types {
			t.Errorf("%s: %v by %v, want %v by %s", name, got, types, c.want, c.types)
		}
	}
}

func TestCheckTellsALiveTokenApartAndPostsNothing(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]channel.Class{
		`{"code":19002,"msg":"params error, msg_type need"}`: channel.Delivered,
		`{"code":9499,"msg":"Bad Request"}`:                  channel.Delivered,
		`{"code":9499,"msg":"too many request"}`:             channel.Throttled,
		`{"code":19001,"msg":"access token invalid"}`:        channel.Misconfigured,
		`{"code":19021,"msg":"sign match fail"}`:             channel.Misconfigured,
		`{"code":19007}`:                                     channel.Misconfigured,
		`<html>`:                                             channel.Unknown,
	} {
		client := &answers{bodies: []string{answer}}
		checker, ok := New(channel.Deps{Client: client, Now: func() time.Time { return at }}).(channel.Checker)
		if !ok {
			t.Fatal("the channel is no Checker")
		}
		err := checker.Check(context.Background(), channel.Settings{"webhook": hook, "secret": "demo"})
		if got := channel.Classify(err).Class; got != want {
			t.Errorf("Check answered by %s: %v, want %v", answer, got, want)
		}
		if want := `{"timestamp":"1599360473","sign":"l1N0gAcBjdwBvGm1xMjOF0XSyaLRpR7tuO5dHfhAYc8=","msg_type":""}`; client.seen[0] != want {
			t.Errorf("Check sent %s, want %s", client.seen[0], want)
		}
	}
}

func TestSettingsArePinnedToTheBotsAddress(t *testing.T) {
	t.Parallel()
	spec := New(channel.Deps{Allow: []string{"127.0.0.1:9702"}}).Spec()
	for _, good := range []string{
		hook, "https://open.larksuite.com/open-apis/bot/v2/hook/T", "http://127.0.0.1:9702/lark/open-apis/bot/v2/hook/T",
	} {
		if faults := spec.Check(channel.Settings{"webhook": good}); faults.Len() > 0 {
			t.Errorf("%s: %v", good, faults)
		}
	}
	for _, bad := range []string{
		"", "x", "http://open.feishu.cn/open-apis/bot/v2/hook/T", "https://evil.example/open-apis/bot/v2/hook/T",
		"https://open.feishu.cn/open-apis/bot/hook/T", "https://u@open.feishu.cn/open-apis/bot/v2/hook/T", "https://open.feishu.cn/open-apis/bot/v2/hook/",
		"https://open.feishu.cn/open-apis/bot/v2/hook/a/b",
	} {
		faults := spec.Check(channel.Settings{"webhook": bad, "secret": "with blank", "else": "x"})
		if faults.Len() != 3 {
			t.Errorf("%q: %d faults, want 3 (webhook, secret, else): %v", bad, faults.Len(), faults)
		}
	}
}

func TestPaceKeepsBelowTheBotsLimits(t *testing.T) {
	t.Parallel()
	pace := newSpec(nil).Pace
	for window, limit := range map[time.Duration]int{time.Minute: 100, time.Second: 5} {
		kept := false
		for _, p := range pace {
			kept = kept || p.Burst+int(window/p.Every) <= limit-1
		}
		if !kept {
			t.Errorf("%v exceeds %d in %v", pace, limit, window)
		}
	}
}

func BenchmarkRequest(b *testing.B) {
	w, m, to := newWire(channel.Deps{}), sample("zh"), channel.Settings{"webhook": hook, "secret": "demo"}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := w.Request(to, m, at); err != nil {
			b.Fatal(err)
		}
	}
}

func TestEverySampleReadsAsItsGoldenFile(t *testing.T) {
	t.Parallel()
	channeltest.GoldenSamples(t, newWire(channel.Deps{}), channel.Settings{"webhook": hook, "secret": "demo"}, *update, nil)
}

func TestASampleTakesItsShareOfMemoryAndNoMore(t *testing.T) {
	channeltest.Allocations(t, newWire(channel.Deps{}), channel.Settings{"webhook": hook, "secret": "demo"})
}

func BenchmarkSamples(b *testing.B) {
	channeltest.BenchSamples(b, newWire(channel.Deps{}), channel.Settings{"webhook": hook, "secret": "demo"})
}
