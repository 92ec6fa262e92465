package catalog

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pai-notify/shared/catalog/sample"
	"pai-notify/shared/event"
	"pai-notify/shared/pattern"
)

func load(tb testing.TB) *Catalog {
	tb.Helper()
	c, err := Load()
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

func read(t *testing.T, name string, into any) {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

func parse(tb testing.TB, s sample.Sample) event.Event {
	tb.Helper()
	e, err := event.Parse(s.Event)
	if err != nil {
		tb.Fatalf("%s: %v", s.Name, err)
	}
	return e
}

func compile(t *testing.T, c *Catalog, choice Choice) (*pattern.Pattern, string) {
	t.Helper()
	text, err := c.Pattern(choice)
	if err != nil {
		t.Fatal(err)
	}
	p, err := pattern.Compile(text)
	if err != nil {
		t.Fatalf("Compile(%s): %v", text, err)
	}
	return p, text
}

func TestEveryOptionOfTheProductIsThereInItsWords(t *testing.T) {
	t.Parallel()
	type option struct {
		ID, Source, Group, EN, ZH string
		Types                     []string
	}
	var want, got []option
	read(t, "testdata/options.json", &want)
	c := load(t)
	for i, s := range c.Sources {
		for _, o := range s.Options {
			got = append(got, option{o.ID, s.ID, o.Group, o.Label["en"], o.Label["zh"], c.origins[i].types[o.ID]})
		}
	}
	byID := func(a, b option) int { return strings.Compare(a.ID, b.ID) }
	slices.SortFunc(want, byID)
	slices.SortFunc(got, byID)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("options (-want +got):\n%s", diff)
	}
}

func TestEverySampleMatchesExactlyItsOptions(t *testing.T) {
	t.Parallel()
	c := load(t)
	patterns := map[string]*pattern.Pattern{}
	for _, s := range c.Sources {
		for _, o := range s.Options {
			patterns[o.ID], _ = compile(t, c, Choice{Source: s.ID, Options: []string{o.ID}, Scope: Scope{Kind: AllInWorkspace}})
		}
	}
	covered := map[string]bool{}
	for _, s := range sample.All() {
		var got []string
		for id, p := range patterns {
			if p.Match(s.Event) {
				got = append(got, id)
				covered[id] = true
			}
		}
		slices.Sort(got)
		want := slices.Sorted(slices.Values(s.ExpectOptions))
		if !slices.Equal(got, want) {
			t.Errorf("%s matches %v, want %v", s.Name, got, want)
		}
		of := slices.Sorted(slices.Values(c.OptionsOf(parse(t, s))))
		if !slices.Equal(of, want) {
			t.Errorf("OptionsOf(%s) = %v, want %v", s.Name, of, want)
		}
	}
	for id := range patterns {
		if !covered[id] {
			t.Errorf("no sample for option %s", id)
		}
	}
}

func TestEveryRuleExampleMakesItsPatternAndMatchesItsSamples(t *testing.T) {
	t.Parallel()
	var rules []struct {
		Name          string
		Choice        Choice
		Pattern       json.RawMessage
		ExpectMatches []string
	}
	read(t, "testdata/rules.json", &rules)
	if len(rules) < 5 {
		t.Fatalf("only %d rules", len(rules))
	}
	c := load(t)
	for _, r := range rules {
		p, text := compile(t, c, r.Choice)
		var got, want any
		if err := json.Unmarshal([]byte(text), &got); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(r.Pattern, &want); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("pattern of %s (-want +got):\n%s", r.Name, diff)
		}
		var matched []string
		for _, s := range sample.All() {
			if p.Match(s.Event) {
				matched = append(matched, s.Name)
			}
		}
		if diff := cmp.Diff(r.ExpectMatches, matched); diff != "" {
			t.Errorf("samples that match %s (-want +got):\n%s", r.Name, diff)
		}
	}
}

