package story

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// fate is what the API tells of a delivery's end.
type fate struct {
	ID, Target, Contact, State, Code, Receipt string
	Arrived                                   time.Time
	Advice                                    map[string]string
	Attempts                                  int
}

// fates are the deliveries of a rule by target and contact.
func (c *cloud) fates(rule string) map[string]fate {
	c.t.Helper()
	var list struct{ Items []fate }
	c.api(http.MethodGet, "/deliveries?limit=100&rule="+rule, nil).must(c.t, http.StatusOK).into(c.t, &list)
	byName := map[string]fate{}
	for _, f := range list.Items {
		byName[f.Target+" "+f.Contact] = f
	}
	return byName
}

// ended says what a delivery became: its state, with its code where that is not delivered, and whether it arrived.
func (f fate) ended() string {
	switch {
	case f.State != "delivered":
		return strings.TrimSpace(f.State + " " + f.Code)
	case f.Arrived.IsZero():
		return "delivered"
	}
	return "arrived"
}

// waitFor waits until every delivery of a rule has become what is wanted of it.
func (c *cloud) waitFor(rule string, want map[string]string) map[string]fate {
	c.t.Helper()
	var got map[string]fate
	until(c.t, 90*time.Second, func() string {
		got = c.fates(rule)
		for name, want := range want {
			if is := got[name].ended(); is != want {
				return fmt.Sprintf("%s is %q, want %q: %+v", name, is, want, got[name])
			}
		}
		if len(got) != len(want) {
			return fmt.Sprintf("%d deliveries, want %d: %+v", len(got), len(want), got)
		}
		return ""
	})
	for name, f := range got {
		if f.State == "dead" && (f.Advice["en"] == "" || f.Advice["zh"] == "") {
			c.t.Errorf("%s is dead without advice: %+v", name, f)
		}
	}
	return got
}

// A call wakes people, so it is made of a failing outcome unless its target asks for all, and never twice: what became of
// it is asked for, and where the answer to it is lost nobody can ask.
func TestACallIsMadeOfAFailureOnceAndItsFateIsAskedFor(t *testing.T) {
	t.Parallel()
	c := start(t, 60)
	c.setUp("nlp_train")
	c.contact("busy", "+8613800000004", "")
	c.contact("cut", "+8613800000006", "")
	c.contact("lost", "+8613811112222", "")
	c.fault(map[string]any{"receiver": "voice", "path": "+8613811112222", "reset": true, "taken": true})
	every := people("all", "voice", "tony")
	every["settings"] = map[string]any{"outcomes": "all"}
	calls := rule("calls", people("failing", "voice", "alice", "busy", "cut", "lost"), every)
	c.api(http.MethodPost, "/workspaces/nlp_train/rules", calls).must(t, http.StatusCreated)
	good := rule("good", people("failing", "voice", "alice"), every)
	good["event"] = map[string]any{"source": "dlc", "options": []string{"dlc.job.succeededReserving"}, "scope": map[string]any{"kind": "allInWorkspace"}}
	c.api(http.MethodPost, "/workspaces/nlp_train/rules", good).must(t, http.StatusCreated)

	c.publish(event(t, "dlc-succeeded-reserving", map[string]any{"id": "good"}, map[string]any{"displayName": "job-good"}))
	c.waitFor("good", map[string]string{"failing alice": "cancelled NotFailing", "all tony": "arrived"})
	if list := c.accepted("voice", alicePhone); len(list) != 0 {
		t.Errorf("alice was called of a success: %+v", list)
	}
	if list := c.accepted("voice", tonyPhone); len(list) != 1 || !strings.Contains(fmt.Sprint(list[0].body(t)["text"]), "good") {
		t.Errorf("tony, who wants all, was called %d times of a success: %+v", len(list), list)
	}

	c.publish(failed(t, 1))
	got := c.waitFor("calls", map[string]string{
		"failing alice": "arrived", "failing cut": "arrived", "failing busy": "dead 200002", "failing lost": "dead SentUnknown", "all tony": "arrived",
	})
	if f := got["failing lost"]; f.Receipt != "" || got["failing alice"].Receipt == "" {
		t.Errorf("receipts: of a lost answer %q, of a call %q", f.Receipt, got["failing alice"].Receipt)
	}
	for phone, calls := range map[string]int{alicePhone: 1, tonyPhone: 2, "+8613800000004": 1, "+8613800000006": 1, "+8613811112222": 1} {
		if n := len(c.accepted("voice", phone)); n != calls {
			t.Errorf("%s was called %d times, want %d", phone, n, calls)
		}
	}
	c.silent(alicePhone[3:], tonyPhone[3:], "13811112222", "13800000004")
}

