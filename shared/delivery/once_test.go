package delivery

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pai-notify/shared/catalog"
	"pai-notify/shared/channel"
	"pai-notify/shared/contact"
	"pai-notify/shared/event"
	"pai-notify/shared/ledger"
	"pai-notify/shared/message"
	"pai-notify/shared/rule"
	"pai-notify/shared/seal"
)

const number = "+8613800138000"

// phone is a channel that must never tell twice and whose service can be asked.
type phone struct{ *robot }

func (phone) Report(context.Context, channel.Settings, channel.Query) (channel.Report, error) {
	return channel.Report{Fate: channel.Absent}, nil
}

// newPhone is a function that sends text messages to contacts.
func newPhone(t *testing.T, answer func(ctx context.Context, call int, m message.Message) error) *bench {
	t.Helper()
	return newPhoneAt(t, newURL(t), "", answer)
}

func newPhoneAt(t *testing.T, url, keys string, answer func(ctx context.Context, call int, m message.Message) error) *bench {
	t.Helper()
	b := newBenchAt(t, url, answer)
	b.robot.spec = channel.Spec{
		Name: contact.SMS, Title: event.Text{"en": "SMS"}, Contacts: true, Once: true, Digest: true,
		Shared: []channel.Field{{Name: "signName", Required: true}},
		Pace:   []channel.Pace{{Burst: 1, Every: 5 * time.Minute}, {Burst: 25, Every: time.Hour, Reserve: 10}},
	}
	set := b.Handler.keys
	if keys != "" {
		b.keys, set = keys, parseKeys(t, keys)
	}
	b.Handler = New(Config{Channel: phone{b.robot}, DB: b.db, Catalog: b.base(t), Contacts: contact.New(b.db, time.Now), Keys: set, Log: b.log})
	return b
}

func parseKeys(t *testing.T, text string) *seal.Keyset {
	t.Helper()
	keys, err := seal.ParseKeys(text)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func (b *bench) base(t *testing.T) *catalog.Catalog {
	t.Helper()
	base, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	return base
}

// meet saves a contact, or what has changed of it.
func (b *bench) meet(t *testing.T, c contact.Contact) {
	t.Helper()
	c.Name = "Sample"
	book := contact.New(b.db, time.Now)
	found, err := book.Get(t.Context(), c.ID)
	if err != nil {
		t.Fatal(err)
	}
	if old, known := found[c.ID]; known {
		_, err = book.Replace(t.Context(), c, old.Revision)
	} else {
		_, err = book.Create(t.Context(), c)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// call is the body of one event for one contact, failing or not.
func (b *bench) call(t *testing.T, event, contactID string, failing bool, change ...func(*rule.Target)) []byte {
	t.Helper()
	target := rule.Target{ID: "oncall", Channel: b.spec.Name, Contacts: []string{contactID}}
	for _, c := range change {
		c(&target)
	}
	r := rule.Rule{Name: "night", Event: catalog.Choice{Source: "dlc"}, Targets: []rule.Target{target}}
	text := body(t, r, []channel.Spec{b.spec}, b.Handler.keys, event)
	status := "Succeeded"
	if failing {
		status = "Failed"
	}
	text = []byte(strings.NewReplacer(`"source":"acs.test"`, `"source":"acs.paidlc"`, "test:Job:Failed", "paidlc:Job:"+status).Replace(string(text)))
	return text
}

func TestAfterAnUnclearOutcomeNothingIsSentAgain(t *testing.T) {
	t.Parallel()
	for name, failure := range map[string]error{
		"no answer":      &channel.Broken{Step: channel.StepRead, Written: true, Class: channel.Uncertain, Code: "timeout", Err: context.DeadlineExceeded},
		"a web page":     refuse(channel.Unknown, "HTTP 200"),
		"a proxy's page": refuse(channel.Unavailable, "HTTP 502"),
		"any error":      fmt.Errorf("something"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newPhone(t, func(context.Context, int, message.Message) error { return failure })
				b.meet(t, contact.Contact{ID: "alice", Phone: number})
				text := b.call(t, "e1", "alice", true)
				wantAnswer(t, b.deliver(t, text), ledger.Claimed)
				for range 10 {
					b.deliver(t, timerBody)
					wantAnswer(t, b.deliver(t, text), ledger.Claimed) // EventBridge delivers again
					time.Sleep(time.Minute)
				}
				questions, err := b.ledger.Questions(t.Context(), 10)
				if err != nil || len(questions) != 1 || !questions[0].Doubt || questions[0].Message != b.robot.sent[0].ID || b.robot.calls() != 1 {
					t.Errorf("to ask: %+v, %v after %d calls", questions, err, b.robot.calls())
				}
			})
		})
	}
}

