package ledgertest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pai-notify/shared/channel"
	"pai-notify/shared/ledger"
)

// onces are the promises about what must never go twice, and about reports of what was accepted.
func onces() map[string]func(*bench) {
	return map[string]func(*bench){
		"killed before the mark it is sent after all":                killedUnmarked,
		"killed after the mark it is not sent again":                 killedMarked,
		"a group is marked whole, by who holds it, and once":         markGroup,
		"what was not accepted loses its mark and is sent again":     refusedMarked,
		"what is in doubt ends as its service says":                  doubtEnds,
		"what nobody knows of is dead, announced and replayed once":  doubtUnknown,
		"who tells the same waits for what is in doubt":              doubtSibling,
		"a word that comes late decides what was unknown":            lateWord,
		"reports are asked for four times and then no more":          reports,
		"a report is kept: when it arrived, or why it failed":        reportKept,
		"one message of many deliveries is asked for once":           reportDigest,
		"receipts find their message, and others no row":             receipts,
		"the reserve of a pace is for failing outcomes":              reserve,
		"a slot that was not used is given back":                     unused,
		"a receiver that has another address since is told there":    readdressed,
		"what its target does not want ends at once and can be seen": unwanted,
		"whatever happens, nothing marked is sent twice":             anythingOnce,
	}
}

// once are terms of a channel that never sends twice.
func once(pace ...channel.Pace) ledger.Terms {
	t := terms(pace...)
	t.Once = true
	return t
}

func (b *bench) mark(tb testing.TB, message string, list ...ledger.Delivery) bool {
	tb.Helper()
	marked, err := b.Mark(tb.Context(), list, message)
	if err != nil {
		tb.Fatal(err)
	}
	return marked
}

// marked claims an entry and marks it.
func (b *bench) marked(tb testing.TB, e ledger.Entry) ledger.Delivery {
	tb.Helper()
	d := b.claim(tb, once(), e)[0]
	if !mine(d) || !d.Once || !b.mark(tb, "m-"+d.EventID, d) {
		tb.Fatalf("claimed %+v, want it to be marked", d)
	}
	return d
}

// question gives the only message that is to be asked about.
func (b *bench) question(tb testing.TB) ledger.Question {
	tb.Helper()
	list, err := b.Questions(tb.Context(), 100)
	if err != nil || len(list) != 1 {
		tb.Fatalf("%d questions, %v, want 1: %+v", len(list), err, list)
	}
	return list[0]
}

func (b *bench) noQuestion(tb testing.TB, when string) {
	tb.Helper()
	if list, err := b.Questions(tb.Context(), 100); err != nil || len(list) != 0 {
		tb.Errorf("%s there is something to ask: %+v, %v", when, list, err)
	}
}

func (b *bench) answer(tb testing.TB, q ledger.Question, r channel.Report) (died int) {
	tb.Helper()
	died, err := b.Answer(tb.Context(), ledger.Answer{Question: q, Report: r})
	if err != nil {
		tb.Fatal(err)
	}
	return died
}

func killedUnmarked(b *bench) {
	t := b.t
	e := entry("e1", "r1", "sms A")
	b.claim(t, once(), e)
	b.pass(lease + time.Second)
	b.noQuestion(t, "of what never was marked")
	got := b.due(t, once())
	if len(got) != 1 || !b.mark(t, "m", got[0]) {
		t.Fatalf("after its lease %+v, want it to be sent", got)
	}
	b.recordClass(t, got[0], channel.Delivered)
	b.wantState(t, e, ledger.Delivered)
}

func killedMarked(b *bench) {
	t := b.t
	e := entry("e1", "r1", "sms A")
	d := b.marked(t, e)
	b.noQuestion(t, "while it is being sent")
	b.pass(lease + time.Second)
	for range 3 {
		if got := b.due(t, once()); len(got) != 0 {
			t.Errorf("%d due", len(got))
		}
		if got := b.claim(t, once(), e); mine(got[0]) || got[0].State != ledger.Claimed {
			t.Errorf("asked again it is %+v", got[0])
		}
		b.pass(time.Minute)
	}
	if moved, err := b.Cancel(t.Context(), []string{d.ID}); err != nil || moved[0].Err == nil {
		t.Errorf("cancelled while nobody knows: %+v, %v", moved, err)
	}
	q := b.question(t)
	if !q.Doubt || q.Message != "m-e1" || q.Receipt != "" || q.Channel != "lark" || !slices.Equal(q.IDs, []string{d.ID}) ||
		q.Destination != d.Destination || !q.Sent.Equal(time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)) {
		t.Errorf("question %+v", q)
	}
}

