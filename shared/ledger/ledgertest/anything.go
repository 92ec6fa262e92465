package ledgertest

import (
	"fmt"
	"time"

	"pgregory.net/rapid"

	"pai-notify/shared/channel"
	"pai-notify/shared/ledger"
)

// world is what a random history must keep true.
type world struct {
	*bench
	round   int // histories share a database and are told apart by it
	terms   ledger.Terms
	flying  []ledger.Delivery
	entered map[string]ledger.Entry
	told    map[string]int // by event and destination
	tokens  map[string]int64
}

func (w *world) key(d ledger.Delivery) string { return d.EventID + " to " + d.Destination }

func (w *world) entry(r *rapid.T) ledger.Entry {
	e := entry(fmt.Sprintf("%d-%d", w.round, rapid.IntRange(0, 3).Draw(r, "event")),
		fmt.Sprintf("r%d", rapid.IntRange(0, 2).Draw(r, "rule")),
		fmt.Sprintf("%d lark %d", w.round, rapid.IntRange(0, 1).Draw(r, "address")))
	e.Target = e.Address
	e.Channel = fmt.Sprint("c", w.round)
	return e
}

// took checks claims and remembers them.
func (w *world) took(r *rapid.T, list []ledger.Delivery) {
	for _, d := range list {
		if !mine(d) {
			continue
		}
		if d.Token <= w.tokens[d.ID] {
			r.Fatalf("token %d after %d", d.Token, w.tokens[d.ID])
		}
		w.tokens[d.ID] = d.Token
		for _, f := range w.flying {
			if w.key(f) == w.key(d) && f.Due.After(w.time()) {
				r.Fatalf("%s is told by two at once: rules %s and %s", w.key(d), f.Rule, d.Rule)
			}
		}
		if w.told[w.key(d)] > 0 {
			r.Fatalf("%s is told again", w.key(d))
		}
		w.flying = append(w.flying, d)
	}
}

func (w *world) ask(r *rapid.T) {
	entries := make([]ledger.Entry, rapid.IntRange(1, 4).Draw(r, "entries"))
	for i := range entries {
		entries[i] = w.entry(r)
		w.entered[entries[i].ID()] = entries[i]
	}
	got, err := w.Claim(r.Context(), w.terms, entries)
	if err != nil {
		r.Fatal(err)
	}
	w.took(r, got)
}

func (w *world) tick(r *rapid.T) {
	got, err := w.Due(r.Context(), w.terms, fmt.Sprint("c", w.round), 5)
	if err != nil {
		r.Fatal(err)
	}
	w.took(r, got)
}

func (w *world) finish(r *rapid.T) {
	if len(w.flying) == 0 {
		r.Skip("nothing flies")
	}
	i := rapid.IntRange(0, len(w.flying)-1).Draw(r, "claim")
	d := w.flying[i]
	w.flying = append(w.flying[:i:i], w.flying[i+1:]...)
	result := ledger.Result{Delivery: d}
	class := rapid.SampledFrom(channel.Classes()).Draw(r, "class")
	if rapid.Bool().Draw(r, "tried") {
		result.Attempts = []ledger.Attempt{{At: w.time(), Outcome: channel.Outcome{Class: class, After: time.Minute}}}
	}
	late := !d.Due.After(w.time()) // then another may have it, and whatever is said changes nothing
	states, err := w.Record(r.Context(), []ledger.Result{result})
	if err != nil {
		r.Fatal(err)
	}
	if states[0] == ledger.Delivered && class == channel.Delivered && len(result.Attempts) > 0 && !late {
		w.told[w.key(d)]++
	}
}

// anything runs random histories and then lets every receiver accept: all must end, each event told once a destination
// unless what told it was dead or late.
func anything(b *bench) {
	t := b.t
	round := 0
	rapid.Check(t, func(r *rapid.T) {
		round++
		w := &world{bench: b, round: round, terms: terms(channel.Pace{Burst: 2, Every: 4 * time.Second}),
			entered: map[string]ledger.Entry{}, told: map[string]int{}, tokens: map[string]int64{}}
		r.Repeat(map[string]func(*rapid.T){
			"ask":    w.ask,
			"tick":   w.tick,
			"finish": w.finish,
			"pass": func(r *rapid.T) {
				w.pass(time.Duration(rapid.SampledFrom([]int{1, 5, 61, 600, 40_000}).Draw(r, "seconds")) * time.Second)
			},
			"crash": func(*rapid.T) { w.flying = nil },
			"": func(r *rapid.T) {
				for key, n := range w.told {
					if n > 1 {
						r.Fatalf("%s was told %d times", key, n)
					}
				}
			},
		})
		w.flying = nil
		for empty := 0; empty < 2; { // claims that were lost are put off once more
			w.pass(4 * time.Hour) // the longest wait of all
			got, err := w.Due(r.Context(), w.terms, fmt.Sprint("c", w.round), 50)
			if err != nil {
				r.Fatal(err)
			}
			if empty++; len(got) > 0 {
				empty = 0
			}
			w.took(r, got)
			for _, d := range got {
				told := ledger.Attempt{At: w.time(), Outcome: channel.Outcome{Class: channel.Delivered}}
				_, err := w.Record(r.Context(), []ledger.Result{{Delivery: d, Attempts: []ledger.Attempt{told}}})
				if err != nil {
					r.Fatal(err)
				}
			}
			w.flying = nil
		}
		for id, e := range w.entered {
			got, _, err := w.Get(r.Context(), id)
			if err != nil {
				r.Fatal(err)
			}
			if got.State == ledger.Claimed || got.State == ledger.Waiting {
				r.Fatalf("event %s by rule %s is still %s, due %v at %v", e.EventID, e.Rule, got.State, got.Due, w.time())
			}
		}
	})
	b.wantTally(t)
}
