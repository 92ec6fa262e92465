package ledgertest

import (
	"time"

	"pai-notify/shared/channel"
	"pai-notify/shared/ledger"
)

func gaps() map[string]func(*bench) {
	return map[string]func(*bench){
		"of one object the first is told and the rest after the gap as one":  gap,
		"in one list the first is told and the rest wait":                    gapOfList,
		"what has no gap passes, and others are counted from it":             gapPasses,
		"other objects, targets, contacts and rules have gaps of their own":  gapOfOthers,
		"a message that did not go out makes nobody wait":                    gapAfterFailure,
		"a claim given back until later is due then, and its life is longer": givenBackUntil,
		"what a mute holds moves with its end":                               shift,
	}
}

const tenMinutes = 10 * time.Minute

// about is an entry about an object, with a gap.
func about(id, object string) ledger.Entry {
	e := entry(id, "r1", "lark A")
	e.Object, e.Gap = object, tenMinutes
	return e
}

// tell claims an entry that must be claimed, and has it delivered.
func (b *bench) tell(e ledger.Entry) {
	b.t.Helper()
	got := b.claim(b.t, terms(), e)
	if len(got) != 1 || !mine(got[0]) {
		b.t.Fatalf("%s is %+v, want it claimed", e.EventID, got)
	}
	if state := b.recordClass(b.t, got[0], channel.Delivered); state != ledger.Delivered {
		b.t.Fatalf("%s is recorded as %s", e.EventID, state)
	}
}

// wantHeld wants an entry to wait until so long from now.
func (b *bench) wantHeld(e ledger.Entry, d time.Duration) {
	b.t.Helper()
	got := b.claim(b.t, terms(), e)
	if len(got) != 1 || got[0].State != ledger.Waiting || !got[0].Due.Equal(b.time().Add(d)) {
		b.t.Errorf("%s is %s and due in %s, want it to wait for %s", e.EventID, got[0].State, got[0].Due.Sub(b.time()), d)
	}
}

func gap(b *bench) {
	b.tell(about("e1", "job"))
	b.pass(time.Minute)
	b.wantHeld(about("e2", "job"), 9*time.Minute)
	b.pass(8 * time.Minute)
	b.wantHeld(about("e3", "job"), time.Minute)
	if got := b.due(b.t, digests()); len(got) != 0 {
		b.t.Errorf("%d are due within the gap", len(got))
	}
	b.pass(time.Minute)
	got := b.due(b.t, digests())
	if len(got) != 2 || got[0].Slot != got[1].Slot {
		b.t.Fatalf("after the gap %+v are due, want two that share a slot", got)
	}
	for _, d := range got {
		b.recordClass(b.t, d, channel.Delivered)
	}
	b.pass(time.Minute)
	b.wantHeld(about("e4", "job"), 9*time.Minute)
	b.pass(tenMinutes)
	for _, d := range b.due(b.t, digests()) {
		b.recordClass(b.t, d, channel.Delivered)
	}
	b.pass(tenMinutes)
	b.tell(about("e5", "job"))
}

func gapOfList(b *bench) {
	got := b.claim(b.t, terms(), about("e1", "job"), about("e2", "job"), about("e3", "other"), about("e4", "job"))
	wantStates(b.t, got, ledger.Claimed, ledger.Waiting, ledger.Claimed, ledger.Waiting)
	if until := b.time().Add(tenMinutes); !got[1].Due.Equal(until) || !got[3].Due.Equal(until) {
		b.t.Errorf("due at %v and %v, want %v", got[1].Due, got[3].Due, until)
	}
}

func gapPasses(b *bench) {
	b.tell(about("e1", "job"))
	b.pass(time.Minute)
	b.wantHeld(about("e2", "job"), 9*time.Minute)
	final := about("e3", "job")
	final.Gap = 0
	b.pass(time.Minute)
	b.tell(final)
	b.pass(time.Minute)
	b.wantHeld(about("e4", "job"), 9*time.Minute)
}

func gapOfOthers(b *bench) {
	b.tell(about("e1", "job"))
	b.pass(time.Minute)
	others := []ledger.Entry{about("e2", "other"), about("e3", "job"), about("e4", "job"), about("e5", "job")}
	others[1].Target, others[2].Contact, others[3].Rule = "t2", "alice", "r2"
	for _, e := range others {
		b.tell(e)
		b.pass(time.Minute)
	}
}

func gapAfterFailure(b *bench) {
	got := b.claim(b.t, terms(), about("e1", "job"))
	b.record(b.t, got[0], channel.Outcome{Class: channel.Rejected, Code: "no"})
	b.tell(about("e2", "job"))
}

func givenBackUntil(b *bench) {
	t := b.t
	e := entry("e1", "r1", "lark A")
	b.recordClass(t, b.claim(t, terms(), e)[0], channel.Unavailable)
	b.pass(time.Hour)
	claimed := b.due(t, terms())
	if len(claimed) != 1 {
		t.Fatalf("%d are due", len(claimed))
	}
	until := b.time().Add(60 * time.Hour) // a weekend
	states, err := b.Record(t.Context(), []ledger.Result{{Delivery: claimed[0], Until: until}})
	if err != nil || states[0] != ledger.Waiting {
		t.Fatalf("given back it is %v, %v", states, err)
	}
	if at, err := b.Next(t.Context(), "lark"); err != nil || !at.Equal(until) {
		t.Errorf("Next = %v, %v, want %v", at, err, until)
	}
	b.pass(60 * time.Hour)
	claimed = b.due(t, terms())
	if len(claimed) != 1 || claimed[0].Attempts != 1 {
		t.Fatalf("after it was held %+v are due", claimed)
	}
	if state := b.recordClass(t, claimed[0], channel.Unavailable); state != ledger.Waiting {
		t.Errorf("a failure after a weekend makes it %s, want it to live on", state)
	}
}

func shift(b *bench) {
	t := b.t
	end := b.time().Add(time.Hour)
	var entries []ledger.Entry
	for _, row := range []struct {
		id, rule, target string
		until            time.Time
	}{{"e1", "r1", "t1", end}, {"e2", "r1", "t2", end}, {"e3", "r2", "t1", end}, {"e4", "r1", "t1", end.Add(time.Hour)}} {
		e := entry(row.id, row.rule, "lark "+row.id)
		e.Target, e.NotBefore = row.target, row.until
		entries = append(entries, e)
	}
	b.claim(t, terms(), entries...)
	if n, err := b.Shift(t.Context(), "pai-system-nlp", "r1", "t1", end, b.time()); err != nil || n != 1 {
		t.Errorf("moved %d of one target, %v; want 1", n, err)
	}
	if n, err := b.Shift(t.Context(), "pai-system-nlp", "r1", "", end, b.time()); err != nil || n != 1 {
		t.Errorf("moved %d of the rest of the rule, %v; want 1", n, err)
	}
	if got := b.due(t, terms()); len(got) != 2 || got[0].Rule != "r1" || got[1].Rule != "r1" {
		t.Errorf("due are %+v, want the two that were moved", got)
	}
	late := entry("e5", "r3", "lark e5") // held by a function that did not know yet that the mute was lifted
	late.NotBefore, late.Why = end, ledger.WhyMuted
	b.claim(t, terms(), late)
	if n, err := b.Release(t.Context()); err != nil || n != 1 {
		t.Errorf("released %d, %v; want the one that no mute holds", n, err)
	}
	if got := b.due(t, terms()); len(got) != 1 || got[0].Rule != "r3" {
		t.Errorf("due are %+v, want the one that was released", got)
	}
}
