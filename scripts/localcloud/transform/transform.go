// Package transform makes the body a target receives out of an event, as EventBridge does: the event itself, a constant,
// one JSONPath, or a template filled with values taken by JSONPath.
//
// Rules: help.aliyun.com/en/eventbridge/user-guide/event-transformation, and for what that page leaves open the code of
// apache/rocketmq-eventbridge. What neither tells (a variable that Value does not define, how much jsonEscape and
// htmlEscape escape beyond their example) is said where it is decided.
package transform

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sort"
	"unicode/utf8"
)

// The forms of a parameter.
const (
	Original = "ORIGINAL"
	Constant = "CONSTANT"
	JSONPath = "JSONPATH"
	Template = "TEMPLATE"
)

// MaxChars is the most characters that Value and Template may each have:
// help.aliyun.com/en/eventbridge/product-overview/limits.
const MaxChars = 10_240

// Transform is a checked parameter of a target. It is safe for concurrent use.
type Transform struct {
	form     string
	constant string
	path     *path
	pieces   []piece
}

// Compile checks a parameter. Every error says what is wrong and with which part.
func Compile(form, value, template string) (*Transform, error) {
	t := &Transform{form: form}
	for name, text := range map[string]string{"Value": value, "Template": template} {
		if n := utf8.RuneCountInString(text); n > MaxChars {
			return nil, fmt.Errorf("%s has %d characters; at most %d are allowed", name, n, MaxChars)
		}
	}
	switch form {
	case Original:
	case Constant:
		t.constant = value
	case JSONPath:
		p, err := parsePath(value)
		if err != nil {
			return nil, fmt.Errorf("value %q is not a JSONPath: %w", short(value), err)
		}
		t.path = p
	case Template:
		values, err := readValues(value)
		if err != nil {
			return nil, err
		}
		if template == "" {
			return nil, errors.New("form TEMPLATE needs a Template")
		}
		t.pieces = parseTemplate(template, values)
	default:
		return nil, fmt.Errorf("form %q is none of ORIGINAL, CONSTANT, JSONPATH, TEMPLATE", short(form))
	}
	return t, nil
}

// Apply makes the body out of an event, which is one JSON value.
func (t *Transform) Apply(event []byte) ([]byte, error) {
	switch t.form {
	case Original:
		return event, nil
	case Constant:
		return []byte(t.constant), nil
	}
	tree, err := decode(event)
	if err != nil {
		return nil, fmt.Errorf("event is not JSON: %w", err)
	}
	if t.form == JSONPath {
		text, err := t.path.text(tree, event)
		return []byte(text), err
	}
	var out bytes.Buffer
	for _, p := range t.pieces {
		text, err := p.text(tree, event)
		if err != nil {
			return nil, err
		}
		out.WriteString(text)
	}
	return out.Bytes(), nil
}

// readValues reads Value: a flat JSON object of names to JSONPaths or constants.
func readValues(value string) (map[string]source, error) {
	values := map[string]source{}
	if value == "" {
		return values, nil
	}
	tree, err := decode([]byte(value))
	if err != nil {
		return nil, fmt.Errorf("value is not a JSON object: %w", err)
	}
	object, ok := tree.(map[string]any)
	if !ok {
		return nil, errors.New("value is not a JSON object of names to JSONPaths or constants")
	}
	names := make([]string, 0, len(object))
	for name := range object {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		switch v := object[name].(type) {
		case map[string]any, []any:
			return nil, fmt.Errorf("value of %q is nested; only texts are allowed", short(name))
		case string:
			values[name] = source{constant: v}
			// A text that is no definite JSONPath is a constant: JsonPathExtract of apache/rocketmq-eventbridge.
			if p, err := parsePath(v); err == nil && p.definite {
				values[name] = source{path: p}
			}
		default:
			text, err := scalar(v)
			if err != nil {
				return nil, err
			}
			values[name] = source{constant: text}
		}
	}
	return values, nil
}

func decode(text []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber() // no number is rounded
	var tree any
	if err := d.Decode(&tree); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one JSON value")
	}
	return tree, nil
}

func short(text string) string {
	if r := []rune(text); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return text
}
