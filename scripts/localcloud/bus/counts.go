package bus

import "context"

// Counts say what became of events since the state was made. Pushes is the sum of Pushed, Pending, Dead, Dropped,
// Blocked and Removed.
type Counts struct {
	Published int64 `json:"published"` // events accepted
	Matched   int64 `json:"matched"`   // events that at least one rule matched
	Pushes    int64 `json:"pushes"`    // pairs of an event and a target to tell it
	Pushed    int64 `json:"pushed"`    // … that the target took
	Pending   int64 `json:"pending"`   // … that are under way or wait for another try
	Dead      int64 `json:"dead"`      // … that a dead-letter queue took
	Dropped   int64 `json:"dropped"`   // … given up, without a dead-letter queue
	Blocked   int64 `json:"blocked"`   // … behind a target that stopped for ErrorsTolerance NONE
	Removed   int64 `json:"removed"`   // … whose rule or target was deleted meanwhile
	Attempts  int64 `json:"attempts"`  // since the start of this process
}

// The names of persistent counts.
const (
	countPublished = "published"
	countMatched   = "matched"
	countPushes    = "pushes"
	countPushed    = "pushed"
	countDead      = "dead"
	countDropped   = "dropped"
	countRemoved   = "removed"
)

func (c *Counts) add(name string, n int64) {
	switch name {
	case countPublished:
		c.Published += n
	case countMatched:
		c.Matched += n
	case countPushes:
		c.Pushes += n
	case countPushed:
		c.Pushed += n
	case countDead:
		c.Dead += n
	case countDropped:
		c.Dropped += n
	case countRemoved:
		c.Removed += n
	}
}

// Counts are the counts now.
func (b *Bus) Counts() Counts {
	b.engine.mu.Lock()
	defer b.engine.mu.Unlock()
	return b.engine.counts
}

// Wait waits until the counts are as wanted or ctx is done, and gives the last ones.
func (b *Bus) Wait(ctx context.Context, wanted func(Counts) bool) (Counts, error) {
	for {
		b.engine.mu.Lock()
		counts, changed := b.engine.counts, b.engine.changed
		b.engine.mu.Unlock()
		if wanted(counts) {
			return counts, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return counts, ctx.Err()
		}
	}
}

// Settled waits until no push is pending: all are delivered, dead, given up, or behind a stopped target.
func (b *Bus) Settled(ctx context.Context) (Counts, error) {
	return b.Wait(ctx, func(c Counts) bool { return c.Pending == 0 })
}
