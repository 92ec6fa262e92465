package sms

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
	return channel.Settings{
		"signName": "示例科技", "templateZh": "SMS_100000001", "templateEn": "SMS_100000002", channel.To: number,
	}
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
	return form.Get("TemplateParam")
}

func TestSMSKeepsTheContractOfChannels(t *testing.T) {
	t.Parallel()
	channeltest.Run(t, New, samples())
}

func samples() channeltest.Samples {
	return channeltest.Samples{
		Settings: settings,
		Secrets:  []string{number, number[1:], number[3:], "llm-sft-7b", "任务失败"},
		Rows:     aliyun.Table(codes).Rows(),
		Accepted: `{"Message":"OK","RequestId":"873043ac-bcda-44db-9052-2e204c6ed20f","Code":"OK","BizId":"607300000000000000^0"}`,
		Answer:   answer,
		Unlisted: "isv.NOBODY_KNOWS",
		Shown:    param,
		Cloud:    true,
	}
}

func FuzzSMSAnswers(f *testing.F) {
	channeltest.FuzzCloud(f, New, samples(), func(status int, said map[string]any) bool { return status/100 == 2 && said["Code"] == "OK" })
}

func TestManyMessagesAtOnceLeaveNothingBehind(t *testing.T) { //nolint:paralleltest // it counts goroutines
	channeltest.Busy(t, New, channeltest.Samples{
		Settings: settings, Secrets: []string{number, number[1:], number[3:], "llm-sft-7b"},
		Accepted: `{"Code":"OK","BizId":"1^0"}`,
	})
}

// Every sample in every language, each variable within what a template takes.
func TestSamplesAreAsTheGoldenFiles(t *testing.T) {
	t.Parallel()
	channeltest.GoldenCallSamples(t, New, settings(""), *update, `{"Code":"OK","BizId":"1^0"}`, func(form url.Values) (string, error) {
		var values map[string]string
		if err := json.Unmarshal([]byte(form.Get("TemplateParam")), &values); err != nil {
			return "", err
		}
		for name, value := range values {
			if n := utf8.RuneCountInString(value); n < 1 || n > aliyun.MaxVariable {
				return "", fmt.Errorf("%s has %d characters: %q", name, n, value)
			}
		}
		return form.Get("TemplateCode") + " " + form.Get("TemplateParam"), nil
	})
}

func TestCallsAreAsTheGoldenFiles(t *testing.T) {
	t.Parallel()
	abroad := settings("")
	abroad[channel.To], abroad["region"] = "+6591234567", "ap-southeast-1"
	english := channeltest.Message()
	english.Language, english.Brief.Status = "en", "Job failed"
	channeltest.GoldenCalls(t, New, *update, `{"Code":"OK","BizId":"1^0"}`, map[string]channeltest.Case{
		"job failed":       {To: settings(""), Message: channeltest.Message()},
		"abroad":           {To: abroad, Message: english},
		"digest":           {To: settings(""), Message: channeltest.Digest("zh", "llm-sft-7b")},
		"connectivity":     {To: settings(""), Message: message.Connectivity("en", "SMS", channeltest.At())},
		"one template fit": {To: without("templateEn"), Message: english},
	})
}

func without(name string) channel.Settings {
	to := maps.Clone(settings(""))
	delete(to, name)
	return to
}

func TestTheReceiptIsTheServicesBizId(t *testing.T) {
	t.Parallel()
	g := channeltest.NewGateway(t, func(url.Values) (int, string) { return 200, answerOK("607300000000000000^0") })
	receipt, err := New(g.Deps()).Send(t.Context(), settings(""), channeltest.Message())
	if err != nil || receipt != "607300000000000000^0" {
		t.Errorf("receipt %q, %v", receipt, err)
	}
}

func answerOK(biz string) string { return fmt.Sprintf(`{"Code":"OK","Message":"OK","BizId":%q}`, biz) }

// What a template's variables may hold: 1 to 35 characters, no link, no telephone number, no brackets or signs.
var allowed = regexp.MustCompile(`^[\p{L}\p{Nd} .,:()，。：、（）…-]+$`)

