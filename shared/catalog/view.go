package catalog

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"pai-notify/shared/event"
	"pai-notify/shared/event/scan"
	"pai-notify/shared/fault"
)

// member is one member of [event.View] and the paths that may lead to it.
type member struct {
	field
	paths []candidate
}

type extra struct {
	name  string
	paths []candidate
}

// candidate is a path, or two whose values a slash joins.
type candidate struct {
	slot, second int           // second is -1 where there is one path
	unit         time.Duration // of a time span
}

// field says where in a view a value goes; one of its members is set.
type field struct {
	text func(*event.View) *string
	at   func(*event.View) *time.Time
	span func(*event.View) *time.Duration
}

// fields are the members of [event.View] by their names in the catalogue.
func fields() map[string]field {
	text := func(f func(*event.View) *string) field { return field{text: f} }
	at := func(f func(*event.View) *time.Time) field { return field{at: f} }
	return map[string]field{
		"id":            text(func(v *event.View) *string { return &v.ID }),
		"name":          text(func(v *event.View) *string { return &v.Name }),
		"version":       text(func(v *event.View) *string { return &v.Version }),
		"status":        text(func(v *event.View) *string { return &v.Status }),
		"previous":      text(func(v *event.View) *string { return &v.Previous }),
		"subStatus":     text(func(v *event.View) *string { return &v.SubStatus }),
		"reasonCode":    text(func(v *event.View) *string { return &v.ReasonCode }),
		"reason":        text(func(v *event.View) *string { return &v.Reason }),
		"ownerId":       text(func(v *event.View) *string { return &v.OwnerID }),
		"ownerName":     text(func(v *event.View) *string { return &v.OwnerName }),
		"operatorId":    text(func(v *event.View) *string { return &v.OperatorID }),
		"operatorName":  text(func(v *event.View) *string { return &v.OperatorName }),
		"workspaceId":   text(func(v *event.View) *string { return &v.WorkspaceID }),
		"workspace":     text(func(v *event.View) *string { return &v.Workspace }),
		"region":        text(func(v *event.View) *string { return &v.Region }),
		"resource":      text(func(v *event.View) *string { return &v.Resource }),
		"quota":         text(func(v *event.View) *string { return &v.Quota }),
		"objectType":    text(func(v *event.View) *string { return &v.ObjectType }),
		"accessibility": text(func(v *event.View) *string { return &v.Accessibility }),
		"restarts":      text(func(v *event.View) *string { return &v.Restarts }),
		"consoleLink":   text(func(v *event.View) *string { return &v.ConsoleLink }),
		"created":       at(func(v *event.View) *time.Time { return &v.Created }),
		"started":       at(func(v *event.View) *time.Time { return &v.Started }),
		"finished":      at(func(v *event.View) *time.Time { return &v.Finished }),
		"duration":      {span: func(v *event.View) *time.Duration { return &v.Duration }},
	}
}

// fields compiles the paths of a source's fields; those of all sources come after its own.
func (c *compiler) fields(o *origin, at string, s source) {
	known := fields()
	for _, e := range s.Fields {
		f, ok := known[e.key]
		if !ok {
			c.wrong(at+".fields."+e.key, noField(known))
			continue
		}
		general, _ := c.file.Fields.find(e.key)
		paths := c.candidates(o, at+".fields."+e.key, e.value, f.span != nil)
		o.members = append(o.members, member{f, append(paths, c.candidates(o, "fields."+e.key, general, f.span != nil)...)})
	}
	for _, e := range c.file.Fields {
		f, ok := known[e.key]
		if !ok {
			c.wrong("fields."+e.key, noField(known))
			continue
		}
		if _, own := s.Fields.find(e.key); !own {
			o.members = append(o.members, member{f, c.candidates(o, "fields."+e.key, e.value, f.span != nil)})
		}
	}
	for _, e := range s.Extra {
		o.extra = append(o.extra, extra{e.key, c.candidates(o, at+".extra."+e.key, e.value, false)})
	}
}

func noField(known map[string]field) fault.Text {
	return fault.Say("is no field; known are %s", "不是字段，可用：%s", fault.Names(slices.Sorted(maps.Keys(known))))
}

func (c *compiler) candidates(o *origin, at string, paths []string, span bool) []candidate {
	made := make([]candidate, 0, len(paths))
	for i, text := range paths {
		one := candidate{unit: time.Second, second: -1}
		path, unit, hasUnit := strings.Cut(text, " ")
		first, second, joined := strings.Cut(path, "/")
		var wrong fault.Text
		switch {
		case hasUnit && !span:
			wrong = fault.Say("%q has a unit; only time spans have", "%q 带有单位，只有时长才有单位", text)
		case hasUnit:
			var err error
			if one.unit, err = time.ParseDuration("1" + unit); err != nil {
				wrong = fault.Say("%q: unit %q; want ms, s, m or h", "%q：单位 %q 无效，可用 ms、s、m、h", text, unit)
			}
		case joined && span:
			wrong = fault.Say("%q joins two paths; a time span has one", "%q 含有两个路径，时长只能有一个", text)
		}
		steps, wrongPath := parsePath(first)
		if wrong == nil {
			wrong = wrongPath
		}
		var more []scan.Step
		if joined && wrong == nil {
			more, wrong = parsePath(second)
		}
		if wrong != nil {
			c.wrong(fmt.Sprintf("%s[%d]", at, i), wrong)
			continue
		}
		one.slot = o.slot(steps)
		if joined {
			one.second = o.slot(more)
		}
		made = append(made, one)
	}
	return made
}

