package story

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"pai-notify/shared/clock"
)

// later moves the clock on while nothing runs, and starts everything again.
func (c *cloud) later(d time.Duration) {
	c.t.Helper()
	now := c.clock()
	c.stop(syscall.SIGTERM)
	name := filepath.Join(c.data, "clock")
	speed, _, _ := strings.Cut(now.String(), "@")
	text := speed + "@" + time.Now().UTC().Format(time.RFC3339Nano) + "=" + now.Now().Add(d).UTC().Format(time.RFC3339Nano)
	if _, err := clock.Parse(text); err != nil {
		c.t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		c.t.Fatal(err)
	}
	c.run(1)
}

func TestWhatIsHeldOverAWeekendIsToldOnMondayAndSaysSo(t *testing.T) {
	t.Parallel()
	c := start(t, 60)
	c.setUp("nlp_train")
	c.api(http.MethodPost, "/workspaces/nlp_train/rules", rule("night", c.target("l", "lark", "held"))).must(t, http.StatusCreated)
	c.api(http.MethodPost, "/workspaces/nlp_train/rules", rule("tried", c.target("w", "wecom", "down"))).must(t, http.StatusCreated)
	c.fault(map[string]any{"receiver": "wecom", "path": "key=down", "status": 500, "times": 6})
	c.publish(failed(t, 0))
	c.count("state=delivered&rule=night", 1)
	var tried []shown
	until(t, time.Minute, func() string { // it has failed, so that its day has begun
		if tried = c.deliveries("state=waiting&rule=tried"); len(tried) == 0 || tried[0].Attempts == 0 {
			return fmt.Sprintf("deliveries of the rule whose receiver is down: %+v", c.ledger())
		}
		return ""
	})
	c.pause(true)
	c.later(time.Minute) // instances work with settings for up to five seconds
	const held = 12
	for n := range held {
		c.publish(failed(t, n+1))
	}
	c.count("state=waiting&rule=night", held)

	c.later(62 * time.Hour) // the inbox forgets
	beat := c.clock().Now()
	until(t, time.Minute, func() string { // timers run again, and hold
		var beats int
		err := c.query(fmt.Sprintf("select count(*) from heartbeat where beat > %d", beat.UnixMilli()), func(scan func(...any) error) error {
			return scan(&beats)
		})
		if err != nil || beats == 0 {
			return fmt.Sprintf("no heartbeat since the weekend, %v", err)
		}
		return ""
	})
	if n := len(c.messages("lark")) + len(c.messages("wecom")); n != 0 {
		t.Fatalf("%d messages went out while all was paused", n)
	}
	c.pause(false)
	c.count("state=delivered&rule=night", held+1)
	c.count("state=delivered&rule=tried", held+1)
	told := 0
	for _, m := range c.accepted("lark", "held") {
		told += eventsIn(m)
		body, err := json.Marshal(m.Body)
		if err != nil {
			t.Fatal(err)
		}
		if text := string(body); !strings.Contains(text, "Told late by") || !strings.Contains(text, "2 d") {
			t.Errorf("a message of Monday does not say how late it is:\n%s", text)
		}
	}
	if told != held {
		t.Errorf("%d events were told on Monday, want %d", told, held)
	}
}
