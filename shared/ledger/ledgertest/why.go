package ledgertest

import (
	"context"
	"time"

	"pai-notify/shared/channel"
	"pai-notify/shared/ledger"
)

func whys() map[string]func(*bench) {
	return map[string]func(*bench){
		"what a delivery waits for is noted":                     why,
		"what a delivery waits for is that of its last decision": whyLast,
	}
}

// wantWhy wants that a delivery waits for something, in a list as when it is looked at alone.
func (b *bench) wantWhy(e ledger.Entry, want ledger.Why, due time.Duration) {
	b.t.Helper()
	got, _ := b.get(b.t, e)
	if got.State != ledger.Waiting || got.Why != want || !got.Due.Equal(b.time().Add(due)) {
		b.t.Errorf("%s of %s is %s, waits for %q until %v; want %q in %s", e.EventID, e.Rule, got.State, got.Why, got.Due, want, due)
	}
	list, _, err := b.List(b.t.Context(), ledger.Filter{Event: e.EventID, Rule: e.Rule}, "", 10)
	if err != nil || len(list) != 1 || list[0].Why != got.Why || !list[0].Opens.Equal(got.Opens) || !list[0].Closed.Equal(got.Closed) {
		b.t.Errorf("the list tells of %s %+v, %v; it alone is %+v", e.EventID, list, err, got)
	}
}

func why(b *bench) {
	t := b.t
	quiet := entry("quiet", "r1", "lark quiet")
	quiet.NotBefore, quiet.Why = b.time().Add(time.Hour), ledger.WhyQuiet
	b.claim(t, terms(), quiet)
	b.wantWhy(quiet, ledger.WhyQuiet, time.Hour)

	first, second := about("gap 1", "dlc1"), about("gap 2", "dlc1")
	first.Address, second.Address = "lark gap", "lark gap"
	b.tell(first)
	b.claim(t, terms(), second)
	b.wantWhy(second, ledger.WhyGap, tenMinutes)

	same, other := entry("same", "r1", "lark same"), entry("same", "r2", "lark same")
	b.claim(t, terms(), same)
	b.claim(t, terms(), other)
	b.wantWhy(other, ledger.WhySame, lease)

	slow := terms(channel.Pace{Burst: 1, Every: time.Minute})
	now, later := entry("pace 1", "r1", "lark pace"), entry("pace 2", "r1", "lark pace")
	b.claim(t, slow, now)
	b.claim(t, slow, later)
	b.wantWhy(later, ledger.WhyPace, time.Minute)
	if got, _ := b.get(t, later); !got.Opens.Equal(b.time().Add(time.Minute)) || !got.Closed.IsZero() {
		t.Errorf("the next slot is at %v, closed until %v", got.Opens, got.Closed)
	}

	closed, behind := entry("closed 1", "r1", "lark closed"), entry("closed 2", "r1", "lark closed")
	claimed := b.claim(t, terms(), closed)
	b.record(t, claimed[0], channel.Outcome{Class: channel.Throttled, Code: "130101", After: tenMinutes})
	b.claim(t, terms(), behind)
	b.wantWhy(closed, ledger.WhyRetry, tenMinutes)
	b.wantWhy(behind, ledger.WhyPace, tenMinutes)
	if got, _ := b.get(t, behind); !got.Closed.Equal(b.time().Add(tenMinutes)) {
		t.Errorf("its receiver is closed until %v, want ten minutes", got.Closed)
	}
}

func whyLast(b *bench) {
	t := b.t
	e := entry("e1", "r1", "lark A")
	e.NotBefore, e.Why = b.time().Add(time.Hour), ledger.WhyQuiet
	b.claim(t, terms(), e)
	b.pass(time.Hour)
	held := b.due(t, terms())
	if len(held) != 1 {
		t.Fatalf("%d are due, want 1", len(held))
	}
	if got, _ := b.get(t, e); got.Why != "" {
		t.Errorf("while it is sent it waits for %q", got.Why)
	}
	result := ledger.Result{Delivery: held[0], Until: b.time().Add(time.Hour), Why: ledger.WhyMuted}
	if _, err := b.Record(t.Context(), []ledger.Result{result}); err != nil {
		t.Fatal(err)
	}
	b.wantWhy(e, ledger.WhyMuted, time.Hour)
	b.pass(time.Hour)
	b.recordClass(t, b.due(t, terms())[0], channel.Unavailable)
	b.wantWhy(e, ledger.WhyRetry, time.Minute)
	renew := func(context.Context, ledger.Entered) (ledger.Target, error) {
		return ledger.Target{Channel: "lark", Address: "lark A", Sealed: e.Sealed}, nil
	}
	b.replay(t, renew, false, e.ID())
	b.wantWhy(e, "", 0)
}
