package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"pai-notify/shared/access"
	"pai-notify/shared/ledger"
	"pai-notify/shared/rule"
	"pai-notify/shared/sighting"
)

func TestADeadDeliveryIsFoundWithItsAttemptsAndWhatToDo(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	id := h.enter("nlp_train", "nightly", ledger.Dead, 0, 1)[0]
	h.enter("nlp_train", "nightly", ledger.Waiting, 1, 2)
	items, _ := h.ask("GET", "/deliveries?state=dead", nil).items()
	if len(items) != 1 || items[0].ID != id || items[0].Workspace != "nlp_train" || items[0].Code != "300005" ||
		items[0].Advice["en"] == "" || items[0].Advice["zh"] == "" || items[0].Object != "dlc0" || items[0].Done.IsZero() {
		t.Fatalf("dead deliveries = %+v", items)
	}
	var got Told
	h.ask("GET", "/deliveries/"+id, nil).must(http.StatusOK).into(&got)
	if len(got.History) != 1 || got.Attempts != 1 {
		t.Fatalf("delivery = %+v, want one attempt", got)
	}
	a := got.History[0]
	if a.Class != "misconfigured" || a.Code != "300005" || a.Text != "token is not exist" || a.MS != 40 || a.Advice["zh"] == "" || a.At.IsZero() {
		t.Errorf("attempt = %+v", a)
	}
	h.ask("GET", "/deliveries/"+strings.Repeat("a", 26), nil).problem(http.StatusNotFound, "DeliveryNotFound")
	h.ask("GET", "/deliveries/nonsense", nil).must(http.StatusUnprocessableEntity)
}

func TestListsAreFilteredAndGoOnWithACursor(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.enter("nlp_train", "nightly", ledger.Dead, 0, 4)
	h.now = h.now.Add(time.Hour)
	h.enter("nlp_train", "other", ledger.Waiting, 4, 6)
	h.enter("cv_lab", "nightly", ledger.Delivered, 6, 9)
	for query, want := range map[string]int{
		"": 9, "?state=dead": 4, "?state=dead,waiting": 6, "?rule=nightly": 7, "?workspace=cv_lab": 3, "?object=dlc2": 1, "?event=event-7": 1,
		"?channel=dingtalk": 9, "?channel=lark": 0, "?from=2026-11-24T12:30:00Z": 5, "?to=2026-11-24T12:30:00Z": 4,
		"?workspace=nlp_train&rule=nightly&state=delivered": 0,
	} {
		if items, next := h.ask("GET", "/deliveries"+query, nil).items(); len(items) != want || next != "" {
			t.Errorf("%q finds %d, next %q; want %d and no more", query, len(items), next, want)
		}
	}
	seen := map[string]bool{}
	cursor := ""
	for page := range 3 {
		items, next := h.ask("GET", "/deliveries?limit=4&cursor="+cursor, nil).items()
		for _, d := range items {
			seen[d.ID] = true
		}
		if (next == "") != (page == 2) {
			t.Fatalf("page %d has %d items, next %q", page, len(items), next)
		}
		cursor = next
	}
	if len(seen) != 9 {
		t.Errorf("pages show %d deliveries, want 9", len(seen))
	}
	h.ask("GET", "/deliveries?cursor=zzz", nil).faultAt("query.cursor")
	h.ask("GET", "/deliveries?channel=fax", nil).faultAt("query.channel")
	h.ask("GET", "/deliveries?from=2026-11-24T12:00:00Z&to=2026-11-23T12:00:00Z", nil).faultAt("query.to")
	h.ask("GET", "/deliveries?state=asleep", nil).must(http.StatusUnprocessableEntity)
	h.ask("GET", "/deliveries?from=yesterday", nil).must(http.StatusUnprocessableEntity)
}

