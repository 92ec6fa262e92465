package ledgertest

import (
	"fmt"
	"slices"
	"strings"
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

// accepted delivers an entry with a receipt whose report can be asked for.
func (b *bench) accepted(tb testing.TB, receipt string, list ...ledger.Delivery) {
	tb.Helper()
	results := make([]ledger.Result, len(list))
	for i, d := range list {
		results[i] = ledger.Result{Delivery: d, Reports: true, Attempts: []ledger.Attempt{{
			At: b.time(), Receipt: receipt, Outcome: channel.Outcome{Class: channel.Delivered},
		}}}
	}
	b.recorded(tb, results)
}

func reports(b *bench) {
	t := b.t
	b.accepted(t, "biz-1", b.marked(t, entry("e1", "r1", "sms A")))
	var at []int
	for minute := range 600 {
		list, err := b.Questions(t.Context(), 10)
		if err != nil {
			t.Fatal(err)
		}
		for _, q := range list {
			at = append(at, minute)
			b.answer(t, q, channel.Report{Fate: channel.Pending})
		}
		b.pass(time.Minute)
	}
	if fmt.Sprint(at) != "[1 5 30 120]" {
		t.Errorf("asked at minutes %v", at)
	}
	if got, tried := b.get(t, entry("e1", "r1", "")); got.State != ledger.Delivered || len(tried) != 1 {
		t.Errorf("given up, it is %+v with %+v", got, tried)
	}
	// Not everything that can be asked about is marked.
	b.accepted(t, "biz-2", b.claim(t, terms(), entry("e2", "r1", "sms A"))...)
	b.pass(time.Minute)
	if q := b.question(t); q.Receipt != "biz-2" || q.Sent.IsZero() {
		t.Errorf("question %+v", q)
	}
}

func reportKept(b *bench) {
	t := b.t
	good, bad := entry("good", "r1", "sms A"), entry("bad", "r1", "sms B")
	b.accepted(t, "g", b.marked(t, good))
	b.accepted(t, "b", b.marked(t, bad))
	b.pass(2 * time.Minute)
	list, err := b.Questions(t.Context(), 10)
	if err != nil || len(list) != 2 {
		t.Fatalf("questions %+v, %v", list, err)
	}
	at := b.time().Add(-time.Minute)
	for _, q := range list {
		r := channel.Report{Fate: channel.Arrived, At: at}
		if q.Receipt == "b" {
			r = channel.Report{Fate: channel.Failed, Code: "200005", Text: "user busy"}
		}
		b.answer(t, q, r)
	}
	b.noQuestion(t, "after the reports")
	if got, tried := b.get(t, good); got.State != ledger.Delivered || !got.Arrived.Equal(at) || len(tried) != 1 {
		t.Errorf("arrived: %+v with %+v", got, tried)
	}
	got, tried := b.get(t, bad)
	if got.State != ledger.Dead || got.Code != "200005" || len(tried) != 2 || tried[1].Text != "user busy" || got.Receipt != "b" {
		t.Errorf("failed: %+v with %+v", got, tried)
	}
	if deaths, err := b.Deaths(t.Context(), 10); err != nil || len(deaths) != 1 || deaths[0].Text != "user busy" {
		t.Errorf("deaths %+v, %v", deaths, err)
	}
	b.wantTally(t)
}

func reportDigest(b *bench) {
	t := b.t
	var list []ledger.Delivery
	for i := range 5 {
		list = append(list, b.claim(t, once(), entry(fmt.Sprint(i), "r1", "sms A"))...)
	}
	b.mark(t, "digest-1", list...)
	b.accepted(t, "biz", list...)
	b.pass(time.Minute)
	q := b.question(t)
	if len(q.IDs) != 5 || q.Message != "digest-1" {
		t.Errorf("question %+v, want one about five", q)
	}
	if died := b.answer(t, q, channel.Report{Fate: channel.Failed, Code: "x"}); died != 5 {
		t.Errorf("%d died, want all it told", died)
	}
}

func receipts(b *bench) {
	t := b.t
	mail, other := entry("mail", "r1", "email A"), entry("other", "r1", "email B")
	for _, e := range []ledger.Entry{mail, other} {
		d := b.claim(t, terms(), e)[0]
		b.recorded(t, []ledger.Result{{Delivery: d, Attempts: []ledger.Attempt{{At: b.time(), Receipt: "env-" + e.EventID,
			Outcome: channel.Outcome{Class: channel.Delivered}}}}})
	}
	say := func(channelName string, r channel.Report) int {
		t.Helper()
		n, err := b.Receipt(t.Context(), channelName, r)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	before := b.dump(t)
	for _, r := range []channel.Report{{Fate: channel.Arrived}, {Fate: channel.Failed, Receipt: "env-nobody"}, {Receipt: "'; drop table delivery"}} {
		if n := say("lark", r); n != 0 {
			t.Errorf("%+v is about %d deliveries", r, n)
		}
	}
	if say("sms", channel.Report{Fate: channel.Failed, Receipt: "env-mail"}) != 0 || b.dump(t) != before {
		t.Error("a receipt of nobody's or of another channel changed something")
	}
	at := b.time()
	if say("lark", channel.Report{Fate: channel.Arrived, Receipt: "env-mail", At: at}) != 1 {
		t.Error("a receipt did not find its message")
	}
	bounced := channel.Report{Fate: channel.Failed, Receipt: "env-other", Code: "550", Text: "no such mailbox"}
	if say("lark", bounced) != 1 || say("lark", bounced) != 0 {
		t.Error("a bounce counts once")
	}
	if got, _ := b.get(t, mail); got.State != ledger.Delivered || !got.Arrived.Equal(at) {
		t.Errorf("arrived: %+v", got)
	}
	if got, tried := b.get(t, other); got.State != ledger.Dead || got.Code != "550" || len(tried) != 2 {
		t.Errorf("bounced: %+v with %+v", got, tried)
	}
	b.noQuestion(t, "without a reporter")
	b.wantTally(t)
}

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
