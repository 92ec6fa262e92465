package ledger

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"

	"pai-notify/shared/seal"
)

// KeySealedBy is the id of the key that sealed the ledger's own key; empty where there is none yet.
func (l *Ledger) KeySealedBy(ctx context.Context) (string, error) {
	sealed, err := l.sealedKey(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return seal.SealedBy(sealed), err
}

// Undelivered gives the targets of deliveries that are not told yet, with what they are sealed in, by id: at most limit
// behind an id. Next is empty at the end.
func (l *Ledger) Undelivered(ctx context.Context, after string, limit int) (list []Delivery, next string, err error) {
	err = l.db.Read(ctx, func(tx *sql.Tx) error {
		list, next = nil, ""
		return query(ctx, tx, `select id, bus, rule, target, sealed from delivery where id > $1 and state in ('claimed', 'waiting')
			order by id limit $2`, []any{after, limit}, func(scan func(...any) error) error {
			var d Delivery
			err := scan(&d.ID, &d.Bus, &d.Rule, &d.Target, &d.Sealed)
			if list = append(list, d); len(list) == limit {
				next = d.ID
			}
			return err
		})
	})
	if err != nil {
		return nil, "", fmt.Errorf("read targets of deliveries: %w", err)
	}
	return list, next, nil
}

// Resealed is the target of a delivery as it was and as it is to be.
type Resealed struct {
	ID       string
	Was, New []byte
}

// Replace gives deliveries that are not told yet their targets sealed anew, unless they have changed meanwhile, and says
// how many it changed.
func (l *Ledger) Replace(ctx context.Context, list []Resealed) (changed int, err error) {
	err = l.write(ctx, true, func(tx *sql.Tx) error {
		changed = 0
		ids := make([]string, len(list))
		for i, r := range list {
			ids[i] = r.ID
		}
		if err := l.lockAll(ctx, tx, ids, nil); err != nil {
			return err
		}
		now, err := l.rows(ctx, tx, whole, ids)
		if err != nil {
			return err
		}
		for _, r := range list {
			d := now[r.ID]
			if d == nil || d.state != Waiting && d.state != Claimed || !bytes.Equal(d.sealed, r.Was) {
				continue
			}
			if _, err := tx.ExecContext(ctx, "update delivery set sealed = $1 where id = $2", blob(r.New), r.ID); err != nil {
				return err
			}
			changed++
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("seal targets of deliveries anew: %w", err)
	}
	return changed, nil
}
