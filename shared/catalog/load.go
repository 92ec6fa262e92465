package catalog

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"pai-notify/shared/event"
	"pai-notify/shared/event/scan"
	"pai-notify/shared/fault"
)

// file is catalog.yaml in JSON, which a function reads at its cold start in 1 ms instead of the 10 ms that YAML takes.
//
//go:generate go test -run TestEmbeddedCatalogueIsCurrent -update .
//go:embed catalog.gen.json
var file []byte

// Limits of an override. The YAML library takes gigabytes for 64 KB of opening brackets.
const (
	maxOverride = 16 << 10 // bytes; replacing every type and path takes a third
	maxNesting  = 20       // of brackets
)

// Load reads the catalogue that is part of the program. An error is a fault in the program.
func Load() (*Catalog, error) { return build(nil) }

// Override gives a catalogue with a partial file laid over this one: what the file does not name stays, lists are
// replaced, an entry that is ~ is removed. The catalogue itself does not change. The error is [Problems], each with its
// line in the file.
func (c *Catalog) Override(text []byte) (*Catalog, error) {
	if len(text) > maxOverride {
		return nil, Problems{{Text: fault.Say("%d bytes are too many; write only what differs, in at most %d",
			"有 %d 字节，最多 %d 字节；请只写与事件目录不同的部分", len(text), maxOverride)}}
	}
	if at := tooDeep(text); at >= 0 {
		line := 1 + bytes.Count(text[:at], []byte("\n"))
		return nil, Problems{{Line: line, Text: fault.Say("brackets nest deeper than %d", "括号嵌套超过 %d 层", maxNesting)}}
	}
	return build(append(slices.Clone(c.overrides), text))
}

// tooDeep is where brackets nest too deep; -1 if they do not.
func tooDeep(text []byte) int {
	depth := 0
	for i, b := range text {
		switch b {
		case '[', '{':
			depth++
		case ']', '}':
			depth = max(depth-1, 0)
		}
		if depth > maxNesting {
			return i
		}
	}
	return -1
}

func build(overrides [][]byte) (*Catalog, error) {
	f := new(form)
	if err := json.Unmarshal(file, f); err != nil {
		return nil, fmt.Errorf("read embedded catalog.gen.json: %w", err)
	}
	for _, text := range overrides {
		if err := f.lay(text); err != nil {
			return nil, err
		}
	}
	return f.compile(overrides)
}

// Problem is one fault of an override.
type Problem struct {
	Line int    // in the file, from 1; 0 where none can be named
	Path string // of the entry: sources.dlc.events.failed
	Text fault.Text
}

// Told is the problem with its place.
func (p Problem) Told() fault.Text {
	text := p.Text
	if p.Path != "" {
		text = fault.Say("%s: %s", "%s：%s", p.Path, text)
	}
	if p.Line > 0 {
		text = fault.Say("line %d: %s", "第 %d 行：%s", p.Line, text)
	}
	return text
}

// Problems are all faults of an override.
type Problems []Problem //nolint:errname // it reads as what it is: catalog.Problems

func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, problem := range p {
		lines[i] = problem.Told().Error()
	}
	return strings.Join(lines, "\n")
}

// The form of catalog.yaml. Names in JSON match those of the members but for case.
type (
	form struct {
		Bus     string           `yaml:"bus"`
		Fields  keyed[[]string]  `yaml:"fields"`
		Ignored []string         `yaml:"ignored"`
		Scopes  keyed[labelForm] `yaml:"scopes"`
		Sources keyed[source]    `yaml:"sources"`
	}
	source struct {
		Sources []string          `yaml:"sources"`
		Label   words             `yaml:"label"`
		Kind    words             `yaml:"kind"`
		Groups  keyed[labelForm]  `yaml:"groups"`
		Scopes  keyed[scopeForm]  `yaml:"scopes"`
		Fields  keyed[[]string]   `yaml:"fields"`
		Extra   keyed[[]string]   `yaml:"extra"`
		Ignored []string          `yaml:"ignored"`
		Events  keyed[eventForm]  `yaml:"events"`
		Raise   keyed[raiseForm]  `yaml:"raise"`
		Options keyed[optionForm] `yaml:"options"`
	}
	labelForm struct {
		Label words `yaml:"label"`
		Hint  words `yaml:"hint"`
	}
	scopeForm struct {
		Path  string `yaml:"path"`
		Label words  `yaml:"label"`
		Hint  words  `yaml:"hint"`
	}
	eventForm struct {
		Types    []string `yaml:"types"`
		Outcome  words    `yaml:"outcome"`
		Severity string   `yaml:"severity"`
		Failing  bool     `yaml:"failing"`
		Final    bool     `yaml:"final"`
		Tone     string   `yaml:"tone"`
	}
	raiseForm struct {
		Events   []string `yaml:"events"`
		Path     string   `yaml:"path"`
		Values   []string `yaml:"values"`
		Severity string   `yaml:"severity"`
	}
	optionForm struct {
		Group  string   `yaml:"group"`
		Events []string `yaml:"events"`
		Label  words    `yaml:"label"`
		Hint   words    `yaml:"hint"`
	}
	words struct {
		EN string `yaml:"en"`
		ZH string `yaml:"zh"`
	}
)

