package ledger

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

const hour = int64(time.Hour / time.Millisecond)

// counted is a line of the tally: deliveries created in an hour, by where they stand.
type counted struct {
	hour                int64
	bus, channel, state string
}

// timed is a line of the latency histogram.
type timed struct {
	channel string
	bucket  int64 // upper bound in milliseconds; 0: none
}

type sum struct{ n, ms int64 }

// counts gathers what a transaction changes in the tally and the histogram.
type counts struct {
	shard   int64
	states  map[counted]int64
	latency map[timed]sum
}

func (l *Ledger) counts() *counts {
	return &counts{shard: l.shard, states: map[counted]int64{}, latency: map[timed]sum{}}
}

// newShard spreads processes, since one that holds a line makes others wait for its commit. Writers of an SQLite file
// are alone anyway.
func newShard(dialect string) int64 {
	const shards = 16
	if dialect == "sqlite3" {
		return 0
	}
	return rand.Int64N(shards)
}

// add counts n deliveries into a state. What is claimed is not in the tally: there is little of it, and it is counted where it
// is asked for, so that a claim need not write there.
func (c *counts) add(r *row, s State, n int64) {
	if s == Claimed {
		return
	}
	c.states[counted{r.created - r.created%hour, r.bus, r.channel, string(s)}] += n
}

// moved counts what a row's state is now, if it is another than it was.
func (c *counts) moved(r *row) {
	if r.was == r.state {
		return
	}
	if r.was != "" {
		c.add(r, r.was, -1)
	}
	c.add(r, r.state, 1)
	r.was = r.state
}

// buckets are the upper bounds of the latency histogram.
func buckets() [13]time.Duration {
	return [...]time.Duration{
		100 * time.Millisecond, 500 * time.Millisecond, time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second,
		30 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 6 * time.Hour, 24 * time.Hour,
	}
}

// told counts how long a delivery took.
func (c *counts) told(r *row) {
	took, key := max(r.done-r.created, 0), timed{channel: r.channel}
	for _, bound := range buckets() {
		if took <= bound.Milliseconds() {
			key.bucket = bound.Milliseconds()
			break
		}
	}
	old := c.latency[key]
	c.latency[key] = sum{old.n + 1, old.ms + took}
}

// count writes what was counted. It comes last in a transaction, so that other processes wait as little as possible.
func (b *batch) count(c *counts) {
	keys := make([]counted, 0, len(c.states))
	for key, n := range c.states {
		if n != 0 {
			keys = append(keys, key)
		}
	}
	slices.SortFunc(keys, func(a, b counted) int {
		return cmp.Or(cmp.Compare(a.hour, b.hour), strings.Compare(a.bus, b.bus), strings.Compare(a.channel, b.channel),
			strings.Compare(a.state, b.state))
	})
	for _, k := range keys {
		b.add(`insert into tally (hour, bus, channel, state, shard, n) values ($1, $2, $3, $4, $5, $6)
			on conflict (hour, bus, channel, state, shard) do update set n = tally.n + excluded.n`,
			k.hour, k.bus, k.channel, k.state, c.shard, c.states[k])
	}
	times := slices.SortedFunc(maps.Keys(c.latency), func(a, b timed) int {
		return cmp.Or(strings.Compare(a.channel, b.channel), cmp.Compare(a.bucket, b.bucket))
	})
	for _, k := range times {
		b.add(`insert into latency (channel, bucket, shard, n, ms) values ($1, $2, $3, $4, $5)
			on conflict (channel, bucket, shard) do update set n = latency.n + excluded.n, ms = latency.ms + excluded.ms`,
			k.channel, k.bucket, c.shard, c.latency[k].n, c.latency[k].ms)
	}
}

// compact puts the shards of hours that are over together, so that a summary reads few lines, and drops empty ones.
func (l *Ledger) compact(ctx context.Context, tx *sql.Tx) error {
	c := &counts{states: map[counted]int64{}}
	err := query(ctx, tx, "delete from tally where hour < $1 and (shard <> 0 or n = 0 or state = 'claimed') returning hour, bus, channel, state, n",
		[]any{l.now().UnixMilli() - 3*hour}, func(scan func(...any) error) error {
			var k counted
			var n int64
			err := scan(&k.hour, &k.bus, &k.channel, &k.state, &n)
			if State(k.state) != Claimed { // that instances of an older version wrote
				c.states[k] += n
			}
			return err
		})
	if err != nil {
		return fmt.Errorf("put the tally together: %w", err)
	}
	var b batch
	b.count(c)
	_, err = b.run(ctx, l.db, tx)
	return err
}
