package sighting_test

import (
	"testing"
	"time"

	"pai-notify/shared/database"
	"pai-notify/shared/database/databasetest"
	"pai-notify/shared/database/migrate"
	"pai-notify/shared/sighting"
)

func TestHeartbeatsOnPostgreSQL(t *testing.T) {
	t.Parallel()
	db, err := database.Open(t.Context(), databasetest.Start(t).URL(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if _, err := migrate.Up(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	at := time.UnixMilli(1_700_000_000_000)
	log := &sighting.Log{DB: db, Now: func() time.Time { return at }}
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
