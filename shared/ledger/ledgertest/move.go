package ledgertest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"pai-notify/shared/channel"
	"pai-notify/shared/ledger"
)

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