func TestEveryScopeNarrowsToItsField(t *testing.T) {
	t.Parallel()
	c := load(t)
	for _, r := range []struct {
		choice Choice
		want   string
	}{
		{
			Choice{Source: "dlc", Options: []string{"dlc.job.failed"}, Scope: Scope{Kind: AllInWorkspace}},
			`{"source":["acs.paidlc"],"type":["paidlc:Job:Failed"]}`,
		},
		{
			Choice{Source: "dsw", Options: []string{"dsw.instance.failed"}, Scope: Scope{Kind: CreatedByMe}, PAIUser: "2"},
			`{"source":["acs.paidsw"],"type":["paidsw:Instance:Failed"],"data":{"userId":["2"]}}`,
		},
		{
			Choice{Source: "flow", Options: []string{"flow.run.failed"}, Scope: Scope{Kind: Objects, IDs: []string{"p2", "p1"}}},
			`{"source":["acs.paiflow"],"type":["paiflow:PipelineRun:Failed"],"data":{"pipelineId":["p2","p1"]}}`,
		},
		{
			Choice{Source: "model", Options: []string{"model.version.statusChanged"}, Scope: Scope{Kind: Creators, IDs: []string{"3"}}},
			`{"source":["acs.aiworkspace"],"type":["aiworkspace:ModelVersion:Approved","aiworkspace:ModelVersion:Rejected"],"data":{"userId":["3"]}}`,
		},
		{
			Choice{Source: "model", Options: []string{"model.version.approved"}, Scope: Scope{Kind: NamePrefix, Prefix: `<"模型`}},
			`{"source":["acs.aiworkspace"],"type":["aiworkspace:ModelVersion:Approved"],"data":{"modelName":[{"prefix":"<\"模型"}]}}`,
		},
		{
			Choice{Source: "dlc", Options: []string{"dlc.job.finished", "dlc.job.failed"}, Scope: Scope{Kind: ResourceQuota, IDs: []string{"${data}", "$.x"}}},
			`{"source":["acs.paidlc"],"type":["paidlc:Job:Succeeded","paidlc:Job:Failed"],"data":{"resourceQuotaId":["${data}","$.x"]}}`,
		},
	} {
		for range 3 {
			if _, got := compile(t, c, r.choice); got != r.want {
				t.Errorf("Pattern(%+v)\n got %s\nwant %s", r.choice, got, r.want)
			}
		}
	}
	if text, err := c.Pattern(Choice{Source: "dlc"}); err == nil {
		t.Errorf("a choice with faults makes the pattern %s", text)
	}
}

func TestLookUpsGiveWhatIsThere(t *testing.T) {
	t.Parallel()
	c := load(t)
	if s, ok := c.Source("dlc"); !ok || s.ID != "dlc" || len(s.Scopes) != 6 || len(s.Options) != 15 {
		t.Errorf("Source(dlc) = %+v, %v", s, ok)
	}
	if s, ok := c.Source("eas"); ok {
		t.Errorf("Source(eas) = %+v", s)
	}
	o, s, ok := c.Option("dlc.job.timeout.wait")
	if !ok || s.ID != "dlc" || o.Severity != "warning" || !strings.Contains(o.Hint["en"], "Scheduling Configuration") || o.Hint["zh"] == "" {
		t.Errorf("Option(dlc.job.timeout.wait) = %+v of %s, %v", o, s.ID, ok)
	}
	if o, _, _ := c.Option("dlc.job.finished"); o.Severity != "error" {
		t.Errorf("an option that includes failures has the severity %s, want error", o.Severity)
	}
	if _, _, ok := c.Option("nope"); ok {
		t.Error("there is an option nope")
	}
	if got := c.Bus("nlp_train"); got != "pai-system-nlp_train" {
		t.Errorf("Bus = %s", got)
	}
	if w, ok := c.Workspace("pai-system-nlp_train"); !ok || w != "nlp_train" {
		t.Errorf("Workspace = %s, %v", w, ok)
	}
	for _, bus := range []string{"", "default", "pai-system-", "my-pai-system-x"} {
		if w, ok := c.Workspace(bus); ok {
			t.Errorf("Workspace(%s) = %s", bus, w)
		}
	}
}

