package sighting_test

import (
	"errors"
	"regexp"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pai-notify/shared/sighting"
)

func TestAHeartbeatIsAsOldAsTheNewestThatCameBack(t *testing.T) {
	t.Parallel()
	log, c := open(t)
	ctx := t.Context()
	first := c.at
	beat := func(at time.Time) {
		t.Helper()
		if err := log.Beat(ctx, bus, sighting.HeartbeatEvent(bus, at)); err != nil {
			t.Fatal(err)
		}
	}
	pulse := func(bus string, at time.Time, gone bool) {
		t.Helper()
		if err := log.Pulse(ctx, bus, at, gone); err != nil {
			t.Fatal(err)
		}
	}
	pulse(bus, first, false)
	pulse(bus, first.Add(time.Minute), false)
	beat(first.Add(time.Minute))
	beat(first)                // late
	beat(first.Add(time.Hour)) // somebody else's
	pulse(bus, first.Add(2*time.Minute), false)
	pulse("pai-system-zz", first, true)
	got, err := log.Heartbeats(ctx)
	want := []sighting.Heartbeat{
		{Bus: bus, Sent: first.Add(2 * time.Minute), Beat: first.Add(time.Minute)},
		{Bus: "pai-system-zz", Sent: first, Gone: true},
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("heartbeats, %v (-want +got):\n%s", err, diff)
	}
}

func TestEventBridgeTakesAHeartbeatsID(t *testing.T) {
	t.Parallel()
	at := time.UnixMilli(1_700_000_000_000)
	id := sighting.HeartbeatEvent("pai-system-nlp_train", at).ID
	if !regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]{0,127}$`).MatchString(id) || id == sighting.HeartbeatEvent("pai-system-b", at).ID ||
		id == sighting.HeartbeatEvent("pai-system-nlp_train", at.Add(time.Minute)).ID {
		t.Errorf("id %q", id)
	}
}

func TestBusesAreThoseWhoseCanaryCameBack(t *testing.T) {
	t.Parallel()
	log, c := open(t)
	for i, bus := range []string{"pai-system-b", "pai-system-a", "pai-system-b", "pai-system-never"} {
		id := string(rune('a' + i))
		if err := log.Release(t.Context(), bus, id); err != nil {
			t.Fatal(err)
		}
		if bus == "pai-system-never" {
			continue
		}
		var onPurpose *sighting.OnPurposeError
		if _, err := log.Arrive(t.Context(), sighting.CanaryEvent(id, c.at)); !errors.As(err, &onPurpose) {
			t.Fatal(err)
		}
		if _, err := log.Arrive(t.Context(), sighting.CanaryEvent(id, c.at)); err != nil {
			t.Fatal(err)
		}
	}
	got, err := log.Buses(t.Context())
	if diff := cmp.Diff([]string{"pai-system-a", "pai-system-b"}, got); err != nil || diff != "" {
		t.Errorf("buses, %v (-want +got):\n%s", err, diff)
	}
	if err := log.Pulse(t.Context(), "pai-system-a", c.at, false); err != nil {
		t.Fatal(err)
	}
	if list, err := log.Heartbeats(t.Context()); err != nil || len(list) != 1 || !list[0].Beat.Equal(c.at) {
		t.Errorf("the first heartbeat is %+v, %v; want the canary's return to count as the beat before it", list, err)
	}
}
