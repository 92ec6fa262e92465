package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

type document struct {
	file   string
	above  int // lines of the file above it
	body   ast.Node
	tree   any // its value, as JSON has it
	anchor map[string]ast.Node
}

// parse reads the documents of a file. Each is parsed by itself, so that a mistake of form in one hides none in the next.
func parse(source Source) ([]*document, FaultErrors) {
	var found []*document
	var faults FaultErrors
	above := 0
	for _, text := range split(source.Text) {
		doc := &document{file: source.Name, above: above, anchor: map[string]ast.Node{}}
		above += bytes.Count(text, []byte("\n"))
		file, err := parser.ParseBytes(text, 0)
		if err != nil {
			faults = append(faults, doc.wrongForm(err))
			continue
		}
		if len(file.Docs) == 0 || file.Docs[0].Body == nil || file.Docs[0].Body.Type() == ast.NullType {
			continue // only comments
		}
		doc.body = file.Docs[0].Body
		var value any
		if err := yaml.NodeToValue(doc.body, &value); err != nil {
			faults = append(faults, doc.wrongForm(err))
			continue
		}
		if doc.tree, err = asJSON(value); err != nil {
			faults = append(faults, Fault{doc.file, doc.above + 1, 1, "", "has a key that is no text; write keys as names"})
			continue
		}
		doc.note(doc.body)
		wrong := doc.check()
		faults = append(faults, wrong...)
		found = append(found, doc)
	}
	if len(found) == 0 && len(faults) == 0 {
		faults = append(faults, Fault{source.Name, 1, 1, "", "has no document; notifyctl rules export shows what one looks like"})
	}
	return found, faults
}

// split cuts a file at its lines that begin with ---. Each part keeps its line, so that lines can be counted.
func split(text []byte) (parts [][]byte) {
	start := 0
	for at := 0; at < len(text); {
		end := bytes.IndexByte(text[at:], '\n')
		if end < 0 {
			end = len(text) - at - 1
		}
		line := bytes.TrimRight(text[at:at+end+1], " \t\r\n")
		if at > start && (bytes.Equal(line, []byte("---")) || bytes.HasPrefix(line, []byte("--- "))) {
			parts = append(parts, text[start:at])
			start = at
		}
		at += end + 1
	}
	return append(parts, text[start:])
}

// wrongForm is a fault that YAML itself has. The library quotes the lines around, where somebody may have written a
// secret: they are left out.
func (d *document) wrongForm(err error) Fault {
	f := Fault{File: d.file, Line: d.above + 1, Column: 1, Text: "is no YAML"}
	var own yaml.Error
	if errors.As(err, &own) {
		f.Text = "is no YAML: " + own.GetMessage()
		if token := own.GetToken(); token != nil {
			f.Line, f.Column = d.above+token.Position.Line, token.Position.Column
		}
	}
	return f
}

func asJSON(value any) (tree any, err error) {
	text, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	return tree, json.Unmarshal(text, &tree)
}

// note remembers the anchors.
func (d *document) note(node ast.Node) {
	ast.Walk(anchors(d.anchor), node)
}

type anchors map[string]ast.Node

// Visit implements [ast.Visitor].
func (a anchors) Visit(node ast.Node) ast.Visitor {
	if n, ok := node.(*ast.AnchorNode); ok {
		a[n.Name.GetToken().Value] = n.Value
	}
	return a
}

// fault is one at a path. What is missing is told where it is missing from.
func (d *document) fault(path, text string) Fault {
	f := Fault{File: d.file, Line: d.above + 1, Column: 1, Path: path, Text: text}
	node := d.body
	for _, step := range steps(path) {
		at, next := d.step(node, step)
		if next == nil {
			break
		}
		f.Line, f.Column = d.above+at.Line, at.Column
		node = next
	}
	return f
}

type place struct{ Line, Column int }

