package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"
)

// row is a delivery in a transaction. Times are milliseconds.
type row struct {
	id, source, eventID, bus, rule, target, contact, channel, destination, object, owner string

	happened                                       int64
	state                                          State
	due, claim, tries, attempts, firstFailed, held int64
	created, done, alone, failing                  int64
	code, class, receipt                           string
	why                                            Why    // it waits
	sending                                        string // id of the message that went to the wire, or may have gone
	marked, ask, arrived                           int64
	sealed, event                                  []byte

	was     State  // before the transaction; empty where it is new
	start   int64  // of the claim
	slot    string // whose slot it has
	probe   bool
	hold    int64  // not to be claimed before
	gap     int64  // since the message before about the same object
	fault   string // why it is dead from the start
	once    bool   // claimed on terms of Once
	onWire  bool   // what sending, marked, ask and arrived say has changed
	isNew   bool
	told    bool // see endTold: its end is written
	changed bool
}

// same is what siblings have in common: the event and whom it is told.
type same struct{ source, eventID, destination string }

func (r *row) same() same { return same{r.source, r.eventID, r.destination} }

func (r *row) wait(due int64, why Why) { r.state, r.due, r.why, r.changed = Waiting, due, why, true }

func (r *row) end(s State, now int64) { r.state, r.due, r.done, r.changed = s, 0, now, true }

// fail counts a round that failed and makes the next one due after a while, or ends the delivery.
func (r *row) fail(now int64, after time.Duration) {
	r.tries++
	if r.firstFailed == 0 {
		r.firstFailed = now
	}
	last := r.firstFailed + r.held + lifetime.Milliseconds()
	if now >= last {
		r.end(Dead, now)
		return
	}
	r.wait(min(now+after.Milliseconds(), last), WhyRetry)
}

// delivery is the row as senders see it.
func (r *row) delivery() Delivery {
	return Delivery{
		ID: r.id, EventSource: r.source, EventID: r.eventID, Bus: r.bus, Rule: r.rule, Target: r.target, Contact: r.contact,
		Object: r.object, Owner: r.owner, Channel: r.channel, Destination: r.destination, State: r.state, Due: moment(r.due), Token: r.claim,
		Attempts: int(r.attempts), Tries: int(r.tries), Sealed: r.sealed, Event: r.event, Created: moment(r.created),
		Start: moment(r.start), Slot: r.slot, Probe: r.probe, Failing: r.failing != 0, Once: r.once,
	}
}

const (
	initial = `id, event_source, event_id, bus, rule, target, contact, channel, destination, object, happened_at, state, due,
		claim, tries, attempts, first_failed, held, code, class, receipt, created, done, alone, failing, owner, why`
	columns = initial + ", sending, marked, ask, arrived"
	whole   = columns + ", sealed, event"
	outside = columns + ", null, null" // without what is only needed to send
)

// fields are where the columns go.
func (r *row) fields() []any {
	return []any{&r.id, &r.source, &r.eventID, &r.bus, &r.rule, &r.target, &r.contact, &r.channel, &r.destination,
		&r.object, &r.happened, &r.state, &r.due, &r.claim, &r.tries, &r.attempts, &r.firstFailed, &r.held, &r.code, &r.class,
		&r.receipt, &r.created, &r.done, &r.alone, &r.failing, &r.owner, &r.why, &r.sending, &r.marked, &r.ask, &r.arrived, &r.sealed, &r.event}
}

// rows locks the deliveries of some ids, in order. What is selected is whole or outside.
func (l *Ledger) rows(ctx context.Context, tx *sql.Tx, selected string, ids []string) (map[string]*row, error) {
	found := make(map[string]*row, len(ids))
	if len(ids) == 0 {
		return found, nil
	}
	var v values
	err := query(ctx, tx, "select "+selected+" from delivery where id in "+v.list(ids)+" order by id"+l.db.ForUpdate(), v.args,
		func(scan func(...any) error) error {
			var r row
			if err := scan(r.fields()...); err != nil {
				return err
			}
			r.was = r.state
			found[r.id] = &r
			return nil
		})
	if err != nil {
		return nil, fmt.Errorf("read deliveries: %w", err)
	}
	return found, nil
}

