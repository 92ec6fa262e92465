package message

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"pai-notify/shared/event"
	"pai-notify/shared/event/scan"
)

// facts collects what is not empty.
type facts struct {
	words  *words
	zone   *time.Location
	list   []Fact
	detail bool
}

// line adds a value as one line, with the label of its field.
func (f *facts) line(field, value string) {
	if value != "" {
		f.labelled(field, f.words.Labels[field], value)
	}
}

// own adds a value of our own making, which is one short line of clean text.
func (f *facts) own(field, value string) {
	if value != "" {
		f.list = append(f.list, Fact{f.words.Labels[field], value, field, f.detail})
	}
}

func (f *facts) labelled(field, name, value string) {
	if value = Line(value); value != "" {
		f.list = append(f.list, Fact{name, Cut(value, f.words.language, maxValue), field, f.detail})
	}
}

// details are what is told after what matters at first sight.
func (f *facts) details(e event.Event, v event.View, o Options) {
	w := f.words
	f.detail = true
	f.line("status", change(v, w))
	f.duration(v)
	when, label := v.Finished, w.Labels["finished"]
	if when.IsZero() {
		when, label = e.Time, w.Labels["time"]
	}
	if !when.IsZero() {
		f.list = append(f.list, Fact{label, moment(when, f.zone), "time", true})
	}
	if !v.Started.Equal(when) {
		f.own("started", moment(v.Started, f.zone))
	}
	if o.Late >= time.Minute {
		f.own("late", w.duration(o.Late))
	}
	f.line("restarts", v.Restarts)
	f.extras(v)
	f.line("owner", or(v.OwnerName, v.OwnerID))
	if v.OperatorID != v.OwnerID || v.OperatorID == "" && v.OperatorName != v.OwnerName {
		f.line("operator", or(v.OperatorName, v.OperatorID))
	}
	f.line("id", v.ID)
	f.line("workspace", or(v.Workspace, v.WorkspaceID))
	f.line("region", or(v.Region, e.Region()))
	f.line("resource", f.resource(v))
	f.line("quota", v.Quota)
	f.line("type", v.ObjectType)
	f.line("version", v.Version)
	if !v.Known {
		f.envelope(e, v)
	}
}

// duration is "1 h 5 min (limit: 1 h)".
func (f *facts) duration(v event.View) {
	text := f.words.duration(v.Duration)
	if limit, ok := scalar(v.Extra["limitMinutes"]); ok {
		limit = f.words.Labels["limit"] + f.words.Colon + f.span(limit, time.Minute)
		if text == "" {
			text = limit
		} else {
			text += f.words.Open + limit + f.words.Close
		}
	}
	f.line("duration", text)
}

// resource is "64 × GPU, 8 × node, ECS".
func (f *facts) resource(v event.View) string {
	text := v.Resource
	for _, name := range [...]string{"nodes", "gpus"} {
		if n, ok := scalar(v.Extra[name]); ok && n != "" {
			n = strings.Replace(f.words.Counts[name], "{n}", n, 1)
			if text != "" {
				n += f.words.Comma
			}
			text = n + text
		}
	}
	return text
}

// extra is one of the further values of a view, and the field that it makes.
type extra struct{ name, field string }

func extras() [11]extra {
	return [...]extra{
		{"undelivered", "undelivered"}, {"target", "target"},
		{"preemptedBy", "preemptedBy"}, {"willRestart", "willRestart"}, {"keptUntil", "keptUntil"},
		{"maxIdleMinutes", "idleLimit"}, {"switchInSeconds", "switch"},
		{"imageName", "image"}, {"imageUrl", "imageUrl"}, {"pipelineId", "pipeline"}, {"uri", "uri"},
	}
}

// extras tells the further values of a view. The names are the catalogue's; one that ends in Minutes or Seconds is a
// span of time, one that ends in Until a moment.
func (f *facts) extras(v event.View) {
	if len(v.Extra) == 0 {
		return
	}
	if node, ok := scalar(v.Extra["failedNode"]); ok {
		f.line("node", node)
	}
	for _, x := range extras() {
		text, ok := scalar(v.Extra[x.name])
		if !ok {
			continue
		}
		switch {
		case strings.HasSuffix(x.name, "Minutes"):
			text = f.span(text, time.Minute)
		case strings.HasSuffix(x.name, "Seconds"):
			text = f.span(text, time.Second)
		case strings.HasSuffix(x.name, "Until"):
			if at, err := time.Parse(time.RFC3339, text); err == nil {
				text = moment(at, f.zone)
			}
		case text == "true":
			text = f.words.Yes
		case text == "false":
			text = f.words.No
		}
		f.line(x.field, text)
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
	return scan.Text(raw)
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
	f.line("eventType", e.Type)
	f.line("eventSource", e.Source)
	if v.ID != "" || v.Name != "" {
		return
	}
	f.line("subject", e.Subject)
	if len(e.Data) == 0 || len(e.Data) > maxParsedBytes {
		return
	}
	if e.Data[0] != '{' {
		text, ok := scalar(e.Data)
		if !ok {
			text = string(e.Data) // a list
		}
		f.line("data", text)
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
			f.labelled("", Cut(Line(name), f.words.language, maxName), text)
			n++
		}
	}
}
