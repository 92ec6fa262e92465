package story

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pai-notify/scripts/localcloud/publish"
	"pai-notify/shared/seal"
)

// deployment is a template of the test's own, whose functions can be given other seal keys one after the other while the
// cloud runs, as a deployment gives them. Only functions that have SEAL_KEYS in s.yaml get them.
type deployment struct {
	template string
	names    []string
}

func newDeployment(t *testing.T) *deployment {
	t.Helper()
	d := &deployment{template: packaged(t)}
	mains, err := filepath.Glob(filepath.Join(filepath.Dir(d.template), ".build", "*", "main"))
	if err != nil {
		t.Fatal(err)
	}
	for _, main := range mains {
		if err := os.Rename(main, filepath.Join(filepath.Dir(main), "program")); err != nil {
			t.Fatal(err)
		}
		d.names = append(d.names, filepath.Base(filepath.Dir(main)))
	}
	return d
}

// put deploys one function with seal keys; "" leaves it those of the cloud.
func (d *deployment) put(name, keys string) error {
	main := filepath.Join(filepath.Dir(d.template), ".build", name, "main")
	script := "#!/bin/sh\n"
	if keys != "" {
		script += fmt.Sprintf("[ -z \"$SEAL_KEYS\" ] || export SEAL_KEYS='%s'\n", keys)
	}
	script += "exec \"$(dirname \"$0\")/program\" \"$@\"\n"
	return errors.Join(os.WriteFile(main+".new", []byte(script), 0o755), os.Rename(main+".new", main))
}

// roll deploys all functions with seal keys, each while all others work. What an instance of before has begun it ends, and
// gets nothing more.
func (p *proof) roll(c *cloud, d *deployment, keys string, between func()) {
	p.Helper()
	for _, name := range d.names {
		if err := d.put(name, keys); err != nil {
			p.Fatal(err)
		}
		old := map[int]bool{}
		for _, i := range c.instances()[name] {
			old[i.PID] = true
		}
		until(p.T, time.Minute, func() string {
			left := 0
			for _, i := range c.instances()[name] {
				if old[i.PID] && i.RequestID != "" {
					left++
				}
			}
			if left > 0 {
				return fmt.Sprintf("%d instances of %s work with the keys before", left, name)
			}
			return ""
		})
	}
	between()
}

// sealedRows counts deliveries that are not told yet, by whether a key sealed them.
func (c *cloud) sealedRows(key string) (by, all int) {
	c.t.Helper()
	err := c.query("select sealed from delivery where state in ('waiting', 'claimed')", func(scan func(...any) error) error {
		var text []byte
		err := scan(&text)
		all++
		if bytes.Contains(text, []byte("v1."+key+".")) {
			by++
		}
		return err
	})
	if err != nil {
		c.t.Fatal(err)
	}
	return by, all
}

// sealedRules counts rules with a target that a key sealed, as EventBridge has them.
func (c *cloud) sealedRules(key string, names map[string][]string) (n int) {
	c.t.Helper()
	for bus, list := range names {
		for _, name := range list {
			if strings.Contains(c.rpc("2020-04-01", "ListTargets", "EventBusName", bus, "RuleName", name), "v1."+key+".") {
				n++
			}
		}
	}
	return n
}