func (w words) text() event.Text {
	t := event.Text{}
	if w.EN != "" {
		t["en"] = w.EN
	}
	if w.ZH != "" {
		t["zh"] = w.ZH
	}
	return t
}

func (w words) or(other words) words {
	if w == (words{}) {
		return other
	}
	return w
}

// lay reads a file over what is there.
func (f *form) lay(text []byte) error {
	parsed, err := parser.ParseBytes(text, 0)
	if err != nil {
		return problemsOf(err)
	}
	for _, document := range parsed.Docs {
		if document.Body == nil || document.Body.Type() == ast.NullType || document.Body.Type() == ast.CommentType {
			continue
		}
		if err := yaml.NodeToValue(document.Body, f, yaml.Strict()); err != nil {
			return problemsOf(err)
		}
	}
	return nil
}

// problemsOf keeps of the YAML library's error what says where and what, and drops its picture of the text.
func problemsOf(err error) Problems {
	var at yaml.Error
	if !errors.As(err, &at) {
		return Problems{{Text: notYAML(err.Error())}}
	}
	problem := Problem{Text: notYAML(at.GetMessage())}
	if token := at.GetToken(); token != nil && token.Position != nil {
		problem.Line = token.Position.Line
	}
	return Problems{problem}
}

// notYAML is what the YAML library says, which speaks English alone.
func notYAML(said string) fault.Text { return fault.Say("%s", "YAML 有误：%s", said) }

// keyed is a YAML mapping in the order of the file. Decoding lays a mapping over what is there.
type keyed[T any] []entry[T]

type entry[T any] struct {
	key   string
	value T
}

func (k *keyed[T]) UnmarshalYAML(node ast.Node) error {
	mapping, ok := node.(ast.MapNode)
	if !ok {
		return &yaml.UnexpectedNodeTypeError{Actual: node.Type(), Expected: ast.MappingType, Token: node.GetToken()}
	}
	for each := mapping.MapRange(); each.Next(); {
		key := each.Key().GetToken().Value
		i := slices.IndexFunc(*k, func(e entry[T]) bool { return e.key == key })
		if each.Value().Type() == ast.NullType {
			if i >= 0 {
				*k = slices.Delete(*k, i, i+1)
			}
			continue
		}
		if i < 0 {
			i = len(*k)
			*k = append(*k, entry[T]{key: key})
		}
		if err := yaml.NodeToValue(each.Value(), &(*k)[i].value, yaml.Strict()); err != nil {
			return err
		}
	}
	return nil
}

// UnmarshalJSON is for the embedded file; it keeps the order too.
func (k *keyed[T]) UnmarshalJSON(text []byte) error {
	s := scan.New(text)
	if !s.Object() {
		return errors.New("want an object")
	}
	for name, ok := s.Member(); ok; name, ok = s.Member() {
		e := entry[T]{key: string(name)}
		if err := json.Unmarshal(s.Value(), &e.value); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		*k = append(*k, e)
	}
	return s.Err()
}

func (k keyed[T]) find(key string) (T, bool) {
	for _, e := range k {
		if e.key == key {
			return e.value, true
		}
	}
	var none T
	return none, false
}

func (k keyed[T]) keys() []string {
	keys := make([]string, len(k))
	for i, e := range k {
		keys[i] = e.key
	}
	return keys
}

// line finds the line of an entry in a file, or of the nearest entry around it that the file has; 0 if it has none.
func line(text []byte, path string) int {
	parsed, err := parser.ParseBytes(text, 0)
	if err != nil || len(parsed.Docs) == 0 {
		return 0
	}
	at, node := 0, parsed.Docs[0].Body
	for rest := path; rest != ""; {
		mapping, ok := node.(ast.MapNode)
		if !ok {
			return at
		}
		found := false
		for each := mapping.MapRange(); each.Next(); {
			key := each.Key().GetToken()
			if tail, ok := strings.CutPrefix(rest, key.Value); ok && (tail == "" || tail[0] == '.' || tail[0] == '[') {
				at, node, rest, found = key.Position.Line, each.Value(), strings.TrimPrefix(tail, "."), true
				break
			}
		}
		if !found {
			return at
		}
	}
	return at
}
