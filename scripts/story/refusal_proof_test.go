package story

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"
)

// listed is a row of a channel's codes.json, as far as a receiver's answer goes.
type listed struct{ Signal, Code, Match, Class string }

func listedCodes(t *testing.T, channel string) (rows []listed) {
	t.Helper()
	text, err := os.ReadFile(root + "/shared/channel/" + channel + "/codes.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &rows); err != nil {
		t.Fatal(err)
	}
	return rows
}

// refused is one way in which a receiver answers.
type refused struct {
	name     string
	fault    map[string]any
	settings func(c *cloud, channel, token string) map[string]any // where the receiver is another one
	class    string
	success  bool // the answer positively says that the message was accepted
}

// refusals are all ways of a channel's receiver that the product promises to tell apart.
func refusals(t *testing.T, channel string, silent, closedPort string) (list []refused) {
	t.Helper()
	robot := channel != "webhook"
	other := func(webhook, robot string) string {
		if channel == "webhook" {
			return webhook
		}
		return robot
	}
	add := func(name, class string, fault map[string]any) {
		list = append(list, refused{name: name, fault: fault, class: class, success: class == "delivered"})
	}
	page := "<html><body>502 Bad Gateway</body></html>"
	add("429 with Retry-After", "throttled", map[string]any{"status": 429, "headers": map[string]string{"Retry-After": "90"}, "body": "slow"})
	add("429 without Retry-After", "throttled", map[string]any{"status": 429, "body": "slow"})
	add("500", "unavailable", map[string]any{"status": 500, "body": "oops"})
	add("502 with a page", "unavailable", map[string]any{"status": 502, "body": page})
	add("no answer in time", "uncertain", map[string]any{"delayMs": 60_000})
	add("reset before an answer", "uncertain", map[string]any{"reset": true})
	add("reset within the answer", "uncertain", map[string]any{"reset": true, "status": 200, "body": `{"errcode":0,"code":0`})
	if !robot { // the status alone decides, and it came
		list[len(list)-1].class, list[len(list)-1].success = "delivered", true
	}
	add("302", "misconfigured", map[string]any{"status": 302, "headers": map[string]string{"Location": "http://127.0.0.1:1/"}, "body": "moved"})
	add("200 with a page", other("delivered", "unknown"), map[string]any{"status": 200, "body": page})
	add("200 with nothing", other("delivered", "unknown"), map[string]any{"status": 200, "headers": map[string]string{"X-Empty": "1"}})
	at := func(base string) func(*cloud, string, string) map[string]any {
		return func(c *cloud, channel, token string) map[string]any {
			there := *c
			there.Inbox = base
			return there.target(token, channel, token)
		}
	}
	list = append(list,
		refused{name: "no answer in time, before the request was written", class: "unavailable", settings: at("https://" + silent)},
		refused{name: "nobody listens", class: "unavailable", settings: at("http://" + closedPort)})
	signal := map[string]string{"dingtalk": "errcode", "wecom": "errcode", "lark": "code", "webhook": ""}[channel]
	said := func(code, text string) string {
		body := map[string]any{signal: json.Number(code), "errmsg": text, "msg": text}
		encoded, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		return string(encoded)
	}
	for _, row := range listedCodes(t, channel) {
		status, text := 200, strings.Split(row.Match, "|")[0]
		name := strings.TrimSpace(row.Code + " " + text)
		switch {
		case row.Signal == "http" && robot, strings.Contains(row.Code, "xx") && row.Code != "4xx", row.Signal == "break":
			continue // what a status means to a robot is above
		case row.Signal == "http":
			if _, err := fmt.Sscan(strings.ReplaceAll(row.Code, "xx", "18"), &status); err != nil {
				t.Fatal(err)
			}
			add("HTTP "+name, row.Class, map[string]any{"status": status, "body": "no"})
		case row.Code == "*":
			add("987654 "+text, row.Class, map[string]any{"status": status, "body": said("987654", text)})
		default:
			add(name, row.Class, map[string]any{"status": status, "body": said(row.Code, text)})
		}
	}
	return list
}

