package ledger_test

import (
	"context"
	"crypto/rand"
	"fmt"
	mathrand "math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"pai-notify/shared/channel"
	"pai-notify/shared/database"
	"pai-notify/shared/database/databasetest"
	"pai-notify/shared/ledger"
	"pai-notify/shared/ledger/ledgertest"
	"pai-notify/shared/seal"
)

func TestLedgerOnPostgreSQL(t *testing.T) {
	t.Parallel()
	ledgertest.Run(t, databasetest.Start(t).URL)
}

// instance is a ledger with a connection of its own.
func instance(tb testing.TB, url string, keys *seal.Keyset) *ledger.Ledger {
	tb.Helper()
	db, err := database.Open(tb.Context(), url)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = db.Close() }) // its server goes with the test
	return ledger.New(db, keys, time.Now)
}

func newKeys(tb testing.TB) *seal.Keyset {
	tb.Helper()
	key, err := seal.NewKey(rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	keys, err := seal.ParseKeys(key)
	if err != nil {
		tb.Fatal(err)
	}
	return keys
}

func superuser(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) }) // as above
	return conn
}

const (
	instances = 16
	events    = 60 // each for two rules that share a destination
	groups    = 7  // destinations
)

// flood asks one ledger for all deliveries in lists of its own order, and records an outcome of each that it claims.
type flood struct {
	*ledger.Ledger
	order *mathrand.Rand
	terms ledger.Terms
	told  map[string]int // by event
	never bool           // it gives back whatever it claims
}

// entries are all that there are, in an order of its own.
func (f *flood) entries() (entries []ledger.Entry) {
	for i := range events {
		for _, rule := range []string{"a", "b"} {
			entries = append(entries, ledger.Entry{
				EventSource: "acs.pai", EventID: fmt.Sprint(i), Bus: "pai-system-nlp", Rule: rule, Target: "ops", Channel: "lark",
				Address: address(i), Sealed: []byte("{}"), Event: []byte("{}"),
			})
		}
	}
	f.order.Shuffle(len(entries), func(i, j int) { entries[i], entries[j] = entries[j], entries[i] })
	return entries
}

func address(event int) string { return fmt.Sprint("lark ", event%groups) }

func (f *flood) run(ctx context.Context) error {
	entries := f.entries()
	for len(entries) > 0 {
		n := min(1+f.order.IntN(12), len(entries))
		claimed, err := f.Claim(ctx, f.terms, entries[:n])
		if err != nil {
			return err
		}
		if err := f.record(ctx, claimed); err != nil {
			return err
		}
		entries = entries[n:]
		due, err := f.Due(ctx, f.terms, "lark", 10)
		if err != nil {
			return err
		}
		if err := f.record(ctx, due); err != nil {
			return err
		}
	}
	return nil
}

func (f *flood) record(ctx context.Context, list []ledger.Delivery) error {
	var results []ledger.Result
	for _, d := range list {
		if d.State != ledger.Claimed || d.Start.IsZero() {
			continue
		}
		r := ledger.Result{Delivery: d} // given back, which is durable
		if !f.never && f.order.IntN(4) > 0 {
			r.Attempts = []ledger.Attempt{{At: time.Now(), Outcome: channel.Outcome{Class: channel.Delivered}}}
			f.told[d.EventID]++
		}
		results = append(results, r)
	}
	if len(results) == 0 {
		return nil
	}
	_, err := f.Record(ctx, results)
	return err
}

