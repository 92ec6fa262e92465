package ledgertest

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"pai-notify/shared/channel"
	"pai-notify/shared/ledger"
	"pai-notify/shared/seal"
)

func again(b *bench) {
	t := b.t
	e := entry("e1", "r1", "lark A")
	first := b.claim(t, terms(), e, e) // twice in one list, too
	wantStates(t, first, ledger.Claimed)
	wantStates(t, b.claim(t, terms(), e), ledger.Claimed)
	if again := b.claim(t, terms(), e)[0]; again.Token != first[0].Token || !again.Start.IsZero() {
		t.Errorf("asked again while claimed: token %d and start %v, want that of the first and none to send", again.Token, again.Start)
	}
	if got := b.recordClass(t, first[0], channel.Delivered); got != ledger.Delivered {
		t.Errorf("recorded as %s", got)
	}
	wantStates(t, b.claim(t, terms(), e), ledger.Delivered)
	got, tried := b.get(t, e)
	if len(tried) != 1 || tried[0].Class != "delivered" || tried[0].Took != 7*time.Millisecond || got.Attempts != 1 {
		t.Errorf("attempts %+v, want the one", tried)
	}
	if got.Object != "dlc1" || got.Bus != "pai-system-nlp" || !got.Happened.Equal(e.Happened) || got.Done.IsZero() {
		t.Errorf("entered as %+v", got)
	}
}

func copies(b *bench) {
	t := b.t
	e := entry("e1", "r1", "lark A")
	other := b.ledger(t, openDB(t, b.url), b.keys)
	var claims atomic.Int64
	var wg sync.WaitGroup
	for i := range 1000 {
		l := b.Ledger
		if i%2 == 0 {
			l = other
		}
		wg.Go(func() {
			got, err := l.Claim(t.Context(), terms(), []ledger.Entry{e})
			if err != nil {
				t.Error(err)
				return
			}
			if mine(got[0]) {
				claims.Add(1)
			}
		})
	}
	wg.Wait()
	if claims.Load() != 1 {
		t.Errorf("%d claims, want 1", claims.Load())
	}
}

// mine says whether a delivery is the caller's to send.
func mine(d ledger.Delivery) bool { return d.State == ledger.Claimed && !d.Start.IsZero() }

func lists(b *bench) {
	t := b.t
	entries := make([]ledger.Entry, 40)
	for i := range entries {
		entries[i] = entry(fmt.Sprintf("e%d", i), "r1", fmt.Sprintf("lark %d", i%7))
	}
	var mu sync.Mutex
	claims := map[string]int{}
	var wg sync.WaitGroup
	for worker := range 8 {
		l := b.ledger(t, openDB(t, b.url), b.keys)
		wg.Go(func() {
			mixed := append([]ledger.Entry{}, entries[worker*5:]...)
			mixed = append(mixed, entries[:worker*5]...)
			if worker%2 == 0 {
				for i, j := 0, len(mixed)-1; i < j; i, j = i+1, j-1 {
					mixed[i], mixed[j] = mixed[j], mixed[i]
				}
			}
			got, err := l.Claim(t.Context(), terms(), mixed)
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			for i, d := range got {
				if d.EventID != mixed[i].EventID {
					t.Errorf("delivery %d is of event %s, want the order of the entries", i, d.EventID)
				}
				if mine(d) {
					claims[d.ID]++
				}
			}
		})
	}
	wg.Wait()
	for _, e := range entries {
		if claims[e.ID()] != 1 {
			t.Errorf("event %s was claimed %d times", e.EventID, claims[e.ID()])
		}
	}
}

func fencing(b *bench) {
	t := b.t
	e := entry("e1", "r1", "lark A")
	old := b.claim(t, terms(), e)[0]
	b.pass(lease + time.Second)
	fresh := b.due(t, terms())[0]
	if fresh.Token <= old.Token {
		t.Fatalf("token %d after %d, want a higher one", fresh.Token, old.Token)
	}
	if got := b.recordClass(t, old, channel.Rejected); got != ledger.Claimed {
		t.Errorf("a late outcome made the delivery %s", got)
	}
	if got := b.recordClass(t, fresh, channel.Delivered); got != ledger.Delivered {
		t.Errorf("the outcome of the claim made it %s", got)
	}
	if got := b.recordClass(t, old, channel.Misconfigured); got != ledger.Delivered {
		t.Errorf("a later outcome still made it %s", got)
	}
	_, tried := b.get(t, e)
	var classes []string
	for i, a := range tried {
		if a.N != i+1 {
			t.Errorf("attempt %d is numbered %d", i+1, a.N)
		}
		classes = append(classes, fmt.Sprintf("%s by %d", a.Class, a.Token))
	}
	want := "uncertain by 1, rejected by 1, delivered by 2, misconfigured by 1"
	if got := strings.Join(classes, ", "); got != want {
		t.Errorf("attempts: %s, want %s", got, want)
	}
}

