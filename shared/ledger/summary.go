package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// Count is how many deliveries of a channel are in a state.
type Count struct {
	State   State
	Channel string
	Count   int
}

// HourCount is a [Count] of the deliveries that EventBridge first asked for in one hour.
type HourCount struct {
	Hour time.Time // its start
	Count
}

// Summary counts the deliveries of some buses, or of all, by state and channel in order.
func (l *Ledger) Summary(ctx context.Context, buses ...string) (counts []Count, err error) {
	err = l.db.Read(ctx, func(tx *sql.Tx) (err error) {
		counts, err = summary(ctx, tx, buses)
		return err
	})
	return counts, err
}

func summary(ctx context.Context, tx *sql.Tx, buses []string) (counts []Count, err error) {
	var v values
	err = query(ctx, tx, "select state, channel, cast(sum(n) as bigint) from ("+tallied(&v, buses)+
		") as counted group by state, channel having sum(n) <> 0 order by state, channel", v.args, func(scan func(...any) error) error {
		var c Count
		err := scan(&c.State, &c.Channel, &c.Count)
		counts = append(counts, c)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("count deliveries: %w", err)
	}
	return counts, nil
}

// Hourly counts the deliveries of some buses, or of all, by hour, state and channel in order, for the hours that begin
// from a moment on and before another.
func (l *Ledger) Hourly(ctx context.Context, from, to time.Time, buses ...string) (counts []HourCount, err error) {
	err = l.db.Read(ctx, func(tx *sql.Tx) error {
		var v values
		return query(ctx, tx, "select hour, state, channel, cast(sum(n) as bigint) from ("+tallied(&v, buses)+
			") as counted where hour >= "+v.one(from.UnixMilli())+" and hour < "+v.one(to.UnixMilli())+
			" group by hour, state, channel having sum(n) <> 0 order by hour, state, channel", v.args, func(scan func(...any) error) error {
			var c HourCount
			var at int64
			err := scan(&at, &c.State, &c.Channel, &c.Count.Count)
			c.Hour = moment(at)
			counts = append(counts, c)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("count deliveries by hour: %w", err)
	}
	return counts, nil
}

// tallied selects the lines of the tally of some buses, or of all, and with them what is claimed, which is not in it.
func tallied(v *values, buses []string) string {
	and := andBuses(v, buses)
	return "select hour, state, channel, n from tally where n <> 0 and state <> 'claimed'" + and +
		" union all select created - created % 3600000, state, channel, 1 from delivery where state = 'claimed'" + and
}

func andBuses(v *values, buses []string) string {
	if len(buses) == 0 {
		return ""
	}
	keys := make([]string, len(buses))
	for i, bus := range buses {
		keys[i] = keyColumn(bus)
	}
	return " and bus in " + v.list(keys)
}
