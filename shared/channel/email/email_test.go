package email

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"pai-notify/shared/channel"
	"pai-notify/shared/channel/aliyun"
	"pai-notify/shared/channel/channeltest"
	"pai-notify/shared/event"
	"pai-notify/shared/message"
)

var update = flag.Bool("update", false, "write the golden files")

const address = "alice.example@example.com"

func settings(string) channel.Settings {
	return channel.Settings{"from": "pai@notify.example.com", "alias": "PAI 通知", channel.To: address}
}

func answer(code, text string) string {
	if code == "ok" {
		return accepted
	}
	body, err := json.Marshal(map[string]string{"Code": code, "Message": text, "RequestId": "12D086F6-8F31", "HostId": "dm.aliyuncs.com"})
	if err != nil {
		panic(err)
	}
	return string(body)
}

const accepted = `{"EnvId":"600000000012345678","RequestId":"12D086F6-8F31-4658-84C1-006DED011A85"}`

func form(body []byte, name string) string {
	values, err := url.ParseQuery(string(body))
	if err != nil {
		return err.Error()
	}
	return values.Get(name)
}

func samples() channeltest.Samples {
	var rows []channel.Row
	for _, row := range aliyun.Table(codes).Rows() {
		if row.Code != "OK" { // which says of a mail that it was accepted only with an EnvId; see below
			rows = append(rows, row)
		}
	}
	return channeltest.Samples{
		Settings: settings,
		Secrets:  []string{address, "任务失败：llm-sft-7b"},
		Rows:     rows,
		Accepted: accepted,
		Answer:   answer,
		Unlisted: "SomethingNobodyKnows",
		Shown:    func(body []byte) string { return form(body, "HtmlBody") },
		Data:     true, // what HTML escapes stays as it was; see the tests of hostile text below
		Cloud:    true,
	}
}

func TestEmailKeepsTheContractOfChannels(t *testing.T) {
	t.Parallel()
	channeltest.Run(t, New, samples())
}

func TestManyMailsAtOnceLeaveNothingBehind(t *testing.T) { //nolint:paralleltest // it counts goroutines
	channeltest.Busy(t, New, samples())
}

func TestOKWithoutAnEnvIdIsNoMail(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]channel.Class{
		`{"Code":"OK","Message":"OK"}`: channel.Unknown, `{"EnvId":""}`: channel.Unknown, `{"Code":"ok"}`: channel.Unknown,
		`{"EnvId":"1","Code":"InvalidQuota"}`: channel.Throttled, `{"EnvId":"1"}`: channel.Delivered,
	} {
		g := channeltest.NewGateway(t, func(url.Values) (int, string) { return http.StatusOK, body })
		_, err := New(g.Deps()).Send(t.Context(), settings(""), channeltest.Message())
		if got := channel.Classify(err); got.Class != want {
			t.Errorf("%s is %s, want %s", body, got.Class, want)
		}
	}
}

// looks are what of a page only says how it looks; the golden files of calls have it whole.
var looks = regexp.MustCompile(`(?s)<style>.*?</style>\n?| (?:style|width|cellpadding|cellspacing|border|align|valign|bgcolor)="[^"]*"`)

// Every sample in every language: the subject and both parts, each within its limit.
func TestSamplesAreAsTheGoldenFiles(t *testing.T) {
	t.Parallel()
	channeltest.GoldenCallSamples(t, New, settings(""), *update, accepted, func(form url.Values) (string, error) {
		subject, page, text := form.Get("Subject"), form.Get("HtmlBody"), form.Get("TextBody")
		if n := utf8.RuneCountInString(subject); n < 1 || n > 100 || page == "" || text == "" || max(len(page), len(text)) > 80<<10 {
			return "", fmt.Errorf("subject of %d characters, page of %d and text of %d bytes", n, len(page), len(text))
		}
		return subject + "\n" + text + "\n" + looks.ReplaceAllString(page, ""), nil
	})
}

