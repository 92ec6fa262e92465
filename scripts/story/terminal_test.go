package story

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestAPersonAtATerminalRunsThemAll(t *testing.T) {
	t.Parallel()
	c := start(t, 20)
	w := c.tool()
	wantIn(t, w.run(3, "setup", "-w", "nlp_train"), "activation", "needed", "activate")
	w.run(2, "setup", "-w", "nlp_train", "--activate")
	until(t, 60*time.Second, func() string {
		if text := w.try("setup", "-w", "nlp_train", "--apply", "--activate", "-o", "json"); !strings.Contains(text, `"done"`) || w.code != 0 {
			return text
		}
		return ""
	})
	spoilt := c.target("ops", "dingtalk", "spoilt")
	spoilt["settings"].(map[string]any)["secret"] = "SEC-of-another-robot"
	c.makeRule(rule("spoilt", spoilt))
	c.makeRule(rule("nightly", c.target("ops", "lark", "ops")))

	// A target that works, and one that does not.
	wantIn(t, w.run(0, "test", "nlp_train", "nightly", "ops"), "taken")
	wantIn(t, w.run(3, "test", "nlp_train", "spoilt", "ops"), "not taken", "310000", "signing key")

	// An event, and what became of it.
	w.env = append(w.env, "ALIBABA_CLOUD_ACCESS_KEY_ID=LTAI-local", "ALIBABA_CLOUD_ACCESS_KEY_SECRET=local-secret", "EVENTBRIDGE_ENDPOINT="+c.Cloud)
	w.write("event.json", string(failed(t, 1)))
	wantIn(t, w.run(0, "events", "send", "-w", "nlp_train", "--region", "cn-hangzhou", "event.json"), "1 event sent")
	until(t, 60*time.Second, func() string {
		if text := w.run(0, "deliveries", "list", "-w", "nlp_train"); !strings.Contains(text, "dead") || !strings.Contains(text, "delivered") {
			return text
		}
		return ""
	})
	wantIn(t, w.run(0, "rules", "try", "-w", "nlp_train", "--event", "event.json"), "nlp_train", "nightly", "yes")
	var dead []struct{ ID string }
	if err := json.Unmarshal([]byte(w.run(0, "deliveries", "list", "--state", "dead", "--from", "7d", "-o", "json")), &dead); err != nil || len(dead) != 1 {
		t.Fatalf("dead: %v, %v", dead, err)
	}
	wantIn(t, w.run(0, "deliveries", "show", dead[0].ID), "misconfigured", "310000", "secret")
	wantIn(t, w.run(2, "deliveries", "replay"), "which ones?")
	wantIn(t, w.run(0, "deliveries", "replay", "--rule", "spoilt"), "replay", "1")
	wantIn(t, w.run(1, "deliveries", "cancel", dead[0].ID, "no-such-delivery"), "cancel")
	wantIn(t, w.run(0, "deliveries", "tail", "--for", "1ms"), "")

	// Contacts, keys and settings.
	w.write("people.csv", "id,name,email\nbob,Bob,bob@example.com\n")
	wantIn(t, w.run(0, "contacts", "import", "--dry-run", "people.csv"), "Nothing was changed.")
	w.run(0, "contacts", "import", "people.csv")
	wantIn(t, w.run(0, "contacts", "list"), "bob@example.com")
	wantIn(t, w.run(0, "contacts", "export"), "bob@example.com")
	w.write("wrong.csv", "id,name,email\nbob,Bob,nowhere\n")
	wantIn(t, w.run(2, "contacts", "import", "wrong.csv"), "line[2].email")
	var made struct{ ID, Key string }
	if err := json.Unmarshal([]byte(w.run(0, "keys", "make", "pipeline", "--role", "viewer", "-w", "nlp_train", "-o", "json")), &made); err != nil {
		t.Fatal(err)
	}
	wantIn(t, w.run(0, "keys", "list"), "pipeline", "viewer")
	admin := w.env[1]
	w.write("key", made.Key+"\n")
	w.env[1] = "PAI_NOTIFY_KEY="
	wantIn(t, w.run(0, "--key-file", "key", "rules", "export"), "name: nightly")
	wantIn(t, w.run(4, "--key-file", "key", "settings", "set", "paused=true"), "403")
	wantIn(t, w.run(2, "rules", "export"), "no key")
	w.env[1] = admin
	ask(t, http.MethodPost, c.API+"/api/v1/session", nil, "Authorization", "Bearer "+made.Key).must(t, http.StatusOK)
	wantIn(t, w.run(0, "sessions", "list"), made.ID, "pipeline", "session")
	wantIn(t, w.run(0, "sessions", "end", made.ID), "1 session of "+made.ID)
	if text := w.run(0, "sessions", "list"); strings.Contains(text, made.ID) {
		t.Errorf("a session that was ended is listed: %s", text)
	}
	w.run(0, "keys", "revoke", made.ID)
	wantIn(t, w.run(4, "--key-file", "key", "rules", "export"), "401")
	wantIn(t, w.run(0, "settings", "set", "paused=true"), "paused: true")
	wantIn(t, w.run(0, "settings", "show", "-o", "json"), `"paused": true`)
	c.api(http.MethodGet, "/deliveries/summary", nil).must(t, http.StatusOK)
	wantIn(t, w.run(2, "no-such-command"), "unknown command")
	wantIn(t, w.run(0, "completion", "bash"), "notifyctl")
	wantIn(t, w.run(0, "--help"), "Exit codes")
}
