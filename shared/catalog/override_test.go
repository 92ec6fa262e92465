package catalog

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pai-notify/shared/event"
)

// What an operator does after the first real event has been seen.
func TestAnOverrideMapsRealEventsWithoutARebuild(t *testing.T) {
	t.Parallel()
	base := load(t)
	c, err := base.Override([]byte(`
sources:
  dlc:
    sources: [acs.pai, acs.paidlc]
    fields:
      id: ["job.ids[0]", jobId]
      duration: [job.ms ms]
    events:
      failed:
        types: ["pai:dlc:JobFailed"]
        severity: warning
      stopping: ~
    options:
      dlc.job.failed: {hint: {en: Mind the gap., zh: 小心。}}
      dlc.job.stopped: {group: other, events: [stoppedByUser], label: {en: Stopped}}
  flow:
    sources: [acs.pai]
    scopes: {namePrefix: ~}
  model: ~
`))
	if err != nil {
		t.Fatal(err)
	}
	_, text := compile(t, c, Choice{Source: "dlc", Options: []string{"dlc.job.finished"}, Scope: Scope{Kind: AllInWorkspace}})
	if want := `{"source":["acs.pai","acs.paidlc"],"type":["paidlc:Job:Succeeded","pai:dlc:JobFailed"]}`; text != want {
		t.Errorf("pattern = %s, want %s", text, want)
	}
	e, err := event.Parse([]byte(`{"source":"acs.pai","type":"pai:dlc:JobFailed","data":{"job":{"ids":["j1"],"ms":1500},"displayName":"n"}}`))
	if err != nil {
		t.Fatal(err)
	}
	v := c.View(e)
	if v.Source != "dlc" || v.ID != "j1" || v.Name != "n" || v.Duration.Milliseconds() != 1500 || v.Severity != event.Warning || !v.Failing ||
		v.Outcome["zh"] != "任务失败" {
		t.Errorf("view = %+v", v)
	}
	if got := c.OptionsOf(e); !slices.Equal(got, []string{"dlc.job.failed", "dlc.job.finished"}) {
		t.Errorf("OptionsOf = %v", got)
	}
	shared := event.Event{Source: "acs.pai", Type: "paiflow:PipelineRun:Failed"}
	if v := c.View(shared); v.Source != "flow" {
		t.Errorf("an event of a shared source is of %q, want flow", v.Source)
	}
	shared.Type = "novel"
	if got, want := c.Unknown(shared), (Unknown{Type: "novel"}); c.View(shared).Known || !cmp.Equal(got, want) {
		t.Errorf("Unknown = %+v, want %+v", got, want)
	}
	if o, _, _ := c.Option("dlc.job.failed"); o.Hint["en"] != "Mind the gap." || o.Label["en"] != "Job Fails" {
		t.Errorf("option = %+v", o)
	}
	if _, ok := c.Source("model"); ok {
		t.Error("a removed source is still there")
	}
	if s, _ := c.Source("flow"); slices.ContainsFunc(s.Scopes, func(k ScopeKind) bool { return k.Kind == NamePrefix }) {
		t.Error("a removed scope is still there")
	}
	again, err := c.Override([]byte(`sources: {dlc: {sources: [acs.again]}}`))
	if err != nil {
		t.Fatal(err)
	}
	if v := again.View(event.Event{Source: "acs.again", Type: "pai:dlc:JobFailed"}); !v.Known {
		t.Error("a second override forgets the first")
	}
	if v := base.View(e); v.Known {
		t.Error("an override changed the catalogue it was laid over")
	}
}

func TestAnEmptyOverrideChangesNothing(t *testing.T) {
	t.Parallel()
	base := load(t)
	for _, text := range []string{"", "# nothing yet\n", "sources: {}\n", "sources:\n", "~", "---\n", " \n\n"} {
		c, err := base.Override([]byte(text))
		if err != nil {
			t.Errorf("Override(%q): %v", text, err)
			continue
		}
		if diff := cmp.Diff(base.Sources, c.Sources); diff != "" {
			t.Errorf("Override(%q) changed (-base +got):\n%s", text, diff)
		}
	}
}