func TestVariablesHoldOnlyWhatTemplatesTake(t *testing.T) {
	t.Parallel()
	links := regexp.MustCompile(`(?i)://|www\.|\.[a-z]|\d+\.\d+\.\d+\.\d+|1[3-9]\d{9}`)
	for _, text := range []string{
		"", " ", "\x00", "🔥👩‍🚀", "★※→①", "https://evil.example/x", "see http://10.0.0.1:8080/a?b now", "www.evil.example", "evil.com",
		"10.0.0.1", "1.2.3.4.5", "train_v2.py", "a/b\\c", "call 13800138000", "13800138000 13900139000", "【签名】", "<at id=all></at>",
		"${name}", `{"name":"x"}`, "\u202egnp.exe", "line\nbreak", strings.Repeat("很长", 100), strings.Repeat("long_name-", 100), "\xff\xfe",
		"javascript:alert(1)", "@all", "a|b", "---", "...", "é́́", "👍 ok 👍", "mailto:a@b.example",
	} {
		for _, m := range []message.Message{about(text, 0), about(text, 499)} {
			v := variablesOf(m, channeltest.At())
			for name, value := range map[string]string{"name": v.Name, "status": v.Status, "time": v.Time} {
				n := utf8.RuneCountInString(value)
				if n < 1 || n > 35 || !allowed.MatchString(value) || links.MatchString(value) {
					t.Errorf("%s of %q is %q, of %d characters", name, text, value, n)
				}
			}
			if m.Brief.More > 0 && !strings.HasSuffix(v.Name, "等 500 个") {
				t.Errorf("name of %q with 499 more is %q", text, v.Name)
			}
		}
	}
	for text, want := range map[string]string{
		"llm-sft-7b": "llm-sft-7b", "train_v2.py": "train-v2-py", "model 0.3.0": "model 0.3.0", "训练（夜间）": "训练（夜间）", "": "-",
		"eval 13800138000": "eval 138…8000", "train-20260102030405": "train-20260102030405",
	} {
		if got := variablesOf(about(text, 0), channeltest.At()).Name; got != want {
			t.Errorf("name of %q is %q, want %q", text, got, want)
		}
	}
}

