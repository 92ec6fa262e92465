package tree

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// TestEveryTestThatSECURITYNamesIsThere keeps the threat model true: a row whose test is gone is an empty promise.
func TestEveryTestThatSECURITYNamesIsThere(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(root + "/SECURITY.md")
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command("git", "grep", "--untracked", "-hoE", "^func (Test|Fuzz)[A-Za-z0-9_]+", "--", "*_test.go")
	command.Dir = root
	found, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]bool{}
	for line := range strings.Lines(string(found)) {
		there[strings.TrimPrefix(strings.TrimSpace(line), "func ")] = true
	}
	named := regexp.MustCompile(`\b(?:Test|Fuzz)[A-Z][A-Za-z0-9]+`)
	rows := 0
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "|") || strings.HasPrefix(line, "| asset") || strings.HasPrefix(line, "|---") {
			continue
		}
		rows++
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		tests := named.FindAllString(cells[len(cells)-1], -1)
		if len(cells) != 4 || len(tests) == 0 {
			t.Errorf("no asset, threat, what stops it and test: %s", line)
		}
		for _, name := range tests {
			if !there[name] {
				t.Errorf("there is no test %s, which SECURITY.md names", name)
			}
		}
	}
	if rows < 20 {
		t.Errorf("%d threats read", rows)
	}
}
