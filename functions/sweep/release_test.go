package main

import (
	"testing"
	"time"

	"pai-notify/shared/ledger"
	"pai-notify/shared/mute"
)

// A function may not know yet that a mute was lifted or changed, and hold a delivery until its former end.
func TestWhatIsHeldByAMuteThatChangedIsReleasedInTheNextRound(t *testing.T) {
	t.Parallel()
	h := migrated(t)
	day := func(n int) time.Time { return h.now.AddDate(0, 0, n) }
	mutes := mute.New(h.db, h.clock)
	for _, m := range []mute.Mute{
		{Bus: bus, Rule: "shorter", Until: day(2)}, {Bus: bus, Rule: "one", Target: "ops", Until: day(3)},
		{Bus: bus, Rule: "other", Target: "boss", Until: day(9)}, {Bus: bus, Rule: "same", Until: day(20)},
	} {
		if _, err := mutes.Set(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	for rule, want := range map[string]struct {
		why ledger.Why
		due time.Time
	}{
		"lifted": {ledger.WhyMuted, day(0)}, "shorter": {ledger.WhyMuted, day(2)}, "one": {ledger.WhyMuted, day(3)},
		"other": {ledger.WhyMuted, day(0)}, "same": {ledger.WhyMuted, day(20)}, "quiet": {ledger.WhyQuiet, day(20)},
	} {
		e := ledger.Entry{
			EventSource: "acs.paidlc", EventID: rule, Bus: bus, Rule: rule, Target: "ops", Channel: "dingtalk", Address: "dingtalk " + rule,
			Happened: h.now, Sealed: []byte("{}"), Event: []byte("{}"), NotBefore: day(20), Why: want.why,
		}
		if _, err := h.ledger.Claim(t.Context(), ledger.Terms{Lease: time.Minute}, []ledger.Entry{e}); err != nil {
			t.Fatal(err)
		}
		defer func() {
			found, _, err := h.ledger.Get(t.Context(), e.ID())
			if err != nil || !found.Due.Equal(want.due) {
				t.Errorf("rule %s: due %v, want %v: %v", rule, found.Due, want.due, err)
			}
		}()
	}
	if a := h.ok(); a.Released != 4 {
		t.Errorf("round = %+v, want 4 released", a)
	}
	if a := h.ok(); a.Released != 0 {
		t.Errorf("the next round = %+v, want none released", a)
	}
}
