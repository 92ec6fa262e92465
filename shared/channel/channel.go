// Package channel defines what a receiver of messages is, and reads what it answers.
//
// Every channel is a folder below this one and knows one receiver: its settings, its form, its signature, its codes.
// A chat robot says no with HTTP 200 and a code, so success is what the channel positively recognises and nothing
// else: see [Class].
package channel

import (
	"context"
	"net/http"
	"time"

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
	Name     string   // dingtalk
	Title    string   // DingTalk
	Fields   []Field  // settings of a target
	MaxBytes int      // of one request body
	Pace     []Pace   // all of them hold at once, for one destination
	Digest   bool     // several messages may be told as one
	Once     bool     // never sent again after an unclear outcome
	Sources  []string // catalogue ids of the event sources it may be used with; empty means all
	Contacts bool     // its targets name contacts rather than settings
}

// Field is one setting of a target.
type Field struct {
	Name     string            // webhook
	Label    map[string]string // by language
	Help     map[string]string // by language: where to find it
	Required bool
	Secret   bool
	Options  []string           // the values it may have; empty means any
	Check    func(string) error // of a value that is not empty; the error says what is wrong and never repeats the value
}

// Pace allows a burst of so many messages at once, and one more each interval.
type Pace struct {
	Burst int
	Every time.Duration
}
