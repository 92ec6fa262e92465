package main

import (
	"cmp"
	"context"
	"time"

	"pai-notify/shared/contact"
	"pai-notify/shared/event"
	"pai-notify/shared/message"
	"pai-notify/shared/rule"
	"pai-notify/shared/when"
)

// Message is what one target would be told.
type Message struct {
	Target   string `json:"target"`
	Channel  string `json:"channel"`
	Language string `json:"language"`
	Title    string `json:"title"`
	Facts    []Fact `json:"facts"`
	Before   string `json:"before,omitempty" doc:"The target's own line before them"`
	After    string `json:"after,omitempty" doc:"The target's own line after them"`
	Link     string `json:"link,omitempty"`
	Severity string `json:"severity" enum:"info,warning,error"`
	Body     string `json:"body,omitempty" doc:"What the channel would send: JSON as the receiver gets it; of voice, SMS and e-mail the parameters with the text"`
	Bytes    int    `json:"bytes,omitempty" doc:"Of the request's body, shortened to the channel's limit already"`
	MaxBytes int    `json:"maxBytes,omitempty" doc:"The channel's limit; WeCom counts only the text in the body"`
	Problem  string `json:"problem,omitempty" doc:"Why it cannot be sent as things are, where the draft is not at fault"`
	Timing   Timing `json:"timing"`
}

// Timing says when a target would be told of an event that happened now.
type Timing struct {
	Quiet     bool      `json:"quiet" doc:"Quiet hours are in effect now"`
	Change    time.Time `json:"change,omitzero" doc:"When quiet hours end or begin next; left out: there are none"`
	HeldUntil time.Time `json:"heldUntil,omitzero" doc:"Until when the event would be held; left out: it would be told now"`
	Gap       int       `json:"gapMinutes,omitempty" doc:"The event would wait for so long after the message before about the same object"`
}

// Fact is one line of a message.
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// messages are what the targets would be told of an event, in their own language or in all.
func (s *service) messages(ctx context.Context, now present, targets []rule.Target, e event.Event, all bool) ([]Message, error) {
	zone, err := time.LoadLocation(now.settings.Zone)
	if err != nil {
		s.log.ErrorContext(ctx, "time zone unknown, UTC is used: correct it in the settings", "zone", now.settings.Zone)
		zone = time.UTC
	}
	view := now.catalog.View(e)
	scale := s.newScale()
	list := []Message{}
	for _, t := range targets {
		person, err := s.first(ctx, t)
		if err != nil {
			return nil, err
		}
		languages := []string{cmp.Or(t.Language, person.Language, now.settings.Language)}
		if all {
			languages = message.Languages()
		}
		zone := zone
		if own, err := time.LoadLocation(person.Zone); person.Zone != "" && err == nil {
			zone = own
		}
		host := now.settings.ConsoleHost
		if host == "" {
			host = message.NoLinks
		}
		for _, language := range languages {
			m := message.New(e, view, message.Options{
				Language: language, Zone: zone, ConsoleHost: host, Links: now.settings.Links, Words: t.Words, ID: "preview",
			})
			m.Call(t.Mentions, "")
			told := Message{
				Target: t.ID, Channel: t.Channel, Language: m.Language, Title: m.Title, Before: m.Before, After: m.After, Link: m.Link,
				Severity: severity(m.Severity), Facts: make([]Fact, len(m.Facts)), Timing: timing(t.When, s.clock(), view, zone),
			}
			for i, f := range m.Facts {
				told.Facts[i] = Fact{f.Name, f.Value}
			}
			scale.weigh(ctx, now, t, m, &told)
			list = append(list, told)
		}
	}
	return list, nil
}

// first is the first contact of a target that there is; none where it names none.
func (s *service) first(ctx context.Context, t rule.Target) (contact.Contact, error) {
	if len(t.Contacts) == 0 {
		return contact.Contact{}, nil
	}
	found, err := s.book.Get(ctx, t.Contacts...)
	for _, id := range t.Contacts {
		if person, known := found[id]; known {
			return person, err
		}
	}
	return contact.Contact{}, err
}

func timing(w when.When, now time.Time, v event.View, zone *time.Location) (t Timing) {
	t.Change, t.Quiet = w.Next(now, zone)
	t.HeldUntil, _ = w.Hold(now, v, zone)
	if !t.HeldUntil.After(now) {
		t.HeldUntil = time.Time{}
	}
	t.Gap = int(w.Gap(v) / time.Minute)
	return t
}

func severity(s event.Severity) string {
	switch s {
	case event.Warning:
		return "warning"
	case event.Error:
		return "error"
	}
	return "info"
}
