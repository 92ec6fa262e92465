// Package message turns what PAI says in an event into what a person reads: title, facts, link. It knows languages and
// nothing of receivers; every text in it is plain and hostile until a channel has escaped it.
package message

import (
	"time"

	"pai-notify/shared/event"
)

// Message is one thing to tell. A channel renders it for its receiver.
type Message struct {
	ID       string      // the same over all attempts at one delivery: a receiver's idempotency key
	Event    event.Event // as it came; of a digest the first
	View     event.View
	Title    string // outcome and object name, one line
	Facts    []Fact // in order of importance
	Items    []Item // of a digest; empty otherwise
	Link     string // https address in the PAI console; empty where a part of it is missing
	Severity event.Severity
	Language string
	Mentions Mentions
	Test     bool // a connectivity test, marked as such
}

// Fact is one labelled line.
type Fact struct{ Name, Value string }

// Item is one event told in a digest.
type Item struct {
	Title    string
	Link     string
	At       time.Time
	Severity event.Severity
}

// Mentions says whom a message calls. The zero value calls nobody.
type Mentions struct {
	All   bool     `json:"all,omitempty"`
	Users []string `json:"users,omitempty"` // ids at the receiver
}
