package manifest

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"slices"
	"testing"
)

var update = flag.Bool("update", false, "write the schema anew")

// made is the schema as the API's document has it now: what a caller can give of a rule, settings by reference too.
func made(t *testing.T) []byte {
	t.Helper()
	text, err := os.ReadFile("../../../functions/console/web/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	text = bytes.ReplaceAll(text, []byte("#/components/schemas/"), []byte("#/$defs/"))
	var api struct {
		Components struct{ Schemas map[string]map[string]any }
	}
	if err := json.Unmarshal(text, &api); err != nil {
		t.Fatal(err)
	}
	all, defs := api.Components.Schemas, map[string]any{}
	var take func(node any)
	take = func(node any) {
		switch node := node.(type) {
		case map[string]any:
			if properties, ok := node["properties"].(map[string]any); ok {
				for name, member := range properties {
					if member, ok := member.(map[string]any); ok && member["readOnly"] == true {
						delete(properties, name)
						required, _ := node["required"].([]any)
						node["required"] = slices.DeleteFunc(required, func(r any) bool { return r == name })
					}
				}
			}
			if ref, ok := node["$ref"].(string); ok {
				name := ref[len("#/$defs/"):]
				if defs[name] == nil {
					defs[name] = all[name]
					take(all[name])
				}
			}
			for _, child := range node {
				take(child)
			}
		case []any:
			for _, child := range node {
				take(child)
			}
		}
	}
	rule := map[string]any{"$ref": "#/$defs/RulesRule"}
	take(rule)
	all["RulesRule"]["required"] = []any{"name", "event", "targets"}
	reference := func(kind, what string) any {
		return map[string]any{"type": "object", "additionalProperties": false, "required": []any{kind},
			"properties": map[string]any{kind: map[string]any{"type": "string", "minLength": 1, "description": what}}}
	}
	target, _ := all["Target"]["properties"].(map[string]any)
	settings, _ := target["settings"].(map[string]any)
	settings["description"] = "The channel's fields. Secret ones are references; those left out stay as the deployment has them"
	settings["additionalProperties"] = map[string]any{"anyOf": []any{
		map[string]any{"type": "string"},
		reference("env", "The variable of the environment that holds the secret"),
		reference("file", "The file that holds the secret, relative to this one; a line's end at its end is none of it"),
	}}
	out, err := json.MarshalIndent(map[string]any{
		"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Rules of a workspace, for notifyctl rules",
		"type": "object", "additionalProperties": false, "required": []any{"version", "workspace", "rules"},
		"properties": map[string]any{
			"version":   map[string]any{"const": Version, "description": "Of the form of this file"},
			"workspace": map[string]any{"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$", "description": "Name of a PAI workspace"},
			"rules":     map[string]any{"type": "array", "items": rule},
		},
		"$defs": defs,
	}, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return append(out, '\n')
}

func TestTheSchemaIsWhatTheAPITakes(t *testing.T) {
	t.Parallel()
	want := made(t)
	if *update {
		if err := os.WriteFile("rules.schema.json", want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := os.ReadFile("rules.schema.json")
	if err != nil || !bytes.Equal(kept, want) {
		t.Fatalf("rules.schema.json is not what the API takes now (%v): go test ./scripts/notifyctl/manifest -update writes it", err)
	}
	if _, err := compiled(); err != nil {
		t.Fatal(err)
	}
}
