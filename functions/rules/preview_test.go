package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"pai-notify/shared/catalog/sample"
	"pai-notify/shared/database"
	"pai-notify/shared/event"
)

func (h *harness) preview(draft object, query string) Preview {
	h.t.Helper()
	var p Preview
	h.ask("POST", rules+":preview"+query, draft).must(http.StatusOK).into(&p)
	return p
}

// see lets an event pass on the workspace's bus.
func (h *harness) see(raw string) {
	h.t.Helper()
	e, err := event.Parse([]byte(raw))
	if err != nil {
		h.t.Fatal(err)
	}
	h.step()
	if err := h.sightings.Record(h.t.Context(), "pai-system-nlp_train", e, nil); err != nil {
		h.t.Fatal(err)
	}
}

func TestEachSampleMatchesThePreviewsOfItsOptions(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	var choices Choices
	h.ask("GET", "/catalog", nil).must(http.StatusOK).into(&choices)
	samples := map[string]sample.Sample{}
	for _, s := range sample.All() {
		samples[s.Name] = s
	}
	for _, source := range choices.Sources {
		for _, option := range source.Options {
			r := draft("x1", dingtalk("ops"))
			r["event"] = object{"source": source.ID, "options": []string{option.ID}, "scope": object{"kind": "allInWorkspace"}}
			p := h.preview(r, "")
			if len(p.Faults) > 0 || len(p.Events) != len(samples) {
				t.Fatalf("%s: faults %v, %d events", option.ID, p.Faults, len(p.Events))
			}
			for _, e := range p.Events {
				if want := slices.Contains(samples[e.Name].ExpectOptions, option.ID); e.Matches != want || e.Matches != (e.Mismatch == nil) {
					t.Errorf("%s matches %s: %v (%v), want %v", option.ID, e.Name, e.Matches, e.Mismatch, want)
				}
			}
		}
	}
}

func TestAPreviewTellsEachTargetInItsLanguageAndSavesNothing(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	zh, en := dingtalk("zh"), dingtalk("en")
	zh["language"], en["language"] = "zh", "en"
	bare := object{"id": "bare", "channel": "wecom"} // its webhook is not written yet
	p := h.preview(draft("nightly", zh, en, bare, object{"id": "no", "channel": "pigeon"}), "?event=dlc-failed-oom")
	if p.Told == nil || *p.Told != (Told{Sample, "dlc-failed-oom"}) || p.Units != 4 || p.MaxUnits != 5 || !strings.Contains(p.Pattern, "Failed") {
		t.Fatalf("preview = %+v", p)
	}
	var paths []string
	for _, f := range p.Faults {
		paths = append(paths, f.Path)
	}
	if fmt.Sprint(paths) != "[targets[2].settings.webhook targets[3].channel]" {
		t.Errorf("faults at %v", paths)
	}
	if len(p.Messages) != 4 {
		t.Fatalf("%d messages", len(p.Messages))
	}
	for i, want := range []struct {
		language, title string
		limit           int
	}{{"zh", "失败", 20_000}, {"en", "ailed", 20_000}, {"zh", "失败", 4096}, {"zh", "失败", 0}} {
		m := p.Messages[i]
		if m.Language != want.language || !strings.Contains(m.Title, want.title) || len(m.Facts) < 3 || m.Severity != "error" ||
			!strings.HasPrefix(m.Link, "https://") {
			t.Errorf("message of %s = %+v", m.Target, m)
		}
		if m.MaxBytes != want.limit || (m.Bytes > 0) != (want.limit > 0) || m.Bytes > 20_000 {
			t.Errorf("message of %s has %d of %d bytes", m.Target, m.Bytes, m.MaxBytes)
		}
	}
	h.ask("GET", rules+"/nightly", nil).must(http.StatusNotFound)
	h.ask("POST", rules+":preview?event=no-such", draft("nightly", zh)).faultAt("query.event")
	h.ask("POST", rules+":preview", changed(draft("nightly", zh), "red", "colour")).faultAt("colour")
}

