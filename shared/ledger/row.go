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

// known finds which of the ids there are. Nearly all that are asked for are new, and cost no more than that.
func (b *batch) known(ids []string) (there *[]string) {
	var v values
	there = new([]string)
	b.ask("select id from delivery where id in "+v.list(ids), v.args, func(scan func(...any) error) error {
		var id string
		err := scan(&id)
		*there = append(*there, id)
		return err
	})
	return there
}

const (
	insertRow = "insert into delivery (" + initial + `, sealed, event, announced) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12,
		$13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, 0) on conflict (id) do nothing`
	updateRow = `update delivery set state = $1, due = $2, claim = $3, tries = $4, attempts = $5, first_failed = $6, held = $7,
		code = $8, class = $9, receipt = $10, done = $11, alone = $12, why = $13`
	updateKeep  = updateRow + " where id = $14"
	updateClose = updateRow + ", sealed = $14 where id = $15"
	updateEmpty = updateRow + ", sealed = $14, event = $15 where id = $16"
	updateWire  = "update delivery set sending = $1, marked = $2, ask = $3, arrived = $4 where id = $5"
)

// insert adds new rows, in the order of their ids, and gives them in that order. A statement that changes no row was
// too late: somebody has added the row meanwhile.
func (b *batch) insert(rows []*row, now int64) []*row {
	rows = slices.SortedFunc(slices.Values(rows), func(a, b *row) int { return strings.Compare(a.id, b.id) })
	for _, r := range rows {
		r.created = now
		b.add(insertRow, r.id, r.source, r.eventID, r.bus, r.rule, r.target, r.contact, r.channel, r.destination, r.object,
			r.happened, string(r.state), r.due, r.claim, r.tries, r.attempts, r.firstFailed, r.held, r.code, r.class, r.receipt,
			now, r.done, r.alone, r.failing, r.owner, string(r.why), blob(r.sealed), blob(r.event))
	}
	return rows
}

// update writes the rows that changed.
func (b *batch) update(c *counts, rows []*row) {
	for _, r := range rows {
		if !r.changed || r.isNew || r.told {
			continue
		}
		c.moved(r)
		args := []any{string(r.state), r.due, r.claim, r.tries, r.attempts, r.firstFailed, r.held, r.code, r.class, r.receipt, r.done,
			r.alone, string(r.why)}
		switch r.state {
		case Delivered, Cancelled: // a replay finds its target in the rule
			b.add(updateClose, append(args, []byte{}, r.id)...)
		case Duplicate:
			b.add(updateEmpty, append(args, []byte{}, []byte{}, r.id)...)
		default:
			b.add(updateKeep, append(args, r.id)...)
		}
	}
	b.updateWire(rows)
}

// updateWire writes what of the rows concerns the wire, which of most channels never changes.
func (b *batch) updateWire(rows []*row) {
	for _, r := range rows {
		if r.onWire {
			b.add(updateWire, r.sending, r.marked, r.ask, r.arrived, r.id)
		}
	}
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
