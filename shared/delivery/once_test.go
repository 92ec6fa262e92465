package delivery

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pai-notify/shared/catalog"
	"pai-notify/shared/channel"
	"pai-notify/shared/contact"
	"pai-notify/shared/database"
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
		Name: contact.SMS, Title: "SMS", Contacts: true, Once: true, Digest: true,
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

func TestAContactIsToldAtTheNumberItHasNowWithItsLanguageAndZone(t *testing.T) {
	t.Parallel()
	b := newPhone(t, nil)
	b.spec.Pace, b.spec.Digest = nil, false
	settings := database.Settings{Language: "en", Zone: "UTC", Channels: map[string]map[string]string{contact.SMS: {"signName": "PAI"}}}
	if err := b.db.SaveSettings(t.Context(), settings); err != nil {
		t.Fatal(err)
	}
	b.meet(t, contact.Contact{ID: "alice", Phone: number, Language: "zh", Zone: "Asia/Tokyo"})
	wantAnswer(t, b.deliver(t, b.call(t, "e1", "alice", true)), ledger.Delivered)
	b.meet(t, contact.Contact{ID: "alice", Phone: "+8613900139000"})
	wantAnswer(t, b.deliver(t, b.call(t, "e2", "alice", true)), ledger.Delivered)
	wantAnswer(t, b.deliver(t, b.call(t, "e3", "alice", true, func(t *rule.Target) { t.Language = "zh" })), ledger.Delivered)
	if got := fmt.Sprint(b.robot.to); got != fmt.Sprintf("[map[signName:PAI to:%s] map[signName:PAI to:+8613900139000] map[signName:PAI to:+8613900139000]]", number) {
		t.Errorf("sent with %s", got)
	}
	var spoken []string
	for _, m := range b.robot.sent {
		at := ""
		for _, f := range m.Facts {
			if strings.Contains(f.Value, "2026-11-24 ") && at == "" {
				at = f.Value
			}
		}
		spoken = append(spoken, m.Language+" "+at)
	}
	if !strings.Contains(spoken[0], "zh") || !strings.Contains(spoken[0], "19:00") || !strings.Contains(spoken[1], "en") ||
		!strings.Contains(spoken[1], "10:00") || !strings.Contains(spoken[2], "zh") {
		t.Errorf("told %q", spoken)
	}
	list, _, err := b.ledger.List(t.Context(), ledger.Filter{}, "", 10)
	if err != nil || len(list) != 3 || list[0].Destination == list[2].Destination || list[0].Destination == "" {
		t.Errorf("destinations %+v, %v; want another with another number", list, err)
	}
	if strings.Contains(b.out.String(), "1380013") || strings.Contains(b.out.String(), "1390013") {
		t.Errorf("the log tells a number: %s", b.out)
	}
}

func TestWhoHasAnotherNumberSinceIsToldThereByItsPace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newPhone(t, nil)
		b.meet(t, contact.Contact{ID: "alice", Phone: number})
		wantAnswer(t, b.deliver(t, b.call(t, "e1", "alice", true)), ledger.Delivered)
		wantAnswer(t, b.deliver(t, b.call(t, "e2", "alice", true)), ledger.Waiting)
		b.meet(t, contact.Contact{ID: "alice", Phone: "+8613900139000"})
		wantAnswer(t, b.deliver(t, b.call(t, "e3", "alice", true)), ledger.Delivered)
		time.Sleep(5 * time.Minute)
		for range 3 {
			b.deliver(t, timerBody)
			time.Sleep(time.Minute)
		}
		if len(b.robot.to) != 3 || b.robot.to[2][channel.To] != "+8613900139000" {
			t.Errorf("sent to %v, want the one that waited at the new number", b.robot.to)
		}
	})
}

func TestAContactThatCannotBeReachedIsADeadDeliveryWithAdvice(t *testing.T) {
	t.Parallel()
	b := newPhone(t, nil)
	b.meet(t, contact.Contact{ID: "mailonly", Email: "a@example.com"})
	for id, code := range map[string]string{"nobody": "ContactGone", "mailonly": "ContactIncomplete"} {
		wantAnswer(t, b.deliver(t, b.call(t, id, id, true)), ledger.Dead)
		list, _, err := b.ledger.List(t.Context(), ledger.Filter{Event: id}, "", 10)
		if err != nil || len(list) != 1 || list[0].Code != code || list[0].Class != "misconfigured" || len(list[0].Destination) != 0 {
			t.Errorf("ledger has %+v, %v, want %s", list, err, code)
		}
	}
	for _, line := range b.lines(t, "dead") {
		if line["advice"] == "" {
			t.Errorf("the log advises nothing: %v", line)
		}
	}
	if b.robot.calls() != 0 {
		t.Error("something was sent")
	}
}