func TestAPreviewTriesTheNewestEventsOfTheWorkspaceFirst(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	one := func(id, kind, job, extra string) string {
		return `{"id":"` + id + `","source":"acs.paidlc","specversion":"1.0","type":"paidlc:Job:` + kind +
			`","aliyuneventbusname":"pai-system-nlp_train","data":{"jobId":"` + job + `","displayName":"` + job + `","status":"` + kind + `"` + extra + `}}`
	}
	failed := sampleType(t, "dlc-failed-oom")
	h.see(strings.Replace(one("e1", "X", "mine", ""), "paidlc:Job:X", failed, 1))
	h.see(strings.Replace(one("e2", "X", "other", ""), "paidlc:Job:X", failed, 1))
	h.see(strings.Replace(one("e3", "X", "huge", `,"log":"`+strings.Repeat("x", 200<<10)+`"`), "paidlc:Job:X", failed, 1)) // too large to keep
	r := changed(draft("nightly", dingtalk("ops")), object{"kind": "objects", "ids": []string{"mine"}}, "event", "scope")
	p := h.preview(r, "")
	if p.Told == nil || *p.Told != (Told{Recent, "e1"}) || len(p.Messages) != 1 || !strings.Contains(p.Messages[0].Title, "mine") {
		t.Fatalf("told %+v, messages %+v", p.Told, p.Messages)
	}
	if p.Events[0].Name != "e2" || p.Events[0].Matches || p.Events[0].Mismatch.Path != "data.jobId" || p.Events[0].Mismatch.Got != `"other"` {
		t.Errorf("first event = %+v (%v), want e2, kept from matching by data.jobId", p.Events[0], p.Events[0].Mismatch)
	}
	if p.Events[1].Name != "e1" || !p.Events[1].Matches || p.Events[1].Seen.IsZero() || p.Events[2].Origin != Sample {
		t.Errorf("events = %+v", p.Events[:3])
	}
	// Where only the scope keeps every event away, a message is shown all the same.
	nobody := changed(draft("nightly", dingtalk("ops")), object{"kind": "objects", "ids": []string{"nobody's"}}, "event", "scope")
	if p := h.preview(nobody, ""); p.Told == nil || *p.Told != (Told{Recent, "e2"}) || len(p.Messages) != 1 {
		t.Errorf("told %+v", p.Told)
	}
}

func sampleType(t *testing.T, name string) string {
	t.Helper()
	s, ok := sample.Named(name)
	if !ok {
		t.Fatalf("no sample %s", name)
	}
	var e struct{ Type string }
	if err := json.Unmarshal(s.Event, &e); err != nil {
		t.Fatal(err)
	}
	return e.Type
}

func TestAPreviewOfASavedRuleKeepsItsSecretsAndItsAuthor(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	mine := changed(draft("mine", dingtalk("ops")), object{"kind": "createdByMe"}, "event", "scope")
	saved := h.ask("POST", rules, mine).must(http.StatusCreated).rule()
	h.may("admin", "[]", "")
	var p Preview
	h.ask("POST", rules+":preview", saved).must(http.StatusOK).into(&p)
	if len(p.Faults) > 0 || !strings.Contains(p.Pattern, author) {
		t.Errorf("faults %v, pattern %s", p.Faults, p.Pattern)
	}
	saved.Name = "unsaved"
	h.ask("POST", rules+":preview", saved).must(http.StatusOK).into(&p)
	if len(p.Faults) != 2 {
		t.Errorf("faults of a copy = %v, want the webhook and the author", p.Faults)
	}
}

