package sighting_test

import (
	"database/sql"
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

func open(tb testing.TB) (*sighting.Log, *clock) {
	tb.Helper()
	db, err := database.Open(tb.Context(), "sqlite:"+filepath.Join(tb.TempDir(), "pai.db"))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = db.Close() })
	if _, err := migrate.Up(tb.Context(), db); err != nil {
		tb.Fatal(err)
	}
	c := &clock{time.UnixMilli(1_700_000_000_000)}
	return &sighting.Log{DB: db, Now: c.Now}, c
}

func pai(id string, size int) event.Event {
	return event.Event{ID: id, Source: "acs.paidlc", SpecVersion: "1.0", Type: "paidlc:Job:Failed",
		Data: json.RawMessage(`"` + strings.Repeat("x", size) + `"`)}
}

// kept are all events of a bus that are kept.
func kept(t *testing.T, log *sighting.Log, bus string) []sighting.Sighting {
	t.Helper()
	got, err := log.Recent(t.Context(), bus, 2*sighting.MaxEvents)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// checkCounts wants the counts of a bus to be those of its rows.
func checkCounts(t *testing.T, log *sighting.Log) {
	t.Helper()
	err := log.DB.Read(t.Context(), func(tx *sql.Tx) error {
		var bad int
		err := tx.QueryRow(`select count(*) from spoken where n <> (select count(*) from sighting s where s.bus = spoken.bus)
			or bytes <> (select coalesce(sum(size), 0) from sighting s where s.bus = spoken.bus)`).Scan(&bad)
		if err == nil && bad != 0 {
			t.Errorf("%d buses are counted wrong", bad)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// fill puts n events into a bus as Record would, in one transaction.
func fill(tb testing.TB, log *sighting.Log, n int) {
	tb.Helper()
	err := log.DB.Write(tb.Context(), false, func(tx *sql.Tx) error {
		for i := range n {
			id := fmt.Sprint("e", i)
			_, err := tx.Exec(`insert into sighting (id, bus, source, event_id, type, known, seen, size, event)
				values ($1, $2, 'acs.paidlc', $3, 'paidlc:Job:Failed', 1, $4, 100, '{}')`,
				fmt.Sprintf("%013d-%05d", log.Now().UnixMilli(), i), bus, id, log.Now().UnixMilli())
			if err != nil {
				return err
			}
		}
		_, err := tx.Exec(`insert into spoken (bus, at, n, bytes) values ($1, $2, $3, $4)`, bus, log.Now().UnixMilli(), n, 100*n)
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
}

func TestTheNewestEventsAreKept(t *testing.T) {
	t.Parallel()
	log, c := open(t)
	fill(t, log, sighting.MaxEvents-5)
	for i := sighting.MaxEvents - 5; i < sighting.MaxEvents+5; i++ {
		c.at = c.at.Add(time.Millisecond)
		if err := log.Record(t.Context(), bus, pai(fmt.Sprint("e", i), 10), nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := log.Record(t.Context(), "pai-system-cv_lab", pai("other", 10), nil); err != nil {
		t.Fatal(err)
	}
	got := kept(t, log, bus)
	if n := len(got); n > sighting.MaxEvents || n < sighting.MaxEvents*98/100 {
		t.Fatalf("%d events, want about %d and not more", n, sighting.MaxEvents)
	}
	if first, last := got[0].Event.ID, got[len(got)-1].Key; first != "e10004" || !strings.HasSuffix(last, "-00101") {
		t.Errorf("%d kept, %s to %s, want the newest", len(got), first, last)
	}
	if got[0].Event.Type != "paidlc:Job:Failed" || !got[0].Known || !got[0].Seen.Equal(c.at) || !got[0].Kept ||
		len(got[0].Event.Data) != 12 {
		t.Errorf("newest = %+v", got[0])
	}
	if other := kept(t, log, "pai-system-cv_lab"); len(other) != 1 {
		t.Errorf("another bus keeps %d events, want 1", len(other))
	}
	checkCounts(t, log)
}

func TestBytesAreCapped(t *testing.T) {
	t.Parallel()
	log, c := open(t)
	for i := range 200 {
		c.at = c.at.Add(time.Millisecond)
		if err := log.Record(t.Context(), bus, pai(fmt.Sprint("e", i), 100_000), nil); err != nil {
			t.Fatal(err)
		}
	}
	c.at = c.at.Add(time.Millisecond)
	if err := log.Record(t.Context(), bus, pai("huge", 200_000), nil); err != nil {
		t.Fatal(err)
	}
	got := kept(t, log, bus)
	if most := sighting.MaxBytes/100_000 + 1; len(got) > most || len(got) < most*97/100 {
		t.Fatalf("%d events of 100 kB, want about %d", len(got), most)
	}
	if got[0].Event.ID != "huge" || got[0].Event.Data != nil || got[0].Kept || got[1].Event.Data == nil {
		t.Errorf("an event too large to keep is %d bytes, the one before %d", len(got[0].Event.Data),
			len(got[1].Event.Data))
	}
	checkCounts(t, log)
}

func TestEventsAreKeptForAWeek(t *testing.T) {
	t.Parallel()
	log, c := open(t)
	begin := c.at
	for i := range 8 {
		c.at = begin.Add(time.Duration(i) * 24 * time.Hour)
		for _, bus := range []string{bus, "pai-system-cv_lab"} {
			if err := log.Record(t.Context(), bus, pai(fmt.Sprint("e", i), 10), nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	c.at = begin.Add(sighting.MaxAge + time.Millisecond) // the first of each is too old
	if got := kept(t, log, bus); len(got) != 7 || got[6].Event.ID != "e1" {
		t.Errorf("%d events are shown, want the 7 of the last week", len(got))
	}
	c.at = begin.Add(sighting.MaxAge + 49*time.Hour)
	for _, want := range []int{2, 2, 2, 0} { // one of each bus at a time
		if n, err := log.Purge(t.Context(), 1); err != nil || n != want {
			t.Errorf("purged %d, %v; want %d", n, err, want)
		}
		checkCounts(t, log)
	}
	if got := kept(t, log, bus); len(got) != 5 {
		t.Errorf("%d events are left, want 5", len(got))
	}
}

func TestEventsAreFoundByWhatTheyAreAndPageByPage(t *testing.T) {
	t.Parallel()
	log, c := open(t)
	for i := range 9 {
		c.at = c.at.Add(time.Millisecond)
		e := pai(fmt.Sprint("e", i), 10)
		var unknown []sighting.Unknown
		if i%3 == 0 {
			e.Type, unknown = "paidlc:Job:Flying", []sighting.Unknown{{Kind: "type", Name: "acs.paidlc paidlc:Job:Flying"}}
		}
		if err := log.Record(t.Context(), bus, e, unknown); err != nil {
			t.Fatal(err)
		}
	}
	for _, row := range []struct {
		name   string
		wanted sighting.Wanted
		want   string
	}{
		{"a type", sighting.Wanted{Type: "paidlc:Job:Flying"}, "[e6 e3 e0]"},
		{"what is unknown", sighting.Wanted{Unknown: true}, "[e6 e3 e0]"},
		{"one event", sighting.Wanted{EventID: "e4"}, "[e4]"},
		{"another source", sighting.Wanted{Source: "acs.paidsw"}, "[]"},
		{"a source and a type", sighting.Wanted{Source: "acs.paidlc", Type: "paidlc:Job:Failed"}, "[e8 e7 e5 e4 e2 e1]"},
	} {
		ids := []string{}
		row.wanted.Limit = 2
		for range 5 {
			page, err := log.List(t.Context(), bus, row.wanted)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range page {
				ids = append(ids, s.Event.ID)
				row.wanted.After = s.Key
			}
			if len(page) < 2 {
				break
			}
		}
		if got := fmt.Sprint(ids); got != row.want {
			t.Errorf("%s: %s, want %s", row.name, got, row.want)
		}
	}
}

func TestOneEventOfTwoBusesIsKeptOnBoth(t *testing.T) {
	t.Parallel()
	log, _ := open(t)
	for _, bus := range []string{bus, "pai-system-cv_lab"} {
		if err := log.Record(t.Context(), bus, pai("same", 1), nil); err != nil {
			t.Fatal(err)
		}
		if got := kept(t, log, bus); len(got) != 1 {
			t.Errorf("bus %s keeps %d, want 1", bus, len(got))
		}
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

// BenchmarkRecord notes an event on a bus that is full, so that old ones must go.
func BenchmarkRecord(b *testing.B) {
	log, c := open(b)
	fill(b, log, sighting.MaxEvents)
	unknown := []sighting.Unknown{{Kind: "field", Name: "acs.paidlc a"}, {Kind: "field", Name: "acs.paidlc b"}}
	i := 0
	for b.Loop() {
		i++
		c.at = c.at.Add(time.Millisecond)
		if err := log.Record(b.Context(), bus, pai(fmt.Sprint("new", i), 1000), unknown); err != nil {
			b.Fatal(err)
		}
	}
}
