package webhook

import (
	"time"

	"pai-notify/shared/event"
	"pai-notify/shared/message"
)

// told is a message as data, in the form that Standard Webhooks advises: a dotted type, the event's time, and the data. A
// member that the event says nothing of is left out; texts are plain, whatever stands in them.
type told struct {
	Type      string `json:"type"`                // pai.model.approved; what nobody knows is pai.unknown, a test pai.test
	Timestamp string `json:"timestamp,omitempty"` // RFC 3339, UTC
	Data      data   `json:"data"`
}

type data struct {
	Title    string `json:"title"`
	Outcome  string `json:"outcome,omitempty"` // what happened, in words of the language
	Tone     string `json:"tone"`              // good, waiting, stopped, alarming, bad, neutral
	Severity string `json:"severity"`          // info, warning, error
	Failing  bool   `json:"failing"`
	Final    bool   `json:"final"`
	Test     bool   `json:"test,omitempty"`
	Language string `json:"language"`
	Before   string `json:"before,omitempty"`
	After    string `json:"after,omitempty"`
	Object   object `json:"object"`
	Facts    []fact `json:"facts"`
	Link     string `json:"link,omitempty"`
	Event    origin `json:"event"`
}

// object is what the event is about.
type object struct {
	Source    string `json:"source,omitempty"` // dlc, flow, dsw, model
	ID        string `json:"id,omitempty"`
	Name      string `json:"name,omitempty"`
	Version   string `json:"version,omitempty"`
	Status    string `json:"status,omitempty"` // in PAI's own word
	OwnerID   string `json:"ownerId,omitempty"`
	Owner     string `json:"owner,omitempty"`
	Workspace string `json:"workspace,omitempty"`
	Region    string `json:"region,omitempty"`
}

type fact struct {
	Field string `json:"field,omitempty"` // reason, owner …, whatever the language
	Name  string `json:"name"`
	Value string `json:"value"`
}

// origin names the CloudEvent that the message tells.
type origin struct {
	ID     string `json:"id,omitempty"`
	Source string `json:"source,omitempty"`
	Type   string `json:"type,omitempty"`
}

func newTold(m message.Message) told {
	v := m.View
	t := told{Type: "pai.unknown", Data: data{
		Title: m.Title, Outcome: v.Outcome.In(m.Language), Tone: tone(m.Tone), Severity: severity(m.Severity), Failing: v.Failing, Final: v.Final,
		Test: m.Test, Language: m.Language, Before: m.Before, After: m.After, Facts: make([]fact, len(m.Facts)), Link: m.Link,
		Object: object{v.Source, v.ID, v.Name, v.Version, v.Status, v.OwnerID, v.OwnerName, v.Workspace, v.Region},
		Event:  origin{m.Event.ID, m.Event.Source, m.Event.Type},
	}}
	switch {
	case m.Test:
		t.Type = "pai.test"
	case v.Known:
		t.Type = "pai." + v.Source + "." + v.What
	}
	if !m.Event.Time.IsZero() {
		t.Timestamp = m.Event.Time.UTC().Format(time.RFC3339)
	}
	for i, f := range m.Facts {
		t.Data.Facts[i] = fact{f.Field, f.Name, f.Value}
	}
	return t
}

func tone(t event.Tone) string {
	switch t {
	case event.Good:
		return "good"
	case event.Waiting:
		return "waiting"
	case event.Stopped:
		return "stopped"
	case event.Alarming:
		return "alarming"
	case event.Bad:
		return "bad"
	case event.Neutral:
	}
	return "neutral"
}

func severity(s event.Severity) string {
	switch s {
	case event.Warning:
		return "warning"
	case event.Error:
		return "error"
	case event.Info:
	}
	return "info"
}