func TestASummaryCountsByStateChannelAndHour(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.enter("nlp_train", "nightly", ledger.Dead, 0, 3)
	h.now = h.now.Add(time.Hour + time.Minute)
	h.enter("cv_lab", "nightly", ledger.Delivered, 3, 5)
	var got Summary
	h.ask("GET", "/deliveries/summary", nil).must(http.StatusOK).into(&got)
	if fmt.Sprint(got.Counts) != "[{dead dingtalk 3} {delivered dingtalk 2}]" || len(got.Hours) != 2 || got.Hours[0].Count.Count != 3 ||
		!got.Hours[1].Hour.Equal(h.now.Truncate(time.Hour)) || got.Paused {
		t.Errorf("summary = %+v", got)
	}
	h.ask("GET", "/deliveries/summary?workspace=cv_lab&from=2026-11-24T12:00:00Z&to=2026-11-24T13:00:00Z", nil).must(http.StatusOK).into(&got)
	if fmt.Sprint(got.Counts) != "[{delivered dingtalk 2}]" || len(got.Hours) != 0 {
		t.Errorf("summary of cv_lab before anything happened there = %+v", got)
	}
	h.ask("GET", "/deliveries/summary?from=2026-01-01T00:00:00Z", nil).faultAt("query.from")
	h.ask("GET", "/deliveries/summary?from=2027-01-01T00:00:00Z", nil).faultAt("query.to")
}

// told is where a delivery would be told now.
func (h *harness) webhook(id string) string {
	h.t.Helper()
	e, _, err := h.ledger.Get(h.t.Context(), id)
	if err != nil {
		h.t.Fatal(err)
	}
	var u rule.Unit
	if err := json.Unmarshal(e.Sealed, &u); err != nil {
		h.t.Fatal(err)
	}
	settings, err := u.Open(h.sealer, e.Bus, e.Rule)
	if err != nil {
		h.t.Fatal(err)
	}
	return settings["webhook"]
}

func TestAReplayGoesToTheTargetAsItIsNow(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	id := h.enter("nlp_train", "nightly", ledger.Dead, 0, 1)[0]
	h.ask("POST", "/deliveries/"+id+":replay", nil).problem(http.StatusConflict, "TargetGone")
	zh := h.ask("POST", "/deliveries/"+id+":replay", nil, "Accept-Language", "zh").problem(http.StatusConflict, "TargetGone")
	if !strings.Contains(zh.Advice, "规则") {
		t.Errorf("advice in Chinese = %q", zh.Advice)
	}
	h.save("nlp_train", "nightly", rightToken)
	var d Delivery
	h.ask("POST", "/deliveries/"+id+":replay", nil).must(http.StatusOK).into(&d)
	if d.State != "waiting" || d.Due.After(h.now.Add(time.Second)) {
		t.Errorf("replayed = %+v, want it waiting and due now", d)
	}
	if got := h.webhook(id); !strings.HasSuffix(got, rightToken) {
		t.Error("the replay goes to the old webhook")
	}
	due, err := h.ledger.Due(t.Context(), terms(), "dingtalk", 10)
	if err != nil || len(due) != 1 || due[0].Destination == "" {
		t.Fatalf("due = %+v, %v", due, err)
	}
	h.ask("POST", "/deliveries/"+id+":replay", nil).problem(http.StatusConflict, "BeingSent")
	h.ask("POST", "/deliveries/"+id+":cancel", nil).problem(http.StatusConflict, "BeingSent")
}

func TestWhatIsDeliveredIsReplayedOnlyWithForce(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.save("nlp_train", "nightly", rightToken)
	waiting := h.enter("nlp_train", "nightly", ledger.Waiting, 0, 1)[0]
	told := h.enter("nlp_train", "nightly", ledger.Delivered, 1, 2)[0]
	h.ask("POST", "/deliveries/"+told+":replay", nil).problem(http.StatusConflict, "Delivered")
	h.ask("POST", "/deliveries/"+told+":cancel", nil).problem(http.StatusConflict, "Ended")
	var d Delivery
	h.ask("POST", "/deliveries/"+waiting+":cancel", nil).must(http.StatusOK).into(&d)
	if d.State != "cancelled" {
		t.Errorf("cancelled = %+v", d)
	}
	h.ask("POST", "/deliveries/"+waiting+":cancel", nil).problem(http.StatusConflict, "Ended")
	if log := h.log.String(); !strings.Contains(log, "delivery cancelled") {
		t.Errorf("the log does not tell who cancelled: %s", log)
	}
}