func silence(b *bench) {
	t := b.t
	e := entry("e1", "r1", "lark A")
	b.claim(t, terms(), e)
	b.pass(lease - time.Second)
	if got := b.due(t, terms()); len(got) != 0 {
		t.Errorf("%d deliveries due while the lease runs", len(got))
	}
	b.pass(2 * time.Second)
	// EventBridge's redelivery takes it over as well as the timer.
	got := b.claim(t, terms(), e)
	if !mine(got[0]) || got[0].Token != 2 || string(got[0].Event) != string(e.Event) || string(got[0].Sealed) != string(e.Sealed) {
		t.Errorf("asked again after the lease: %+v, want a claim with all that is needed to send", got[0])
	}
	if _, tried := b.get(t, e); len(tried) != 1 || tried[0].Code != "ClaimLost" {
		t.Errorf("attempts %+v, want the lost one told", tried)
	}
}

func poison(b *bench) {
	t := b.t
	e := entry("e1", "r1", "lark A")
	b.claim(t, terms(), e)
	claims := 1
	for range 48 * 60 {
		b.pass(time.Minute)
		claims += len(b.due(t, terms()))
	}
	b.wantState(t, e, ledger.Dead)
	if claims < 8 || claims > 20 {
		t.Errorf("a delivery that kills its sender was claimed %d times in two days", claims)
	}
}

func givenBack(b *bench) {
	t := b.t
	d := b.claim(t, terms(), entry("e1", "r1", "lark A"))[0]
	states, err := b.Record(t.Context(), []ledger.Result{{Delivery: d}})
	if err != nil || states[0] != ledger.Waiting {
		t.Fatalf("Record = %v, %v", states, err)
	}
	got := b.due(t, terms())
	if len(got) != 1 || got[0].Tries != 0 || got[0].Attempts != 0 || got[0].Token != 2 {
		t.Errorf("due: %+v, want it as untried as before", got)
	}
}

func fault(b *bench) {
	t := b.t
	e := entry("e1", "r1", "")
	e.Event = []byte(strings.Repeat("\xff\x00<", 300<<10/3))
	e.Fault = &ledger.Fault{Class: channel.Rejected, Code: "Undecodable", Text: "want a JSON object"}
	for range 2 {
		wantStates(t, b.claim(t, terms(), e), ledger.Dead)
	}
	got, tried := b.get(t, e)
	if len(got.Event) != 256<<10 || string(got.Event) != string(e.Event[:256<<10]) {
		t.Errorf("%d bytes kept, want the first 256 KB", len(got.Event))
	}
	if len(tried) != 1 || tried[0].Code != "Undecodable" || tried[0].Text != "want a JSON object" || got.Class != "rejected" {
		t.Errorf("attempts %+v, want the reason", tried)
	}
}

func notBefore(b *bench) {
	t := b.t
	e := entry("e1", "r1", "lark A")
	e.NotBefore = b.time().Add(time.Hour)
	wantStates(t, b.claim(t, terms(), e), ledger.Waiting)
	if at, err := b.Next(t.Context(), "lark"); err != nil || !at.Equal(e.NotBefore) {
		t.Errorf("Next = %v, %v, want %v", at, err, e.NotBefore)
	}
	b.pass(time.Hour - time.Second)
	if got := b.due(t, terms()); len(got) != 0 {
		t.Errorf("%d due before their time", len(got))
	}
	b.pass(time.Second)
	if got := b.due(t, terms()); len(got) != 1 {
		t.Errorf("%d due at their time, want 1", len(got))
	}
}

func hostile(b *bench) {
	t := b.t
	long := strings.Repeat("长", 10_000)
	texts := []string{"", "\x00", "\xff\xfe", "a\x00b", long, long + "!", "'; drop table delivery; --", "$1", "e", "e ", "E"}
	var entries []ledger.Entry
	for _, text := range texts {
		e := entry(text, text, "lark A "+text)
		e.EventSource, e.Target, e.Contact, e.Object = text, text, text, text
		entries = append(entries, e)
	}
	seen := map[string]bool{}
	for i, d := range b.claim(t, terms(), entries...) {
		if !mine(d) || seen[d.ID] || d.ID != entries[i].ID() {
			t.Errorf("%.20q: %s as %s", texts[i], d.State, d.ID)
		}
		seen[d.ID] = true
		o := channel.Outcome{Class: channel.Rejected, Code: texts[i], Text: texts[i]}
		if got := b.record(t, d, o); got != ledger.Dead {
			t.Errorf("%.20q: recorded as %s", texts[i], got)
		}
	}
	for _, d := range b.claim(t, terms(), entries...) {
		if d.State != ledger.Dead {
			t.Errorf("asked again: %s, want the row that is dead", d.State)
		}
	}
}

