package carrier

import (
	"net/mail"
	"regexp"
	"strings"

	"pai-notify/scripts/localcloud/inbox"
)

// Number is a telephone that messages come to grief at.
type Number struct {
	Phone string // as +8613800000001
	Story string
	SMS   string // ErrCode of its reports; empty: it receives
	Call  string // state of its calls
	Mute  bool   // it never reports
}

// The states of calls: help.aliyun.com/document_detail/55085.html.
const (
	callHeard = "200000" // to its end
	callCut   = "200001" // hung up before
	callBusy  = "200002"
	callRings = "200003" // nobody answers
	callNone  = "200004" // no such number
	callOff   = "200010"

	smsDelivered = "DELIVERED"
)

// Numbers are the telephones of that kind; all others receive everything.
func Numbers() []Number {
	return []Number{
		{Phone: "+8613800000001", Story: "switched off", SMS: "MOBILE_NOT_ON_SERVICE", Call: callOff},
		{Phone: "+8613800000002", Story: "texts arrive, nobody answers calls", Call: callRings},
		{Phone: "+8613800000003", Story: "no such number", SMS: "INVALID_NUMBER", Call: callNone},
		{Phone: "+8613800000004", Story: "texts arrive, always busy", Call: callBusy},
		{Phone: "+8613800000005", Story: "never reports what became of a message", Mute: true},
		{Phone: "+8613800000006", Story: "texts arrive, hangs up before the end", Call: callCut},
	}
}

// notes tell people about the numbers and mailboxes.
func notes() []inbox.Note {
	var list []inbox.Note
	for _, service := range []string{inbox.SMS, inbox.Voice} {
		for _, n := range Numbers() {
			list = append(list, inbox.Note{Receiver: service, Name: n.Phone, Story: n.Story})
		}
	}
	for _, m := range Mailboxes() {
		list = append(list, inbox.Note{Receiver: inbox.Email, Name: m.Local + "@…", Story: m.Story})
	}
	return list
}

// number is how a telephone behaves.
func number(phone string) Number {
	for _, n := range Numbers() {
		if n.Phone == phone {
			return n
		}
	}
	return Number{Phone: phone}
}

// Mailbox is a mailbox that mail comes to grief at.
type Mailbox struct {
	Local   string // the part before @, whatever stands behind it
	Story   string
	Status  string // of the receipt: 2 no such address, 3 taken for spam; empty: it arrives
	Code    string // SMTP's
	Text    string
	Failure string // failed_type of the receipt
	Mute    bool   // no receipt
	Listed  bool   // the service knows it to be invalid and refuses it
}

// Mailboxes are the mailboxes of that kind; all others receive everything.
func Mailboxes() []Mailbox {
	return []Mailbox{
		{Local: "bounce", Story: "no such mailbox: accepted, then bounces", Status: "2", Code: "554",
			Text: "554 RCPT (bounce) dosn't exist", Failure: "SmtpNxBox"}, // sic
		{Local: "spam", Story: "its provider takes the mail for spam", Status: "3", Code: "550",
			Text: "550 Mail content denied", Failure: "SmtpSpam"},
		{Local: "silent", Story: "no receipt ever comes", Mute: true},
		{Local: "listed", Story: "known to be invalid: refused at once", Listed: true},
	}
}

func box(address string) Mailbox {
	local, _, _ := strings.Cut(address, "@")
	for _, m := range Mailboxes() {
		if m.Local == local {
			return m
		}
	}
	return Mailbox{Local: local}
}

var (
	mainland = regexp.MustCompile(`^(?:\+86|0086|86)?(1[3-9][0-9]{9})$`)
	abroad   = regexp.MustCompile(`^(?:12[0-9]{9}|[2-9][0-9]{6,14})$`) // country code and number, without +
	landline = regexp.MustCompile(`^0[0-9]{9,11}$`)
)

// mobile is a telephone number as +8613800138000, or the text as it is where it is none.
func mobile(text string) string {
	if m := mainland.FindStringSubmatch(text); m != nil {
		return "+86" + m[1]
	}
	if abroad.MatchString(text) {
		return "+" + text
	}
	return text
}

// mailbox is a mail address in lower case.
func mailbox(text string) string { return strings.ToLower(strings.TrimSpace(text)) }

func isMailbox(text string) bool {
	a, err := mail.ParseAddress(text)
	return err == nil && a.Name == "" && a.Address == text && len(text) <= 254
}
