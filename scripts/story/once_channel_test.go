package story

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"pai-notify/shared/database"
)

// texting fills in what text messages need.
func (c *cloud) texting() {
	c.t.Helper()
	var settings map[string]any
	c.api(http.MethodGet, "/settings", nil).must(c.t, http.StatusOK).into(c.t, &settings)
	settings["channels"] = map[string]any{"sms": map[string]any{
		"signName": "PAI通知", "templateZh": "SMS_190000001", "templateEn": "SMS_190000002",
	}}
	c.api(http.MethodPut, "/settings", settings).must(c.t, http.StatusOK)
}

// reachable makes a contact with a rule for a group of events: see numbered.
func (c *cloud) reachable(group int) {
	c.t.Helper()
	id := fmt.Sprint("p", group)
	c.api(http.MethodPost, "/contacts", map[string]any{"id": id, "name": "Phone " + id, "phone": phone(group)}).must(c.t, http.StatusCreated)
	c.makeRule(grouped("dlc", group, map[string]any{"id": "oncall", "channel": "sms", "contacts": []string{id}, "language": "en"}))
}

// phone is the number of a contact.
func phone(i int) string { return fmt.Sprintf("+861390000%04d", i) }

// texts are what a telephone received.
func (c *cloud) texts(i int) []message { return c.accepted("sms", phone(i)) }

// wire is what of a delivery over a channel that never sends twice the ledger holds.
type wire struct{ ID, State, Sending, Code, Receipt string }

// onWire reads the only delivery of a rule.
func (c *cloud) onWire(group int) (w wire) {
	c.t.Helper()
	err := c.query(fmt.Sprintf("select id, state, sending, code, receipt from delivery where rule = 'dlc-%d'", group),
		func(scan func(...any) error) error { return scan(&w.ID, &w.State, &w.Sending, &w.Code, &w.Receipt) })
	if err != nil {
		c.t.Fatal(err)
	}
	return w
}

// next takes the ledger as soon as those before it in the queue have let it go.
func (c *cloud) next() (held <-chan struct{}, release func() error) {
	c.t.Helper()
	db, err := database.Open(context.Background(), c.database)
	if err != nil {
		c.t.Fatal(err)
	}
	taken, free, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		done <- db.Write(context.Background(), false, func(tx *sql.Tx) error {
			if c.postgres() {
				if _, err := tx.Exec("lock table delivery, destination in exclusive mode"); err != nil {
					return err
				}
			}
			close(taken)
			<-free
			return nil
		})
	}()
	return taken, func() error {
		close(free)
		err := <-done
		_ = db.Close() // it was only held
		return err
	}
}

func (c *cloud) postgres() bool { return len(c.database) > 8 && c.database[:8] == "postgres" }

