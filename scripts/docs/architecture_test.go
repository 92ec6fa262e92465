package docs

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"pai-notify/scripts/serverless"
	"pai-notify/shared/ledger"
)

// TestTheArchitectureHasEveryFunctionTableAndState looks that the page and its drawing leave nothing out.
func TestTheArchitectureHasEveryFunctionTableAndState(t *testing.T) {
	t.Parallel()
	page := text(t, "docs/architecture.md")
	drawing := text(t, "docs/architecture.svg")
	template, err := serverless.Load(filepath.Join(root, "s.yaml"), func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range template.Functions() {
		if !strings.Contains(page, "`"+name+"`") {
			t.Errorf("architecture.md does not tell of the function %s", name)
		}
		if !regexp.MustCompile(`\b` + name + `\b`).MatchString(drawing) {
			t.Errorf("architecture.svg does not show the function %s", name)
		}
	}
	for _, state := range []ledger.State{ledger.Claimed, ledger.Waiting, ledger.Delivered, ledger.Dead, ledger.Duplicate, ledger.Cancelled} {
		if !strings.Contains(page, "| `"+string(state)+"` |") {
			t.Errorf("architecture.md does not tell of the state %s", state)
		}
	}
	migrations, err := filepath.Glob(filepath.Join(root, "shared/database/migrations/*.sql"))
	if err != nil {
		t.Fatal(err)
	}
	tables := 0
	for _, path := range migrations {
		script, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?m)^create table (\w+)`).FindAllStringSubmatch(string(script), -1) {
			tables++
			if !strings.Contains(page, "`"+m[1]+"`") {
				t.Errorf("architecture.md does not tell of the table %s", m[1])
			}
		}
	}
	if tables < 15 {
		t.Errorf("%d tables read", tables)
	}
}

func TestEveryDrawingIsWellFormed(t *testing.T) {
	t.Parallel()
	drawings, err := filepath.Glob(filepath.Join(root, "docs/*.svg"))
	if err != nil || len(drawings) == 0 {
		t.Fatalf("%d drawings, %v", len(drawings), err)
	}
	for _, path := range drawings {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		decoder := xml.NewDecoder(strings.NewReader(string(content)))
		for err == nil {
			_, err = decoder.Token()
		}
		if !errors.Is(err, io.EOF) {
			t.Errorf("%s: %v", path, err)
		}
	}
}
