package transform

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/theory/jsonpath"
	"github.com/theory/jsonpath/spec"
)

type path struct {
	query    *jsonpath.Path
	definite bool // selects at most one value
}

// RFC 9535 wants names such as x-limit in brackets and quotes; Alibaba Cloud's samples write $.data.x-limit.
var dotted = regexp.MustCompile(`^\$(?:\.[^.\[\]()*?@\s'"]+|\[-?\d+\])+$`)

func parsePath(text string) (*path, error) {
	if !strings.HasPrefix(text, "$") {
		return nil, errors.New("it does not start with $")
	}
	query, err := jsonpath.Parse(text)
	if err != nil && dotted.MatchString(text) {
		query, err = jsonpath.Parse(quoteNames(text))
	}
	if err != nil {
		return nil, err
	}
	return &path{query: query, definite: query.Query().Singular() != nil}, nil
}

var dottedName = regexp.MustCompile(`\.[^.\[]+`)

// quoteNames turns $.a.x-limit[0] into $['a']['x-limit'][0].
func quoteNames(text string) string {
	return dottedName.ReplaceAllStringFunc(text, func(name string) string {
		return "['" + strings.ReplaceAll(name[1:], `\`, `\\`) + "']"
	})
}

// text is what the path selects, as it is inserted into text: a string's characters, everything else as JSON, nothing
// where the event lacks it. What an indefinite path selects is a JSON array.
func (p *path) text(tree any, event []byte) (string, error) {
	nodes := p.query.SelectLocated(tree)
	if p.definite {
		if len(nodes) == 0 {
			return "", nil
		}
		return nodeText(nodes[0], event)
	}
	nodes.Sort() // a wildcard selects members in no order
	items := make([]string, len(nodes))
	for i, node := range nodes {
		raw, err := rawAt(event, node.Path)
		if err != nil {
			return "", err
		}
		items[i] = string(raw)
	}
	return "[" + strings.Join(items, ",") + "]", nil
}

func nodeText(node *spec.LocatedNode, event []byte) (string, error) {
	switch v := node.Node.(type) {
	case map[string]any, []any:
		raw, err := rawAt(event, node.Path) // the event's own text: its order of members, its spaces, its numbers
		return string(raw), err
	default:
		return scalar(v)
	}
}

func scalar(v any) (string, error) {
	switch v := v.(type) {
	case nil:
		return "null", nil
	case string:
		return v, nil
	case json.Number:
		return v.String(), nil
	case bool:
		return fmt.Sprint(v), nil
	}
	return "", fmt.Errorf("%T is no JSON value", v)
}

// rawAt cuts the value at a place out of a JSON text. Of members with one name it takes the last, as decoding does.
func rawAt(text []byte, at spec.NormalizedPath) (json.RawMessage, error) {
	raw := json.RawMessage(text)
	for _, step := range at {
		var err error
		switch step := step.(type) {
		case spec.Name:
			raw, err = member(raw, string(step))
		case spec.Index:
			raw, err = element(raw, int(step))
		}
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", at, err)
		}
	}
	return bytes.TrimSpace(raw), nil
}

func member(raw json.RawMessage, name string) (json.RawMessage, error) {
	var object map[string]json.RawMessage
	if err := json.Unmarshal(raw, &object); err != nil {
		return nil, err
	}
	return object[name], nil
}

func element(raw json.RawMessage, i int) (json.RawMessage, error) {
	var list []json.RawMessage
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, err
	}
	if i < 0 || i >= len(list) {
		return nil, fmt.Errorf("no element %d", i)
	}
	return list[i], nil
}
