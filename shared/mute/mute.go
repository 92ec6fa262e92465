// Package mute keeps which rules and targets are to tell nothing for a while. What comes meanwhile is held and told at the
// end; see package delivery. Delivery functions look at a copy that is at most five seconds old, so that no event costs a
// query.
package mute

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"pai-notify/shared/database"
)

// MaxTime is for how long a rule can be muted at most: who wants longer disables it.
const MaxTime = 30 * 24 * time.Hour

// maxAge is how long an instance may work with mutes that have changed, as with settings.
const maxAge = 5 * time.Second

// Mute is one rule or target that tells nothing until a moment.
type Mute struct {
	Bus, Rule string
	Target    string // empty: all of the rule
	Until     time.Time
	Made      time.Time
	Who       string // muted it, as of the audit
}

// Book is the mutes of a deployment. It is safe for concurrent use.
type Book struct {
	db  *database.DB
	now func() time.Time

	mu   sync.Mutex
	all  Muted
	read time.Time
}

// New makes a Book.
func New(db *database.DB, now func() time.Time) *Book { return &Book{db: db, now: now} }

// Muted says until when rules and targets are muted.
type Muted map[place]time.Time

type place struct{ bus, rule, target string }

// Until is until when a target is muted, with its rule or alone; the zero time or one that has passed means that it is not.
func (m Muted) Until(bus, rule, target string) time.Time {
	if len(m) == 0 {
		return time.Time{}
	}
	whole, one := m[place{bus, rule, ""}], m[place{bus, rule, target}]
	if one.After(whole) {
		return one
	}
	return whole
}

// All gives all that is muted, at most five seconds old.
func (b *Book) All(ctx context.Context) (Muted, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.read.IsZero() && time.Since(b.read) < maxAge {
		return b.all, nil
	}
	list, err := b.list(ctx, "true")
	if err != nil {
		return nil, err
	}
	all := make(Muted, len(list))
	for _, m := range list {
		all[place{m.Bus, m.Rule, m.Target}] = m.Until
	}
	b.all, b.read = all, time.Now()
	return all, nil
}

// Of gives what is muted on a bus now, by rule and target.
func (b *Book) Of(ctx context.Context, bus string) ([]Mute, error) {
	return b.list(ctx, "bus = $2", bus)
}

func (b *Book) list(ctx context.Context, where string, args ...any) (list []Mute, err error) {
	err = b.db.Read(ctx, func(tx *sql.Tx) error {
		list = nil
		rows, err := tx.QueryContext(ctx, `select bus, rule, target, until, made, who from mute where until > $1 and `+where+
			` order by bus, rule, target`, append([]any{b.now().UnixMilli()}, args...)...)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }() // a fault shows in Err
		for rows.Next() {
			var m Mute
			var until, made int64
			if err := rows.Scan(&m.Bus, &m.Rule, &m.Target, &until, &made, &m.Who); err != nil {
				return err
			}
			m.Until, m.Made = time.UnixMilli(until).UTC(), time.UnixMilli(made).UTC()
			list = append(list, m)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("read what is muted: %w", err)
	}
	return list, nil
}

// Set mutes a rule or a target, or changes until when, and gives until when it was muted before; the zero time: it was not.
// Made is the moment now.
func (b *Book) Set(ctx context.Context, m Mute) (before time.Time, err error) {
	err = b.change(ctx, func(tx *sql.Tx) (err error) {
		if before, err = until(ctx, tx, b.db.ForUpdate(), m); err != nil {
			return err
		}
		now := b.now().UnixMilli()
		if _, err := tx.ExecContext(ctx, `delete from mute where until <= $1`, now); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `insert into mute (bus, rule, target, until, made, who) values ($1, $2, $3, $4, $5, $6)
			on conflict (bus, rule, target) do update set until = excluded.until, made = excluded.made, who = excluded.who`,
			m.Bus, m.Rule, m.Target, m.Until.UnixMilli(), now, m.Who)
		return err
	})
	if err != nil {
		return time.Time{}, fmt.Errorf("mute rule %q: %w", m.Rule, err)
	}
	return before, nil
}

// Lift ends the mute of a rule, or of one target of it, and gives until when it was muted; the zero time: it was not.
func (b *Book) Lift(ctx context.Context, m Mute) (before time.Time, err error) {
	err = b.change(ctx, func(tx *sql.Tx) (err error) {
		if before, err = until(ctx, tx, b.db.ForUpdate(), m); err != nil || before.IsZero() {
			return err
		}
		_, err = tx.ExecContext(ctx, `delete from mute where bus = $1 and rule = $2 and target = $3`, m.Bus, m.Rule, m.Target)
		return err
	})
	if err != nil {
		return time.Time{}, fmt.Errorf("unmute rule %q: %w", m.Rule, err)
	}
	return before, nil
}

// Forget ends every mute of a rule that is no more, so that another of its name begins anew.
func (b *Book) Forget(ctx context.Context, bus, rule string) error {
	err := b.change(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `delete from mute where bus = $1 and rule = $2`, bus, rule)
		return err
	})
	if err != nil {
		return fmt.Errorf("forget the mutes of rule %q: %w", rule, err)
	}
	return nil
}

func until(ctx context.Context, tx *sql.Tx, lock string, m Mute) (time.Time, error) {
	var ms sql.NullInt64
	err := tx.QueryRowContext(ctx, `select until from mute where bus = $1 and rule = $2 and target = $3`+lock,
		m.Bus, m.Rule, m.Target).Scan(&ms)
	if errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, nil
	}
	return time.UnixMilli(ms.Int64).UTC(), err
}

// change changes the mutes; this process sees it at once, others within five seconds.
func (b *Book) change(ctx context.Context, do func(*sql.Tx) error) error {
	err := b.db.Write(ctx, true, do)
	b.mu.Lock()
	b.read = time.Time{}
	b.mu.Unlock()
	return err
}
