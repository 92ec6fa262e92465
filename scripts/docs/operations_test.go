package docs

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// source is all Go code of a folder, but for tests.
func source(t *testing.T, folder string) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir(filepath.Join(root, folder), func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		content, err := os.ReadFile(path)
		all.Write(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}

var (
	quoted = regexp.MustCompile("`([^`]+)`")
	route  = regexp.MustCompile(`^(GET|POST|PUT|DELETE) (/\S+)$`)
)

// TestWhatOperationsLooksAtIsThere holds each row of the operations guide to a check that exists: a route, a metric, a
// step of set-up, a code, a member of an answer, the words of a log line.
func TestWhatOperationsLooksAtIsThere(t *testing.T) {
	t.Parallel()
	d, err := Read(root, "docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	code := source(t, "functions") + source(t, "shared")
	metrics := text(t, "functions/deliveries/metrics.go")
	api := routes(t)
	rows := 0
	for _, table := range d.Tables() {
		if len(table[0].Cells) != 4 || table[0].Cells[1] != "check" {
			t.Errorf("%s:%d: a table without symptom, check, cause and action", d.Path, table[0].Line)
			continue
		}
		for _, row := range table[1:] {
			rows++
			if len(row.Cells) != 4 {
				t.Errorf("%s:%d: %d cells", d.Path, row.Line, len(row.Cells))
				continue
			}
			checks := quoted.FindAllStringSubmatch(row.Cells[1], -1)
			if len(checks) == 0 {
				t.Errorf("%s:%d: nothing to look at in %q", d.Path, row.Line, row.Cells[1])
			}
			for i, cell := range row.Cells {
				for _, m := range quoted.FindAllStringSubmatch(cell, -1) {
					token := m[1]
					switch found := route.FindStringSubmatch(token); {
					case found != nil:
						if !slices.Contains(api[found[2]], found[1]) {
							t.Errorf("%s:%d: the API has no %s", d.Path, row.Line, token)
						}
					case strings.HasPrefix(token, "pai_notify_"):
						if !strings.Contains(metrics, `"`+strings.TrimPrefix(token, "pai_notify_")+`"`) && !strings.Contains(metrics, `"`+token+`"`) {
							t.Errorf("%s:%d: there is no metric %s", d.Path, row.Line, token)
						}
					case i == 1 && !strings.Contains(code, `"`+token):
						t.Errorf("%s:%d: nothing says %q", d.Path, row.Line, token)
					}
				}
			}
		}
	}
	if rows < 20 {
		t.Errorf("%d rows read", rows)
	}
}

// TestTheTableOfRoutesIsTheAPI holds the README's table to the API: each path in it is served, and each that is served is
// in it.
func TestTheTableOfRoutesIsTheAPI(t *testing.T) {
	t.Parallel()
	api := routes(t)
	d, err := Read(root, "README.md")
	if err != nil {
		t.Fatal(err)
	}
	told := map[string]bool{}
	for _, table := range d.Tables() {
		if table[0].Cells[0] != "resource" {
			continue
		}
		for _, row := range table[1:] {
			base := ""
			for _, m := range quoted.FindAllStringSubmatch(row.Cells[0], -1) {
				_, path, hasMethods := strings.Cut(m[1], "/")
				if !hasMethods {
					path = m[1]
				} else {
					path = "/" + path
				}
				path, _, _ = strings.Cut(path, "?")
				if strings.HasPrefix(path, ":") { // the verbs of what stands before
					path = regexp.MustCompile(`:[a-z]+$`).ReplaceAllString(base, "") + path
				}
				base = path
				optional := regexp.MustCompile(`\[([^\]]*)\]`)
				for _, path := range []string{optional.ReplaceAllString(path, "$1"), optional.ReplaceAllString(path, "")} {
					if path != "/healthz" {
						path = "/api/v1" + path
					}
					if len(api[path]) == 0 {
						t.Errorf("README.md:%d: the API has no %s", row.Line, path)
					}
					told[path] = true
				}
			}
			for _, m := range quoted.FindAllStringSubmatch(row.Cells[1], -1) { // verbs in the description
				if verb, ok := strings.CutPrefix(m[1], ":"); ok {
					path := "/api/v1" + regexp.MustCompile(`[\[\]]`).ReplaceAllString(base, "") + ":" + verb
					if len(api[path]) == 0 {
						t.Errorf("README.md:%d: the API has no %s", row.Line, path)
					}
					told[path] = true
				}
			}
		}
	}
	if len(told) < 25 {
		t.Errorf("%d paths read", len(told))
	}
	for path := range api {
		// Jobs are told of where they begin, and what goes through an identity provider is the browser's.
		if !told[path] && path != "/api/v1/deliveries/jobs/{id}" && !strings.HasPrefix(path, "/api/v1/session/provider") {
			t.Errorf("README.md: the table of routes lacks %s", path)
		}
	}
}
