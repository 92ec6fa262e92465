package main

import (
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"time"

	smithyhttp "github.com/aws/smithy-go/transport/http"

	"pai-notify/shared/channel"
	"pai-notify/shared/channel/all"
	"pai-notify/shared/event"
	"pai-notify/shared/message"
	"pai-notify/shared/rule"
)

// Message is what one target would be told.
type Message struct {
	Target   string `json:"target"`
	Channel  string `json:"channel"`
	Language string `json:"language"`
	Title    string `json:"title"`
	Facts    []Fact `json:"facts"`
	Link     string `json:"link,omitempty"`
	Severity string `json:"severity" enum:"info,warning,error"`
	Bytes    int    `json:"bytes,omitempty" doc:"Of the request's body, shortened to the channel's limit already"`
	MaxBytes int    `json:"maxBytes,omitempty" doc:"The channel's limit; WeCom counts only the text in the body"`
}

// Fact is one line of a message.
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// messages are what the targets would be told of an event.
func (s *service) messages(ctx context.Context, now present, targets []rule.Target, e event.Event) []Message {
	zone, err := time.LoadLocation(now.settings.Zone)
	if err != nil {
		s.log.ErrorContext(ctx, "time zone unknown, UTC is used: correct it in the settings", "zone", now.settings.Zone)
		zone = time.UTC
	}
	view := now.catalog.View(e)
	scale := newScale(s.clock)
	list := []Message{}
	for _, t := range targets {
		language := t.Language
		if language == "" {
			language = now.settings.Language
		}
		host := now.settings.ConsoleHost
		if host == "" {
			host = message.NoLinks
		}
		m := message.New(e, view, message.Options{
			Language: language, Zone: zone, ConsoleHost: host, Links: now.settings.Links, Words: t.Words, ID: "preview",
		})
		m.Call(t.Mentions, "")
		told := Message{
			Target: t.ID, Channel: t.Channel, Language: m.Language, Title: m.Title, Link: m.Link, Severity: severity(m.Severity),
			Facts: make([]Fact, len(m.Facts)),
		}
		for i, f := range m.Facts {
			told.Facts[i] = Fact{f.Name, f.Value}
		}
		told.Bytes, told.MaxBytes = scale.weigh(ctx, t, m)
		list = append(list, told)
	}
	return list
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

// scale renders messages as the channels do and measures them; nothing is sent.
type scale struct {
	channels map[string]channel.Channel
	bytes    int // of the body rendered last
}

var errNotSent = errors.New("a preview sends nothing")

func newScale(now func() time.Time) *scale {
	s := &scale{channels: map[string]channel.Channel{}}
	catch := func(r *http.Request) (*http.Response, error) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		s.bytes = len(body)
		return nil, errNotSent
	}
	for _, c := range all.Channels(channel.Deps{Client: smithyhttp.ClientDoFunc(catch), Now: now}) {
		s.channels[c.Spec().Name] = c
	}
	return s
}

// weigh gives the size of a message at a target, and the channel's limit; a channel that is not known gives 0.
func (s *scale) weigh(ctx context.Context, t rule.Target, m message.Message) (bytes, limit int) {
	c, known := s.channels[t.Channel]
	if !known {
		return 0, 0
	}
	s.bytes = 0
	if _, err := c.Send(ctx, stand(c.Spec(), t.Settings), m); err == nil || s.bytes == 0 {
		return 0, c.Spec().MaxBytes // the settings are at fault, which the faults tell
	}
	return s.bytes, c.Spec().MaxBytes
}

// stand is settings like those given whose address and secrets, which a draft may leave out, are nobody's. No body's size
// depends on an address; of Lark's a signing secret adds a signature.
func stand(spec channel.Spec, given channel.Settings) channel.Settings {
	settings := channel.Settings{}
	maps.Copy(settings, given)
	for _, f := range spec.Fields {
		switch {
		case f.Address != nil:
			settings[f.Name] = example(f.Address)
		case f.Secret && f.Check != nil && f.Check(settings[f.Name]) != nil:
			delete(settings, f.Name)
		}
	}
	return settings
}

func example(a *channel.Address) string {
	switch {
	case len(a.Hosts) == 0:
		return "https://example.com/"
	case a.Token != "":
		return "https://" + a.Hosts[0] + a.Path + "?" + a.Token + "=preview"
	}
	return "https://" + a.Hosts[0] + a.Path + "preview"
}
