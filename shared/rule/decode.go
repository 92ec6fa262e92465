package rule

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"pai-notify/shared/event"
	"pai-notify/shared/event/scan"
)

const (
	maxKept   = 256 << 10               // bytes of a body that is no envelope: EventBridge's limit of an event
	maxFailed = 100                     // bodies of a list kept one by one
	maxBody   = event.MaxBytes + 64<<10 // bytes of one envelope
)

// BodyError says that bodies are no envelopes. It keeps them, so that they can be recorded.
type BodyError struct {
	Bodies [][]byte // each at most 256 KB of the body
	Err    error    // why the first is none, without its text
}

// Error says how many there are, and why the first is none.
func (e *BodyError) Error() string {
	if len(e.Bodies) == 1 {
		return fmt.Sprintf("the body is no envelope: %v", e.Err)
	}
	return fmt.Sprintf("%d bodies are no envelopes, the first: %v", len(e.Bodies), e.Err)
}

// Unwrap gives the reason.
func (e *BodyError) Unwrap() error { return e.Err }

func (e *BodyError) add(body []byte, err error) {
	if e.Err == nil {
		e.Err = err
	}
	if len(e.Bodies) <= maxFailed {
		e.Bodies = append(e.Bodies, bytes.Clone(body[:min(len(body), maxKept)]))
	}
}

// DecodeEnvelopes reads what EventBridge invokes a delivery function with: one body, or a list of them, each a template
// of [Envelope.Template] filled in, or such a text as a JSON string.
//
// What precedes the event's data is read first and decides whom the event is for; the rest is data, whatever it is, so
// that data made to look like more members changes nothing. Missing data is nil, data that is no JSON becomes a JSON
// string. An event without an id gets one of its attributes and data, the same in every rule it matches.
//
// The error is a *[BodyError]; envelopes found beside such bodies are given too. A list with more than 100 such bodies is
// kept whole, as one.
func DecodeEnvelopes(body []byte) ([]Envelope, error) {
	var failed BodyError
	var envelopes []Envelope
	one := func(body []byte) {
		if text, ok := scan.Text(bytes.TrimSpace(body)); ok && len(body) <= 2*maxBody {
			body = []byte(text)
		}
		e, err := decode(body)
		if err != nil {
			failed.add(body, err)
			return
		}
		envelopes = append(envelopes, e)
	}
	s := scan.New(body)
	if !s.Array() {
		one(body)
	} else {
		for s.Element() {
			if element := s.Value(); element != nil {
				one(element)
			}
		}
		switch err := s.End(); {
		case err != nil: // where one envelope ends and the next begins is then anybody's guess
			failed, envelopes = BodyError{}, nil
			failed.add(body, fmt.Errorf("the list is no JSON: %w", err))
		case len(failed.Bodies) > maxFailed:
			failed.Bodies = nil
			failed.add(body, failed.Err)
		case len(envelopes) == 0 && len(failed.Bodies) == 0:
			failed.add(body, errors.New("the list is empty"))
		}
	}
	if len(failed.Bodies) > 0 {
		return envelopes, &failed
	}
	return envelopes, nil
}

func decode(body []byte) (Envelope, error) {
	if len(body) > maxBody {
		return Envelope{}, fmt.Errorf("%d bytes, at most %d are read", len(body), maxBody)
	}
	s := scan.New(body)
	if !s.Object() {
		return Envelope{}, errors.New("want a JSON object")
	}
	var e Envelope
	var origin, unit, attributes []byte
	var data json.RawMessage
members:
	for name, ok := s.Member(); ok; name, ok = s.Member() {
		rest := body[s.Offset():]
		switch string(name) {
		case "data":
			data = dataOf(rest)
			break members
		case "rule":
			first(&origin, s.Value())
		case "target":
			first(&unit, s.Value())
		case "event":
			first(&attributes, s.Value())
			if attributes == nil { // an attribute EventBridge did not escape: what it said is kept as data
				data = event.DataOf(rest)
			}
		default:
			s.Value()
		}
	}
	if origin == nil || unit == nil {
		return Envelope{}, fmt.Errorf("no rule and target: %w", cause(s.Err()))
	}
	if err := json.Unmarshal(origin, &e.Rule); err != nil {
		return Envelope{}, fmt.Errorf("rule: %w", cause(err))
	}
	if err := json.Unmarshal(unit, &e.Target); err != nil {
		return Envelope{}, fmt.Errorf("target: %w", cause(err))
	}
	if e.Rule.Name == "" || e.Target.ID == "" || e.Target.Channel == "" {
		return Envelope{}, errors.New("a rule's name, a target's id or its channel is missing")
	}
	e.Event = eventOf(attributes, data)
	return e, nil
}

// first keeps the first of members given twice: only ours can be first.
func first(kept *[]byte, value []byte) {
	if *kept == nil {
		*kept = value
	}
}

// cause is why JSON cannot be read, without any of its text.
func cause(err error) error {
	var syntax *scan.Error
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return syntax
	case errors.As(err, &kind):
		return fmt.Errorf("%s is a JSON %s", kind.Field, kind.Value)
	}
	return errors.New("they are not there")
}

// dataOf reads what stands after "data": of a filled-in template.
func dataOf(rest []byte) json.RawMessage {
	rest = bytes.TrimSpace(rest)
	rest, opened := bytes.CutPrefix(rest, []byte("["))
	if inner, closed := bytes.CutSuffix(rest, []byte("}")); opened && closed {
		if inner, closed = bytes.CutSuffix(bytes.TrimSpace(inner), []byte("]")); closed {
			rest = inner
		}
	}
	if string(bytes.TrimSpace(rest)) == "${data}" { // what EventBridge's open source leaves of a missing path
		return nil
	}
	return event.DataOf(rest)
}

func eventOf(attributes []byte, data json.RawMessage) event.Event {
	e, err := event.Parse(attributes)
	if err != nil {
		e = event.Event{ID: e.ID}
	}
	missing := e.ID == event.HashID(attributes)
	texts := []*string{&e.ID, &e.Source, &e.SpecVersion, &e.Type, &e.Subject, &e.DataContentType, &e.DataSchema}
	for _, attribute := range texts {
		if unfilled(*attribute) {
			*attribute = ""
		}
	}
	for name, value := range e.Extensions {
		if unfilled(value) {
			delete(e.Extensions, name)
		}
	}
	if missing || e.ID == "" {
		e.ID = event.HashID(append(bytes.Clone(attributes), data...))
	}
	e.Data = data
	return e
}

// unfilled says whether a value is what EventBridge puts for null, or its open source for a missing path.
func unfilled(value string) bool {
	return value == "null" || strings.HasPrefix(value, "${jsonEscape(")
}
