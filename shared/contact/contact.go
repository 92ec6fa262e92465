// Package contact keeps the people whom voice calls, short messages and e-mail reach, and who is whom at the chat
// receivers and in PAI. A rule names contacts by id, and an address is looked up when a message is sent: so a changed
// number holds from the next delivery on, and no number stands in a rule, an event or a log.
//
// What it promises of a contact in the [Book]: its telephone number is E.164 and its mail address one plain address, its
// id is no telephone number, and no two contacts are the same PAI user.
package contact

import (
	"strings"
	"time"
	"unicode/utf8"
)

// Contact is one person, or one desk with a telephone.
type Contact struct {
	ID       string // in rules; it never changes
	Name     string
	Phone    string // E.164: +8613800138000
	Email    string
	Language string // of what is sent to it: see message.Languages; empty means the target's
	Zone     string // of times in what is sent to it: an IANA name; empty means the deployment's
	DingTalk string // ids at the chat receivers, for mentions
	WeCom    string
	Lark     string
	PAIUser  string // id or name of the PAI user who this is; no two contacts have the same
	Note     string

	Created, Updated time.Time
	Revision         int64 // higher with every change, and never used again, even by a contact made anew
}

// Names of the channels that reach contacts.
const (
	SMS   = "sms"
	Voice = "voice"
	Email = "email"
)

// Address is where a channel reaches the contact, by the channel's name; empty where it does not. A fixed line of
// mainland China takes calls and no short messages.
func (c Contact) Address(channelName string) string {
	switch channelName {
	case SMS:
		if strings.HasPrefix(c.Phone, mainland) && !isMobile(c.Phone) {
			return ""
		}
		return c.Phone
	case Voice:
		return c.Phone
	case Email:
		return c.Email
	}
	return ""
}

// Masked is the contact as those see it who may not know how to reach it: with 138****8000 and a***@example.com, and
// without its note.
func (c Contact) Masked() Contact {
	c.Phone, c.Email, c.Note = maskPhone(c.Phone), maskEmail(c.Email), ""
	c.DingTalk, c.WeCom, c.Lark = maskID(c.DingTalk), maskID(c.WeCom), maskID(c.Lark)
	return c
}

// String keeps addresses out of logs and errors.
func (c Contact) String() string { return "contact " + c.ID }

// GoString keeps addresses out of logs and errors.
func (c Contact) GoString() string { return c.String() }

const hidden = "****"

func maskPhone(phone string) string {
	switch n := len(phone); {
	case n == 0:
		return ""
	case isMobile(phone):
		return phone[len(mainland):len(mainland)+3] + hidden + phone[n-4:]
	default:
		return phone[:3] + hidden + phone[n-2:]
	}
}

func maskEmail(email string) string {
	at := strings.LastIndexByte(email, '@')
	if at < 0 {
		return ""
	}
	_, first := utf8.DecodeRuneInString(email)
	return email[:min(first, at)] + "***" + email[at:]
}

// maskID masks an id that is somebody's telephone number, as DingTalk takes, or mail address.
func maskID(id string) string {
	if phone, ok := e164(id); ok {
		return maskPhone(phone)
	}
	if strings.Contains(id, "@") {
		return maskEmail(id)
	}
	return id
}
