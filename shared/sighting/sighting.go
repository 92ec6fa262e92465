// Package sighting keeps what observe saw on the buses: the events of a week, when PAI last spoke, what of its events the
// catalogue does not know, and whether set-up's canary came back. It is a look through the window, not a record: rows
// and bytes are capped, the oldest go first, and nothing is delivered from here.
package sighting

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"pai-notify/shared/database"
	"pai-notify/shared/event"
)

// What is kept, for each bus.
const (
	MaxAge    = 7 * 24 * time.Hour
	MaxEvents = 10_000 // the newest
	MaxBytes  = 16 << 20

	maxEvent   = 128 << 10 // bytes of one; of a larger one all but its body is kept
	maxUnknown = 200       // names
	maxName    = 200       // bytes of one
)

// Source is the CloudEvents source of pai-notify's own events, which come over the same buses as PAI's.
const Source = "pai-notify"

// Log is the record of one deployment. It is safe for concurrent use.
type Log struct {
	DB  *database.DB
	Now func() time.Time
}

// Sighting is one event as it was seen.
type Sighting struct {
	Bus   string
	Event event.Event
	Known bool // the catalogue knew its source and type
	Seen  time.Time
	Key   string // sorts by arrival; see [Wanted]
	Kept  bool   // its body too
}

// Record notes an event of a bus, and what of it is unknown. An event that EventBridge delivers again is noted once.
func (l *Log) Record(ctx context.Context, bus string, e event.Event, unknown []Unknown) error {
	body, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("record event %q: %w", e.ID, err)
	}
	if len(body) > maxEvent {
		body = nil
	}
	known := 1
	for _, u := range unknown {
		if u.Kind != "field" {
			known = 0
		}
	}
	now := l.Now()
	err = l.DB.Write(ctx, false, func(tx *sql.Tx) error {
		done, err := tx.ExecContext(ctx,
			`insert into sighting (id, bus, source, event_id, type, known, seen, size, event)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict do nothing`,
			rowID(now, bus, e), bus, plain(e.Source), plain(e.ID), plain(e.Type), known, now.UnixMilli(), len(body),
			string(body))
		if err != nil {
			return err
		}
		if rows, err := done.RowsAffected(); err != nil || rows == 0 {
			return err
		}
		if err := note(ctx, tx, bus, e, len(body), now); err != nil || e.Source == Source {
			return err
		}
		return count(ctx, tx, bus, unknown, now)
	})
	if err != nil {
		return fmt.Errorf("record event %q: %w", e.ID, err)
	}
	return nil
}

// rowID sorts by arrival.
func rowID(now time.Time, bus string, e event.Event) string {
	return fmt.Sprintf("%013d-%s", now.UnixMilli(), event.HashID([]byte(bus+"\x00"+e.Source+"\x00"+e.ID)))
}

// Spoken is when PAI last spoke on a bus; the zero time means that it never did.
func (l *Log) Spoken(ctx context.Context, bus string) (time.Time, error) {
	var at int64
	err := l.DB.Read(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `select at from spoken where bus = $1`, bus).Scan(&at)
	})
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return time.Time{}, nil
	case err != nil:
		return time.Time{}, fmt.Errorf("read when PAI last spoke on bus %q: %w", bus, err)
	}
	return moment(at), nil
}
