package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// Figures are what metrics tell of the ledger.
type Figures struct {
	Counts  []Count
	Behind  []Behind      // by channel, in order
	Latency []Latency     // by channel, in order
	Closed  int           // destinations that a block keeps waiting
	Failing int           // destinations whose last message failed
	Paced   int           // destinations whose pace lets nothing go now
	Wait    time.Duration // until the last of these takes something again
	Jobs    int           // that have work left
}

// Behind is how far a channel is behind.
type Behind struct {
	Channel string
	Oldest  time.Time // when EventBridge first asked for the oldest one that waits
	Overdue time.Time // when the first one was due that is; zero where none is
}

// Latency is how long the deliveries of a channel took from being asked for to being told, ever since.
type Latency struct {
	Channel string
	Count   int
	Sum     time.Duration
	Within  []Within // rising, cumulative
}

// Within is how many took at most so long.
type Within struct {
	Bound time.Duration
	Count int
}

// Figures gives the figures of all buses.
func (l *Ledger) Figures(ctx context.Context) (f Figures, err error) {
	now := l.now().UnixMilli()
	err = l.db.Read(ctx, func(tx *sql.Tx) (err error) {
		f = Figures{}
		if f.Counts, err = summary(ctx, tx, nil); err != nil {
			return err
		}
		if f.Behind, err = behind(ctx, tx, now); err != nil {
			return err
		}
		if f.Latency, err = latency(ctx, tx); err != nil {
			return err
		}
		var opens int64
		err = tx.QueryRowContext(ctx, `select count(*), coalesce(max(opens), 0) from destination
			where opens > $1 and closed_until <= $1`, now).Scan(&f.Paced, &opens)
		if err != nil {
			return err
		}
		f.Wait = time.Duration(max(opens-now, 0)) * time.Millisecond
		return tx.QueryRowContext(ctx, `select (select count(*) from destination where closed_until > $1),
			(select count(*) from destination where failures > 0), (select count(*) from job where state = 'running')`, now).
			Scan(&f.Closed, &f.Failing, &f.Jobs)
	})
	if err != nil {
		return Figures{}, fmt.Errorf("figures: %w", err)
	}
	return f, nil
}

func behind(ctx context.Context, tx *sql.Tx, now int64) (list []Behind, err error) {
	err = query(ctx, tx, `select channel, min(created), coalesce(min(case when due <= $1 then due end), 0) from delivery
		where state = 'waiting' group by channel order by channel`, []any{now},
		func(scan func(...any) error) error {
			var w Behind
			var oldest, overdue int64
			err := scan(&w.Channel, &oldest, &overdue)
			w.Oldest, w.Overdue = moment(oldest), moment(overdue)
			list = append(list, w)
			return err
		})
	return list, err
}

func latency(ctx context.Context, tx *sql.Tx) (list []Latency, err error) {
	bounds := buckets()
	err = query(ctx, tx, `select channel, bucket, cast(sum(n) as bigint), cast(sum(ms) as bigint) from latency
		group by channel, bucket order by channel, bucket`, nil, func(scan func(...any) error) error {
		var name string
		var bucket, n, ms int64
		if err := scan(&name, &bucket, &n, &ms); err != nil {
			return err
		}
		if len(list) == 0 || list[len(list)-1].Channel != name {
			within := make([]Within, len(bounds))
			for i, bound := range bounds {
				within[i].Bound = bound
			}
			list = append(list, Latency{Channel: name, Within: within})
		}
		last := &list[len(list)-1]
		last.Count += int(n)
		last.Sum += time.Duration(ms) * time.Millisecond
		for i := range last.Within {
			if bucket != 0 && last.Within[i].Bound.Milliseconds() >= bucket {
				last.Within[i].Count += int(n)
			}
		}
		return nil
	})
	return list, err
}
