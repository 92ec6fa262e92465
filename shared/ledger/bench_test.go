package ledger_test

import (
	"crypto/rand"
	"fmt"
	"testing"
	"time"

	"pai-notify/shared/channel"
	"pai-notify/shared/database"
	"pai-notify/shared/ledger"
	"pai-notify/shared/seal"
)

// benchmark claims deliveries in groups and records their outcome, each group in two transactions.
func benchmark(b *testing.B, group int, class channel.Class) {
	b.Helper()
	db, err := database.Open(b.Context(), sqliteURL(b))
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	key, err := seal.NewKey(rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	keys, err := seal.ParseKeys(key)
	if err != nil {
		b.Fatal(err)
	}
	l := ledger.New(db, keys, time.Now)
	terms := ledger.Terms{Lease: time.Minute, Patience: 2 * time.Second}
	entries, results := make([]ledger.Entry, group), make([]ledger.Result, group)
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		for i := range entries {
			n++
			entries[i] = ledger.Entry{
				EventSource: "acs.pai", EventID: fmt.Sprintf("8a3c9e1f-%012d", n), Bus: "pai-system-nlp", Rule: "nightly", Target: "ops",
				Channel: "lark", Address: fmt.Sprint("lark ", n%50), Object: "dlc1", Happened: time.Now(),
				Sealed: make([]byte, 400), Event: make([]byte, 900),
			}
		}
		claimed, err := l.Claim(b.Context(), terms, entries)
		if err != nil {
			b.Fatal(err)
		}
		for i, d := range claimed {
			if d.State != ledger.Claimed {
				b.Fatalf("%s, want claimed", d.State)
			}
			results[i] = ledger.Result{Delivery: d, Attempts: []ledger.Attempt{{At: time.Now(), Outcome: channel.Outcome{Class: class}}}}
		}
		if _, err := l.Record(b.Context(), results); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(n), "µs/delivery")
}

func BenchmarkDelivered(b *testing.B)             { benchmark(b, 1, channel.Delivered) }
func BenchmarkDeliveredInGroupsOf16(b *testing.B) { benchmark(b, 16, channel.Delivered) }
func BenchmarkWaiting(b *testing.B)               { benchmark(b, 1, channel.Uncertain) }
func BenchmarkWaitingInGroupsOf16(b *testing.B)   { benchmark(b, 16, channel.Uncertain) }
