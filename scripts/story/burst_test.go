package story

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"pai-notify/shared/clock"
)

// clock is the local cloud's.
func (c *cloud) clock() clock.Clock {
	c.t.Helper()
	text, err := os.ReadFile(filepath.Join(c.data, "clock"))
	if os.IsNotExist(err) {
		return clock.Clock{}
	}
	if err != nil {
		c.t.Fatal(err)
	}
	now, err := clock.Parse(string(text))
	if err != nil {
		c.t.Fatal(err)
	}
	return now
}

var digested = regexp.MustCompile(`\b(\d+) events\b`)

// eventsIn is how many events a message to a robot tells.
func eventsIn(m message) int {
	text, err := json.Marshal(m.Body)
	if err != nil {
		return 0
	}
	if n := digested.FindSubmatch(text); n != nil {
		count, err := strconv.Atoi(string(n[1]))
		if err == nil {
			return count
		}
	}
	return 1
}

// DingTalk counts 20 messages in a sliding minute and blocks a robot that sends more for ten.
func TestABurstToOneRobotIsToldWithinFiveMinutesAndNeverBlocksIt(t *testing.T) {
	t.Parallel()
	prove(t, func(p *proof) {
		events := size(100, 1000)
		speed := float64(size(5, 1))
		c := p.start(speed)
		c.setUp("nlp_train")
		c.makeRule(grouped("dlc", 1, c.target("x", "dingtalk", "ops")))
		now := c.clock()
		began := now.Now()
		var published atomic.Int64
		stop := c.load(now.Real(time.Minute)/time.Duration(events), func(n int) (string, json.RawMessage) {
			published.Store(int64(n))
			return numbered(p.T, "dlc", 1, n)
		})
		until(p.T, 5*time.Minute, func() string {
			if n := published.Load(); n < int64(events) {
				return fmt.Sprintf("%d of %d events published", n, events)
			}
			return ""
		})
		names := stop()
		p.figure("events in a minute of the clock", len(names))
		p.figure("published within, on the clock", now.Now().Sub(began))
		states := c.settled(now.Real(30*time.Minute), len(names))
		p.want("delivered", states["delivered"], len(names))
		told, blocked := 0, 0
		var first, last time.Time
		messages := c.messages("dingtalk")
		for _, m := range messages {
			if !m.Accepted {
				blocked++
				continue
			}
			if first.IsZero() {
				first = m.At
			}
			last = m.At
			told += eventsIn(m)
		}
		p.figure("messages", len(messages))
		p.want("refused by the robot", blocked, 0)
		p.want("events told", told, len(names))
		p.atMost("first message after, on the clock", first.Sub(began), 2*time.Second)
		p.atMost("all told after, on the clock", last.Sub(began), 5*time.Minute)
	})
}