func TestAnEventAtFaultHasNoPatternAndNoMessages(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	p := h.preview(object{}, "")
	if p.Pattern != "" || p.Told != nil || len(p.Messages) > 0 || len(p.Events) > 0 || len(p.Faults) < 4 || p.Warnings == nil {
		t.Errorf("preview of nothing = %+v", p)
	}
	ids := []string{"a", "b", "c", "d", "e", "f"}
	wide := changed(draft("nightly", dingtalk("ops")), object{"kind": "objects", "ids": ids}, "event", "scope")
	if p := h.preview(wide, ""); len(p.Warnings) != 1 || p.Warnings[0].Path != "event.scope.ids" || len(p.Faults) > 0 {
		t.Errorf("warnings %v, faults %v", p.Warnings, p.Faults)
	}
	if r := h.ask("POST", rules, wide).must(http.StatusCreated).rule(); len(r.Warnings) != 1 {
		t.Errorf("the saved rule warns of %v", r.Warnings)
	}
}

func TestTheCatalogueTellsAllThatCanBeChosen(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	var c Choices
	answer := h.ask("GET", "/catalog", nil).must(http.StatusOK)
	answer.into(&c)
	if len(c.Sources) != 5 || len(c.Channels) < 4 || c.Limits.Units != 5 || c.Limits.MaxUnits != 100 || c.Limits.Description != 256 {
		t.Fatalf("catalogue = %s", answer.text)
	}
	for _, s := range c.Sources {
		if s.Label["en"] == "" || s.Label["zh"] == "" || len(s.Scopes) < 2 || len(s.Options) == 0 || len(s.Groups) == 0 {
			t.Errorf("source %s lacks something", s.ID)
		}
		for _, o := range s.Options {
			if o.Label["en"] == "" || o.Label["zh"] == "" || o.Group == "" || o.Severity == "" {
				t.Errorf("option %s lacks something", o.ID)
			}
		}
	}
	for _, f := range c.Words.Fields {
		if f.Label["en"] == "" || f.Label["zh"] == "" || !slices.Contains(c.Words.Placeholders, f.Name) {
			t.Errorf("field %+v lacks something", f)
		}
	}
	if len(c.Words.Fields) < 20 || len(c.Words.Placeholders) <= len(c.Words.Fields) {
		t.Errorf("words %+v", c.Words)
	}
	checks := map[string]bool{}
	for _, channel := range c.Channels {
		checks[channel.Name] = channel.SilentCheck
		for _, f := range channel.Fields {
			if f.Label["en"] == "" || f.Label["zh"] == "" {
				t.Errorf("field %s of %s lacks a label", f.Name, channel.Name)
			}
		}
		if channel.Name == "webhook" && !slices.Equal(channel.Sources, []string{"model"}) {
			t.Errorf("webhook is for %v", channel.Sources)
		}
	}
	if !checks["dingtalk"] || !checks["lark"] || checks["wecom"] || checks["webhook"] {
		t.Errorf("silent checks: %v", checks)
	}
	// An override shows without a restart, and one that this release does not understand is logged and left out.
	settings := database.DefaultSettings()
	settings.CatalogOverride = "sources:\n  dlc:\n    label: {en: Renamed}\n"
	if err := h.db.SaveSettings(t.Context(), settings); err != nil {
		t.Fatal(err)
	}
	if text := h.ask("GET", "/catalog", nil).must(http.StatusOK).text; !strings.Contains(text, "Renamed") {
		t.Error("the override does not show")
	}
	settings.CatalogOverride = "sources: 7"
	if err := h.db.SaveSettings(t.Context(), settings); err != nil {
		t.Fatal(err)
	}
	if text := h.ask("GET", "/catalog", nil).must(http.StatusOK).text; text != answer.text {
		t.Errorf("under a faulty override the catalogue is %s", text)
	}
	if !strings.Contains(h.log.String(), "override not used") {
		t.Error("the log does not tell of the faulty override")
	}
}

func TestAPreviewSaysWhatIsTooLargeForEventBridge(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	ids := make([]string, 50)
	for i := range ids {
		ids[i] = fmt.Sprintf("%03d", i)
	}
	p := h.preview(changed(draft("nightly", dingtalk("ops")), object{"kind": "objects", "ids": wide(ids)}, "event", "scope"), "")
	if len(p.Faults) != 1 || p.Faults[0].Path != "targets[0]" || !strings.Contains(p.Faults[0].Message, "10240") {
		t.Errorf("faults = %v", p.Faults)
	}
}