// known is rows of those of the ids that there are. New deliveries, which are nearly all, cost it one look.
func (l *Ledger) known(ctx context.Context, tx *sql.Tx, ids []string) (map[string]*row, error) {
	var v values
	var there []string
	err := query(ctx, tx, "select id from delivery where id in "+v.list(ids), v.args, func(scan func(...any) error) error {
		var id string
		err := scan(&id)
		there = append(there, id)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("look for deliveries: %w", err)
	}
	return l.rows(ctx, tx, whole, there)
}

// insert adds new rows, in the order of their ids, and forgets those that somebody added meanwhile.
func insert(ctx context.Context, tx *sql.Tx, c *counts, rows []*row, now int64) error {
	rows = slices.SortedFunc(slices.Values(rows), func(a, b *row) int { return strings.Compare(a.id, b.id) })
	for part := range slices.Chunk(rows, 500) { // well below the 32,766 parameters of SQLite
		var v values
		tuples := make([]string, len(part))
		byID := make(map[string]*row, len(part))
		for i, r := range part {
			tuples[i] = v.tuple(r.id, r.source, r.eventID, r.bus, r.rule, r.target, r.contact, r.channel, r.destination, r.object,
				r.happened, string(r.state), r.due, r.claim, r.tries, r.attempts, r.firstFailed, r.held, r.code, r.class, r.receipt,
				now, r.done, r.alone, r.failing, r.owner, string(r.why), blob(r.sealed), blob(r.event), 0)
			r.created = now
			byID[r.id] = r
		}
		err := query(ctx, tx, "insert into delivery ("+initial+", sealed, event, announced) values "+strings.Join(tuples, ", ")+
			" on conflict (id) do nothing returning id", v.args, func(scan func(...any) error) error {
			var id string
			err := scan(&id)
			if r := byID[id]; r != nil {
				c.moved(r)
				delete(byID, id)
			}
			return err
		})
		if err != nil {
			return fmt.Errorf("add deliveries: %w", err)
		}
		for _, r := range byID { // another process was first, and so has it; their destinations differ or are not known
			r.state = Waiting
		}
	}
	return nil
}

// update writes the rows that changed.
func update(ctx context.Context, tx *sql.Tx, c *counts, rows []*row) error {
	var v values
	empty := v.one([]byte{})
	var tuples []string
	for _, r := range rows {
		if !r.changed || r.isNew || r.told {
			continue
		}
		c.moved(r)
		var emptied int64
		switch r.state {
		case Delivered, Cancelled: // a replay finds its target in the rule
			emptied = 1
		case Duplicate:
			emptied = 2
		}
		tuples = append(tuples, "("+strings.Join([]string{
			v.text(r.id), v.text(string(r.state)), v.number(r.due), v.number(r.claim), v.number(r.tries), v.number(r.attempts),
			v.number(r.firstFailed), v.number(r.held), v.text(r.code), v.text(r.class), v.text(r.receipt), v.number(r.done), v.number(r.alone),
			v.number(emptied), v.text(string(r.why)),
		}, ", ")+")")
	}
	if len(tuples) == 0 {
		return updateWire(ctx, tx, rows)
	}
	_, err := tx.ExecContext(ctx, `with v (id, state, due, claim, tries, attempts, first_failed, held, code, class, receipt,
		done, alone, emptied, why) as (values `+strings.Join(tuples, ", ")+`) update delivery set state = v.state, due = v.due, claim = v.claim,
		tries = v.tries, attempts = v.attempts, first_failed = v.first_failed, held = v.held, code = v.code, class = v.class,
		receipt = v.receipt, done = v.done, alone = v.alone, why = v.why, sealed = case v.emptied when 0 then sealed else `+empty+` end,
		event = case v.emptied when 2 then `+empty+` else event end from v where delivery.id = v.id`, v.args...)
	if err != nil {
		return fmt.Errorf("update deliveries: %w", err)
	}
	return updateWire(ctx, tx, rows)
}

// updateWire writes what of the rows concerns the wire, which of most channels never changes.
func updateWire(ctx context.Context, tx *sql.Tx, rows []*row) error {
	var v values
	var tuples []string
	for _, r := range rows {
		if !r.onWire {
			continue
		}
		tuples = append(tuples, "("+v.text(r.id)+", "+v.text(r.sending)+", "+v.number(r.marked)+", "+
			v.number(r.ask)+", "+v.number(r.arrived)+")")
	}
	if len(tuples) == 0 {
		return nil
	}
	_, err := tx.ExecContext(ctx, "with v (id, sending, marked, ask, arrived) as (values "+strings.Join(tuples, ", ")+
		`) update delivery set sending = v.sending, marked = v.marked, ask = v.ask, arrived = v.arrived
		from v where delivery.id = v.id`, v.args...)
	if err != nil {
		return fmt.Errorf("update what went to the wire: %w", err)
	}
	return nil
}

// query reads all rows of a select.
func query(ctx context.Context, tx *sql.Tx, text string, args []any, each func(scan func(...any) error) error) error {
	rows, err := tx.QueryContext(ctx, text, args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // its error is rows.Err's
	for rows.Next() {
		if err := each(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// blob is never null.
func blob(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
