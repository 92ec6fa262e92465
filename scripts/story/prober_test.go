package story

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// packaged copies s.yaml and the packaged functions to a folder of the test's own, so that it may replace them.
func packaged(t *testing.T) (template string) {
	t.Helper()
	folder := t.TempDir()
	put := func(from, to string) {
		if err := errors.Join(os.MkdirAll(filepath.Dir(to), 0o755), replaceFile(from, to)); err != nil {
			t.Fatal(err)
		}
	}
	mains, err := filepath.Glob(filepath.Join(root, ".build", "*", "main"))
	if err != nil {
		t.Fatal(err)
	}
	for _, main := range mains {
		put(main, filepath.Join(folder, ".build", filepath.Base(filepath.Dir(main)), "main"))
	}
	template = filepath.Join(folder, "s.yaml")
	put(filepath.Join(root, "s.yaml"), template)
	return template
}

// replaceFile puts a copy in a file's place at once, as make package does.
func replaceFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to+".new", os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close(), os.Rename(to+".new", to))
}

// outageSpan is when PostgreSQL was down, and how far back what it had committed may be gone.
type outageSpan struct{ from, to time.Time }

// walDelay is how long PostgreSQL may keep what was committed without waiting for the disk: three times wal_writer_delay.
const walDelay = 600 * time.Millisecond

// killServer kills PostgreSQL, if that is what it runs on, and starts it again.
func (p *proof) killServer() outageSpan {
	p.Helper()
	span := outageSpan{from: time.Now().Add(-walDelay)}
	p.server.Kill(p.T)
	p.server.Restart(p.T)
	span.to = time.Now()
	return span
}

// toldAll waits until every event was told and nothing is open. The ledger need not know all of them: what it had
// recorded just before a kill of its server may be gone.
func (p *proof) toldAll(c *cloud, s *standIn, names []string, limit time.Duration) {
	p.Helper()
	until(p.T, limit, func() string {
		states, err := c.states()
		if err != nil {
			return err.Error()
		}
		missing, _, unnamed := count(s.accepted(), names)
		if n := c.counts().Pending; len(missing) > unnamed || n > 0 || states["claimed"]+states["waiting"] > 0 {
			return fmt.Sprintf("%d events not told, %d with EventBridge; ledger %v", len(missing)-unnamed, n, states)
		}
		return ""
	})
}

// lost is how many of those that no message names were not told. A digest says of some events only how many they are, and
// one that is told twice says so twice: the ledger must hold each as delivered, too.
func (p *proof) lost(c *cloud, missing []string, unnamed int) int {
	p.Helper()
	told := map[string]bool{}
	for _, d := range c.ledger() {
		told[d.Event] = told[d.Event] || d.State == "delivered"
	}
	var lost []string
	for _, name := range missing {
		if !told[name] {
			lost = append(lost, name)
		}
	}
	if len(lost) > 0 {
		p.Logf("lost: %s", some(lost))
	}
	return max(len(lost), len(missing)-unnamed)
}

// explain sorts what was told twice by its cause: a claim that was lost, or the server's end around the first telling.
// What has neither is a fault.
func (p *proof) explain(c *cloud, messages []told, doubled []string, spans []outageSpan) {
	p.Helper()
	lost := map[string]int{}
	for _, d := range c.ledger() {
		lost[d.Event] += d.Lost
	}
	byClaim, byServer := 0, 0
	for _, name := range doubled {
		var first told
		times := 0
		for _, m := range messages {
			if slices.Contains(m.Names, name) {
				if times == 0 {
					first = m
				}
				times++
			}
		}
		atServer := slices.ContainsFunc(spans, func(s outageSpan) bool {
			return first.At.After(s.from.Add(-time.Second)) && first.At.Before(s.to)
		})
		switch {
		case times-1 <= lost[name]:
			byClaim++
		case atServer:
			byServer++
		default:
			p.Errorf("%s was told %d times, with %d lost claims and no end of the server near the first", name, times, lost[name])
		}
	}
	p.figure("told twice, sent but not recorded by a killed process", byClaim)
	if p.server != nil {
		p.figure("told twice, sent but its record not kept by a killed server", byServer)
	}
	p.sameID(messages)
}

