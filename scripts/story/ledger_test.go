package story

import (
	"context"
	"database/sql"
	"time"

	"pai-notify/shared/database"
)

// delivery is one row of the ledger with its attempts.
type delivery struct {
	Event, Rule, Target, Channel, State, Code, Class string
	Tries, Attempts                                  int
	Lost                                             int // attempts of which nobody said how they ended
}

// ledger reads the deliveries, the oldest first.
func (c *cloud) ledger() []delivery {
	c.t.Helper()
	var list []delivery
	err := c.query(`select event_id, rule, target, channel, state, coalesce(code, ''), class, tries,
		(select count(*) from attempt where attempt.delivery = delivery.id),
		(select count(*) from attempt where attempt.delivery = delivery.id and code = 'ClaimLost')
		from delivery order by created, id`, func(scan func(...any) error) error {
		var d delivery
		err := scan(&d.Event, &d.Rule, &d.Target, &d.Channel, &d.State, &d.Code, &d.Class, &d.Tries, &d.Attempts, &d.Lost)
		list = append(list, d)
		return err
	})
	if err != nil {
		c.t.Fatal(err)
	}
	return list
}

// states counts the deliveries by their state.
func (c *cloud) states() (map[string]int, error) {
	states := map[string]int{}
	return states, c.query("select state, count(*) from delivery group by state", func(scan func(...any) error) error {
		var state string
		var n int
		err := scan(&state, &n)
		states[state] = n
		return err
	})
}

// query reads the functions' database.
func (c *cloud) query(text string, each func(scan func(...any) error) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	db, err := database.Open(ctx, c.database)
	if err != nil {
		return err
	}
	defer db.Close()
	return db.Read(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, text)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			if err := each(rows.Scan); err != nil {
				return err
			}
		}
		return rows.Err()
	})
}
