package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"pai-notify/shared/database"
	"pai-notify/shared/event"
	"pai-notify/shared/sighting"
)

// pass lets an event pass on the workspace's bus, as observe would.
func (h *harness) pass(id, source, kind, data string) {
	h.t.Helper()
	raw := `{"id":"` + id + `","source":"` + source + `","specversion":"1.0","type":"` + kind + `","aliyuneventbusname":"pai-system-nlp_train","data":` + data + `}`
	e, err := event.Parse([]byte(raw))
	if err != nil {
		h.t.Fatal(err)
	}
	current, err := h.live.With("")
	if err != nil {
		h.t.Fatal(err)
	}
	u := current.Unknown(e)
	var unknown []sighting.Unknown
	if u.Source != "" {
		unknown = append(unknown, sighting.Unknown{Kind: "source", Name: u.Source})
	}
	if u.Type != "" {
		unknown = append(unknown, sighting.Unknown{Kind: "type", Name: source + " " + u.Type})
	}
	for _, field := range u.Fields {
		unknown = append(unknown, sighting.Unknown{Kind: "field", Name: source + " " + field})
	}
	h.step()
	if err := h.sightings.Record(h.t.Context(), "pai-system-nlp_train", e, unknown); err != nil {
		h.t.Fatal(err)
	}
}

// step moves the clock of recent events, which are in the order of their milliseconds.
func (h *harness) step() {
	before := h.sightings.Now
	h.sightings.Now = func() time.Time { return before().Add(time.Millisecond) }
}

type listed struct {
	Items []RecentEvent
	Next  string
}

func (h *harness) listed(query string) (l listed) {
	h.t.Helper()
	h.ask("GET", "/workspaces/nlp_train/events"+query, nil).must(http.StatusOK).into(&l)
	return l
}

