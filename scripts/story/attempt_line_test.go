package story

import (
	"encoding/json"
	"strings"
)

// attempted is an attempt as the ledger and the log both tell it.
type attempted struct {
	Event, Bus, Rule, Target, Channel, Delivery string
	Attempt                                     int
	Class, Code, Text                           string
}

// attemptLines fails the test unless each attempt in the ledger has one line of JSON in its function's log, which says the
// same of it, and no line is of another. It gives the lines of each event.
func (c *cloud) attemptLines() map[string]int {
	c.t.Helper()
	lines, events := map[attempted]int{}, map[string]int{}
	for name, log := range c.log("deliver-*") {
		for line := range strings.Lines(log) {
			if !strings.Contains(line, `"attempt"`) {
				continue
			}
			var l struct {
				Msg string
				MS  *int64
				attempted
			}
			if err := json.Unmarshal([]byte(line), &l); err != nil || l.Msg != "attempt" || l.MS == nil || "deliver-"+l.Channel+".log" != name {
				c.t.Errorf("%s: %v in the line of an attempt:\n%s", name, err, line)
			}
			lines[l.attempted]++
			events[l.Event]++
		}
	}
	err := c.query(`select event_id, bus, rule, target, channel, id, n, attempt.class, attempt.code, text
		from attempt join delivery on delivery.id = attempt.delivery`, func(scan func(...any) error) error {
		var a attempted
		err := scan(&a.Event, &a.Bus, &a.Rule, &a.Target, &a.Channel, &a.Delivery, &a.Attempt, &a.Class, &a.Code, &a.Text)
		if n := lines[a]; n != 1 {
			c.t.Errorf("an attempt has %d lines in the log, want one: %+v", n, a)
		}
		delete(lines, a)
		return err
	})
	if err != nil {
		c.t.Fatal(err)
	}
	for a := range lines {
		c.t.Errorf("the log has an attempt that the ledger has not: %+v", a)
	}
	return events
}
