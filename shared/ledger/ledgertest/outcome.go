package ledgertest

import (
	"fmt"
	"time"

	"pai-notify/shared/channel"
	"pai-notify/shared/ledger"
)

func duplicateInFlight(b *bench) {
	t := b.t
	first, second, other := entry("e1", "r1", "lark A"), entry("e1", "r2", "lark A"), entry("e1", "r2", "lark B")
	other.Target = "other"
	// In one list, too: the second waits for the first of the same list.
	got := b.claim(t, terms(), first, second, other)
	wantStates(t, got, ledger.Claimed, ledger.Waiting, ledger.Claimed)
	if due := b.due(t, terms()); len(due) != 0 {
		t.Errorf("%d due while the first is in flight", len(due))
	}
	b.recordClass(t, got[0], channel.Delivered)
	b.wantState(t, second, ledger.Duplicate)
	b.wantState(t, other, ledger.Claimed)
}

func duplicateDelivered(b *bench) {
	t := b.t
	b.recordClass(t, b.claim(t, terms(), entry("e1", "r1", "lark A"))[0], channel.Delivered)
	wantStates(t, b.claim(t, terms(), entry("e1", "r2", "lark A"), entry("e2", "r2", "lark A")), ledger.Duplicate, ledger.Claimed)
}

func duplicateDies(b *bench) {
	t := b.t
	first, second := entry("e1", "r1", "lark A"), entry("e1", "r2", "lark A")
	got := b.claim(t, terms(), first, second)
	b.recordClass(t, got[0], channel.Misconfigured)
	due := b.due(t, terms())
	if len(due) != 1 || due[0].Rule != "r2" {
		t.Fatalf("due: %+v, want the second rule's", due)
	}
	b.recordClass(t, due[0], channel.Delivered)
	b.wantState(t, first, ledger.Dead)
	b.wantState(t, second, ledger.Delivered)
}

func duplicateLater(b *bench) {
	t := b.t
	first, second := entry("e1", "r1", "lark A"), entry("e1", "r2", "lark A")
	b.recordClass(t, b.claim(t, terms(), first)[0], channel.Unavailable)
	b.wantState(t, first, ledger.Waiting)
	got := b.claim(t, terms(), second)
	wantStates(t, got, ledger.Claimed)
	b.recordClass(t, got[0], channel.Delivered)
	b.wantState(t, first, ledger.Duplicate)
}

func pace(b *bench) {
	t := b.t
	dingtalk := terms(channel.Pace{Burst: 4, Every: 4 * time.Second})
	other := b.ledger(t, openDB(t, b.url), b.keys)
	sent := 0
	for i := range 10 {
		e := entry(fmt.Sprint(i), fmt.Sprint("r", i%2), "dingtalk A")
		l := b.Ledger
		if i%2 == 0 {
			l = other
		}
		got, err := l.Claim(t.Context(), dingtalk, []ledger.Entry{e})
		if err != nil {
			t.Fatal(err)
		}
		if mine(got[0]) {
			sent++
		} else if got[0].State != ledger.Waiting || !got[0].Due.Equal(b.time().Add(4*time.Second)) {
			t.Errorf("event %d is %s, due %v, want it to wait four seconds", i, got[0].State, got[0].Due)
		}
	}
	if sent != 4 {
		t.Errorf("%d sent at once, want the burst of 4", sent)
	}
	wantStates(t, b.claim(t, dingtalk, entry("0", "r0", "dingtalk B")), ledger.Claimed) // another destination is free
	b.pass(3 * time.Second)
	got := b.due(t, dingtalk)
	if len(got) != 0 {
		t.Errorf("%d due before their time", len(got))
	}
	b.pass(time.Second)
	got = b.due(t, dingtalk)
	if len(got) != 1 || !got[0].Start.Equal(b.time()) {
		t.Fatalf("after four seconds: %+v, want one now", got)
	}
	if at, err := b.Next(t.Context(), "lark"); err != nil || !at.Equal(b.time().Add(4*time.Second)) {
		t.Errorf("Next = %v, %v, want four seconds on", at, err)
	}
	b.pass(2500 * time.Millisecond)
	got = b.due(t, dingtalk)
	if len(got) != 1 || got[0].Start.Sub(b.time()) != 1500*time.Millisecond {
		t.Errorf("a slot 1.5 s away: %+v, want it claimed for then", got)
	}
	// Whatever a minute brings, it is never more than DingTalk's 20.
	for range 59 {
		b.pass(time.Second)
		sent += len(b.due(t, dingtalk))
	}
	b.wantState(t, entry("9", "r1", "dingtalk A"), ledger.Claimed)
}

func paces(b *bench) {
	t := b.t
	lark := terms(channel.Pace{Burst: 4, Every: 200 * time.Millisecond}, channel.Pace{Burst: 10, Every: 600 * time.Millisecond})
	sent := 0
	for i := range 60 {
		if mine(b.claim(t, lark, entry(fmt.Sprint(i), "r", "lark A"))[0]) {
			sent++
		}
	}
	// By the first pace 4 and those of the next 2 s: 14. By the second 10 and 3.
	if sent != 13 {
		t.Errorf("%d claimed at once, want 13", sent)
	}
}

