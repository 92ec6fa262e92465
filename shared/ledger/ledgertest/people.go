package ledgertest

import (
	"context"
	"database/sql"
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

// to renews every target to one address.
func to(address string) ledger.Renew {
	return func(context.Context, ledger.Entered) (ledger.Target, error) {
		return ledger.Target{Channel: "lark", Address: address, Sealed: []byte(`{"sealed":"new"}`)}, nil
	}
}

func (b *bench) replay(tb testing.TB, renew ledger.Renew, force bool, ids ...string) []ledger.Moved {
	tb.Helper()
	moved, err := b.Replay(tb.Context(), ids, renew, force)
	if err != nil || len(moved) != len(ids) {
		tb.Fatalf("Replay gives %d, %v", len(moved), err)
	}
	return moved
}

func replay(b *bench) {
	t := b.t
	first, second := entry("e1", "r1", "lark old"), entry("e2", "r1", "lark old")
	got := b.claim(t, terms(), first, second)
	b.recordClass(t, got[0], channel.Misconfigured)
	b.recordClass(t, got[1], channel.Unavailable) // waits, at the old address
	b.pass(time.Second)
	for _, m := range b.replay(t, to("lark new"), false, second.ID(), first.ID()) {
		if m.Err != nil || m.State != ledger.Waiting {
			t.Errorf("moved %+v", m)
		}
	}
	b.pass(time.Second)
	due := b.due(t, terms())
	if len(due) != 2 || due[0].EventID != "e2" || due[1].EventID != "e1" {
		t.Fatalf("due: %+v, want both in the order asked for", due)
	}
	hash, err := b.Destination(t.Context(), "lark new")
	if err != nil {
		t.Fatal(err)
	}
	for i, d := range due {
		if d.Tries != 0 || d.Destination != hash || string(d.Sealed) != `{"sealed":"new"}` || len(d.Event) == 0 || d.Token != 2 {
			t.Errorf("due %d: %+v, want it as new, to the new target", i, d)
		}
		b.recordClass(t, d, channel.Delivered)
	}
	if got, tried := b.get(t, first); len(tried) != 2 || tried[1].N != 2 || got.State != ledger.Delivered {
		t.Errorf("attempts %+v, want both kept", tried)
	}
}

func replayRefuses(b *bench) {
	t := b.t
	told, twin, flying, gone := entry("e1", "r1", "lark A"), entry("e1", "r2", "lark A"), entry("e2", "r1", "lark A"), entry("e3", "gone", "lark A")
	broken := ledger.Entry{EventID: "sha256:x", Channel: "lark", Event: []byte("no event"), Fault: &ledger.Fault{Code: "Undecodable"}}
	got := b.claim(t, terms(), told, twin, flying, gone, broken)
	b.recordClass(t, got[0], channel.Delivered)
	b.recordClass(t, got[3], channel.Rejected)
	why := errors.New("the rule is gone")
	renew := func(ctx context.Context, e ledger.Entered) (ledger.Target, error) {
		if e.Rule == "gone" {
			return ledger.Target{}, why
		}
		return to("lark B")(ctx, e)
	}
	ids := []string{told.ID(), twin.ID(), flying.ID(), gone.ID(), broken.ID(), "none"}
	for i, want := range []error{ledger.ErrDelivered, ledger.ErrDuplicate, ledger.ErrSending, why, ledger.ErrNoEvent, ledger.ErrNotFound} {
		if got := b.replay(t, renew, false, ids...)[i]; !errors.Is(got.Err, want) || got.ID != ids[i] {
			t.Errorf("replay of %d: %+v, want %v", i, got, want)
		}
	}
	b.wantState(t, told, ledger.Delivered)
	b.wantState(t, gone, ledger.Dead)
	if got := b.replay(t, renew, true, told.ID())[0]; got.Err != nil {
		t.Errorf("with force: %v", got.Err)
	}
	if due := b.due(t, terms()); len(due) != 1 || due[0].EventID != "e1" || string(due[0].Event) != string(told.Event) {
		t.Errorf("due after a replay with force: %+v, want the delivered one with its event", due)
	}
}

func cancel(b *bench) {
	t := b.t
	first, second, flying := entry("e1", "r1", "lark A"), entry("e1", "r2", "lark A"), entry("e2", "r1", "lark A")
	first.NotBefore = b.time().Add(time.Hour)
	b.claim(t, terms(), first)
	d := b.claim(t, terms(), flying)[0]
	moved, err := b.Cancel(t.Context(), []string{first.ID(), flying.ID(), "none"})
	if err != nil || moved[0].Err != nil || !errors.Is(moved[1].Err, ledger.ErrSending) || !errors.Is(moved[2].Err, ledger.ErrNotFound) {
		t.Errorf("Cancel = %+v, %v", moved, err)
	}
	b.recordClass(t, d, channel.Delivered)
	wantStates(t, b.claim(t, terms(), second), ledger.Claimed) // what is cancelled holds nobody up
	b.pass(2 * time.Hour)
	wantStates(t, b.claim(t, terms(), first), ledger.Cancelled)
	if moved, err := b.Cancel(t.Context(), []string{flying.ID()}); err != nil || !errors.Is(moved[0].Err, ledger.ErrEnded) {
		t.Errorf("Cancel of what was told = %+v, %v", moved, err)
	}
	if got := b.replay(t, to("lark B"), false, first.ID())[0]; got.Err != nil {
		t.Errorf("replay of the cancelled one: %v", got.Err)
	}
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

func job(b *bench) {
	t := b.t
	b.flood(t, "r1", 50, channel.Misconfigured)
	b.flood(t, "r2", 5, channel.Misconfigured)
	b.pass(time.Second)
	f := ledger.Filter{Rule: "r1", States: []ledger.State{ledger.Dead}}
	j, err := b.StartJob(t.Context(), ledger.Job{Kind: ledger.JobReplay, Key: "k1", Filter: f})
	if err != nil || j.Total != 50 || j.State != ledger.JobRunning {
		t.Fatalf("StartJob = %+v, %v", j, err)
	}
	b.pass(time.Second)
	late := entry("late", "r1", "lark r1")
	b.recordClass(t, b.claim(t, terms(), late)[0], channel.Misconfigured)
	calls := 0
	for ; j.State == ledger.JobRunning && calls < 20; calls++ {
		running, err := b.Running(t.Context(), 10)
		if err != nil || len(running) != 1 || running[0].ID != j.ID {
			t.Fatalf("Running = %+v, %v", running, err)
		}
		if j, err = b.Advance(t.Context(), j.ID, to("lark new"), 20); err != nil {
			t.Fatal(err)
		}
	}
	if j.Done != 50 || j.Refused != 0 || calls != 3 {
		t.Errorf("after %d calls: %+v, want 50 done in 3", calls, j)
	}
	b.wantState(t, late, ledger.Dead)
	b.wantState(t, entry("r2-000", "r2", ""), ledger.Dead)
	b.pass(time.Second)
	due := b.due(t, terms())
	if len(due) != 50 {
		t.Fatalf("%d due, want 50", len(due))
	}
	for i, d := range due {
		if want := fmt.Sprintf("r1-%03d", i); d.EventID != want {
			t.Errorf("due %d is %s, want %s: the oldest first", i, d.EventID, want)
		}
		b.recordClass(t, d, channel.Unavailable)
	}
	c, err := b.StartJob(t.Context(), ledger.Job{Kind: ledger.JobCancel, Filter: ledger.Filter{Rule: "r1"}})
	if err != nil || c.Total != 51 {
		t.Fatalf("StartJob = %+v, %v", c, err)
	}
	if c, err = b.Advance(t.Context(), c.ID, nil, 100); err != nil || c.Done != 51 || c.Refused != 1 || c.State != ledger.JobDone {
		t.Errorf("Advance = %+v, %v, want all but the dead one cancelled", c, err)
	}
	if n, err := b.Waiting(t.Context(), "pai-system-nlp", "r1"); err != nil || n != 0 {
		t.Errorf("%d wait, %v", n, err)
	}
	if _, err := b.Job(t.Context(), "none"); !errors.Is(err, ledger.ErrNoJob) {
		t.Errorf("Job of an unknown id: %v", err)
	}
}

func jobKey(b *bench) {
	t := b.t
	b.flood(t, "r1", 5, channel.Misconfigured)
	want := ledger.Job{Kind: ledger.JobReplay, Key: "k1", Filter: ledger.Filter{Rule: "r1", States: []ledger.State{ledger.Dead}, From: b.time().Add(-time.Hour)}}
	first, err := b.StartJob(t.Context(), want)
	if err != nil {
		t.Fatal(err)
	}
	if first, err = b.Advance(t.Context(), first.ID, to("lark new"), 100); err != nil || first.State != ledger.JobDone {
		t.Fatalf("Advance = %+v, %v", first, err)
	}
	b.pass(time.Minute)
	for _, d := range b.due(t, terms()) {
		b.recordClass(t, d, channel.Misconfigured)
	}
	again, err := b.StartJob(t.Context(), want)
	if err != nil || again.ID != first.ID || again.State != ledger.JobDone {
		t.Errorf("repeated: %+v, %v, want job %s, done", again, err, first.ID)
	}
	if again, err = b.Advance(t.Context(), again.ID, to("lark new"), 100); err != nil || again.Done != 5 {
		t.Errorf("advanced again: %+v, %v, want nothing more", again, err)
	}
	b.wantState(t, entry("r1-000", "r1", ""), ledger.Dead)
	for name, change := range map[string]func(*ledger.Job){
		"another kind":   func(j *ledger.Job) { j.Kind = ledger.JobCancel },
		"another filter": func(j *ledger.Job) { j.Filter.Rule = "r2" },
		"with force":     func(j *ledger.Job) { j.Force = true },
	} {
		other := want
		change(&other)
		if got, err := b.StartJob(t.Context(), other); !errors.Is(err, ledger.ErrJobKey) {
			t.Errorf("%s under the same key: %+v, %v, want ErrJobKey", name, got, err)
		}
	}
}

func jobTwice(b *bench) {
	t := b.t
	b.flood(t, "r1", 30, channel.Misconfigured)
	j, err := b.StartJob(t.Context(), ledger.Job{Kind: ledger.JobReplay, Filter: ledger.Filter{Rule: "r1"}})
	if err != nil {
		t.Fatal(err)
	}
	other := b.ledger(t, openDB(t, b.url), b.keys)
	meanwhile := func(ctx context.Context, e ledger.Entered) (ledger.Target, error) {
		if _, err := other.Advance(ctx, j.ID, to("lark new"), 10); err != nil {
			return ledger.Target{}, err
		}
		return to("lark new")(ctx, e)
	}
	if j, err = b.Advance(t.Context(), j.ID, meanwhile, 1); err != nil || j.Done != 10 || j.Refused != 0 {
		t.Errorf("Advance = %+v, %v, want the other's ten and no more", j, err)
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

func purge(b *bench) {
	t := b.t
	b.flood(t, "told", 5, channel.Delivered)
	b.flood(t, "dead", 3, channel.Rejected)
	b.flood(t, "waiting", 2, channel.Unavailable)
	b.pass(40 * 24 * time.Hour)
	b.flood(t, "new", 2, channel.Delivered)
	month, quarter := b.time().Add(-30*24*time.Hour), b.time().Add(-90*24*time.Hour)
	for i, want := range []int{3, 2, 0} {
		if n, err := b.Purge(t.Context(), month, quarter, 3); err != nil || n != want {
			t.Errorf("purge %d: %d, %v, want %d", i, n, err, want)
		}
	}
	counts, err := b.Summary(t.Context())
	if want := "[{dead lark 3} {delivered lark 2} {waiting lark 2}]"; err != nil || fmt.Sprint(counts) != want {
		t.Errorf("left: %v, %v, want %s", counts, err, want)
	}
	if dump := b.dump(t); strings.Count(dump, "attempt.n=") != 7 {
		t.Errorf("%d attempts are left, want 7", strings.Count(dump, "attempt.n="))
	}
	b.pass(100 * 24 * time.Hour)
	if n, err := b.Purge(t.Context(), b.time().Add(-30*24*time.Hour), b.time().Add(-90*24*time.Hour), 100); err != nil || n != 5 {
		t.Errorf("after a quarter: %d, %v, want 5", n, err)
	}
	b.wantTally(t)
}

// wantTally compares the tally with a count of the rows.
func (b *bench) wantTally(tb testing.TB) {
	tb.Helper()
	counts, err := b.Summary(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	var rows []ledger.Count
	err = b.db.Read(tb.Context(), func(tx *sql.Tx) error {
		r, err := tx.QueryContext(tb.Context(), "select state, channel, count(*) from delivery group by state, channel order by state, channel")
		if err != nil {
			return err
		}
		defer func() { _ = r.Close() }()
		for r.Next() {
			var c ledger.Count
			if err := r.Scan(&c.State, &c.Channel, &c.Count); err != nil {
				return err
			}
			rows = append(rows, c)
		}
		return r.Err()
	})
	if err != nil {
		tb.Fatal(err)
	}
	if fmt.Sprint(counts) != fmt.Sprint(rows) {
		tb.Errorf("the tally says %v, the rows %v", counts, rows)
	}
}

func tally(b *bench) {
	t := b.t
	b.flood(t, "told", 5, channel.Delivered)
	b.wantTally(t)
	b.pass(time.Hour)
	first, second := entry("e1", "r1", "lark A"), entry("e1", "r2", "lark A")
	d := b.claim(t, terms(), first, second)[0]
	b.wantTally(t)
	b.recordClass(t, d, channel.Delivered)
	b.wantTally(t)
	from := b.time().Truncate(time.Hour)
	hours, err := b.Hourly(t.Context(), from.Add(-time.Hour), from.Add(time.Hour))
	if err != nil || len(hours) != 3 || hours[0].Count.Count != 5 || !hours[0].Hour.Equal(from.Add(-time.Hour)) || hours[2].State != ledger.Duplicate {
		t.Errorf("Hourly = %+v, %v, want five an hour ago, one and its duplicate now", hours, err)
	}
	if none, err := b.Summary(t.Context(), "pai-system-cv"); err != nil || len(none) != 0 {
		t.Errorf("another bus has %v, %v", none, err)
	}
	b.pass(24 * time.Hour)
	if _, err := b.Purge(t.Context(), time.Unix(0, 0), time.Unix(0, 0), 10); err != nil { // puts shards together
		t.Fatal(err)
	}
	b.wantTally(t)
}

func figures(b *bench) {
	t := b.t
	b.flood(t, "told", 3, channel.Delivered)
	b.flood(t, "waiting", 2, channel.Unavailable)
	d := b.claim(t, terms(), entry("e1", "r1", "lark closed"))[0]
	b.record(t, d, channel.Outcome{Class: channel.Throttled, After: time.Hour})
	b.pass(10 * time.Minute)
	f, err := b.Figures(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if f.Closed != 1 || f.Failing != 2 || len(f.Behind) != 1 || f.Behind[0].Overdue.IsZero() || f.Jobs != 0 {
		t.Errorf("figures %+v", f)
	}
	if age := b.time().Sub(f.Behind[0].Oldest); age < 10*time.Minute || age > 11*time.Minute {
		t.Errorf("the oldest waits for %v", age)
	}
	if l := f.Latency; len(l) != 1 || l[0].Count != 3 || l[0].Within[0].Count != 3 || l[0].Within[len(l[0].Within)-1].Count != 3 {
		t.Errorf("latency %+v, want three at once", l)
	}
}
