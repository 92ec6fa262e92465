package delivery

import (
	"context"
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
	"pai-notify/shared/mute"
	"pai-notify/shared/rule"
	"pai-notify/shared/when"
)

// about is what the function is invoked with for an event of a DLC job, for one target that is told when it says.
func (b *bench) about(t *testing.T, event, kind, job string, w when.When) []byte {
	t.Helper()
	r := rule.Rule{Name: "nightly", Event: catalog.Choice{Source: "dlc"}, Targets: []rule.Target{
		{ID: "ops", Channel: b.spec.Name, Settings: channel.Settings{"webhook": secret}, When: w},
	}}
	text := string(body(t, r, []channel.Spec{b.spec}, b.Handler.keys, event))
	head, _, found := strings.Cut(text, `,"event":{`)
	if !found {
		t.Fatalf("no event in %s", text)
	}
	return fmt.Appendf(nil, `%s,"event":{"id":%q,"source":"acs.paidlc","specversion":"1.0","type":"paidlc:Job:%s","time":%q},"data":[{"jobId":%q,"displayName":%q}]}`,
		head, event, kind, time.Now().UTC().Format(time.RFC3339), job, job)
}

// run lets a time pass in which the timer comes each minute.
func (b *bench) run(t *testing.T, d time.Duration) {
	t.Helper()
	for end := time.Now().Add(d); time.Now().Before(end); {
		began := time.Now()
		b.deliver(t, timerBody)
		time.Sleep(time.Until(began.Add(time.Minute)))
	}
}

// newHoldBench also gives what was told since it was last asked: the times of day in UTC at which messages went out, and
// how many events each tells.
func newHoldBench(t *testing.T) (b *bench, told func() string) {
	t.Helper()
	var list []string
	b = newDigestBench(t, func(_ context.Context, _ int, m message.Message) error {
		n := len(m.Items) + m.More
		list = append(list, fmt.Sprintf("%s %d", time.Now().UTC().Format("15:04"), max(n, 1)))
		return nil
	})
	return b, func() string {
		text := strings.Join(list, ", ")
		list = nil
		return text
	}
}

// synctest begins on 2000-01-01 at midnight, which is 08:00 in Shanghai, the deployment's zone.
func quiet(from, to string) when.When { return when.When{Quiet: []when.Quiet{{From: from, To: to}}} }

func TestWhatComesInQuietHoursIsToldAsOneMessageAtTheirEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, told := newHoldBench(t)
		w := quiet("08:00", "10:00")
		for i := range 5 {
			b.deliver(t, b.about(t, fmt.Sprint("e", i), "Running", fmt.Sprint("job", i), w))
			b.run(t, 10*time.Minute)
		}
		w.Pass = when.PassFailing
		wantAnswer(t, b.deliver(t, b.about(t, "f1", "Failed", "job9", w)), ledger.Delivered)
		if got := told(); got != "00:50 1" {
			t.Errorf("in quiet hours is told %s, want the failure alone", got)
		}
		b.run(t, 3*time.Hour)
		if got := told(); got != "02:00 5" {
			t.Errorf("after quiet hours is told %s, want five events as one message at their end", got)
		}
		wantAnswer(t, b.deliver(t, b.about(t, "e9", "Running", "job9", quiet("08:00", "10:00"))), ledger.Delivered)
	})
}

func TestARetryThatIsDueInQuietHoursWaitsForTheirEndAndLivesOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var at []time.Time
		start := time.Now()
		b := newBench(t, func(_ context.Context, _ int, _ message.Message) error {
			at = append(at, time.Now())
			if time.Since(start) < 60*time.Hour {
				return refuse(channel.Uncertain, "timeout")
			}
			return nil
		})
		// Quiet from five minutes after the start on Saturday until Monday at 22:00 in Shanghai, 62 hours after it.
		w := when.When{Quiet: []when.Quiet{{Days: []string{"sat"}, From: "08:05", To: "08:04"}, {Days: []string{"sun"}, From: "08:04", To: "08:03"},
			{Days: []string{"mon"}, From: "08:03", To: "22:00"}}}
		wantAnswer(t, b.deliver(t, b.about(t, "e1", "Failed", "job1", w)), ledger.Waiting)
		b.run(t, 63*time.Hour)
		d, tried := b.only(t)
		if d.State != ledger.Delivered || len(tried) != len(at) {
			t.Fatalf("%s after %d attempts, want it told", d.State, len(tried))
		}
		for _, moment := range at {
			if since := moment.Sub(start); since > 5*time.Minute && since < 62*time.Hour {
				t.Errorf("an attempt was made %v after the start, in quiet hours", since)
			}
		}
	})
}

