package pattern_test

import (
	"fmt"
	"strings"
	"testing"

	"pai-notify/shared/catalog"
	"pai-notify/shared/catalog/sample"
	"pai-notify/shared/pattern"
)

// recent is how many events of a bus are kept, and so how many a rule can be tried on.
const recent = 10_000

// kept are as many as a bus keeps: every sample, each time with other ids.
func kept(tb testing.TB) [][]byte {
	tb.Helper()
	samples := sample.All()
	list := make([][]byte, recent)
	for i := range list {
		text := string(samples[i%len(samples)].Event)
		list[i] = []byte(strings.NewReplacer("zhang.wei", fmt.Sprint("user", i%97), "llm-", fmt.Sprintf("llm%d-", i)).Replace(text))
	}
	return list
}

// chosen are the patterns of n rules as users make them: of every source, with one to four options, in every scope.
func chosen(tb testing.TB, n int) []*pattern.Pattern {
	tb.Helper()
	c, err := catalog.Load()
	if err != nil {
		tb.Fatal(err)
	}
	list := make([]*pattern.Pattern, n)
	for i := range list {
		source := c.Sources[i%len(c.Sources)]
		choice := catalog.Choice{Source: source.ID, PAIUser: "200000000000000001"}
		for j := range min(1+i%4, len(source.Options)) {
			choice.Options = append(choice.Options, source.Options[(i+j)%len(source.Options)].ID)
		}
		kind := source.Scopes[i%len(source.Scopes)]
		choice.Scope.Kind = kind.Kind
		switch kind.Needs {
		case "ids":
			choice.Scope.IDs = []string{"200000000000000001", fmt.Sprint("id", i)}
		case "prefix":
			choice.Scope.Prefix = "llm"
		}
		text, err := c.Pattern(choice)
		if err != nil {
			tb.Fatal(err)
		}
		if list[i], err = pattern.Compile(text); err != nil {
			tb.Fatal(err)
		}
	}
	return list
}

func TestASetOfRulesMatchesWhatEachOfThemDoes(t *testing.T) {
	t.Parallel()
	rules := chosen(t, 50)
	set := pattern.NewSet(rules...)
	matches := 0
	for _, e := range kept(t)[:500] {
		var want []int
		for i, r := range rules {
			if r.Match(e) {
				want = append(want, i)
			}
		}
		if got := set.Match(e); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("the set matches %v, the rules one by one %v: %s", got, want, e)
		}
		matches += len(want)
	}
	if matches == 0 {
		t.Error("no rule matched anything")
	}
}

// BenchmarkRecent matches all that a bus keeps against the rules of the bus.
func BenchmarkRecent(b *testing.B) {
	list := kept(b)
	for _, n := range []int{1, 10, 50} {
		b.Run(fmt.Sprintf("rules=%d", n), func(b *testing.B) {
			set := pattern.NewSet(chosen(b, n)...)
			b.ReportAllocs()
			matches := 0
			for b.Loop() {
				for _, e := range list {
					matches += len(set.Match(e))
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/recent, "ns/event")
			b.ReportMetric(float64(matches)/float64(b.N), "matches")
		})
	}
}
