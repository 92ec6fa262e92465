package story

import (
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"
)

// Peers lose these: an event is refused once, and nobody asks again.
func TestEachEventRefusedOnceIsToldOnce(t *testing.T) {
	t.Parallel()
	prove(t, func(p *proof) {
		refusals := []struct {
			name  string
			reply func(receiver string) reply
		}{
			{"HTTP 500", func(string) reply { return reply{refuse: true, status: 500, body: "<html>oops</html>"} }},
			{"HTTP 429", func(string) reply {
				return reply{refuse: true, status: 429, header: map[string]string{"Retry-After": "20"}}
			}},
			{"200 with 130101, 45009 or 11232", func(receiver string) reply {
				body := map[string]string{
					"dingtalk": `{"errcode":130101,"errmsg":"send too fast, exceed 20 times per minute"}`,
					"wecom":    `{"errcode":45009,"errmsg":"api freq out of limit"}`,
					"lark":     `{"code":11232,"msg":"frequency limited psm"}`,
				}
				return reply{refuse: true, body: body[receiver]}
			}},
		}
		for _, r := range refusals {
			p.refuseEachOnce(r.name, r.reply)
		}
	})
}

// refuseEachOnce publishes events whose receivers refuse each the first time they see it.
func (p *proof) refuseEachOnce(kind string, refusal func(receiver string) reply) {
	p.Helper()
	var mu sync.Mutex
	refused := map[string]bool{}
	s := newStandIn(p.T, func(m told) reply {
		mu.Lock()
		defer mu.Unlock()
		fresh := false
		for _, name := range m.Names {
			fresh = fresh || !refused[name]
			refused[name] = true
		}
		if fresh {
			return refusal(m.Receiver)
		}
		return reply{}
	})
	c := p.start(float64(size(120, 300)), s.allow())
	c.setUp("nlp_train")
	channels := []string{"dingtalk", "wecom", "lark", "webhook"}
	if refusal("webhook").status == 0 {
		channels = channels[:3] // a webhook refuses by its status
	}
	source := func(channel string) string {
		if channel == "webhook" {
			return "model"
		}
		return "dlc"
	}
	receivers := size(len(channels), 42)
	for i := range receivers {
		channel := channels[i%len(channels)]
		c.makeRule(grouped(source(channel), i, s.target(c, "x", channel, fmt.Sprintf("g%d", i))))
	}
	// One event for each receiver at a time, so that none is told in a digest, which names only some of its events.
	began := time.Now()
	var names []string
	var states map[string]int
	for wave := range size(4, 24) {
		var events []json.RawMessage
		for i := range receivers {
			name, e := numbered(p.T, source(channels[i%len(channels)]), i, wave)
			names, events = append(names, name), append(events, e)
		}
		c.publishAll(events)
		states = c.settled(4*time.Minute, len(names))
	}
	missing, doubled, unnamed := count(s.accepted(), names)
	p.figure(kind, fmt.Sprintf("%d of %d events told, %d twice, in %s", len(names)-len(missing)+unnamed, len(names), len(doubled),
		time.Since(began).Round(time.Second)))
	if len(missing) > 0 || len(doubled) > 0 || unnamed > 0 || len(refused) != len(names) || states["delivered"] != len(names) {
		p.Errorf("%s: %d refused; never told %s, told twice %s; ledger %v", kind, len(refused), some(missing), some(doubled), states)
	}
}

func TestManyCopiesOfOneEventAreToldOnce(t *testing.T) {
	t.Parallel()
	prove(t, func(p *proof) {
		s := newStandIn(p.T, nil)
		c := p.start(60, s.allow())
		c.setUp("nlp_train")
		var targets []map[string]any
		for _, channel := range []string{"dingtalk", "wecom", "lark"} {
			targets = append(targets, s.target(c, channel, channel, "ops"))
		}
		c.makeRule(grouped("dlc", 1, targets...))
		c.makeRule(grouped("model", 1, s.target(c, "h", "webhook", "ops")))
		copies := size(200, 1000)
		var events []json.RawMessage
		_, job := numbered(p.T, "dlc", 1, 1)
		_, model := numbered(p.T, "model", 1, 1)
		for range copies {
			events = append(events, job, model)
		}
		began := time.Now()
		c.publishAll(events)
		p.figure("copies of each of two events", copies)
		states := c.settled(3*time.Minute, 4)
		p.figure("took", time.Since(began))
		p.want("deliveries", len(c.ledger()), 4)
		p.want("delivered", states["delivered"], 4)
		p.want("messages to four receivers", len(s.all()), 4)
	})
}
