package voice

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"pai-notify/shared/channel"
	"pai-notify/shared/channel/aliyun"
	"pai-notify/shared/channel/channeltest"
	"pai-notify/shared/message"
)

var update = flag.Bool("update", false, "write the golden files")

const number = "+8613800138000"

func settings(string) channel.Settings {
	return channel.Settings{"templateZh": "TTS_100000001", "templateEn": "TTS_100000002", channel.To: number}
}

func answer(code, text string) string {
	body, err := json.Marshal(map[string]string{"Code": code, "Message": text, "RequestId": "819BE656-D2E0"})
	if err != nil {
		panic(err)
	}
	return string(body)
}

// param is the template's variables in a body.
func param(body []byte) string {
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return err.Error()
	}
	return form.Get("TtsParam")
}

func samples() channeltest.Samples {
	return channeltest.Samples{
		Settings: settings,
		Secrets:  []string{number, number[1:], number[3:], "llm sft 7b", "llm-sft-7b", "任务失败"},
		Rows:     aliyun.Table(codes).Rows(),
		Accepted: `{"RequestId":"D9CB3933-9FE3-4870-BA8E-2BEE91B69D23","Message":"OK","CallId":"116012854210^102814279210","Code":"OK"}`,
		Answer:   answer,
		Unlisted: "isv.NOBODY_KNOWS",
		Shown:    param,
		Cloud:    true,
	}
}

func TestVoiceKeepsTheContractOfChannels(t *testing.T) {
	t.Parallel()
	channeltest.Run(t, New, samples())
}

func TestManyCallsAtOnceLeaveNothingBehind(t *testing.T) { //nolint:paralleltest // it counts goroutines
	channeltest.Busy(t, New, samples())
}

// Every sample in every language, each variable within what a template takes.
func TestSamplesAreAsTheGoldenFiles(t *testing.T) {
	t.Parallel()
	channeltest.GoldenCallSamples(t, New, settings(""), *update, `{"Code":"OK","CallId":"1^0"}`, func(form url.Values) (string, error) {
		var values map[string]string
		if err := json.Unmarshal([]byte(form.Get("TtsParam")), &values); err != nil {
			return "", err
		}
		for name, value := range values {
			if n := utf8.RuneCountInString(value); n < 1 || n > aliyun.MaxVariable {
				return "", fmt.Errorf("%s has %d characters: %q", name, n, value)
			}
		}
		return form.Get("TtsCode") + " " + form.Get("TtsParam"), nil
	})
}

func TestCallsAreAsTheGoldenFiles(t *testing.T) {
	t.Parallel()
	dedicated := settings("")
	dedicated["showNumber"], dedicated["playTimes"] = "057100000000", "3"
	english := channeltest.Message()
	english.Language, english.Brief.Status = "en", "Job failed"
	unnamed := channeltest.Message()
	unnamed.View.ID, unnamed.Brief.Name = "dlc1abcdefgh", "dlc1abcdefgh"
	channeltest.GoldenCalls(t, New, *update, `{"Code":"OK","CallId":"1^1"}`, map[string]channeltest.Case{
		"job failed":   {To: settings(""), Message: channeltest.Message()},
		"english":      {To: dedicated, Message: english},
		"without name": {To: settings(""), Message: unnamed},
		"digest":       {To: settings(""), Message: channeltest.Digest("zh", "llm-sft-7b")},
		"connectivity": {To: settings(""), Message: message.Connectivity("en", "Voice", channeltest.At())},
	})
}

func TestTheReceiptIsTheServicesCallId(t *testing.T) {
	t.Parallel()
	g := channeltest.NewGateway(t, func(url.Values) (int, string) { return 200, samples().Accepted })
	receipt, err := New(g.Deps()).Send(t.Context(), settings(""), channeltest.Message())
	if err != nil || receipt != "116012854210^102814279210" {
		t.Errorf("receipt %q, %v", receipt, err)
	}
}

// What may be spoken: letters, digits, blanks and the comma, dots in numbers.
var allowed = regexp.MustCompile(`^[\p{L}\p{Nd} ，.]+$`)

