package catalog

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// PAI's event sources and types are guesses until a real event has been seen. Where they stand in one file, one change
// corrects them. (The names of its buses are public.)
func TestNoOtherCodeSpellsPAIsEvents(t *testing.T) {
	t.Parallel()
	words := []string{"acs.pai", "acs.aiworkspace", "paidlc:Job", "paiflow:Pipeline", "paidsw:I", "aiworkspace:ModelVersion"}
	for _, o := range load(t).origins {
		if o.id == "delivery" { // what we tell of ourselves is spelt where it is made
			continue
		}
		words = append(words, o.names...)
		for name := range o.kinds {
			words = append(words, name)
		}
	}
	read := 0
	for _, folder := range []string{"functions", "scripts", "shared"} {
		root := filepath.Join("..", "..", folder)
		err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if entry.IsDir() {
				skip := entry.Name() == "node_modules" || entry.Name() == "catalog" || strings.HasSuffix(entry.Name(), "test")
				if skip { // test is a kit for tests: ledgertest
					return filepath.SkipDir
				}
				return nil
			}
			if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return nil
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			read++
			for _, word := range words {
				if strings.Contains(string(text), word) {
					t.Errorf("%s spells %q; ask package catalog for it", strings.TrimPrefix(path, "../../"), word)
				}
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
	if read < 20 {
		t.Errorf("only %d files were read", read)
	}
}
