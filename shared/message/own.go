package message

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"pai-notify/shared/fault"
)

// Words are what a target has its messages say in its own way: which facts, in which order, and a line before and after
// them. The lines may hold placeholders of [Placeholders], as in "{{owner}}, please look"; there is no logic in them. The
// zero value changes nothing.
type Words struct {
	Fields []string `json:"fields,omitempty"` // of [Fields], in the order in which they are shown; none means all
	Before string   `json:"before,omitempty"`
	After  string   `json:"after,omitempty"`
}

// IsZero says whether there are any.
func (w Words) IsZero() bool { return len(w.Fields) == 0 && w.Before == "" && w.After == "" }

const (
	maxOwn  = 200 // characters of a line as it is written
	maxSaid = 600 // bytes of a line as it is told
	missing = "–" // stands for a placeholder of which the event says nothing
)

// Fields are the facts that a target may choose, in the order in which they are told otherwise.
func Fields() []string {
	return []string{
		"reason", "pod", "queue", "next", "status", "duration", "time", "started", "restarts", "node", "undelivered", "target",
		"preemptedBy", "willRestart", "keptUntil", "idleLimit", "switch", "image", "imageUrl", "pipeline", "uri",
		"owner", "operator", "id", "workspace", "region", "resource", "quota", "type", "version",
	}
}

// Placeholders are what the lines of [Words] may hold in double braces: the [Fields], and title, outcome, name and link.
func Placeholders() []string { return append(Fields(), "title", "outcome", "name", "link") }

// FieldLabel is what a field is called in a language; empty for what is none.
func FieldLabel(language, field string) string { return wordsOf(language).Labels[field] }

// Problem is one thing wrong with what a user wrote.
type Problem struct {
	Field  string // before, after, or fields[2]
	Column int    // in characters from 1; 0 where the whole field is meant
	Text   fault.Text
}

// Check finds everything that is wrong with own words.
func (w Words) Check() []Problem {
	var problems []Problem
	known := Fields()
	for i, field := range w.Fields {
		at := fmt.Sprintf("fields[%d]", i)
		switch {
		case !slices.Contains(known, field):
			problems = append(problems, Problem{at, 0, fault.Say("is no field of a message; there are %s", "不是消息中的内容，可用：%s", fault.Names(known))})
		case slices.Contains(w.Fields[:i], field):
			problems = append(problems, Problem{at, 0, fault.Say("is named before; each field is shown once", "重复，每项内容只显示一次")})
		}
		if len(problems) > len(known) { // a hostile list may be long
			break
		}
	}
	return append(append(problems, checkLine("before", w.Before)...), checkLine("after", w.After)...)
}

func checkLine(field, line string) (problems []Problem) {
	if n := utf8.RuneCountInString(line); n > maxOwn {
		return []Problem{{field, maxOwn + 1, fault.Say("has %d characters, at most %d are allowed; shorten it", "有 %d 个字符，最多 %d 个，请缩短", n, maxOwn)}}
	}
	if i := strings.IndexFunc(line, unicode.IsControl); i >= 0 {
		text := fault.Say("holds a line break or control character; it is one line", "含有换行或控制字符，只能写一行")
		problems = append(problems, Problem{field, column(line, i), text})
	}
	for at := 0; ; {
		start, end, name := placeholder(line, at)
		if start < 0 {
			return problems
		}
		switch {
		case end < 0:
			return append(problems, Problem{field, column(line, start), fault.Say("opens a placeholder that nothing closes; write {{owner}}", "占位符没有结束，请写成 {{owner}} 的形式")})
		case !slices.Contains(Placeholders(), name):
			problems = append(problems, Problem{field, column(line, start), fault.Say("names %q, which is no placeholder; there are %s",
				"%q 不是占位符，可用：%s", name, fault.Names(Placeholders()))})
		}
		at = end
	}
}

// column counts characters, from 1.
func column(line string, i int) int { return utf8.RuneCountInString(line[:i]) + 1 }

// placeholder finds the next one from a place on: where it starts and ends, and its name without blanks around it. Start
// is -1 where there is none, end is -1 where it is not closed.
func placeholder(line string, from int) (start, end int, name string) {
	start = strings.Index(line[from:], "{{")
	if start < 0 {
		return -1, -1, ""
	}
	start += from
	inner, _, closed := strings.Cut(line[start+2:], "}}")
	if !closed {
		return start, -1, ""
	}
	return start, start + len(inner) + len("{{}}"), strings.TrimSpace(inner)
}

// expand fills the placeholders of a line; values are those of the message and are not looked into again.
func expandLine(line string, value func(name string) string) string {
	if line == "" {
		return ""
	}
	var b strings.Builder
	for at := 0; ; {
		start, end, name := placeholder(line, at)
		if start < 0 || end < 0 {
			b.WriteString(line[at:])
			return b.String()
		}
		b.WriteString(line[at:start])
		b.WriteString(or(value(name), missing))
		at = end
	}
}

// say lets a message speak as the target wants: lines first, as facts that are not shown may stand in them.
func (m *Message) say(w Words) {
	if w.IsZero() {
		return
	}
	m.words = w
	m.Before, m.After = m.line(w.Before), m.line(w.After)
	if len(w.Fields) == 0 {
		return
	}
	chosen := make([]Fact, 0, len(w.Fields)+1)
	for _, field := range w.Fields {
		for _, f := range m.Facts {
			if f.Field == field {
				chosen = append(chosen, f)
			}
		}
	}
	for _, f := range m.Facts {
		if f.Field == "late" || !slices.Contains(Fields(), f.Field) { // told always: that it is late, and what nobody knows
			chosen = append(chosen, f)
		}
	}
	m.Facts = chosen
}

// line is one of the target's lines about this message.
func (m *Message) line(line string) string {
	return Cut(Line(expandLine(line, m.value)), m.Language, maxSaid)
}

func (m *Message) value(name string) string {
	switch name {
	case "title":
		return m.Title
	case "outcome":
		return Line(eventWord(m.View, wordsOf(m.Language)))
	case "name":
		return Cut(Line(or(m.View.Name, m.View.ID)), m.Language, maxName)
	case "link":
		return m.Link
	}
	for _, f := range m.Facts {
		if f.Field == name {
			first, _, _ := strings.Cut(f.Value, "\n")
			return first
		}
	}
	return ""
}

// sayTogether gives a digest the lines of the targets whose messages it tells: as they are where all say the same, else
// without what differs from event to event.
func (m *Message) sayTogether(list []Message) {
	const most = 3 // targets of one receiver with lines of their own
	pick := func(said func(Message) string, own func(Words) string) string {
		var all, general []string
		for _, one := range list {
			if line := said(one); line != "" && !slices.Contains(all, line) {
				all = append(all, line)
			}
			if line := own(one.words); line != "" {
				line = Line(expandLine(line, func(string) string { return ellipsis }))
				if !slices.Contains(general, line) && len(general) < most {
					general = append(general, line)
				}
			}
		}
		if len(all) == 1 {
			return all[0]
		}
		return Cut(strings.Join(general, " · "), m.Language, maxSaid)
	}
	m.Before = pick(func(m Message) string { return m.Before }, func(w Words) string { return w.Before })
	m.After = pick(func(m Message) string { return m.After }, func(w Words) string { return w.After })
}
