package pattern_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"pai-notify/shared/pattern"
)

// Small alphabets, so that patterns and events often meet.
func scalars() *rapid.Generator[any] {
	return rapid.SampledFrom([]any{"a", "ab", "", "1", "null", "10.0.0.1", 1, 2.5, json.Number("1.0"), true, false, nil})
}

func values() *rapid.Generator[any] {
	return rapid.Custom(func(t *rapid.T) any {
		switch rapid.IntRange(0, 9).Draw(t, "shape") {
		case 0:
			return rapid.SliceOfN(scalars(), 0, 3).Draw(t, "list")
		case 1:
			return map[string]any{"y": scalars().Draw(t, "inner")}
		case 2:
			return []any{scalars().Draw(t, "element"), map[string]any{}}
		}
		return scalars().Draw(t, "scalar")
	})
}

func operators() *rapid.Generator[any] {
	return rapid.SampledFrom([]any{
		map[string]any{"prefix": "a"}, map[string]any{"suffix": "b"}, map[string]any{"contains": "1"},
		map[string]any{"anything-but": "a"}, map[string]any{"anything-but": []any{"a", 1, nil}},
		map[string]any{"anything-but": map[string]any{"prefix": "a"}}, map[string]any{"numeric": []any{">", 0, "<=", 2.5}},
		map[string]any{"cidr": "10.0.0.0/8"}, map[string]any{"exists": true}, map[string]any{"exists": false},
		map[string]any{"prefix": "a", "suffix": "b"},
	})
}

func patterns() *rapid.Generator[map[string]any] {
	conditions := rapid.SliceOfN(rapid.OneOf(scalars(), operators()), 1, 4)
	return rapid.Custom(func(t *rapid.T) map[string]any {
		p := map[string]any{}
		for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"source", "type", "ext"}), 0, 3, rapid.ID).Draw(t, "attributes") {
			p[name] = conditions.Draw(t, name)
		}
		if rapid.Bool().Draw(t, "data") {
			data := map[string]any{"x": conditions.Draw(t, "x")}
			if rapid.Bool().Draw(t, "nested") {
				data["o"] = map[string]any{"y": conditions.Draw(t, "y")}
			}
			p["data"] = data
		}
		return p
	})
}

func events() *rapid.Generator[map[string]any] {
	return rapid.Custom(func(t *rapid.T) map[string]any {
		e := map[string]any{}
		for _, name := range []string{"source", "type", "ext"} {
			if rapid.IntRange(0, 3).Draw(t, name+" there") > 0 {
				e[name] = values().Draw(t, name)
			}
		}
		switch rapid.IntRange(0, 5).Draw(t, "data") {
		case 0:
		case 1:
			e["data"] = scalars().Draw(t, "plain data")
		default:
			data := map[string]any{"o": values().Draw(t, "o")}
			if rapid.Bool().Draw(t, "x there") {
				data["x"] = values().Draw(t, "x")
			}
			e["data"] = data
		}
		return e
	})
}

func encode(t *rapid.T, v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestExplainAndSetAgreeWithMatch(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text, event := encode(t, patterns().Draw(t, "pattern")), encode(t, events().Draw(t, "event"))
		p, err := pattern.Compile(text)
		if err != nil {
			t.Fatalf("Compile(%s): %v", text, err)
		}
		matched := p.Match([]byte(event))
		why, explained := p.Explain([]byte(event))
		if matched != explained || matched != (why == pattern.Mismatch{}) {
			t.Fatalf("Match(%s, %s) = %v, Explain = %v, %v", text, event, matched, why, explained)
		}
		if in := len(pattern.NewSet(p).Match([]byte(event))) == 1; in != matched {
			t.Fatalf("Match(%s, %s) = %v, Set.Match = %v", text, event, matched, in)
		}
	})
}

// A field that is all that a pattern asks for, when it fails alone, fails the whole; when all fit alone, so does the whole.
func TestAPatternFitsWhenEachOfItsFieldsDoes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		whole, event := patterns().Draw(t, "pattern"), encode(t, events().Draw(t, "event"))
		p, err := pattern.Compile(encode(t, whole))
		if err != nil {
			t.Fatal(err)
		}
		all := true
		for name, conditions := range whole {
			one, err := pattern.Compile(encode(t, map[string]any{name: conditions}))
			if err != nil {
				t.Fatal(err)
			}
			all = all && one.Match([]byte(event))
		}
		if got := p.Match([]byte(event)); got != all {
			t.Fatalf("Match(%s, %s) = %v, each alone %v", encode(t, whole), event, got, all)
		}
	})
}

func FuzzCompileAndMatch(f *testing.F) {
	f.Add(`{"source":["a"],"data":{"x":[{"prefix":"a"},{"numeric":[">",0]}]}}`, `{"source":"a","data":{"x":["ab",1]}}`)
	f.Add(`{"data":{"x":[{"anything-but":{"prefix":"a"}},{"cidr":"10.0.0.0/8"},{"exists":false}]}}`, `{"data":{"x":null}}`)
	f.Add(`{"data":{"":{"a.b":["\u0000"]}}}`, `{"data":{"":{"a.b":"\u0000"}}}`)
	f.Add(`{}`, strings.Repeat(`[`, 600))
	f.Fuzz(func(t *testing.T, text, event string) {
		p, err := pattern.Compile(text)
		if err != nil {
			var problem *pattern.Error
			if !errors.As(err, &problem) || problem.Reason == "" || p != nil {
				t.Fatalf("Compile(%q) = %v, %v", text, p, err)
			}
			return
		}
		matched := p.Match([]byte(event))
		why, explained := p.Explain([]byte(event))
		if matched != explained || !matched && why.Path == "" && why.Want == "" {
			t.Fatalf("Match(%q, %q) = %v, Explain = %+v, %v", text, event, matched, why, explained)
		}
		if matched && !json.Valid([]byte(event)) {
			t.Fatalf("Match(%q, %q), which is no JSON", text, event)
		}
	})
}