func TestEventBridgeOutOfReachIsNoVerdictOnADelivery(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	ids := h.enter("nlp_train", "nightly", ledger.Dead, 0, 3)
	h.open = broken
	h.ask("POST", "/deliveries/"+ids[0]+":replay", nil).problem(http.StatusServiceUnavailable, "Unavailable")
	body := map[string]any{"workspace": "nlp_train"}
	h.ask("POST", "/deliveries:replay", body, "Idempotency-Key", "k").problem(http.StatusServiceUnavailable, "Unavailable")
	h.save("nlp_train", "nightly", rightToken)
	h.open = h.working
	var j Job
	h.finish("/deliveries:replay", body, "k").into(&j)
	if j.Done != 3 || j.Refused != 0 || j.State != "done" {
		t.Errorf("after EventBridge came back the job is %+v", j)
	}
}

func TestManyAreReplayedOnceHoweverOftenItIsAsked(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.save("nlp_train", "nightly", rightToken)
	h.enter("nlp_train", "nightly", ledger.Dead, 0, 230)
	h.enter("cv_lab", "nightly", ledger.Dead, 230, 233) // whose rule is gone
	body := map[string]any{"rule": "nightly"}
	h.ask("POST", "/deliveries:replay", body).faultAt("header.Idempotency-Key")
	var j Job
	first := h.finish("/deliveries:replay", body, "after the fix")
	first.into(&j)
	if j.State != "done" || j.Total != 233 || j.Done != 233 || j.Refused != 3 || j.Kind != "replay" {
		t.Fatalf("job = %+v", j)
	}
	// They are told, and the request comes again.
	for {
		due, err := h.ledger.Due(t.Context(), terms(), "dingtalk", 64)
		if err != nil {
			t.Fatal(err)
		}
		if len(due) == 0 {
			break
		}
		var results []ledger.Result
		for _, d := range due {
			results = append(results, ledger.Result{Delivery: d, Attempts: []ledger.Attempt{{At: h.now}}})
			results[len(results)-1].Attempts[0].Outcome.Class = 1 // delivered
		}
		if _, err := h.ledger.Record(t.Context(), results); err != nil {
			t.Fatal(err)
		}
		h.now = h.now.Add(time.Second)
	}
	again := h.ask("POST", "/deliveries:replay", body, "Idempotency-Key", "after the fix").must(http.StatusOK)
	if again.text != first.text {
		t.Errorf("again it answers %s, first %s", again.text, first.text)
	}
	if items, _ := h.ask("GET", "/deliveries?state=delivered&limit=500", nil).items(); len(items) != 230 {
		t.Errorf("%d delivered, want 230", len(items))
	}
	if items, _ := h.ask("GET", "/deliveries?state=waiting", nil).items(); len(items) != 0 {
		t.Errorf("%d wait after the repetition, want none", len(items))
	}
	h.ask("POST", "/deliveries:replay", map[string]any{"rule": "other"}, "Idempotency-Key", "after the fix").faultAt("header.Idempotency-Key")
	h.ask("POST", "/deliveries:cancel", body, "Idempotency-Key", "after the fix").faultAt("header.Idempotency-Key")
	var seen Job
	h.ask("GET", "/deliveries/jobs/"+j.ID, nil).must(http.StatusOK).into(&seen)
	if seen != j || first.header.Get("Location") != "/api/v1/deliveries/jobs/"+j.ID {
		t.Errorf("GET %s = %+v, want %+v", first.header.Get("Location"), seen, j)
	}
	h.ask("GET", "/deliveries/jobs/"+strings.Repeat("a", 26), nil).problem(http.StatusNotFound, "JobNotFound")
}

