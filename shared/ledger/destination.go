package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"pai-notify/shared/channel"
	"pai-notify/shared/database"
)

// destination is a receiver as all rules share it. Times are milliseconds. The columns sent and last of its table are
// of the first releases, which write them still while they run beside this one.
type destination struct {
	hash     string
	arrivals []int64 // theoretical arrival time of each pace
	opens    int64   // for failing outcomes; calm is for all others
	calm     int64
	closed   int64
	failures int64
	changed  bool
}

// slot finds when the next message may go out, by every pace and the receiver's block. A pace is GCRA: a theoretical
// arrival time advances by the interval with every message and may run ahead of now by the burst, of which a reserve is
// for failing outcomes only.
func (d *destination) slot(pace []channel.Pace, failing bool, now int64) int64 {
	at := max(now, d.closed)
	for i, p := range pace {
		burst := p.Burst
		if !failing {
			burst = max(burst-p.Reserve, 1)
		}
		if i < len(d.arrivals) {
			at = max(at, d.arrivals[i]-(int64(burst)-1)*p.Every.Milliseconds())
		}
	}
	return at
}

// take uses the slot. After a block the first message is a probe: others wait for its outcome, or for its lease's end.
func (d *destination) take(pace []channel.Pace, at, now int64, lease time.Duration) {
	for len(d.arrivals) < len(pace) {
		d.arrivals = append(d.arrivals, 0)
	}
	d.arrivals = d.arrivals[:len(pace)]
	for i, p := range pace {
		d.arrivals[i] = max(d.arrivals[i], at) + p.Every.Milliseconds()
	}
	if d.closed != 0 {
		d.closed = at + lease.Milliseconds()
	}
	d.reopen(pace, now)
}

// giveBack undoes the taking of a slot that a receiver did not use.
func (d *destination) giveBack(pace []channel.Pace, now int64) {
	for i, p := range pace {
		if i < len(d.arrivals) {
			d.arrivals[i] -= p.Every.Milliseconds()
		}
	}
	d.reopen(pace, now)
}

// maxFailures is how many rounds in a row may find a destination out of order before it is closed.
const maxFailures = 3

// heard notes what an outcome says of the destination: it is closed while it is told too fast or is out of order.
func (d *destination) heard(o channel.Outcome, probe bool, tries, now int64) {
	if d != nil && probe { // others waited for its outcome, which is here
		d.closed, d.opens, d.calm, d.changed = 0, 0, 0, true
	}
	switch {
	case d == nil:
	case o.Class == channel.Throttled:
		d.failures++
		d.close(now + pause(o, tries).Milliseconds())
	case o.Class == channel.Unavailable, o.Class == channel.Uncertain:
		if d.failures >= maxFailures && !probe { // it was in flight when the others failed
			return
		}
		d.failures, d.changed = d.failures+1, true
		if after := max(probeAfter(d.failures), o.After); after > 0 {
			d.close(now + after.Milliseconds())
		}
	default: // the receiver answered
		d.open()
	}
}

// probeAfter is how long a destination stays closed after so many rounds in a row that failed.
func probeAfter(failures int64) time.Duration {
	if failures < maxFailures {
		return 0
	}
	return min(delay(failures-maxFailures+1), 5*time.Minute)
}

// close keeps everything waiting until then.
func (d *destination) close(until int64) {
	d.closed = max(d.closed, until)
	d.opens, d.calm = max(d.opens, d.closed), max(d.calm, d.closed)
	d.changed = true
}

// open forgets a block: the receiver answers.
func (d *destination) open() {
	if d.closed == 0 && d.failures == 0 {
		return
	}
	d.opens, d.calm, d.closed, d.failures, d.changed = 0, 0, 0, 0, true // who looks next finds what the pace allows
}

// reopen notes when the next message may go out, for those who look for what is due.
func (d *destination) reopen(pace []channel.Pace, now int64) {
	d.opens, d.calm = d.slot(pace, true, now), d.slot(pace, false, now)
	d.changed = true
}

// freshError asks for destinations that are new. See [Ledger.write].
type freshError struct{ hashes []string }

func (e *freshError) Error() string { return fmt.Sprintf("%d destinations are new", len(e.hashes)) }

// write is Write of the database for a transaction that locks destinations. Those that are new are made in a transaction
// of their own before: a transaction that made one while it holds others would lock them in no order, and deadlock.
func (l *Ledger) write(ctx context.Context, durable bool, do func(*sql.Tx) error) error {
	for {
		err := l.db.Write(ctx, durable, do)
		fresh, ok := errors.AsType[*freshError](err)
		if !ok {
			return err
		}
		var v values
		rows := make([]string, len(fresh.hashes))
		for i, hash := range fresh.hashes {
			rows[i] = "(" + v.one(hash) + ", '', 0, 0, 0)"
		}
		err = l.db.Write(ctx, false, func(tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, "insert into destination (hash, pace, opens, closed_until, failures) values "+
				strings.Join(rows, ", ")+" on conflict (hash) do nothing", v.args...)
			return err
		})
		if err != nil {
			return fmt.Errorf("make destinations: %w", err)
		}
	}
}

