package ledger

import (
	"context"
	"database/sql"
	"fmt"
)

// standing is when the mute of a delivery's rule or target ends; null where there is none. $1 is now.
const standing = `(select max(until) from mute where mute.bus = delivery.bus and mute.rule = delivery.rule
	and mute.target in ('', delivery.target) and mute.until > $1)`

// Release makes what waits for the end of a mute due when the mute ends now, at once where it was lifted, and gives how
// many deliveries. [Ledger.Shift] does it as a mute changes; but a function may work with mutes that are seconds old, and
// what it holds just after would wait for an end that is no more.
func (l *Ledger) Release(ctx context.Context) (n int, err error) {
	err = l.db.Write(ctx, true, func(tx *sql.Tx) (err error) {
		n, err = l.change(ctx, tx, "state = 'waiting' and why = 'muted' and due > coalesce("+standing+", $1)", []any{millis(l.now())},
			"due = coalesce("+standing+", $1)")
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("release what is muted no more: %w", err)
	}
	return n, nil
}
