package delivery

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pai-notify/shared/channel"
	"pai-notify/shared/ledger"
	"pai-notify/shared/message"
	"pai-notify/shared/rule"
)

// newDigestBench is a function whose receiver takes a message each four seconds, and digests.
func newDigestBench(t *testing.T, answer func(ctx context.Context, call int, m message.Message) error) *bench {
	t.Helper()
	b := newBench(t, answer)
	b.spec.Digest, b.spec.Pace = true, []channel.Pace{{Burst: 1, Every: 4 * time.Second}}
	return b
}

func TestWhatHadToWaitIsToldAsOneMessage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var at []time.Time
		b := newDigestBench(t, func(context.Context, int, message.Message) error {
			at = append(at, time.Now())
			return nil
		})
		start := time.Now()
		for i := range 12 {
			b.deliver(t, b.body(t, fmt.Sprint("e", i), "nightly", secret))
		}
		wantAnswer(t, b.deliver(t, timerBody), append(strings8(ledger.Delivered), ledger.Delivered, ledger.Delivered, ledger.Delivered)...)
		if len(b.robot.sent) != 2 || len(b.robot.sent[0].Items) != 0 || at[0].Sub(start) > 2*time.Second {
			t.Fatalf("%d messages, the first of %d items after %v, want one alone and at once, and a digest", len(b.robot.sent),
				len(b.robot.sent[0].Items), at[0].Sub(start))
		}
		d := b.robot.sent[1]
		if d.Title != "11 events" || len(d.Items) != 10 || d.More != 1 || !strings.HasPrefix(d.ID, "digest-") || d.Language != "en" {
			t.Errorf("the digest is %q with %d items and %d more, id %s", d.Title, len(d.Items), d.More, d.ID)
		}
		lines := b.lines(t, "attempt")
		if len(lines) != 12 || lines[11]["digest"] != d.ID || lines[0]["digest"] != nil {
			t.Errorf("%d lines, the last says %v, want one for each event", len(lines), lines[len(lines)-1])
		}
		list, _, err := b.ledger.List(t.Context(), ledger.Filter{States: []ledger.State{ledger.Delivered}}, "", 50)
		if err != nil || len(list) != 12 {
			t.Errorf("%d delivered, %v, want each", len(list), err)
		}
		for _, e := range list {
			if e.Receipt != "receipt" || e.Attempts != 1 {
				t.Errorf("%s has receipt %q after %d attempts", e.EventID, e.Receipt, e.Attempts)
			}
		}
	})
}

func TestABurstOfAThousandIsToldInFiveMinutesWithinThePace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var at []time.Time
		b := newBench(t, func(context.Context, int, message.Message) error {
			at = append(at, time.Now())
			return nil
		})
		b.spec.Digest, b.spec.Pace = true, []channel.Pace{{Burst: 4, Every: 4 * time.Second}} // DingTalk's
		start := time.Now()
		for i := range 1000 {
			b.deliver(t, b.body(t, fmt.Sprint("e", i), "nightly", secret))
			time.Sleep(60 * time.Millisecond)
		}
		for delivered := 0; delivered < 1000; {
			b.deliver(t, timerBody)
			counts, err := b.ledger.Summary(t.Context())
			if err != nil || time.Since(start) > 5*time.Minute {
				t.Fatalf("after %v: %v, %v", time.Since(start), counts, err)
			}
			if delivered = 0; counts[0].State == ledger.Delivered {
				delivered = counts[0].Count
			}
		}
		if first := at[0].Sub(start); first > 2*time.Second {
			t.Errorf("the first is told after %v", first)
		}
		for i := range at { // the robot counts a sliding minute
			n := 0
			for _, other := range at[i:] {
				if other.Sub(at[i]) < time.Minute {
					n++
				}
			}
			if n > 19 {
				t.Fatalf("%d messages in a minute", n)
			}
		}
		t.Logf("1000 events in %d messages, the last %v after the first event", len(at), at[len(at)-1].Sub(start))
	})
}

func TestADigestThatFailsIsToldAgainWhole(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newDigestBench(t, func(_ context.Context, call int, _ message.Message) error {
			if call == 2 {
				return refuse(channel.Throttled, "130101")
			}
			return nil
		})
		for i := range 4 {
			b.deliver(t, b.body(t, fmt.Sprint("e", i), "nightly", secret))
		}
		for range 4 {
			b.deliver(t, timerBody)
			time.Sleep(20 * time.Second)
		}
		if len(b.robot.sent) != 3 || b.robot.sent[1].ID != b.robot.sent[2].ID || len(b.robot.sent[2].Items) != 3 {
			t.Errorf("%d messages, want one alone and the same digest twice", len(b.robot.sent))
		}
	})
}

func TestRefusedForItsContentADigestIsToldOneByOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newDigestBench(t, func(_ context.Context, _ int, m message.Message) error {
			if len(m.Items) > 0 || m.Event.ID == "e2" {
				return refuse(channel.Rejected, "430101")
			}
			return nil
		})
		for i := range 4 {
			b.deliver(t, b.body(t, fmt.Sprint("e", i), "nightly", secret))
		}
		for range 2 {
			b.deliver(t, timerBody)
			time.Sleep(20 * time.Second)
		}
		counts, err := b.ledger.Summary(t.Context())
		if want := "[{dead robot 1} {delivered robot 3}]"; err != nil || fmt.Sprint(counts) != want {
			t.Errorf("ledger has %v, %v, want %s", counts, err, want)
		}
	})
}

func TestOnlyWhatGoesTheSameWayIsOneMessage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newDigestBench(t, nil)
		send := func(event, language string, users ...string) {
			r := rule.Rule{Name: "r" + language, Targets: []rule.Target{{
				ID: "ops", Channel: "robot", Language: language, Settings: channel.Settings{"webhook": secret},
				Mentions: message.Mentions{Users: users},
			}}}
			b.deliver(t, body(t, r, []channel.Spec{b.spec}, b.Handler.keys, event))
		}
		send("e0", "en")
		send("e1", "en", "u1")
		send("e2", "zh")
		send("e3", "en", "u2")
		for range 2 {
			b.deliver(t, timerBody)
			time.Sleep(20 * time.Second)
		}
		told := map[string]int{}
		for _, m := range b.robot.sent[1:] {
			told[fmt.Sprint(m.Language, " ", len(m.Items), " ", m.Mentions.Users)]++
		}
		if fmt.Sprint(told) != "map[en 2 [u1 u2]:1 zh 0 []:1]" {
			t.Errorf("told %v, want a digest in English that calls both, and one message in Chinese", told)
		}
	})
}
