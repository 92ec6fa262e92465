package ledger

import (
	"context"
	"database/sql"
	"fmt"

	"pai-notify/shared/channel"
)

// plain says whether a claim ended as nearly all do: told at its first attempt, over a channel that says no more than yes.
func (r *Result) plain() bool {
	return len(r.Attempts) == 1 && delivered(r.Attempts) && r.Attempts[0].Receipt == "" && !r.Delivery.Once && !r.Reports
}

// endTold ends the plain ones among the results, which differ in their ids alone, without reading their rows first: that
// and what it takes to write whatever may have changed of a row cost as much as all the rest of recording. It gives those
// whose claim still stood; all others are for the longer way.
func endTold(ctx context.Context, tx *sql.Tx, results []Result, now int64) (map[string]*row, error) {
	told := make(map[string]*row, len(results))
	var first *Result
	byID := make(map[string]*Delivery, len(results))
	var ids []string
	for i := range results {
		r := &results[i]
		if !r.plain() {
			continue
		}
		if first == nil {
			first = r
		}
		if r.Delivery.Token == first.Delivery.Token && r.Attempts[0].Outcome.Code == first.Attempts[0].Outcome.Code {
			byID[r.Delivery.ID] = &r.Delivery
			ids = append(ids, r.Delivery.ID)
		}
	}
	if first == nil {
		return told, nil
	}
	var v values
	err := query(ctx, tx, "update delivery set state = 'delivered', due = 0, attempts = attempts + 1, code = "+
		v.one(column(first.Attempts[0].Outcome.Code))+", class = "+v.one(channel.Delivered.String())+", receipt = '', done = "+v.one(now)+
		", why = '', sealed = "+v.one([]byte{})+" where state = 'claimed' and claim = "+v.one(first.Delivery.Token)+" and id in "+v.list(ids)+
		" returning id, attempts", v.args, func(scan func(...any) error) error {
		r := row{was: Claimed, told: true, changed: true}
		if err := scan(&r.id, &r.attempts); err != nil {
			return err
		}
		d := byID[r.id]
		r.source, r.eventID, r.bus, r.channel, r.destination = d.EventSource, d.EventID, d.Bus, d.Channel, d.Destination
		r.state, r.claim, r.created, r.done = Delivered, d.Token, millis(d.Created), now
		r.attempts-- // which is added with the attempt
		told[r.id] = &r
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("end what was told: %w", err)
	}
	return told, nil
}