func TestWhatWasNotAcceptedIsTriedAgainAndUsesUpNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newPhone(t, func(_ context.Context, call int, _ message.Message) error {
			if call <= 12 {
				return refuse(channel.Unavailable, "isp.SYSTEM_ERROR")
			}
			return nil
		})
		b.meet(t, contact.Contact{ID: "alice", Phone: number})
		wantAnswer(t, b.deliver(t, b.call(t, "e1", "alice", true)), ledger.Waiting)
		if b.robot.calls() != 3 {
			t.Errorf("%d calls at once, want two quick ones after the first", b.robot.calls())
		}
		for range 60 {
			b.deliver(t, timerBody)
			time.Sleep(time.Minute)
		}
		if d, _ := b.only(t); d.State != ledger.Delivered || b.robot.calls() != 13 {
			t.Errorf("%s after %d calls", d.State, b.robot.calls())
		}
		ids := map[string]bool{}
		for _, m := range b.robot.sent {
			ids[m.ID] = true
		}
		if len(ids) != 5 {
			t.Errorf("%d ids in %d calls, want each claim's own", len(ids), len(b.robot.sent))
		}
	})
}

// A connection that was never made carried nothing: the message is sent when there is one again.
func TestATextThatNeverLeftIsTriedAgain(t *testing.T) {
	t.Parallel()
	for name, failure := range map[string]*channel.Broken{
		"no time left while dialing": {Step: channel.StepDial, Class: channel.Unavailable, Code: "timeout", Err: context.DeadlineExceeded},
		"nobody listens":             {Step: channel.StepDial, Class: channel.Unavailable, Code: "dial", Err: errors.New("connection refused")},
		"no handshake":               {Step: channel.StepTLS, Class: channel.Unavailable, Code: "timeout", Err: context.DeadlineExceeded},
		"no resolver":                {Step: channel.StepDNS, Class: channel.Unavailable, Code: "dns-temporary", Err: errors.New("timeout")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newPhone(t, func(_ context.Context, call int, _ message.Message) error {
					if call <= 3 {
						return failure
					}
					return nil
				})
				b.meet(t, contact.Contact{ID: "alice", Phone: number})
				wantAnswer(t, b.deliver(t, b.call(t, "e1", "alice", true)), ledger.Waiting)
				if d, _ := b.only(t); d.Why != ledger.WhyRetry || d.Tries != 1 {
					t.Errorf("it waits for %q after %d rounds, want a retry", d.Why, d.Tries)
				}
				for range 5 {
					time.Sleep(time.Minute)
					b.deliver(t, timerBody)
				}
				if d, tried := b.only(t); d.State != ledger.Delivered || len(tried) != 4 {
					t.Errorf("%s after %d attempts, want it delivered at the fourth", d.State, len(tried))
				}
			})
		})
	}
}