func TestCallsAreAsTheGoldenFiles(t *testing.T) {
	t.Parallel()
	abroad := settings("")
	abroad["region"], abroad["replyTo"] = "ap-southeast-1", "ops@example.com"
	channeltest.GoldenCalls(t, New, *update, accepted, map[string]channeltest.Case{
		"job failed":   {To: settings(""), Message: failed("zh", "Pod dlc1a2b3c4d5e6f7-worker-3 exited with code 137 (OOMKilled).\n  at train.py:7")},
		"abroad":       {To: abroad, Message: failed("en", "no GPU")},
		"digest":       {To: settings(""), Message: channeltest.Digest("en", "llm-sft-7b")},
		"connectivity": {To: settings(""), Message: message.Connectivity("zh", "邮件", channeltest.At())},
	})
}

// failed is a job that failed for a reason.
func failed(language, reason string) message.Message { return named(language, "llm-sft-7b", reason) }

func named(language, name, reason string) message.Message {
	finished := time.Date(2026, 11, 24, 12, 5, 0, 0, time.UTC)
	e := event.Event{ID: "5636f526-dfbb-597a-bf97-23546d3f1d37", Source: "acs.paidlc", Type: "paidlc:Job:Failed", Time: finished}
	v := event.View{
		Source: "dlc", Known: true, Outcome: event.Text{"en": "Job failed", "zh": "任务失败"}, Severity: event.Error, Failing: true,
		Tone: event.Bad, ID: "dlc1a2b3c4d5e6f7", Name: name, Status: "Failed", Previous: "Running", Duration: 119 * time.Minute,
		ReasonCode: "JobFailed", Reason: reason,
		OwnerName: "zhang.wei", Workspace: "nlp_train", WorkspaceID: "20001", Region: "cn-wulanchabu", Finished: finished,
		Extra: map[string]json.RawMessage{"exitCode": json.RawMessage("137")},
	}
	return message.New(e, v, message.Options{Language: language, ID: "m1", Zone: time.FixedZone("CST", 8*3600)})
}

// trace is a stack trace of 12,000 characters.
func trace(line string) string {
	var b strings.Builder
	b.WriteString("Traceback (most recent call last):\n")
	for i := 1; utf8.RuneCountInString(b.String()) < 12_000; i++ {
		fmt.Fprintf(&b, "  File \"/root/code/train_v2.py\", line %d, in <module>\n    %s\n", i, line)
	}
	b.WriteString("torch.cuda.OutOfMemoryError: CUDA out of memory & <GPU 0> has 79.1 GiB")
	return b.String()
}

func TestAMailTellsAReasonOfTwelveThousandCharactersWhole(t *testing.T) {
	t.Parallel()
	reason := trace("loss = 模型(x)")
	m := whole(failed("zh", reason))
	page, err := channel.Fit(m, maxBody, renderHTML)
	if err != nil || len(page) > maxBody {
		t.Fatalf("%d bytes, %v", len(page), err)
	}
	text, err := channel.Fit(m, maxBody, renderText)
	if err != nil || len(text) > maxBody {
		t.Fatalf("%d bytes, %v", len(text), err)
	}
	if !strings.Contains(text, reason) {
		t.Error("the text does not have the whole reason")
	}
	if n := strings.Count(page, "line 1") + strings.Count(page, "loss = 模型"); n < 150 || !strings.Contains(page, "&lt;GPU 0&gt;") {
		t.Errorf("the page has %d of the reason's lines", n)
	}
}

func TestALongerReasonIsCutWithANoticeWithinTheLimit(t *testing.T) {
	t.Parallel()
	for _, unit := range []string{"<&>\"'", "显存不足", "x ", "\n", "a\n\tb\n"} {
		m := whole(failed("en", "start "+strings.Repeat(unit, 200_000)+" the end"))
		for name, render := range map[string]func(message.Message) (string, error){"html": renderHTML, "text": renderText} {
			out, err := channel.Fit(m, maxBody, render)
			if err != nil || len(out) > maxBody || !utf8.ValidString(out) {
				t.Errorf("%s of %q: %d bytes, %v", name, unit, len(out), err)
			}
			if strings.TrimSpace(unit) != "" && !strings.Contains(out, "left out") {
				t.Errorf("%s of %q does not say that it was cut", name, unit)
			}
		}
	}
}

