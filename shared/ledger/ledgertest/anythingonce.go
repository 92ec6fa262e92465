package ledgertest

import (
	"fmt"
	"time"

	"pgregory.net/rapid"

	"pai-notify/shared/channel"
	"pai-notify/shared/ledger"
)

// wire is what a random history of a channel that never sends twice must keep true. Its service has in accepted what
// went there.
type wire struct {
	*bench
	round    int
	terms    ledger.Terms
	flying   []ledger.Delivery
	marked   map[string]string // by delivery: the message it was marked with
	keys     map[string]string // by delivery
	entered  map[string]ledger.Entry
	accepted map[string]bool // messages that the service has
	told     map[string]int  // by event and destination: messages that may have gone
	messages int
}

func (w *wire) key(d ledger.Delivery) string { return d.EventID + " to " + d.Destination }

func (w *wire) channel() string { return fmt.Sprint("once", w.round) }

func (w *wire) ask(r *rapid.T) {
	entries := make([]ledger.Entry, rapid.IntRange(1, 4).Draw(r, "entries"))
	for i := range entries {
		e := entry(fmt.Sprintf("%s-%d", w.channel(), rapid.IntRange(0, 3).Draw(r, "event")),
			fmt.Sprintf("r%d", rapid.IntRange(0, 2).Draw(r, "rule")), fmt.Sprintf("%s %d", w.channel(), rapid.IntRange(0, 1).Draw(r, "number")))
		e.Channel, e.Contact, e.Failing = w.channel(), e.Address, rapid.Bool().Draw(r, "failing")
		entries[i] = e
		w.entered[e.ID()] = e
	}
	got, err := w.Claim(r.Context(), w.terms, entries)
	if err != nil {
		r.Fatal(err)
	}
	w.took(r, got)
}

func (w *wire) tick(r *rapid.T) {
	got, err := w.Due(r.Context(), w.terms, w.channel(), 5)
	if err != nil {
		r.Fatal(err)
	}
	w.took(r, got)
}

func (w *wire) took(r *rapid.T, list []ledger.Delivery) {
	for _, d := range list {
		if !mine(d) {
			continue
		}
		if n := w.told[w.key(d)]; n > 0 {
			r.Fatalf("%s is claimed and may have been sent %d times", w.key(d), n)
		}
		w.flying = append(w.flying, d)
	}
}

// slot takes what flies with the first one's slot.
func (w *wire) slot(r *rapid.T) (list []ledger.Delivery) {
	if len(w.flying) == 0 {
		r.Skip("nothing flies")
	}
	of := w.flying[rapid.IntRange(0, len(w.flying)-1).Draw(r, "claim")].Slot
	var rest []ledger.Delivery
	for _, d := range w.flying {
		if d.Slot == of {
			list = append(list, d)
		} else {
			rest = append(rest, d)
		}
	}
	w.flying = rest
	return list
}

// send marks, sends and records a slot, or is killed at some point.
func (w *wire) send(r *rapid.T) {
	list := w.slot(r)
	if rapid.IntRange(0, 4).Draw(r, "killed before the mark") == 0 {
		return
	}
	w.messages++
	message := fmt.Sprintf("%s-m%d", w.channel(), w.messages)
	marked, err := w.Mark(r.Context(), list, message)
	if err != nil {
		r.Fatal(err)
	}
	if !marked {
		w.record(r, list, nil)
		return
	}
	for _, d := range list {
		w.marked[d.ID], w.keys[d.ID] = message, w.key(d)
		if w.told[w.key(d)]++; w.told[w.key(d)] > 1 {
			r.Fatalf("%s goes to the wire a second time", w.key(d))
		}
	}
	classes := []channel.Class{channel.Delivered, channel.Delivered, channel.Uncertain, channel.Unknown, channel.Unavailable, channel.Rejected}
	class := rapid.SampledFrom(classes).Draw(r, "class")
	proven := class == channel.Unavailable || class == channel.Rejected
	if w.accepted[message] = !proven && (class == channel.Delivered || rapid.Bool().Draw(r, "accepted")); rapid.IntRange(0, 3).Draw(r, "killed after it") == 0 {
		return
	}
	a := ledger.Attempt{At: w.time(), Outcome: channel.Outcome{Class: class}}
	if class == channel.Delivered {
		a.Receipt = "receipt of " + message
	}
	if proven {
		for _, d := range list {
			w.told[w.key(d)]--
		}
	}
	w.record(r, list, []ledger.Attempt{a})
}

