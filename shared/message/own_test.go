package message

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"pai-notify/shared/event"
)

func ExampleWords() {
	e, v := failed()
	w := Words{Fields: []string{"next", "reason"}, Before: "{{owner}}, please look: {{ name }} {{operator}}", After: "Handbook: go/gpu"}
	m := New(e, v, Options{Words: w})
	fmt.Println(m.Before)
	for _, f := range m.Facts {
		fmt.Println(f.Field, "-", f.Value)
	}
	fmt.Println(m.After)
	for _, p := range (Words{Before: "{{owner}} {{colour}}", Fields: []string{"colour"}}).Check() {
		fmt.Printf("%s, column %d: %.35s …\n", p.Field, p.Column, p.Text)
	}
	// Output:
	// zhang.wei, please look: llm-sft-7b –
	// next - Give each node more memory, or use a smaller batch and fewer data-loading workers.
	// reason - Pod dlc1a2b3c4d5e6f7-worker-3 exited with code 137 (OOMKilled).
	// Handbook: go/gpu
	// fields[0], column 0: is no field of a message; there are …
	// before, column 11: names "colour", which is no placeho …
}

func TestEveryPlaceholderIsFilledBySomeEvent(t *testing.T) {
	t.Parallel()
	e, v := failed()
	m := New(e, v, Options{Words: Words{Before: "{{title}}|{{outcome}}|{{name}}|{{link}}|{{status}}|{{time}}|{{workspace}}"}})
	if strings.Contains(m.Before, missing) || !strings.HasPrefix(m.Before, "Job failed: llm-sft-7b|Job failed|llm-sft-7b|https://") {
		t.Errorf("before = %s", m.Before)
	}
	for _, name := range Placeholders() {
		if problems := (Words{After: "{{" + name + "}}"}).Check(); len(problems) > 0 {
			t.Errorf("%s: %v", name, problems)
		}
	}
}

func TestWhatIsToldLateOrUnknownIsToldWhateverTheFields(t *testing.T) {
	t.Parallel()
	e, v := failed()
	m := New(e, v, Options{Late: 2 * 60 * 1e9, Words: Words{Fields: []string{"region"}}})
	var fields []string
	for _, f := range m.Facts {
		fields = append(fields, f.Field)
	}
	if !slices.Equal(fields, []string{"region", "late"}) {
		t.Errorf("fields %v", fields)
	}
	m = New(event.Event{Source: "acs.new", Type: "new:Thing"}, event.View{}, Options{Words: Words{Fields: []string{"region"}}})
	if len(m.Facts) != 2 {
		t.Errorf("an unknown event is told by %v", m.Facts)
	}
}

func TestFaultsOfOwnWords(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		words  Words
		column int
		text   string
	}{
		"twice":        {Words{Fields: []string{"id", "id"}}, 0, "is named before"},
		"not closed":   {Words{Before: "任务 {{name"}, 4, "nothing closes"},
		"unknown":      {Words{After: "{{name}} {{if x}}"}, 10, `names "if x"`},
		"empty":        {Words{After: "{{}}"}, 1, `names ""`},
		"a line break": {Words{Before: "a\nb"}, 2, "it is one line"},
		"long":         {Words{Before: strings.Repeat("字", 201)}, 201, "at most 200"},
	} {
		problems := c.words.Check()
		if len(problems) != 1 || problems[0].Column != c.column || !strings.Contains(problems[0].Text.Error(), c.text) {
			t.Errorf("%s: %+v", name, problems)
		}
	}
	if n := len((Words{Fields: slices.Repeat([]string{"x"}, 10_000)}).Check()); n > 100 {
		t.Errorf("a hostile list has %d faults", n)
	}
}

// A line is filled once: what a value holds is not looked into again, and nothing makes a second line.
func TestValuesOfPlaceholdersAreText(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		e, v := failed()
		v.Name = rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"{{owner}}", "{{", "}}", "a\nb", strings.Repeat("名", 5000)})).Draw(r, "name")
		line := rapid.SampledFrom([]string{"{{name}}", "{{{{name}}}}", "x {{name}} {{name}} y", "{{title}}{{name}}"}).Draw(r, "line")
		m := New(e, v, Options{Words: Words{Before: line}})
		if strings.ContainsAny(m.Before, "\n\r") || len(m.Before) > maxSaid || !utf8.ValidString(m.Before) {
			r.Fatalf("before = %q", m.Before)
		}
		if strings.Contains(m.Before, v.OwnerName) && !strings.Contains(v.Name, v.OwnerName) {
			r.Fatalf("a value was filled again: %q", m.Before)
		}
	})
}

func TestADigestSpeaksAsItsTargetsDo(t *testing.T) {
	t.Parallel()
	one := func(w Words, owner string) Message {
		e, v := failed()
		v.OwnerName = owner
		return New(e, v, Options{Words: w})
	}
	same := Words{Before: "运维组 {{workspace}}", After: "{{owner}} 请看"}
	d := Digest([]Message{one(same, "a"), one(same, "b")}, Options{})
	if d.Before != "运维组 nlp_train" || d.After != "… 请看" {
		t.Errorf("before %q, after %q", d.Before, d.After)
	}
	d = Digest([]Message{one(same, "a"), one(Words{Before: "oncall"}, "a"), one(Words{}, "a")}, Options{})
	if d.Before != "运维组 … · oncall" || d.After != "a 请看" {
		t.Errorf("before %q, after %q", d.Before, d.After)
	}
}

func TestAnOwnerWhomNobodyKnowsIsNamedAndNotCalled(t *testing.T) {
	t.Parallel()
	e, v := failed()
	v.OwnerName = "<@all>"
	m := New(e, v, Options{Words: Words{Fields: []string{"reason"}}})
	m.Call(Mentions{Owner: true, Users: []string{"u1", "u1"}}, "", "u2", "u1")
	if !slices.Equal(m.Mentions.Users, []string{"u1", "u2"}) || m.Mentions.All || m.Mentions.Owner {
		t.Errorf("calls %+v", m.Mentions)
	}
	if last := m.Facts[len(m.Facts)-1]; last.Field != "owner" || last.Value != "<@all>" {
		t.Errorf("the owner is not named: %+v", m.Facts)
	}
	before := len(m.Facts)
	m.Call(Mentions{Owner: true}, "")
	if len(m.Facts) != before {
		t.Error("the owner is named twice")
	}
	m.Call(Mentions{Owner: true, All: true}, "id-of-owner")
	if !slices.Equal(m.Mentions.Users, []string{"id-of-owner"}) || !m.Mentions.All {
		t.Errorf("calls %+v", m.Mentions)
	}
}
