package story

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"pai-notify/scripts/localcloud/publish"
)

// listed is a row of a channel's codes.json, as far as a receiver's answer goes.
type listed struct{ Signal, Code, Match, Class, After string }

func listedCodes(t *testing.T, file string) (rows []listed) {
	t.Helper()
	text, err := os.ReadFile(root + "/shared/channel/" + file)
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
	success  bool          // the answer positively says that the message was accepted
	taken    bool          // of a service: it accepted the message, whatever it answered
	closed   time.Duration // of a service: how long it wants to be left alone
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
	for _, row := range listedCodes(t, channel+"/codes.json") {
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
		for _, workspace := range refusing {
			c.setUp(workspace)
		}
		rows := map[string]way{}
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
				rows[token] = way{r, channel, token}
				targets = append(targets, target)
			}
			c.ruleAll(channel, source, option, targets)
		}
		contacts := "id,name,phone,email\n"
		people := map[string][]map[string]any{}
		for _, channel := range services {
			for i, r := range serviceRefusals(p.T, channel) {
				id := fmt.Sprintf("%s%03d", channel, i)
				line, path := person(channel, id, i)
				contacts += line
				if r.fault != nil {
					r.fault["receiver"], r.fault["path"], r.fault["times"] = channel, path, r.times(channel)
					c.fault(r.fault)
				}
				rows[id] = way{r, channel, path}
				people[channel] = append(people[channel], map[string]any{"id": id, "channel": channel, "contacts": []string{id}, "language": "en"})
			}
		}
		c.api(http.MethodPost, "/contacts:import", contacts, "Content-Type", "text/csv").must(p.T, http.StatusOK)
		for _, channel := range services {
			c.ruleAll(channel, "dlc", "dlc.job.failed", people[channel])
		}
		p.figure("channels × ways", len(rows))
		_, job := numbered(p.T, "dlc", 1, 1)
		_, model := numbered(p.T, "model", 1, 1)
		for _, workspace := range refusing {
			for _, e := range []json.RawMessage{job, model} {
				if err := publish.Put(context.Background(), c.Cloud, "pai-system-"+workspace, e); err != nil {
					p.Fatal(err)
				}
			}
		}
		// All that can end in minutes of the clock has ended; the two receivers that never are there are tried on.
		until(p.T, 4*time.Minute, func() string {
			open, all := "", c.ledger()
			for _, d := range all {
				r := rows[d.Target]
				if d.State != "claimed" && d.State != "waiting" || r.settings != nil && d.Tries >= 2 || r.patient() && d.Tries >= 1 {
					continue
				}
				open = fmt.Sprintf("%s (%s) is %s after %d attempts", r.name, d.Target, d.State, d.Attempts)
			}
			if len(all) < len(rows) {
				return fmt.Sprintf("%d of %d deliveries entered", len(all), len(rows))
			}
			return open
		})
		first, asked, told := c.firstAttempts(), map[string]int{}, map[string]int{}
		for _, m := range c.messages("") {
			for token, r := range rows {
				if strings.Contains(m.Path, r.path) {
					asked[token]++
					if m.Accepted {
						told[token]++
					}
				}
			}
		}
		advised := c.advised()
		wrong, sent, twice := 0, 0, 0
		for _, d := range c.ledger() {
			r := rows[d.Target]
			a := first[d.Target]
			p.Logf("| %s | %s | %s | %d | %s | %s |", r.channel, r.name, a.Class, d.Attempts, d.State, a.Code)
			want, got := r.end(r.channel), ending{d.State, "", d.Attempts, told[d.Target]}
			if slices.Contains(services, r.channel) {
				got.tries = asked[d.Target]
			}
			if want.code != "" {
				got.code = d.Code
			}
			if d.State != "delivered" && (r.settings != nil && d.Tries >= 2 || r.patient()) {
				want = got // it may be tried again at this moment, or have been given up after a day of the clock
			}
			if a.Class != r.class || got != want || got.state == "dead" && !advised[d.Target] {
				wrong++
				p.Errorf("%s: %s: class %s, %+v, advice %v; want class %s, %+v", r.channel, r.name, a.Class, got, advised[d.Target], r.class, want)
			}
			if d.State == "delivered" && told[d.Target] == 0 && !r.success {
				sent++
			}
			if once(r.channel) && told[d.Target] > 1 {
				twice++
			}
		}
		p.want("classed, tried or ended otherwise than promised", wrong, 0)
		p.want("refusals counted as sent", sent, 0)
		p.want("texts and calls sent twice", twice, 0)
		p.want("tried sooner than a service wants", c.hasty(rows), 0)
		p.want("logs and rows that tell a number or an address", c.telling(rows), 0)
	})
}

// way is a way to be refused of one receiver.
type way struct {
	refused
	channel string
	path    string // of its requests at the inbox holds this
}

// patient is whether it wants to be left alone for longer than the proof watches.
func (w way) patient() bool { return w.closed >= 30*time.Minute }

// refusing are workspaces that take turns in having the rules: EventBridge allows 50 on a bus, of 5 targets each.
var refusing = []string{"nlp_train", "cv_lab"}

// ruleAll makes rules for targets, as many in each as may be.
func (c *cloud) ruleAll(name, source, option string, targets []map[string]any) {
	c.t.Helper()
	for i := 0; i < len(targets); i += 5 {
		c.api(http.MethodPost, "/workspaces/"+refusing[i/5%len(refusing)]+"/rules", map[string]any{
			"name": fmt.Sprintf("%s-%d", name, i), "enabled": true, "targets": targets[i:min(i+5, len(targets))],
			"event": map[string]any{"source": source, "options": []string{option}, "scope": map[string]any{"kind": "allInWorkspace"}},
		}).must(c.t, http.StatusCreated)
	}
}

// ending is what has become of a delivery at last.
type ending struct {
	state, code     string // the code where it matters
	tries, accepted int    // how often its receiver was asked to take it, and did
}

// end is how it must end, over a channel whose receiver answers so.
func (r refused) end(channel string) ending {
	took := map[bool]int{true: 1}[r.taken]
	switch unclear := r.class == "uncertain" || r.class == "unknown"; {
	case r.success && slices.Contains(services, channel):
		return ending{"delivered", "", 1, 1}
	case r.success:
		return ending{"delivered", "", 1, 0}
	case r.class == "misconfigured", r.class == "rejected":
		return ending{"dead", "", 1, 0}
	case unclear && channel == "sms" && r.taken: // its service was asked, and knew
		return ending{"delivered", "", 1, 1}
	case unclear && once(channel):
		return ending{"dead", "SentUnknown", 1, took}
	case r.class == "unknown":
		return ending{"dead", "", 3, 0}
	}
	return ending{"delivered", "", 3, 1 + 2*took} // refused, or so it seemed, twice
}
