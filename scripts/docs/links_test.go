package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const root = "../.."

func documents(t *testing.T) []Document {
	t.Helper()
	list, err := All(root)
	if err != nil {
		t.Fatal(err)
	}
	if len(list) < 4 {
		t.Fatalf("%d documents read", len(list))
	}
	return list
}

func TestEveryLinkLeadsSomewhere(t *testing.T) {
	t.Parallel()
	links := 0
	for _, d := range documents(t) {
		for _, l := range d.Links() {
			if strings.Contains(l.Target, "://") {
				if !strings.HasPrefix(l.Target, "https://") {
					t.Errorf("%s:%d: %s is no https address", d.Path, l.Line, l.Target)
				}
				continue
			}
			links++
			path, anchor, _ := strings.Cut(l.Target, "#")
			target := d
			if path != "" {
				path = filepath.Join(filepath.Dir(d.Path), path)
				if _, err := os.Stat(filepath.Join(root, path)); err != nil {
					t.Errorf("%s:%d: there is no %s", d.Path, l.Line, path)
					continue
				}
				if anchor == "" || !strings.HasSuffix(path, ".md") {
					continue
				}
				var err error
				if target, err = Read(root, path); err != nil {
					t.Fatal(err)
				}
			}
			if !slices.ContainsFunc(target.Headings(), func(h Heading) bool { return h.Anchor == anchor }) {
				t.Errorf("%s:%d: %s has no heading #%s", d.Path, l.Line, target.Path, anchor)
			}
		}
	}
	if links < 10 {
		t.Errorf("%d links read", links)
	}
}

func TestADocumentIsReadAsMarkdown(t *testing.T) {
	t.Parallel()
	d := Document{"x.md", "# A `b` – c\n\n```sh account\n# no heading\n[no](link)\n```\n## A b  c\n[yes](y.md#z)\n\n| a | b |\n|---|---|\n| `x\\|y` | z |\n" +
		"<!-- t -->\nold\n<!-- /t -->\n## A b  c\n"}
	if got := d.Commands("account"); len(got) != 1 || got[0].Line != 4 || got[0].Text != "# no heading\n[no](link)\n" {
		t.Errorf("commands = %+v", got)
	}
	var anchors []string
	for _, h := range d.Headings() {
		anchors = append(anchors, h.Anchor)
	}
	if want := []string{"a-b--c", "a-b--c-1", "a-b--c-2"}; !slices.Equal(anchors, want) {
		t.Errorf("anchors = %q, want %q", anchors, want)
	}
	if got := d.Links(); len(got) != 1 || got[0].Target != "y.md#z" {
		t.Errorf("links = %+v", got)
	}
	if got := d.Tables(); len(got) != 1 || len(got[0]) != 2 || got[0][1].Cells[0] != "`x|y`" {
		t.Errorf("tables = %+v", got)
	}
	if text, ok := d.With("t", "new\n").Generated("t"); !ok || text != "new\n" {
		t.Errorf("generated = %q, %v", text, ok)
	}
}

// TestEveryFileThatDocumentsNameIsThere looks after paths in prose, such as those of packages.
func TestEveryFileThatDocumentsNameIsThere(t *testing.T) {
	t.Parallel()
	named := regexp.MustCompile("`((?:functions|shared|scripts|docs)(?:/[A-Za-z0-9_.-]+)*)`")
	found := 0
	for _, d := range documents(t) {
		d.prose(func(n int, line string) {
			for _, m := range named.FindAllStringSubmatch(line, -1) {
				found++
				if _, err := os.Stat(filepath.Join(root, m[1])); err != nil {
					t.Errorf("%s:%d: there is no %s", d.Path, n, m[1])
				}
			}
		})
	}
	if found < 10 {
		t.Errorf("%d paths read", found)
	}
}
