package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"pai-notify/shared/catalog/sample"
	"pai-notify/shared/database"
	"pai-notify/shared/pattern"
)

// tenRules are rules of every source and scope.
func tenRules() []object {
	made := []object{}
	add := func(source string, scope object, options ...string) {
		r := draft(fmt.Sprint("r", len(made)), dingtalk("ops"))
		r["event"] = object{"source": source, "options": options, "scope": scope}
		made = append(made, r)
	}
	all := object{"kind": "allInWorkspace"}
	add("dlc", all, "dlc.job.failed")
	add("dlc", all, "dlc.job.finished", "dlc.job.preempted", "dlc.job.timeout.queue")
	add("dlc", object{"kind": "creators", "ids": []string{author, "u2"}}, "dlc.job.running", "dlc.job.failed")
	add("dlc", object{"kind": "namePrefix", "prefix": "llm"}, "dlc.job.failed", "dlc.job.faultTolerance")
	add("dlc", object{"kind": "objects", "ids": []string{"dlc1", "dlc2"}}, "dlc.job.queued")
	add("dlc", object{"kind": "resourceQuota", "ids": []string{"quota1"}}, "dlc.job.envPreparing")
	add("flow", object{"kind": "createdByMe"}, "flow.run.failed", "flow.run.finished")
	add("model", all, "model.version.statusChanged")
	add("dsw", object{"kind": "namePrefix", "prefix": "note"}, "dsw.instance.failed", "dsw.instance.queuing")
	add("delivery", all, "delivery.dead")
	return made
}

// only is the pattern with nothing but its fields up to the one at a path, and whether it alone.
func only(t *testing.T, text, path string, alone bool) *pattern.Pattern {
	t.Helper()
	var whole map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &whole); err != nil {
		t.Fatal(err)
	}
	kept := map[string]json.RawMessage{}
	name, member, _ := strings.Cut(path, ".")
	for _, field := range []string{"source", "type", "data"} { // the catalogue's order
		if field == name {
			if alone {
				kept[field] = whole[field]
			}
			break
		}
		if raw := whole[field]; raw != nil && !alone {
			kept[field] = raw
		}
	}
	if member != "" && alone {
		var data map[string]json.RawMessage
		if err := json.Unmarshal(whole["data"], &data); err != nil || len(data) != 1 {
			t.Fatalf("data of %s: %v; the test knows patterns with one member", text, err)
		}
	}
	raw, err := json.Marshal(kept)
	if err != nil {
		t.Fatal(err)
	}
	p, err := pattern.Compile(string(raw))
	if err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	return p
}

func TestThePreviewExplainsAsTheMatcherMatches(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	samples := sample.All()
	matched, reasons := 0, map[string]int{}
	for _, r := range tenRules() {
		p := h.preview(r, "")
		if p.Pattern == "" || len(p.Events) != len(samples) || len(p.Faults) > 0 {
			t.Fatalf("%v: pattern %q, %d events, faults %v", r["event"], p.Pattern, len(p.Events), p.Faults)
		}
		compiled, err := pattern.Compile(p.Pattern)
		if err != nil {
			t.Fatal(err)
		}
		for i, e := range p.Events {
			raw := samples[i].Event
			if e.Name != samples[i].Name || e.Matches != compiled.Match(raw) || e.Matches != (e.Mismatch == nil) {
				t.Errorf("%s on %s: matches %v (%v), the matcher says %v", p.Pattern, e.Name, e.Matches, e.Mismatch, compiled.Match(raw))
				continue
			}
			if e.Matches {
				matched++
				continue
			}
			// What is said to keep it away does so alone, and all before it does not.
			reasons[e.Mismatch.Path]++
			if only(t, p.Pattern, e.Mismatch.Path, true).Match(raw) {
				t.Errorf("%s on %s: %s is said to keep it away, and fits", p.Pattern, e.Name, e.Mismatch)
			}
			if !only(t, p.Pattern, e.Mismatch.Path, false).Match(raw) {
				t.Errorf("%s on %s: something before %s keeps it away", p.Pattern, e.Name, e.Mismatch.Path)
			}
			if e.Mismatch.Want == "" || e.Mismatch.Got == "" {
				t.Errorf("%s on %s: %+v says too little", p.Pattern, e.Name, *e.Mismatch)
			}
		}
	}
	if matched < 10 || reasons["source"] == 0 || reasons["type"] == 0 || len(reasons) < 4 {
		t.Errorf("%d matches, kept away by %v: the rules try too little", matched, reasons)
	}
}

func TestAPreviewTriesAWeekOfEventsAndTellsOfTheNewest(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	for i := range 70 {
		kind := "paidlc:Job:Failed"
		if i%7 == 0 {
			kind = "paidlc:Job:Running"
		}
		h.pass(fmt.Sprint("e", i), "acs.paidlc", kind, `{"jobId":"j1","displayName":"train"}`)
	}
	p := h.preview(draft("nightly", dingtalk("ops")), "")
	recent := 0
	for _, e := range p.Events {
		if e.Origin == Recent {
			recent++
		}
	}
	if p.Tried != 70 || p.Matched != 60 || recent != 50 || p.MaxRules != 50 {
		t.Errorf("%d tried, %d match, %d told of, %d rules at most", p.Tried, p.Matched, recent, p.MaxRules)
	}
	if p := h.preview(draft("nightly", dingtalk("ops")), "?event=e3"); p.Told == nil || p.Told.Name != "e3" {
		t.Errorf("an older event that is asked for is not told: %+v", p.Told)
	}
	h.ask("POST", rules, draft("one", dingtalk("ops"))).must(http.StatusCreated)
	if p := h.preview(draft("nightly", dingtalk("ops")), ""); p.Rules != 1 {
		t.Errorf("%d rules on the bus, want 1", p.Rules)
	}
}

