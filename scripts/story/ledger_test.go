package story

import (
	"context"
	"database/sql"
	"path/filepath"

	"pai-notify/shared/database"
)

// delivery is one row of the ledger with its attempts.
type delivery struct {
	Event, Rule, Target, Channel, State, Code string
	Tries, Attempts                           int
}

// ledger reads the deliveries, the oldest first.
func (c *cloud) ledger() []delivery {
	c.t.Helper()
	ctx := context.Background()
	db, err := database.Open(ctx, "sqlite:"+filepath.Join(c.data, "pai-notify.db"))
	if err != nil {
		c.t.Fatal(err)
	}
	defer db.Close()
	var list []delivery
	err = db.Read(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `select event_id, rule, target, channel, state, coalesce(code, ''), tries,
			(select count(*) from attempt where attempt.delivery = delivery.id) from delivery order by created, id`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var d delivery
			if err := rows.Scan(&d.Event, &d.Rule, &d.Target, &d.Channel, &d.State, &d.Code, &d.Tries, &d.Attempts); err != nil {
				return err
			}
			list = append(list, d)
		}
		return rows.Err()
	})
	if err != nil {
		c.t.Fatal(err)
	}
	return list
}
