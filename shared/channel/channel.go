// Package channel defines what a receiver of messages is, and reads what it answers.
//
// Every channel is a folder below this one and knows one receiver: its settings, its form, its signature, its codes.
// Over HTTP that is a [Wire], of which [HTTP] makes a [Channel] with a guarded [Client]. Texts of events and of receivers
// are hostile: a job may be called "<at id=all></at>", an answer may be a web page; see [Markdown] and [Short].
//
// # Success
//
// A chat robot says no with HTTP 200 and a code, so success is what the channel positively recognises and nothing else:
// the zero [Class] is Unknown. What a code means stands in the channel's codes.json, which a [Table] reads. It decides by
// the parsed code, and by the text only between meanings of one code; never by searching the body, where a log id may
// hold any digits. A code without a row is Unknown rather than Rejected, and so is an answer that cannot be read: the
// receiver may have learned a new word, so it is tried three times and then reported loudly. Only a text that speaks of
// speed makes it Throttled.
//
// A request that broke before it was written whole was not accepted: Unavailable. After that nobody can tell: Uncertain;
// over a channel that never sends twice nobody can from the connection on, since its last bytes may be out unnoticed.
// A status that alone decides counts even if the body behind it never came.
package channel

import (
	"context"
	"net/http"
	"time"

	"pai-notify/shared/event"
	"pai-notify/shared/fault"
	"pai-notify/shared/message"
)

// Channel sends messages to one kind of receiver. It is safe for concurrent use.
type Channel interface {
	Spec() Spec
	// Send makes one attempt. The receipt is the receiver's own id of the message, where it gives one. A refusal is a
	// *Refusal, an exchange that broke a *Broken, each inside a *smithy.OperationError; neither holds a secret.
	Send(ctx context.Context, to Settings, m message.Message) (receipt string, err error)
}

// Wire is what a channel over HTTP knows. Both methods are pure, so that files of bytes can test them; [HTTP] makes a
// Channel of it.
type Wire interface {
	Spec() Spec
	// Request renders the message and signs it as of a moment.
	Request(to Settings, m message.Message, at time.Time) (*http.Request, error)
	// Reply reads an answer: nil where it says that the message was accepted, else a *Refusal.
	Reply(status int, header http.Header, body []byte) error
}

// Checker is a channel that can look whether its receiver would accept messages without posting one.
type Checker interface {
	Check(ctx context.Context, to Settings) error
}

// Settings say where to send, by the names of [Spec].Fields. A contact channel's also hold the contact's address.
type Settings map[string]string

// Spec describes a channel: what the console asks for, what the rule checks, how fast it may be used.
type Spec struct {
	Name     string     // dingtalk
	Title    event.Text // DingTalk, 钉钉
	Fields   []Field    // settings of a target
	Shared   []Field    // settings that a deployment has once for all its targets, such as the sender; see database.Settings
	MaxBytes int        // of one request body
	Pace     []Pace     // all of them hold at once, for one destination
	Digest   bool       // several messages may be told as one
	// Rush is how often, from midnight UTC on, everybody sends at once, so that the receiver is overloaded: what would go
	// at such a moment goes 5 to 25 seconds later. 0: never.
	Rush     time.Duration
	Once     bool     // never sent again after an unclear outcome
	Sources  []string // catalogue ids of the event sources it may be used with; empty means all
	Contacts bool     // its targets name contacts rather than settings
	// Mention checks the id of a user whom a message may call; the text never repeats the id. A channel without it calls
	// nobody.
	Mention func(id string) fault.Text
}

// Field is one setting of a target.
type Field struct {
	Name     string            // webhook
	Label    map[string]string // by language
	Help     map[string]string // by language: where to find it
	Required bool
	Secret   bool
	Options  []string                // the values it may have; empty means any
	Called   map[string]event.Text   // what people call its options, where the values do not say it
	Address  *Address                // of a setting that is a URL: which ones it may be
	Check    func(string) fault.Text // of a value that is not empty; the text never repeats the value
}

// Pace allows a burst of so many messages at once, and one more each interval.
type Pace struct {
	Burst   int
	Every   time.Duration
	Reserve int // of the burst, kept for failing outcomes: for others the burst is smaller by that, but never below 1
}
