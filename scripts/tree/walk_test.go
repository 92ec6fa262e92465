package tree

import (
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"pai-notify/scripts/docs"
	"pai-notify/scripts/serverless"
)

// walk is the repository with what docs/add-a-channel.md has added so far.
type walk struct {
	t     *testing.T
	added map[string]string // files by path, whole
}

func (w *walk) read(path string) string {
	if text, ok := w.added[path]; ok {
		return text
	}
	text, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		w.t.Fatal(err)
	}
	return string(text)
}

// insert puts lines into a file behind or before a line that is in it once.
func (w *walk) insert(path, line, lines string, before bool) {
	w.t.Helper()
	text := w.read(path)
	if strings.Count(text, "\n"+line+"\n") != 1 {
		w.t.Fatalf("%s has not one line %q", path, line)
	}
	whole := "\n" + line + "\n" + lines
	if before {
		whole = "\n" + lines + "\n" + line + "\n"
	}
	w.added[path] = strings.Replace(text, "\n"+line+"\n", whole, 1)
}

// missing is what the tree test would say.
func (w *walk) missing() string {
	w.t.Helper()
	real, tree := os.DirFS(root), fstest.MapFS{}
	for _, form := range []string{"functions/*/main.go", "functions/deliver/*/main.go", "shared/channel/*/codes.json"} {
		found, err := fs.Glob(real, form)
		if err != nil {
			w.t.Fatal(err)
		}
		for _, path := range found {
			tree[path] = &fstest.MapFile{}
		}
	}
	for path := range w.added {
		tree[path] = &fstest.MapFile{}
	}
	template, err := serverless.Parse("s.yaml", []byte(w.read("s.yaml")), func(string) string { return "" })
	if err != nil {
		w.t.Fatal(err)
	}
	p := pieces{tree: tree, blocks: template.Functions()}
	for _, m := range regexp.MustCompile(`(\w+)\.New\(d\),`).FindAllStringSubmatch(w.read("shared/channel/all/all.go"), -1) {
		p.registry = append(p.registry, m[1])
	}
	found, err := p.missing()
	if err != nil {
		w.t.Fatal(err)
	}
	return strings.Join(append(found, ""), "\n")
}

// TestAddingAChannelIsAsItsPageSays follows docs/add-a-channel.md step by step: after each, what is missing is what the
// page says; at its end the channel keeps the contract of channels, and its function is built.
func TestAddingAChannelIsAsItsPageSays(t *testing.T) {
	t.Parallel()
	page, err := docs.Read(root, "docs/add-a-channel.md")
	if err != nil {
		t.Fatal(err)
	}
	w := &walk{t: t, added: map[string]string{}}
	looks := 0
	for _, b := range page.Blocks() {
		switch {
		case b.Language == "text":
			looks++
			if got := w.missing(); strings.TrimSpace(got) != strings.TrimSpace(b.Text) {
				t.Errorf("%s:%d: missing is\n%sand the page says\n%s", page.Path, b.Line, got, b.Text)
			}
		case b.Language == "diff":
			behind := ""
			for line := range strings.Lines(b.Text) {
				if plus, ok := strings.CutPrefix(line, "+"); ok {
					w.insert(b.Info, behind, plus, false)
					line = " " + plus
				}
				behind = strings.TrimSuffix(strings.TrimPrefix(line, " "), "\n")
			}
		case b.Language == "yaml":
			w.insert(b.Info, "  deliver-sms:", b.Text, true)
		case b.Info != "":
			w.added[b.Info] = b.Text
		}
	}
	if looks != 4 || len(w.added) != 6 {
		t.Errorf("%d looks and %d files on the page", looks, len(w.added))
	}

	folder := t.TempDir()
	overlay := map[string]map[string]string{"Replace": {}}
	for path, text := range w.added {
		at, err := filepath.Abs(filepath.Join(root, path))
		if err != nil {
			t.Fatal(err)
		}
		copied := filepath.Join(folder, strings.ReplaceAll(path, "/", "_"))
		if err := os.WriteFile(copied, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		overlay["Replace"][at] = copied
	}
	text, err := json.Marshal(overlay)
	if err != nil {
		t.Fatal(err)
	}
	list := filepath.Join(folder, "overlay.json")
	if err := os.WriteFile(list, text, 0o600); err != nil {
		t.Fatal(err)
	}
	// The folders are not there, so the tests are built here and run elsewhere; as scripts/package.sh builds, whose work is
	// found again.
	tests := filepath.Join(folder, "tin.test")
	for _, arguments := range [][]string{
		{"go", "test", "-trimpath", "-overlay", list, "-vet=off", "-c", "-o", tests, "./shared/channel/tin"},
		{"go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-overlay", list, "-o", filepath.Join(folder, "main"), "./functions/deliver/tin"},
		{"go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-overlay", list, "./shared/channel/all"},
		{tests, "-test.v"},
	} {
		step := exec.Command(arguments[0], arguments[1:]...)
		if step.Dir = root; arguments[0] == tests {
			step.Dir = folder
		}
		step.Env = append(os.Environ(), "CGO_ENABLED=0")
		out, err := step.CombinedOutput()
		if err != nil || arguments[0] == tests && !strings.Contains(string(out), "--- PASS: TestTinKeepsTheContractOfChannels") {
			t.Errorf("%q: %v\n%s", arguments, err, out)
		}
	}
}
