package transform

import (
	"bytes"
	"encoding/json"
	"strings"
)

// source is where a variable's text comes from: a path into the event, else a constant.
type source struct {
	path     *path
	constant string
}

func (s source) text(tree any, event []byte) (string, error) {
	if s.path == nil {
		return s.constant, nil
	}
	return s.path.text(tree, event)
}

// piece is a stretch of a template: literal text, or a variable with how it is escaped.
type piece struct {
	literal string
	source  *source
	escape  func(string) string
}

func (p piece) text(tree any, event []byte) (string, error) {
	if p.source == nil {
		return p.literal, nil
	}
	text, err := p.source.text(tree, event)
	if err == nil && p.escape != nil {
		text = p.escape(text)
	}
	return text, err
}

// parseTemplate cuts a template once, before any value is known, so that an inserted value is never looked at again.
// A variable that Value does not define stays as it is written: the text substitutor of apache/rocketmq-eventbridge.
func parseTemplate(template string, values map[string]source) []piece {
	var pieces []piece
	literal := func(text string) {
		if n := len(pieces); n > 0 && pieces[n-1].source == nil {
			pieces[n-1].literal += text
		} else if text != "" {
			pieces = append(pieces, piece{literal: text})
		}
	}
	for {
		before, rest, found := strings.Cut(template, "${")
		literal(before)
		if !found {
			return pieces
		}
		inside, after, closed := strings.Cut(rest, "}")
		if !closed {
			literal("${" + rest)
			return pieces
		}
		name, escape := strings.TrimSpace(inside), (func(string) string)(nil)
		for call, f := range map[string]func(string) string{"jsonEscape(": jsonEscape, "htmlEscape(": htmlEscape} {
			if argument, ok := strings.CutPrefix(name, call); ok && strings.HasSuffix(argument, ")") {
				name, escape = strings.TrimSpace(strings.TrimSuffix(argument, ")")), f
				break
			}
		}
		if value, ok := values[name]; ok {
			pieces = append(pieces, piece{source: &value, escape: escape})
			template = after
			continue
		}
		literal("${") // not ours: look on right behind it, where a variable may begin
		template = rest
	}
}

// jsonEscape escapes what JSON needs escaped inside a string: quotes, backslashes and control characters.
func jsonEscape(text string) string {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(text); err != nil {
		return "" // a string always encodes
	}
	return out.String()[1 : out.Len()-2] // without the quotes and the line's end
}

// htmlEscape leaves apostrophes alone, as the page's example does.
func htmlEscape(text string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;").Replace(text)
}
