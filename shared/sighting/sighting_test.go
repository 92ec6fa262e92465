package sighting_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pai-notify/shared/database"
	"pai-notify/shared/database/migrate"
	"pai-notify/shared/event"
	"pai-notify/shared/sighting"
)

const bus = "pai-system-nlp_train"

type clock struct{ at time.Time }

func (c *clock) Now() time.Time { return c.at }

func open(t *testing.T) (*sighting.Log, *clock) {
	t.Helper()
	db, err := database.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "pai.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if _, err := migrate.Up(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	c := &clock{time.UnixMilli(1_700_000_000_000)}
	return &sighting.Log{DB: db, Now: c.Now}, c
}

func pai(id string, size int) event.Event {
	return event.Event{ID: id, Source: "acs.paidlc", SpecVersion: "1.0", Type: "paidlc:Job:Failed",
		Data: json.RawMessage(`"` + strings.Repeat("x", size) + `"`)}
}

func TestTheNewestEventsAreKept(t *testing.T) {
	t.Parallel()
	log, c := open(t)
	for i := range sighting.MaxEvents + 5 {
		c.at = c.at.Add(time.Millisecond)
		if err := log.Record(t.Context(), bus, pai(fmt.Sprint("e", i), 10), nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := log.Record(t.Context(), "pai-system-cv_lab", pai("other", 10), nil); err != nil {
		t.Fatal(err)
	}
	got, err := log.Recent(t.Context(), bus, 1000)
	if err != nil || len(got) != sighting.MaxEvents {
		t.Fatalf("%d events, %v; want %d", len(got), err, sighting.MaxEvents)
	}
	if first, last := got[0].Event.ID, got[len(got)-1].Event.ID; first != "e204" || last != "e5" {
		t.Errorf("kept %s to %s, want e204 to e5", first, last)
	}
	if got[0].Event.Type != "paidlc:Job:Failed" || !got[0].Known || !got[0].Seen.Equal(c.at) ||
		len(got[0].Event.Data) != 12 {
		t.Errorf("newest = %+v", got[0])
	}
}

func TestBytesAreCapped(t *testing.T) {
	t.Parallel()
	log, c := open(t)
	for i := range 40 {
		c.at = c.at.Add(time.Millisecond)
		if err := log.Record(t.Context(), bus, pai(fmt.Sprint("e", i), 100_000), nil); err != nil {
			t.Fatal(err)
		}
	}
	c.at = c.at.Add(time.Millisecond)
	if err := log.Record(t.Context(), bus, pai("huge", 200_000), nil); err != nil {
		t.Fatal(err)
	}
	got, err := log.Recent(t.Context(), bus, 1000)
	if err != nil || len(got) > 22 || len(got) < 20 {
		t.Fatalf("%d events of 100 kB, %v; want about 20", len(got), err)
	}
	if got[0].Event.ID != "huge" || got[0].Event.Data != nil || got[1].Event.Data == nil {
		t.Errorf("an event too large to keep is %d bytes, the one before %d", len(got[0].Event.Data),
			len(got[1].Event.Data))
	}
}

func TestARedeliveredEventIsNotedOnce(t *testing.T) {
	t.Parallel()
	log, _ := open(t)
	unknown := []sighting.Unknown{{Kind: "type", Name: "paidlc:Job:Flying"}}
	for range 3 {
		if err := log.Record(t.Context(), bus, pai("same", 1), unknown); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := log.Recent(t.Context(), bus, 10); err != nil || len(got) != 1 || got[0].Known {
		t.Errorf("recent = %+v, %v; want one of an unknown type", got, err)
	}
	counts, err := log.Unknown(t.Context(), bus)
	if err != nil || len(counts) != 1 || counts[0].Count != 1 {
		t.Errorf("unknown = %+v, %v; want it counted once", counts, err)
	}
}

func TestOnlyPAISpeaks(t *testing.T) {
	t.Parallel()
	log, c := open(t)
	if err := log.Record(t.Context(), bus, sighting.CanaryEvent("c", c.at), nil); err != nil {
		t.Fatal(err)
	}
	if at, err := log.Spoken(t.Context(), bus); err != nil || !at.IsZero() {
		t.Errorf("after our own event PAI spoke at %v, %v", at, err)
	}
	if err := log.Record(t.Context(), bus, pai("e", 1), nil); err != nil {
		t.Fatal(err)
	}
	if at, err := log.Spoken(t.Context(), bus); err != nil || !at.Equal(c.at) {
		t.Errorf("PAI spoke at %v, %v; want %v", at, err, c.at)
	}
}

func TestHostileNamesDoNotFillTheDatabase(t *testing.T) {
	t.Parallel()
	log, _ := open(t)
	long := strings.Repeat("名", 500)
	for i := range 12 {
		var unknown []sighting.Unknown
		for j := range 20 {
			unknown = append(unknown, sighting.Unknown{Kind: "field", Name: fmt.Sprint("f", i, "-", j, "\x00", long)})
		}
		if err := log.Record(t.Context(), bus, pai(fmt.Sprint("e", i), 1), unknown); err != nil {
			t.Fatal(err)
		}
	}
	if err := log.Record(t.Context(), bus, event.Event{ID: "\x00", Source: "a\x00b", Type: "\x00"}, nil); err != nil {
		t.Fatal(err)
	}
	counts, err := log.Unknown(t.Context(), bus)
	if err != nil || len(counts) != 200 || len(counts[0].Name) > 200 {
		t.Fatalf("%d names, %v; want 200", len(counts), err)
	}
	if diff := cmp.Diff(strings.ToValidUTF8(counts[0].Name, "?"), counts[0].Name); diff != "" {
		t.Errorf("a name is cut inside a character: %s", diff)
	}
}

func TestACanaryReturnsWithItsSecondDelivery(t *testing.T) {
	t.Parallel()
	log, c := open(t)
	if _, ok, err := log.Latest(t.Context(), bus); ok || err != nil {
		t.Fatalf("a canary before the first: %v, %v", ok, err)
	}
	sent := c.at
	if err := log.Release(t.Context(), bus, "c1"); err != nil {
		t.Fatal(err)
	}
	e := sighting.CanaryEvent("c1", c.at)
	c.at = c.at.Add(time.Second)
	var onPurpose *sighting.OnPurposeError
	if ok, err := log.Arrive(t.Context(), e); !ok || !errors.As(err, &onPurpose) {
		t.Errorf("first delivery: %v, %v; want it to fail on purpose", ok, err)
	}
	first := c.at
	got, ok, err := log.Latest(t.Context(), bus)
	if want := (sighting.Canary{ID: "c1", Bus: bus, Sent: sent, First: first, Arrivals: 1}); !ok || err != nil ||
		got != want {
		t.Errorf("after the first delivery %+v, %v; want %+v", got, err, want)
	}
	c.at = c.at.Add(time.Second)
	returned := c.at
	for range 2 {
		if ok, err := log.Arrive(t.Context(), e); !ok || err != nil {
			t.Errorf("a later delivery: %v, %v", ok, err)
		}
		c.at = c.at.Add(time.Second)
	}
	got, _, err = log.Latest(t.Context(), bus)
	want := sighting.Canary{ID: "c1", Bus: bus, Sent: sent, First: first, Returned: returned, Arrivals: 3}
	if err != nil || got != want {
		t.Errorf("after it returned %+v, %v; want %+v", got, err, want)
	}
}

func TestAForeignCanaryIsNone(t *testing.T) {
	t.Parallel()
	log, c := open(t)
	if ok, err := log.Arrive(t.Context(), sighting.CanaryEvent("another deployment's", c.at)); ok || err != nil {
		t.Errorf("= %v, %v", ok, err)
	}
}

func TestFewOldCanariesAreKept(t *testing.T) {
	t.Parallel()
	log, c := open(t)
	for i := range 30 {
		c.at = c.at.Add(time.Second)
		if err := log.Release(t.Context(), bus, fmt.Sprint("c", i)); err != nil {
			t.Fatal(err)
		}
	}
	got, ok, err := log.Latest(t.Context(), bus)
	if err != nil || !ok || got.ID != "c29" {
		t.Errorf("latest = %+v, %v", got, err)
	}
	if ok, _ := log.Arrive(t.Context(), sighting.CanaryEvent("c0", c.at)); ok {
		t.Error("the oldest canary is still there")
	}
}