func TestAProcessThatEndsIsFollowedByOneThatKnowsWhatWasMarked(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newPhone(t, nil)
		b.meet(t, contact.Contact{ID: "alice", Phone: number})
		b.meet(t, contact.Contact{ID: "bob", Phone: "+8613900139000"})
		marked, unmarked := b.call(t, "marked", "alice", true), b.call(t, "unmarked", "bob", true)
		p, err := b.present(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range [][]byte{marked, unmarked} {
			entries, err := b.entries(t.Context(), p, text)
			if err != nil {
				t.Fatal(err)
			}
			claimed, err := b.ledger.Claim(t.Context(), b.terms(), entries)
			if err != nil {
				t.Fatal(err)
			}
			if string(text) == string(marked) {
				if ok, err := b.ledger.Mark(t.Context(), claimed, "m"); err != nil || !ok {
					t.Fatalf("Mark = %v, %v", ok, err)
				}
			}
		}
		next := newPhoneAt(t, b.url, b.keys, nil)
		for range 30 {
			next.deliver(t, marked)
			next.deliver(t, unmarked)
			next.deliver(t, timerBody)
			time.Sleep(time.Minute)
		}
		if len(next.robot.to) != 1 || next.robot.to[0][channel.To] != "+8613900139000" {
			t.Errorf("the next process sent to %v, want only what was not marked", next.robot.to)
		}
	})
}

func TestFiveHundredFailuresInTenMinutesAreAHandfulOfMessages(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var at []time.Time
		b := newPhone(t, func(context.Context, int, message.Message) error {
			at = append(at, time.Now())
			return nil
		})
		b.meet(t, contact.Contact{ID: "alice", Phone: number})
		start := time.Now()
		for i := range 500 {
			b.deliver(t, b.call(t, fmt.Sprint("e", i), "alice", true))
			if i%50 == 49 {
				b.deliver(t, timerBody)
			}
			time.Sleep(time.Until(start.Add(time.Duration(i+1) * 1200 * time.Millisecond)))
		}
		for range 10 {
			b.deliver(t, timerBody)
			time.Sleep(time.Minute)
		}
		counts, err := b.ledger.Summary(t.Context())
		if err != nil || fmt.Sprint(counts) != "[{delivered sms 500}]" {
			t.Errorf("ledger has %v, %v, want all told", counts, err)
		}
		if len(at) < 2 || len(at) > 5 || at[0].Sub(start) > time.Second || len(b.robot.sent[0].Items) != 0 {
			t.Errorf("%d messages, the first after %v", len(at), at[0].Sub(start))
		}
		for i := 1; i < len(at); i++ {
			if gap := at[i].Sub(at[i-1]); gap < 5*time.Minute || gap > 7*time.Minute {
				t.Errorf("message %d came %v after the one before", i, gap)
			}
		}
		told, last := len(at), at[len(at)-1].Sub(start)
		// The day's budget is as good as untouched: one message each five minutes goes on.
		for i := range 20 {
			time.Sleep(5 * time.Minute)
			wantAnswer(t, b.deliver(t, b.call(t, fmt.Sprint("later", i), "alice", true)), ledger.Delivered)
		}
		t.Logf("500 failures in %d messages, the last %v after the first event", told, last)
	})
}

func TestWhatIsNoFailureLeavesTheReserve(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newPhone(t, nil)
		b.meet(t, contact.Contact{ID: "alice", Phone: number})
		start := time.Now()
		for i := range 24 * 12 { // a day with a success each five minutes
			b.deliver(t, b.call(t, fmt.Sprint("e", i), "alice", false))
			b.deliver(t, timerBody)
			time.Sleep(time.Until(start.Add(time.Duration(i+1) * 5 * time.Minute)))
		}
		n := b.robot.calls()
		if n > 50-10 {
			t.Errorf("%d messages in a day, want the reserve of 10 kept of 50", n)
		}
		for i := range 9 {
			b.deliver(t, b.call(t, fmt.Sprint("bad", i), "alice", true))
			if got := b.robot.calls() - n; got != i+1 {
				t.Errorf("failure %d is not told at once", i)
			}
			time.Sleep(5 * time.Minute)
		}
		if counts, err := b.ledger.Summary(t.Context()); err != nil || fmt.Sprint(counts) != fmt.Sprintf("[{delivered sms %d}]", 24*12+9) {
			t.Errorf("ledger has %v, %v, want all told", counts, err)
		}
	})
}
