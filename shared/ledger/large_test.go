package ledger_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"pai-notify/shared/channel"
	"pai-notify/shared/database"
	"pai-notify/shared/database/databasetest"
	"pai-notify/shared/ledger"
	"pai-notify/shared/seal"
)

// LARGE_ROWS is how many deliveries the large ledger has: a few in make test, a million in make prove.
const largeRows = "LARGE_ROWS"

func TestALargeLedgerIsAsFastAsASmallOneOnSQLite(t *testing.T) {
	t.Parallel()
	large(t, sqliteURL(t), func() {})
}

func TestALargeLedgerIsAsFastAsASmallOneOnPostgreSQL(t *testing.T) {
	t.Parallel()
	server := databasetest.Start(t)
	url := server.URL(t)
	large(t, url, func() { // as its autovacuum and its checkpoints do in a month
		admin, err := sql.Open("pgx", server.Admin(t, url))
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{"vacuum analyze delivery, attempt, destination, tally", "checkpoint"} {
			if _, err := admin.ExecContext(t.Context(), text); err != nil {
				t.Fatal(err)
			}
		}
		if err := admin.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

// large fills a ledger, lets its database settle, and asks it what people ask.
func large(t *testing.T, url string, settle func()) {
	t.Helper()
	rows, measured := 20_000, false
	if text := os.Getenv(largeRows); text != "" {
		measured = true // with nothing else on the machine
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatalf("%s: %v", largeRows, err)
		}
		rows = n
	}
	db, err := database.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	key, err := seal.NewKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := seal.ParseKeys(key)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	l := ledger.New(db, keys, func() time.Time { return now })
	before := claims(t, l, "before")
	fill(t, db, rows, now)
	settle()
	after := claims(t, l, "after")
	t.Logf("%d rows: claim and record %v, %v in an empty ledger", rows, after, before)
	day := now.Add(-24 * time.Hour)
	all, err := l.Total(t.Context(), ledger.Filter{})
	if want := rows + 400; err != nil || all != want {
		t.Errorf("%d deliveries, %v, want %d", all, err, want)
	}
	dead, next, err := l.List(t.Context(), ledger.Filter{States: []ledger.State{ledger.Dead}}, "", 50)
	if err != nil || len(dead) != 50 || next == "" || dead[0].Created.Before(dead[49].Created) {
		t.Errorf("a page of %d dead, %v", len(dead), err)
	}
	for name, ask := range map[string]func(context.Context) error{
		"list all":              list(l, ledger.Filter{}),
		"list dead":             list(l, ledger.Filter{States: []ledger.State{ledger.Dead}}),
		"list dead of a bus":    list(l, ledger.Filter{States: []ledger.State{ledger.Dead}, Buses: []string{"bus1"}}),
		"list a rule":           list(l, ledger.Filter{Buses: []string{"bus1"}, Rule: "rule3"}),
		"list a rule's dead":    list(l, ledger.Filter{Rule: "rule3", States: []ledger.State{ledger.Dead}}),
		"list a channel":        list(l, ledger.Filter{Channel: "wecom"}),
		"list no such channel":  list(l, ledger.Filter{Channel: "none"}),
		"list a day":            list(l, ledger.Filter{From: day, To: day.Add(time.Hour)}),
		"list an object":        list(l, ledger.Filter{Object: "dlc17"}),
		"list an event":         list(l, ledger.Filter{Event: "event17"}),
		"list a rule's waiting": list(l, ledger.Filter{Rule: "rule3", States: []ledger.State{ledger.Waiting}, Channel: "lark"}),
		"summary":               func(ctx context.Context) error { _, err := l.Summary(ctx); return err },
		"summary of a bus":      func(ctx context.Context) error { _, err := l.Summary(ctx, "bus1"); return err },
		"hours of a week":       func(ctx context.Context) error { _, err := l.Hourly(ctx, now.Add(-7*24*time.Hour), now); return err },
		"hours of all":          func(ctx context.Context) error { _, err := l.Hourly(ctx, time.Unix(0, 0), now); return err },
		"waiting of a rule":     func(ctx context.Context) error { _, err := l.Waiting(ctx, "bus1", "rule3"); return err },
		"figures":               func(ctx context.Context) error { _, err := l.Figures(ctx); return err },
		"receivers":             func(ctx context.Context) error { _, err := l.Receivers(ctx, 20); return err },
		"deaths":                func(ctx context.Context) error { _, err := l.Deaths(ctx, 500); return err },
		"next":                  func(ctx context.Context) error { _, err := l.Next(ctx, "lark"); return err },
		"ids of what died": func(ctx context.Context) error {
			_, _, err := l.IDs(ctx, ledger.Filter{States: []ledger.State{ledger.Dead}}, "", 500)
			return err
		},
		"a purge with nothing old": func(ctx context.Context) error {
			_, err := l.Purge(ctx, time.Unix(0, 0), time.Unix(0, 0), 500)
			return err
		},
	} {
		best := time.Duration(1<<63 - 1)
		for range 3 { // the machine is shared
			start := time.Now()
			if err := ask(t.Context()); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			best = min(best, time.Since(start))
		}
		t.Logf("%-26s %v", name, best)
		limit := 100 * time.Millisecond
		if name == "figures" || name == "receivers" { // a machine asks for them, once a minute
			limit = 300 * time.Millisecond
		}
		if measured && best > limit {
			t.Errorf("%s takes %v, want at most %v", name, best, limit)
		}
	}
}

func list(l *ledger.Ledger, f ledger.Filter) func(context.Context) error {
	return func(ctx context.Context) error {
		_, next, err := l.List(ctx, f, "", 50)
		if err == nil && next != "" {
			_, _, err = l.List(ctx, f, next, 50)
		}
		return err
	}
}

// claims is how long one delivery takes in the ledger, told, the best of a few.
func claims(t *testing.T, l *ledger.Ledger, name string) time.Duration {
	t.Helper()
	best := time.Duration(1<<63 - 1)
	const rounds, each = 8, 25
	for round := range rounds {
		start := time.Now()
		for i := range each {
			got, err := l.Claim(t.Context(), ledger.Terms{Lease: time.Minute}, []ledger.Entry{{
				EventSource: "acs.pai", EventID: fmt.Sprint(name, round, ".", i), Bus: "bus1", Rule: "rule1", Target: "ops", Channel: "lark",
				Address: fmt.Sprint("lark ", i), Object: "dlc1", Sealed: make([]byte, 400), Event: make([]byte, 900),
			}})
			if err != nil {
				t.Fatal(err)
			}
			told := ledger.Attempt{At: time.Now(), Outcome: channel.Outcome{Class: channel.Delivered}}
			if _, err := l.Record(t.Context(), []ledger.Result{{Delivery: got[0], Attempts: []ledger.Attempt{told}}}); err != nil {
				t.Fatal(err)
			}
		}
		best = min(best, time.Since(start)/each)
	}
	return best
}

// fill makes a month's deliveries: 97 % delivered, 1 % dead, duplicate and waiting each.
func fill(t *testing.T, db *database.DB, rows int, now time.Time) {
	t.Helper()
	end, span := now.UnixMilli(), (30 * 24 * time.Hour).Milliseconds()
	const batch = 100_000
	for from := 0; from < rows; from += batch {
		err := db.Write(t.Context(), false, func(tx *sql.Tx) error {
			_, err := tx.ExecContext(t.Context(), `with recursive g (i) as
				(select cast($1 as bigint) union all select i + 1 from g where i + 1 < cast($2 as bigint))
				insert into delivery (id, event_source, event_id, bus, rule, target, contact, channel, destination, object,
				happened_at, state, due, claim, tries, attempts, first_failed, held, code, class, receipt, sealed, event, created,
				done, announced)
				select 'id' || ((i * 7919) % 10000019), 'acs.pai', 'event' || i, 'bus' || (i % 3), 'rule' || (i % 50), 'ops', '',
				case i % 3 when 0 then 'lark' when 1 then 'dingtalk' else 'wecom' end, 'destination' || (i % 200), 'dlc' || (i / 5),
				0, case when i % 100 = 7 then 'dead' when i % 100 = 8 then 'duplicate' when i % 100 = 9 then 'waiting' else 'delivered' end,
				case when i % 100 = 9 then cast($3 as bigint) else 0 end, 1, 0, 1, 0, 0, '', 'delivered', '', $4, $5,
				cast($6 as bigint) - cast($7 as bigint) / cast($8 as bigint) * (cast($8 as bigint) - i), 1, 1 from g`,
				from, min(from+batch, rows), end+1000, []byte{}, make([]byte, 300), end, span, rows)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, text := range []string{
		"delete from tally",
		`insert into tally (bus, channel, state, hour, shard, n) select bus, channel, state, created - created % 3600000, 0, count(*)
			from delivery group by bus, channel, state, created - created % 3600000`,
		`insert into destination (hash, pace, opens, closed_until, failures, last)
			select destination, '', 0, 0, 1, min(id) from delivery where destination like 'destination%' group by destination`,
	} {
		err := db.Write(t.Context(), false, func(tx *sql.Tx) error {
			_, err := tx.ExecContext(t.Context(), text)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
