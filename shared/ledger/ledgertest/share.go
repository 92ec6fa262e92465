package ledgertest

import (
	"database/sql"
	"fmt"
	"testing"
	"time"

	"pai-notify/shared/channel"
	"pai-notify/shared/ledger"
)

// sharing are the promises about digests and dead receivers.
func sharing() map[string]func(*bench) {
	return map[string]func(*bench){
		"what had to wait shares a slot, in order and to the limit":    share,
		"a new event takes along what waits":                           takesAlong,
		"a digest's outcome is that of each, and its pace that of one": outcomes,
		"a digest refused for its content is told one by one":          alone,
		"a digest whose process died is due again, whole":              digestLost,
		"a duplicate has no part in a digest":                          digestDuplicate,
		"a dead receiver costs three rounds and then a probe":          deadReceiver,
		"what waits for a dead receiver grows old":                     growsOld,
		"while it is held a delivery is not claimed by asking again":   heldAgain,
	}
}

// digests are terms with one message each four seconds and digests of three.
func digests() ledger.Terms {
	t := terms(channel.Pace{Burst: 1, Every: 4 * time.Second})
	t.Digest = 3
	return t
}

// slots tells claims by the events that share a slot: "a bc".
func slots(list []ledger.Delivery) (text string) {
	last := ""
	for _, d := range list {
		if !mine(d) {
			continue
		}
		if last != "" && d.Slot != last {
			text += " "
		}
		text, last = text+d.EventID, d.Slot
	}
	return text
}

func (b *bench) wantSlots(tb testing.TB, what string, got []ledger.Delivery, want string) {
	tb.Helper()
	if slots(got) != want {
		tb.Errorf("%s: %q, want %q", what, slots(got), want)
	}
}

// ask claims events one after the other, a millisecond apart.
func (b *bench) ask(tb testing.TB, terms ledger.Terms, rule, events string) (got []ledger.Delivery) {
	tb.Helper()
	for _, name := range events {
		got = append(got, b.claim(tb, terms, entry(string(name), rule, "lark A"))...)
		b.pass(time.Millisecond)
	}
	return got
}

func share(b *bench) {
	t := b.t
	b.wantSlots(t, "a burst", b.ask(t, digests(), "r1", "abcdefgh"), "a")
	b.wantSlots(t, "before the slot", b.due(t, digests()), "")
	b.pass(4 * time.Second)
	b.wantSlots(t, "in the next slot", b.due(t, digests()), "bcd")
	b.wantSlots(t, "then", b.due(t, digests()), "")
	b.pass(4 * time.Second)
	b.wantSlots(t, "in the one after it", b.due(t, digests()), "efg")
	b.pass(4 * time.Second)
	b.wantSlots(t, "at last", b.due(t, digests()), "h")
}

func takesAlong(b *bench) {
	t := b.t
	b.wantSlots(t, "a burst", b.ask(t, digests(), "r1", "abc"), "a")
	b.pass(4 * time.Second)
	got := b.ask(t, digests(), "r2", "d")
	b.wantSlots(t, "a new one", got, "dbc")
	if len(got) != 3 || got[1].Start != got[0].Start || len(got[1].Event) == 0 {
		t.Errorf("claimed %+v, want all at the same moment with what is needed to send", got)
	}
	// In a list what has a slot of its own goes alone, and the first takes along what waits.
	wide := digests()
	wide.Pace = []channel.Pace{{Burst: 2, Every: 4 * time.Second}}
	list := func(events string) (entries []ledger.Entry) {
		for _, name := range events {
			entries = append(entries, entry(string(name), "r1", "lark B"))
		}
		return entries
	}
	b.claim(t, wide, list("efg")...)
	b.pass(10 * time.Second)
	b.wantSlots(t, "a list", b.claim(t, wide, list("xyz")...), "x y g")
}

func outcomes(b *bench) {
	t := b.t
	b.recordClass(t, b.ask(t, digests(), "r1", "abcd")[0], channel.Delivered)
	b.pass(4 * time.Second)
	got := b.due(t, digests())
	results := make([]ledger.Result, len(got))
	for i, d := range got {
		results[i] = ledger.Result{Delivery: d, Attempts: []ledger.Attempt{{At: b.time(), Receipt: "r", Outcome: channel.Outcome{Class: channel.Unavailable}}}}
	}
	for i, s := range b.recorded(t, results) {
		if s != ledger.Waiting {
			t.Errorf("delivery %d is %s", i, s)
		}
	}
	var failures int
	err := b.db.Read(t.Context(), func(tx *sql.Tx) error {
		return tx.QueryRowContext(t.Context(), "select failures from destination").Scan(&failures)
	})
	if err != nil || failures != 1 {
		t.Errorf("the receiver failed %d times, %v, want one failure of the one message", failures, err)
	}
	b.pass(time.Minute)
	for i, d := range b.due(t, digests()) {
		results[i] = ledger.Result{Delivery: d, Attempts: []ledger.Attempt{{At: b.time(), Receipt: "r", Outcome: channel.Outcome{Class: channel.Delivered}}}}
	}
	b.recorded(t, results)
	for _, name := range "bcd" {
		got, tried := b.get(t, entry(string(name), "r1", ""))
		if got.State != ledger.Delivered || got.Receipt != "r" || len(tried) != 2 || tried[0].Class != "unavailable" {
			t.Errorf("event %c: %s after %+v", name, got.State, tried)
		}
	}
}

