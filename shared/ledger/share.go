package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
)

// slot is one of a destination's pace that several deliveries may share, to be told as one message.
type slot struct {
	first *row // the delivery that took it
	start int64
	n     int
}

// offer lets others share the slot that a delivery took. The first of a list is offered, since who waits is older.
func (s *session) offer(r *row, start int64) {
	if s.slots == nil {
		s.slots = map[string]*slot{}
	}
	if r.alone == 0 && (s.sharing || s.slots[r.destination] == nil) {
		s.slots[r.destination] = &slot{r, start, 1}
	}
}

// share gives a delivery that had to wait a place in a slot that was taken, if there is one with room.
func (s *session) share(r *row) (start int64, shared bool) {
	o := s.slots[r.destination]
	if !s.sharing || o == nil || o.n >= s.terms.Digest || r.alone != 0 {
		return 0, false
	}
	o.n++
	r.slot, r.probe = o.first.id, o.first.probe
	return o.start, true
}

// gather claims what else is due at the destinations where a slot was taken, as far as it can share that.
func (l *Ledger) gather(ctx context.Context, tx *sql.Tx, s *session, given []*row) (more []*row, err error) {
	var v values
	var hashes []string
	room, until := 0, s.now
	for hash, o := range s.slots {
		if o.n < s.terms.Digest {
			hashes = append(hashes, hash)
			room, until = room+s.terms.Digest-o.n, max(until, o.start)
		}
	}
	if len(hashes) == 0 {
		return nil, nil
	}
	slices.Sort(hashes)
	known := map[string]bool{}
	for _, r := range given {
		known[r.id] = true
	}
	var ids []string
	err = query(ctx, tx, "select id from delivery where destination in "+v.list(hashes)+
		" and state = 'waiting' and due <= "+v.one(until)+" and alone = 0 and sending = '' order by due, created, happened_at, id limit "+
		v.one(room+len(given)), v.args, func(scan func(...any) error) error {
		var id string
		err := scan(&id)
		if !known[id] && len(ids) < room {
			ids = append(ids, id)
		}
		return err
	})
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	locked, err := l.rows(ctx, tx, whole, ids)
	if err != nil {
		return nil, err
	}
	rows := make([]*row, 0, len(ids))
	for _, id := range ids {
		if r := locked[id]; r != nil {
			rows = append(rows, r)
		}
	}
	if err := s.readSiblings(ctx, l.db, tx, rows); err != nil {
		return nil, fmt.Errorf("share a slot: %w", err)
	}
	s.sharing = true
	for _, r := range rows {
		// One that finds no place would take a slot of its own, before its turn.
		if o := s.slots[r.destination]; o != nil && o.n < s.terms.Digest {
			if r.state == Waiting && r.due <= o.start { // due by then
				r.due = min(r.due, s.now)
			}
			s.admit(r)
			more = append(more, r)
		}
	}
	return more, nil
}
