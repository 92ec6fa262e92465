// Package pattern is Alibaba Cloud EventBridge's language of event patterns: [Compile] reads one, [Pattern.Match] says
// whether an event fits, [Pattern.Explain] which field is the first that does not.
//
//	{
//	  "source": ["acs.oss"],
//	  "type": [{"prefix": "oss:ObjectCreated:"}],
//	  "data": {"size": [{"numeric": [">", 0, "<=", 1000]}], "owner": [{"anything-but": ["root", "admin"]}]}
//	}
//
// # The language
//
// All fields named must fit (and); of the conditions in a field's list one must (or). The empty pattern {} fits every
// event. Members of the event that the pattern does not name do not matter. Only "data" nests; every other key names an
// attribute of the event, known or not, and holds a list. Keys are literal: "a.b" is the member of that name.
//
//	"v", 80, true       equal as text, letter by letter: 80 fits 80 and "80", but 300, 300.0 and 3e2 differ
//	null, ""            only null, only the empty string
//	{"prefix": "v"}     a string that begins with it; {"suffix": "v"}, {"contains": "v"} likewise
//	{"anything-but": …} a value other than one value, than all of a list, or than {"prefix": "v"} or {"suffix": "v"}
//	{"numeric": […]}    one or two comparisons of a number: = != > >= < <=; numbers within 0.0000001 are equal
//	{"cidr": "10.0.0.0/24"}  a string that is an IPv4 address of the network, its first and last included, or the address
//	{"exists": true}    the field is there, null and objects included; false: it is not
//
// A field of the event that is a list fits if one of its elements does, also for anything-but; a list that is empty or
// holds an object or a list fits nothing. A field that is an object fits only {"exists": true}. A field that is missing
// fits only {"exists": false}, and if the event has no data or null for data, no pattern on data fits at all. Data that
// is a string is not read as JSON: its fields are missing.
//
// # Why so
//
// The product page comes first: help.aliyun.com/en/eventbridge/user-guide/event-patterns. Where it is silent this does as
// the open-source implementation, apache/rocketmq-eventbridge. It differs on purpose in these:
//
//   - contains is known, as on the page.
//   - An object may hold several operators, all of which one value must fit, as in the page's example of a rule
//     ({"prefix": …, "suffix": …}).
//   - Any attribute may be named, not only configured ones.
//   - Keys are literal; there, a dot or bracket in a key makes it a path.
//   - {"exists": true} fits an object.
//   - A network includes its first and last address.
//   - A field takes at most 5 objects, as the product's limits say (each field at most 5 expressions); plain values are
//     not counted. A pattern has at most [MaxBytes] and nests at most [MaxDepth]; the product publishes no such limits.
//   - An operand of numeric keeps the page's bounds: ±1,000,000,000, 15 digits, 6 of them decimals.
//   - A key given twice is refused; in an event the last of them counts.
package pattern

import (
	"fmt"
	"strings"

	"pai-notify/shared/event/scan"
)

// Limits of a pattern.
const (
	MaxBytes   = 32 << 10
	MaxDepth   = 32 // of objects in data
	maxObjects = 5  // a field; help.aliyun.com/en/eventbridge/product-overview/limits
)

// Error says what is wrong with a pattern.
type Error struct {
	Path   string // of the part that is wrong: data.size[0].numeric; empty for the whole
	Reason string // what is wrong and what would be right
}

func (e *Error) Error() string {
	if e.Path == "" {
		return "event pattern: " + e.Reason
	}
	return "event pattern: " + e.Path + ": " + e.Reason
}

// Pattern is a compiled pattern. It never changes and is safe for concurrent use.
type Pattern struct {
	fields []field
	set    *Set // of this one
}

// field is one field that the pattern names.
type field struct {
	path       []string // from the event's root
	want       string   // the conditions as the pattern spells them
	conditions []condition
}

// Compile reads a pattern. The error is an [*Error].
func Compile(text string) (*Pattern, error) {
	fields, err := parse(text)
	if err != nil {
		return nil, err
	}
	p := &Pattern{fields: fields}
	p.set = NewSet(p)
	return p, nil
}

// Match says whether an event, a CloudEvent as JSON, fits. What is no JSON object fits nothing.
func (p *Pattern) Match(event []byte) bool {
	_, matched := p.set.first(event)
	return matched
}

// Mismatch is the first field, in the order of the pattern, that keeps an event from fitting.
type Mismatch struct {
	Path string `json:"path"` // data.userId; "the event" where it as a whole is at fault
	Want string `json:"want"` // the conditions as the pattern spells them: ["200000000000000001"]
	Got  string `json:"got"`  // the event's value as JSON, cut where it is long; or "nothing"
}

func (m Mismatch) String() string {
	return fmt.Sprintf("%s is %s, want %s", m.Path, m.Got, m.Want)
}

// Explain says why an event does not fit; matched is what [Pattern.Match] says.
func (p *Pattern) Explain(event []byte) (why Mismatch, matched bool) {
	var room [roomy]scan.Span
	spans, err := p.set.read(event, room[:])
	if err != nil {
		return Mismatch{Path: "the event", Want: "a JSON object", Got: noEvent(event, err)}, false
	}
	at := p.set.mismatch(0, event, spans)
	if at < 0 {
		return Mismatch{}, true
	}
	f := p.fields[at]
	if f.inData() && !p.set.hasData(event, spans) {
		return Mismatch{Path: "data", Want: "an object", Got: shown(p.set.dataOf(event, spans))}, false
	}
	raw := p.set.value(0, at, event, spans)
	return Mismatch{Path: pathOf(f.path), Want: shown([]byte(f.want)), Got: shown(raw)}, false
}

func noEvent(event []byte, err error) string {
	if s := scan.New(event); s.Kind() != 0 && s.Kind() != '{' && scan.Check(event) == nil {
		return kindOf(s.Kind())
	}
	return "not JSON (" + err.Error() + ")"
}

func (f *field) inData() bool { return len(f.path) > 1 }

// shown is a piece of JSON for people.
func shown(raw []byte) string {
	const most = 200
	switch {
	case len(raw) == 0:
		return "nothing"
	case len(raw) > most:
		return strings.ToValidUTF8(string(raw[:most]), "") + "…"
	}
	return strings.ToValidUTF8(string(raw), "\ufffd")
}

// pathOf writes a path for people: names that are not plain stand in brackets, data["a.b"].
func pathOf(path []string) string {
	var b strings.Builder
	for i, name := range path {
		plain := name != "" && !strings.ContainsFunc(name, func(r rune) bool {
			return r <= ' ' || strings.ContainsRune(`."[]`, r)
		})
		switch {
		case !plain:
			fmt.Fprintf(&b, "[%q]", name)
		case i > 0:
			b.WriteString("." + name)
		default:
			b.WriteString(name)
		}
	}
	return b.String()
}
