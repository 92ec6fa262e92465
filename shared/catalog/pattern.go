package catalog

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"pai-notify/shared/event"
	"pai-notify/shared/event/scan"
)

// Pattern is the EventBridge event pattern, as JSON, that matches what a choice wants to hear of. The bus is the
// workspace, so the pattern does not name it. The same choice gives the same text. The choice must have passed
// [Catalog.Check]; one that has not is an error.
func (c *Catalog) Pattern(choice Choice) (string, error) {
	if faults := c.Check(choice); faults.Len() > 0 {
		return "", fmt.Errorf("make event pattern: %w", faults)
	}
	o := c.origin(choice.Source)
	pattern := struct {
		Source []string       `json:"source"`
		Type   []string       `json:"type"`
		Data   map[string]any `json:"data,omitempty"` // encoding/json sorts its keys
	}{Source: o.names}
	for _, id := range choice.Options {
		for _, t := range o.types[id] {
			if !slices.Contains(pattern.Type, t) {
				pattern.Type = append(pattern.Type, t)
			}
		}
	}
	if choice.Scope.Kind != AllInWorkspace {
		names := strings.Split(o.scopes[choice.Scope.Kind], ".")
		clause := choice.wanted()
		for _, name := range slices.Backward(names) {
			clause = map[string]any{name: clause}
		}
		pattern.Data, _ = clause.(map[string]any)
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(pattern); err != nil {
		return "", fmt.Errorf("make event pattern: %w", err)
	}
	return strings.TrimSuffix(b.String(), "\n"), nil
}

// wanted are the pattern's conditions on the field that the scope looks at.
func (c Choice) wanted() any {
	switch c.Scope.Kind {
	case CreatedByMe:
		return []string{c.PAIUser}
	case NamePrefix:
		return []map[string]string{{"prefix": c.Scope.Prefix}}
	}
	return c.Scope.IDs
}

func (c *Catalog) origin(id string) *origin {
	for _, o := range c.origins {
		if o.id == id {
			return o
		}
	}
	return nil
}

// Unknown is what the catalogue does not know of an event: a hint that PAI has something new, or that the catalogue
// spells something as PAI does not.
type Unknown struct {
	Source string   `json:"source,omitempty"` // the CloudEvents source
	Type   string   `json:"type,omitempty"`   // the CloudEvents type
	Fields []string `json:"fields,omitempty"` // members of the data, sorted, at most 50
}

// Unknown finds what of an event's source, type and data the catalogue does not know.
func (c *Catalog) Unknown(e event.Event) Unknown {
	const most = 50
	o, k := c.find(e)
	if o == nil {
		if len(c.names[e.Source]) > 0 {
			return Unknown{Type: e.Type}
		}
		return Unknown{Source: e.Source, Type: e.Type}
	}
	u := Unknown{}
	if k == nil {
		u.Type = e.Type
	}
	s := scan.New(e.Object())
	if s.Object() {
		for name, ok := s.Member(); ok; name, ok = s.Member() {
			if _, known := o.known[string(name)]; !known && len(u.Fields) < most {
				u.Fields = append(u.Fields, string(name))
			}
			s.Value()
		}
	}
	slices.Sort(u.Fields)
	u.Fields = slices.Compact(u.Fields)
	return u
}