// mixed spreads events over a webhook and robots of three channels.
func (p *proof) mixed(c *cloud, s *standIn) (next func(n int) (string, json.RawMessage)) {
	p.Helper()
	channels := []string{"webhook", "lark", "webhook", "wecom", "webhook", "dingtalk"}
	source := func(g int) string {
		if channels[g] == "webhook" {
			return "model"
		}
		return "dlc"
	}
	for g, channel := range channels {
		c.makeRule(grouped(source(g), g, s.target(c, "x", channel, fmt.Sprintf("g%d", g))))
	}
	return func(n int) (string, json.RawMessage) {
		g := n % len(channels)
		return numbered(p.T, source(g), g, n)
	}
}

// The prober sends numbered events through a deployment in motion and lists what was missed and doubled.
func TestNothingIsMissedThroughARollingRestartOfEverything(t *testing.T) {
	t.Parallel()
	proveOnEach(t, func(p *proof) {
		s := newStandIn(p.T, nil)
		template := packaged(p.T)
		c := startWith(p.T, 60, func(c *cloud) {
			c.environment, c.template = []string{s.allow()}, template
			if p.server != nil {
				c.database = p.server.Empty(p.T)
			}
		})
		c.setUp("nlp_train")
		stop := c.load(time.Duration(size(40, 20))*time.Millisecond, p.mixed(c, s))
		goOn := func() {
			before := len(s.accepted())
			until(p.T, time.Minute, func() string {
				if n := len(s.accepted()); n < before+20 {
					return fmt.Sprintf("%d messages since the restart", n-before)
				}
				return ""
			})
		}
		goOn()
		functions := []string{}
		for name := range c.instances() {
			functions = append(functions, name)
		}
		slices.Sort(functions)
		killed := 0
		var spans []outageSpan
		for range size(1, 5) {
			for _, name := range functions {
				main := filepath.Join(filepath.Dir(template), ".build", name, "main")
				if err := replaceFile(filepath.Join(root, ".build", name, "main"), main); err != nil {
					p.Fatal(err)
				}
				killed += c.killAll(name)
				goOn()
			}
			if p.server != nil {
				from := time.Now()
				p.server.Restart(p.T)
				spans = append(spans, outageSpan{from, time.Now()})
				goOn()
				spans = append(spans, p.killServer())
				goOn()
			}
		}
		names := stop()
		p.toldAll(c, s, names, 4*time.Minute)
		missing, doubled, unnamed := count(s.accepted(), names)
		p.figure("functions restarted", strings.Join(functions, " "))
		p.figure("processes killed", killed)
		if p.server != nil {
			p.figure("ends of PostgreSQL, in order and by kill -9", len(spans))
		}
		p.figure("events", len(names))
		p.want("missed", p.lost(c, missing, unnamed), 0)
		p.figure("doubled ids", some(doubled))
		p.explain(c, s.accepted(), doubled, spans)
	})
}

func TestKillsOfTheDatabaseServerLoseNothing(t *testing.T) {
	t.Parallel()
	if !strings.Contains(*databases, "postgres") {
		return
	}
	p := &proof{T: t, on: "postgres"}
	began := time.Now()
	t.Cleanup(func() { p.keep(began) })
	p.withServer()
	s := newStandIn(p.T, nil)
	c := p.start(60, s.allow())
	c.setUp("nlp_train")
	stop := c.load(50*time.Millisecond, p.mixed(c, s))
	kills := size(3, 100)
	var spans []outageSpan
	for range kills {
		before := len(s.accepted())
		until(p.T, time.Minute, func() string { // a moment as random as the machine is
			if n := len(s.accepted()); n < before+size(10, 40) {
				return fmt.Sprintf("%d messages since PostgreSQL is back", n-before)
			}
			return ""
		})
		spans = append(spans, p.killServer())
	}
	names := stop()
	p.figure("kills of PostgreSQL", kills)
	p.figure("events", len(names))
	began2 := time.Now()
	p.toldAll(c, s, names, 4*time.Minute)
	p.figure("all told after the last kill in", time.Since(began2))
	missing, doubled, unnamed := count(s.accepted(), names)
	p.want("events lost", p.lost(c, missing, unnamed), 0)
	p.explain(c, s.accepted(), doubled, spans)
}
