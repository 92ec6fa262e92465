package event

import (
	"encoding/json"
	"time"
)

// Text is one text in several languages, by language tag: "en", "zh".
type Text map[string]string

// In gives the text in a language, else in English.
func (t Text) In(language string) string {
	if s := t[language]; s != "" {
		return s
	}
	return t["en"]
}

// Severity orders events by how much they want attention.
type Severity int

// The severities, by rising urgency.
const (
	Info Severity = iota
	Warning
	Error
)

// Tone is what an event means at first sight: a colour, a sign.
type Tone int

// The tones.
const (
	Neutral  Tone = iota // it goes its way
	Good                 // done
	Waiting              // for resources or for somebody
	Stopped              // on purpose
	Alarming             // a warning
	Bad                  // a failure
)

// View is what PAI says in an event, read by the field paths of the catalogue. Every field is optional: a missing,
// empty, "null" or zero value in the event is the zero value here.
type View struct {
	Source   string   // catalogue id of the event source: dlc, flow, dsw, model; empty where the catalogue does not know it
	Kind     Text     // what the object is: DLC job
	Known    bool     // the catalogue knows source and type
	What     string   // catalogue id of what happened: failed
	Outcome  Text     // what happened, as a short phrase: Job failed
	Tone     Tone     // of the event's type, as far as it does not follow from its severity
	Severity Severity // of the event's type, raised by its data where the catalogue says so
	Failing  bool     // the outcome is a failure
	Final    bool     // nothing more is to come from this run of the object

	ID, Name                    string // the object's
	Version                     string // of a model
	Status, Previous, SubStatus string // PAI's own words, untranslated
	ReasonCode, Reason          string
	OwnerID, OwnerName          string
	OperatorID, OperatorName    string // who stopped or approved it
	WorkspaceID, Workspace      string // id and name
	Region                      string
	Resource                    string // machine type, or kind of resources
	Quota                       string // name of the resource quota, else its id
	ObjectType                  string // PyTorchJob
	Accessibility               string // PRIVATE or PUBLIC
	Restarts                    string // used/allowed: 1/3
	ConsoleLink                 string // as the event gives it
	Created, Started, Finished  time.Time
	Duration                    time.Duration

	Extra map[string]json.RawMessage // what only a template needs, by the catalogue's names (uri, formatType); nil where none
}
