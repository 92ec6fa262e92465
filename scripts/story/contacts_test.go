package story

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// textable fills in what text messages need, where nobody has.
func (c *cloud) textable() {
	c.t.Helper()
	var settings map[string]any
	c.api(http.MethodGet, "/settings", nil).must(c.t, http.StatusOK).into(c.t, &settings)
	channels, _ := settings["channels"].(map[string]any)
	if channels == nil {
		channels = map[string]any{}
	}
	channels["sms"] = map[string]any{"signName": "PAI通知", "templateZh": "SMS_190000001", "templateEn": "SMS_190000002"}
	settings["channels"] = channels
	c.api(http.MethodPut, "/settings", settings).must(c.t, http.StatusOK)
}

// texted waits until a phone has got a text with some words, and gives how many texts it has.
func (c *cloud) texted(number, words string) int {
	c.t.Helper()
	found := 0
	until(c.t, 60*time.Second, func() string {
		list := c.accepted("sms", number)
		found = len(list)
		for _, m := range list {
			if strings.Contains(fmt.Sprint(m.Body), words) {
				return ""
			}
		}
		return fmt.Sprintf("%s got %d texts, none with %q", number, found, words)
	})
	return found
}

// A contact's life: it comes from a file, is tested, told by rules, gets another number, and goes.
func TestContactsAreReachedWhereTheyAreNow(t *testing.T) {
	t.Parallel()
	c := start(t, 60)
	c.setUp("nlp_train")
	c.textable()
	const first, second, nils = "+8613800000101", "+8613800000102", "+8613800000103"

	file := "name,phone,note\nMara,138 0000 0101,night shift\nNils,13800000103,=1+1\nBroken,12,\n"
	refused := c.api(http.MethodPost, "/contacts:import", file, "Content-Type", "text/csv").must(t, http.StatusUnprocessableEntity)
	if !strings.Contains(refused.Text, "line[4].phone") {
		t.Errorf("a file with a faulty line: %s", refused.Text)
	}
	c.api(http.MethodPost, "/contacts:import?partial=true", file, "Content-Type", "text/csv").must(t, http.StatusOK)

	// A test message, which says what it is; the next within five minutes waits.
	var came diagnosis
	c.api(http.MethodPost, "/contacts/mara:test", map[string]any{"channel": "sms", "language": "en"}).must(t, http.StatusOK).into(t, &came)
	if !came.OK {
		t.Errorf("the test came to %+v", came)
	}
	c.texted(first, "test")

	rules := "/workspaces/nlp_train/rules"
	target := func(contacts ...string) map[string]any {
		return map[string]any{"id": "texts", "channel": "sms", "contacts": contacts, "language": "en"}
	}
	c.api(http.MethodPost, rules, rule("texts", target("mara", "nobody"))).must(t, http.StatusUnprocessableEntity)
	var made struct{ Units int }
	c.api(http.MethodPost, rules, rule("texts", target("mara", "nils"))).must(t, http.StatusCreated).into(t, &made)
	if made.Units != 2 {
		t.Errorf("%d units, want 2", made.Units)
	}
	pointed := c.api(http.MethodPost, "/connectivity", map[string]any{"workspace": "nlp_train", "rule": "texts", "target": "texts"})
	if pointed.Status != http.StatusUnprocessableEntity || !strings.Contains(pointed.Text, "/contacts/mara:test") {
		t.Errorf("connectivity of a target with contacts: %d %s", pointed.Status, pointed.Text)
	}
	c.publish(failed(t, 1))
	c.texted(first, "job-1")
	c.texted(nils, "job-1")

	// Another number holds from the next delivery on, without a word in the rule.
	c.api(http.MethodPut, "/contacts/mara", map[string]any{"name": "Mara", "phone": second}).must(t, http.StatusOK)
	before := len(c.accepted("sms", first))
	c.publish(failed(t, 2))
	c.texted(second, "job-2")
	c.texted(nils, "job-2")
	if after := len(c.accepted("sms", first)); after != before {
		t.Errorf("the old number got %d texts more", after-before)
	}

	// Deleting one that a rule names asks first.
	inUse := c.api(http.MethodDelete, "/contacts/mara", nil).must(t, http.StatusConflict)
	if !strings.Contains(inUse.Text, `{"workspace":"nlp_train","rule":"texts","target":"texts"}`) {
		t.Errorf("in use: %s", inUse.Text)
	}
	c.removed("mara", "contactRemoved")
	c.removed("nils", "disabled")
	var left struct{ Enabled bool }
	c.api(http.MethodGet, rules+"/texts", nil).must(t, http.StatusOK).into(t, &left)
	if left.Enabled {
		t.Error("a rule that reaches nobody is enabled")
	}
	c.api(http.MethodPost, rules+"/texts:enable", nil).must(t, http.StatusUnprocessableEntity)
	c.silent(first[3:], second[3:], nils[3:])
}

// removed deletes a contact by force and wants this to be done to its only rule.
func (c *cloud) removed(id, done string) {
	c.t.Helper()
	var answer struct{ Rules []struct{ Rule, Done string } }
	c.api(http.MethodDelete, "/contacts/"+id+"?force=true", nil).must(c.t, http.StatusOK).into(c.t, &answer)
	if len(answer.Rules) != 1 || answer.Rules[0].Done != done {
		c.t.Errorf("deleting %s did %+v, want %s", id, answer.Rules, done)
	}
}
