package story

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"
)

// Only between "sent" and "recorded" may an end of the process cost a repetition.
func TestAKillAtEachStepLosesNothingAndRepeatsOnlyWhatWasSentAndNotRecorded(t *testing.T) {
	t.Parallel()
	proveOnEach(t, func(p *proof) {
		const function = "deliver-webhook"
		var c *cloud
		var mu sync.Mutex
		answers := map[string]func() reply{} // by the event's name; each holds for one request
		s := newStandIn(p.T, func(m told) reply {
			mu.Lock()
			defer mu.Unlock()
			if len(m.Names) == 1 && answers[m.Names[0]] != nil {
				do := answers[m.Names[0]]
				delete(answers, m.Names[0])
				return do()
			}
			return reply{}
		})
		c = p.start(30, s.allow())
		c.setUp("nlp_train")
		c.makeRule(grouped("model", 1, s.target(c, "h", "webhook", "ops")))
		next := 0
		put := func(answer func() reply) string {
			name, e := numbered(p.T, "model", 1, next)
			next++
			if answer != nil {
				mu.Lock()
				answers[name] = answer
				mu.Unlock()
			}
			c.publish(e)
			return name
		}
		wait := func(what string, done func() bool) {
			p.Helper()
			until(p.T, 30*time.Second, func() string {
				if done() {
					return ""
				}
				return what
			})
		}
		state := func(name string) (found delivery) {
			for _, d := range c.ledger() {
				if d.Event == name {
					found = d
				}
			}
			return found
		}
		steps := []struct {
			name  string
			twice bool // it may be told twice
			kill  func() string
		}{
			{"before the claim", false, func() string {
				release := c.hold()
				defer release()
				name := put(nil)
				wait("no process has the event", func() bool {
					for _, i := range c.instances()[function] {
						if i.RequestID != "" {
							return true
						}
					}
					return false
				})
				c.killAll(function)
				release()
				wait("it was not delivered", func() bool { return state(name).State == "delivered" })
				return name
			}},
			{"after the claim, before the receiver took it", false, func() string {
				gone := make(chan struct{})
				name := put(func() reply {
					return reply{nothing: true, after: func() { c.killAll(function); close(gone) }}
				})
				wait("nothing was sent", closed(gone))
				return name
			}},
			{"after the receiver took it, before it answered", true, func() string {
				gone := make(chan struct{})
				name := put(func() reply { return reply{after: func() { c.killAll(function); close(gone) }} })
				wait("nothing was sent", closed(gone))
				return name
			}},
			{"after the answer, before the record", true, func() string {
				held := make(chan func(), 1)
				name := put(func() reply { return reply{after: func() { held <- c.hold() }} })
				var release func()
				select {
				case release = <-held:
				case <-time.After(30 * time.Second):
					p.Fatal("nothing was sent")
				}
				defer release()
				wait("the answer was not read", func() bool { return c.said(function, `"attempt"`, `"`+name+`"`, `"delivered"`) })
				c.killAll(function)
				return name
			}},
			{"after the record", false, func() string {
				name := put(nil)
				wait("it was not delivered", func() bool { return state(name).State == "delivered" })
				c.killAll(function)
				return name
			}},
		}
		repeats := size(2, 20)
		byStep := make([][]string, len(steps))
		began := time.Now()
		for range repeats {
			// What was claimed is sent again when its lease of 45 s ends, and no later kill may meet that.
			if time.Since(began) > 20*time.Second {
				c.settled(3*time.Minute, next)
				began = time.Now()
			}
			for i, step := range steps {
				byStep[i] = append(byStep[i], step.kill())
			}
		}
		p.figure("kills", repeats*len(steps))
		c.settled(3*time.Minute, next)
		for i, step := range steps {
			missing, doubled, _ := count(s.accepted(), byStep[i])
			p.figure(step.name, fmt.Sprintf("%d kills, %d lost, %d told twice", len(byStep[i]), len(missing), len(doubled)))
			if len(missing) > 0 || len(doubled) > 0 && !step.twice {
				p.Errorf("%s: never told %s, told twice %s", step.name, some(missing), some(doubled))
			}
		}
		p.sameID(s.accepted())
	})
}

