package ledger

import (
	"context"
	"database/sql"
	"fmt"

	"pai-notify/shared/channel"
)

// CodeUnknown is the code of a delivery that ended without anybody knowing whether it was sent.
const CodeUnknown = "SentUnknown"

// Mark notes on disk that one message with an id goes to the wire for some deliveries: after that none of them is sent
// again by itself, unless [Ledger.Record] says that the message was not accepted. It marks all or none, and says no
// where a claim has passed to another process or has run out.
func (l *Ledger) Mark(ctx context.Context, claimed []Delivery, message string) (marked bool, err error) {
	ids, tokens := make([]string, len(claimed)), make(map[string]int64, len(claimed))
	for i, d := range claimed {
		ids[i], tokens[d.ID] = d.ID, d.Token
	}
	err = l.db.Write(ctx, true, func(tx *sql.Tx) error {
		marked = false
		now := l.now().UnixMilli()
		known, err := l.rows(ctx, tx, outside, ids)
		if err != nil {
			return err
		}
		rows := make([]*row, 0, len(ids))
		for _, id := range ids {
			r := known[id]
			if r == nil || r.state != Claimed || r.claim != tokens[id] || r.due <= now || r.sending != "" {
				return nil
			}
			r.sending, r.marked, r.ask, r.onWire = column(message), now, r.due, true
			rows = append(rows, r)
		}
		marked = true
		var b batch
		b.updateWire(rows)
		_, err = b.run(ctx, l.db, tx)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("mark what is to be sent: %w", err)
	}
	return marked, nil
}

// unmark notes that nothing of it went out.
func (r *row) unmark() {
	if r.sending != "" || r.ask != 0 {
		r.sending, r.marked, r.ask, r.onWire = "", 0, 0, true
	}
}

// unknown says whether it ended without anybody knowing whether it was sent.
func (r *row) unknown() bool { return r.state == Dead && r.sending != "" }

// decideOnce does with the mark what an outcome says, and tells whether that is all: then it is in doubt whether it was
// accepted, and its service is to be asked.
func (r *row) decideOnce(c channel.Class, reports bool, now int64) (doubt bool) {
	switch {
	case c == channel.Delivered:
		if r.ask != 0 || reports {
			r.ask, r.onWire = 0, true
		}
		if reports {
			r.ask = r.next(reportTimes(), now)
		}
	case r.sending == "":
	case c == channel.Throttled, c == channel.Unavailable, c == channel.Misconfigured, c == channel.Rejected:
		r.unmark()
	default: // Uncertain and Unknown: it may have been accepted
		r.askAgain(max(r.next(doubtTimes(), now), now))
		return true
	}
	return false
}