func secrets(b *bench) {
	t := b.t
	address := "dingtalk https://oapi.dingtalk.com/robot/send?access_token=TOKEN-7f3a"
	wantStates(t, b.claim(t, terms(), entry("e1", "r1", address), entry("e2", "r1", address)), ledger.Claimed, ledger.Claimed)
	dump := b.dump(t)
	if strings.Contains(dump, "TOKEN-7f3a") || strings.Contains(dump, "oapi.dingtalk.com") {
		t.Errorf("the address lies in a row:\n%s", dump)
	}
	if !strings.Contains(dump, "secret.name=destination") || strings.Count(dump, "destination.hash=") != 1 {
		t.Errorf("want one destination, hashed with a key of the database:\n%s", dump)
	}
}

func emptied(b *bench) {
	t := b.t
	told, failed := entry("told", "r1", "lark A"), entry("failed", "r1", "lark A")
	got := b.claim(t, terms(), told, failed)
	b.recordClass(t, got[0], channel.Delivered)
	b.recordClass(t, got[1], channel.Rejected)
	if e, _ := b.get(t, told); string(e.Event) != string(told.Event) || len(e.Sealed) != 0 {
		t.Errorf("of what was told %q and %q are kept, want the event and no secret", e.Event, e.Sealed)
	}
	if e, _ := b.get(t, failed); string(e.Event) != string(failed.Event) || string(e.Sealed) != string(failed.Sealed) {
		t.Error("what is dead cannot be sent again")
	}
}

func rotation(b *bench) {
	t := b.t
	first, second := entry("e1", "r1", "lark A"), entry("e1", "r2", "lark A")
	b.recordClass(t, b.claim(t, terms(), first)[0], channel.Delivered)
	other := newBench(t, b.url) // makes another key
	if _, err := other.Destination(t.Context(), "lark A"); err == nil {
		t.Error("a ledger with other keys opened the key of destinations")
	}
	both := b.ledger(t, b.db, other.keys+","+b.keys)
	if err := both.Reseal(t.Context()); err != nil {
		t.Fatal(err)
	}
	set, err := seal.ParseKeys(other.keys)
	if err != nil {
		t.Fatal(err)
	}
	got, err := ledger.New(b.db, set, b.time).Claim(t.Context(), terms(), []ledger.Entry{second})
	if err != nil {
		t.Fatal(err)
	}
	wantStates(t, got, ledger.Duplicate)
}

func due(b *bench) {
	t := b.t
	for i := range 5 {
		e := entry(fmt.Sprint(i), "r1", fmt.Sprint("lark ", i))
		e.NotBefore = b.time().Add(time.Duration(5-i) * time.Second)
		b.claim(t, terms(), e)
	}
	foreign := entry("foreign", "r1", "dingtalk")
	foreign.Channel, foreign.NotBefore = "dingtalk", b.time().Add(time.Second)
	b.claim(t, terms(), foreign)
	b.pass(time.Minute)
	got, err := b.Due(t.Context(), terms(), "lark", 3)
	if err != nil {
		t.Fatal(err)
	}
	order := ""
	for _, d := range got {
		order += d.EventID
	}
	if order != "432" {
		t.Errorf("due: %s, want 432", order)
	}
	if got := b.due(t, terms()); len(got) != 2 {
		t.Errorf("then %d, want 2", len(got))
	}
	b.wantState(t, foreign, ledger.Waiting)
}

func summary(b *bench) {
	t := b.t
	got := b.claim(t, terms(), entry("1", "r", "A"), entry("2", "r", "A"), entry("3", "r", "A"), entry("4", "r", "A"))
	b.recordClass(t, got[0], channel.Delivered)
	b.recordClass(t, got[1], channel.Delivered)
	b.recordClass(t, got[2], channel.Rejected)
	counts, err := b.Summary(t.Context())
	want := "[{claimed lark 1} {dead lark 1} {delivered lark 2}]"
	if err != nil || fmt.Sprint(counts) != want {
		t.Errorf("Summary = %v, %v, want %s", counts, err, want)
	}
	if _, _, err := b.Get(t.Context(), "none"); err == nil {
		t.Error("Get of an unknown id gives no error")
	}
}
