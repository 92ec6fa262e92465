// Package message turns what PAI says in an event into what a person reads: title, facts, link. It knows languages and
// nothing of receivers; every text in it is plain and hostile until a channel has escaped it.
//
// What it promises of a text: single lines hold no line break, control or bidirectional character, and every value has
// a length limit, so that one huge field cannot push out the others. What was left out is said where it was left out.
// Languages are the files of texts/: a further file is a further language.
package message

import (
	"strconv"
	"strings"
	"time"

	"pai-notify/shared/event"
)

// Message is one thing to tell. A channel renders it for its receiver.
type Message struct {
	ID       string      // the same over all attempts at one delivery: a receiver's idempotency key
	Event    event.Event // as it came; of a digest the first one shown
	View     event.View
	Title    string // outcome and object name, one line
	Before   string // own words of the target, one line; empty where it has none
	After    string // the same
	Facts    []Fact // in order of importance
	Items    []Item // of a digest; empty otherwise
	More     int    // events of a digest that are not among its items
	Link     string // https address in the PAI console; empty where a part of it is missing
	Brief    Brief  // the same in a few words
	Severity event.Severity
	Tone     event.Tone
	Language string
	Mentions Mentions
	Test     bool // a connectivity test, marked as such

	words Words // of the target, for the digest that it may be told in
}

// Fact is one labelled line; only a reason may have line breaks in its value.
type Fact struct {
	Name   string // the label, in the message's language
	Value  string
	Field  string // what it is, whatever the language, see [Fields]; empty for what is no field
	Detail bool   // not needed at first sight
}

// Item is one event told in a digest.
type Item struct {
	Title    string
	Link     string
	At       time.Time
	Severity event.Severity
	Tone     event.Tone
}

// Options say how to tell an event. The zero value tells it in English, in UTC, with links into the console of mainland
// China.
type Options struct {
	Language    string            // zh, en; one that is not known is English
	Zone        *time.Location    // of the times shown; nil means UTC
	ConsoleHost string            // host of links; empty means pai.console.aliyun.com
	Links       map[string]string // link forms by catalogue source that replace those of links.json
	ID          string            // of the message
	Late        time.Duration     // how long after its event it is told; shown from a minute on
	Words       Words             // the target's own
}

// NoLinks as the console's host makes messages without links.
const NoLinks = "-"

// Limits of a text in bytes. A chat message is read on a phone; the rest is one click away.
const (
	maxName   = 160
	maxValue  = 300
	maxReason = 900
)

// New tells an event: first what happened and why, whose pod, and what to do next, then the details. An event that the
// catalogue does not know is told by its envelope and the plain members of its data.
func New(e event.Event, v event.View, o Options) Message {
	w := wordsOf(o.Language)
	f := facts{words: w, zone: o.Zone, list: make([]Fact, 0, 24)}
	if f.zone == nil {
		f.zone = time.UTC
	}
	reason := sought(v.Reason)
	code := exitCode(v, reason)
	f.reason(v)
	f.pod(v, reason, code)
	f.line("queue", f.queueCause(v))
	f.line("next", w.next(v, reason, code))
	f.details(e, v, o)
	region := or(v.Region, e.Region())
	m := Message{
		ID:       o.ID,
		Event:    e,
		View:     v,
		Title:    title(e, v, w),
		Brief:    newBrief(e, v, w, f.zone),
		Facts:    f.list,
		Link:     link(v, region, o),
		Severity: v.Severity,
		Tone:     tone(v),
		Language: w.language,
	}
	m.say(o.Words)
	return m
}

// The test event's names. It is ours, so that no rule on PAI's events matches it and a receiver can tell it apart.
const (
	testSource = "pai-notify"
	testType   = "pai-notify:Connectivity:Test"
)

// Connectivity is a message that says of itself, in title, text and event type, that it is only a test of a channel.
func Connectivity(language, channelTitle string, at time.Time) Message {
	w := wordsOf(language)
	id := "test-" + strconv.FormatInt(at.UnixNano(), 36)
	return Message{
		ID:       id,
		Title:    strings.Replace(w.Test.Title, "{channel}", Line(channelTitle), 1),
		Facts:    []Fact{{Name: w.Test.Note, Value: w.Test.Text}, {Name: w.Test.Sent, Value: moment(at, time.UTC), Detail: true}},
		Language: w.language,
		Test:     true,
		Brief:    Brief{Name: "pai-notify", Status: wordsOf(language).Brief.Test, At: at.UTC()},
		Event: event.Event{
			ID: id, Source: testSource, SpecVersion: "1.0", Type: testType, Time: at.UTC(),
			DataContentType: "application/json", Data: []byte(`{"test":true}`),
		},
	}
}

// LinkText is what a button to the console says.
func LinkText(language string) string { return wordsOf(language).Link }

// ViewText is what a small button to one of several events says.
func ViewText(language string) string { return wordsOf(language).View }

// Colon is what a language puts between a fact's name and its value: ": ".
func Colon(language string) string { return wordsOf(language).Colon }

// title is "Job failed: llm-sft-7b"; for an event the catalogue does not know "DLC job Hibernating: llm-sft-7b", or at
// worst its type.
func title(e event.Event, v event.View, w *words) string {
	language, outcome := w.language, eventWord(v, w)
	name := or(v.Name, v.ID)
	if name != "" && v.Version != "" {
		name += " " + v.Version
	}
	name = Line(or(name, e.Type))
	if name == "" {
		return Cut(Line(outcome), language, maxName)
	}
	return Cut(Line(outcome), language, maxName) + w.Colon + Cut(name, language, maxName)
}

// outcome is what happened, in the words of the language's file where it has some, else in the catalogue's.
func (w *words) outcome(v event.View) string {
	if len(w.Outcomes) > 0 {
		if text := w.Outcomes[v.Source+"."+v.What]; text != "" {
			return text
		}
	}
	return v.Outcome.In(w.language)
}

// change is "Running → Failed", with the sub-status behind it.
func change(v event.View, w *words) string {
	s := v.Status
	if v.Previous != "" && v.Previous != v.Status {
		s = v.Previous + " → " + s
	}
	if v.SubStatus != "" && v.SubStatus != v.Status {
		s += w.Open + v.SubStatus + w.Close
	}
	return s
}

// moment is "2026-11-24 20:05:00 CST", and empty for the zero time.
func moment(t time.Time, zone *time.Location) string {
	if t.IsZero() {
		return ""
	}
	t = t.In(zone)
	var room [40]byte
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	b := strconv.AppendInt(room[:0], int64(year), 10)
	b = twoDigits(twoDigits(b, '-', int(month)), '-', day)
	b = twoDigits(twoDigits(twoDigits(b, ' ', hour), ':', minute), ':', second)
	name, _ := t.Zone()
	if strings.HasPrefix(name, "+") || strings.HasPrefix(name, "-") { // the zone has no abbreviation
		return string(b) + t.Format(" UTC-07:00")
	}
	return string(append(append(b, ' '), name...))
}

func twoDigits(b []byte, before byte, n int) []byte {
	return append(b, before, byte('0'+n/10), byte('0'+n%10))
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