func TestVariablesCanBeSpoken(t *testing.T) {
	t.Parallel()
	odd := regexp.MustCompile(`(?i)www|http|\d+\.\d+\.\d+\.\d+|\.[a-z]|\.$`)
	for _, text := range []string{
		"", " ", "🔥", "https://evil.example/x", "10.0.0.1", "train_v2.py", "a/b:c#d%e-f", "13800138000", "【签名】", "¥100",
		"<at id=all></at>", "${name}", strings.Repeat("很长", 100), strings.Repeat("long-name-", 100), "\u202egnp.exe", "\xff", "…", "...",
	} {
		for _, language := range []string{"zh", "en"} {
			for _, more := range []int{0, 499} {
				for _, at := range []time.Time{{}, channeltest.At(), channeltest.At().AddDate(0, 0, -40)} {
					m := message.Message{Language: language, Brief: message.Brief{Name: text, Status: text, More: more, At: at}}
					v := variablesOf(m, channeltest.At())
					for name, value := range map[string]string{"name": v.Name, "status": v.Status} {
						n := utf8.RuneCountInString(value)
						if n < 1 || n > 35 || !allowed.MatchString(value) || odd.MatchString(value) {
							t.Errorf("%s of %q is %q, of %d characters", name, text, value, n)
						}
					}
				}
			}
		}
	}
	cst := time.FixedZone("CST", 8*3600)
	now := time.Date(2026, 1, 2, 16, 0, 0, 0, cst)
	for _, c := range []struct {
		m    message.Message
		want variables
	}{
		{message.Message{Language: "zh", Brief: message.Brief{Name: "llm-sft-7b", Status: "任务失败", At: now.Add(-42 * time.Minute)}},
			variables{"llm sft 7b", "任务失败，15点18分"}},
		{message.Message{Language: "zh", Brief: message.Brief{Name: "模型0.3.0", Status: "任务失败", At: now.AddDate(0, 0, -1)}},
			variables{"模型0.3.0", "任务失败，1月1日16点0分"}},
		{message.Message{Language: "en", Brief: message.Brief{Name: "job_a", More: 37, Status: "Job failed", At: now}},
			variables{"job a and 37 more", "Job failed at 16 00"}},
		{message.Message{Language: "en", Brief: message.Brief{Name: "", Status: "", At: now.AddDate(0, 0, -1)}},
			variables{"PAI", "PAI on January 1 at 16 00"}},
	} {
		if got := variablesOf(c.m, now); got != c.want {
			t.Errorf("%+v is told as %+v, want %+v", c.m.Brief, got, c.want)
		}
	}
}

func TestTheIDIsShortAsTheServiceWantsIt(t *testing.T) {
	t.Parallel()
	long, other := outID("01jdkz9v3q8r5w2x.1764038581"), outID("01jdkz9v3q8r5w2x.1764038582")
	if len(long) != maxOutID || long == other || long != outID("01jdkz9v3q8r5w2x.1764038581") || outID("pai-1") != "pai-1" {
		t.Errorf("ids %q and %q", long, other)
	}
}

func TestWithoutATemplateOrNumberNobodyIsCalled(t *testing.T) {
	t.Parallel()
	g := channeltest.NewGateway(t, func(url.Values) (int, string) { return 200, samples().Accepted })
	for code, names := range map[string][]string{"settings": {"templateZh", "templateEn"}, "address": {channel.To}} {
		to := maps.Clone(settings(""))
		for _, name := range names {
			delete(to, name)
		}
		_, err := New(g.Deps()).Send(t.Context(), to, channeltest.Message())
		if got := channel.Classify(err); got.Class != channel.Misconfigured || got.Code != code || len(got.Advice) < 2 {
			t.Errorf("without %v: %+v", names, got)
		}
	}
	if calls := g.Calls(); len(calls) != 0 {
		t.Errorf("%d calls were made", len(calls))
	}
}

func TestThePaceStaysBelowTheServicesLimits(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		window time.Duration
		most   int // one is left free where there is more than one
	}{{time.Minute, 1}, {time.Hour, 4}, {24 * time.Hour, 19}} {
		least := 1 << 30
		for _, p := range newSpec().Pace {
			least = min(least, p.Burst+int(c.window/p.Every))
		}
		if least > c.most {
			t.Errorf("within %s %d calls may go, want at most %d", c.window, least, c.most)
		}
	}
}

