// Package sighting keeps what observe saw on the buses: recent events, when PAI last spoke, what of its events the
// catalogue does not know, and whether set-up's canary came back. It is a look through the window, not a record: rows
// and bytes are capped, the oldest go first, and nothing is delivered from here.
package sighting

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"pai-notify/shared/database"
	"pai-notify/shared/event"
)

// What is kept, for each bus.
const (
	MaxEvents  = 200       // the newest
	maxBytes   = 2 << 20   // of them together
	maxEvent   = 128 << 10 // of one; of a larger one all but its body is kept
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
	Known bool // the catalogue knows its source and type
	Seen  time.Time
}

// Unknown is something in PAI's events that the catalogue does not know.
type Unknown struct {
	Kind string `json:"kind"` // source, type or field
	Name string `json:"name"`
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
			rowID(now, e), bus, plain(e.Source), plain(e.ID), plain(e.Type), known, now.UnixMilli(), len(body),
			string(body))
		if err != nil {
			return err
		}
		if rows, err := done.RowsAffected(); err != nil || rows == 0 {
			return err
		}
		if err := trim(ctx, tx, bus); err != nil {
			return err
		}
		if e.Source == Source {
			return nil
		}
		_, err = tx.ExecContext(ctx,
			`insert into spoken (bus, at) values ($1, $2) on conflict (bus) do update set at = excluded.at`, bus,
			now.UnixMilli())
		if err != nil {
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
func rowID(now time.Time, e event.Event) string {
	return fmt.Sprintf("%013d-%s", now.UnixMilli(), event.HashID([]byte(e.Source+"\x00"+e.ID)))
}

// trim takes the oldest events of a bus away until the rest is within the limits.
func trim(ctx context.Context, tx *sql.Tx, bus string) error {
	_, err := tx.ExecContext(ctx,
		`delete from sighting where id in (
			select id from (
				select id, row_number() over newest as place, sum(size) over newest as bytes
				from sighting where bus = $1 window newest as (order by id desc)
			) as kept where place > $2 or bytes > $3)`, bus, MaxEvents, maxBytes)
	return err
}

func count(ctx context.Context, tx *sql.Tx, bus string, unknown []Unknown, now time.Time) error {
	for _, u := range unknown {
		_, err := tx.ExecContext(ctx,
			`insert into unknown_name (bus, kind, name, count, first, last)
			select cast($1 as text), cast($2 as text), cast($3 as text), 0, cast($4 as bigint), cast($4 as bigint)
			where (select count(*) from unknown_name where bus = $1) < $5
			on conflict (bus, kind, name) do nothing`, bus, u.Kind, shorten(u.Name), now.UnixMilli(), maxUnknown)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx,
			`update unknown_name set count = count + 1, last = $4 where bus = $1 and kind = $2 and name = $3`,
			bus, u.Kind, shorten(u.Name), now.UnixMilli())
		if err != nil {
			return err
		}
	}
	return nil
}

// plain takes out what PostgreSQL does not take in a text.
func plain(text string) string { return strings.ReplaceAll(text, "\x00", "") }

func shorten(name string) string {
	name = plain(name)
	if len(name) <= maxName {
		return name
	}
	end := maxName
	for end > 0 && !utf8.RuneStart(name[end]) {
		end--
	}
	return name[:end]
}

// Recent gives the newest events of a bus, newest first. Those whose body was too large to keep have only source, type
// and id.
func (l *Log) Recent(ctx context.Context, bus string, limit int) ([]Sighting, error) {
	var list []Sighting
	err := l.DB.Read(ctx, func(tx *sql.Tx) error {
		list = nil
		rows, err := tx.QueryContext(ctx,
			`select source, event_id, type, known, seen, event from sighting where bus = $1 order by id desc limit $2`,
			bus, limit)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }() // a fault shows in Err
		for rows.Next() {
			s := Sighting{Bus: bus}
			var known, seen int64
			var body string
			if err := rows.Scan(&s.Event.Source, &s.Event.ID, &s.Event.Type, &known, &seen, &body); err != nil {
				return err
			}
			s.Known, s.Seen = known == 1, time.UnixMilli(seen)
			if body != "" {
				if s.Event, err = event.Parse([]byte(body)); err != nil {
					return err
				}
			}
			list = append(list, s)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("read recent events of bus %q: %w", bus, err)
	}
	return list, nil
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
	return time.UnixMilli(at), nil
}

// Count is how often something unknown was seen.
type Count struct {
	Unknown
	Count int       `json:"count"`
	Last  time.Time `json:"last"`
}

// Unknown lists what of PAI's events on a bus the catalogue did not know, the most frequent first.
func (l *Log) Unknown(ctx context.Context, bus string) ([]Count, error) {
	var list []Count
	err := l.DB.Read(ctx, func(tx *sql.Tx) error {
		list = nil
		rows, err := tx.QueryContext(ctx,
			`select kind, name, count, last from unknown_name where bus = $1 order by count desc, kind, name`, bus)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }() // a fault shows in Err
		for rows.Next() {
			var c Count
			var last int64
			if err := rows.Scan(&c.Kind, &c.Name, &c.Count, &last); err != nil {
				return err
			}
			c.Last = time.UnixMilli(last)
			list = append(list, c)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("read what is unknown on bus %q: %w", bus, err)
	}
	return list, nil
}
