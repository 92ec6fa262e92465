package eventbridge_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pai-notify/shared/event"
	"pai-notify/shared/eventbridge"
	"pai-notify/shared/rule"
)

func TestBusesAndRolesAreMadeOnce(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s, _ := setup(t)
	_, err := s.GetBus(ctx, "pai-system-new")
	wantCode(t, "GetBus", err, rule.CodeNoWorkspace)
	for _, want := range []bool{true, false} {
		if made, err := s.EnsureBus(ctx, "pai-system-new", "made by setup"); err != nil || made != want {
			t.Errorf("EnsureBus = %v, %v; want %v", made, err, want)
		}
		if made, err := s.EnsureRole(ctx, eventbridge.SendToFunction); err != nil || made != want {
			t.Errorf("EnsureRole = %v, %v; want %v", made, err, want)
		}
	}
	got, err := s.GetBus(ctx, "pai-system-new")
	if err != nil || got.Name != "pai-system-new" || got.ARN != "arn" || got.Created.Year() != 2023 {
		t.Errorf("GetBus = %+v, %v", got, err)
	}
	components, err := s.Components(ctx)
	if err != nil || len(components) != 2 || !components[0].Ready() || components[1].Ready() {
		t.Errorf("Components = %+v, %v", components, err)
	}
}

func TestBusesAreListedByTheirPrefix(t *testing.T) {
	t.Parallel()
	s, f := setup(t)
	for _, name := range []string{"pai-system-a", "pai-system-b", "other"} {
		if _, err := s.EnsureBus(t.Context(), name, ""); err != nil {
			t.Fatal(err)
		}
	}
	f.page = 1
	got, err := s.Buses(t.Context(), "pai-system-")
	if want := []string{"pai-system-a", "pai-system-b", bus}; err != nil || !slices.Equal(got, slices.Sorted(slices.Values(want))) {
		t.Errorf("Buses = %q, %v; want %q", got, err, want)
	}
}

func TestEventsArePutInBatchesWithTheirAttributes(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s, f := setup(t)
	var events []event.Event
	for i := range 40 {
		events = append(events, event.Event{
			ID: fmt.Sprint("e", i), Source: "acs.pai", Type: "t", Subject: "s", Time: time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC),
			Data: json.RawMessage(`{"a":"${data}"}`),
		})
	}
	for i := range 8 { // together over 1 MB
		events = append(events, event.Event{ID: fmt.Sprint("big", i), Source: "s", Type: "t", Data: json.RawMessage(`"` + strings.Repeat("x", 200<<10) + `"`)})
	}
	if err := s.PutEvents(ctx, bus, events); err != nil {
		t.Fatal(err)
	}
	if len(f.events) != len(events) || len(f.actions()) < 4 {
		t.Errorf("%d events arrived in %d calls", len(f.events), len(f.actions()))
	}
	want := map[string]any{
		"Id": "e0", "Source": "acs.pai", "Type": "t", "Subject": "s", "SpecVersion": "1.0", "Time": "2026-11-24T10:00:00Z",
		"DataContentType": "application/json", "Data": map[string]any{"a": "${data}"},
	}
	if diff := cmp.Diff(want, f.events[0]); diff != "" {
		t.Errorf("event (-want +got):\n%s", diff)
	}
	for _, c := range f.calls {
		if len(c.p["EventList"]) > 1<<20 {
			t.Errorf("a batch of %d bytes", len(c.p["EventList"]))
		}
	}
	if err := s.PutEvents(ctx, bus, nil); err != nil {
		t.Errorf("no events: %v", err)
	}
	for name, bad := range map[string]event.Event{
		"no id": {Source: "s", Type: "t"}, "too large": {ID: "x", Source: "s", Type: "t", Data: json.RawMessage(`"` + strings.Repeat("x", 300<<10) + `"`)},
		"broken data": {ID: "x", Source: "s", Type: "t", Data: json.RawMessage(`{`)},
	} {
		if err := s.PutEvents(ctx, bus, []event.Event{bad}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestARefusedEventIsAnError(t *testing.T) {
	t.Parallel()
	s, f := setup(t)
	f.misbehave(func(_ int, _ string, w http.ResponseWriter) trouble {
		reply(w, "", map[string]any{"FailedEntryCount": 1, "EntryList": []any{
			map[string]any{"EventId": "e1", "ErrorCode": "EventSizeExceed", "ErrorMessage": "too large"},
		}})
		return answered
	})
	err := s.PutEvents(context.Background(), bus, []event.Event{{ID: "e1", Source: "s", Type: "t"}})
	wantCode(t, "PutEvents", err, rule.CodeQuota, "1 of 1 events refused", "e1", "too large")
}

func TestFunctionRulesAreMadeOnceAndRepaired(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s, f := setup(t)
	const name, pattern = "pai-notify-observe", `{"source":["acs.pai"]}`
	put := func(want bool) {
		t.Helper()
		if changed, err := s.PutFunctionRule(ctx, bus, name, pattern, arn("x")); err != nil || changed != want {
			t.Errorf("PutFunctionRule = %v, %v; want %v", changed, err, want)
		}
	}
	_, err := s.GetFunctionRule(ctx, bus, name)
	wantCode(t, "GetFunctionRule", err, rule.CodeNotFound)
	put(true)
	put(false)
	got, err := s.GetFunctionRule(ctx, bus, name)
	if err != nil || got.FunctionARN != arn("x") || !got.Enabled || got.Pattern != pattern {
		t.Errorf("GetFunctionRule = %+v, %v", got, err)
	}
	for what, meddle := range map[string]func(r *fakeRule){
		"disabled":        func(r *fakeRule) { r.status = "DISABLE" },
		"another ARN":     func(r *fakeRule) { r.targets[0]["Endpoint"] = "acs:fc:wrong" },
		"dead letters":    func(r *fakeRule) { r.targets[0]["DeadLetterQueue"] = map[string]any{"Arn": "acs:mns:old"} },
		"no dead letters": func(r *fakeRule) { r.targets[0]["DeadLetterQueue"] = map[string]any{"Arn": ""} },
		"retry":           func(r *fakeRule) { r.targets[0]["PushRetryStrategy"] = "BACKOFF_RETRY" },
		"another target":  func(r *fakeRule) { r.targets = append(r.targets, map[string]any{"Id": "z", "Type": "http"}) },
		"no target":       func(r *fakeRule) { r.targets = nil },
		"pattern":         func(r *fakeRule) { r.pattern = "{}" },
	} {
		meddle(f.rule(bus, name))
		if changed, err := s.PutFunctionRule(ctx, bus, name, pattern, arn("x")); err != nil || !changed {
			t.Errorf("%s: PutFunctionRule = %v, %v; want a change", what, changed, err)
		}
		put(false)
	}
}
