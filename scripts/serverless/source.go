package serverless

import (
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// source is the file as it is written: its tree with anchors resolved, and on which line each path stands.
type source struct {
	name  string
	tree  map[string]any
	lines map[string]int
}

func read(name string, text []byte) (*source, error) {
	// The library's errors quote lines around the mistake, where somebody may have written a secret.
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		return nil, fmt.Errorf("%s:%s", name, yaml.FormatError(err, false, false))
	}
	s := &source{name: name, lines: make(map[string]int)}
	if err := yaml.Unmarshal(text, &s.tree); err != nil {
		return nil, fmt.Errorf("%s:%s", name, yaml.FormatError(err, false, false))
	}
	if s.tree == nil {
		return nil, fmt.Errorf("%s: is empty", name)
	}
	anchors := make(map[string]ast.Node)
	for _, doc := range file.Docs {
		s.locate(doc.Body, "", anchors)
	}
	return s, nil
}

// locate notes the line of every path under node. What an anchor brought has the anchor's lines, unless it is overridden.
func (s *source) locate(node ast.Node, path string, anchors map[string]ast.Node) {
	switch n := node.(type) {
	case *ast.AnchorNode:
		anchors[n.Name.GetToken().Value] = n.Value
		s.locate(n.Value, path, anchors)
	case *ast.AliasNode:
		if target, ok := anchors[n.Value.GetToken().Value]; ok {
			s.locate(target, path, anchors)
		}
	case *ast.MappingNode:
		for _, value := range n.Values {
			s.locate(value, path, anchors)
		}
	case *ast.MappingValueNode:
		if _, merge := n.Key.(*ast.MergeKeyNode); merge {
			s.locate(n.Value, path, anchors)
			return
		}
		token := n.Key.GetToken()
		path = join(path, token.Value)
		s.lines[path] = token.Position.Line
		s.locate(n.Value, path, anchors)
	case *ast.SequenceNode:
		for i, value := range n.Values {
			element := fmt.Sprintf("%s[%d]", path, i)
			s.lines[element] = value.GetToken().Position.Line
			s.locate(value, element, anchors)
		}
	}
}

// where names a path with its line; what a block has from its template is on the template's line, and what is missing is on
// the line of what it is missing from.
func (s *source) where(path string) string {
	for at := path; at != ""; at = parent(at) {
		if line := s.lines[at]; line > 0 {
			if inherited := s.inherited(path); at != path && inherited > 0 {
				line = inherited
			}
			return fmt.Sprintf("%s:%d: %s", s.name, line, path)
		}
	}
	return s.name + ": " + path
}

func (s *source) inherited(path string) int {
	block, rest, ok := strings.Cut(strings.TrimPrefix(path, "resources."), ".props.")
	if !ok {
		return 0
	}
	template, _ := dig(s.tree, "resources", block, "extend", "name").(string)
	return s.lines[join("template", template)+"."+rest]
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func parent(path string) string {
	return path[:max(strings.LastIndexAny(path, ".["), 0)]
}

// dig follows keys into nested maps; nil if there is nothing.
func dig(tree any, keys ...string) any {
	for _, key := range keys {
		m, _ := tree.(map[string]any)
		tree = m[key]
	}
	return tree
}
