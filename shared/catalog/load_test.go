package catalog

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write catalog.gen.json from catalog.yaml")

// Also what go generate runs, with -update.
func TestEmbeddedCatalogueIsCurrent(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("catalog.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := new(form).lay(text); err != nil {
		t.Fatalf("catalog.yaml: %v", err)
	}
	made, err := yaml.YAMLToJSON(text)
	if err != nil {
		t.Fatal(err)
	}
	var want bytes.Buffer
	if err := json.Indent(&want, made, "", ""); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("catalog.gen.json", want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want.String(), string(file)); diff != "" {
		t.Errorf("catalog.gen.json is not what catalog.yaml makes; run go generate ./shared/catalog (-want +got):\n%s", diff)
	}
}
