package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// document is what is used of an OpenAPI document.
type document struct {
	Paths      map[string]json.RawMessage `json:"paths"`
	Components struct {
		Schemas map[string]json.RawMessage `json:"schemas"`
	} `json:"components"`
}

// join makes one document of those of several functions. A schema that only one has, or that is the same in all that have
// it, keeps its name; others get their function's before it: DeliveriesEvent, RulesEvent.
func join(documents map[string][]byte) ([]byte, error) {
	parsed := map[string]document{}
	for name, text := range documents {
		var d document
		if err := json.Unmarshal(text, &d); err != nil {
			return nil, fmt.Errorf("read the document of %s: %w", name, err)
		}
		parsed[name] = d
	}
	differ := differing(parsed)
	paths, schemas := map[string]any{}, map[string]any{}
	for _, function := range slices.Sorted(maps.Keys(parsed)) {
		d := parsed[function]
		name := func(schema string) string {
			if differ[schema] {
				return strings.ToUpper(function[:1]) + function[1:] + schema
			}
			return schema
		}
		for path, item := range d.Paths {
			if paths[path] != nil {
				return nil, fmt.Errorf("two functions describe path %s", path)
			}
			renamed, err := rename(item, name)
			if err != nil {
				return nil, err
			}
			paths[path] = renamed
		}
		for schema, text := range d.Components.Schemas {
			renamed, err := rename(text, name)
			if err != nil {
				return nil, err
			}
			schemas[name(schema)] = renamed
		}
	}
	text, err := json.MarshalIndent(map[string]any{
		"openapi": "3.1.0", "info": map[string]any{"title": "pai-notify", "version": "1"},
		"paths": paths, "components": map[string]any{"schemas": schemas},
	}, "", " ")
	return append(text, '\n'), err
}

const reference = "#/components/schemas/"

// differing are the names that mean different schemas in different documents, or lead to such.
func differing(documents map[string]document) map[string]bool {
	differ, first := map[string]bool{}, map[string]string{}
	for _, d := range documents {
		for name, text := range d.Components.Schemas {
			if was, there := first[name]; there && was != string(text) {
				differ[name] = true
			}
			first[name] = string(text)
		}
	}
	for changed := true; changed; {
		changed = false
		for name, text := range first {
			for other := range differ {
				if !differ[name] && strings.Contains(text, `"`+reference+other+`"`) {
					differ[name], changed = true, true
				}
			}
		}
	}
	return differ
}

// rename gives the references in a piece of a document their schemas' new names.
func rename(piece json.RawMessage, name func(string) string) (any, error) {
	var tree any
	if err := json.Unmarshal(piece, &tree); err != nil {
		return nil, err
	}
	var walk func(any)
	walk = func(node any) {
		switch node := node.(type) {
		case map[string]any:
			if ref, ok := node["$ref"].(string); ok {
				node["$ref"] = reference + name(strings.TrimPrefix(ref, reference))
			}
			for _, child := range node {
				walk(child)
			}
		case []any:
			for _, child := range node {
				walk(child)
			}
		}
	}
	walk(tree)
	return tree, nil
}