func TestTheCatalogueAsJSONIsWhatAPageNeeds(t *testing.T) {
	t.Parallel()
	c := load(t)
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Sources []struct {
			ID            string
			Label, Kind   map[string]string
			Groups        []struct{ ID string }
			Options       []struct{ ID, Group, Severity string }
			Scopes        []struct{ Kind, Needs string }
			Internal, Bus any
		}
	}
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	needs := map[string]string{}
	for _, s := range got.Sources {
		if s.Label["en"] == "" || s.Label["zh"] == "" || s.Kind["en"] == "" || len(s.Groups) == 0 || len(s.Options) == 0 {
			t.Errorf("source %s lacks something: %+v", s.ID, s)
		}
		for _, k := range s.Scopes {
			needs[k.Kind] = k.Needs
		}
	}
	want := map[string]string{
		AllInWorkspace: "", CreatedByMe: "paiUser", Objects: "ids", Creators: "ids", NamePrefix: "prefix", ResourceQuota: "ids",
	}
	if diff := cmp.Diff(want, needs); diff != "" {
		t.Errorf("what scopes need (-want +got):\n%s", diff)
	}
	if strings.Contains(string(text), "paidlc") {
		t.Error("the catalogue shows users the words of PAI's events")
	}
}

func TestEveryTextIsInBothLanguages(t *testing.T) {
	t.Parallel()
	both := func(what string, text event.Text) {
		if text["en"] == "" || text["zh"] == "" {
			t.Errorf("%s is %v", what, text)
		}
	}
	c := load(t)
	for i, s := range c.Sources {
		both(s.ID, s.Label)
		both(s.ID+" kind", s.Kind)
		for _, g := range s.Groups {
			both(g.ID, g.Label)
		}
		for _, k := range s.Scopes {
			both(k.Kind, k.Label)
		}
		for _, o := range s.Options {
			both(o.ID, o.Label)
			if len(o.Hint) > 0 {
				both(o.ID+" hint", o.Hint)
			}
		}
		for name, k := range c.origins[i].kinds {
			both(name, k.outcome)
		}
	}
}

func TestUnknownTellsWhatIsNew(t *testing.T) {
	t.Parallel()
	c := load(t)
	for text, want := range map[string]Unknown{
		`{"source":"acs.paidlc","type":"paidlc:Job:Failed","data":{"jobId":"1","settings":{}}}`:             {},
		`{"source":"acs.paidlc","type":"paidlc:Job:Hibernating","data":{"zz":1,"jobId":"1","aa":2,"zz":3}}`: {Type: "paidlc:Job:Hibernating", Fields: []string{"aa", "zz"}},
		`{"source":"acs.new","type":"new:X","data":{"a":1}}`:                                                {Source: "acs.new", Type: "new:X"},
		`{"source":"acs.paidlc","type":"paidlc:Job:Failed","data":"{\"novel\":1}"}`:                         {Fields: []string{"novel"}},
		`{"source":"acs.paidlc","type":"paidlc:Job:Failed"}`:                                                {},
		`{"source":"acs.paidlc","type":"paidlc:Job:Failed","data":[1]}`:                                     {},
	} {
		e, err := event.Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		got := c.Unknown(e)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("Unknown(%s) (-want +got):\n%s", text, diff)
		}
	}
	for _, s := range sample.All() {
		e := parse(t, s)
		u := c.Unknown(e)
		if len(u.Fields) > 0 || u.Source != "" || u.Type != "" && s.Name != "edge-unknown-status" {
			t.Errorf("Unknown(%s) = %+v", s.Name, u)
		}
	}
}
