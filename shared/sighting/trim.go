package sighting

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"pai-notify/shared/event"
)

// When an event is one too many, a few more go with it, so that not every event after it has to make room again.
const (
	spareEvents = MaxEvents / 100
	spareBytes  = MaxBytes / 100
	trimBatch   = 500 // rows looked at together
)

// note counts a new event of a bus, notes that PAI spoke, and takes the oldest events away where there are too many.
func note(ctx context.Context, tx *sql.Tx, bus string, e event.Event, size int, now time.Time) error {
	at := now.UnixMilli()
	if e.Source == Source {
		at = 0
	}
	var kept, bytes int
	err := tx.QueryRowContext(ctx, `insert into spoken (bus, at, n, bytes) values ($1, $2, 1, $3)
		on conflict (bus) do update set at = case when excluded.at > spoken.at then excluded.at else spoken.at end,
			n = spoken.n + 1, bytes = spoken.bytes + excluded.bytes
		returning n, bytes`, bus, at, size).Scan(&kept, &bytes)
	if err != nil || kept <= MaxEvents && bytes <= MaxBytes {
		return err
	}
	for kept > MaxEvents-spareEvents || bytes > MaxBytes-spareBytes {
		n, freed, err := trim(ctx, tx, bus, kept-(MaxEvents-spareEvents), bytes-(MaxBytes-spareBytes))
		if err != nil || n == 0 {
			return err
		}
		kept, bytes = kept-n, bytes-freed
	}
	return nil
}

// trim takes the oldest events of a bus away: so many, and more until so many bytes are free.
func trim(ctx context.Context, tx *sql.Tx, bus string, events, bytes int) (n, freed int, err error) {
	last := ""
	err = each(ctx, tx, `select id, size from sighting where bus = $1 order by id limit $2`, []any{bus, trimBatch},
		func(scan func(...any) error) error {
			var id string
			var size int
			if err := scan(&id, &size); err != nil {
				return err
			}
			if n < events || freed < bytes {
				last, n, freed = id, n+1, freed+size
			}
			return nil
		})
	if err != nil || n == 0 {
		return 0, 0, err
	}
	return n, freed, take(ctx, tx, bus, last, n, freed)
}

// take takes away the n events of a bus up to an id, of so many bytes.
func take(ctx context.Context, tx *sql.Tx, bus, last string, n, bytes int) error {
	if _, err := tx.ExecContext(ctx, `delete from sighting where bus = $1 and id <= $2`, bus, last); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `update spoken set n = n - $2, bytes = bytes - $3 where bus = $1`, bus, n, bytes)
	return err
}

// Purge takes away what is older than [MaxAge], at most limit events of each bus, and gives how many. Where there is nothing
// so old, as most of the time, it is one look.
func (l *Log) Purge(ctx context.Context, limit int) (purged int, err error) {
	buses, err := l.aged(ctx)
	if err != nil {
		return 0, fmt.Errorf("forget old events: %w", err)
	}
	for _, bus := range buses {
		n := 0
		err := l.DB.Write(ctx, false, func(tx *sql.Tx) (err error) {
			n, err = l.purge(ctx, tx, bus, limit)
			return err
		})
		if err != nil {
			return purged, fmt.Errorf("forget old events of bus %q: %w", bus, err)
		}
		purged += n
	}
	return purged, nil
}

// aged are the buses of which too old events are kept.
func (l *Log) aged(ctx context.Context) (buses []string, err error) {
	err = l.DB.Read(ctx, func(tx *sql.Tx) error {
		buses = nil
		return each(ctx, tx, `select distinct bus from sighting where id < $1 order by bus`, []any{l.oldest()},
			func(scan func(...any) error) error {
				var bus string
				err := scan(&bus)
				buses = append(buses, bus)
				return err
			})
	})
	return buses, err
}

func (l *Log) purge(ctx context.Context, tx *sql.Tx, bus string, limit int) (n int, err error) {
	// The same order of locks as where an event is recorded: first the bus.
	var kept int
	row := tx.QueryRowContext(ctx, `select n from spoken where bus = $1`+l.DB.ForUpdate(), bus)
	if err := row.Scan(&kept); err != nil {
		return 0, err
	}
	last, bytes := "", 0
	err = each(ctx, tx, `select id, size from sighting where bus = $1 and id < $2 order by id limit $3`,
		[]any{bus, l.oldest(), limit}, func(scan func(...any) error) error {
			var size int
			err := scan(&last, &size)
			n, bytes = n+1, bytes+size
			return err
		})
	if err != nil || n == 0 {
		return 0, err
	}
	return n, take(ctx, tx, bus, last, n, bytes)
}

// oldest comes before the ids of all events that are young enough.
func (l *Log) oldest() string { return fmt.Sprintf("%013d", l.Now().Add(-MaxAge).UnixMilli()) }

// each reads the rows of a query.
func each(ctx context.Context, tx *sql.Tx, query string, args []any, do func(scan func(...any) error) error) error {
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // a fault shows in Err
	for rows.Next() {
		if err := do(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}
