package message

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"time"

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
	code, text := Line(v.ReasonCode), strings.TrimSpace(Block(v.Reason))
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

func extraNames() [16]string {
	return [...]string{
		"undelivered", "target", "advice",
		"exitCode", "failedPod", "failedNode", "preemptedBy", "willRestart", "limitMinutes", "keptUntil", "maxIdleMinutes",
		"switchInSeconds", "imageName", "imageUrl", "pipelineId", "uri",
	}
}

// extras tells the further values of a view that a language has a label for: those of a failure first. The names are the
// catalogue's; one that ends in Minutes or Seconds is a span of time, one that ends in Until a moment.
func (f *facts) extras(v event.View, zone *time.Location) {
	if len(v.Extra) == 0 {
		return
	}
	for _, name := range extraNames() {
		text, ok := scalar(v.Extra[name])
		if !ok {
			if text = translated(v.Extra[name], f.words.language); text == "" {
				continue
			}
		}
		switch {
		case strings.HasSuffix(name, "Minutes"):
			text = f.span(text, time.Minute)
		case strings.HasSuffix(name, "Seconds"):
			text = f.span(text, time.Second)
		case strings.HasSuffix(name, "Until"):
			if at, err := time.Parse(time.RFC3339, text); err == nil {
				text = moment(at, zone)
			}
		case text == "true":
			text = f.words.Yes
		case text == "false":
			text = f.words.No
		}
		f.line(f.words.Extras[name], text)
	}
}

// span tells a number of units; what is no number stays as it is.
func (f *facts) span(text string, unit time.Duration) string {
	const most = 100 * 365 * 24 * time.Hour // what is longer is no span of anything here, and would overflow
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || !(n > 0) || n > float64(most/unit) {
		return text
	}
	return f.words.duration(time.Duration(n * float64(unit)))
}

// scalar is the text of a JSON string, number or boolean.
func scalar(raw json.RawMessage) (string, bool) {
	if len(raw) == 0 || raw[0] == '{' || raw[0] == '[' || raw[0] == 'n' {
		return "", false
	}
	if raw[0] != '"' {
		return string(raw), true
	}
	var text string
	err := json.Unmarshal(raw, &text)
	return text, err == nil
}

// translated is a text that an event brings in several languages, as an object by their tags.
func translated(raw json.RawMessage, language string) string {
	var text event.Text
	if len(raw) == 0 || raw[0] != '{' || json.Unmarshal(raw, &text) != nil {
		return ""
	}
	return text.In(language)
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
	if len(e.Data) == 0 || len(e.Data) > maxParsedBytes {
		return
	}
	if e.Data[0] != '{' {
		text, ok := scalar(e.Data)
		if !ok {
			text = string(e.Data) // a list
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
		if err = d.Decode(&raw); err != nil {
			break
		}
		name, named := key.(string)
		if text, ok := scalar(raw); ok && named {
			f.line(Cut(Line(name), f.words.language, maxName), text)
			n++
		}
	}
}
