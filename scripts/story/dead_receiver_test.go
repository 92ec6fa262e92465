package story

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// resident is how much memory the processes of a function hold, in kB: the largest of them.
func (c *cloud) resident(function string) (most int) {
	c.t.Helper()
	for _, i := range c.instances()[function] {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", i.PID))
		if err != nil {
			continue // it has ended meanwhile
		}
		_, rest, _ := strings.Cut(string(text), "VmRSS:")
		if kB, err := strconv.Atoi(strings.TrimSpace(rest[:max(strings.Index(rest, "kB"), 0)])); err == nil {
			most = max(most, kB)
		}
	}
	return most
}

// A receiver is down for ten minutes, in one of three ways, while events for it and for its neighbours go on.
func TestADeadReceiverCostsABoundedNumberOfAttemptsAndDelaysNobody(t *testing.T) {
	t.Parallel()
	prove(t, func(p *proof) {
		var mu sync.Mutex
		down := true
		s := newStandIn(p.T, func(m told) reply {
			mu.Lock()
			defer mu.Unlock()
			switch {
			case !down || !strings.HasPrefix(m.Token, "dead"):
				return reply{}
			case strings.HasPrefix(m.Token, "dead-hangs"):
				return reply{nothing: true, hold: make(chan struct{})}
			default:
				return reply{refuse: true, status: 503, body: "<html>down</html>"}
			}
		})
		gone, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			p.Fatal(err)
		}
		gone.Close()
		// How long a send may hang is the machine's time, so the clock must not run much faster here.
		speed, length := float64(size(4, 2)), time.Duration(size(2, 10))*time.Minute
		c := p.start(speed, s.allow()+","+gone.Addr().String())
		c.setUp("nlp_train")
		// The other targets of each rule use the same function as the dead one, where they could be held up most.
		refusing := &standIn{URL: "http://" + gone.Addr().String()}
		kinds := []struct {
			name, source, channel string
			dead                  map[string]any
		}{
			{"answers 503", "dlc", "dingtalk", s.target(c, "dead", "dingtalk", "dead-503")}, // Lark's rush at :00 and :30 would put messages off
			{"takes connections and never answers", "model", "webhook", s.target(c, "dead", "webhook", "dead-hangs")},
			{"is not there", "dlc", "wecom", refusing.target(c, "dead", "wecom", "dead-gone")},
		}
		for g, kind := range kinds {
			targets := []map[string]any{kind.dead}
			for i := range 2 {
				targets = append(targets, s.target(c, fmt.Sprintf("good%d", i), kind.channel, fmt.Sprintf("good%d-%d", g, i)))
			}
			c.makeRule(grouped(kind.source, g, targets...))
		}
		now := c.clock()
		published := map[string]time.Time{}
		n := map[int]int{}
		stop := c.load(time.Second, func(i int) (string, json.RawMessage) {
			g := i % len(kinds)
			n[g]++
			name, e := numbered(p.T, kinds[g].source, g, i)
			published[name] = time.Now()
			return name, e
		})
		began := now.Now()
		memory := map[string][]int{}
		until(p.T, 20*time.Minute, func() string {
			for _, kind := range kinds {
				memory[kind.channel] = append(memory[kind.channel], c.resident("deliver-"+kind.channel))
			}
			if past := now.Now().Sub(began); past < length {
				return fmt.Sprintf("%s of %s have passed", past, length)
			}
			return ""
		})
		names := stop()
		p.figure("the clock is faster than the machine's by", speed)
		p.figure("down for, on the clock", length)
		p.figure("events", len(names))
		attempts := c.attempts("dead")
		mu.Lock()
		down = false
		mu.Unlock()
		for g, kind := range kinds {
			var late []time.Duration
			times := map[string]int{}
			for _, m := range s.accepted() {
				if strings.HasPrefix(m.Token, fmt.Sprintf("good%d-", g)) && len(m.Names) == 1 {
					times[m.Token+m.Names[0]]++
					late = append(late, time.Duration(float64(m.At.Sub(published[m.Names[0]]))*speed))
				}
			}
			missing, doubled := 2*n[g]-len(times), 0
			for _, k := range times {
				if k > 1 {
					doubled++
				}
			}
			made := attempts[fmt.Sprintf("%s-%d", kind.source, g)]
			p.figure("receiver that "+kind.name, fmt.Sprintf("%d events for it, %d attempts", n[g], made))
			p.figure("its two neighbours", fmt.Sprintf("50 %% told after %s, 99 %% after %s of the clock; %d not yet told, %d told twice",
				quantile(late, 0.5).Round(time.Millisecond), quantile(late, 0.99).Round(time.Millisecond), missing, doubled))
			// Three rounds of three until it is closed, then probes after 1, 2, 5 and each further 5 minutes, of three tries each;
			// and a few that were on their way when it was closed.
			if limit := 30; made > limit {
				p.Errorf("a receiver that %s was tried %d times in %s, want at most %d", kind.name, made, length, limit)
			}
			if doubled > 0 || missing > 3 {
				p.Errorf("beside a receiver that %s: %d not told, %d told twice", kind.name, missing, doubled)
			}
			if worst := quantile(late, 0.99); worst > time.Duration(5*speed)*time.Second {
				p.Errorf("beside a receiver that %s messages come after %s", kind.name, worst)
			}
			list := memory[kind.channel]
			early, end := list[len(list)/2], list[len(list)-1]
			p.figure("memory of deliver-"+kind.channel+" half-way and at the end", fmt.Sprintf("%d and %d kB", early, end))
			if end > early+early/4+4096 {
				p.Errorf("memory of deliver-%s grew from %d to %d kB", kind.channel, early, end)
			}
		}
	})
}

// attempts counts the attempts made for a target so far, by rule. Those of a digest are one, at one moment.
func (c *cloud) attempts(target string) map[string]int {
	c.t.Helper()
	found := map[string]int{}
	err := c.query("select rule, count(distinct at) from attempt join delivery on delivery.id = attempt.delivery where target = '"+target+"' group by rule",
		func(scan func(...any) error) error {
			var rule string
			var n int
			err := scan(&rule, &n)
			found[rule] = n
			return err
		})
	if err != nil {
		c.t.Fatal(err)
	}
	return found
}