func TestReportTellsWhatBecameOfACall(t *testing.T) {
	t.Parallel()
	query := channel.Query{ID: "x", Receipt: "1^1", Sent: time.Date(2026, 1, 2, 16, 0, 20, 0, time.UTC)} // 20 s after midnight in China
	data := func(state, words string) string {
		inner, err := json.Marshal(map[string]any{"state": state, "stateDesc": words, "callee": "13800138000", "endDate": "2026-01-03 00:01:00",
			"gmtCreate": "2026-01-03 00:00:21", "duration": 0})
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf(`{"Code":"OK","Message":"OK","Data":%q}`, inner)
	}
	at := time.Date(2026, 1, 2, 16, 1, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		product, body string
		want          channel.Report
	}{
		"heard":              {"11010000138001", data("200000", "用户听完语音"), channel.Report{Fate: channel.Arrived, At: at}},
		"cut short":          {"11010000138001", data("200001", "用户提前挂机未完整收听"), channel.Report{Fate: channel.Arrived, At: at}},
		"busy":               {"11010000138001", data("200002", "用户占线"), channel.Report{Fate: channel.Failed, At: at, Code: "200002", Text: failedCall + "用户占线"}},
		"carrier's own":      {"11010000138001", data("502", ""), channel.Report{Fate: channel.Failed, At: at, Code: "502", Text: failedCall + "502"}},
		"rings":              {"11010000138001", data("200201", ""), channel.Report{}},
		"under the other":    {"11000000300006", data("200000", ""), channel.Report{Fate: channel.Arrived, At: at}},
		"nothing to tell of": {"", "", channel.Report{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := channeltest.NewGateway(t, func(form url.Values) (int, string) {
				midnight := time.Date(2026, 1, 2, 16, 0, 0, 0, time.UTC).UnixMilli()
				if form.Get("CallId") != "1^1" || form.Get("QueryDate") != fmt.Sprint(midnight) {
					t.Errorf("asked with %v", form)
				}
				if form.Get("ProdId") == c.product {
					return 200, c.body
				}
				return 200, `{"Code":"OK","Data":""}`
			})
			got, err := ask(t, g, query)
			c.want.Receipt = "1^1"
			if c.want.Fate == channel.Failed {
				if diff := cmp.Diff(failedAdvice(), got.Advice); diff != "" {
					t.Errorf("advice: %s", diff)
				}
				got.Advice = nil
			}
			if !got.At.IsZero() {
				got.At = got.At.UTC()
			}
			if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
				t.Errorf("report (-want +got): %s\n%v", diff, err)
			}
		})
	}
}

func ask(t *testing.T, g *channeltest.Gateway, q channel.Query) (channel.Report, error) {
	t.Helper()
	r, ok := New(g.Deps()).(channel.Reporter)
	if !ok {
		t.Fatal("the channel tells no reports")
	}
	return r.Report(t.Context(), settings(""), q)
}

func TestACallWithoutAnIDCannotBeAskedAbout(t *testing.T) {
	t.Parallel()
	g := channeltest.NewGateway(t, func(url.Values) (int, string) { return http.StatusOK, `{"Code":"OK"}` })
	_, err := ask(t, g, channel.Query{ID: "pai-1", Sent: channeltest.At()})
	if got := channel.Classify(err); got.Class != channel.Uncertain || len(g.Calls()) != 0 {
		t.Errorf("%v after %d calls, want uncertain after none", err, len(g.Calls()))
	}
	for body, want := range map[string]channel.Class{
		`{"Code":"isv.ACCOUNT_ABNORMAL"}`: channel.Misconfigured, `{"Code":"OK","Data":"<html>"}`: channel.Uncertain, ``: channel.Uncertain,
	} {
		g := channeltest.NewGateway(t, func(url.Values) (int, string) { return http.StatusOK, body })
		_, err := ask(t, g, channel.Query{Receipt: "1^1", Sent: channeltest.At()})
		if got := channel.Classify(err); got.Class != want {
			t.Errorf("%s: %v, want %s", body, err, want)
		}
	}
}

func TestAdviceOnACallThatNobodyHeardIsThatOfItsReport(t *testing.T) {
	t.Parallel()
	v := New(channel.Deps{}).(channel.Adviser) //nolint:errcheck // it panics then
	if got := v.Advise("200002", failedCall+"用户占线"); got["en"] != failedAdvice()["en"] {
		t.Errorf("advice is %v", got)
	}
	if got := v.Advise("isv.OUT_OF_SERVICE", "x"); !strings.Contains(got["en"], "account") {
		t.Errorf("advice is %v", got)
	}
}

func FuzzVoiceAnswers(f *testing.F) {
	channeltest.FuzzCloud(f, New, samples(), func(status int, said map[string]any) bool { return status/100 == 2 && said["Code"] == "OK" })
}
