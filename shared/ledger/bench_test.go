package ledger_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"pai-notify/shared/channel"
	"pai-notify/shared/database/databasetest"
	"pai-notify/shared/ledger"
)

// benchmark claims deliveries in groups and records their outcome, each group in two transactions.
func benchmark(b *testing.B, group int, class channel.Class) {
	b.Helper()
	b.Run("SQLite", func(b *testing.B) { benchmarkOn(b, sqliteURL(b), group, class) })
	b.Run("PostgreSQL", func(b *testing.B) { benchmarkOn(b, databasetest.Start(b).URL(b), group, class) })
}

func benchmarkOn(b *testing.B, url string, group int, class channel.Class) {
	b.Helper()
	l := instance(b, url, newKeys(b))
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		if err := claimAndRecord(b.Context(), l, n, group, class); err != nil {
			b.Fatal(err)
		}
		n += group
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(n), "µs/delivery")
}

// claimAndRecord works off deliveries first to first+group.
func claimAndRecord(ctx context.Context, l *ledger.Ledger, first, group int, class channel.Class) error {
	terms := ledger.Terms{Lease: time.Minute, Patience: 2 * time.Second}
	entries, results := make([]ledger.Entry, group), make([]ledger.Result, group)
	for i := range entries {
		n := first + i
		entries[i] = ledger.Entry{
			EventSource: "acs.pai", EventID: fmt.Sprintf("8a3c9e1f-%012d", n), Bus: "pai-system-nlp", Rule: "nightly", Target: "ops",
			Channel: "lark", Address: fmt.Sprint("lark ", n%50), Object: "dlc1", Happened: time.Now(),
			Sealed: make([]byte, 400), Event: make([]byte, 900),
		}
	}
	claimed, err := l.Claim(ctx, terms, entries)
	if err != nil {
		return err
	}
	for i, d := range claimed {
		if d.State != ledger.Claimed {
			return fmt.Errorf("%s, want claimed", d.State)
		}
		results[i] = ledger.Result{Delivery: d, Attempts: []ledger.Attempt{{At: time.Now(), Outcome: channel.Outcome{Class: class}}}}
	}
	_, err = l.Record(ctx, results)
	return err
}

func BenchmarkDelivered(b *testing.B)             { benchmark(b, 1, channel.Delivered) }
func BenchmarkDeliveredInGroupsOf16(b *testing.B) { benchmark(b, 16, channel.Delivered) }
func BenchmarkWaiting(b *testing.B)               { benchmark(b, 1, channel.Unknown) }
func BenchmarkWaitingInGroupsOf16(b *testing.B)   { benchmark(b, 16, channel.Unknown) }

// BenchmarkSixteenInstances claims and records at once over connections of their own, many destinations apart.
func BenchmarkSixteenInstances(b *testing.B) {
	for name, class := range map[string]channel.Class{"Delivered": channel.Delivered, "Waiting": channel.Unknown} {
		b.Run(name+"/PostgreSQL", func(b *testing.B) {
			url, keys := databasetest.Start(b).URL(b), newKeys(b)
			work := make(chan int)
			var wg sync.WaitGroup
			for range instances {
				l := instance(b, url, keys)
				wg.Go(func() {
					for n := range work {
						if err := claimAndRecord(b.Context(), l, n, 1, class); err != nil {
							b.Error(err)
						}
					}
				})
			}
			n := 0
			for b.Loop() {
				n++
				work <- n
			}
			close(work)
			wg.Wait()
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "deliveries/s")
		})
	}
}