// Every way to be refused, by every channel, through the whole road.
func TestEveryRefusalIsClassedTriedAndEndedAsItsCauseDemands(t *testing.T) {
	t.Parallel()
	prove(t, func(p *proof) {
		// Somebody who takes connections and never says a word, and a port where nobody is.
		quiet, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			p.Fatal(err)
		}
		defer quiet.Close()
		gone, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			p.Fatal(err)
		}
		gone.Close()
		silent, nobody := quiet.Addr().String(), gone.Addr().String()
		c := p.start(120, "ALLOW_RECEIVERS="+silent+","+nobody)
		c.setUp("nlp_train")
		type row struct {
			refused
			channel, token string
		}
		rows := map[string]row{}
		for _, channel := range []string{"dingtalk", "wecom", "lark", "webhook"} {
			source, option := "dlc", "dlc.job.failed"
			if channel == "webhook" {
				source, option = "model", "model.version.approved"
			}
			var targets []map[string]any
			for i, r := range refusals(p.T, channel, silent, nobody) {
				token := fmt.Sprintf("%s%03d", channel, i)
				target := c.target(token, channel, token)
				if r.settings != nil {
					target = r.settings(c, channel, token)
				} else {
					r.fault["receiver"], r.fault["path"], r.fault["times"] = channel, token, 2
					if r.class == "misconfigured" || r.class == "rejected" || r.class == "unknown" {
						r.fault["times"] = -1
					}
					c.fault(r.fault)
				}
				rows[token] = row{r, channel, token}
				targets = append(targets, target)
			}
			for i := 0; i < len(targets); i += 5 {
				c.makeRule(map[string]any{
					"name": fmt.Sprintf("%s-%d", channel, i), "enabled": true, "targets": targets[i:min(i+5, len(targets))],
					"event": map[string]any{"source": source, "options": []string{option}, "scope": map[string]any{"kind": "allInWorkspace"}},
				})
			}
		}
		p.figure("channels × ways", len(rows))
		_, job := numbered(p.T, "dlc", 1, 1)
		_, model := numbered(p.T, "model", 1, 1)
		c.publish(job)
		c.publish(model)
		// All that can end has ended; the two receivers that never are there are tried on.
		until(p.T, 4*time.Minute, func() string {
			open, all := "", c.ledger()
			for _, d := range all {
				never := rows[d.Target].settings != nil
				if r := rows[d.Target]; never && d.Tries < 2 || !never && (d.State == "claimed" || d.State == "waiting") {
					open = fmt.Sprintf("%s (%s) is %s after %d attempts", r.name, d.Target, d.State, d.Attempts)
				}
			}
			if len(all) < len(rows) {
				return fmt.Sprintf("%d of %d deliveries entered", len(all), len(rows))
			}
			return open
		})
		first := c.firstAttempts()
		told := map[string]int{}
		for _, m := range c.messages("") {
			if m.Accepted {
				for token := range rows {
					if strings.Contains(m.Path, token) {
						told[token]++
					}
				}
			}
		}
		wrong, sent := 0, 0
		for _, d := range c.ledger() {
			r := rows[d.Target]
			a := first[d.Target]
			state := map[string]string{"misconfigured": "dead", "rejected": "dead", "unknown": "dead"}[r.class]
			if state == "" {
				state = "delivered"
			}
			attempts := map[string]int{"misconfigured": 1, "rejected": 1, "unknown": 3, "delivered": 1}[r.class]
			if attempts == 0 {
				attempts = 3 // refused twice
			}
			if r.settings != nil {
				state, attempts = "waiting", d.Attempts
				if d.Tries >= 2 && d.State != "delivered" {
					state = d.State // it may be tried again at this moment, or have been given up after a day of the clock
				}
			}
			deliveredBy := 0
			if state == "delivered" && !r.success {
				deliveredBy = 1
			}
			advised := r.class == "delivered" || c.advised(d.Channel, d.Target)
			ok := a.Class == r.class && d.State == state && d.Attempts == attempts && told[d.Target] == deliveredBy && (state != "dead" || advised)
			p.Logf("| %s | %s | %s | %d | %s | %s |", r.channel, r.name, a.Class, d.Attempts, d.State, a.Code)
			if !ok {
				wrong++
				p.Errorf("%s: %s: class %s, %d attempts, %s, %d accepted, advice %v; want class %s, %d attempts, %s, %d accepted",
					r.channel, r.name, a.Class, d.Attempts, d.State, told[d.Target], advised, r.class, attempts, state, deliveredBy)
			}
			if d.State == "delivered" && told[d.Target] == 0 && !r.success {
				sent++
			}
		}
		p.want("classed, tried or ended otherwise than promised", wrong, 0)
		p.want("refusals counted as sent", sent, 0)
	})
}

// tried is the first attempt of a delivery.
type tried struct{ Class, Code string }

func (c *cloud) firstAttempts() map[string]tried {
	c.t.Helper()
	found := map[string]tried{}
	err := c.query("select target, attempt.class, attempt.code from attempt join delivery on delivery.id = attempt.delivery where n = 1",
		func(scan func(...any) error) error {
			var target string
			var t tried
			err := scan(&target, &t.Class, &t.Code)
			found[target] = t
			return err
		})
	if err != nil {
		c.t.Fatal(err)
	}
	return found
}

// advised is whether the log says what to do about a dead delivery to a target.
func (c *cloud) advised(channel, target string) bool {
	c.t.Helper()
	return c.said("deliver-"+channel, `"msg":"dead"`, `"target":"`+target+`"`, `"advice":"`) &&
		!c.said("deliver-"+channel, `"msg":"dead"`, `"target":"`+target+`"`, `"advice":""`)
}