// The key that everything is sealed with is changed while deliveries go on, and the work is killed half-way.
func TestSealKeysAreChangedUnderLoadAndNoDeliveryFails(t *testing.T) {
	t.Parallel()
	prove(t, func(p *proof) {
		s := newStandIn(p.T, nil)
		d := newDeployment(p.T)
		for _, name := range d.names {
			if err := d.put(name, ""); err != nil {
				p.Fatal(err)
			}
		}
		c := startWith(p.T, 60, func(c *cloud) {
			c.environment, c.template = []string{s.allow()}, d.template
			if p.server != nil {
				c.database = p.server.Empty(p.T)
			}
		})
		c.setUp("nlp_train")
		workspaces, rules, waiting := size(2, 5), size(16, 200), size(80, 1000)
		names := map[string][]string{} // of rules, by bus
		workspace := func(g int) string { return []string{"nlp_train", "cv_lab", "w3", "w4", "w5"}[g%workspaces] }
		for g := range rules {
			bus := "pai-system-" + workspace(g)
			if names[bus] == nil && bus != "pai-system-nlp_train" && bus != "pai-system-cv_lab" {
				c.rpc("2020-04-01", "CreateEventBus", "EventBusName", bus)
			}
			r := grouped("dlc", g, s.target(c, "ops", "lark", fmt.Sprintf("robot%d", g)))
			c.api(http.MethodPost, "/workspaces/"+workspace(g)+"/rules", r).must(p.T, http.StatusCreated)
			names[bus] = append(names[bus], r["name"].(string))
		}
		// Every fourth rule is muted: what comes for it waits. The others are told at once, all the time.
		held := func(g int) bool { return g%4 == 0 }
		var want []string
		put := func(g, n int) string {
			name, e := numbered(p.T, "dlc", g, n)
			if err := publish.Put(context.Background(), c.Cloud, "pai-system-"+workspace(g), e); err != nil {
				p.Fatal(err)
			}
			return name
		}
		mute := func(verb string, order map[string]any) {
			for g := 0; g < rules; g += 4 {
				c.api(http.MethodPost, fmt.Sprintf("/workspaces/%s/rules/dlc-%d:%s", workspace(g), g, verb), order).must(p.T, http.StatusOK)
			}
		}
		mute("mute", map[string]any{"until": c.clock().Now().Add(20 * 24 * time.Hour)})
		states := map[string]int{}
		for n := 0; states["waiting"] < waiting; { // what comes before all functions know of the mutes is told
			for more := waiting - states["waiting"]; more > 0; more-- {
				want = append(want, put(4*(n%(rules/4)), 100_000+n))
				n++
			}
			until(p.T, 3*time.Minute, func() string {
				var err error
				if states, err = c.states(); err != nil || states["waiting"]+states["delivered"] < n {
					return fmt.Sprintf("the ledger has %v of %d, %v, EventBridge %+v", states, n, err, c.counts())
				}
				return ""
			})
		}
		p.figure("workspaces", workspaces)
		p.figure("rules", rules)
		p.figure("deliveries that wait", states["waiting"])

		ctx, stop := context.WithCancel(context.Background())
		loaded := make(chan []string)
		go func() {
			var list []string
			ticker := time.NewTicker(time.Duration(size(100, 40)) * time.Millisecond)
			defer ticker.Stop()
			for n := 0; ; n++ {
				g := n % rules
				if held(g) {
					continue
				}
				name, e := numbered(p.T, "dlc", g, n)
				if err := publish.Put(context.Background(), c.Cloud, "pai-system-"+workspace(g), e); err != nil {
					p.Errorf("publish %s: %v", name, err)
				}
				list = append(list, name)
				select {
				case <-ticker.C:
				case <-ctx.Done():
					loaded <- list
					return
				}
			}
		}()
		goOn := func() {
			before := len(s.accepted())
			until(p.T, time.Minute, func() string {
				if n := len(s.accepted()); n < before+20 {
					return fmt.Sprintf("%d messages since", n-before)
				}
				return ""
			})
		}
		goOn()

		var kept struct{ SealKeys string }
		text, err := os.ReadFile(filepath.Join(c.data, "secrets.json"))
		if err != nil {
			p.Fatal(err)
		}
		if err := json.Unmarshal(text, &kept); err != nil {
			p.Fatal(err)
		}
		old := kept.SealKeys
		fresh, err := seal.NewKey(rand.Reader)
		if err != nil {
			p.Fatal(err)
		}
		oldID, _, _ := strings.Cut(old, ":")
		freshID, _, _ := strings.Cut(fresh, ":")
		began := time.Now()
		p.roll(c, d, old+","+fresh, goOn)
		p.roll(c, d, fresh+","+old, goOn)
		p.figure("two deployments of all functions, one after the other", time.Since(began))

		// The work is slow enough to be met half-way.
		c.cloudFault(map[string]any{"action": "PutTargets", "delayMs": size(200, 60), "times": -1})
		seal := func() (step, error) {
			a, err := tryAsk(http.MethodPost, c.API+"/api/v1/setup", map[string]any{"steps": []string{"keys"}}, "Authorization", "Bearer "+c.Key)
			if err != nil || a.Status != http.StatusOK {
				return step{}, fmt.Errorf("status %d: %w", a.Status, err)
			}
			return c.steps(a)["keys"], nil
		}
		broken := make(chan error)
		began = time.Now()
		go func() {
			_, err := seal()
			broken <- err
		}()
		until(p.T, time.Minute, func() string {
			if n := c.sealedRules(freshID, names); n < rules/8 {
				return fmt.Sprintf("%d rules are sealed anew", n)
			}
			return ""
		})
		c.killAll("setup")
		if err := <-broken; err == nil {
			p.Error("the call that was killed half-way was answered all the same")
		}
		rows, _ := c.sealedRows(freshID)
		p.figure("killed when so many rules and waiting deliveries were sealed anew", fmt.Sprintf("%d and %d", c.sealedRules(freshID, names), rows))
		calls := 0
		var last step
		until(p.T, 5*time.Minute, func() string {
			calls++
			if last, err = seal(); err != nil {
				return err.Error()
			}
			if last.State != "done" {
				return last.State + ": " + last.Text
			}
			return ""
		})
		p.figure("calls after the kill until all was sealed anew", calls)
		p.figure("from the first call to the last", time.Since(began))
		p.want("rules that the old key sealed", c.sealedRules(oldID, names), 0)
		byOld, all := c.sealedRows(oldID)
		p.want("waiting deliveries that the old key sealed", byOld, 0)
		if all < waiting {
			p.Errorf("%d deliveries wait, want at least %d", all, waiting)
		}
		if !strings.Contains(last.Advice, "Leave key") {
			p.Errorf("the step says %q, want how long the old key must stay", last.Advice)
		}
		goOn()
		stop()
		want = append(want, <-loaded...)
		// The end of the cloud is to break nothing off. What waits and is not muted, such as what came at a half hour, is
		// claimed at any moment.
		until(p.T, 2*time.Minute, func() string {
			pending, open := c.counts().Pending, 0
			err := c.query("select count(*) from delivery where state = 'claimed' or state = 'waiting' and why <> 'muted'",
				func(scan func(...any) error) error { return scan(&open) })
			if err != nil || pending > 0 || open > 0 {
				return fmt.Sprintf("EventBridge has %d events to hand over, the ledger %d to tell, %v", pending, open, err)
			}
			return ""
		})
		c.later(25 * time.Hour) // EventBridge delivers again for a day
		if said := c.steps(c.api(http.MethodGet, "/setup", nil))["keys"]; !strings.Contains(said.Advice, "Take key") {
			p.Errorf("a day later the step says %q, want that the old key can go", said.Advice)
		}
		p.roll(c, d, fresh, func() {})
		mute("unmute", map[string]any{})
		p.figure("events", len(want))
		states = c.settled(5*time.Minute, len(want))
		p.want("deliveries that died", states["dead"], 0)
		var failures []string
		if err := c.query(`select event_id, attempt.class, attempt.code, attempt.text from attempt join delivery on id = delivery
			where attempt.class <> 'delivered'`, func(scan func(...any) error) error {
			var event, class, code, text string
			err := scan(&event, &class, &code, &text)
			failures = append(failures, strings.Join([]string{event, class, code, text}, " "))
			return err
		}); err != nil {
			p.Fatal(err)
		}
		p.want("attempts that failed", len(failures), 0)
		if len(failures) > 0 {
			p.Errorf("failed: %s", some(failures))
		}
		p.judge(s.accepted(), want)
	})
}