func (w *wire) record(r *rapid.T, list []ledger.Delivery, attempts []ledger.Attempt) {
	results := make([]ledger.Result, len(list))
	for i, d := range list {
		results[i] = ledger.Result{Delivery: d, Attempts: attempts, Reports: true, Unused: w.terms.Pace}
		if len(attempts) == 0 || attempts[0].Outcome.Class == channel.Delivered {
			results[i].Unused = nil
		}
	}
	if _, err := w.Record(r.Context(), results); err != nil {
		r.Fatal(err)
	}
}

// sweep asks the service, which may be out of reach or list a message late.
func (w *wire) sweep(r *rapid.T) {
	list, err := w.Questions(r.Context(), 100)
	if err != nil {
		r.Fatal(err)
	}
	for _, q := range list {
		if q.Channel != w.channel() {
			continue
		}
		a := ledger.Answer{Question: q, Report: channel.Report{Fate: channel.Absent}}
		switch has, mood := w.accepted[q.Message], rapid.IntRange(0, 4).Draw(r, "mood"); {
		case mood == 0:
			a.Failure = "out of reach"
		case has && mood > 1:
			a.Report = channel.Report{Receipt: "receipt of " + q.Message,
				Fate: rapid.SampledFrom([]channel.Fate{channel.Pending, channel.Arrived, channel.Failed}).Draw(r, "fate")}
		}
		if _, err := w.Answer(r.Context(), a); err != nil {
			r.Fatal(err)
		}
		if a.Report.Fate == channel.Failed { // known not to have arrived: another rule may tell it
			for _, id := range q.IDs {
				w.told[w.keys[id]]--
			}
		}
	}
}

// anythingOnce runs random histories and then waits: all must end, what was marked must not have gone twice, and of what
// the service had accepted nothing may be told as never sent.
func anythingOnce(b *bench) {
	t := b.t
	round := 0
	rapid.Check(t, func(r *rapid.T) {
		round++
		w := &wire{bench: b, round: round, terms: once(channel.Pace{Burst: 3, Every: 4 * time.Second, Reserve: 1}),
			marked: map[string]string{}, keys: map[string]string{}, entered: map[string]ledger.Entry{}, accepted: map[string]bool{}, told: map[string]int{}}
		w.terms.Digest = 3
		r.Repeat(map[string]func(*rapid.T){
			"ask": w.ask, "tick": w.tick, "send": w.send, "sweep": w.sweep,
			"crash": func(*rapid.T) { w.flying = nil },
			"pass": func(r *rapid.T) {
				w.pass(time.Duration(rapid.SampledFrom([]int{1, 5, 61, 600}).Draw(r, "seconds")) * time.Second)
			},
		})
		w.flying = nil
		for empty := 0; empty < 3; empty++ {
			w.pass(4 * time.Hour)
			w.sweep(r)
			got, err := w.Due(r.Context(), w.terms, w.channel(), 50)
			if err != nil {
				r.Fatal(err)
			}
			w.took(r, got)
			for len(w.flying) > 0 {
				empty = 0
				w.send(r)
			}
		}
		for id, e := range w.entered {
			got, tried, err := w.Get(r.Context(), id)
			if err != nil {
				r.Fatal(err)
			}
			if got.State == ledger.Claimed || got.State == ledger.Waiting {
				r.Fatalf("event %s by rule %s is still %s, due %v at %v", e.EventID, e.Rule, got.State, got.Due, w.time())
			}
			if got.State == ledger.Delivered && !w.accepted[w.marked[id]] {
				r.Fatalf("event %s by rule %s is delivered and the service never had it: %+v", e.EventID, e.Rule, tried)
			}
		}
	})
	b.wantTally(t)
}
