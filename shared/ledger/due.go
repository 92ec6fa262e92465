package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// Due claims deliveries of a channel that are due and can be sent now, at most limit. None means that there is nothing
// to send at this moment: see [Ledger.Next].
func (l *Ledger) Due(ctx context.Context, t Terms, channelName string, limit int) ([]Delivery, error) {
	for {
		var claimed []Delivery
		var looked int
		err := l.write(ctx, t.Once, func(tx *sql.Tx) (err error) {
			claimed, looked, err = l.due(ctx, tx, t, channelName, limit)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("claim what is due: %w", err)
		}
		// Each round claims a delivery, moves its due, or notes that its destination is not open: the rounds end.
		if len(claimed) > 0 || looked == 0 {
			return claimed, nil
		}
	}
}

func (l *Ledger) due(
	ctx context.Context, tx *sql.Tx, t Terms, channelName string, limit int,
) (claimed []Delivery, looked int, err error) {
	s := session{now: l.now().UnixMilli(), terms: t, counts: l.counts()}
	var ids, hashes []string
	err = query(ctx, tx, "select id, destination from (select * from ("+dueIn(Claimed)+") as lost union all select * from ("+dueIn(Waiting)+
		") as held) as open order by due, created, happened_at, id limit $4",
		[]any{channelName, s.now, s.now + t.Patience.Milliseconds(), limit}, func(scan func(...any) error) error {
			var id, hash string
			err := scan(&id, &hash)
			ids, hashes = append(ids, id), append(hashes, hash)
			return err
		})
	if err != nil || len(ids) == 0 {
		return nil, 0, err
	}
	if s.destinations, err = l.destinations(ctx, tx, hashes); err != nil {
		return nil, 0, err
	}
	known, err := l.rows(ctx, tx, whole, ids)
	if err != nil {
		return nil, 0, err
	}
	rows := make([]*row, 0, len(ids))
	for _, id := range ids {
		if r := known[id]; r != nil {
			rows = append(rows, r)
		}
	}
	if err := s.readSiblings(ctx, l.db, tx, rows); err != nil {
		return nil, 0, err
	}
	s.sharing = true
	for _, r := range rows {
		s.admit(r)
	}
	more, err := l.gather(ctx, tx, &s, rows)
	if err != nil {
		return nil, 0, err
	}
	rows = append(rows, more...)
	for _, r := range rows {
		if r.start != 0 {
			claimed = append(claimed, r.delivery())
		}
	}
	return claimed, len(ids), s.save(ctx, l.db, tx, rows, nil)
}

// dueIn finds what is due and can be sent in one of the two states that have an index for it.
func dueIn(s State) string {
	return "select id, delivery.destination, due, created, happened_at from delivery left join destination on hash = delivery.destination " +
		"where channel = $1 and state = '" + string(s) + "' and due <= $2 and sending = '' " +
		"and coalesce(case failing when 0 then calm else opens end, 0) <= $3 order by due, created, happened_at, id limit $4"
}

// Next is when the next waiting delivery of a channel is due and its destination open; zero where none waits.
func (l *Ledger) Next(ctx context.Context, channelName string) (time.Time, error) {
	var at sql.NullInt64
	err := l.db.Read(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `select min(case when failing = 0 and coalesce(calm, 0) > due then calm
			when failing <> 0 and coalesce(opens, 0) > due then opens else due end) from delivery left join destination on hash = delivery.destination
			where channel = $1 and state = 'waiting'`, channelName).Scan(&at)
	})
	if err != nil {
		return time.Time{}, fmt.Errorf("look for what is due next: %w", err)
	}
	return moment(at.Int64), nil
}