func TestFaultsOfAnOverrideNameTheirLine(t *testing.T) {
	t.Parallel()
	for _, r := range []struct{ name, text, want string }{
		{"no YAML", "sources:\n\t- x", "line 2: found character '\t' that cannot start any token"},
		{"an unknown member", "sources:\n  dlc:\n    fild: {}", `line 3: unknown field "fild"`},
		{"an unknown member deep down", "sources:\n  dlc:\n    events:\n      failed:\n        type: [a]", `line 5: unknown field "type"`},
		{"an unknown language", "sources:\n  dlc:\n    label: {de: Hallo}", `line 3: unknown field "de"`},
		{"a list for a mapping", "sources: [dlc]", "line 1: "},
		{"a text for a list", "sources:\n  dlc:\n    sources: acs", "line 3: "},
		{"a key twice", "sources:\n  dlc: {}\n  dlc: {}", "line 3: "},
		{"an alias", "sources:\n  dlc: &a {}\n  flow: *a", "line 3: "},
		{"an unknown field of a view", "sources:\n  dlc:\n    fields:\n      title: [a]", "line 4: sources.dlc.fields.title: is no field; known are accessibility, "},
		{"a bad path", "sources:\n  dlc:\n    fields:\n      id:\n        - a..b", `line 4: sources.dlc.fields.id[0]: path "a..b" has an empty member name`},
		{"a bad index", "sources:\n  dlc:\n    extra: {x: ['a[1x]']}", `line 3: sources.dlc.extra.x[0]: path "a[1x]": want an index from 0 to 255`},
		{"a huge index", "sources:\n  dlc:\n    extra: {x: ['a[9999]']}", `line 3: sources.dlc.extra.x[0]: path "a[9999]": want an index from 0 to 255`},
		{"an open index", "sources:\n  dlc:\n    extra: {x: ['a[']}", `line 3: sources.dlc.extra.x[0]: path "a[" has "[" without "]"`},
		{"text after an index", "sources:\n  dlc:\n    extra: {x: ['a[0]b']}", `line 3: sources.dlc.extra.x[0]: path "a[0]b": want a dot after an index`},
		{"a unit of a text", "sources:\n  dlc:\n    fields: {id: [a ms]}", `line 3: sources.dlc.fields.id[0]: "a ms" has a unit; only time spans have`},
		{"an unknown unit", "sources:\n  dlc:\n    fields: {duration: [a weeks]}", `line 3: sources.dlc.fields.duration[0]: "a weeks": unit "weeks"; want ms, s, m or h`},
		{"two spans", "sources:\n  dlc:\n    fields: {duration: [a/b]}", `line 3: sources.dlc.fields.duration[0]: "a/b" joins two paths; a time span has one`},
		{"no type", "sources:\n  dlc:\n    events:\n      failed: {types: []}", "line 4: sources.dlc.events.failed.types: is empty; name at least one"},
		{"a long type", "sources:\n  dlc:\n    events:\n      failed: {types: [" + strings.Repeat("a", 65) + "]}", "line 4: sources.dlc.events.failed.types[0]: has 65 bytes; EventBridge takes 1 to 64"},
		{"a type twice", "sources:\n  dlc:\n    events:\n      failed: {types: [\"paidlc:Job:Running\"]}", `line 4: sources.dlc.events.failed.types[0]: "paidlc:Job:Running" is a type of event "running" too`},
		{"a type of two sources", "sources:\n  dlc: {sources: [acs.paiflow]}\n  flow:\n    events:\n      failed: {types: [\"paidlc:Job:Failed\"]}",
			`line 5: sources.flow.events.failed.types: "paidlc:Job:Failed" of "acs.paiflow" is a type of source "dlc" too`},
		{"a bad severity", "sources:\n  dlc:\n    events:\n      failed: {severity: fatal}", `line 4: sources.dlc.events.failed.severity: "fatal" is no severity; want info, warning, error`},
		{"an option without events", "sources:\n  dlc:\n    options:\n      new: {group: other, label: {en: New}}", "line 4: sources.dlc.options.new.events: is empty; "},
		{"an option of an unknown event", "sources:\n  dlc:\n    options:\n      dlc.job.failed: {events: [lost]}", `line 4: sources.dlc.options.dlc.job.failed.events[0]: "lost" is none of the source's events: creating, `},
		{"an option of an unknown group", "sources:\n  dlc:\n    options:\n      dlc.job.failed: {group: x}", `line 4: sources.dlc.options.dlc.job.failed.group: "x" is none of the source's groups: jobProgress, `},
		{"an option of two sources", "sources:\n  flow:\n    options:\n      dlc.job.failed: {group: task, events: [failed], label: {en: x}}", `dlc.job.failed: is an option of source "`},
		{"no English", "sources:\n  dlc:\n    options:\n      new: {group: other, events: [failed], label: {zh: 新}}", "line 4: sources.dlc.options.new.label.en: is empty; every text needs at least English"},
		{"an unknown scope", "sources:\n  dlc:\n    scopes:\n      mine: {path: a, label: {en: Mine}}", "line 4: sources.dlc.scopes.mine: is no kind of scope; known are allInWorkspace, "},
		{"a scope in a list", "sources:\n  dlc:\n    scopes:\n      objects: {path: 'a[0]'}", `line 4: sources.dlc.scopes.objects.path: "a[0]" leads into a list, which no event pattern can`},
		{"a raise without values", "sources:\n  dsw:\n    raise:\n      arrears: {values: []}", "line 4: sources.dsw.raise.arrears.values: is empty; "},
		{"a raise of an unknown event", "sources:\n  dsw:\n    raise:\n      arrears: {events: [x]}", `line 4: sources.dsw.raise.arrears.events[0]: "x" is none of the source's events`},
		{"a removed event in use", "sources:\n  dlc:\n    events:\n      failed: ~", `sources.dlc.options.dlc.job.failed.events[0]: "failed" is none of the source's events: `},
		{"no bus", `bus: ""`, "line 1: bus: is empty; "},
		{"deep brackets", "a: 1\n" + strings.Repeat("[", 100), "line 2: brackets nest deeper than 20"},
		{"too long", strings.Repeat("#", maxOverride+1), "16385 bytes are too many; write only what differs, in at most 16384"},
	} {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			c, err := load(t).Override([]byte(r.text))
			var problems Problems
			if !errors.As(err, &problems) || c != nil {
				t.Fatalf("Override = %v, %v; want Problems", c, err)
			}
			if !strings.Contains(err.Error(), r.want) {
				t.Errorf("Override: %v\nwant %s", err, r.want)
			}
		})
	}
}