func (b *bench) recorded(tb testing.TB, results []ledger.Result) []ledger.State {
	tb.Helper()
	states, err := b.Record(tb.Context(), results)
	if err != nil {
		tb.Fatal(err)
	}
	return states
}

func alone(b *bench) {
	t := b.t
	b.ask(t, digests(), "r1", "abcd")
	b.pass(4 * time.Second)
	var results []ledger.Result
	for _, d := range b.due(t, digests()) {
		results = append(results, ledger.Result{Delivery: d, Attempts: []ledger.Attempt{{At: b.time(), Outcome: channel.Outcome{Class: channel.Rejected}}}})
	}
	b.recorded(t, results)
	told := ""
	for range 3 {
		b.pass(4 * time.Second)
		got := b.due(t, digests())
		if len(got) != 1 {
			t.Fatalf("claimed %q, want one alone", slots(got))
		}
		told += got[0].EventID
		class := channel.Delivered
		if got[0].EventID == "c" { // the one whose content it was
			class = channel.Rejected
		}
		b.recordClass(t, got[0], class)
	}
	b.wantState(t, entry("b", "r1", ""), ledger.Delivered)
	b.wantState(t, entry("c", "r1", ""), ledger.Dead)
	b.wantState(t, entry("d", "r1", ""), ledger.Delivered)
	if !sameLetters(told, "bcd") {
		t.Errorf("told %s", told)
	}
}

func digestLost(b *bench) {
	t := b.t
	b.ask(t, digests(), "r1", "abcd")
	b.pass(4 * time.Second)
	b.wantSlots(t, "a digest", b.due(t, digests()), "bcd")
	b.wantSlots(t, "by another meanwhile", b.due(t, digests()), "")
	b.pass(lease + 4*time.Second)
	again := b.due(t, digests())
	if !sameLetters(slots(again), "bcd a") && !sameLetters(slots(again), "abc") || len(again) != 3 {
		t.Errorf("after its lease: %q, want them together", slots(again))
	}
}

func digestDuplicate(b *bench) {
	t := b.t
	b.ask(t, digests(), "r1", "ab")
	b.ask(t, digests(), "r2", "b") // the same event for the same destination
	b.pass(4 * time.Second)
	got := b.due(t, digests())
	b.wantSlots(t, "a digest", got, "b")
	b.recordClass(t, got[0], channel.Delivered)
	other := "r1"
	if got[0].Rule == "r1" {
		other = "r2"
	}
	b.wantState(t, entry("b", other, ""), ledger.Duplicate)
}

func deadReceiver(b *bench) {
	t := b.t
	rounds, start := 0, b.time()
	for i := range 600 { // ten minutes with an event each second
		got := b.claim(t, terms(), entry(fmt.Sprint(i), "r1", "lark A"))
		got = append(got, b.due(t, terms())...)
		for _, d := range got {
			if mine(d) {
				rounds++
				b.recordClass(t, d, channel.Unavailable)
			}
		}
		b.pass(time.Second)
	}
	if rounds != 6 { // three, and probes after 1, 2 and 5 minutes
		t.Errorf("%d rounds in %v, want 6", rounds, b.time().Sub(start))
	}
	if n, err := b.Waiting(t.Context(), "pai-system-nlp", "r1"); err != nil || n != 600 {
		t.Errorf("%d wait, %v, want all", n, err)
	}
	b.pass(5 * time.Minute)
	probe := b.due(t, terms())
	if len(probe) != 1 || !probe[0].Probe {
		t.Fatalf("%d due, want one probe", len(probe))
	}
	b.recordClass(t, probe[0], channel.Delivered)
	if got := b.due(t, terms()); len(got) != 100 {
		t.Errorf("%d due once it answers, want as many as fit", len(got))
	}
}

func growsOld(b *bench) {
	t := b.t
	const n = 20
	for i := range n {
		b.claim(t, terms(), entry(fmt.Sprint(i), "r1", "lark A"))
	}
	b.pass(lease + time.Second)
	for range 3 * 24 * 60 { // three days
		for _, d := range b.due(t, terms()) {
			b.recordClass(t, d, channel.Unavailable)
		}
		b.pass(time.Minute)
	}
	if left, err := b.Waiting(t.Context(), "pai-system-nlp", "r1"); err != nil || left != 0 {
		t.Errorf("%d of %d still wait, %v", left, n, err)
	}
}

func heldAgain(b *bench) {
	t := b.t
	e := entry("e1", "r1", "lark A")
	b.recordClass(t, b.claim(t, terms(), e)[0], channel.Unavailable)
	b.pass(time.Hour)
	e.NotBefore = b.time().Add(time.Minute)
	if got := b.claim(t, terms(), e); got[0].State != ledger.Waiting || mine(got[0]) {
		t.Errorf("asked again while held: %+v", got[0])
	}
	e.NotBefore = time.Time{}
	if got := b.claim(t, terms(), e); !mine(got[0]) {
		t.Errorf("asked again afterwards: %+v", got[0])
	}
}