// What a text message costs is that it may not go twice: a kill before the mark repeats it, one after it never does.
func TestATextMessageKilledAtAnyStepIsNeverSentTwiceAndItsFateIsTold(t *testing.T) {
	t.Parallel()
	prove(t, func(p *proof) {
		const function = "deliver-sms"
		c := p.start(30)
		c.setUp("nlp_train")
		c.texting()
		groups := 0
		fresh := func() int {
			c.reachable(groups)
			groups++
			return groups - 1
		}
		wait := func(what string, done func() bool) {
			p.Helper()
			until(p.T, 60*time.Second, func() string {
				if done() {
					return ""
				}
				return what
			})
		}
		put := func(group int) {
			_, e := numbered(p.T, "dlc", group, 0)
			c.publish(e)
		}
		late := func(group int, taken bool, delay time.Duration) {
			c.fault(map[string]any{"receiver": "sms", "path": phone(group), "delayMs": delay.Milliseconds(), "taken": taken, "times": 1})
		}
		tried := func(group int) bool { // whatever the service made of it
			for _, m := range c.messages("sms") {
				if m.Path == "/sms/"+phone(group) {
					return true
				}
			}
			return false
		}
		steps := []struct {
			name  string
			state string // in which it ends
			texts int    // that the telephone has then
			kill  func(group int) (done bool)
		}{
			{"after the claim, before the mark", "delivered", 1, func(group int) bool {
				taken, release := c.next()
				<-taken
				put(group)
				// Waiters take the ledger in turn: with a turn of ours always behind the one that we give up, the process
				// writes once between two of ours, and never unseen.
				caught := false
				wait("its event is not claimed", func() bool {
					following, releaseFollowing := c.next()
					if err := release(); err != nil {
						p.Error(err)
					}
					<-following
					release = releaseFollowing
					w := c.onWire(group)
					caught = w.State == "claimed" && w.Sending == ""
					return w.State != ""
				})
				if caught {
					c.killAll(function)
				}
				if err := release(); err != nil {
					p.Error(err)
				}
				return caught
			}},
			{"after the mark, before the service took it", "dead", 0, func(group int) bool {
				late(group, false, 20*time.Second)
				put(group)
				wait("nothing was sent", func() bool { return tried(group) })
				return c.killAll(function) > 0
			}},
			{"after the service took it, before it answered", "delivered", 1, func(group int) bool {
				late(group, true, 20*time.Second)
				put(group)
				wait("nothing was sent", func() bool { return tried(group) })
				return c.killAll(function) > 0
			}},
			{"after the answer, before the record", "delivered", 1, func(group int) bool {
				late(group, true, 2*time.Second)
				put(group)
				wait("nothing was sent", func() bool { return tried(group) })
				release := c.hold()
				defer release()
				wait("the answer was not read", func() bool { return c.said(function, `"attempt"`, fmt.Sprintf(`"dlc-%d"`, group), `"delivered"`) })
				return c.killAll(function) > 0
			}},
		}
		repeats := size(1, 10)
		killed := make([][]int, len(steps))
		began := time.Now()
		for range repeats {
			for i, step := range steps {
				for done, tries := false, 0; !done; tries++ {
					// What was claimed and not marked is sent again when its lease of 45 s ends, and no later kill may meet that.
					if time.Since(began) > 20*time.Second {
						c.settled(3*time.Minute, groups)
						began = time.Now()
					}
					if tries == 20 {
						p.Fatalf("no process could be killed %s", step.name)
					}
					group := fresh()
					if done = step.kill(group); done {
						killed[i] = append(killed[i], group)
					}
				}
			}
		}
		p.figure("kills", repeats*len(steps))
		c.settled(5*time.Minute, groups)
		for i, step := range steps {
			wrong := 0
			for _, group := range killed[i] {
				w, texts := c.onWire(group), len(c.texts(group))
				if w.State != step.state || texts != step.texts || w.State == "dead" && w.Code != "SentUnknown" {
					wrong++
					p.Errorf("%s: %d texts, %+v; want %d, %s", step.name, texts, w, step.texts, step.state)
				}
			}
			p.figure(step.name, fmt.Sprintf("%d kills, each %s with %d texts on the telephone; %d otherwise", repeats, step.state, step.texts, wrong))
		}
		// Those of which nobody knows are announced, and can be replayed by hand.
		until(p.T, 60*time.Second, func() string {
			left := 0
			err := c.query("select count(*) from delivery where state = 'dead' and announced = 0", func(scan func(...any) error) error { return scan(&left) })
			if err != nil {
				return err.Error()
			}
			if left > 0 {
				return fmt.Sprintf("%d are not announced", left)
			}
			return ""
		})
		for _, group := range killed[1] {
			w := c.onWire(group)
			c.api(http.MethodPost, "/deliveries/"+w.ID+":replay", nil).must(p.T, http.StatusOK)
			wait("the replay was not sent", func() bool { return c.onWire(group).State == "delivered" })
			if n := len(c.texts(group)); n != 1 {
				p.Errorf("after the replay the telephone has %d texts, want 1", n)
			}
		}
	})
}

var andMore = regexp.MustCompile(` and (\d+) more`)

// toldIn is how many events a text message tells.
func toldIn(p *proof, m message) int {
	p.Helper()
	body, ok := m.Body.(map[string]any)
	if !ok {
		p.Fatalf("a text message is %+v", m)
	}
	text, _ := body["text"].(string)
	if n := andMore.FindStringSubmatch(text); n != nil {
		more, err := strconv.Atoi(n[1])
		if err != nil {
			p.Fatal(err)
		}
		return more + 1
	}
	return 1
}

// A number may get 50 text messages in 24 hours.
func TestHundredsOfFailuresInTenMinutesAreAHandfulOfTexts(t *testing.T) {
	t.Parallel()
	prove(t, func(p *proof) {
		failures := size(100, 500)
		speed := float64(size(20, 10))
		c := p.start(speed)
		c.setUp("nlp_train")
		c.texting()
		c.reachable(0)
		now := c.clock()
		began := now.Now()
		var published atomic.Int64
		stop := c.load(now.Real(10*time.Minute)/time.Duration(failures), func(n int) (string, json.RawMessage) {
			published.Store(int64(n))
			name := fmt.Sprintf("p0x%d", n)
			return name, event(p.T, "dlc-failed-oom", map[string]any{"id": name}, map[string]any{"displayName": name, "jobId": "dlc" + name})
		})
		until(p.T, 10*time.Minute, func() string {
			if n := published.Load(); n < int64(failures) {
				return fmt.Sprintf("%d of %d events published", n, failures)
			}
			return ""
		})
		names := stop()
		p.figure("failures", len(names))
		p.figure("within, on the clock", now.Now().Sub(began))
		states := c.settled(5*time.Minute, len(names))
		p.want("delivered", states["delivered"], len(names))
		told := 0
		texts := c.messages("sms")
		for _, m := range texts {
			if !m.Accepted {
				p.Errorf("a text was refused: %+v", m)
			}
			told += toldIn(p, m)
		}
		p.want("told", told, len(names))
		p.figure("text messages", len(texts))
		if len(texts) < 2 || len(texts) > 8 {
			p.Errorf("%d text messages", len(texts))
		}
		// What became of them is asked for, and kept.
		until(p.T, 2*time.Minute, func() string {
			left := 0
			err := c.query("select count(*) from delivery where state = 'delivered' and arrived = 0", func(scan func(...any) error) error { return scan(&left) })
			if err != nil {
				return err.Error()
			}
			if left > 0 {
				return fmt.Sprintf("of %d nobody knows when they arrived", left)
			}
			return ""
		})
	})
}
