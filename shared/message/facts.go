package message

import (
	"bytes"
	"encoding/json"
	"strings"

	"pai-notify/shared/event"
)

// facts collects what is not empty.
type facts struct {
	words *words
	list  []Fact
}

// line adds a value as one line.
func (f *facts) line(name, value string) {
	if value == "" {
		return
	}
	if value = Line(value); value != "" {
		f.list = append(f.list, Fact{name, Cut(value, f.words.language, maxValue)})
	}
}

// reason keeps line breaks, and both ends where it is long: the head says what failed, the last lines of a stack trace
// say where.
func (f *facts) reason(v event.View) {
	code, text := Line(v.ReasonCode), strings.TrimSpace(block(v.Reason))
	switch {
	case text == "":
		text = code
	case code != "" && code != text:
		text = code + f.words.Colon + text
	}
	if text != "" {
		f.list = append(f.list, Fact{f.words.Labels.Reason, CutMiddle(text, f.words.language, maxReason)})
	}
}

const (
	maxMembers     = 10      // of data, told of an event that nothing else is known of
	maxParsedBytes = 1 << 16 // of data, looked at for them
)

// envelope tells what every CloudEvent has; and, where the catalogue found no object in it, the plain members of its
// data in their order.
func (f *facts) envelope(e event.Event, v event.View) {
	l := &f.words.Labels
	f.line(l.EventType, e.Type)
	f.line(l.EventSource, e.Source)
	if v.ID != "" || v.Name != "" {
		return
	}
	f.line(l.Subject, e.Subject)
	var text string
	if len(e.Data) == 0 || len(e.Data) > maxParsedBytes {
		return
	}
	if e.Data[0] != '{' {
		if json.Unmarshal(e.Data, &text) != nil {
			text = string(e.Data)
		}
		f.line(l.Data, text)
		return
	}
	d := json.NewDecoder(bytes.NewReader(e.Data))
	_, err := d.Token() // the opening brace
	for n := 0; err == nil && n < maxMembers && d.More(); {
		var key json.Token
		var raw json.RawMessage
		if key, err = d.Token(); err != nil {
			break
		}
		if err = d.Decode(&raw); err != nil || len(raw) == 0 || raw[0] == '{' || raw[0] == '[' || raw[0] == 'n' {
			continue
		}
		text = string(raw)
		if raw[0] == '"' {
			err = json.Unmarshal(raw, &text)
		}
		if name, ok := key.(string); ok && err == nil {
			f.line(Cut(Line(name), f.words.language, maxName), text)
			n++
		}
	}
}
