package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"

	"pai-notify/shared/fault"
)

// Target is whom a replay goes to.
type Target struct {
	Channel string
	Address string // normalised: see channel.Destination; empty where it is not known
	Sealed  []byte // as in [Entry]
}

// Renew gives the target of a delivery as its rule has it now. Its error is kept in the [Moved] of that delivery.
type Renew func(ctx context.Context, e Entered) (Target, error)

// Moved is what became of one delivery that a person wanted replayed or cancelled.
type Moved struct {
	ID    string
	State State // where it stands now; empty where there is none
	Err   error // why it was left as it was; nil where it was moved
}

// Why a delivery was left as it was.
var (
	ErrSending   = fault.Say("it is being sent at this moment: try again in a minute", "正在发送，请一分钟后再试")
	ErrDelivered = fault.Say("it was delivered: replay it with force if it should be told again", "已送达；如需再次通知，请强制重放")
	ErrEnded     = fault.Say("it has ended: nothing is left to cancel", "已结束，无可取消")
	ErrDuplicate = fault.Say("another rule has told its receiver the same event: replay that rule's delivery instead",
		"另一条规则已向同一接收端通知过该事件，请重放那条规则的投递")
	ErrNoEvent = fault.Say("what came was no event, and cannot be told: publish the event again", "收到的内容不是事件，无法通知；请重新发布该事件")
)

// Replay makes deliveries due again, at once and as if never tried, to the target that renew gives: dead, cancelled and
// waiting ones, with force delivered ones too. It gives one Moved for each id, in their order.
func (l *Ledger) Replay(ctx context.Context, ids []string, renew Renew, force bool) ([]Moved, error) {
	m, err := l.renewed(ctx, ids, renew, force)
	if err != nil {
		return nil, fmt.Errorf("replay: %w", err)
	}
	err = l.write(ctx, true, func(tx *sql.Tx) error { return m.replay(ctx, tx) })
	if err != nil {
		return nil, fmt.Errorf("replay: %w", err)
	}
	return m.moved, nil
}

// Cancel ends deliveries that wait, so that they are never told. It gives one Moved for each id, in their order.
func (l *Ledger) Cancel(ctx context.Context, ids []string) ([]Moved, error) {
	m := move{ledger: l, ids: ids}
	err := l.write(ctx, true, func(tx *sql.Tx) error { return m.cancel(ctx, tx) })
	if err != nil {
		return nil, fmt.Errorf("cancel: %w", err)
	}
	return m.moved, nil
}

// move moves some deliveries in one transaction. What is left as it was is so for one reason each.
type move struct {
	ledger  *Ledger
	ids     []string
	force   bool
	from    int64 // due of the first that is replayed; 0: now
	targets map[string]Target
	hashes  map[string]string
	refused map[string]error
	moved   []Moved
}

// renewed asks for the targets, outside of any transaction since that may take a while.
func (l *Ledger) renewed(ctx context.Context, ids []string, renew Renew, force bool) (*move, error) {
	m := &move{ledger: l, ids: ids, force: force, targets: map[string]Target{}, hashes: map[string]string{},
		refused: map[string]error{}}
	var list []Entered
	err := l.db.Read(ctx, func(tx *sql.Tx) (err error) {
		list, err = read(ctx, tx, outside, ids)
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, e := range list {
		if m.refused[e.ID] = m.refuses(e.State, e.Rule == ""); m.refused[e.ID] != nil {
			continue
		}
		t, err := renew(ctx, e)
		if err != nil {
			m.refused[e.ID] = err
			continue
		}
		hashes, err := l.hashes(ctx, t.Address)
		if err != nil {
			return nil, err
		}
		m.targets[e.ID], m.hashes[e.ID] = t, hashes[0]
	}
	return m, ctx.Err() // a renewal that ran out of time is no verdict on its delivery
}

// refuses says why a delivery cannot be replayed.
func (m *move) refuses(s State, noEvent bool) error {
	switch {
	case noEvent:
		return ErrNoEvent
	case s == Claimed:
		return ErrSending
	case s == Delivered && !m.force:
		return ErrDelivered
	case s == Duplicate:
		return ErrDuplicate
	}
	return nil
}

func (m *move) replay(ctx context.Context, tx *sql.Tx) error {
	if m.from == 0 {
		m.from = m.ledger.now().UnixMilli()
	}
	return m.each(ctx, tx, func(r *row, _ int64) error {
		if err := m.refuses(r.state, r.rule == ""); err != nil {
			return err
		}
		t, renewed := m.targets[r.id]
		if !renewed {
			return m.refused[r.id]
		}
		// In the order of their ids: what is due is told in the order of due.
		r.wait(m.from+int64(slices.Index(m.ids, r.id)), "")
		r.tries, r.firstFailed, r.held, r.done = 0, 0, 0, 0
		r.code, r.class, r.receipt = "", "", ""
		r.sending, r.marked, r.ask, r.arrived, r.onWire = "", 0, 0, 0, true
		r.destination = m.hashes[r.id]
		r.channel = column(t.Channel)
		return nil
	})
}

// readdress writes what [batch.update] never changes.
func (m *move) readdress(b *batch, rows []*row) {
	for _, r := range rows {
		if t, renewed := m.targets[r.id]; renewed {
			b.add("update delivery set channel = $1, destination = $2, sealed = $3, announced = 0 where id = $4",
				r.channel, r.destination, blob(t.Sealed), r.id)
		}
	}
}

func (m *move) cancel(ctx context.Context, tx *sql.Tx) error {
	return m.each(ctx, tx, func(r *row, now int64) error {
		switch {
		case r.state == Claimed && (r.due > now || r.sending != ""):
			return ErrSending
		case r.state != Waiting && r.state != Claimed:
			return ErrEnded
		}
		r.end(Cancelled, now)
		return nil
	})
}

// each locks the deliveries, and the destinations that they have and get, and lets do change them or say why not.
func (m *move) each(ctx context.Context, tx *sql.Tx, do func(r *row, now int64) error) error {
	l, c, now := m.ledger, m.ledger.counts(), m.ledger.now().UnixMilli()
	if err := l.lockAll(ctx, tx, m.ids, slices.Collect(maps.Values(m.hashes))); err != nil {
		return err
	}
	known, err := l.rows(ctx, tx, outside, m.ids)
	if err != nil {
		return err
	}
	m.moved = make([]Moved, 0, len(m.ids))
	var rows []*row
	for _, id := range m.ids {
		r := known[id]
		if r == nil {
			m.moved = append(m.moved, Moved{ID: id, Err: ErrNotFound})
			continue
		}
		reason := do(r, now)
		if reason == nil {
			rows = append(rows, r)
		}
		m.moved = append(m.moved, Moved{ID: id, State: r.state, Err: reason})
	}
	slices.SortFunc(rows, func(a, b *row) int { return strings.Compare(a.id, b.id) })
	var b batch
	b.update(c, rows)
	m.readdress(&b, rows)
	if _, err := b.run(ctx, l.db, tx); err != nil {
		return err
	}
	if err := tellSiblings(ctx, tx, c, rows, now); err != nil {
		return err
	}
	b.count(c)
	_, err = b.run(ctx, l.db, tx)
	return err
}
