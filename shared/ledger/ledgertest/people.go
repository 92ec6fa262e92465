package ledgertest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pai-notify/shared/channel"
	"pai-notify/shared/ledger"
)

// people are the promises to those who look and act.
func people() map[string]func(*bench) {
	return map[string]func(*bench){
		"lists filter by everything and page without gaps":           listing,
		"a replay goes to the new target as if never tried":          replay,
		"a replay refuses what it must not move":                     replayRefuses,
		"a cancelled delivery is never told and can be replayed":     cancel,
		"a job moves all that its filter chose and no more":          job,
		"a job repeated by its key is the same job":                  jobKey,
		"two that advance a job do each delivery once":               jobTwice,
		"deaths are told by destination and cause until announced":   deaths,
		"a purge forgets what is old and keeps what is not":          purge,
		"the tally is what a count of the rows would be":             tally,
		"figures tell waiting, latency, and destinations in trouble": figures,
	}
}

func (b *bench) list(tb testing.TB, f ledger.Filter) (events string) {
	tb.Helper()
	var all []string
	cursor := ""
	for page := 0; ; page++ {
		list, next, err := b.List(tb.Context(), f, cursor, 3)
		if err != nil || len(list) > 3 || page > 20 {
			tb.Fatalf("page %d of %d: %v", page, len(list), err)
		}
		for _, e := range list {
			if e.Event != nil || e.Sealed != nil {
				tb.Error("a list holds an event or a target")
			}
			all = append(all, e.EventID)
		}
		if next == "" {
			return strings.Join(all, "")
		}
		cursor = next
	}
}

func listing(b *bench) {
	t := b.t
	start := b.time()
	for i, name := range strings.Split("abcdefgh", "") {
		e := entry(name, fmt.Sprint("r", i%2), fmt.Sprint("lark ", i))
		e.Object = fmt.Sprint("dlc", i/2)
		if i >= 6 {
			e.Bus, e.Channel = "pai-system-cv", "wecom"
		}
		d := b.claim(t, terms(), e)[0]
		switch i % 4 {
		case 0:
			b.recordClass(t, d, channel.Delivered)
		case 1:
			b.recordClass(t, d, channel.Rejected)
		}
		if i%3 != 0 { // some in one millisecond
			b.pass(time.Second)
		}
	}
	all := b.list(t, ledger.Filter{})
	for name, c := range map[string]struct {
		filter ledger.Filter
		want   string
	}{
		"a state":          {ledger.Filter{States: []ledger.State{ledger.Dead}}, "fb"},
		"states":           {ledger.Filter{States: []ledger.State{ledger.Dead, ledger.Delivered}}, "feba"},
		"a bus":            {ledger.Filter{Buses: []string{"pai-system-cv"}}, "hg"},
		"no such bus":      {ledger.Filter{Buses: []string{"x"}}, ""},
		"a rule":           {ledger.Filter{Rule: "r1"}, "hfdb"},
		"a rule and a bus": {ledger.Filter{Rule: "r1", Buses: []string{"pai-system-nlp", "x"}}, "fdb"},
		"a channel":        {ledger.Filter{Channel: "wecom"}, "hg"},
		"an object":        {ledger.Filter{Object: "dlc1"}, "dc"},
		"an event":         {ledger.Filter{Event: "d"}, "d"},
		"another's event":  {ledger.Filter{Event: "d", Buses: []string{"pai-system-cv"}}, ""},
		"from":             {ledger.Filter{From: start.Add(3 * time.Second)}, "hgf"},
		"to":               {ledger.Filter{To: start.Add(time.Second)}, "ba"},
		"all at once":      {ledger.Filter{States: []ledger.State{ledger.Claimed, ledger.Waiting, ledger.Delivered, ledger.Dead}, Rule: "r1", Channel: "lark", Object: "dlc1", From: start, To: b.time()}, "d"},
		"hostile texts":    {ledger.Filter{Rule: "'; drop table delivery; --", Object: "\x00\xff"}, ""},
	} {
		if got := b.list(t, c.filter); !sameLetters(got, c.want) || len(got) == 2 && got != c.want && name != "to" {
			t.Errorf("%s: %s, want %s of %s", name, got, c.want, all)
		}
	}
	if !sameLetters(all, "hgfedcba") {
		t.Errorf("all: %s", all)
	}
	if n, err := b.Waiting(t.Context(), "pai-system-nlp", "r1"); err != nil || n != 1 {
		t.Errorf("Waiting = %d, %v, want the one being told", n, err)
	}
	for _, cursor := range []string{"x", "====", "MTIz", "'"} {
		if _, _, err := b.List(t.Context(), ledger.Filter{}, cursor, 3); !errors.Is(err, ledger.ErrCursor) {
			t.Errorf("cursor %q: %v, want ErrCursor", cursor, err)
		}
	}
}

func sameLetters(a, b string) bool {
	x, y := strings.Split(a, ""), strings.Split(b, "")
	slices.Sort(x)
	slices.Sort(y)
	return slices.Equal(x, y)
}

// flood enters n deliveries of a rule that die, or wait.
func (b *bench) flood(tb testing.TB, rule string, n int, class channel.Class) {
	tb.Helper()
	for i := range n {
		e := entry(fmt.Sprintf("%s-%03d", rule, i), rule, fmt.Sprint("lark ", rule))
		b.recordClass(tb, b.claim(tb, terms(), e)[0], class)
		b.pass(time.Millisecond)
	}
}

func deaths(b *bench) {
	t := b.t
	b.flood(t, "r1", 3, channel.Misconfigured)
	b.flood(t, "r2", 1, channel.Rejected)
	b.recordClass(t, b.claim(t, terms(), entry("x", "r3", "lark r1"))[0], channel.Misconfigured)
	got, err := b.Deaths(t.Context(), 100)
	if err != nil || len(got) != 2 {
		t.Fatalf("Deaths = %+v, %v, want two causes", got, err)
	}
	if d := got[0]; len(d.IDs) != 4 || d.Code != "misconfigured" || fmt.Sprint(d.Rules) != "[r1 r3]" || d.Target != "ops" || !d.Last.After(d.First) {
		t.Errorf("the first: %+v", d)
	}
	if err := b.Announced(t.Context(), got[0].IDs); err != nil {
		t.Fatal(err)
	}
	if got, err = b.Deaths(t.Context(), 100); err != nil || len(got) != 1 || len(got[0].IDs) != 1 {
		t.Errorf("then %+v, %v, want the other", got, err)
	}
	// One that dies again is told again.
	b.replay(t, to("lark r1"), false, entry("x", "r3", "").ID())
	b.recordClass(t, b.due(t, terms())[0], channel.Rejected)
	if got, err = b.Deaths(t.Context(), 100); err != nil || len(got) != 2 || got[1].IDs[0] != entry("x", "r3", "").ID() {
		t.Errorf("after a second death: %+v, %v", got, err)
	}
}
