package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Count is how many deliveries of a channel are in a state.
type Count struct {
	State   State
	Channel string
	Count   int
}

// Summary counts all deliveries, by state and channel in order.
func (l *Ledger) Summary(ctx context.Context) (counts []Count, err error) {
	err = l.db.Read(ctx, func(tx *sql.Tx) error {
		return query(ctx, tx, "select state, channel, count(*) from delivery group by state, channel order by state, channel", nil,
			func(scan func(...any) error) error {
				var c Count
				err := scan(&c.State, &c.Channel, &c.Count)
				counts = append(counts, c)
				return err
			})
	})
	if err != nil {
		return nil, fmt.Errorf("count deliveries: %w", err)
	}
	return counts, nil
}

// Entered is a delivery as people see it.
type Entered struct {
	Delivery
	Class, Code, Receipt string // of the last attempt
	Done, Happened       time.Time
}

// Tried is an attempt as it was recorded.
type Tried struct {
	N                 int
	Token             int64
	At                time.Time
	Took              time.Duration
	Class, Code, Text string
}

// ErrNotFound says that the ledger has no such delivery.
var ErrNotFound = errors.New("no such delivery")

// Get gives a delivery and its attempts in order. The error is [ErrNotFound] where there is none.
func (l *Ledger) Get(ctx context.Context, id string) (e Entered, tried []Tried, err error) {
	err = l.db.Read(ctx, func(tx *sql.Tx) error {
		list, err := read(ctx, tx, "where id = $1", id)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			return ErrNotFound
		}
		e = list[0]
		return query(ctx, tx, "select n, claim, at, ms, class, code, text from attempt where delivery = $1 order by n", []any{id},
			func(scan func(...any) error) error {
				var t Tried
				var at, ms int64
				err := scan(&t.N, &t.Token, &at, &ms, &t.Class, &t.Code, &t.Text)
				t.At, t.Took = moment(at), time.Duration(ms)*time.Millisecond
				tried = append(tried, t)
				return err
			})
	})
	if err != nil {
		return Entered{}, nil, fmt.Errorf("delivery %q: %w", id, err)
	}
	return e, tried, nil
}

// List gives the deliveries of a bus, the latest first, at most limit.
func (l *Ledger) List(ctx context.Context, bus string, limit int) (list []Entered, err error) {
	err = l.db.Read(ctx, func(tx *sql.Tx) (err error) {
		list, err = read(ctx, tx, "where bus = $1 order by created desc, id desc limit $2", bus, limit)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list deliveries: %w", err)
	}
	return list, nil
}

func read(ctx context.Context, tx *sql.Tx, where string, args ...any) (list []Entered, err error) {
	err = query(ctx, tx, "select "+whole+" from delivery "+where, args, func(scan func(...any) error) error {
		var r row
		if err := scan(r.fields()...); err != nil {
			return err
		}
		list = append(list, Entered{Delivery: r.delivery(), Class: r.class, Code: r.code, Receipt: r.receipt,
			Done: moment(r.done), Happened: moment(r.happened)})
		return nil
	})
	return list, err
}