// find gives what the catalogue knows of an event: its source, nil where unknown, and its kind, nil where unknown.
// Several sources may publish under one name; then the type tells them apart.
func (c *Catalog) find(e event.Event) (*origin, *kind) {
	origins := c.names[e.Source]
	for _, o := range origins {
		if k := o.kinds[e.Type]; k != nil {
			return o, k
		}
	}
	if len(origins) == 1 {
		return origins[0], nil
	}
	return nil, nil
}

// View says what an event means. Data that is an object, or text that holds one, is read; of an event of an unknown
// source only what EventBridge adds is known.
func (c *Catalog) View(e event.Event) event.View {
	v := event.View{}
	o, k := c.find(e)
	if k != nil {
		v.Known, v.What, v.Outcome, v.Tone = true, k.id, k.outcome, k.tone
		v.Severity, v.Failing, v.Final = k.severity, k.failing, k.final
	}
	if o != nil {
		v.Source, v.Kind = o.id, o.kind
		o.read(e, &v, k)
	}
	if v.Region == "" {
		v.Region = e.Region()
	}
	if v.Workspace == "" {
		v.Workspace, _ = c.Workspace(e.Bus())
	}
	if v.Duration == 0 && !v.Started.IsZero() && v.Finished.After(v.Started) {
		v.Duration = v.Finished.Sub(v.Started)
	}
	return v
}

func (o *origin) read(e event.Event, v *event.View, k *kind) {
	var room [64]scan.Span // enough for the catalogue as it comes; saves an allocation
	spans := room[:]
	if o.tree.Len() > len(room) {
		spans = make([]scan.Span, o.tree.Len())
	}
	data := e.Object()
	if o.tree.Fill(data, spans) != nil {
		return
	}
	slots := values{string(data), spans} // the one copy, of which texts are parts
	for i := range o.members {
		o.members[i].set(v, slots)
	}
	for i := range o.extra {
		if raw := o.extra[i].raw(slots); raw != nil {
			if v.Extra == nil {
				v.Extra = make(map[string]json.RawMessage, len(o.extra))
			}
			v.Extra[o.extra[i].name] = raw
		}
	}
	if k == nil {
		return
	}
	for _, r := range k.raise {
		if r.severity > v.Severity && slices.Contains(r.values, text(slots.raw(r.slot))) {
			v.Severity = r.severity
		}
	}
}

// values are the values found in data, as JSON.
type values struct {
	data  string
	spans []scan.Span
}

func (v values) raw(slot int) string { return v.data[v.spans[slot].From:v.spans[slot].To] }

func (m *member) set(v *event.View, slots values) {
	for _, one := range m.paths {
		value := one.text(slots)
		if value == "" {
			continue
		}
		switch {
		case m.text != nil:
			*m.text(v) = value
			return
		case m.at != nil:
			if t := event.ParseTime(value); !t.IsZero() {
				*m.at(v) = t
				return
			}
		default:
			if d := span(value, one.unit); d > 0 {
				*m.span(v) = d
				return
			}
		}
	}
}

func (x *extra) raw(slots values) json.RawMessage {
	for _, one := range x.paths {
		raw := slots.raw(one.slot)
		if raw != "" && (raw[0] == '{' || raw[0] == '[' || text(raw) != "") {
			return json.RawMessage(raw)
		}
	}
	return nil
}

func (c candidate) text(slots values) string {
	if c.second < 0 {
		return text(slots.raw(c.slot))
	}
	second := text(slots.raw(c.second))
	first := slots.raw(c.slot)
	if second == "" || first == "" {
		return ""
	}
	if plain := text(first); plain != "" {
		return plain + "/" + second
	}
	if isZero(first) { // 0 of 3 is something
		return "0/" + second
	}
	return ""
}

// text is a plain value as text; "" for what is no value: missing, "", 0, null, "null", an object or a list. NUL is
// dropped, which databases refuse.
func text(raw string) string {
	if raw == "" {
		return ""
	}
	switch raw[0] {
	case '"':
		s, _ := scan.Text(raw)
		if s == "null" {
			return ""
		}
		if len(s) != len(raw)-2 && strings.IndexByte(s, 0) >= 0 { // only an escape can make one
			s = strings.ReplaceAll(s, "\x00", "")
		}
		return s
	case 'n', '{', '[':
		return ""
	}
	if isZero(raw) {
		return ""
	}
	return raw
}

// isZero tells 0, -0, 0.00 and 0e5.
func isZero(raw string) bool {
	for i, c := range []byte(raw) {
		switch {
		case c == '0' || c == '.' || c == '-' && i == 0:
		case (c == 'e' || c == 'E') && i > 0:
			return true
		default:
			return false
		}
	}
	return true
}

// span reads a time span; none, a negative one and one over a century are 0.
func span(value string, unit time.Duration) time.Duration {
	const century = 100 * 365 * 24 * time.Hour
	n, err := strconv.ParseFloat(value, 64)
	d := n * float64(unit)
	if err != nil || !(d > 0 && d < float64(century)) { // refuses NaN too
		return 0
	}
	return time.Duration(d)
}
