package message

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzPlaceholders looks for lines of own words at which checking or filling panics, for faults that point outside the
// line, and for lines that pass and are not one line of filled text.
func FuzzPlaceholders(f *testing.F) {
	for _, line := range []string{
		"{{owner}}, please look", "{{ name }}{{title}}", "{{", "}}", "{{}}", "{{{{name}}}}", "{{name}", "x{{name}}{{", "任务 {{name}} 失败", "{{if x}}", "a\nb",
		strings.Repeat("{{link}}", 25), "\xff{{name}}", "{{name\u202e}}",
	} {
		f.Add(line, "llm-sft-7b")
		f.Add(line, "{{owner}}\n\u202e")
	}
	f.Fuzz(func(t *testing.T, line, name string) {
		w := Words{Before: line, Fields: []string{name}}
		problems := w.Check()
		for _, p := range problems {
			if p.Text == nil || p.Column < 0 || p.Column > utf8.RuneCountInString(line)+1 {
				t.Fatalf("%q has the fault %+v", line, p)
			}
		}
		e, v := failed()
		v.Name = name
		m := New(e, v, Options{Words: Words{Before: line}})
		if strings.ContainsAny(m.Before, "\n\r") || len(m.Before) > maxSaid || !utf8.ValidString(m.Before) {
			t.Fatalf("%q with the name %q is told as %q", line, name, m.Before)
		}
		right := !slices.ContainsFunc(problems, func(p Problem) bool { return p.Field == "before" })
		if right && !strings.Contains(name, "{{") && strings.Contains(m.Before, "{{") {
			t.Fatalf("%q passes, and is told unfilled as %q", line, m.Before)
		}
	})
}