// destinations locks those of the hashes that are not empty, in order. The error is a freshError where some are new.
func (l *Ledger) destinations(ctx context.Context, tx *sql.Tx, hashes []string) (map[string]*destination, error) {
	var b batch
	found := b.lock(l.db, hashes)
	if _, err := b.run(ctx, l.db, tx); err != nil {
		return nil, fmt.Errorf("lock destinations: %w", err)
	}
	return found, allFound(found, hashes)
}

// lock locks those of the hashes that there are, in order, and keeps them in what it gives.
func (b *batch) lock(db *database.DB, hashes []string) (found map[string]*destination) {
	hashes = slices.DeleteFunc(slices.Compact(slices.Sorted(slices.Values(hashes))), func(hash string) bool { return hash == "" })
	found = make(map[string]*destination, len(hashes))
	if len(hashes) == 0 {
		return found
	}
	var v values
	b.ask("select hash, pace, opens, calm, closed_until, failures from destination where hash in "+v.list(hashes)+
		" order by hash"+db.ForUpdate(), v.args, func(scan func(...any) error) error {
		var d destination
		var pace string
		if err := scan(&d.hash, &pace, &d.opens, &d.calm, &d.closed, &d.failures); err != nil {
			return err
		}
		for text := range strings.SplitSeq(pace, ",") {
			if ms, err := strconv.ParseInt(text, 10, 64); err == nil {
				d.arrivals = append(d.arrivals, ms)
			}
		}
		found[d.hash] = &d
		return nil
	})
	return found
}

// allFound gives a freshError where some of the hashes were not found.
func allFound(found map[string]*destination, hashes []string) error {
	missing := map[string]bool{}
	for _, hash := range hashes {
		if hash != "" && found[hash] == nil {
			missing[hash] = true
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return &freshError{slices.Sorted(maps.Keys(missing))}
}

// lockAll locks the destinations of some deliveries, and others, before those deliveries are locked: what moves one may move
// its siblings, so that two lists that meet in a destination would lock one another's. The transaction is one of
// [Ledger.write].
func (l *Ledger) lockAll(ctx context.Context, tx *sql.Tx, ids, hashes []string) error {
	var v values
	err := query(ctx, tx, "select distinct destination from delivery where id in "+v.list(ids), v.args, func(scan func(...any) error) error {
		var hash string
		err := scan(&hash)
		hashes = append(hashes, hash)
		return err
	})
	if err != nil {
		return fmt.Errorf("look for destinations: %w", err)
	}
	_, err = l.destinations(ctx, tx, hashes)
	return err
}

// change sets columns of the deliveries of which a condition holds, their destinations locked before them, and gives how
// many those are. What more there is of arguments is for the columns.
func (l *Ledger) change(ctx context.Context, tx *sql.Tx, where string, args []any, set string, more ...any) (n int, err error) {
	err = query(ctx, tx, "select hash from destination where hash in (select destination from delivery where "+where+
		") order by hash"+l.db.ForUpdate(), args, func(func(...any) error) error { return nil })
	if err != nil {
		return 0, fmt.Errorf("lock destinations: %w", err)
	}
	done, err := tx.ExecContext(ctx, "update delivery set "+set+" where "+where, slices.Concat(args, more)...)
	if err != nil {
		return 0, err
	}
	rows, err := done.RowsAffected()
	return int(rows), err
}

// saveDestinations writes those that changed.
func (b *batch) saveDestinations(all map[string]*destination) {
	for _, d := range all {
		if !d.changed {
			continue
		}
		texts := make([]string, len(d.arrivals))
		for i, ms := range d.arrivals {
			texts[i] = strconv.FormatInt(ms, 10)
		}
		b.add(`update destination set pace = $1, opens = $2, calm = $3, closed_until = $4, failures = $5 where hash = $6`,
			strings.Join(texts, ","), d.opens, d.calm, d.closed, d.failures, d.hash)
	}
}

// Take takes a slot of a destination's pace for a message outside the ledger, or for a further try. The slot is wait
// away and the caller's to use; where wait exceeds the patience of the terms, none was taken.
func (l *Ledger) Take(ctx context.Context, hash string, t Terms) (wait time.Duration, err error) {
	if hash == "" {
		return 0, nil
	}
	err = l.write(ctx, false, func(tx *sql.Tx) error {
		all, err := l.destinations(ctx, tx, []string{hash})
		if err != nil {
			return err
		}
		d, now := all[hash], l.now().UnixMilli()
		at := d.slot(t.Pace, t.Failing, now)
		if wait = time.Duration(at-now) * time.Millisecond; wait > t.Patience {
			return nil
		}
		d.take(t.Pace, at, now, t.Lease)
		var b batch
		b.saveDestinations(all)
		_, err = b.run(ctx, l.db, tx)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("take a slot: %w", err)
	}
	return wait, nil
}

// Destination is the hash of an address, as [Ledger.Take] wants it.
func (l *Ledger) Destination(ctx context.Context, address string) (string, error) {
	hashes, err := l.hashes(ctx, address)
	if err != nil {
		return "", err
	}
	return hashes[0], nil
}
