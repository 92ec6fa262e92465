package sighting

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"pai-notify/shared/event"
)

// CanaryType is the CloudEvents type of a canary.
const CanaryType = "pai-notify:Canary:Sent"

// Canary is an event that set-up puts on a bus to see it come back through EventBridge and observe. Its first delivery
// fails on purpose, so its return also proves that EventBridge delivers again what a function could not take.
type Canary struct {
	ID, Bus  string
	Sent     time.Time
	First    time.Time // the delivery that failed on purpose; zero: not yet
	Returned time.Time // the delivery after it; zero: not yet
	Arrivals int
}

// CanaryEvent is the event of a canary.
func CanaryEvent(id string, at time.Time) event.Event {
	return event.Event{
		ID: id, Source: Source, SpecVersion: "1.0", Type: CanaryType, Subject: "canary/" + id, Time: at,
		DataContentType: "application/json",
		Data:            json.RawMessage(`{"note":"pai-notify's set-up sent this to see that events arrive; it concerns nobody"}`),
	}
}

// Release notes a canary before it is put on its bus.
func (l *Log) Release(ctx context.Context, bus, id string) error {
	err := l.DB.Write(ctx, true, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx,
			`insert into canary (id, bus, sent, first, returned, arrivals) values ($1, $2, $3, 0, 0, 0)`,
			id, bus, l.Now().UnixMilli())
		if err != nil {
			return err
		}
		// Of the earlier ones a few tell how it was; more are of no use.
		_, err = tx.ExecContext(ctx, `delete from canary where bus = $1 and id not in (
			select id from (select id from canary where bus = $1 order by sent desc, id limit 10) as kept)`, bus)
		return err
	})
	if err != nil {
		return fmt.Errorf("release a canary on bus %q: %w", bus, err)
	}
	return nil
}

// OnPurposeError is how the first delivery of a canary fails.
type OnPurposeError struct{ ID string }

func (e *OnPurposeError) Error() string {
	return fmt.Sprintf("canary %s: this first delivery fails on purpose, to see it delivered again", e.ID)
}

// Arrive notes a delivery of a canary. The first is an [OnPurposeError]. An event that no set-up of this database has
// released is no canary, and ok is false.
func (l *Log) Arrive(ctx context.Context, e event.Event) (ok bool, err error) {
	var arrivals int
	now := l.Now().UnixMilli()
	err = l.DB.Write(ctx, true, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx,
			`update canary set arrivals = arrivals + 1,
				first = case when first = 0 then $2 else first end,
				returned = case when arrivals > 0 and returned = 0 then $2 else returned end
			where id = $1 returning arrivals`, e.ID, now).Scan(&arrivals)
	})
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("note the canary %q: %w", e.ID, err)
	case arrivals == 1:
		return true, &OnPurposeError{ID: e.ID}
	}
	return true, nil
}

// Latest is the newest canary of a bus; ok is false where there is none.
func (l *Log) Latest(ctx context.Context, bus string) (c Canary, ok bool, err error) {
	var sent, first, returned int64
	err = l.DB.Read(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx,
			`select id, sent, first, returned, arrivals from canary where bus = $1 order by sent desc, id limit 1`, bus,
		).Scan(&c.ID, &sent, &first, &returned, &c.Arrivals)
	})
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return Canary{}, false, nil
	case err != nil:
		return Canary{}, false, fmt.Errorf("read the canary of bus %q: %w", bus, err)
	}
	c.Bus, c.Sent, c.First, c.Returned = bus, time.UnixMilli(sent), moment(first), moment(returned)
	return c, true, nil
}

func moment(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms)
}
