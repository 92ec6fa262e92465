package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"pai-notify/shared/channel"
)

// Attempt is one try at sending.
type Attempt struct {
	At      time.Time
	Took    time.Duration
	Outcome channel.Outcome
	Receipt string // the receiver's id of the message; empty where it gives none
}

// Result is what became of a claim. Its last attempt decides; without one the claim is given back, due at once or when
// it says: nothing of it went to the wire.
type Result struct {
	Delivery Delivery
	Attempts []Attempt
	Unused   []channel.Pace // the slot was of this pace and the receiver did not use it: it is given back
	Reports  bool           // its service can be asked later what became of it, see [Ledger.Questions]
	Address  *string        // of a claim given back: the receiver has this one since, normalised as in [Entry]
	Until    time.Time      // of a claim given back: it is held, and due then
	Why      Why            // it is held
}

type attempt struct {
	delivery    string
	n, claim    int64
	at, ms      int64
	class, code string
	text        string
}

const insertAttempt = "insert into attempt (delivery, n, claim, at, ms, class, code, text) values ($1, $2, $3, $4, $5, $6, $7, $8)"

func (b *batch) addAttempts(list []attempt) {
	for _, a := range list {
		b.add(insertAttempt, a.delivery, a.n, a.claim, a.at, a.ms, a.class, a.code, a.text)
	}
}

// Record writes what became of claims. A result whose claim has passed to another process since is kept as attempts
// only; states gives where each delivery stands now.
func (l *Ledger) Record(ctx context.Context, results []Result) (states []State, err error) {
	durable := false
	addresses := make(map[string]string)
	for _, r := range results {
		durable = durable || r.Delivery.Once || !delivered(r.Attempts)
		if r.Address != nil {
			if addresses[r.Delivery.ID], err = l.Destination(ctx, *r.Address); err != nil {
				return nil, fmt.Errorf("record outcomes: %w", err)
			}
		}
	}
	err = l.write(ctx, durable, func(tx *sql.Tx) (err error) {
		states, err = l.record(ctx, tx, results, addresses)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("record outcomes: %w", err)
	}
	return states, nil
}

func (l *Ledger) record(
	ctx context.Context, tx *sql.Tx, results []Result, addresses map[string]string,
) ([]State, error) {
	now, c := l.now().UnixMilli(), l.counts()
	ids, hashes := make([]string, len(results)), make([]string, len(results))
	for i, r := range results {
		ids[i], hashes[i] = r.Delivery.ID, r.Delivery.Destination
	}
	var b batch
	destinations := b.lock(l.db, hashes)
	locks := len(b.list)
	plain := b.endTold(results, now)
	changed, err := b.run(ctx, l.db, tx)
	if err != nil {
		return nil, err
	}
	if err := allFound(destinations, hashes); err != nil {
		return nil, err
	}
	known := told(plain, changed[locks:], now)
	ids = slices.DeleteFunc(ids, func(id string) bool { return known[id] != nil })
	others, err := l.rows(ctx, tx, outside, ids)
	if err != nil {
		return nil, err
	}
	maps.Copy(known, others)
	sharers, heard := map[string]int{}, map[string]bool{} // by slot
	for _, r := range results {
		sharers[r.Delivery.Slot]++
	}
	states := make([]State, len(results))
	var rows []*row
	var attempts []attempt
	for i, result := range results {
		r := known[result.Delivery.ID]
		if r == nil { // purged, or lost in a power cut: EventBridge or nobody remembers it
			continue
		}
		for _, a := range result.Attempts {
			r.attempts++
			r.changed = true
			attempts = append(attempts, attempt{
				delivery: r.id, n: r.attempts, claim: result.Delivery.Token, at: millis(a.At), ms: a.Took.Milliseconds(),
				class: a.Outcome.Class.String(), code: column(a.Outcome.Code), text: column(a.Outcome.Text),
			})
		}
		if r.told || r.claim == result.Delivery.Token && (r.state == Claimed || r.unknown() && delivered(result.Attempts)) {
			slot := result.Delivery.Slot
			together := sharers[slot] > 1 && !result.Delivery.Once // one by one would use up what little such channels may send
			if r.told {
				c.moved(r)
			} else if err := decide(ctx, tx, r, together, result, now); err != nil {
				return nil, err
			}
			if n := len(result.Attempts); n > 0 && !heard[slot] { // the first speaks for all
				heard[slot] = true
				d := destinations[r.destination]
				if d != nil && len(result.Unused) > 0 {
					d.giveBack(result.Unused, now)
				}
				d.heard(result.Attempts[n-1].Outcome, result.Delivery.Probe, r.tries, now)
			}
			if hash, moved := addresses[r.id]; moved && r.state == Waiting {
				b.add("update delivery set destination = $1 where id = $2", hash, r.id)
			}
			if r.state == Delivered {
				c.told(r)
			}
		}
		rows = append(rows, r)
		states[i] = r.state
	}
	b.update(c, rows)
	if _, err := b.run(ctx, l.db, tx); err != nil {
		return nil, err
	}
	if err := tellSiblings(ctx, tx, c, rows, now); err != nil {
		return nil, err
	}
	b.addAttempts(attempts)
	b.saveDestinations(destinations)
	b.count(c)
	_, err = b.run(ctx, l.db, tx)
	return states, err
}

// decide moves a claimed delivery on, by the class of its last attempt.
func decide(ctx context.Context, tx *sql.Tx, r *row, digest bool, result Result, now int64) error {
	attempts := result.Attempts
	if len(attempts) == 0 {
		r.unmark()
		due := max(now, millis(result.Until))
		if r.firstFailed != 0 { // time in which it is held does not count as life
			r.held += due - now
		}
		r.wait(due, result.Why)
		return nil
	}
	last := attempts[len(attempts)-1]
	o := last.Outcome
	r.class, r.code, r.receipt = o.Class.String(), column(o.Code), column(last.Receipt)
	if digest && (o.Class == channel.Rejected || o.Class == channel.Unknown) {
		r.alone = 1 // perhaps only for another's content
	}
	if r.decideOnce(o.Class, result.Reports, now) {
		return nil
	}
	switch o.Class {
	case channel.Delivered:
		r.end(Delivered, now)
	case channel.Misconfigured, channel.Rejected:
		if r.end(Dead, now); o.Class == channel.Rejected && digest {
			r.done = 0
			r.wait(now, "")
		}
	case channel.Throttled, channel.Unavailable, channel.Uncertain:
		r.fail(now, pause(o, r.tries+1))
	default: // Unknown, and whatever class is added without a rule here
		unknown, err := countUnknown(ctx, tx, r.id, attempts)
		if err != nil {
			return err
		}
		if r.fail(now, pause(o, r.tries+1)); unknown >= maxUnknown {
			r.end(Dead, now)
		}
	}
	return nil
}

// delivered says whether the last attempt got through.
func delivered(attempts []Attempt) bool {
	n := len(attempts)
	return n > 0 && attempts[n-1].Outcome.Class == channel.Delivered
}

// pause is how long to wait after an outcome. A receiver that says it is told too fast knows best; one that is out of
// order may ask for more than our schedule, not for less.
func pause(o channel.Outcome, tries int64) time.Duration {
	if o.Class == channel.Throttled && o.After > 0 {
		return max(o.After, time.Second)
	}
	return max(o.After, delay(tries))
}

// countUnknown counts attempts whose answer was not understood, those before and those about to be added.
func countUnknown(ctx context.Context, tx *sql.Tx, id string, attempts []Attempt) (n int, err error) {
	err = tx.QueryRowContext(ctx,
		"select count(*) from attempt where delivery = $1 and class = $2", id, channel.Unknown.String()).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count attempts: %w", err)
	}
	for _, a := range attempts {
		if a.Outcome.Class == channel.Unknown {
			n++
		}
	}
	return n, nil
}