// step goes to a member or an item.
func (d *document) step(node ast.Node, step string) (at place, next ast.Node) {
	for {
		switch n := node.(type) {
		case *ast.AnchorNode:
			node = n.Value
			continue
		case *ast.TagNode:
			node = n.Value
			continue
		case *ast.AliasNode:
			node = d.anchor[n.Value.GetToken().Value]
			continue
		case *ast.MappingNode:
			for _, member := range n.Values {
				if at, next = d.member(member, step); next != nil {
					return at, next
				}
			}
		case *ast.MappingValueNode:
			return d.member(n, step)
		case *ast.SequenceNode:
			if i, err := strconv.Atoi(step); err == nil && i >= 0 && i < len(n.Values) {
				return placeOf(n.Values[i]), n.Values[i]
			}
		}
		return place{}, nil
	}
}

func (d *document) member(n *ast.MappingValueNode, name string) (place, ast.Node) {
	if _, merge := n.Key.(*ast.MergeKeyNode); merge {
		return d.step(n.Value, name)
	}
	if n.Key.GetToken().Value != name {
		return place{}, nil
	}
	switch n.Value.(type) {
	case *ast.MappingNode, *ast.MappingValueNode, *ast.SequenceNode, *ast.NullNode:
		p := n.Key.GetToken().Position
		return place{p.Line, p.Column}, n.Value
	}
	return placeOf(n.Value), n.Value
}

// placeOf is where a value begins.
func placeOf(node ast.Node) place {
	switch n := node.(type) {
	case *ast.MappingNode:
		if len(n.Values) > 0 && !n.IsFlowStyle {
			return placeOf(n.Values[0].Key)
		}
	case *ast.MappingValueNode:
		return placeOf(n.Key)
	}
	p := node.GetToken().Position
	return place{p.Line, p.Column}
}

// steps are the members and items of a path: rules, 2, targets.
func steps(path string) []string {
	return strings.FieldsFunc(path, func(r rune) bool { return r == '.' || r == '[' || r == ']' })
}

// workspace is what the document is about.
func (d *document) workspace() string {
	tree, _ := d.tree.(map[string]any)
	name, _ := tree["workspace"].(string)
	return name
}

// rules are those of a document, with what their secrets refer to.
func (d *document) rules(lookup Lookup) (found []Rule, faults FaultErrors) {
	tree, _ := d.tree.(map[string]any)
	list, _ := tree["rules"].([]any)
	for i, item := range list {
		body, ok := item.(map[string]any)
		if !ok {
			continue // the schema has told
		}
		name, _ := body["name"].(string)
		r := Rule{Workspace: d.workspace(), Name: name, Body: body, secrets: map[string]bool{}, doc: d, path: fmt.Sprintf("rules[%d]", i)}
		faults = append(faults, r.resolve(lookup)...)
		found = append(found, r)
	}
	return found, faults
}

// resolve replaces references by what they refer to.
func (r Rule) resolve(lookup Lookup) (faults FaultErrors) {
	targets, _ := r.Body["targets"].([]any)
	for i, item := range targets {
		target, _ := item.(map[string]any)
		settings, _ := target["settings"].(map[string]any)
		for name, value := range settings {
			reference, ok := value.(map[string]any)
			if !ok {
				continue
			}
			path := fmt.Sprintf("targets[%d].settings.%s", i, name)
			for kind, of := range reference {
				of, _ := of.(string)
				secret, err := lookup(r.doc.file, kind, of)
				if err != nil {
					faults = append(faults, r.At(path, err.Error()))
				}
				settings[name] = secret
				r.secrets[path] = true
			}
		}
	}
	return faults
}

// InClear finds the secrets that are written out in the file, where the catalogue says that a channel's setting is one.
func (r Rule) InClear(secret func(channel, setting string) bool) (faults FaultErrors) {
	targets, _ := r.Body["targets"].([]any)
	for i, item := range targets {
		target, _ := item.(map[string]any)
		channel, _ := target["channel"].(string)
		settings, _ := target["settings"].(map[string]any)
		for name, value := range settings {
			path := fmt.Sprintf("targets[%d].settings.%s", i, name)
			if text, ok := value.(string); ok && text != "" && !r.secrets[path] && secret(channel, name) {
				faults = append(faults, r.At(path, "is a secret and is written out; write {env: NAME} or {file: PATH} instead, or "+
					"leave it out to keep the one that the deployment has"))
			}
		}
	}
	return faults
}
