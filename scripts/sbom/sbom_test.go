package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const lockFile = "../../functions/console/web/package-lock.json"

func TestEveryModuleOfAFunctionIsOnTheListOfLicences(t *testing.T) {
	t.Parallel()
	list, err := os.ReadFile("../../THIRD_PARTY.md")
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}| {{.Path}} | {{.Version}} |{{end}}{{end}}", "./functions/...")
	command.Dir = "../.."
	out, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for line := range strings.Lines(string(out)) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		seen++
		if !strings.Contains(string(list), line) {
			t.Errorf("THIRD_PARTY.md lacks %s run make sbom", line)
		}
	}
	packages, err := npm(lockFile)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range packages {
		if !strings.Contains(string(list), "| "+p.Name+" | "+p.Version+" |") {
			t.Errorf("THIRD_PARTY.md lacks %s %s; run make sbom", p.Name, p.Version)
		}
	}
	if seen < 50 || len(packages) < 50 {
		t.Errorf("%d packages of modules and %d of npm, too few to be all", seen, len(packages))
	}
}

func TestWhatIsUnderAnotherLicenceIsNotShipped(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	lock := filepath.Join(folder, "lock.json")
	for licence, ok := range map[string]bool{"MIT": true, "MIT AND ISC": true, "GPL-3.0": false, "": false} {
		text, err := json.Marshal(map[string]any{"packages": map[string]any{
			"": map[string]any{}, "node_modules/a": map[string]any{"version": "1.0.0", "license": licence, "integrity": "sha512-AAAA"},
			"node_modules/b": map[string]any{"version": "2.0.0", "license": "GPL-3.0", "dev": true},
		}})
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(lock, text, 0o600); err != nil {
			t.Fatal(err)
		}
		list := filepath.Join(folder, "list.md")
		err = run(strings.NewReader(`{"bomFormat":"CycloneDX","components":[]}`), lock, filepath.Join(folder, "sbom.json"), list)
		if (err == nil) != ok {
			t.Errorf("licence %q: %v", licence, err)
		}
		if err != nil {
			continue
		}
		got, err := os.ReadFile(list)
		if err != nil || !strings.Contains(string(got), "| a | 1.0.0 | MIT") || strings.Contains(string(got), "| b |") {
			t.Errorf("list %s, %v", got, err)
		}
	}
}
