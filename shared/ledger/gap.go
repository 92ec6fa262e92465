package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// subject is an object as one receiver of one rule hears of it.
type subject struct{ bus, rule, target, contact, object string }

func (r *row) subject() subject { return subject{r.bus, r.rule, r.target, r.contact, r.object} }

// farBack is how far back deliveries are looked at whose messages may have gone out within a gap: as long as quiet hours
// may last, and a day of tries.
const farBack = 9 * 24 * time.Hour

// readTold finds when the newest messages went out, or go now, about what new deliveries with a gap are about.
func (s *session) readTold(ctx context.Context, tx *sql.Tx, rows []*row) error {
	s.told = map[subject]int64{}
	var v values
	var tuples, objects []string
	for _, r := range rows {
		if _, asked := s.told[r.subject()]; r.isNew && r.gap > 0 && !asked {
			s.told[r.subject()] = 0
			tuples = append(tuples, v.tuple(r.bus, r.rule, r.target, r.contact, r.object))
			objects = append(objects, r.object)
		}
	}
	if len(tuples) == 0 {
		return nil
	}
	slices.Sort(objects)
	err := query(ctx, tx, `select bus, rule, target, contact, object,
			max(case state when 'delivered' then done else due - `+v.one(s.terms.Lease.Milliseconds())+` end)
		from delivery where object in `+v.list(slices.Compact(objects))+` and created > `+v.one(s.now-farBack.Milliseconds())+`
		and state in ('delivered', 'claimed') and (bus, rule, target, contact, object) in (values `+strings.Join(tuples, ", ")+`)
		group by bus, rule, target, contact, object`, v.args, func(scan func(...any) error) error {
		var one subject
		var at int64
		err := scan(&one.bus, &one.rule, &one.target, &one.contact, &one.object, &at)
		s.told[one] = at
		return err
	})
	if err != nil {
		return fmt.Errorf("look for what was told of the same objects: %w", err)
	}
	return nil
}

// space puts a new delivery off until its gap after the message before has passed.
func (s *session) space(r *row) {
	if at := s.told[r.subject()]; r.isNew && r.gap > 0 && at > 0 && at+r.gap > r.due {
		r.due, r.why = at+r.gap, WhyGap
	}
}

// tell notes that a message goes out.
func (s *session) tell(r *row) {
	if _, asked := s.told[r.subject()]; asked && r.start != 0 {
		s.told[r.subject()] = max(s.told[r.subject()], r.start)
	}
}

// Shift makes deliveries of a rule, or of one target of it, that wait for exactly one moment wait for another, and gives
// how many: what is held until a mute ends is due at its new end. A target that is empty means all.
func (l *Ledger) Shift(ctx context.Context, bus, rule, target string, from, to time.Time) (n int, err error) {
	err = l.db.Write(ctx, true, func(tx *sql.Tx) (err error) {
		var v values
		where := "bus = " + v.one(keyColumn(bus)) + " and rule = " + v.one(keyColumn(rule)) +
			" and state = 'waiting' and " + ofOthers + " and due = " + v.one(millis(from))
		if target != "" {
			where += " and target = " + v.one(keyColumn(target))
		}
		n, err = l.change(ctx, tx, where, v.args, "due = $"+strconv.Itoa(len(v.args)+1), millis(to))
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("move what is held: %w", err)
	}
	return n, nil
}
