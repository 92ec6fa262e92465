package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"pai-notify/shared/channel"
)

// reportTimes are when a service is asked whether what it accepted arrived, from when it was sent; after the last one
// nobody asks any more.
func reportTimes() []time.Duration {
	return []time.Duration{time.Minute, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour}
}

// doubtTimes are when a service is asked whether it accepted what may have been sent. It may list a message late, so one
// that it does not know is in doubt until the last of them.
func doubtTimes() []time.Duration {
	return []time.Duration{30 * time.Second, 2 * time.Minute, 5 * time.Minute}
}

// Question is one message of which a service is to be asked what became of it.
type Question struct {
	Channel, Contact, Destination string
	Receipt                       string // the service's id; empty where it is in doubt whether it was accepted
	Message                       string // the id it was marked with; empty where it was not
	Sent                          time.Time
	Doubt                         bool
	IDs                           []string // of the deliveries that it tells
}

// Answer is what a service said.
type Answer struct {
	Question Question
	Report   channel.Report
	Failure  string // why it could not be asked, without secrets; empty: it was
	Hopeless bool   // it never can be
}

// Questions gives messages of which it is time to ask, made of at most limit deliveries, the most overdue first.
// [Ledger.Answer] takes the answers; until then the questions stay. Deliveries in doubt are of channels whose processes
// ended or whose services gave no clear answer, so an answer is due also where the channel cannot ask.
func (l *Ledger) Questions(ctx context.Context, limit int) (questions []Question, err error) {
	err = l.db.Read(ctx, func(tx *sql.Tx) error {
		questions = nil
		type message struct{ channel, destination, receipt, id string }
		at := map[message]int{}
		return query(ctx, tx, `select id, channel, contact, destination, receipt, sending, state,
			case marked when 0 then done else marked end from delivery
			where ask > 0 and ask <= $1 order by ask, id limit $2`, []any{l.now().UnixMilli(), limit}, func(scan func(...any) error) error {
			var q Question
			var id string
			var state State
			var sent int64
			if err := scan(&id, &q.Channel, &q.Contact, &q.Destination, &q.Receipt, &q.Message, &state, &sent); err != nil {
				return err
			}
			key := message{q.Channel, q.Destination, q.Receipt, q.Message}
			i, known := at[key]
			if !known {
				i = len(questions)
				at[key] = i
				q.Sent, q.Doubt = moment(sent), state == Claimed
				questions = append(questions, q)
			}
			questions[i].IDs = append(questions[i].IDs, id)
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("look for what to ask: %w", err)
	}
	return questions, nil
}

// Answer notes what a service said: what arrived has its time, what failed is dead with the reason, of what was in doubt
// the outcome is known or it is dead with [CodeUnknown]. It says how many deliveries died. An answer to what has moved
// on since changes nothing.
func (l *Ledger) Answer(ctx context.Context, a Answer) (died int, err error) {
	err = l.write(ctx, true, func(tx *sql.Tx) (err error) {
		_, died, err = l.reported(ctx, tx, a.Question.IDs, func(r *row, now int64) (attempt, bool) {
			if r.ask == 0 || r.sending != a.Question.Message || r.receipt != a.Question.Receipt && r.state == Delivered {
				return attempt{}, false
			}
			return r.answer(a, now)
		})
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("note a report: %w", err)
	}
	return died, nil
}

// Receipt notes what a channel's service reports by itself of a message by its receipt, and says how many deliveries
// that was about: none where the ledger knows no such message.
func (l *Ledger) Receipt(ctx context.Context, channelName string, report channel.Report) (matched int, err error) {
	if report.Receipt == "" {
		return 0, nil
	}
	var ids []string
	err = l.db.Read(ctx, func(tx *sql.Tx) error {
		ids = nil
		return query(ctx, tx, "select id from delivery where receipt = $1 and receipt <> '' and channel = $2 and state in ('delivered', 'dead')",
			[]any{column(report.Receipt), channelName}, func(scan func(...any) error) error {
				var id string
				err := scan(&id)
				ids = append(ids, id)
				return err
			})
	})
	if err == nil && len(ids) > 0 {
		err = l.write(ctx, true, func(tx *sql.Tx) (err error) {
			matched, _, err = l.reported(ctx, tx, ids, func(r *row, now int64) (attempt, bool) {
				if r.receipt != column(report.Receipt) {
					return attempt{}, false
				}
				return r.report(report, now)
			})
			return err
		})
	}
	if err != nil {
		return 0, fmt.Errorf("note a receipt: %w", err)
	}
	return matched, nil
}

// reported changes deliveries as a report says. Each gives an attempt to note, or one without a class for none, and
// whether the report was about it.
func (l *Ledger) reported(
	ctx context.Context, tx *sql.Tx, ids []string, apply func(r *row, now int64) (attempt, bool),
) (matched, died int, err error) {
	if err := l.lockAll(ctx, tx, ids, nil); err != nil {
		return 0, 0, err
	}
	known, err := l.rows(ctx, tx, outside, ids)
	if err != nil {
		return 0, 0, err
	}
	now, c := l.now().UnixMilli(), l.counts()
	var rows []*row
	var attempts []attempt
	for _, id := range slices.Sorted(slices.Values(ids)) {
		r := known[id]
		if r == nil {
			continue
		}
		was := r.state
		a, about := apply(r, now)
		if !about {
			continue
		}
		matched++
		if a.class != "" {
			r.attempts++
			a.delivery, a.n, a.claim, a.at = r.id, r.attempts, r.claim, now
			r.class, r.code, r.changed = a.class, a.code, true
			attempts = append(attempts, a)
		}
		switch {
		case r.state == Dead && was != Dead:
			died++
		case r.state == Delivered && was != Delivered:
			c.told(r)
		}
		rows = append(rows, r)
	}
	var b batch
	b.addAttempts(attempts)
	b.update(c, rows)
	if _, err := b.run(ctx, l.db, tx); err != nil {
		return 0, 0, err
	}
	if err := tellSiblings(ctx, tx, c, rows, now); err != nil {
		return 0, 0, err
	}
	b.count(c)
	_, err = b.run(ctx, l.db, tx)
	return matched, died, err
}

// answer is what an answer makes of a delivery whose service was asked.
func (r *row) answer(a Answer, now int64) (attempt, bool) {
	switch {
	case a.Failure != "", a.Report.Fate == channel.Absent, a.Report.Fate == channel.Pending && r.state == Delivered:
		return r.unanswered(a, now), true
	case r.state == Delivered:
		return r.report(a.Report, now)
	case r.state != Claimed:
		return attempt{}, false
	}
	r.receipt, r.ask, r.onWire = column(a.Report.Receipt), 0, true
	r.end(Delivered, now)
	if a.Report.Fate == channel.Pending {
		r.ask = r.next(reportTimes(), now)
	}
	if made, _ := r.report(a.Report, now); made.class != "" {
		return made, true
	}
	return attempt{class: channel.Delivered.String(), text: "its service was asked, and had accepted it"}, true
}

// report is what a report makes of a delivery that was accepted.
func (r *row) report(report channel.Report, now int64) (attempt, bool) {
	at := now
	if !report.At.IsZero() {
		at = millis(report.At)
	}
	switch {
	case report.Fate == channel.Arrived && (r.state == Delivered || r.state == Dead):
		r.arrived, r.ask, r.onWire = at, 0, true
	case report.Fate == channel.Failed && r.state == Delivered:
		r.sending, r.ask, r.onWire = "", 0, true
		r.end(Dead, now)
		return attempt{class: channel.Rejected.String(), code: column(report.Code), text: column(report.Text)}, true
	default:
		return attempt{}, false
	}
	return attempt{}, true
}

// unanswered asks again later, or gives up: quietly where it was accepted.
func (r *row) unanswered(a Answer, now int64) attempt {
	times := doubtTimes()
	if r.state == Delivered {
		times = reportTimes()
	}
	at := r.next(times, now)
	if a.Hopeless {
		at = 0
	}
	if at != 0 || r.state == Delivered {
		r.askAgain(at)
		return attempt{}
	}
	r.ask, r.onWire = 0, true
	r.end(Dead, now)
	text := "unknown whether it was sent: its service was asked and knows of no such message"
	if a.Failure != "" {
		text = "unknown whether it was sent: " + a.Failure
	}
	return attempt{class: channel.Uncertain.String(), code: CodeUnknown, text: column(text)}
}

// askAgain asks at a moment, until when those wait that tell its destination the same.
func (r *row) askAgain(at int64) {
	r.ask, r.onWire = at, true
	if r.state == Claimed {
		r.due, r.changed = at, true
	}
}

// next is the next of some times after it was sent; 0 where none is left.
func (r *row) next(times []time.Duration, now int64) int64 {
	sent := r.marked
	if sent == 0 {
		if sent = r.done; sent == 0 {
			sent = now
		}
	}
	for _, after := range times {
		if at := sent + after.Milliseconds(); at > now {
			return at
		}
	}
	return 0
}
