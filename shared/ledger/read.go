package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Entered is a delivery as people see it.
type Entered struct {
	Delivery
	Class, Code, Receipt string // of the last attempt
	Done, Happened       time.Time
	FirstFailed          time.Time
	Arrived              time.Time // at the handset or the mailbox; zero where nobody said so

	Why    Why       // waiting: until Due
	Opens  time.Time // waiting: before then its destination's pace has no slot for it
	Closed time.Time // waiting: until then its destination is closed, since it refused or was out of reach; zero: it is not
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

// Get gives a delivery, its event and its attempts in order. The error is [ErrNotFound] where there is none.
func (l *Ledger) Get(ctx context.Context, id string) (e Entered, tried []Tried, err error) {
	err = l.db.Read(ctx, func(tx *sql.Tx) error {
		list, err := read(ctx, tx, whole, []string{id})
		if err != nil {
			return err
		}
		if len(list) == 0 {
			return ErrNotFound
		}
		if err := readWaits(ctx, tx, list); err != nil {
			return err
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

// List gives deliveries without their events and targets, the newest first, at most limit. A cursor goes on where
// another list ended; next is empty at the end. The error is [ErrCursor] where the cursor is none.
func (l *Ledger) List(ctx context.Context, f Filter, cursor string, limit int) (list []Entered, next string, err error) {
	after, err := parseCursor(cursor)
	if err != nil {
		return nil, "", err
	}
	err = l.db.Read(ctx, func(tx *sql.Tx) error {
		found, err := f.page(ctx, tx, newest(), after, limit+1)
		if err != nil {
			return err
		}
		if len(found) > limit {
			found = found[:limit]
			next = found[limit-1].cursor()
		}
		if list, err = read(ctx, tx, outside, ids(found)); err != nil {
			return err
		}
		return readWaits(ctx, tx, list)
	})
	if err != nil {
		return nil, "", fmt.Errorf("list deliveries: %w", err)
	}
	return list, next, nil
}

// IDs gives the ids of deliveries, the oldest first, for work over many; after and next are cursors of IDs.
func (l *Ledger) IDs(ctx context.Context, f Filter, after string, limit int) (found []string, next string, err error) {
	from, err := parseCursor(after)
	if err != nil {
		return nil, "", err
	}
	err = l.db.Read(ctx, func(tx *sql.Tx) error {
		places, err := f.page(ctx, tx, oldest(), from, limit)
		if err != nil {
			return err
		}
		if len(places) == limit && limit > 0 {
			next = places[limit-1].cursor()
		}
		found = ids(places)
		return nil
	})
	if err != nil {
		return nil, "", fmt.Errorf("list deliveries: %w", err)
	}
	return found, next, nil
}

// Total counts what a filter chooses.
func (l *Ledger) Total(ctx context.Context, f Filter) (n int, err error) {
	err = l.db.Read(ctx, func(tx *sql.Tx) (err error) {
		n, err = f.count(ctx, tx)
		return err
	})
	return n, err
}

// Waiting counts what a rule has left to tell: waiting, or being told just now.
func (l *Ledger) Waiting(ctx context.Context, bus, rule string) (int, error) {
	return l.Total(ctx, Filter{Buses: []string{bus}, Rule: rule, States: []State{Waiting, Claimed}})
}

func ids(places []place) []string {
	list := make([]string, len(places))
	for i, p := range places {
		list[i] = p.id
	}
	return list
}

// read gives the deliveries of some ids in their order, without those that there are none of.
func read(ctx context.Context, tx *sql.Tx, selected string, ids []string) ([]Entered, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	var v values
	byID := make(map[string]Entered, len(ids))
	err := query(ctx, tx, "select "+selected+" from delivery where id in "+v.list(ids), v.args, func(scan func(...any) error) error {
		var r row
		if err := scan(r.fields()...); err != nil {
			return err
		}
		byID[r.id] = r.entered()
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read deliveries: %w", err)
	}
	list := make([]Entered, 0, len(ids))
	for _, id := range ids {
		if e, ok := byID[id]; ok {
			list = append(list, e)
		}
	}
	return list, nil
}

func (r *row) entered() Entered {
	e := Entered{Delivery: r.delivery(), Class: r.class, Code: r.code, Receipt: r.receipt,
		Done: moment(r.done), Happened: moment(r.happened), FirstFailed: moment(r.firstFailed), Arrived: moment(r.arrived)}
	if r.state == Waiting {
		e.Why = r.why
	}
	return e
}