// tags are the elements of a page, without texts, line breaks and addresses.
func tags(page string) string {
	page = regexp.MustCompile(`href="[^"]*"|<br>`).ReplaceAllString(page, "")
	return strings.Join(regexp.MustCompile(`<[^>]*>`).FindAllString(page, -1), "")
}

func TestHostileTextMakesNoMarkup(t *testing.T) {
	t.Parallel()
	usual := ""
	for _, text := range []string{
		"plain", `<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `</td></table><h1>x`, `' onmouseover='x`, `&lt;b&gt;`, `&#60;b>`,
		"\u202egnp.exe", "\x00\x1b[31m", "\xff\xfe", "a\r\nBcc: x@y.example", "]]>", "<!--", "-->", "javascript:alert(1)", "@all", "<at id=all></at>",
	} {
		m := named("en", text, "first line\n"+text)
		m.Before, m.After = text, text
		m.Items = []message.Item{{Title: text, Link: m.Link}, {Title: text, Link: text}}
		page, err := renderHTML(whole(m))
		if err != nil {
			t.Fatal(err)
		}
		if got := tags(page); usual == "" {
			usual = got
		} else if got != usual {
			t.Errorf("%q changes the markup:\n%s\nwant\n%s", text, got, usual)
		}
		if strings.ContainsAny(page, "\x00\x1b\r\u202e") || !utf8.ValidString(page) {
			t.Errorf("%q leaves signs in the page that turn or break text", text)
		}
		if s := subject(m); strings.ContainsAny(s, "\r\n\x00\u202e") || utf8.RuneCountInString(s) > maxSubject {
			t.Errorf("%q makes the subject %q", text, s)
		}
		m.Items = append(m.Items, message.Item{Title: text, Link: "https://evil.example/?" + text})
		m.Link = "https://pai.console.aliyun.com/#" + text
		if page, err = renderHTML(m); err != nil {
			t.Fatal(err)
		}
		for _, link := range regexp.MustCompile(`href="([^"]*)"`).FindAllStringSubmatch(page, -1) {
			if !strings.HasPrefix(link[1], "https://") || regexp.MustCompile(`[^!-~]|[<>'"]`).MatchString(link[1]) {
				t.Errorf("%q makes the link %s", text, link[1])
			}
		}
	}
}

func TestAPageLoadsNothing(t *testing.T) {
	t.Parallel()
	page, err := renderHTML(failed("en", "x"))
	if err != nil {
		t.Fatal(err)
	}
	for _, never := range []string{"<img", "<script", "<link", "url(", "@import", "src="} {
		if strings.Contains(page, never) {
			t.Errorf("the page has %s", never)
		}
	}
}

func TestTheSubjectHasAtMostAHundredCharacters(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{"llm-sft-7b": "PAI · 任务失败：llm-sft-7b", "a\nb": "PAI · 任务失败：a b"} {
		if got := subject(named("zh", name, "")); got != want {
			t.Errorf("subject %q, want %q", got, want)
		}
	}
	for _, name := range []string{strings.Repeat("很长", 80), strings.Repeat("long", 80)} {
		if got := subject(named("zh", name, "")); utf8.RuneCountInString(got) > 100 || !strings.Contains(got, "…") {
			t.Errorf("subject %q has %d characters", got, utf8.RuneCountInString(got))
		}
	}
}

