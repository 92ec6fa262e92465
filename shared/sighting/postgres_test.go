package sighting_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"pai-notify/shared/database"
	"pai-notify/shared/database/databasetest"
	"pai-notify/shared/database/migrate"
	"pai-notify/shared/sighting"
)

func onPostgreSQL(t *testing.T) (*sighting.Log, *clock) {
	t.Helper()
	db, err := database.Open(t.Context(), databasetest.Start(t).URL(t))
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

func TestHeartbeatsOnPostgreSQL(t *testing.T) {
	t.Parallel()
	log, c := onPostgreSQL(t)
	at := c.at
	if err := log.Pulse(t.Context(), bus, at, false); err != nil {
		t.Fatal(err)
	}
	if err := log.Beat(t.Context(), bus, sighting.HeartbeatEvent(bus, at)); err != nil {
		t.Fatal(err)
	}
	if _, err := log.Buses(t.Context()); err != nil {
		t.Fatal(err)
	}
	if list, err := log.Heartbeats(t.Context()); err != nil || len(list) != 1 || !list[0].Beat.Equal(at) {
		t.Errorf("heartbeats %+v, %v", list, err)
	}
}

func TestRecentEventsOnPostgreSQL(t *testing.T) {
	t.Parallel()
	log, c := onPostgreSQL(t)
	unknown := []sighting.Unknown{{Kind: "field", Name: "acs.paidlc new"}, {Kind: "type", Name: "acs.paidlc paidlc:Job:Flying"}}
	var writers sync.WaitGroup
	for w := range 4 {
		writers.Go(func() {
			for i := range 50 {
				if err := log.Record(t.Context(), bus, pai(fmt.Sprint("e", w, "-", i), 100_000), unknown); err != nil {
					t.Error(err)
				}
			}
		})
	}
	writers.Wait()
	checkCounts(t, log)
	counts, err := log.Unknown(t.Context(), bus)
	if err != nil || len(counts) != 2 || counts[0].Count != 200 || counts[1].Count != 200 {
		t.Errorf("unknown = %+v, %v; want two names, 200 times each", counts, err)
	}
	got, err := log.List(t.Context(), bus, sighting.Wanted{Unknown: true, Type: "paidlc:Job:Failed", Limit: 500})
	if err != nil || len(got) < 150 || len(got) > 170 {
		t.Errorf("%d events of 100 kB are kept, %v; want about 160", len(got), err)
	}
	c.at = c.at.Add(sighting.MaxAge + time.Minute)
	if n, err := log.Purge(t.Context(), 1000); err != nil || n != len(got) {
		t.Errorf("purged %d, %v; want %d", n, err, len(got))
	}
	checkCounts(t, log)
}