func TestACallThatIsForFailuresOnlyEndsAtOnceWithoutOne(t *testing.T) {
	t.Parallel()
	b := newPhone(t, nil)
	b.spec.Pace = nil
	b.spec.Fields = []channel.Field{{Name: "outcomes", Options: []string{"failing", "all"}}}
	b.meet(t, contact.Contact{ID: "alice", Phone: number})
	outcomes := func(value string) func(*rule.Target) {
		return func(t *rule.Target) { t.Settings = channel.Settings{"outcomes": value} }
	}
	wantAnswer(t, b.deliver(t, b.call(t, "fine", "alice", false)), ledger.Cancelled)
	wantAnswer(t, b.deliver(t, b.call(t, "fine2", "alice", false, outcomes("failing"))), ledger.Cancelled)
	wantAnswer(t, b.deliver(t, b.call(t, "all", "alice", false, outcomes("all"))), ledger.Delivered)
	wantAnswer(t, b.deliver(t, b.call(t, "bad", "alice", true)), ledger.Delivered)
	list, _, err := b.ledger.List(t.Context(), ledger.Filter{Event: "fine"}, "", 10)
	if err != nil || len(list) != 1 || list[0].Code != "NotFailing" || b.robot.calls() != 2 {
		t.Errorf("ledger has %+v, %v after %d calls", list, err, b.robot.calls())
	}
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

// mailbox is a channel whose service reports by events.
type mailbox struct{ *robot }

func (mailbox) ReadReceipt(shared channel.Settings, raw []byte) (channel.Report, bool) {
	var e struct {
		Source string
		Data   struct{ From, Env, Fate string }
	}
	if json.Unmarshal(raw, &e) != nil || e.Source != "acs.dm" || e.Data.From != shared["from"] {
		return channel.Report{}, false
	}
	r := channel.Report{Fate: channel.Arrived, Receipt: e.Data.Env, At: time.Date(2026, 11, 24, 10, 1, 0, 0, time.UTC)}
	if e.Data.Fate == "bounced" {
		r.Fate, r.Code, r.Text = channel.Failed, "550", "no such mailbox"
	}
	return r, true
}

func TestReceiptsOfMailFindTheirDeliveryAndOthersAreDropped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, receiptsOfMail)
}

func receiptsOfMail(t *testing.T) {
	b := newBench(t, nil)
	settings := database.DefaultSettings()
	settings.Channels = map[string]map[string]string{"robot": {"from": "pai@example.com"}}
	if err := b.db.SaveSettings(t.Context(), settings); err != nil {
		t.Fatal(err)
	}
	b.channel = mailbox{b.robot}
	wantAnswer(t, b.deliver(t, b.body(t, "e1", "nightly", secret)), ledger.Delivered)
	receipt := func(env, from, fate string) []byte {
		return fmt.Appendf(nil, `{"id":"1","source":"acs.dm","specversion":"1.0","type":"dm:Deliver:Succeed","data":{"From":%q,"Env":%q,"Fate":%q}}`, from, env, fate)
	}
	for _, body := range [][]byte{
		receipt("receipt", "somebody@example.com", "bounced"), // another sender's
		receipt("unmatched", "pai@example.com", "bounced"),
	} {
		wantAnswer(t, b.deliver(t, body))
	}
	if d, _ := b.only(t); d.State != ledger.Delivered || !d.Arrived.IsZero() {
		t.Errorf("a foreign receipt made it %+v", d)
	}
	wantAnswer(t, b.deliver(t, receipt("receipt", "pai@example.com", "ok")))
	if d, _ := b.only(t); d.State != ledger.Delivered || d.Arrived.Minute() != 1 {
		t.Errorf("after its receipt it is %+v", d)
	}
	wantAnswer(t, b.deliver(t, receipt("receipt", "pai@example.com", "bounced")))
	if d, tried := b.only(t); d.State != ledger.Dead || d.Code != "550" || len(tried) != 2 {
		t.Errorf("after it bounced it is %+v with %+v", d, tried)
	}
	// What is neither envelope nor event is kept, as with any channel.
	wantAnswer(t, b.deliver(t, []byte(`{"hello":1}`)), ledger.Dead)
}

func TestAReplayFindsAContactThatIsThereAgain(t *testing.T) {
	t.Parallel()
	b := newPhone(t, nil)
	wantAnswer(t, b.deliver(t, b.call(t, "e1", "alice", true)), ledger.Dead)
	b.meet(t, contact.Contact{ID: "alice", Phone: number})
	d, _ := b.only(t)
	moved, err := b.ledger.Replay(t.Context(), []string{d.ID}, func(_ context.Context, e ledger.Entered) (ledger.Target, error) {
		unit, err := json.Marshal(rule.Unit{ID: e.Target, Contact: e.Contact, Channel: e.Channel})
		return ledger.Target{Channel: e.Channel, Sealed: unit}, err // who replays knows no number
	}, false)
	if err != nil || moved[0].Err != nil {
		t.Fatalf("Replay = %+v, %v", moved, err)
	}
	wantAnswer(t, b.deliver(t, timerBody), ledger.Waiting, ledger.Delivered) // moved to its destination, and told there
	want, err := b.ledger.Destination(t.Context(), channel.Destination(b.Handler.spec, channel.Settings{channel.To: number}))
	if d, _ := b.only(t); err != nil || d.State != ledger.Delivered || d.Destination != want || b.robot.calls() != 1 {
		t.Errorf("it is %+v, %v after %d messages", d, err, b.robot.calls())
	}
	if strings.Contains(b.out.String(), "13800138000") {
		t.Errorf("the log tells the number: %s", b.out)
	}
}