// sameID fails where a repetition does not carry the id of the first message.
func (p *proof) sameID(messages []told) {
	p.Helper()
	ids := map[string]string{}
	for _, m := range messages {
		if m.Receiver != "webhook" {
			continue
		}
		key := m.Token + m.Names[0]
		if ids[key] != "" && ids[key] != m.ID || m.ID == "" {
			p.Errorf("%s was told with the ids %q and %q", key, ids[key], m.ID)
		}
		ids[key] = m.ID
	}
}

func closed(c <-chan struct{}) func() bool {
	return func() bool {
		select {
		case <-c:
			return true
		default:
			return false
		}
	}
}

func TestKillsAtRandomMomentsLoseNothing(t *testing.T) {
	t.Parallel()
	proveOnEach(t, func(p *proof) {
		s := newStandIn(p.T, func(told) reply {
			until := make(chan struct{})
			time.AfterFunc(time.Duration(rand.IntN(40))*time.Millisecond, func() { close(until) })
			return reply{hold: until}
		})
		c := p.start(60, s.allow())
		c.setUp("nlp_train")
		// Webhooks, which have no pace, and robots, which have one and so use the timers.
		const groups = 8
		for g := range groups {
			channel, source := []string{"dingtalk", "wecom", "lark", "webhook"}[g%4], "dlc"
			if channel == "webhook" {
				source = "model"
			}
			c.makeRule(grouped(source, g, s.target(c, "x", channel, fmt.Sprintf("g%d", g))))
		}
		stop := c.load(10*time.Millisecond, func(n int) (string, json.RawMessage) {
			g := n % groups
			source := "dlc"
			if g%4 == 3 {
				source = "model"
			}
			return numbered(p.T, source, g, n)
		})
		kills, busy := 0, 0
		deadline := time.Now().Add(5 * time.Minute)
		for wanted := size(10, 200); kills < wanted && time.Now().Before(deadline); {
			var all []instance
			for name, list := range c.instances() {
				if strings.HasPrefix(name, "deliver-") || name == "sweep" {
					all = append(all, list...)
				}
			}
			rest := time.NewTimer(time.Duration(rand.IntN(500)) * time.Millisecond) // a random moment
			<-rest.C
			if len(all) == 0 {
				continue
			}
			victim := all[rand.IntN(len(all))]
			if c.kill(victim.PID) {
				kills++
				if victim.State == "busy" {
					busy++
				}
			}
		}
		names := stop()
		p.want("kills", kills, size(10, 200))
		p.figure("of processes that were at work", busy)
		p.figure("events", len(names))
		began := time.Now()
		c.settled(6*time.Minute, len(names))
		p.figure("settled after the last kill in", time.Since(began))
		p.judgeKilled(c, s.accepted(), names)
		c.untilHealthy() // sweep, which was killed too, has taken up its work again
	})
}

// judgeKilled fails where something is lost, or was told more often than its claims were lost.
func (p *proof) judgeKilled(c *cloud, messages []told, names []string) {
	p.Helper()
	missing, doubled, unnamed := count(messages, names)
	p.want("events lost", p.lost(c, missing, unnamed), 0)
	times, lost := map[string]int{}, map[string]int{}
	for _, m := range messages {
		for _, name := range m.Names {
			times[name]++
		}
	}
	broken := 0
	for _, d := range c.ledger() {
		lost[d.Event] += d.Lost
		broken += d.Lost
	}
	p.figure("claims whose process was killed", broken)
	p.figure("events told twice, sent but not recorded", len(doubled))
	for _, name := range doubled {
		if times[name]-1 > lost[name] {
			p.Errorf("%s was told %d times, and %d claims of it were lost", name, times[name], lost[name])
		}
	}
	p.sameID(messages)
}
