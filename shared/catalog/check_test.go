package catalog

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"pai-notify/shared/fault"
	"pai-notify/shared/pattern"
)

func TestCheckFindsAllFaultsAtOnceWithTheirPaths(t *testing.T) {
	t.Parallel()
	const flow = "flow.run.failed, flow.run.finished"
	kinds := "allInWorkspace, createdByMe, objects, creators, namePrefix"
	many := make([]string, MaxIDs+1)
	for i := range many {
		many[i] = fmt.Sprint(i)
	}
	all := Scope{Kind: AllInWorkspace}
	for _, r := range []struct {
		name   string
		choice Choice
		want   []fault.Fault
	}{
		{"nothing", Choice{}, []fault.Fault{
			{Path: "source", Text: "is missing; choose one of dlc, flow, model, dsw, delivery"},
			{Path: "options", Text: "is empty; choose at least one of the source's options"},
			{Path: "scope.kind", Text: "is missing; choose one of " + kinds + ", resourceQuota"},
		}},
		{"an unknown source and option", Choice{Source: "eas", Options: []string{"eas.x", "flow.run.failed"}, Scope: all}, []fault.Fault{
			{Path: "source", Text: `"eas" is not an event source; choose one of dlc, flow, model, dsw, delivery`},
			{Path: "options[0]", Text: `"eas.x" is not an option of any source`},
		}},
		{"options", Choice{Source: "flow", Options: []string{"flow.run.failed", "flow.run.x", "dlc.job.failed", "flow.run.failed", ""}, Scope: all}, []fault.Fault{
			{Path: "options[1]", Text: `"flow.run.x" is not an option of the source; choose from ` + flow},
			{Path: "options[2]", Text: `"dlc.job.failed" is an option of the source "dlc"; a rule hears of one source, make another rule for it`},
			{Path: "options[3]", Text: `"flow.run.failed" appears twice; leave it out here`},
			{Path: "options[4]", Text: `"" is not an option of the source; choose from ` + flow},
		}},
		{"no options", Choice{Source: "flow", Scope: all}, []fault.Fault{
			{Path: "options", Text: "is empty; choose at least one of " + flow},
		}},
		{"a scope of another source", Choice{Source: "flow", Options: []string{"flow.run.failed"}, Scope: Scope{Kind: ResourceQuota}}, []fault.Fault{
			{Path: "scope.kind", Text: `"resourceQuota" is not a scope of the source "flow"; choose one of ` + kinds},
			{Path: "scope.ids", Text: "is empty; give at least one id, or choose allInWorkspace"},
		}},
		{"an unknown scope", Choice{Source: "flow", Options: []string{"flow.run.failed"}, Scope: Scope{Kind: "mine", IDs: []string{"1"}}}, []fault.Fault{
			{Path: "scope.kind", Text: `"mine" is not a scope; choose one of ` + kinds},
		}},
		{"members of another kind", Choice{Source: "flow", Options: []string{"flow.run.failed"}, Scope: Scope{Kind: AllInWorkspace, IDs: []string{"1"}, Prefix: "a"}}, []fault.Fault{
			{Path: "scope.ids", Text: "belongs to the kinds objects, creators and resourceQuota; leave it out"},
			{Path: "scope.prefix", Text: "belongs to the kind namePrefix; leave it out"},
		}},
		{"ids", Choice{Source: "flow", Options: []string{"flow.run.failed"}, Scope: Scope{Kind: Objects, IDs: []string{"a", "", "a", " b", "c\n", strings.Repeat("中", 43), "\xff"}}}, []fault.Fault{
			{Path: "scope.ids[1]", Text: "is empty; give a value or leave it out"},
			{Path: "scope.ids[2]", Text: `"a" appears twice; leave it out here`},
			{Path: "scope.ids[3]", Text: "begins or ends with a blank; leave it out"},
			{Path: "scope.ids[4]", Text: "has a control character; leave it out"},
			{Path: "scope.ids[5]", Text: "has 129 bytes; at most 128"},
			{Path: "scope.ids[6]", Text: "is not UTF-8"},
		}},
		{"too many ids", Choice{Source: "flow", Options: []string{"flow.run.failed"}, Scope: Scope{Kind: Creators, IDs: many}}, []fault.Fault{
			{Path: "scope.ids", Text: "has 51 ids; at most 50 fit into a rule, make another one for the rest"},
		}},
		{"no prefix", Choice{Source: "flow", Options: []string{"flow.run.failed"}, Scope: Scope{Kind: NamePrefix}}, []fault.Fault{
			{Path: "scope.prefix", Text: "is missing; give the beginning of the names, or choose allInWorkspace"},
		}},
		{"a long prefix", Choice{Source: "flow", Options: []string{"flow.run.failed"}, Scope: Scope{Kind: NamePrefix, Prefix: strings.Repeat("a", 129)}}, []fault.Fault{
			{Path: "scope.prefix", Text: "has 129 bytes; at most 128"},
		}},
		{"nobody", Choice{Source: "flow", Options: []string{"flow.run.failed"}, Scope: Scope{Kind: CreatedByMe}}, []fault.Fault{
			{Path: "scope.kind", Text: `createdByMe needs your PAI user id, and the API key in use carries none; use a key that has "paiUser", or choose creators and give your user id`},
		}},
		{"an odd user", Choice{Source: "flow", Options: []string{"flow.run.failed"}, Scope: Scope{Kind: CreatedByMe}, PAIUser: "1\t"}, []fault.Fault{
			{Path: "paiUser", Text: "has a control character; leave it out"},
		}},
	} {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			c := load(t)
			faults := c.Check(r.choice)
			got := fault.List(faults)
			if diff := cmp.Diff(r.want, got, cmpopts.IgnoreFields(fault.Fault{}, "ZH")); diff != "" {
				t.Errorf("faults (-want +got):\n%s", diff)
			}
			for _, f := range got {
				if f.ZH == "" || f.ZH == f.Text {
					t.Errorf("%s is not told in Chinese: %q", f.Path, f.ZH)
				}
			}
			if _, err := c.Pattern(r.choice); err == nil {
				t.Error("a pattern is made of it")
			}
		})
	}
}

