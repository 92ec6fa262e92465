package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// Purge forgets at most so many deliveries with their attempts: those told, or duplicates, that ended before one moment,
// and those dead or cancelled that ended before another. It says how many those were; fewer than most means that
// nothing is left. Destinations that nothing was sent to and jobs that have ended since the later moment go as well.
func (l *Ledger) Purge(ctx context.Context, told, dead time.Time, most int) (n int, err error) {
	err = l.db.Write(ctx, false, func(tx *sql.Tx) (err error) {
		n, err = l.purge(ctx, tx, told, dead, most)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("purge: %w", err)
	}
	return n, nil
}

func (l *Ledger) purge(ctx context.Context, tx *sql.Tx, told, dead time.Time, most int) (n int, err error) {
	kinds, err := kinds(ctx, tx)
	if err != nil {
		return 0, err
	}
	c := l.counts()
	for _, k := range kinds {
		before := dead
		switch State(k.state) {
		case Claimed, Waiting:
			continue
		case Delivered, Duplicate:
			before = told
		}
		// What ended before a moment was created before it, which the index knows.
		var gone []string
		err := query(ctx, tx, `delete from delivery where id in (select id from delivery where bus = $1 and state = $2 and state <> 'claimed'
			and channel = $3 and created < $4 and done < $4 order by created, id limit $5) returning id, created`,
			[]any{k.bus, k.state, k.channel, before.UnixMilli(), most - n}, func(scan func(...any) error) error {
				r := row{bus: k.bus, channel: k.channel}
				err := scan(&r.id, &r.created)
				c.add(&r, State(k.state), -1)
				gone = append(gone, r.id)
				return err
			})
		if err != nil {
			return 0, err
		}
		if n += len(gone); len(gone) == 0 {
			continue
		}
		var v values
		if _, err := tx.ExecContext(ctx, "delete from attempt where delivery in "+v.list(gone), v.args...); err != nil {
			return 0, err
		}
	}
	for _, text := range []string{
		"delete from job where state = 'done' and updated < $1",
		`delete from destination where opens < $1 and closed_until < $1 and failures = 0 and not exists
			(select 1 from delivery where delivery.destination = hash and state = 'waiting')
			and hash not in (select destination from delivery where state = 'claimed')`,
	} {
		if _, err := tx.ExecContext(ctx, text, dead.UnixMilli()); err != nil {
			return 0, err
		}
	}
	var counts batch
	counts.count(c)
	if _, err := counts.run(ctx, l.db, tx); err != nil {
		return 0, err
	}
	return n, l.compact(ctx, tx)
}