func TestAPreviewShowsWhatEachChannelWouldSendInEveryLanguage(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.ask("GET", "/catalog", nil).must(http.StatusOK)
	settings := database.DefaultSettings()
	settings.Channels = map[string]map[string]string{
		"sms": {"signName": "训练平台", "templateZh": "SMS_1", "templateEn": "SMS_2"}, "voice": {"templateZh": "TTS_1", "templateEn": "TTS_2"},
		"email": {"from": "pai@example.com"},
	}
	if err := h.db.SaveSettings(t.Context(), settings); err != nil {
		t.Fatal(err)
	}
	secretive := object{"id": "l", "channel": "lark", "settings": object{"webhook": "https://open.larksuite.com/open-apis/bot/v2/hook/" + plantedToken, "secret": plantedSecret}}
	r := draft("nightly", dingtalk("d"), object{"id": "w", "channel": "wecom"}, secretive,
		object{"id": "v", "channel": "voice", "contacts": []string{"nobody"}}, object{"id": "s", "channel": "sms", "contacts": []string{"nobody"}},
		object{"id": "e", "channel": "email", "contacts": []string{"nobody"}})
	p := h.preview(r, "?event=dlc-failed-oom&languages=all")
	if len(p.Messages) != 12 {
		t.Fatalf("%d messages, want six targets in two languages", len(p.Messages))
	}
	for i, m := range p.Messages {
		words := map[string]string{"zh": "失败", "en": "ailed"}[m.Language]
		if m.Language != []string{"en", "zh"}[i%2] || !json.Valid([]byte(m.Body)) || !strings.Contains(m.Body, words) || m.Bytes == 0 || m.Problem != "" {
			t.Errorf("%s in %s: %d bytes, problem %q, body %s", m.Target, m.Language, m.Bytes, m.Problem, m.Body)
		}
		if m.MaxBytes > 0 && m.Channel != "wecom" && m.Channel != "email" && m.Bytes != len(m.Body) {
			t.Errorf("%s: %d bytes, and the body has %d", m.Target, m.Bytes, len(m.Body))
		}
		for _, hidden := range []string{"13800138000", "somebody@example.com", "Signature", "AccessKey", plantedSecret, plantedToken} {
			if strings.Contains(m.Body, hidden) {
				t.Errorf("%s shows %s: %s", m.Target, hidden, m.Body)
			}
		}
	}
	settings.Channels = nil
	if err := h.db.SaveSettings(t.Context(), settings); err != nil {
		t.Fatal(err)
	}
	p = h.preview(r, "?event=dlc-failed-oom")
	if len(p.Messages) != 6 || p.Messages[4].Body != "" || !strings.Contains(p.Messages[4].Problem, "the settings of sms lack") {
		t.Errorf("without settings of SMS the message is %+v", p.Messages[4])
	}
}

func TestAPreviewSaysWhetherItIsQuietNow(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	now := time.Date(2026, 11, 25, 23, 0, 0, 0, time.UTC) // 07:00 in Shanghai
	h.clock = func() time.Time { return now }
	target := dingtalk("ops")
	target["when"] = object{"quiet": []object{{"from": "22:00", "to": "08:00"}}, "pass": "failing", "gapMinutes": 10}
	r := draft("nightly", target)
	r["event"] = object{"source": "dlc", "options": []string{"dlc.job.failed", "dlc.job.running"}, "scope": object{"kind": "allInWorkspace"}}
	eight := now.Add(time.Hour)
	for _, row := range []struct {
		event string
		want  Timing
	}{
		{"dlc-failed-oom", Timing{Quiet: true, Change: eight}},
		{runningSample(t), Timing{Quiet: true, Change: eight, HeldUntil: eight, Gap: 10}},
	} {
		p := h.preview(r, "?event="+row.event)
		if len(p.Messages) != 1 {
			t.Fatalf("%s: %+v", row.event, p)
		}
		if got := p.Messages[0].Timing; got.Quiet != row.want.Quiet || !got.Change.Equal(row.want.Change) || !got.HeldUntil.Equal(row.want.HeldUntil) || got.Gap != row.want.Gap {
			t.Errorf("%s: %+v, want %+v", row.event, got, row.want)
		}
	}
	now = now.Add(2 * time.Hour)
	if got := h.preview(r, "?event="+runningSample(t)).Messages[0].Timing; got.Quiet || !got.HeldUntil.IsZero() || !got.Change.Equal(now.Add(13*time.Hour)) {
		t.Errorf("by day: %+v", got)
	}
	saved := h.ask("POST", rules, r).must(http.StatusCreated).rule()
	if w := saved.Targets[0].When; w.Pass != "failing" || w.GapMinutes != 10 || len(w.Quiet) != 1 || w.Quiet[0].To != "08:00" {
		t.Errorf("saved as %+v", w)
	}
	if again := h.ask("PUT", rules+"/nightly", saved).must(http.StatusOK).rule(); again.Targets[0].When.GapMinutes != 10 {
		t.Errorf("sent back it is %+v", again.Targets[0].When)
	}
	target["when"] = object{"quiet": []object{{"from": "22:00", "to": "22:00"}}, "gapMinutes": -1}
	answer := h.ask("POST", rules, draft("other", target))
	answer.faultAt("targets[0].when.quiet[0].to")
	answer.faultAt("targets[0].when.gapMinutes")
}

// runningSample is the name of a sample of a job that begins to run.
func runningSample(t *testing.T) string {
	t.Helper()
	for _, s := range sample.All() {
		if slices.Contains(s.ExpectOptions, "dlc.job.running") {
			return s.Name
		}
	}
	t.Fatal("no sample")
	return ""
}
