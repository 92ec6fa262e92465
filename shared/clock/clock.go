// Package clock is the project's time, so that a local cloud can let hours pass in seconds. A production clock is the
// machine's; a clock with a speed is for tests and the local cloud only, and [environment] refuses it elsewhere.
package clock

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Clock tells the time and waits. The zero Clock is the machine's. It is safe for concurrent use.
type Clock struct {
	origin time.Time // clock time at base
	base   time.Time // machine time when the clock started
	speed  float64   // 0 means the machine's clock
}

// Parse reads "SPEED@MACHINE_TIME=CLOCK_TIME" (times in RFC 3339), for instance
// "60@2026-11-24T10:00:00Z=2026-11-24T10:00:00Z": at that moment of the machine the clock showed that time, and it has
// run 60 times as fast since. All processes given one text agree on the time. The empty text is the machine's clock.
func Parse(text string) (Clock, error) {
	if text == "" {
		return Clock{}, nil
	}
	speedText, times, _ := strings.Cut(text, "@")
	baseText, originText, ok := strings.Cut(times, "=")
	speed, err := strconv.ParseFloat(speedText, 64)
	if err != nil || !ok || !(speed > 0 && speed <= 100_000) {
		return Clock{}, fmt.Errorf("clock %q: want SPEED@MACHINE_TIME=CLOCK_TIME with a speed over 0 and at most 100000", text)
	}
	c := Clock{speed: speed}
	if c.base, err = time.Parse(time.RFC3339Nano, baseText); err != nil {
		return Clock{}, fmt.Errorf("clock %q: machine time: %w", text, err)
	}
	if c.origin, err = time.Parse(time.RFC3339Nano, originText); err != nil {
		return Clock{}, fmt.Errorf("clock %q: clock time: %w", text, err)
	}
	return c, nil
}

// String is the text that [Parse] reads.
func (c Clock) String() string {
	if c.speed == 0 {
		return ""
	}
	return strconv.FormatFloat(c.speed, 'g', -1, 64) + "@" + c.base.Format(time.RFC3339Nano) + "=" + c.origin.Format(time.RFC3339Nano)
}

// Now is the clock's time.
func (c Clock) Now() time.Time {
	if c.speed == 0 {
		return time.Now()
	}
	return c.origin.Add(time.Duration(float64(time.Since(c.base)) * c.speed))
}

// Real turns a span of the clock into one of the machine.
func (c Clock) Real(d time.Duration) time.Duration {
	if c.speed == 0 {
		return d
	}
	return time.Duration(float64(d) / c.speed)
}

// Sleep waits until d has passed on the clock or ctx is done; then it returns ctx.Err().
func (c Clock) Sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(c.Real(d))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
