package ledgertest

import (
	"strings"
	"time"

	"pai-notify/shared/channel"
	"pai-notify/shared/ledger"
)

func reserve(b *bench) {
	t := b.t
	sms := once(channel.Pace{Burst: 6, Every: time.Hour, Reserve: 4})
	ask := func(failing bool, events string) (sent string) {
		for _, name := range events {
			e := entry(string(name), "r1", "sms A")
			e.Failing = failing
			if d := b.claim(t, sms, e)[0]; mine(d) {
				if d.Failing != failing {
					t.Errorf("%c is failing: %v", name, d.Failing)
				}
				b.recordClass(t, d, channel.Delivered)
				sent += d.EventID
			}
		}
		return sent
	}
	if got := ask(false, "abcd"); got != "ab" {
		t.Errorf("of what is not failing %q went, want 2 of 6", got)
	}
	if got := ask(true, "uvwxyz"); got != "uvwx" {
		t.Errorf("of what is failing %q went, want the 4 that are left", got)
	}
	hash, err := b.Destination(t.Context(), "sms A")
	if err != nil {
		t.Fatal(err)
	}
	for failing, want := range map[bool]time.Duration{false: 5 * time.Hour, true: time.Hour} {
		slow := sms
		slow.Failing = failing
		if wait, err := b.Take(t.Context(), hash, slow); err != nil || wait != want {
			t.Errorf("failing %v: a slot is %v away, %v, want %v", failing, wait, err, want)
		}
	}
	if at, err := b.Next(t.Context(), "lark"); err != nil || at.Sub(b.time()) != time.Hour {
		t.Errorf("next at %v, %v, want the failing one's slot in an hour", at, err)
	}
	b.pass(time.Hour) // one more of the burst, for what is failing
	got := b.due(t, sms)
	if len(got) != 1 || got[0].EventID != "y" {
		t.Fatalf("after an hour %q are due, want y", slots(got))
	}
	b.recordClass(t, got[0], channel.Rejected)
	// A slot that a failing one takes is shared by those that have no right to one.
	digests := once(channel.Pace{Burst: 3, Every: time.Hour, Reserve: 2})
	digests.Digest = 10
	claim := func(name string, failing bool) []ledger.Delivery {
		e := entry(name, "r1", "sms B")
		e.Failing = failing
		b.pass(time.Second)
		return b.claim(t, digests, e)
	}
	b.wantSlots(t, "the first", claim("A", false), "A")
	b.wantSlots(t, "the second", claim("B", false), "")
	b.wantSlots(t, "a failing one", claim("C", true), "CB")
}

func unused(b *bench) {
	t := b.t
	slow := once(channel.Pace{Burst: 1, Every: 5 * time.Minute}, channel.Pace{Burst: 3, Every: time.Hour})
	e := entry("e1", "r1", "sms A")
	d := b.claim(t, slow, e)[0]
	for range 10 { // were they used, the second pace would be used up
		b.mark(t, "m", d)
		b.recorded(t, []ledger.Result{{Delivery: d, Unused: slow.Pace, Attempts: []ledger.Attempt{{At: b.time(),
			Outcome: channel.Outcome{Class: channel.Throttled, After: time.Minute}}}}})
		b.pass(time.Minute)
		got := b.due(t, slow)
		if len(got) != 1 {
			t.Fatalf("%d due a minute after a refusal", len(got))
		}
		d = got[0]
	}
	b.mark(t, "m", d)
	b.recordClass(t, d, channel.Delivered)
	wantStates(t, b.claim(t, slow, entry("e2", "r1", "sms A")), ledger.Waiting)
	b.pass(5 * time.Minute)
	if got := b.due(t, slow); len(got) != 1 {
		t.Errorf("%d due five minutes on", len(got))
	}
}

func readdressed(b *bench) {
	t := b.t
	slow := once(channel.Pace{Burst: 1, Every: time.Hour})
	e := entry("e1", "r1", "sms OLD")
	d := b.claim(t, slow, e)[0]
	address := "sms NEW-NUMBER"
	b.recorded(t, []ledger.Result{{Delivery: d, Address: &address}})
	got := b.due(t, slow)
	hash, err := b.Destination(t.Context(), address)
	if err != nil || len(got) != 1 || got[0].Destination != hash || got[0].Attempts != 0 {
		t.Fatalf("%+v are due, %v, want it at its new destination", got, err)
	}
	wantStates(t, b.claim(t, slow, entry("e2", "r1", address)), ledger.Waiting) // by the new one's pace
	if dump := b.dump(t); strings.Contains(dump, "NEW-NUMBER") || strings.Contains(dump, "sms OLD") {
		t.Error("an address lies in a row")
	}
}

func unwanted(b *bench) {
	t := b.t
	e := entry("e1", "r1", "voice A")
	e.Unwanted = "NotFailing"
	for range 2 {
		wantStates(t, b.claim(t, once(), e), ledger.Cancelled)
	}
	got, tried := b.get(t, e)
	if got.State != ledger.Cancelled || got.Code != "NotFailing" || len(tried) != 0 || len(got.Sealed) != 0 || got.Done.IsZero() {
		t.Errorf("it is %+v with %+v", got, tried)
	}
	list, _, err := b.List(t.Context(), ledger.Filter{States: []ledger.State{ledger.Cancelled}}, "", 10)
	if err != nil || len(list) != 1 {
		t.Errorf("listed %+v, %v", list, err)
	}
	if deaths, err := b.Deaths(t.Context(), 10); err != nil || len(deaths) != 0 {
		t.Errorf("deaths %+v, %v", deaths, err)
	}
	b.wantTally(t)
}