func about(text string, more int) message.Message {
	m := channeltest.Message()
	m.Brief = message.Brief{Name: text, Status: text, More: more, At: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	return m
}

func TestWithoutSettingsNothingIsSentAndTheErrorNamesThem(t *testing.T) {
	t.Parallel()
	g := channeltest.NewGateway(t, func(url.Values) (int, string) { return 200, answerOK("1^0") })
	ch := New(g.Deps())
	bare := without("templateZh")
	delete(bare, "templateEn")
	foreign := settings("")
	foreign[channel.To] = "13800138000"
	for name, c := range map[string]struct {
		to         channel.Settings
		code, text string
	}{
		"sign name": {without("signName"), "settings", "signName"},
		"templates": {bare, "settings", "templateZh and templateEn"},
		"number":    {without(channel.To), "address", "telephone number"},
		"not E.164": {foreign, "address", "telephone number"},
	} {
		_, err := ch.Send(t.Context(), c.to, channeltest.Message())
		got := channel.Classify(err)
		if got.Class != channel.Misconfigured || got.Code != c.code || !strings.Contains(got.Text, c.text) || len(got.Advice) < 2 {
			t.Errorf("without %s: %+v, want misconfigured, code %s", name, got, c.code)
		}
		if strings.Contains(fmt.Sprint(err), "13800138000") {
			t.Errorf("without %s: the error shows the number: %v", name, err)
		}
	}
	if calls := g.Calls(); len(calls) != 0 {
		t.Errorf("%d calls were made", len(calls))
	}
}

func TestThePaceStaysBelowTheServicesLimit(t *testing.T) {
	t.Parallel()
	least := 1 << 30
	for _, p := range newSpec().Pace {
		least = min(least, p.Burst+int(24*time.Hour/p.Every))
	}
	if least > 49 {
		t.Errorf("in 24 hours %d messages may go, the service takes 50 and one is left free", least)
	}
}

func TestReportTellsWhatBecameOfAMessage(t *testing.T) {
	t.Parallel()
	sentAt := time.Date(2026, 1, 2, 15, 58, 0, 0, time.UTC) // two minutes before midnight in China
	row := func(id, status, code string) string {
		return fmt.Sprintf(`{"ErrCode":%q,"OutId":%q,"SendStatus":%s,"ReceiveDate":"2026-01-02 23:58:41","PhoneNum":"13800138000"}`, code, id, status)
	}
	many := strings.Repeat(row("other", "3", "DELIVERED")+",", 50)
	list := func(rows string) string {
		return `{"Code":"OK","TotalCount":"1","SmsSendDetailDTOs":{"SmsSendDetailDTO":[` + strings.TrimSuffix(rows, ",") + `]}}`
	}
	arrived := time.Date(2026, 1, 2, 15, 58, 41, 0, time.UTC)
	for name, c := range map[string]struct {
		pages map[string]string // by day and page
		query channel.Query
		want  channel.Report
	}{
		"arrived": {map[string]string{"20260102 1": list(row("pai-1", "3", "DELIVERED"))}, channel.Query{ID: "pai-1", Sent: sentAt, Receipt: "9^0"},
			channel.Report{Fate: channel.Arrived, Receipt: "9^0", At: arrived}},
		"failed": {map[string]string{"20260102 1": list(row("pai-1", `"2"`, "MK:0008"))}, channel.Query{ID: "pai-1", Sent: sentAt},
			channel.Report{Fate: channel.Failed, At: arrived, Code: "MK:0008"}},
		"no report yet": {map[string]string{"20260102 1": list(row("pai-1", "1", ""))}, channel.Query{ID: "pai-1", Sent: sentAt},
			channel.Report{}},
		"on the second page": {map[string]string{"20260102 1": list(many), "20260102 2": list(row("pai-1", "3", ""))},
			channel.Query{ID: "pai-1", Sent: sentAt}, channel.Report{Fate: channel.Arrived, At: arrived}},
		"after midnight": {map[string]string{"20260103 1": list(row("pai-1", "3", ""))}, channel.Query{ID: "pai-1", Sent: sentAt},
			channel.Report{Fate: channel.Arrived, At: arrived}},
		"never accepted": {map[string]string{"20260102 1": list(row("other", "3", ""))}, channel.Query{ID: "pai-1", Sent: sentAt},
			channel.Report{Fate: channel.Absent}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := channeltest.NewGateway(t, func(form url.Values) (int, string) {
				if form.Get("Action") != "QuerySendDetails" || form.Get("PhoneNumber") != "13800138000" || form.Get("BizId") != c.query.Receipt {
					t.Errorf("asked with %v", form)
				}
				if body := c.pages[form.Get("SendDate")+" "+form.Get("CurrentPage")]; body != "" {
					return 200, body
				}
				return 200, `{"Code":"OK","TotalCount":"0","SmsSendDetailDTOs":{"SmsSendDetailDTO":[]}}`
			}, "13800138000")
			got, err := reporter(t, g).Report(t.Context(), settings(""), c.query)
			got.At = got.At.UTC()
			if c.want.Fate == channel.Failed && len(got.Advice) == 2 && got.Text != "" {
				got.Advice, got.Text = nil, ""
			}
			if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
				t.Errorf("report (-want +got): %s\n%v", diff, err)
			}
		})
	}
}

func reporter(t *testing.T, g *channeltest.Gateway) channel.Reporter {
	t.Helper()
	r, ok := New(g.Deps()).(channel.Reporter)
	if !ok {
		t.Fatal("the channel tells no reports")
	}
	return r
}

func TestAReportThatCannotBeHadIsAnErrorWithItsClass(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]channel.Class{
		`{"Code":"isv.AMOUNT_NOT_ENOUGH","Message":"13800138000 has no money"}`: channel.Misconfigured,
		`{"Code":"isp.SYSTEM_ERROR"}`:                                           channel.Unavailable,
		`<html>`:                                                                channel.Uncertain,
		`{"Code":"OK","SmsSendDetailDTOs":"odd"}`:                               channel.Uncertain,
	} {
		g := channeltest.NewGateway(t, func(url.Values) (int, string) { return http.StatusOK, body })
		_, err := reporter(t, g).Report(t.Context(), settings(""), channel.Query{ID: "pai-1", Sent: channeltest.At()})
		if got := channel.Classify(err); got.Class != want || err == nil || strings.Contains(err.Error(), "13800138000") {
			t.Errorf("%s: %s (%v), want %s", body, got.Class, err, want)
		}
	}
}
