package clock

import (
	"context"
	"errors"
	"testing"
	"time"
)

func TestAllReadersOfOneTextAgreeOnTheTime(t *testing.T) {
	t.Parallel()
	base := time.Now().Add(-time.Minute)
	text := "60@" + base.Format(time.RFC3339Nano) + "=2026-11-24T00:00:00Z"
	c, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Parse(c.String())
	if err != nil {
		t.Fatal(err)
	}
	a, b := c.Now(), again.Now()
	if d := b.Sub(a).Abs(); d > time.Minute {
		t.Errorf("two readers differ by %s of a clock that runs 60 times as fast", d)
	}
	if passed := a.Sub(time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)); passed < time.Hour || passed > time.Hour+10*time.Minute {
		t.Errorf("after a minute of the machine the clock has gone %s, want an hour", passed)
	}
	if got, want := c.Real(time.Hour), time.Minute; got != want {
		t.Errorf("Real(1h) = %s, want %s", got, want)
	}
}

func TestTheZeroClockIsTheMachines(t *testing.T) {
	t.Parallel()
	var c Clock
	if d := time.Since(c.Now()); d < 0 || d > time.Minute {
		t.Errorf("the zero clock is %s off", d)
	}
	if c.String() != "" || c.Real(time.Hour) != time.Hour {
		t.Errorf("the zero clock is %q and an hour is %s", c, c.Real(time.Hour))
	}
}

func TestSleepEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := (Clock{}).Sleep(ctx, time.Hour); !errors.Is(err, context.Canceled) {
		t.Errorf("Sleep = %v, want canceled", err)
	}
	c, err := Parse("100000@" + time.Now().Format(time.RFC3339Nano) + "=2026-11-24T00:00:00Z")
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Sleep(context.Background(), time.Minute); err != nil {
		t.Errorf("Sleep = %v", err)
	}
}

func TestParseRefusesWhatIsNoClock(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"x", "0@2026-11-24T10:00:00Z=2026-11-24T10:00:00Z", "2@now=then", "2@2026-11-24T10:00:00Z", "2@2026-11-24T10:00:00Z=noon", "NaN@2026-11-24T10:00:00Z=2026-11-24T10:00:00Z"} {
		if c, err := Parse(text); err == nil {
			t.Errorf("Parse(%q) = %v, want an error", text, c)
		}
	}
}