func TestWhatIsMutedIsToldTogetherAtItsEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, told := newHoldBench(t)
		book := mute.New(b.db, time.Now)
		if _, err := book.Set(t.Context(), mute.Mute{Bus: bus, Rule: "nightly", Target: "ops", Until: time.Now().Add(time.Hour), Who: "k1"}); err != nil {
			t.Fatal(err)
		}
		for i := range 4 {
			b.deliver(t, b.about(t, fmt.Sprint("e", i), "Failed", fmt.Sprint("job", i), when.When{Pass: when.PassFailing}))
			b.run(t, 5*time.Minute)
		}
		if got := told(); got != "" {
			t.Errorf("while muted is told %s", got)
		}
		b.run(t, time.Hour)
		if got := told(); got != "01:00 4" {
			t.Errorf("at the end is told %s, want four events as one message", got)
		}
	})
}

func TestAMuteOfWhatWaitsAlreadyHoldsIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, told := newHoldBench(t)
		book := mute.New(b.db, time.Now)
		for i := range 3 {
			b.deliver(t, b.about(t, fmt.Sprint("e", i), "Failed", fmt.Sprint("job", i), when.When{}))
		}
		if got := told(); got != "00:00 1" {
			t.Fatalf("at once is told %s", got)
		}
		until := time.Now().Add(30 * time.Minute)
		if _, err := book.Set(t.Context(), mute.Mute{Bus: bus, Rule: "nightly", Until: until}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(6 * time.Second) // instances work with mutes for up to five seconds
		b.run(t, 10*time.Minute)
		if got := told(); got != "" {
			t.Errorf("while muted is told %s", got)
		}
		if _, err := book.Lift(t.Context(), mute.Mute{Bus: bus, Rule: "nightly"}); err != nil {
			t.Fatal(err)
		}
		if n, err := b.ledger.Shift(t.Context(), bus, "nightly", "", until, time.Now()); err != nil || n != 2 {
			t.Errorf("%d deliveries wait for the mute's end, %v; want 2", n, err)
		}
		time.Sleep(6 * time.Second)
		b.run(t, time.Minute)
		if got := told(); got != "00:10 2" {
			t.Errorf("after it is unmuted is told %s", got)
		}
	})
}

func TestMessagesAboutOneJobKeepTheGapAndItsEndDoesNotWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, told := newHoldBench(t)
		w := when.When{GapMinutes: 10}
		for i, kind := range []string{"Queuing", "EnvPreparing", "Running", "Restarting"} {
			b.deliver(t, b.about(t, fmt.Sprint("e", i), kind, "job1", w))
			b.run(t, time.Minute)
		}
		b.deliver(t, b.about(t, "other", "Running", "job2", w))
		b.deliver(t, b.about(t, "f1", "Failed", "job1", w))
		b.run(t, 20*time.Minute)
		if got := told(); got != "00:00 1, 00:04 1, 00:04 1, 00:10 3" {
			t.Errorf("is told %s, want the first, another job and the failure at once, and three events together ten minutes after the first", got)
		}
		summary := b.robot.sent[len(b.robot.sent)-1]
		for i, word := range []string{"preparing", "running", "restarting"} { // as they happened, though one is a warning
			if !strings.Contains(summary.Items[i].Title, word) {
				t.Errorf("line %d of the summary is %q, want that the job is %s", i, summary.Items[i].Title, word)
			}
		}
	})
}

func TestQuietHoursAreThoseOfTheContactsZone(t *testing.T) {
	t.Parallel()
	h := &Handler{}
	p := present{zone: time.UTC}
	now := time.Date(2026, 11, 25, 23, 0, 0, 0, time.UTC) // 07:00 in Shanghai
	unit := rule.Unit{ID: "ops", Contact: "tony", When: quiet("22:00", "08:00")}
	if until, why := h.held(p, bus, "nightly", unit, event.View{}, now); why != ledger.WhyQuiet || !until.Equal(time.Date(2026, 11, 26, 8, 0, 0, 0, time.UTC)) {
		t.Errorf("without a zone of the contact it is held until %v, since %q", until, why)
	}
	p.contacts = map[string]contact.Contact{"tony": {ID: "tony", Zone: "Asia/Shanghai"}}
	if until, why := h.held(p, bus, "nightly", unit, event.View{}, now); why != ledger.WhyQuiet || !until.Equal(now.Add(time.Hour)) {
		t.Errorf("in the contact's zone it is held until %v, since %q; want an hour", until, why)
	}
}