func TestSixteenInstancesOnPostgreSQLNeitherDeadlockNorLoseAnUpdate(t *testing.T) {
	t.Parallel()
	server := databasetest.Start(t)
	url, keys := server.URL(t), newKeys(t)
	floods := make([]*flood, instances)
	var wg sync.WaitGroup
	for i := range floods {
		f := &flood{Ledger: instance(t, url, keys), order: mathrand.New(mathrand.NewPCG(7, uint64(i))),
			terms: ledger.Terms{Lease: time.Minute, Patience: 2 * time.Second}, told: map[string]int{}}
		floods[i] = f
		wg.Go(func() {
			if err := f.run(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	last := floods[0]
	for range 100 { // what was given back in the end
		due, err := last.Due(t.Context(), last.terms, "lark", 100)
		if err != nil {
			t.Fatal(err)
		}
		if len(due) == 0 {
			break
		}
		if err := last.record(t.Context(), due); err != nil {
			t.Fatal(err)
		}
	}
	for i := range events {
		told := 0
		for _, f := range floods {
			told += f.told[fmt.Sprint(i)]
		}
		if told != 1 {
			t.Errorf("event %d was told %d times, want once", i, told)
		}
	}
	admin := superuser(t, server.Admin(t, url))
	for query, want := range map[string]int{
		"select count(*) from delivery where state = 'delivered'":                     events,
		"select count(*) from delivery where state = 'duplicate'":                     events,
		"select count(*) from delivery":                                               2 * events,
		"select count(*) from attempt":                                                events,
		"select coalesce(sum(n), 0) from tally where state = 'delivered'":             events,
		"select coalesce(sum(n), 0) from tally where state = 'duplicate'":             events,
		"select coalesce(sum(n), 0) from tally where state in ('claimed', 'waiting')": 0,
		"select coalesce(sum(n), 0) from latency":                                     events,
	} {
		var got int
		if err := admin.QueryRow(t.Context(), query).Scan(&got); err != nil || got != want {
			t.Errorf("%s: %d, %v, want %d", query, got, err, want)
		}
	}
	wantDeadlocks(t, admin, 0)
}

// move cancels and replays deliveries, in lists of its own order.
func (f *flood) move(ctx context.Context) (moved int, err error) {
	renew := func(_ context.Context, e ledger.Entered) (ledger.Target, error) {
		i, err := strconv.Atoi(e.EventID)
		return ledger.Target{Channel: "lark", Address: address(i), Sealed: []byte("{}")}, err
	}
	for list := range slices.Chunk(f.entries(), 6) {
		ids := make([]string, len(list))
		for i, e := range list {
			ids[i] = e.ID()
		}
		replayed, err := f.Replay(ctx, ids, renew, false)
		if err != nil {
			return 0, err
		}
		cancelled, err := f.Cancel(ctx, ids[:len(ids)/2])
		if err != nil {
			return 0, err
		}
		for _, m := range append(replayed, cancelled...) {
			if m.Err == nil {
				moved++
			}
		}
	}
	return moved, nil
}

// reseal gives all that is not told other seals, again and again.
func (f *flood) reseal(ctx context.Context) (changed int, err error) {
	for range 10 {
		list, _, err := f.Undelivered(ctx, "", 2*events)
		if err != nil {
			return 0, err
		}
		anew := make([]ledger.Resealed, len(list))
		for i, d := range list {
			anew[i] = ledger.Resealed{ID: d.ID, Was: d.Sealed, New: append(d.Sealed, ' ')}
		}
		n, err := f.Replace(ctx, anew)
		if err != nil {
			return 0, err
		}
		changed += n
	}
	return changed, nil
}

// shift changes the end of a mute, again and again, and lifts it in the end.
func (f *flood) shift(ctx context.Context, until time.Time) (shifted int, err error) {
	for range 30 {
		next := until.Add(time.Minute)
		n, err := f.Shift(ctx, "pai-system-nlp", "muted", "", until, next)
		if err != nil {
			return 0, err
		}
		shifted, until = shifted+n, next
	}
	_, err = f.Release(ctx)
	return shifted, err
}

func TestThoseWhoMoveDeliveriesDoNotDeadlockWithThoseWhoTellThem(t *testing.T) {
	t.Parallel()
	server := databasetest.Start(t)
	url, keys := server.URL(t), newKeys(t)
	floods := make([]*flood, 7)
	for i := range floods {
		floods[i] = &flood{Ledger: instance(t, url, keys), order: mathrand.New(mathrand.NewPCG(8, uint64(i))),
			terms: ledger.Terms{Lease: time.Minute, Patience: 2 * time.Second}, never: true}
	}
	claimed, err := floods[0].Claim(t.Context(), floods[0].terms, floods[0].entries())
	if err != nil {
		t.Fatal(err)
	}
	if err := floods[0].record(t.Context(), claimed); err != nil {
		t.Fatal(err)
	}
	held := floods[0].entries() // by a mute, of a rule that tells the same events
	muted := time.Now().Add(time.Hour)
	for i := range held {
		held[i].Rule, held[i].NotBefore, held[i].Why = "muted", muted, ledger.WhyMuted
	}
	if _, err := floods[0].Claim(t.Context(), floods[0].terms, held); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i, f := range floods {
		wg.Go(func() {
			switch i {
			case 0, 1:
				if err := f.run(t.Context()); err != nil {
					t.Error(err)
				}
			case 2:
				if changed, err := f.reseal(t.Context()); err != nil || changed == 0 {
					t.Errorf("%d were sealed anew, %v", changed, err)
				}
			case 3:
				if shifted, err := f.shift(t.Context(), muted); err != nil || shifted < events {
					t.Errorf("%d were shifted, %v", shifted, err)
				}
			default:
				if moved, err := f.move(t.Context()); err != nil || moved == 0 {
					t.Errorf("%d were moved, %v", moved, err)
				}
			}
		})
	}
	wg.Wait()
	wantDeadlocks(t, superuser(t, server.Admin(t, url)), 0)
}

// wantDeadlocks waits until the server has written down all that it counted of others, which it does within a second
// of their last transaction.
func wantDeadlocks(t *testing.T, admin *pgx.Conn, want int) {
	t.Helper()
	// Connections report what is left when they end.
	if _, err := admin.Exec(t.Context(), `select pg_terminate_backend(pid, 5000) from pg_stat_activity
		where datname = current_database() and pid <> pg_backend_pid()`); err != nil {
		t.Fatal(err)
	}
	var got int
	err := admin.QueryRow(t.Context(),
		"select deadlocks from pg_stat_database where datname = current_database()").Scan(&got)
	if err != nil || got != want {
		t.Errorf("%d deadlocks, %v, want %d", got, err, want)
	}
}
