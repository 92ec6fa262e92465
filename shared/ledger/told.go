package ledger

// plain says whether a claim ended as nearly all do: told at its first attempt, over a channel that says no more than yes.
func (r *Result) plain() bool {
	return len(r.Attempts) == 1 && delivered(r.Attempts) && r.Attempts[0].Receipt == "" && !r.Delivery.Once && !r.Reports
}

// endTold ends the plain ones among the results without reading their rows first: that and what it takes to write
// whatever may have changed of a row cost as much as all the rest of recording. It gives them; a statement that changes no
// row found that its claim stands no more.
func (b *batch) endTold(results []Result, now int64) (plain []*Result) {
	for i := range results {
		r := &results[i]
		if !r.plain() {
			continue
		}
		b.add(`update delivery set state = 'delivered', due = 0, attempts = attempts + 1, code = $1, class = 'delivered', receipt = '',
			done = $2, why = '', sealed = $3 where id = $4 and state = 'claimed' and claim = $5 and attempts = $6`,
			column(r.Attempts[0].Outcome.Code), now, []byte{}, r.Delivery.ID, r.Delivery.Token, int64(r.Delivery.Attempts))
		plain = append(plain, r)
	}
	return plain
}

// told gives the rows that endTold ended. All others are for the longer way.
func told(plain []*Result, changed []int64, now int64) map[string]*row {
	ended := make(map[string]*row, len(plain))
	for i, result := range plain {
		if d := &result.Delivery; changed[i] == 1 {
			ended[d.ID] = &row{
				id: d.ID, source: d.EventSource, eventID: d.EventID, bus: d.Bus, channel: d.Channel, destination: d.Destination,
				was: Claimed, state: Delivered, claim: d.Token, attempts: int64(d.Attempts), created: millis(d.Created), done: now,
				told: true, changed: true,
			}
		}
	}
	return ended
}
