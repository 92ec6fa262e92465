package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

type object = map[string]any

// changed writes the document of today with a change, and gives its place.
func changed(t *testing.T, change func(paths, schemas object)) string {
	t.Helper()
	text, err := os.ReadFile(place)
	if err != nil {
		t.Fatal(err)
	}
	var tree struct {
		OpenAPI    string `json:"openapi"`
		Info       object `json:"info"`
		Paths      object `json:"paths"`
		Components struct {
			Schemas object `json:"schemas"`
		} `json:"components"`
	}
	if err := json.Unmarshal(text, &tree); err != nil {
		t.Fatal(err)
	}
	change(tree.Paths, tree.Components.Schemas)
	if text, err = json.Marshal(tree); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "openapi.json")
	if err := os.WriteFile(name, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func member(tree object, names ...string) object {
	for _, name := range names {
		tree, _ = tree[name].(object)
	}
	return tree
}

func TestWhatBreaksCallersIsFound(t *testing.T) {
	t.Chdir("../..") // the tools and the documents are named from there
	was := changed(t, func(object, object) {})
	for name, c := range map[string]struct {
		change func(paths, schemas object)
		want   string // empty: breaks nobody
	}{
		"nothing": {func(object, object) {}, ""},
		"a new optional member of an answer": {func(_, s object) {
			member(s, "Job", "properties")["more"] = object{"type": "string"}
		}, ""},
		"a route taken away": {func(p, _ object) { delete(p, "/api/v1/audit") }, "/api/v1/audit api path removed"},
		"a member of an answer taken away": {func(_, s object) {
			delete(member(s, "HealthyBody", "properties"), "status")
			member(s, "HealthyBody")["required"] = []any{}
		}, "removed the required property `status`"},
		"a member of a request newly required": {func(_, s object) {
			member(s, "Wanted")["required"] = []any{"name", "role", "days"}
		}, "`days` became required"},
		"a new value of an answer": {func(_, s object) {
			member(s, "Step", "properties", "state")["enum"] = []any{"done", "needed", "blocked", "failed", "running", "unused", "new"}
		}, "added the new `new` enum value"},
	} {
		t.Run(name, func(t *testing.T) {
			err := checkPromises(was, changed(t, c.change))
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("checkPromises = %v, want %q", err, c.want)
			}
		})
	}
}
