package story

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// A fresh local cloud has the settings of SMS, voice and mail, and the contacts alice and tony.
const (
	alicePhone, aliceMail = "+8613800138000", "alice@example.com"
	tonyPhone, tonyMail   = "+8613900139000", "tony@example.com"
)

// people is a target that names contacts.
func people(id, channel string, contacts ...string) map[string]any {
	return map[string]any{"id": id, "channel": channel, "contacts": contacts}
}

// contact makes a contact with a number or a mailbox of its own.
func (c *cloud) contact(id, phone, email string) {
	c.t.Helper()
	c.api(http.MethodPost, "/contacts", map[string]any{"id": id, "name": id, "phone": phone, "email": email}).must(c.t, http.StatusCreated)
}

// body is what a phone or a mailbox got.
func (m message) body(t *testing.T) map[string]any {
	t.Helper()
	body, ok := m.Body.(map[string]any)
	if !ok {
		t.Fatalf("message %+v has no body", m)
	}
	return body
}

// closed waits until so many deliveries are there and none is open.
func (c *cloud) closed(n int) {
	c.t.Helper()
	until(c.t, 60*time.Second, func() string {
		list := c.ledger()
		if len(list) < n {
			return fmt.Sprintf("%d of %d deliveries", len(list), n)
		}
		for _, d := range list {
			if d.State == "claimed" || d.State == "waiting" {
				return fmt.Sprintf("open: %+v", d)
			}
		}
		return ""
	})
}

// The product page's own example: two contacts by SMS and two by mail are four units. One by SMS and by a call too: both.
func TestAFailedJobReachesPeopleBySMSCallAndMail(t *testing.T) {
	t.Parallel()
	c := start(t, 20)
	c.setUp("nlp_train")
	targets := []map[string]any{people("texts", "sms", "alice", "tony"), people("calls", "voice", "alice"), people("mails", "email", "alice", "tony")}
	var made struct{ Units int }
	c.api(http.MethodPost, "/workspaces/nlp_train/rules", rule("on-call", targets...)).must(t, http.StatusCreated).into(t, &made)
	if made.Units != 5 {
		t.Errorf("%d units, want 5: a contact is one each time it is named", made.Units)
	}
	sixth := append(slices.Clone(targets), c.target("room", "wecom", "ops"))
	if refused := c.api(http.MethodPut, "/workspaces/nlp_train/rules/on-call", rule("on-call", sixth...)); refused.Status != http.StatusUnprocessableEntity ||
		!strings.Contains(refused.Text, "6") {
		t.Errorf("a sixth unit: %d %s, want it refused with the count", refused.Status, refused.Text)
	}

	c.publish(failed(t, 1))
	c.closed(5)
	for path, text := range map[string]string{
		"/sms/" + alicePhone: "【PAI通知】PAI任务job-1的状态为", "/sms/" + tonyPhone: "【PAI通知】PAI job job-1: ",
		"/voice/" + alicePhone: "您好，您的PAI任务job 1，状态是", "/email/" + aliceMail: "job-1", "/email/" + tonyMail: "job-1",
	} {
		receiver, _, _ := strings.Cut(path[1:], "/")
		list := c.accepted(receiver, path)
		if len(list) != 1 {
			t.Errorf("%s got %d messages, want 1: %+v", path, len(list), c.messages(receiver))
			continue
		}
		body := list[0].body(t)
		if told := fmt.Sprint(body["text"]); !strings.Contains(told, text) {
			t.Errorf("%s was told %q, want it to say %q", path, told, text)
		}
		if inURL := fmt.Sprint(body["inURL"]); inURL != "[]" {
			t.Errorf("%s: %s stood in the URL", path, inURL)
		}
		if receiver == "email" && (!strings.Contains(fmt.Sprint(body["subject"]), "job-1") || !strings.Contains(fmt.Sprint(body["html"]), "job-1")) {
			t.Errorf("mail %+v does not tell the job in its subject and its HTML", body)
		}
	}
	for _, d := range c.ledger() {
		if d.State != "delivered" || d.Attempts != 1 {
			t.Errorf("delivery %+v, want it delivered at the first attempt", d)
		}
	}
	c.silent(alicePhone[3:], tonyPhone[3:], aliceMail, tonyMail)
}

// silent looks for what no log may hold.
func (c *cloud) silent(secrets ...string) {
	c.t.Helper()
	names, err := filepath.Glob(filepath.Join(c.data, "logs", "*"))
	if err != nil || len(names) == 0 {
		c.t.Fatalf("no logs: %v", err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			c.t.Fatal(err)
		}
		for _, secret := range secrets {
			if at := strings.Index(string(text), secret); at >= 0 {
				c.t.Errorf("%s holds %s: …%s", filepath.Base(name), secret, string(text[max(0, at-200):min(len(text), at+50)]))
			}
		}
	}
}