func TestRecentEventsAreListedPageByPage(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	for i := range 5 {
		kind := "paidlc:Job:Failed"
		if i == 2 {
			kind = "paidlc:Job:Flying"
		}
		h.pass(fmt.Sprint("e", i), "acs.paidlc", kind, `{"jobId":"j1","displayName":"train","userId":"`+author+`"}`)
	}
	ids, cursor := []string{}, ""
	for range 5 {
		page := h.listed("?limit=2&cursor=" + url.QueryEscape(cursor))
		for _, e := range page.Items {
			ids = append(ids, e.ID)
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	if len(ids) != 5 || fmt.Sprint(ids) != fmt.Sprint(h.ids("?limit=100")) {
		t.Errorf("pages give %v", ids)
	}
	one := h.listed("?type=paidlc:Job:Flying").Items
	if len(one) != 1 || one[0].Known || one[0].ID != "e2" || one[0].Name != "train" || one[0].Object != "j1" || len(one[0].Options) != 0 {
		t.Fatalf("the event of an unknown type is %+v", one)
	}
	var whole struct{ Data struct{ JobID string } }
	if err := json.Unmarshal(one[0].Event, &whole); err != nil || whole.Data.JobID != "j1" {
		t.Errorf("the event is %s", one[0].Event)
	}
	if known := h.listed("?event=e0").Items; len(known) != 1 || !known[0].Known || len(known[0].Options) != 2 {
		t.Errorf("a known event is %+v", known)
	}
	if got := h.ids("?unknown=true"); fmt.Sprint(got) != "[e2]" {
		t.Errorf("unknown events are %v", got)
	}
	h.ask("GET", "/workspaces/nlp_train/events?cursor=%25", nil).faultAt("query.cursor")
	h.may("viewer", `["cv_lab"]`, author)
	h.ask("GET", "/workspaces/nlp_train/events", nil).problem(http.StatusForbidden, "Forbidden")
	h.ask("GET", "/workspaces/nlp_train/unknown", nil).problem(http.StatusForbidden, "Forbidden")
}

func (h *harness) ids(query string) (ids []string) {
	h.t.Helper()
	for _, e := range h.listed(query).Items {
		ids = append(ids, e.ID)
	}
	return ids
}

func TestWhatIsPrivateToOthersIsListedWithoutWhatItSays(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.pass("mine", "acs.paidlc", "paidlc:Job:Failed", `{"jobId":"j1","displayName":"mine-train","userId":"`+author+`","odd":"mine-value"}`)
	h.pass("theirs", "acs.paidlc", "paidlc:Job:Failed", `{"jobId":"j2","displayName":"their-train","userId":"u2","strange":"their-value"}`)
	h.pass("public", "acs.paidlc", "paidlc:Job:Failed", `{"jobId":"j3","displayName":"open-train","userId":"u2","accessibility":"PUBLIC"}`)
	h.may("viewer", "[]", author)
	text := h.ask("GET", "/workspaces/nlp_train/events", nil).must(http.StatusOK).text +
		h.ask("GET", "/workspaces/nlp_train/unknown", nil).must(http.StatusOK).text
	for _, word := range []string{"their-train", "their-value", `"j2"`} {
		if strings.Contains(text, word) {
			t.Errorf("a viewer is told %s", word)
		}
	}
	for _, word := range []string{"mine-train", "mine-value", "open-train"} {
		if !strings.Contains(text, word) {
			t.Errorf("a viewer is not told %s: %s", word, text)
		}
	}
	private := 0
	for _, e := range h.listed("").Items {
		if e.Private {
			private++
		}
	}
	if private != 1 {
		t.Errorf("%d events are private, want 1", private)
	}
	h.may("admin", "[]", "")
	if text := h.ask("GET", "/workspaces/nlp_train/events", nil).must(http.StatusOK).text; !strings.Contains(text, "their-train") {
		t.Error("an administrator is not told everything")
	}
}

func TestUnknownNamesComeWithAnExampleAndWhatTheyMightBe(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	long := strings.Repeat("字", 200)
	h.pass("e1", "acs.pai-dlc", "paidlc:Job:Failed", `{}`)
	h.pass("e2", "acs.paidlc", "pai:dlc:JobFailed", `{"brandNew":{"a":1}}`)
	h.pass("e3", "acs.paidlc", "pai:dlc:JobFailed", `{"brandNew":"`+long+`"}`)
	h.pass("e4", "acs.paidlc", "paidlc:Job:Failed", `{"job_id":"j1"}`)
	var got struct {
		Items   []UnknownName
		Missing []string
	}
	h.ask("GET", "/workspaces/nlp_train/unknown", nil).must(http.StatusOK).into(&got)
	byName := map[string]UnknownName{}
	for _, u := range got.Items {
		byName[u.Kind+" "+u.Name] = u
	}
	if len(byName) != 4 {
		t.Fatalf("unknown = %+v", got.Items)
	}
	if u := byName["source acs.pai-dlc"]; u.Event != "e1" || u.Count != 1 || !strings.Contains(u.Override, "acs.pai-dlc") || u.First.IsZero() {
		t.Errorf("source = %+v", u)
	}
	if u := byName["type pai:dlc:JobFailed"]; u.Source != "acs.paidlc" || u.Event != "e3" || u.Count != 2 || !strings.Contains(u.Override, "failed:") {
		t.Errorf("type = %+v", u)
	}
	if u := byName["field brandNew"]; u.Source != "acs.paidlc" || u.Count != 2 || !strings.HasPrefix(u.Value, `"字`) || len(u.Value) > 130 {
		t.Errorf("field = %+v", u)
	}
	if !strings.Contains(strings.Join(got.Missing, "\n"), "sources.dlc.fields.id") {
		t.Errorf("missing = %v, want the id, which no path leads to", got.Missing)
	}
	settings := database.DefaultSettings()
	settings.CatalogOverride = byName["type pai:dlc:JobFailed"].Override + "    fields: {id: [job_id]}\n    ignored: [brandNew]\n"
	if err := h.db.SaveSettings(t.Context(), settings); err != nil {
		t.Fatal(err)
	}
	h.ask("GET", "/workspaces/nlp_train/unknown", nil).must(http.StatusOK).into(&got)
	if len(got.Items) != 1 || got.Items[0].Kind != "source" {
		t.Errorf("under an override that teaches the rest, unknown = %+v", got.Items)
	}
	if strings.Contains(strings.Join(got.Missing, "\n"), "fields.id") {
		t.Errorf("missing = %v", got.Missing)
	}
}

func TestWithoutEventsNothingIsListed(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	if text := h.ask("GET", "/workspaces/nlp_train/unknown", nil).must(http.StatusOK).text; !strings.Contains(text, `"items":[]`) ||
		!strings.Contains(text, `"missing":[]`) {
		t.Errorf("unknown = %s", text)
	}
	if text := h.ask("GET", "/workspaces/nlp_train/events", nil).must(http.StatusOK).text; !strings.Contains(text, `"items":[]`) {
		t.Errorf("events = %s", text)
	}
}