func TestAFloodingRulesWaitingDeliveriesAreCancelled(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.enter("nlp_train", "flood", ledger.Waiting, 0, 150)
	h.enter("nlp_train", "calm", ledger.Waiting, 150, 152)
	var j Job
	h.finish("/deliveries:cancel", map[string]any{"workspace": "nlp_train", "rule": "flood"}, "1").into(&j)
	if j.Done != 150 || j.Refused != 0 {
		t.Errorf("job = %+v", j)
	}
	items, _ := h.ask("GET", "/deliveries?state=waiting", nil).items()
	if len(items) != 2 || items[0].Rule != "calm" {
		t.Errorf("waiting = %+v, want those of the other rule", items)
	}
}

func TestAChoiceOfManyIsCheckedWhole(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	bad := map[string]any{"workspace": "a b", "states": []string{"asleep", "delivered"}, "channel": "fax",
		"from": "2026-11-24T12:00:00Z", "to": "2026-11-24T11:00:00Z"}
	for _, path := range []string{"workspace", "states[0]", "states[1]", "channel", "to"} {
		h.ask("POST", "/deliveries:replay", bad, "Idempotency-Key", "k").faultAt(path)
	}
	h.ask("POST", "/deliveries:replay", map[string]any{}, "Idempotency-Key", "k").faultAt("")
	h.ask("POST", "/deliveries:cancel", map[string]any{"rule": "x", "force": true}, "Idempotency-Key", "k").faultAt("force")
	h.ask("POST", "/deliveries:cancel", map[string]any{"rule": "x", "states": []string{"dead"}}, "Idempotency-Key", "k").faultAt("states[0]")
}

func TestAKeySeesAndMovesOnlyWhatIsOfItsWorkspaces(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.save("nlp_train", "nightly", rightToken)
	h.save("cv_lab", "nightly", rightToken)
	mine := h.enter("nlp_train", "nightly", ledger.Dead, 0, 2)
	others := h.enter("cv_lab", "nightly", ledger.Dead, 2, 4)
	var foreign Job
	h.ask("POST", "/deliveries:replay", map[string]any{"workspace": "cv_lab", "event": "none"}, "Idempotency-Key", "k").must(http.StatusOK).into(&foreign)
	h.may(access.Viewer, `["nlp_train"]`)
	if items, _ := h.ask("GET", "/deliveries", nil).items(); len(items) != 2 || items[0].Workspace != "nlp_train" {
		t.Errorf("a key of one workspace sees %+v", items)
	}
	h.ask("GET", "/deliveries?workspace=cv_lab", nil).problem(http.StatusForbidden, "Forbidden")
	h.ask("GET", "/deliveries/summary?workspace=cv_lab", nil).problem(http.StatusForbidden, "Forbidden")
	h.ask("GET", "/deliveries/"+others[0], nil).problem(http.StatusNotFound, "DeliveryNotFound")
	h.ask("GET", "/deliveries/jobs/"+foreign.ID, nil).problem(http.StatusNotFound, "JobNotFound")
	h.ask("GET", "/metrics", nil).problem(http.StatusForbidden, "Forbidden")
	for _, path := range []string{"/deliveries/" + mine[0] + ":replay", "/deliveries/" + mine[0] + ":cancel"} {
		h.ask("POST", path, nil).problem(http.StatusForbidden, "Forbidden")
	}
	h.ask("POST", "/deliveries:replay", map[string]any{"rule": "nightly"}, "Idempotency-Key", "k2").problem(http.StatusForbidden, "Forbidden")
	h.may(access.Editor, `["nlp_train"]`)
	h.ask("POST", "/deliveries/"+others[0]+":replay", nil).problem(http.StatusNotFound, "DeliveryNotFound")
	var j Job
	h.ask("POST", "/deliveries:replay", map[string]any{"rule": "nightly"}, "Idempotency-Key", "k2").must(http.StatusOK).into(&j)
	if j.Total != 2 || j.Refused != 0 {
		t.Errorf("job of a key of one workspace = %+v, want its 2 deliveries", j)
	}
	if e, _, err := h.ledger.Get(t.Context(), others[0]); err != nil || e.State != ledger.Dead {
		t.Errorf("another workspace's delivery is %s, %v", e.State, err)
	}
}