func TestRegionsHaveTheirHosts(t *testing.T) {
	t.Parallel()
	for region, want := range map[string][3]string{
		"cn-hangzhou": {"cn-hangzhou", "dm.aliyuncs.com", ""}, "cn-wulanchabu": {"cn-hangzhou", "dm.aliyuncs.com", ""},
		"ap-southeast-1": {"ap-southeast-1", "dm.ap-southeast-1.aliyuncs.com", "2017-06-22"},
		"ap-southeast-2": {"ap-southeast-2", "dm.ap-southeast-2.aliyuncs.com", "2017-06-22"},
		"us-east-1":      {"us-east-1", "dm.us-east-1.aliyuncs.com", ""}, "": {"cn-hangzhou", "dm.aliyuncs.com", ""},
	} {
		where, host, version := place(region)
		if got := [3]string{where, host, version}; got != want {
			t.Errorf("place(%s) = %v, want %v", region, got, want)
		}
	}
}

// seen is a client that answers and keeps the hosts it was sent to.
type seen []string

func (s *seen) Do(r *http.Request) (*http.Response, error) {
	*s = append(*s, r.URL.Scheme+"://"+r.URL.Host)
	return nil, errors.New("nobody is there")
}

func TestWithoutAnEndpointTheAPIIsCalledOverHTTPS(t *testing.T) {
	t.Parallel()
	var hosts seen
	d := channel.Deps{Client: &hosts, Cloud: channel.NewCloud("ap-southeast-2", "", channeltest.Keys)}
	_, err := New(d).Send(t.Context(), settings(""), channeltest.Message())
	if err == nil || len(hosts) != 1 || hosts[0] != "https://dm.ap-southeast-2.aliyuncs.com" {
		t.Errorf("called %v (%v)", hosts, err)
	}
}

func TestOnlyOneMailboxIsSentTo(t *testing.T) {
	t.Parallel()
	g := channeltest.NewGateway(t, func(url.Values) (int, string) { return 200, accepted })
	for _, to := range []string{"", "nobody", "a@b.example,c@d.example", "a@b.example\r\nx: y", "<a@b.example>", "a b@c.example", "a@b"} {
		settings := maps.Clone(settings(""))
		settings[channel.To] = to
		_, err := New(g.Deps()).Send(t.Context(), settings, channeltest.Message())
		if got := channel.Classify(err); got.Class != channel.Misconfigured || got.Code != "address" {
			t.Errorf("a mail to %q: %+v", to, got)
		}
		if to != "" && strings.Contains(err.Error(), to) {
			t.Errorf("the error shows %q", to)
		}
	}
	if calls := g.Calls(); len(calls) != 0 {
		t.Errorf("%d calls were made", len(calls))
	}
}

