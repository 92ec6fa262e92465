package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"pai-notify/shared/channel"
	"pai-notify/shared/database"
)

// Claim enters deliveries that EventBridge asks for and claims those that can be sent now. It gives one delivery for each
// entry, in their order, but only one for entries that are the same; behind them, where the terms allow a digest, others
// that share a slot with one of these. What is Claimed is the caller's to send and
// [Ledger.Record]; all others are held, ended, or with another process, and EventBridge may be told that all is well.
func (l *Ledger) Claim(ctx context.Context, t Terms, entries []Entry) ([]Delivery, error) {
	asked, err := l.asked(ctx, entries)
	if err != nil {
		return nil, fmt.Errorf("claim: %w", err)
	}
	durable := t.Once || slices.ContainsFunc(entries, func(e Entry) bool { return e.Fault != nil || !e.NotBefore.IsZero() })
	var given []*row
	var mustLast bool
	err = l.write(ctx, durable, func(tx *sql.Tx) (err error) {
		given, mustLast, err = l.enter(ctx, tx, t, asked)
		return err
	})
	if err == nil && mustLast && !durable {
		err = l.db.Flush(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("claim: %w", err)
	}
	return deliveries(given), nil
}

func deliveries(rows []*row) []Delivery {
	list := make([]Delivery, len(rows))
	for i, r := range rows {
		list[i] = r.delivery()
	}
	return list
}

// asked makes a row of each entry, once of those that are the same.
func (l *Ledger) asked(ctx context.Context, entries []Entry) ([]row, error) {
	addresses := make([]string, len(entries))
	for i, e := range entries {
		addresses[i] = e.Address
	}
	hashes, err := l.hashes(ctx, addresses...)
	if err != nil {
		return nil, err
	}
	rows := make([]row, 0, len(entries))
	seen := make(map[string]bool, len(entries))
	for i, e := range entries {
		id := e.ID()
		if seen[id] {
			continue
		}
		seen[id] = true
		r := row{
			id: id, source: keyColumn(e.EventSource), eventID: keyColumn(e.EventID), bus: keyColumn(e.Bus),
			rule: keyColumn(e.Rule), target: keyColumn(e.Target), contact: keyColumn(e.Contact), channel: column(e.Channel),
			destination: hashes[i], object: column(e.Object), owner: column(e.Owner), happened: millis(e.Happened),
			due: millis(e.NotBefore), why: e.Why, gap: e.Gap.Milliseconds(), sealed: e.Sealed, event: e.Event, isNew: true,
		}
		if e.Failing {
			r.failing = 1
		}
		if e.Unwanted != "" {
			r.state, r.code, r.sealed = Cancelled, column(e.Unwanted), nil
		}
		if f := e.Fault; f != nil {
			r.state, r.class, r.code, r.fault = Dead, f.Class.String(), column(f.Code), column(f.Text)
			r.attempts = 1 // the one that cannot be made, with the reason
			r.event = r.event[:min(len(r.event), maxEvent)]
		}
		rows = append(rows, r)
	}
	return rows, nil
}

func (l *Ledger) enter(ctx context.Context, tx *sql.Tx, t Terms, asked []row) (given []*row, mustLast bool, err error) {
	hashes, ids, looked := make([]string, len(asked)), make([]string, len(asked)), make([]*row, len(asked))
	for i := range asked {
		hashes[i], ids[i], looked[i] = asked[i].destination, asked[i].id, &asked[i]
	}
	s := session{now: l.now().UnixMilli(), terms: t, counts: l.counts()}
	var b batch
	s.destinations = b.lock(l.db, hashes)
	known := b.known(ids)
	s.askSiblings(&b, looked)
	if _, err := b.run(ctx, l.db, tx); err != nil {
		return nil, false, fmt.Errorf("look for what is known: %w", err)
	}
	if err := allFound(s.destinations, hashes); err != nil {
		return nil, false, err
	}
	rows, err := l.rows(ctx, tx, whole, *known)
	if err != nil {
		return nil, false, err
	}
	for i := range asked {
		r := asked[i] // a copy, since the transaction may run again
		if k := rows[r.id]; k != nil {
			k.hold = r.due
			given = append(given, k)
		} else {
			given = append(given, &r)
		}
	}
	if err := s.readSiblings(ctx, l.db, tx, given); err != nil {
		return nil, false, err
	}
	if err := s.readTold(ctx, tx, given); err != nil {
		return nil, false, err
	}
	var fresh []*row
	for _, r := range given {
		if r.isNew {
			fresh = append(fresh, r)
		}
		s.space(r)
		s.admit(r)
		s.tell(r)
	}
	more, err := l.gather(ctx, tx, &s, given)
	if err != nil {
		return nil, false, err
	}
	given = append(given, more...)
	if err := s.save(ctx, l.db, tx, given, fresh); err != nil {
		return nil, false, err
	}
	return given, s.mustLast, nil
}

// session decides, in one transaction, which deliveries are claimed.
type session struct {
	now          int64
	terms        Terms
	destinations map[string]*destination
	siblings     map[same][]*row   // that are claimed or delivered
	told         map[subject]int64 // when a message went out about what new deliveries with a gap are about; 0: none
	lost         []*row            // whose claim was found to have run out
	mustLast     bool              // something was decided that must be on disk
	counts       *counts
	slots        map[string]*slot // by destination: the one that others may share
	sharing      bool             // what comes now had to wait
}

// readSiblings is askSiblings at once.
func (s *session) readSiblings(ctx context.Context, db *database.DB, tx *sql.Tx, rows []*row) error {
	var b batch
	s.askSiblings(&b, rows)
	if _, err := b.run(ctx, db, tx); err != nil {
		return fmt.Errorf("look for duplicates: %w", err)
	}
	return nil
}

// askSiblings finds other deliveries of the same events to the same destinations that are claimed or delivered, or of
// which nobody knows whether they were: those that were not asked for yet.
func (s *session) askSiblings(b *batch, rows []*row) {
	if s.siblings == nil {
		s.siblings = map[same][]*row{}
	}
	var v values
	var tuples []string
	for _, r := range rows {
		if _, asked := s.siblings[r.same()]; r.destination != "" && !asked {
			s.siblings[r.same()] = nil
			tuples = append(tuples, v.tuple(r.source, r.eventID, r.destination))
		}
	}
	if len(tuples) == 0 {
		return
	}
	b.ask(`select id, event_source, event_id, destination, state, due, sending from delivery
		where (event_source, event_id, destination) in (values `+strings.Join(tuples, ", ")+`)
		and (state in ('claimed', 'delivered') or state = 'dead' and sending <> '')`, v.args, func(scan func(...any) error) error {
		var r row
		if err := scan(&r.id, &r.source, &r.eventID, &r.destination, &r.state, &r.due, &r.sending); err != nil {
			return err
		}
		s.siblings[r.same()] = append(s.siblings[r.same()], &r)
		return nil
	})
}

// admit decides what becomes of a new delivery or of one that is due. It leaves all others as they are.
func (s *session) admit(r *row) {
	d := s.destinations[r.destination]
	switch {
	case r.isNew && r.state != "": // it comes with its end
		r.end(r.state, s.now)
		return
	case r.isNew && r.due > s.now:
		r.wait(r.due, r.why)
		s.mustLast = true
		return
	case r.isNew:
	case r.state != Claimed && r.state != Waiting, r.due > s.now, r.hold > s.now, r.destination != "" && d == nil, r.sending != "":
		return
	case r.state == Claimed && !s.lose(r):
		return
	}
	for _, sibling := range s.siblings[r.same()] {
		if sibling.id == r.id {
			continue
		}
		if sibling.state == Delivered || sibling.state == Dead {
			r.end(Duplicate, s.now)
			return
		}
		if sibling.due > s.now || sibling.sending != "" {
			at := sibling.due
			if at <= s.now { // in doubt
				at = s.now + time.Minute.Milliseconds()
			}
			r.wait(at, WhySame)
			s.mustLast = true
			return
		}
	}
	start, failing := s.now, false
	r.slot = r.id
	if d != nil {
		failing = d.failures >= maxFailures
		at, shared := s.share(r)
		if start = at; !shared {
			start = d.slot(s.terms.Pace, r.failing != 0, s.now)
			if start-s.now > s.terms.Patience.Milliseconds() {
				if r.isNew || r.changed { // in the slot of a failing outcome it may take part sooner than in its own
					r.wait(d.slot(s.terms.Pace, true, s.now), WhyPace)
					s.mustLast = true
				}
				d.reopen(s.terms.Pace, s.now)
				return
			}
			r.probe = d.closed != 0
			d.take(s.terms.Pace, start, s.now, s.terms.Lease)
			s.offer(r, start)
		}
		s.siblings[r.same()] = append(s.siblings[r.same()], r)
	}
	if r.firstFailed != 0 && !r.isNew && !failing { // what waits because its receiver is dead grows old
		r.held += max(s.now-r.due, 0)
	}
	r.state, r.claim, r.due, r.start, r.changed = Claimed, r.claim+1, start+s.terms.Lease.Milliseconds(), start, true
	r.once = s.terms.Once
}

// The code of an attempt of which nobody said how it ended.
const codeLost = "ClaimLost"

// lose counts a claim whose holder ended without a word as a round that failed, and says whether the delivery may be
// claimed at once: after the first such round it may, so that a crash costs no more than the lease; after further ones it
// waits, so that a delivery which kills its sender is not tried without end.
func (s *session) lose(r *row) (again bool) {
	first := r.tries == 0
	s.lost = append(s.lost, r)
	r.attempts++
	r.class, r.code, r.changed = channel.Uncertain.String(), codeLost, true
	r.fail(s.now, delay(r.tries+1))
	s.mustLast = true
	if first && r.state == Waiting {
		r.due = s.now
		return true
	}
	return false
}

// save writes what was decided about rows and destinations.
func (s *session) save(ctx context.Context, db *database.DB, tx *sql.Tx, rows, fresh []*row) error {
	var b batch
	fresh = b.insert(fresh, s.now)
	for _, r := range s.lost {
		claim := r.claim
		if r.state == Claimed { // again, since
			claim--
		}
		b.addAttempts([]attempt{{delivery: r.id, n: r.attempts, claim: claim, at: s.now, class: r.class, code: r.code,
			text: "the process that was sending it ended before it said what became of it"}})
	}
	b.update(s.counts, rows)
	b.saveDestinations(s.destinations)
	for _, r := range fresh {
		if s.counts.moved(r); r.state == Dead {
			b.add(insertAttempt+" on conflict (delivery, n) do nothing", r.id, 1, 0, s.now, 0, r.class, r.code, r.fault)
		}
	}
	b.count(s.counts)
	changed, err := b.run(ctx, db, tx)
	if err != nil {
		return err
	}
	late := counts{shard: s.counts.shard, states: map[counted]int64{}}
	for i, r := range fresh {
		if changed[i] == 0 { // another process was first, and so has it; their destinations differ or are not known
			late.add(r, r.state, -1)
			r.state = Waiting
		}
	}
	b.count(&late)
	_, err = b.run(ctx, db, tx)
	return err
}