// receipt is DirectMail's event of what became of a mail.
func receipt(t *testing.T, id, from, mail, kind string) json.RawMessage {
	t.Helper()
	text, err := json.Marshal(map[string]any{
		"id": id, "source": "acs.dm", "type": kind, "specversion": "1.0", "time": "2026-11-25T10:00:00+08:00", "datacontenttype": "application/json",
		"data": map[string]any{"env_id": mail, "account": from, "from": from, "rcpt": aliceMail, "err_code": "550", "err_msg": "550 forged", "failed_type": "SmtpForged"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// A mail has a page and a text, and what its service reports on the default bus decides: 250 has arrived, 5xx is dead with
// the server's words. Reports about others' mail, and about mail that nobody sent, leave nothing behind.
func TestAMailHasTwoPartsAndItsReceiptsSayWhatBecameOfIt(t *testing.T) {
	t.Parallel()
	c := start(t, 20)
	c.setUp("nlp_train")
	for _, id := range []string{"bounce", "spam", "silent"} {
		c.contact(id, "", id+"@example.com")
	}
	c.api(http.MethodPost, "/workspaces/nlp_train/rules", rule("mails", people("m", "email", "alice", "tony", "bounce", "spam", "silent"))).must(t, http.StatusCreated)
	c.publish(event(t, "dlc-failed-oom", map[string]any{"id": "mail-1"}, map[string]any{"displayName": "<b>job</b> & co"}))
	want := map[string]string{"m alice": "arrived", "m tony": "arrived", "m bounce": "dead SmtpNxBox", "m spam": "dead SmtpSpam", "m silent": "delivered"}
	got := c.waitFor("mails", want)

	mails := c.accepted("email", "/email/"+aliceMail)
	if len(mails) != 1 {
		t.Fatalf("alice got %d mails, want 1", len(mails))
	}
	body := mails[0].body(t)
	html, text, subject := fmt.Sprint(body["html"]), fmt.Sprint(body["text"]), fmt.Sprint(body["subject"])
	if !strings.Contains(html, "<table") || !strings.Contains(html, "&lt;b&gt;job&lt;/b&gt; &amp; co") || strings.Contains(html, "<b>job") {
		t.Errorf("the page has no table or the name is not escaped: %s", html)
	}
	if !strings.Contains(text, "<b>job</b> & co") || strings.Contains(text, "&lt;") || strings.Contains(text, "<table") {
		t.Errorf("the text is no plain text: %s", text)
	}
	if !strings.Contains(subject, "job") || utf8.RuneCountInString(subject) > 100 || body["envId"] != got["m alice"].Receipt {
		t.Errorf("subject %q, id %v, kept as %q", subject, body["envId"], got["m alice"].Receipt)
	}
	var bounced struct {
		History []struct{ Class, Code, Text string }
	}
	c.api(http.MethodGet, "/deliveries/"+got["m bounce"].ID, nil).must(t, http.StatusOK).into(t, &bounced)
	if n := len(bounced.History); n != 2 || bounced.History[0].Class != "delivered" || !strings.Contains(bounced.History[1].Text, "554 RCPT") {
		t.Errorf("what is told of the bounced mail: %+v", bounced.History)
	}

	// Only the last is about a mail of ours whose fate is open.
	from := fmt.Sprint(body["from"])
	rows := len(c.ledger())
	for _, e := range []json.RawMessage{
		receipt(t, "forged-1", "billing@example.net", got["m silent"].Receipt, "dm:Deliver:Fail"),
		receipt(t, "forged-2", from, "600000000000000000", "dm:Deliver:Fail"),
		receipt(t, "again", from, got["m bounce"].Receipt, "dm:Deliver:Fail"),
		receipt(t, "late", from, got["m silent"].Receipt, "dm:Deliver:Succeed"),
	} {
		ask(t, http.MethodPost, c.Cloud+"/local/events?bus=default", string(e)).must(t, http.StatusAccepted)
	}
	want["m silent"] = "arrived"
	until(t, 60*time.Second, func() string {
		if n := c.counts().Pending; n > 0 {
			return fmt.Sprintf("%d pushes are pending", n)
		}
		return ""
	})
	c.waitFor("mails", want)
	if n := len(c.ledger()); n != rows {
		t.Errorf("%d rows after foreign receipts, want %d", n, rows)
	}
	c.silent(aliceMail, tonyMail, "bounce@example.com", "spam@example.com")
}