func TestReceiptsOfOurSenderAreRead(t *testing.T) {
	t.Parallel()
	shared := channel.Settings{"from": "pai@notify.example.com"}
	body := func(kind string, change map[string]any) []byte {
		data := map[string]any{
			"env_id": "60000001", "account": "pai@notify.example.com", "from": "PAI@notify.example.com", "rcpt": address, "status": "2",
			"err_code": "554", "err_msg": "554  RCPT " + address + " dosn't exist", "failed_type": "SmtpNxBox", "deliver_time": "2024-04-29T11:07:12",
		}
		maps.Copy(data, change)
		raw, err := json.Marshal(map[string]any{"data": data, "id": "8734", "source": "acs:dm", "specversion": "1.0", "type": kind, "time": "2024-04-29T11:07:12+08:00"})
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	at := time.Date(2024, 4, 29, 3, 7, 12, 0, time.UTC)
	for name, c := range map[string]struct {
		body []byte
		want channel.Report
		ours bool
	}{
		"arrived":          {body("dm:Deliver:Succeed", nil), channel.Report{Fate: channel.Arrived, Receipt: "60000001", At: at}, true},
		"bounced":          {body("dm:Deliver:Fail", nil), channel.Report{Fate: channel.Failed, Receipt: "60000001", At: at, Code: "SmtpNxBox", Text: bounced + "554  RCPT *** dosn't exist", Advice: bouncedAdvice()}, true},
		"without a kind":   {body("dm:Deliver:Fail", map[string]any{"failed_type": "", "err_msg": "full"}), channel.Report{Fate: channel.Failed, Receipt: "60000001", At: at, Code: "554", Text: bounced + "full", Advice: bouncedAdvice()}, true},
		"only the account": {body("dm:Deliver:Succeed", map[string]any{"from": ""}), channel.Report{Fate: channel.Arrived, Receipt: "60000001", At: at}, true},
		"another sender":   {body("dm:Deliver:Fail", map[string]any{"from": "news@notify.example.com"}), channel.Report{}, false},
		"a complaint":      {body("dm:Feedback:FblReport", nil), channel.Report{}, false},
		"without an id":    {body("dm:Deliver:Fail", map[string]any{"env_id": ""}), channel.Report{}, false},
		"an envelope":      {[]byte(`{"v":1,"rule":{},"target":{},"event":{},"data":[]}`), channel.Report{}, false},
		"a timer":          {[]byte(`{"triggerTime":"2026-01-01T00:00:00Z","triggerName":"due"}`), channel.Report{}, false},
		"no JSON":          {[]byte("<html>"), channel.Report{}, false},
		"data as text":     {[]byte(`{"source":"acs.dm","type":"dm:Deliver:Fail","data":"x"}`), channel.Report{}, false},
	} {
		r, ok := New(channel.Deps{}).(channel.Receipts)
		if !ok {
			t.Fatal("the channel reads no receipts")
		}
		got, ours := r.ReadReceipt(shared, c.body)
		got.At = got.At.UTC()
		if !ours {
			got.At = time.Time{}
		}
		if diff := cmp.Diff(c.want, got); diff != "" || ours != c.ours {
			t.Errorf("%s: ours %v, report (-want +got): %s", name, ours, diff)
		}
	}
	if _, ours := New(channel.Deps{}).(channel.Receipts).ReadReceipt(nil, body("dm:Deliver:Fail", map[string]any{"from": "", "account": ""})); ours { //nolint:errcheck // it panics then
		t.Error("without a sender every mail of the account would be ours")
	}
}

func TestAdviceOnABouncedMailIsThatOfItsReceipt(t *testing.T) {
	t.Parallel()
	e := New(channel.Deps{}).(channel.Adviser) //nolint:errcheck // it panics then
	if got := e.Advise("SmtpNxBox", bounced+"x"); got["zh"] != bouncedAdvice()["zh"] {
		t.Errorf("advice %v", got)
	}
	if got := e.Advise("InvalidQuota", "x"); !strings.Contains(got["en"], "quota") {
		t.Errorf("advice %v", got)
	}
}

// TestPagesForLookingAt writes pages where PAGES says, to be opened in a browser.
func TestPagesForLookingAt(t *testing.T) {
	t.Parallel()
	hostile := `<img src=x onerror=alert(1)>"'&` + strings.Repeat("very-long-name-without-a-blank", 4)
	pages := map[string]message.Message{}
	for _, language := range []string{"zh", "en"} {
		pages["usual-"+language] = failed(language, "Pod dlc1a2b3c4d5e6f7-worker-3 exited with code 137 (OOMKilled).")
		pages["long-"+language] = named(language, hostile, trace("loss = model(batch) # "+strings.Repeat("x", 90)))
		pages["digest-"+language] = channeltest.Digest(language, hostile)
		pages["test-"+language] = message.Connectivity(language, "Email", channeltest.At())
	}
	for name, m := range pages {
		page, err := channel.Fit(whole(m), maxBody, renderHTML)
		if err != nil || !strings.HasSuffix(page, "</html>\n") {
			t.Errorf("%s: %d bytes, %v", name, len(page), err)
		}
		if folder := os.Getenv("PAGES"); folder != "" {
			if err := os.WriteFile(filepath.Join(folder, name+".html"), []byte(page), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}
