package story

import (
	"encoding/json"
	"fmt"
	"net/http"
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
			if !fresh {
				return reply{}
			}
			var kind int
			if _, err := fmt.Sscanf(m.Token, "k%d", &kind); err != nil {
				return reply{refuse: true, status: http.StatusTeapot}
			}
			return refusals[kind].reply(m.Receiver)
		})
		c := p.start(float64(size(120, 300)), s.allow())
		c.setUp("nlp_train")
		// One event for each robot at a time, so that none is told in a digest, which names only some of its events. Webhooks
		// know no digest.
		waves := make([][]json.RawMessage, size(3, 34))
		names := map[int][]string{}
		events := 0
		add := func(kind, group int, channel string, each int) {
			source := "dlc"
			if channel == "webhook" {
				source = "model"
			}
			c.makeRule(grouped(source, group, s.target(c, "x", channel, fmt.Sprintf("k%dg%d", kind, group))))
			for i := range waves {
				for j := range each {
					name, e := numbered(p.T, source, group, i*each+j)
					names[kind], waves[i], events = append(names[kind], name), append(waves[i], e), events+1
				}
			}
		}
		for kind, robots := range []int{size(3, 6), size(3, 6), size(3, 30)} {
			for i := range robots {
				add(kind, kind*100+i, []string{"dingtalk", "wecom", "lark"}[i%3], 1)
			}
			if kind < 2 { // a webhook refuses by its status
				add(kind, kind*100+99, "webhook", size(2, 24))
			}
		}
		began := time.Now()
		var states map[string]int
		published := 0
		for _, wave := range waves {
			c.publishAll(wave)
			published += len(wave)
			states = c.settled(4*time.Minute, published)
		}
		p.figure("took", time.Since(began))
		p.want("delivered", states["delivered"], events)
		p.want("refused once", len(refused), events)
		for kind, r := range refusals {
			var there []told
			for _, m := range s.accepted() {
				if len(m.Token) > 1 && m.Token[1] == byte('0'+kind) {
					there = append(there, m)
				}
			}
			missing, doubled, unnamed := count(there, names[kind])
			p.figure(r.name, fmt.Sprintf("%d of %d events told, %d twice", len(names[kind])-len(missing)+unnamed, len(names[kind]), len(doubled)))
			if len(missing) != unnamed || len(doubled) > 0 {
				p.Errorf("%s: never told %s, told twice %s", r.name, some(missing), some(doubled))
			}
		}
	})
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
