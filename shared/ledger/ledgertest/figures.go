package ledgertest

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	"pai-notify/shared/channel"
	"pai-notify/shared/ledger"
)

func purge(b *bench) {
	t := b.t
	b.flood(t, "told", 5, channel.Delivered)
	b.flood(t, "dead", 3, channel.Rejected)
	b.flood(t, "waiting", 2, channel.Unavailable)
	b.pass(40 * 24 * time.Hour)
	b.flood(t, "new", 2, channel.Delivered)
	month, quarter := b.time().Add(-30*24*time.Hour), b.time().Add(-90*24*time.Hour)
	for i, want := range []int{3, 2, 0} {
		if n, err := b.Purge(t.Context(), month, quarter, 3); err != nil || n != want {
			t.Errorf("purge %d: %d, %v, want %d", i, n, err, want)
		}
	}
	counts, err := b.Summary(t.Context())
	if want := "[{dead lark 3} {delivered lark 2} {waiting lark 2}]"; err != nil || fmt.Sprint(counts) != want {
		t.Errorf("left: %v, %v, want %s", counts, err, want)
	}
	if dump := b.dump(t); strings.Count(dump, "attempt.n=") != 7 {
		t.Errorf("%d attempts are left, want 7", strings.Count(dump, "attempt.n="))
	}
	b.pass(100 * 24 * time.Hour)
	if n, err := b.Purge(t.Context(), b.time().Add(-30*24*time.Hour), b.time().Add(-90*24*time.Hour), 100); err != nil || n != 5 {
		t.Errorf("after a quarter: %d, %v, want 5", n, err)
	}
	b.wantTally(t)
}

// wantTally compares the tally with a count of the rows.
func (b *bench) wantTally(tb testing.TB) {
	tb.Helper()
	counts, err := b.Summary(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	var rows []ledger.Count
	err = b.db.Read(tb.Context(), func(tx *sql.Tx) error {
		r, err := tx.QueryContext(tb.Context(), "select state, channel, count(*) from delivery group by state, channel order by state, channel")
		if err != nil {
			return err
		}
		defer func() { _ = r.Close() }()
		for r.Next() {
			var c ledger.Count
			if err := r.Scan(&c.State, &c.Channel, &c.Count); err != nil {
				return err
			}
			rows = append(rows, c)
		}
		return r.Err()
	})
	if err != nil {
		tb.Fatal(err)
	}
	if fmt.Sprint(counts) != fmt.Sprint(rows) {
		tb.Errorf("the tally says %v, the rows %v", counts, rows)
	}
}

func tally(b *bench) {
	t := b.t
	b.flood(t, "told", 5, channel.Delivered)
	b.wantTally(t)
	b.pass(time.Hour)
	first, second := entry("e1", "r1", "lark A"), entry("e1", "r2", "lark A")
	d := b.claim(t, terms(), first, second)[0]
	b.wantTally(t)
	b.recordClass(t, d, channel.Delivered)
	b.wantTally(t)
	from := b.time().Truncate(time.Hour)
	hours, err := b.Hourly(t.Context(), from.Add(-time.Hour), from.Add(time.Hour))
	if err != nil || len(hours) != 3 || hours[0].Count.Count != 5 || !hours[0].Hour.Equal(from.Add(-time.Hour)) || hours[2].State != ledger.Duplicate {
		t.Errorf("Hourly = %+v, %v, want five an hour ago, one and its duplicate now", hours, err)
	}
	if none, err := b.Summary(t.Context(), "pai-system-cv"); err != nil || len(none) != 0 {
		t.Errorf("another bus has %v, %v", none, err)
	}
	b.pass(24 * time.Hour)
	if _, err := b.Purge(t.Context(), time.Unix(0, 0), time.Unix(0, 0), 10); err != nil { // puts shards together
		t.Fatal(err)
	}
	b.wantTally(t)
}

func figures(b *bench) {
	t := b.t
	b.flood(t, "told", 3, channel.Delivered)
	b.flood(t, "waiting", 2, channel.Unavailable)
	d := b.claim(t, terms(), entry("e1", "r1", "lark closed"))[0]
	b.record(t, d, channel.Outcome{Class: channel.Throttled, After: time.Hour})
	b.pass(10 * time.Minute)
	f, err := b.Figures(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if f.Closed != 1 || f.Failing != 2 || len(f.Behind) != 1 || f.Behind[0].Overdue.IsZero() || f.Jobs != 0 {
		t.Errorf("figures %+v", f)
	}
	if age := b.time().Sub(f.Behind[0].Oldest); age < 10*time.Minute || age > 11*time.Minute {
		t.Errorf("the oldest waits for %v", age)
	}
	if l := f.Latency; len(l) != 1 || l[0].Count != 3 || l[0].Within[0].Count != 3 || l[0].Within[len(l[0].Within)-1].Count != 3 {
		t.Errorf("latency %+v, want three at once", l)
	}
}