// tellSiblings moves deliveries on that waited for one of these: duplicates where it was delivered, due where it died,
// due with it where it is to be tried again.
func tellSiblings(ctx context.Context, tx *sql.Tx, c *counts, rows []*row, now int64) error {
	var told, died []*row
	for _, r := range rows {
		switch {
		case !r.changed || r.destination == "":
		case r.state == Delivered, r.unknown():
			told = append(told, r)
		case r.state == Dead, r.state == Cancelled:
			died = append(died, r)
		case r.state == Waiting:
			err := tellWaiting(ctx, tx, c, []*row{r}, func(v *values) string {
				at := v.one(r.due)
				return "why = case when due < " + at + " then " + v.one(string(WhySame)) + " else why end, " +
					"due = case when due < " + at + " then " + at + " else due end"
			})
			if err != nil {
				return err
			}
		}
	}
	err := tellWaiting(ctx, tx, c, told, func(v *values) string {
		return "state = " + v.one(string(Duplicate)) + ", due = 0, done = " + v.one(now) +
			", sealed = " + v.one([]byte{}) + ", event = " + v.one([]byte{})
	})
	if err != nil {
		return err
	}
	return tellWaiting(ctx, tx, c, died, func(v *values) string { return "why = '', due = " + v.one(now) })
}

// tellWaiting changes those that wait beside rows, which it leaves as they are.
func tellWaiting(ctx context.Context, tx *sql.Tx, c *counts, rows []*row, change func(*values) string) error {
	for part := range slices.Chunk(rows, 500) {
		var v values
		set := change(&v)
		events, ids := make([]string, len(part)), make([]string, len(part))
		for i, r := range part {
			events[i], ids[i] = v.tuple(r.eventID, r.destination, r.source), r.id
		}
		err := query(ctx, tx, "update delivery set "+set+" where (event_id, destination, event_source) in (values "+
			strings.Join(events, ", ")+") and state = 'waiting' and id not in "+v.list(ids)+
			" returning bus, channel, created, state", v.args, func(scan func(...any) error) error {
			sibling := row{was: Waiting}
			err := scan(&sibling.bus, &sibling.channel, &sibling.created, &sibling.state)
			c.moved(&sibling)
			return err
		})
		if err != nil {
			return fmt.Errorf("move duplicates on: %w", err)
		}
	}
	return nil
}
