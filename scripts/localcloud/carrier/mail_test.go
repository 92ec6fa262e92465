package carrier_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aliyun/alibaba-cloud-sdk-go/services/dm"
)

func TestAMailArrivesWithBothItsBodies(t *testing.T) {
	t.Parallel()
	w := start(t, still)
	code, id := w.post("Alice@example.com", func(r *dm.SingleSendMailRequest) { r.FromAlias, r.ReplyToAddress = "PAI", "true" })
	if code != "OK" || id == "" {
		t.Fatalf("code %s, id %q", code, id)
	}
	m, body := w.last("email")
	if !m.Accepted || m.Path != "/email/alice@example.com" || body["html"] != "<p>job-1</p>" || body["text"] != "job-1" ||
		body["subject"] != "job-1 失败" || body["from"] != "pai@notify.example.com" || body["alias"] != "PAI" ||
		body["replyTo"] != "ops@example.com" || body["envId"] != id || fmt.Sprint(body["inURL"]) != "[]" {
		t.Errorf("arrived: %+v %v", m, body)
	}
}

func TestMailsAreRefusedWithTheServicesCodes(t *testing.T) {
	t.Parallel()
	w := start(t, still)
	form := func(name, value string) func(*dm.SingleSendMailRequest) {
		return func(r *dm.SingleSendMailRequest) { r.GetFormParams()[name] = value }
	}
	from := func(address string) func(*dm.SingleSendMailRequest) {
		return func(r *dm.SingleSendMailRequest) { r.AccountName = address }
	}
	for name, c := range map[string]struct {
		to     string
		change func(*dm.SingleSendMailRequest)
		want   string
	}{
		"unknown sender":          {"a@example.com", from("nobody@notify.example.com"), "InvalidMailAddress.NotFound"},
		"frozen sender":           {"a@example.com", from("frozen@notify.example.com"), "InvalidMailAddressStatus.Malformed"},
		"sender of mass mail":     {"a@example.com", from("news@notify.example.com"), "InvalidMailAddressSendType.Malformed"},
		"no recipient":            {"", nil, "MissingToAddress"},
		"no mailbox":              {"nobody", nil, "InvalidToAddress"},
		"name and mailbox":        {"A <a@example.com>", nil, "InvalidToAddress"},
		"101 recipients":          {strings.Repeat("a@example.com,", 100) + "a@example.com", nil, "InvalidToAddress"},
		"known to be invalid":     {"listed@example.com", nil, "InvalidToAddress.Spam"},
		"no subject":              {"a@example.com", form("Subject", ""), "MissingSubject"},
		"subject of 101":          {"a@example.com", form("Subject", strings.Repeat("长", 101)), "InvalidSubject.Malformed"},
		"subject of 100":          {"a@example.com", form("Subject", strings.Repeat("长", 100)), "OK"},
		"subject with a header":   {"a@example.com", form("Subject", "a\r\nBcc: b@example.com"), "InvalidSubject.Malformed"},
		"text of 80 KB":           {"a@example.com", form("TextBody", strings.Repeat("x", 80<<10)), "OK"},
		"text over 80 KB":         {"a@example.com", form("TextBody", strings.Repeat("x", 80<<10+1)), "InvalidBody"},
		"HTML over 80 KB":         {"a@example.com", form("HtmlBody", strings.Repeat("长", 80<<10/3+1)), "InvalidBody"},
		"alias of 15":             {"a@example.com", func(r *dm.SingleSendMailRequest) { r.FromAlias = strings.Repeat("a", 15) }, "InvalidFromALias.Malformed"},
		"alias of 14":             {"a@example.com", func(r *dm.SingleSendMailRequest) { r.FromAlias = strings.Repeat("a", 14) }, "OK"},
		"reply address malformed": {"a@example.com", func(r *dm.SingleSendMailRequest) { r.ReplyAddress = "x" }, "InvalidReplyAddress.Malformed"},
		"type of address":         {"a@example.com", func(r *dm.SingleSendMailRequest) { r.AddressType = "2" }, "InvalidAddressType"},
		"no bodies": {"a@example.com", func(r *dm.SingleSendMailRequest) {
			delete(r.GetFormParams(), "HtmlBody")
			delete(r.GetFormParams(), "TextBody")
		}, "InvalidBody"},
	} {
		t.Run(name, func(t *testing.T) {
			if got, _ := w.post(c.to, c.change); got != c.want {
				t.Errorf("code %s, want %s", got, c.want)
			}
			if strings.HasPrefix(c.want, "Missing") {
				return
			}
			if m, _ := w.last("email"); m.Code != c.want || m.Accepted != (c.want == "OK") {
				t.Errorf("in the inbox: code %s, accepted %v", m.Code, m.Accepted)
			}
		})
	}
}

// receipts waits for so many.
func (w *world) receipts(n int) map[string]receipt {
	w.t.Helper()
	for range n {
		<-w.events.changed
	}
	w.events.mu.Lock()
	defer w.events.mu.Unlock()
	by := map[string]receipt{}
	for _, r := range w.events.list {
		by[r.Data.Rcpt] = r
	}
	return by
}

func TestReceiptsComeAsEventsOnceAlsoAfterARestart(t *testing.T) {
	t.Parallel()
	w := &world{t: t, dir: t.TempDir(), clock: clockOf(t, still)}
	stop := w.run(t)
	_, id := w.post("alice@example.com,bounce@example.com,spam@example.com,silent@example.com", nil)
	stop()
	if len(w.events.list) != 0 {
		t.Errorf("receipts at once: %+v", w.events.list)
	}
	w.clock = clockOf(t, fast)
	stop = w.run(t)
	by := w.receipts(3)
	for to, want := range map[string]struct{ kind, status, code string }{
		"alice@example.com":  {"dm:Deliver:Succeed", "0", "250"},
		"bounce@example.com": {"dm:Deliver:Fail", "2", "554"},
		"spam@example.com":   {"dm:Deliver:Fail", "3", "550"},
	} {
		r := by[to]
		if r.Type != want.kind || r.Source != "acs.dm" || r.Data.EnvID != id || r.Data.Status != want.status ||
			r.Data.ErrCode != want.code || r.Data.From != "pai@notify.example.com" || r.ID == "" {
			t.Errorf("receipt of %s: %+v, want %+v", to, r, want)
		}
	}
	stop()
	w.run(t)
	w.post("bob@example.com", nil)
	if by := w.receipts(1); len(by) != 1 || by["bob@example.com"].Type != "dm:Deliver:Succeed" {
		t.Errorf("receipts after another restart: %+v, want that of the new mail alone", by)
	}
}

func TestSendersAreFoundByAPartOfTheirAddress(t *testing.T) {
	t.Parallel()
	w := start(t, still)
	r := dm.CreateQueryMailAddressByParamRequest()
	w.aim(r)
	r.KeyWord = "frozen@"
	answer, err := w.mail.QueryMailAddressByParam(r)
	if err != nil || answer.TotalCount != 1 || len(answer.Data.MailAddress) != 1 || answer.Data.MailAddress[0].AccountStatus != "1" {
		t.Errorf("answer %+v: %v", answer, err)
	}
}
