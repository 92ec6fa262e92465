package ledgertest

import (
	"fmt"
	"testing"
	"time"

	"pai-notify/shared/channel"
	"pai-notify/shared/ledger"
)

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