func TestFaultsDoNotRepeatLongText(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("长", 100_000)
	for _, f := range fault.List(load(t).Check(Choice{Source: long, Options: []string{long}, Scope: Scope{Kind: long}})) {
		if len(f.Text) > 500 || !strings.Contains(f.Text, "…") || len(f.ZH) > 500 {
			t.Errorf("%s: %d bytes, %d in Chinese", f.Path, len(f.Text), len(f.ZH))
		}
	}
}

func TestManyValuesOfOneFieldAreWarnedOf(t *testing.T) {
	t.Parallel()
	c := load(t)
	choice := Choice{
		Source:  "dlc",
		Options: []string{"dlc.job.queued", "dlc.job.running", "dlc.job.finished", "dlc.job.failed", "dlc.job.preempted"},
		Scope:   Scope{Kind: Creators, IDs: []string{"1", "2", "3", "4", "5"}},
	}
	if got := c.Warnings(choice); len(got) != 0 {
		t.Errorf("five types and ids: %v", got)
	}
	choice.Options = append(choice.Options, "dlc.job.bidding")
	choice.Scope.IDs = append(choice.Scope.IDs, "6")
	got := c.Warnings(choice)
	if len(got) != 2 || got[0].Path != "options" || got[1].Path != "scope.ids" || !strings.Contains(got[0].Text, "make two rules") {
		t.Errorf("six types and ids: %v", got)
	}
}

// Whatever a user writes is either refused or makes a pattern that compiles, the same each time.
func TestAChoiceWithoutFaultsAlwaysMakesAPattern(t *testing.T) {
	t.Parallel()
	c := load(t)
	var options []string
	for _, s := range c.Sources {
		for _, o := range s.Options {
			options = append(options, o.ID)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"a", "2000", `"<>&\`, "${data}", "$.x"}))
		choice := Choice{
			Source:  rapid.SampledFrom([]string{"dlc", "flow", "dsw", "model"}).Draw(t, "source"),
			Options: rapid.SliceOfN(rapid.SampledFrom(options), 1, 2).Draw(t, "options"),
			PAIUser: text.Draw(t, "user"),
		}
		choice.Scope.Kind = rapid.SampledFrom(scopeKinds()).Draw(t, "kind")
		switch member, _ := needs(choice.Scope.Kind); member {
		case "ids":
			choice.Scope.IDs = rapid.SliceOfN(text, 0, MaxIDs).Draw(t, "ids")
		case "prefix":
			choice.Scope.Prefix = text.Draw(t, "prefix")
		}
		faults := c.Check(choice)
		made, err := c.Pattern(choice)
		if (err == nil) != (faults.Len() == 0) {
			t.Fatalf("Check(%+v) = %v, Pattern = %s, %v", choice, faults, made, err)
		}
		if err != nil {
			return
		}
		if _, err := pattern.Compile(made); err != nil {
			t.Fatalf("Pattern(%+v) = %s: %v", choice, made, err)
		}
		if again, _ := c.Pattern(choice); again != made {
			t.Fatalf("Pattern(%+v) = %s, then %s", choice, made, again)
		}
	})
}

func TestTheLargestChoiceFits(t *testing.T) {
	t.Parallel()
	c := load(t)
	s, _ := c.Source("dlc")
	choice := Choice{Source: "dlc", Scope: Scope{Kind: Objects}}
	for _, o := range s.Options {
		choice.Options = append(choice.Options, o.ID)
	}
	for i := range MaxIDs {
		choice.Scope.IDs = append(choice.Scope.IDs, strings.Repeat(`"`, MaxValue-2)+fmt.Sprintf("%02d", i))
	}
	if _, text := compile(t, c, choice); len(text) > pattern.MaxBytes {
		t.Errorf("%d bytes", len(text))
	}
}