func TestNothingButHealthIsOpen(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	key := h.key
	h.key = ""
	for _, path := range h.api.Paths() {
		method, route, _ := strings.Cut(path, " ")
		if route == "/healthz" {
			continue
		}
		route = strings.TrimPrefix(strings.ReplaceAll(route, "{id}", strings.Repeat("a", 26)), "/api/v1")
		h.ask(method, route, nil).problem(http.StatusUnauthorized, "Unauthenticated")
	}
	h.key = key
	if n := len(h.api.Paths()); n != 10 {
		t.Errorf("%d operations: %v", n, h.api.Paths())
	}
}

func TestHealthIsGreenWhileTheHeartbeatIsYoung(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	look := func() said {
		h.health.at = time.Time{} // what was looked up a moment ago does not count
		return h.ask("GET", "/healthz", nil)
	}
	look().problem(http.StatusServiceUnavailable, "Unhealthy")
	pulse := func(bus string, gone bool) {
		t.Helper()
		if err := h.sightings.Pulse(t.Context(), bus, h.now, gone); err != nil {
			t.Fatal(err)
		}
	}
	pulse(bus, false)
	if err := h.sightings.Beat(t.Context(), bus, sighting.HeartbeatEvent(bus, h.now)); err != nil {
		t.Fatal(err)
	}
	pulse("pai-system-deleted", true)
	if got := look().must(http.StatusOK); got.text != "{\"status\":\"ok\"}\n" {
		t.Errorf("health tells more than it should: %s", got.text)
	}
	h.now = h.now.Add(4*time.Minute + 59*time.Second)
	look().must(http.StatusOK)
	h.now = h.now.Add(time.Second)
	p := look().problem(http.StatusServiceUnavailable, "Unhealthy")
	if strings.Contains(p.Detail+p.Advice, "nlp_train") {
		t.Errorf("health names a bus: %+v", p)
	}
	_ = h.db.Close()
	if got := look(); got.status < 500 || strings.Contains(got.text, ".db") {
		t.Errorf("without a database health answers %d %s", got.status, got.text)
	}
}

func TestMetricsTellWhatAnAlertNeeds(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.enter("nlp_train", "nightly", ledger.Dead, 0, 3)
	h.enter("nlp_train", "nightly", ledger.Waiting, 3, 5)
	h.enter("nlp_train", "fine", ledger.Delivered, 5, 6)
	if err := h.sightings.Pulse(t.Context(), bus, h.now, false); err != nil {
		t.Fatal(err)
	}
	h.now = h.now.Add(90 * time.Second)
	got := h.ask("GET", "/metrics", nil).must(http.StatusOK)
	if !strings.HasPrefix(got.header.Get("Content-Type"), "text/plain") {
		t.Errorf("Content-Type %q", got.header.Get("Content-Type"))
	}
	for _, want := range []string{
		`pai_notify_deliveries{channel="dingtalk",state="dead"} 3`, `pai_notify_deliveries{channel="dingtalk",state="waiting"} 2`,
		`pai_notify_waiting_age_seconds{channel="dingtalk"} 90`, `pai_notify_overdue_seconds{channel="dingtalk"} 0`,
		`pai_notify_destinations_closed 0`, `pai_notify_destinations_paced 0`, `pai_notify_pace_wait_seconds 0`, `pai_notify_heartbeat_age_seconds{bus="pai-system-nlp_train"} +Inf`, `pai_notify_paused 0`,
		`pai_notify_delivery_latency_seconds_count{channel="dingtalk"} 1`, `pai_notify_delivery_latency_seconds_bucket{channel="dingtalk",le="0.1"} 1`,
	} {
		if !strings.Contains(got.text, want+"\n") {
			t.Errorf("metrics lack %s:\n%s", want, got.text)
		}
	}
}

func TestTheDescriptionIsServedToWhoHasAKey(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	r := httptest.NewRequestWithContext(t.Context(), "GET", "/api/v1/deliveries/openapi.json", nil)
	r.Header.Set("Authorization", "Bearer "+h.key)
	w := httptest.NewRecorder()
	h.api.ServeHTTP(w, r)
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "replay-deliveries") {
		t.Errorf("openapi.json: %d, %d bytes", w.Code, w.Body.Len())
	}
}
