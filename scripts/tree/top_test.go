package tree

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// TestTheTopOfTheTreeHoldsNothingElse keeps the first look at the repository short: code in functions, shared and
// scripts, one file that deploys, one that builds, and what every repository has.
func TestTheTopOfTheTreeHoldsNothingElse(t *testing.T) {
	t.Parallel()
	allowed := []string{
		"functions", "shared", "scripts", "docs", "s.yaml", "go.mod", "go.sum", "Makefile",
		"README.md", "README.zh.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "THIRD_PARTY.md", "LICENSE",
		".ci", ".github", ".gitignore", ".golangci.yml",
	}
	list := exec.Command("git", "ls-files")
	list.Dir = root
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for path := range strings.Lines(string(out)) {
		top, _, _ := strings.Cut(strings.TrimSpace(path), "/")
		if !seen[top] && !slices.Contains(allowed, top) {
			t.Errorf("%s does not belong at the top", top)
		}
		seen[top] = true
	}
	for _, name := range allowed {
		if !seen[name] {
			t.Errorf("there is no %s", name)
		}
	}
}
