package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestEveryProofIsATestOfTheStories(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../story/*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	tests := 0
	for _, p := range proofs() {
		if p.own != nil {
			continue
		}
		tests++
		if !strings.Contains(all.String(), "func "+p.test+"(") {
			t.Errorf("proof %s runs %s, which is no test of scripts/story", p.name, p.test)
		}
	}
	if n := strings.Count(all.String(), "prove(t, func(p *proof)") + strings.Count(all.String(), "proveOnEach(t, func(p *proof)") + strings.Count(all.String(), "p := &proof{"); n != tests+1 {
		t.Errorf("%d proofs in scripts/story and %d here", n-1, tests) // prove itself makes one
	}
}

func TestAProofReplacesItsOwnSectionOnly(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	figures, out := filepath.Join(folder, "f"), filepath.Join(folder, "docs", "figures.md")
	write := func(value string) {
		line := `{"Proof":"T","Database":"postgres","Full":true,"Figures":[{"Name":"lost","Value":"` + value + `"}]}` + "\n"
		if err := os.WriteFile(figures, []byte(line), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put := func(p proof) string {
		r, err := read(out)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.put(p, figures); err != nil {
			t.Fatal(err)
		}
		if err := r.write(out); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	all := proofs()
	write("1")
	put(all[3])
	write("2")
	put(all[1])
	write("3 | 4")
	got := put(all[3])
	if strings.Contains(got, "| lost | 1 |") || !strings.Contains(got, "| lost | 2 |") || !strings.Contains(got, `| lost | 3 \| 4 |`) ||
		strings.Index(got, "## "+all[1].name) > strings.Index(got, "## "+all[3].name) {
		t.Errorf("the report is\n%s", got)
	}
}

func TestAProofThatIsNotKnownIsNamed(t *testing.T) {
	t.Parallel()
	if _, err := choose([]string{"once", "nothing"}); err == nil || !strings.Contains(err.Error(), `"nothing"`) {
		t.Errorf("error = %v, want it to name the proof", err)
	}
	if got, err := choose(nil); err != nil || len(got) != len(proofs()) {
		t.Errorf("%d proofs without a name, %v", len(got), err)
	}
}

func TestEveryFuzzTargetIsFoundAndItsExecutionsAreCounted(t *testing.T) {
	t.Parallel()
	list, err := targets("../..")
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, one := range list {
		known[one.name+" in "+one.folder] = true
	}
	for _, want := range []string{"FuzzParse in shared/event", "FuzzServe in shared/httpapi", "FuzzReadCSV in shared/contact", "FuzzSMSAnswers in shared/channel/sms"} {
		if !known[want] || len(list) < 25 {
			t.Errorf("%s is not among the %d targets", want, len(list))
		}
	}
	said := "fuzz: elapsed: 3s, execs: 4908 (1636/sec), new interesting: 20 (total: 48)\nfuzz: elapsed: 6s, execs: 10631 (1908/sec), new interesting: 3 (total: 9)\nPASS\n"
	if n := executions(said); n != 10631 {
		t.Errorf("%d executions read, want 10631", n)
	}
}