func markGroup(b *bench) {
	t := b.t
	list := b.claim(t, once(), entry("a", "r1", "sms A"), entry("b", "r1", "sms A"), entry("c", "r1", "sms A"))
	foreign := list[2]
	foreign.Token--
	if b.mark(t, "m", list[0], list[1], foreign) {
		t.Error("marked with a token that is not the claim's")
	}
	if !b.mark(t, "m", list...) {
		t.Error("what the refused call touched cannot be marked")
	}
	if b.mark(t, "m2", list[0]) {
		t.Error("marked a second time under one claim")
	}
	b.pass(lease + time.Second)
	if q := b.question(t); len(q.IDs) != 3 || q.Message != "m" {
		t.Errorf("question %+v, want one about three", q)
	}
	late := b.claim(t, once(), entry("d", "r1", "sms B"))[0]
	b.pass(lease + time.Second)
	if b.mark(t, "m3", late) {
		t.Error("marked after its lease")
	}
}

func refusedMarked(b *bench) {
	t := b.t
	for _, class := range []channel.Class{channel.Throttled, channel.Unavailable} {
		e := entry(class.String(), "r1", "sms "+class.String())
		if got := b.recordClass(t, b.marked(t, e), class); got != ledger.Waiting {
			t.Errorf("%v: %s", class, got)
		}
		b.pass(2 * time.Minute)
		b.noQuestion(t, "after "+class.String())
		again := b.due(t, once())
		if len(again) != 1 || !b.mark(t, "again", again[0]) {
			t.Fatalf("after %v %+v are due", class, again)
		}
		b.recordClass(t, again[0], channel.Delivered)
	}
	// A claim that is given back says that nothing went out.
	d := b.marked(t, entry("back", "r1", "sms A"))
	b.recorded(t, []ledger.Result{{Delivery: d}})
	if got := b.due(t, once()); len(got) != 1 {
		t.Errorf("%d due of what was given back", len(got))
	}
	for _, class := range []channel.Class{channel.Misconfigured, channel.Rejected} {
		e := entry(class.String(), "r1", "sms "+class.String())
		if got := b.recordClass(t, b.marked(t, e), class); got != ledger.Dead {
			t.Errorf("%v: %s", class, got)
		}
		// Nothing was sent, so another rule may try.
		other := e
		other.Rule = "r2"
		wantStates(t, b.claim(t, once(), other), ledger.Claimed)
	}
}

func doubtEnds(b *bench) {
	t := b.t
	at := b.time().Add(-time.Second)
	for i, c := range []struct {
		class channel.Class
		fate  channel.Report
		want  ledger.State
		code  string
	}{
		{channel.Uncertain, channel.Report{Fate: channel.Arrived, Receipt: "biz", At: at}, ledger.Delivered, ""},
		{channel.Unknown, channel.Report{Fate: channel.Pending, Receipt: "biz"}, ledger.Delivered, ""},
		{channel.Uncertain, channel.Report{Fate: channel.Failed, Receipt: "biz", Code: "DB:0141", Text: "off"}, ledger.Dead, "DB:0141"},
	} {
		e := entry(fmt.Sprint("e", i), "r1", "sms A")
		if got := b.recordClass(t, b.marked(t, e), c.class); got != ledger.Claimed {
			t.Errorf("%d: after %v it is %s, want in doubt", i, c.class, got)
		}
		b.pass(30 * time.Second)
		list, err := b.Questions(t.Context(), 10)
		if err != nil {
			t.Fatal(err)
		}
		list = slices.DeleteFunc(list, func(q ledger.Question) bool { return !q.Doubt })
		if len(list) != 1 {
			t.Fatalf("%d: %d in doubt", i, len(list))
		}
		q := list[0]
		died := b.answer(t, q, c.fate)
		if again := b.answer(t, q, channel.Report{Fate: channel.Absent}); again != 0 {
			t.Error("an answer to what is decided changed something")
		}
		got, tried := b.get(t, e)
		if got.State != c.want || got.Receipt != "biz" || got.Code != c.code || len(tried) != 2 || (died == 1) != (c.want == ledger.Dead) {
			t.Errorf("%d: %+v with attempts %+v, %d died", i, got, tried, died)
		}
		if arrived := c.fate.Fate == channel.Arrived; arrived != got.Arrived.Equal(at) {
			t.Errorf("%d: arrived at %v", i, got.Arrived)
		}
		if len(b.due(t, once())) != 0 {
			t.Errorf("%d: it is due again", i)
		}
	}
	// Of what was pending the report is still to come.
	if q := b.question(t); q.Doubt || q.Receipt != "biz" || q.Message != "m-e1" {
		t.Errorf("question %+v", q)
	}
	b.wantTally(t)
}

