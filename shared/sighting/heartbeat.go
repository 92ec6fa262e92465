package sighting

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"pai-notify/shared/event"
)

// HeartbeatType is the CloudEvents type of a heartbeat.
const HeartbeatType = "pai-notify:Heartbeat:Sent"

// Heartbeat is how the way of events through a bus is known to be open: each minute an event of our own goes round.
type Heartbeat struct {
	Bus  string
	Sent time.Time // of the newest
	Beat time.Time // when the newest that came back had been sent; zero: none has
	Gone bool      // the bus is no more, so that nothing can come back
}

// HeartbeatEvent is the event of a heartbeat. Its id is one for each bus and moment; EventBridge takes letters, digits and
// hyphens, of which the name of a bus may have others.
func HeartbeatEvent(bus string, at time.Time) event.Event {
	at = at.Truncate(time.Millisecond).UTC() // as it is kept
	sum := sha256.Sum256([]byte(bus))
	return event.Event{
		ID: fmt.Sprintf("heartbeat-%d-%s", at.UnixMilli(), hex.EncodeToString(sum[:8])), Source: Source, SpecVersion: "1.0", Type: HeartbeatType,
		Subject: "heartbeat", Time: at, DataContentType: "application/json", Data: json.RawMessage(`{}`),
	}
}

// Buses are those on which a canary of set-up has come back, sorted.
func (l *Log) Buses(ctx context.Context) (buses []string, err error) {
	err = l.DB.Read(ctx, func(tx *sql.Tx) error {
		buses = nil
		rows, err := tx.QueryContext(ctx, `select distinct bus from canary where returned > 0 order by bus`)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }() // a fault shows in Err
		for rows.Next() {
			var bus string
			if err := rows.Scan(&bus); err != nil {
				return err
			}
			buses = append(buses, bus)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("read which buses are set up: %w", err)
	}
	return buses, nil
}

// Pulse notes that a heartbeat was sent, or that its bus is gone. Of a bus's first one, set-up's canary counts as the
// beat before it.
func (l *Log) Pulse(ctx context.Context, bus string, at time.Time, gone bool) error {
	missing := 0
	if gone {
		missing = 1
	}
	err := l.DB.Write(ctx, false, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `insert into heartbeat (bus, sent, beat, gone)
			values ($1, $2, coalesce((select max(returned) from canary where bus = $1), 0), $3)
			on conflict (bus) do update set sent = excluded.sent, gone = excluded.gone`, bus, at.UnixMilli(), missing)
		return err
	})
	if err != nil {
		return fmt.Errorf("note the heartbeat of bus %q: %w", bus, err)
	}
	return nil
}

// Beat notes that a heartbeat came back. One that claims to be newer than the newest that was sent is not ours, and
// changes nothing.
func (l *Log) Beat(ctx context.Context, bus string, e event.Event) error {
	err := l.DB.Write(ctx, false, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `update heartbeat set beat = $2 where bus = $1 and beat < $2 and sent >= $2`,
			bus, e.Time.UnixMilli())
		return err
	})
	if err != nil {
		return fmt.Errorf("note the heartbeat %q: %w", e.ID, err)
	}
	return nil
}

// Heartbeats are those of all buses, by their names.
func (l *Log) Heartbeats(ctx context.Context) (list []Heartbeat, err error) {
	err = l.DB.Read(ctx, func(tx *sql.Tx) error {
		list = nil
		rows, err := tx.QueryContext(ctx, `select bus, sent, beat, gone from heartbeat order by bus`)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }() // a fault shows in Err
		for rows.Next() {
			var h Heartbeat
			var sent, beat, gone int64
			if err := rows.Scan(&h.Bus, &sent, &beat, &gone); err != nil {
				return err
			}
			h.Sent, h.Beat, h.Gone = moment(sent), moment(beat), gone == 1
			list = append(list, h)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("read the heartbeats: %w", err)
	}
	return list, nil
}