func TestWhatDoesNotArriveIsDeadWithTheReason(t *testing.T) {
	t.Parallel()
	c := start(t, 60)
	c.setUp("nlp_train")
	c.contact("off", "+8613800000001", "bounce@example.com")
	c.contact("listed", "", "listed@example.com")
	targets := []map[string]any{people("texts", "sms", "off"), people("calls", "voice", "off"), people("mails", "email", "off", "listed")}
	c.api(http.MethodPost, "/workspaces/nlp_train/rules", rule("grief", targets...)).must(t, http.StatusCreated)
	c.publish(failed(t, 1))
	want := map[string]string{"sms": "MOBILE_NOT_ON_SERVICE", "voice": "200010", "email": "SmtpNxBox", "email refused": "InvalidToAddress.Spam"}
	until(t, 90*time.Second, func() string {
		got := map[string]string{}
		for _, d := range c.ledger() {
			if d.State != "dead" {
				return fmt.Sprintf("not dead yet: %+v", d)
			}
			name := d.Channel
			if d.Code == "InvalidToAddress.Spam" {
				name += " refused"
			}
			got[name] = d.Code
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			return fmt.Sprintf("codes %v, want %v", got, want)
		}
		return ""
	})
	if n := len(c.messages("sms")) + len(c.messages("voice")); n != 2 {
		t.Errorf("%d texts and calls, want one of each: what failed is not sent again", n)
	}
	c.silent("13800000001", "bounce@example.com", "listed@example.com")
}

// The answer to a message that was accepted is lost: the service is asked, and knows it. One that it never got is dead.
func TestATextWhoseAnswerIsLostIsAskedForAndNeverSentTwice(t *testing.T) {
	t.Parallel()
	c := start(t, 60)
	c.setUp("nlp_train")
	c.api(http.MethodPost, "/workspaces/nlp_train/rules", rule("on-call", people("texts", "sms", "alice", "tony"))).must(t, http.StatusCreated)
	c.fault(map[string]any{"receiver": "sms", "path": alicePhone, "reset": true, "taken": true})
	c.fault(map[string]any{"receiver": "sms", "path": tonyPhone, "reset": true})
	c.publish(failed(t, 1))
	until(t, 90*time.Second, func() string {
		states := map[string]int{}
		for _, d := range c.ledger() {
			states[d.State]++
		}
		if states["delivered"] != 1 || states["dead"] != 1 {
			return fmt.Sprintf("%+v, want one delivered and one dead", c.ledger())
		}
		return ""
	})
	if n := len(c.accepted("sms", alicePhone)); n != 1 {
		t.Errorf("alice got %d texts, want 1", n)
	}
	if n := len(c.messages("sms")); n != 2 {
		t.Errorf("%d texts were sent, want one each", n)
	}
}

// What stands in for a template's variables is checked by the services: a job whose name breaks every rule of theirs must
// be told all the same.
func TestAJobWithAHostileNameIsToldByTextCallAndMail(t *testing.T) {
	t.Parallel()
	c := start(t, 60)
	c.setUp("nlp_train")
	for i, name := range []string{
		`【银行】<b>https://evil.example/x?y=1</b> _🔥→①★ 10.0.0.1 13700137000 ${name}`, "evil.com", "🔥🔥", strings.Repeat("很长的名字", 20), "a\r\nBcc: x@y.example",
		"13700137000", "___", "train_v2.py",
	} {
		// Each has a contact and a rule of its own, so that no pace puts them together.
		id := fmt.Sprintf("p%d", i)
		c.contact(id, fmt.Sprintf("+86138111111%02d", i), id+"@example.com")
		own := rule("rule-"+id, people("t", "sms", id), people("c", "voice", id), people("m", "email", id))
		own["event"] = map[string]any{"source": "dlc", "options": []string{"dlc.job.failed"},
			"scope": map[string]any{"kind": "objects", "ids": []string{"dlc-" + id}}}
		c.api(http.MethodPost, "/workspaces/nlp_train/rules", own).must(t, http.StatusCreated)
		members := map[string]any{"id": "hostile-" + id}
		if i%2 == 1 {
			members["time"] = nil
		}
		c.emit(event(t, "dlc-failed-oom", members, map[string]any{"displayName": name, "jobId": "dlc-" + id, "gmtFinishTime": nil, "finishTime": nil}))
	}
	const told = 8 * 3
	until(t, 60*time.Second, func() string {
		n := 0
		for _, receiver := range []string{"sms", "voice", "email"} {
			for _, m := range c.messages(receiver) {
				if n++; !m.Accepted {
					t.Fatalf("%s refused with %s: %+v", m.Path, m.Code, m.Body)
				}
			}
		}
		if n < told {
			return fmt.Sprintf("%d of %d messages; ledger %+v", n, told, c.ledger())
		}
		return ""
	})
}
