package delivery

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pai-notify/shared/ledger"
	"pai-notify/shared/message"
)

func TestARushIsAvoidedAndNothingElseIsPutOff(t *testing.T) {
	t.Parallel()
	hour := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		at  time.Duration
		off bool
	}{
		{0, true}, {9999 * time.Millisecond, true}, {10 * time.Second, false}, {15 * time.Minute, false}, {30 * time.Minute, true},
		{-5 * time.Second, true}, {-5001 * time.Millisecond, false}, {30*time.Minute - 2*time.Second, true}, {45 * time.Minute, false},
	} {
		for key := range 50 {
			d := putOff(30*time.Minute, hour.Add(c.at), fmt.Sprint(key))
			if (d > 0) != c.off || d != 0 && (d < 5*time.Second || d >= 25*time.Second) {
				t.Errorf("%v from the hour: put off by %v", c.at, d)
			}
		}
		if d := putOff(0, hour.Add(c.at), "k"); d != 0 {
			t.Errorf("without a rush: put off by %v", d)
		}
	}
}

func TestInARushMessagesSpreadOut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { // begins at a full hour
		start := time.Now()
		var mu sync.Mutex // destinations are told in parallel
		var at []time.Duration
		b := newBench(t, func(context.Context, int, message.Message) error {
			mu.Lock()
			defer mu.Unlock()
			at = append(at, time.Since(start))
			return nil
		})
		b.spec.Rush = 30 * time.Minute
		for i := range 8 {
			wantAnswer(t, b.deliver(t, b.body(t, fmt.Sprint("e", i), "nightly", secret+fmt.Sprint(i))), ledger.Waiting)
		}
		wantAnswer(t, b.deliver(t, timerBody), strings8(ledger.Delivered)...)
		for _, d := range at {
			if d < 5*time.Second || d > 30*time.Second {
				t.Errorf("sent after %v", d)
			}
		}
		wantAnswer(t, b.deliver(t, b.body(t, "later", "nightly", secret)), ledger.Delivered)
	})
}