func TestAllFaultsOfAnOverrideComeAtOnce(t *testing.T) {
	t.Parallel()
	_, err := load(t).Override([]byte("sources:\n  dlc:\n    fields:\n      title: [a]\n      id: [a..b]\n    events:\n      failed: {severity: x}\n"))
	var problems Problems
	if !errors.As(err, &problems) {
		t.Fatal(err)
	}
	var lines []int
	for _, p := range problems {
		lines = append(lines, p.Line)
	}
	slices.Sort(lines)
	if !slices.Equal(slices.Compact(lines), []int{4, 5, 7}) {
		t.Errorf("lines %v of %v", lines, err)
	}
}

func TestAnOverrideThatNestsDeepIsRefusedOrRead(t *testing.T) {
	t.Parallel()
	base := load(t)
	for _, open := range []string{"[", "{a: ", "- ", "? ", "&a "} {
		text := strings.Repeat(open, maxOverride/len(open))
		if c, err := base.Override([]byte(text)); err == nil && len(c.Sources) != len(base.Sources) {
			t.Errorf("%q repeated makes %d sources", open, len(c.Sources))
		}
	}
}

func FuzzOverride(f *testing.F) {
	f.Add("sources:\n  dlc:\n    fields: {id: [a]}\n")
	f.Add("sources: {dlc: {events: {failed: {types: [x]}}}}")
	f.Add("a: &a [*a]")
	f.Add(strings.Repeat("[", 1000))
	f.Add(strings.Repeat("{a: ", 1000))
	base, err := Load()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := base.Override([]byte(text))
		var problems Problems
		if err != nil && (!errors.As(err, &problems) || len(problems) == 0 || c != nil) {
			t.Fatalf("Override(%q) = %v, %v", text, c, err)
		}
		if err == nil {
			c.View(event.Event{Source: "acs.paidlc", Type: "paidlc:Job:Failed", Data: []byte(`{"jobId":"1"}`)})
		}
	})
}

func ExampleCatalog_Override() {
	c, err := Load()
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = c.Override([]byte("sources:\n  dlc:\n    events:\n      failed: {severity: fatal}\n"))
	fmt.Println(err)
	// Output: line 4: sources.dlc.events.failed.severity: "fatal" is no severity; want info, warning, error
}

func ExampleCatalog_Pattern() {
	c, err := Load()
	if err != nil {
		fmt.Println(err)
		return
	}
	text, err := c.Pattern(Choice{
		Source: "dlc", Options: []string{"dlc.job.failed"}, Scope: Scope{Kind: NamePrefix, Prefix: "llm-"},
	})
	fmt.Println(text, err)
	// Output: {"source":["acs.paidlc"],"type":["paidlc:Job:Failed"],"data":{"displayName":[{"prefix":"llm-"}]}} <nil>
}