// unknownSent lets a delivery end without anybody knowing whether it was sent.
func (b *bench) unknownSent(tb testing.TB, e ledger.Entry) ledger.Delivery {
	tb.Helper()
	d := b.marked(tb, e)
	b.recordClass(tb, d, channel.Uncertain)
	asked := 0
	for range 20 {
		b.pass(30 * time.Second)
		list, err := b.Questions(tb.Context(), 10)
		if err != nil {
			tb.Fatal(err)
		}
		for _, q := range list {
			asked++
			b.answer(tb, q, channel.Report{Fate: channel.Absent})
		}
	}
	if asked != 3 {
		tb.Errorf("asked %d times, want 3", asked)
	}
	return d
}

func doubtUnknown(b *bench) {
	t := b.t
	e, other, later := entry("e1", "r1", "sms A"), entry("e1", "r2", "sms A"), entry("e1", "r3", "sms A")
	d := b.unknownSent(t, e)
	got, tried := b.get(t, e)
	if got.State != ledger.Dead || got.Code != ledger.CodeUnknown || got.Class != "uncertain" || len(tried) != 2 {
		t.Fatalf("%+v with attempts %+v", got, tried)
	}
	deaths, err := b.Deaths(t.Context(), 10)
	if err != nil || len(deaths) != 1 || deaths[0].Code != ledger.CodeUnknown || deaths[0].Text == "" {
		t.Errorf("deaths %+v, %v", deaths, err)
	}
	// Whether its destination was told nobody knows, so no other rule tells it instead.
	wantStates(t, b.claim(t, once(), other), ledger.Duplicate)
	if moved := b.replay(t, to("sms A"), false, d.ID); moved[0].Err != nil {
		t.Fatalf("replay: %+v", moved)
	}
	again := b.due(t, once())
	if len(again) != 1 || again[0].ID != d.ID || !b.mark(t, "m2", again[0]) {
		t.Fatalf("%+v are due after the replay", again)
	}
	b.recordClass(t, again[0], channel.Delivered)
	if got, _ := b.get(t, e); got.State != ledger.Delivered || len(b.due(t, once())) != 0 {
		t.Errorf("after the replay %+v", got)
	}
	wantStates(t, b.claim(t, once(), later), ledger.Duplicate)
}

func doubtSibling(b *bench) {
	t := b.t
	for _, c := range []struct {
		fate channel.Report
		want ledger.State
	}{
		{channel.Report{Fate: channel.Arrived, Receipt: "r"}, ledger.Duplicate},
		{channel.Report{Fate: channel.Failed, Receipt: "r", Code: "x"}, ledger.Waiting},
	} {
		event := fmt.Sprint(c.fate.Fate)
		first, second := entry(event, "r1", "sms A"), entry(event, "r2", "sms A")
		b.marked(t, first)
		wantStates(t, b.claim(t, once(), second), ledger.Waiting)
		for range 5 { // long after its lease too
			b.pass(time.Minute)
			if got := b.due(t, once()); len(got) != 0 {
				t.Fatalf("%s is told while it is in doubt", got[0].Rule)
			}
		}
		b.answer(t, b.question(t), c.fate)
		b.wantState(t, second, c.want)
		if got := b.due(t, once()); (len(got) == 1) != (c.want == ledger.Waiting) {
			t.Errorf("then %d are due", len(got))
		}
	}
	first, second := entry("u", "r1", "sms B"), entry("u", "r2", "sms B")
	b.unknownSent(t, first)
	wantStates(t, b.claim(t, once(), second), ledger.Duplicate)
}

func lateWord(b *bench) {
	t := b.t
	e := entry("e1", "r1", "sms A")
	d := b.unknownSent(t, e)
	if got := b.recordClass(t, d, channel.Unavailable); got != ledger.Dead {
		t.Errorf("a late refusal makes it %s", got)
	}
	if got := b.recordClass(t, d, channel.Delivered); got != ledger.Delivered {
		t.Errorf("a late success makes it %s", got)
	}
	b.wantTally(t)
}