func take(b *bench) {
	t := b.t
	slow := terms(channel.Pace{Burst: 1, Every: time.Minute})
	hash, err := b.Destination(t.Context(), "lark A")
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []time.Duration{0, time.Minute, time.Minute} {
		if wait, err := b.Take(t.Context(), hash, slow); err != nil || wait != want {
			t.Errorf("Take %d = %v, %v, want %v", i, wait, err, want)
		}
	}
	wantStates(t, b.claim(t, slow, entry("e1", "r", "lark A")), ledger.Waiting)
}

func block(b *bench) {
	t := b.t
	dingtalk := terms(channel.Pace{Burst: 4, Every: 4 * time.Second})
	first, second := entry("e1", "r1", "dingtalk A"), entry("e2", "r1", "dingtalk A")
	d := b.claim(t, dingtalk, first)[0]
	blocked := channel.Outcome{Class: channel.Throttled, Code: "130101", After: 10 * time.Minute}
	if got := b.record(t, d, blocked); got != ledger.Waiting {
		t.Errorf("recorded as %s", got)
	}
	got := b.claim(t, dingtalk, second)
	if got[0].State != ledger.Waiting || !got[0].Due.Equal(b.time().Add(10*time.Minute)) {
		t.Errorf("another event is %s until %v, want it to wait for the block's end", got[0].State, got[0].Due)
	}
	b.pass(10*time.Minute - 3*time.Second)
	if got := b.due(t, dingtalk); len(got) != 0 {
		t.Errorf("%d due while blocked", len(got))
	}
	b.pass(3 * time.Second)
	probe := b.due(t, dingtalk)
	if len(probe) != 1 {
		t.Fatalf("%d due at the block's end, want one probe", len(probe))
	}
	b.record(t, probe[0], blocked)
	if got := b.due(t, dingtalk); len(got) != 0 {
		t.Errorf("%d due after a probe that failed", len(got))
	}
	b.pass(10 * time.Minute)
	probe = b.due(t, dingtalk)
	if len(probe) != 1 {
		t.Fatalf("%d due at the second end, want one probe", len(probe))
	}
	b.recordClass(t, probe[0], channel.Delivered)
	if got := b.due(t, dingtalk); len(got) != 1 {
		t.Errorf("%d due after a probe that got through, want the other", len(got))
	}
}

func retries(b *bench) {
	t := b.t
	e := entry("e1", "r1", "lark A")
	d := b.claim(t, terms(), e)[0]
	start := b.time()
	var waits []int
	for b.recordClass(t, d, channel.Unavailable) != ledger.Dead {
		got, _ := b.get(t, e)
		wait := got.Due.Sub(b.time())
		waits = append(waits, int(wait.Minutes()))
		b.pass(wait)
		d = b.due(t, terms())[0]
	}
	if got, want := fmt.Sprint(waits), "[1 2 5 10 30 60 120 240 240 240 240 240 12]"; got != want {
		t.Errorf("minutes between tries: %s, want %s", got, want)
	}
	if life := b.time().Sub(start); life != 24*time.Hour {
		t.Errorf("dead after %v, want a day", life)
	}
	// A receiver may ask for more patience than the schedule has.
	d = b.claim(t, terms(), entry("e2", "r1", "lark B"))[0]
	b.record(t, d, channel.Outcome{Class: channel.Unavailable, After: time.Hour})
	if got, _ := b.get(t, entry("e2", "r1", "lark B")); got.Due.Sub(b.time()) != time.Hour {
		t.Errorf("due in %v, want the hour it asked for", got.Due.Sub(b.time()))
	}
}

func held(b *bench) {
	t := b.t
	e := entry("e1", "r1", "lark A")
	b.recordClass(t, b.claim(t, terms(), e)[0], channel.Unavailable)
	b.pass(time.Minute + 72*time.Hour) // due a minute on, and then nobody came for a weekend
	d := b.due(t, terms())[0]
	if got := b.recordClass(t, d, channel.Unavailable); got != ledger.Waiting {
		t.Errorf("after a weekend on hold: %s, want another try", got)
	}
}

func unknown(b *bench) {
	t := b.t
	e := entry("e1", "r1", "lark A")
	d := b.claim(t, terms(), e)[0]
	for i, want := range []ledger.State{ledger.Waiting, ledger.Waiting, ledger.Dead} {
		if got := b.recordClass(t, d, channel.Unknown); got != want {
			t.Fatalf("after answer %d: %s, want %s", i+1, got, want)
		}
		if want == ledger.Waiting {
			b.pass(2 * time.Minute)
			d = b.due(t, terms())[0]
		}
	}
	if got, tried := b.get(t, e); len(tried) != 3 || got.Class != "unknown" {
		t.Errorf("%d attempts, class %s", len(tried), got.Class)
	}
}

func dead(b *bench) {
	t := b.t
	for _, class := range []channel.Class{channel.Misconfigured, channel.Rejected} {
		e := entry(class.String(), "r1", "lark A")
		if got := b.recordClass(t, b.claim(t, terms(), e)[0], class); got != ledger.Dead {
			t.Errorf("%v: %s, want dead", class, got)
		}
	}
	b.pass(48 * time.Hour)
	if got := b.due(t, terms()); len(got) != 0 {
		t.Errorf("%d dead deliveries are due", len(got))
	}
}
