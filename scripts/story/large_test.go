package story

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"pai-notify/shared/channel"
	"pai-notify/shared/database"
	"pai-notify/shared/database/migrate"
	"pai-notify/shared/ledger"
	"pai-notify/shared/seal"
)

func TestALargeLedgerIsAsFastAsAnEmptyOne(t *testing.T) {
	t.Parallel()
	prove(t, func(p *proof) {
		rows := size(20_000, 1_000_000)
		now := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
		key, err := seal.NewKey(rand.Reader)
		if err != nil {
			p.Fatal(err)
		}
		keys, err := seal.ParseKeys(key)
		if err != nil {
			p.Fatal(err)
		}
		db, settle := p.openLedger()
		small, _ := p.openLedger()
		l := ledger.New(db, keys, func() time.Time { return now })
		empty := ledger.New(small, keys, func() time.Time { return now })
		fill(p.T, db, rows, now)
		settle()
		of, ofEmpty := time.Duration(1<<63-1), time.Duration(1<<63-1) // the best, since the machine is shared
		for round := range claimRounds {
			ofEmpty = min(ofEmpty, claims(p.T, empty, round))
			of = min(of, claims(p.T, l, round))
		}
		p.figure("deliveries in it", rows)
		p.figure("claim and record, empty", ofEmpty.Round(time.Microsecond).String())
		p.figure("claim and record, large", of.Round(time.Microsecond).String())
		if *full && of > ofEmpty*12/10 {
			p.Errorf("claim and record take %v, want at most 1.2 of the %v in an empty ledger", of, ofEmpty)
		}
		all, err := l.Total(p.Context(), ledger.Filter{})
		if want := rows + claimRounds*claimsEach; err != nil || all != want {
			p.Errorf("%d deliveries, %v, want %d", all, err, want)
		}
		dead, next, err := l.List(p.Context(), ledger.Filter{States: []ledger.State{ledger.Dead}}, "", 50)
		if err != nil || len(dead) != 50 || next == "" || dead[0].Created.Before(dead[49].Created) {
			p.Errorf("a page of %d dead, %v", len(dead), err)
		}
		for _, q := range questions(l, now) {
			best := time.Duration(1<<63 - 1)
			for range 3 { // the machine is shared
				start := time.Now()
				if err := q.ask(p.Context()); err != nil {
					p.Fatalf("%s: %v", q.name, err)
				}
				best = min(best, time.Since(start))
			}
			p.figure(q.name, best.Round(100*time.Microsecond).String())
			if *full && best > q.limit {
				p.Errorf("%s takes %v, want at most %v", q.name, best, q.limit)
			}
		}
	})
}

// openLedger opens an empty ledger. settle does to it what a server does in a month by itself.
func (p *proof) openLedger() (db *database.DB, settle func()) {
	p.Helper()
	ctx := p.Context()
	url := "sqlite:" + filepath.Join(p.TempDir(), "ledger.db")
	if p.server != nil {
		url = p.server.Empty(p.T)
	}
	db, err := database.Open(ctx, url)
	if err != nil {
		p.Fatal(err)
	}
	p.Cleanup(func() { _ = db.Close() })
	if _, err := migrate.Up(ctx, db); err != nil {
		p.Fatal(err)
	}
	return db, func() {
		if p.server == nil {
			return
		}
		admin, err := sql.Open("pgx", p.server.Admin(p.T, url))
		if err != nil {
			p.Fatal(err)
		}
		defer admin.Close()
		for _, text := range []string{"vacuum analyze", "checkpoint"} {
			if _, err := admin.ExecContext(ctx, text); err != nil {
				p.Fatal(err)
			}
		}
	}
}

// question is something that people, or machines, ask a ledger.
type question struct {
	name  string
	limit time.Duration
	ask   func(context.Context) error
}

func questions(l *ledger.Ledger, now time.Time) []question {
	const person, machine = 100 * time.Millisecond, 300 * time.Millisecond // which asks once a minute
	day := now.Add(-24 * time.Hour)
	return []question{
		{"list all", person, list(l, ledger.Filter{})},
		{"list what is dead", person, list(l, ledger.Filter{States: []ledger.State{ledger.Dead}})},
		{"list what is dead on a bus", person, list(l, ledger.Filter{States: []ledger.State{ledger.Dead}, Buses: []string{"bus1"}})},
		{"list a rule's", person, list(l, ledger.Filter{Buses: []string{"bus1"}, Rule: "rule3"})},
		{"list a rule's dead", person, list(l, ledger.Filter{Rule: "rule3", States: []ledger.State{ledger.Dead}})},
		{"list a rule's waiting", person, list(l, ledger.Filter{Rule: "rule3", States: []ledger.State{ledger.Waiting}, Channel: "lark"})},
		{"list a channel's", person, list(l, ledger.Filter{Channel: "wecom"})},
		{"list what there is none of", person, list(l, ledger.Filter{Channel: "none"})},
		{"list an hour's", person, list(l, ledger.Filter{From: day, To: day.Add(time.Hour)})},
		{"list an object's", person, list(l, ledger.Filter{Object: "dlc17"})},
		{"list an event's", person, list(l, ledger.Filter{Event: "event17"})},
		{"summary", person, func(ctx context.Context) error { _, err := l.Summary(ctx); return err }},
		{"summary of a bus", person, func(ctx context.Context) error { _, err := l.Summary(ctx, "bus1"); return err }},
		{"hours of a week", person, func(ctx context.Context) error { _, err := l.Hourly(ctx, now.Add(-7*24*time.Hour), now); return err }},
		{"hours of all", person, func(ctx context.Context) error { _, err := l.Hourly(ctx, time.Unix(0, 0), now); return err }},
		{"how many wait of a rule", person, func(ctx context.Context) error { _, err := l.Waiting(ctx, "bus1", "rule3"); return err }},
		{"ids of what is dead", person, func(ctx context.Context) error {
			_, _, err := l.IDs(ctx, ledger.Filter{States: []ledger.State{ledger.Dead}}, "", 500)
			return err
		}},
		{"figures", machine, func(ctx context.Context) error { _, err := l.Figures(ctx); return err }},
		{"deaths", person, func(ctx context.Context) error { _, err := l.Deaths(ctx, 500); return err }},
		{"what is due next", person, func(ctx context.Context) error { _, err := l.Next(ctx, "lark"); return err }},
		{"a purge with nothing old", person, func(ctx context.Context) error {
			_, err := l.Purge(ctx, time.Unix(0, 0), time.Unix(0, 0), 500)
			return err
		}},
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

const claimRounds, claimsEach = 16, 25

// claims is how long one delivery takes in the ledger, told.
func claims(t *testing.T, l *ledger.Ledger, round int) time.Duration {
	t.Helper()
	start := time.Now()
	for i := range claimsEach {
		got, err := l.Claim(t.Context(), ledger.Terms{Lease: time.Minute}, []ledger.Entry{{
			EventSource: "acs.pai", EventID: fmt.Sprint(round, ".", i), Bus: "bus1", Rule: "rule1", Target: "ops", Channel: "lark",
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
	return time.Since(start) / claimsEach
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
