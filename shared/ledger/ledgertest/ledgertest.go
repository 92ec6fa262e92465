// Package ledgertest is the suite that a ledger passes on every database.
package ledgertest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"maps"
	"sync"
	"testing"
	"time"

	"pai-notify/shared/channel"
	"pai-notify/shared/database"
	"pai-notify/shared/ledger"
	"pai-notify/shared/seal"
)

// Run runs the suite. open gives the URL of an empty database with the schema, each time another.
func Run(t *testing.T, open func(tb testing.TB) (url string)) {
	t.Helper()
	tests := map[string]func(*bench){
		"a delivery asked for again is the same":                         again,
		"a thousand copies at once are claimed once":                     copies,
		"lists in different orders are claimed once and do not block":    lists,
		"an outcome with an old token is kept as an attempt only":        fencing,
		"a claim whose holder fell silent is due when its lease ends":    silence,
		"a claim that is lost again and again waits longer":              poison,
		"a claim given back is due at once":                              givenBack,
		"a second rule waits while the first tells the same event":       duplicateInFlight,
		"a second rule is a duplicate once the first has told":           duplicateDelivered,
		"a second rule takes over when the first dies":                   duplicateDies,
		"a second rule takes over when the first is due later":           duplicateLater,
		"pace holds over rules and processes":                            pace,
		"several paces hold at once":                                     paces,
		"a slot taken outside the ledger counts":                         take,
		"a block closes the destination until a probe gets through":      block,
		"retries grow and end a day after the first":                     retries,
		"time held by pace does not count as life":                       held,
		"an answer not understood is tried three times":                  unknown,
		"what no try can change is dead at once":                         dead,
		"what can never be sent is dead with its bytes":                  fault,
		"what is held until later is not due before":                     notBefore,
		"hostile texts fit the columns and stay apart":                   hostile,
		"no address or secret lies in any row":                           secrets,
		"of what was told the event is kept and no secret":               emptied,
		"destinations survive a change of keys":                          rotation,
		"only the own channel is due, the oldest first and to the limit": due,
		"states are counted":                                             summary,
		"processes share one ledger":                                     processes,
		"a killed process loses no delivery":                             killed,
		"whatever happens, nothing is lost or told twice":                anything,
	}
	maps.Copy(tests, people())
	maps.Copy(tests, sharing())
	maps.Copy(tests, onces())
	maps.Copy(tests, gaps())
	maps.Copy(tests, whys())
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, open(t))
			b.t = t
			test(b)
		})
	}
}

// bench is a ledger with a clock that tests turn.
type bench struct {
	*ledger.Ledger
	t    *testing.T
	url  string
	keys string
	db   *database.DB

	mu  sync.Mutex
	now time.Time
}

func newBench(tb testing.TB, url string) *bench {
	tb.Helper()
	key, err := seal.NewKey(rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	b := &bench{url: url, keys: key, now: time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)}
	b.db = openDB(tb, url)
	b.Ledger = b.ledger(tb, b.db, key)
	return b
}

func openDB(tb testing.TB, url string) *database.DB {
	tb.Helper()
	db, err := database.Open(tb.Context(), url)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := db.Close(); err != nil {
			tb.Error(err)
		}
	})
	return db
}

func (b *bench) ledger(tb testing.TB, db *database.DB, keys string) *ledger.Ledger {
	tb.Helper()
	set, err := seal.ParseKeys(keys)
	if err != nil {
		tb.Fatal(err)
	}
	return ledger.New(db, set, b.time)
}

func (b *bench) time() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.now
}

func (b *bench) pass(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now = b.now.Add(d)
}

const lease = time.Minute

// terms are those of a channel without a pace.
func terms(pace ...channel.Pace) ledger.Terms {
	return ledger.Terms{Pace: pace, Lease: lease, Patience: 2 * time.Second}
}

// entry is one event for one target of one rule.
func entry(event, rule, address string) ledger.Entry {
	return ledger.Entry{
		EventSource: "acs.pai", EventID: event, Bus: "pai-system-nlp", Rule: rule, Target: "ops", Channel: "lark",
		Address: address, Object: "dlc1", Happened: time.Date(2026, 11, 24, 9, 59, 0, 0, time.UTC),
		Sealed: []byte(`{"sealed":"v1.k.x"}`), Event: []byte(`{"id":"` + event + `"}`),
	}
}

func (b *bench) claim(tb testing.TB, terms ledger.Terms, entries ...ledger.Entry) []ledger.Delivery {
	tb.Helper()
	got, err := b.Claim(tb.Context(), terms, entries)
	if err != nil {
		tb.Fatal(err)
	}
	return got
}

func (b *bench) due(tb testing.TB, terms ledger.Terms) []ledger.Delivery {
	tb.Helper()
	got, err := b.Due(tb.Context(), terms, "lark", 100)
	if err != nil {
		tb.Fatal(err)
	}
	return got
}

// record records one attempt with an outcome.
func (b *bench) record(tb testing.TB, d ledger.Delivery, o channel.Outcome) ledger.State {
	tb.Helper()
	states, err := b.Record(tb.Context(), []ledger.Result{{
		Delivery: d, Attempts: []ledger.Attempt{{At: b.time(), Took: 7 * time.Millisecond, Outcome: o}},
	}})
	if err != nil {
		tb.Fatal(err)
	}
	return states[0]
}

func (b *bench) recordClass(tb testing.TB, d ledger.Delivery, c channel.Class) ledger.State {
	tb.Helper()
	return b.record(tb, d, channel.Outcome{Class: c, Code: c.String()})
}

func (b *bench) get(tb testing.TB, e ledger.Entry) (ledger.Entered, []ledger.Tried) {
	tb.Helper()
	got, tried, err := b.Get(tb.Context(), e.ID())
	if err != nil {
		tb.Fatal(err)
	}
	return got, tried
}

func (b *bench) wantState(tb testing.TB, e ledger.Entry, want ledger.State) {
	tb.Helper()
	if got, _ := b.get(tb, e); got.State != want {
		tb.Errorf("the delivery of event %s by rule %s is %s, want %s", e.EventID, e.Rule, got.State, want)
	}
}

func wantStates(tb testing.TB, got []ledger.Delivery, want ...ledger.State) {
	tb.Helper()
	if len(got) != len(want) {
		tb.Fatalf("%d deliveries, want %d", len(got), len(want))
	}
	for i, d := range got {
		if d.State != want[i] {
			tb.Errorf("delivery %d is %s, want %s", i, d.State, want[i])
		}
	}
}

// dump gives all that lies in the database.
func (b *bench) dump(tb testing.TB) (text string) {
	tb.Helper()
	err := b.db.Read(tb.Context(), func(tx *sql.Tx) error {
		for _, table := range []string{"delivery", "attempt", "destination", "secret", "settings", "lease"} {
			if err := dumpTable(tb.Context(), tx, table, &text); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		tb.Fatal(err)
	}
	return text
}

func dumpTable(ctx context.Context, tx *sql.Tx, table string, text *string) error {
	rows, err := tx.QueryContext(ctx, "select * from "+table)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	for rows.Next() {
		values, places := make([]sql.RawBytes, len(columns)), make([]any, len(columns))
		for i := range values {
			places[i] = &values[i]
		}
		if err := rows.Scan(places...); err != nil {
			return err
		}
		for i, v := range values {
			*text += table + "." + columns[i] + "=" + string(v) + "\n"
		}
	}
	return rows.Err()
}
