package story

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestNoSecretIsWrittenAnywhere(t *testing.T) {
	t.Parallel()
	c := start(t, 60)
	c.setUp("nlp_train")
	const planted = "Pl4nt3dT0kenXYZ"
	targets := []map[string]any{c.target("d", "dingtalk", planted+"D"), c.target("w", "wecom", planted+"W"), c.target("l", "lark", planted+"L")}
	saved := c.api(http.MethodPost, "/workspaces/nlp_train/rules", rule("ops-room", targets...)).must(t, http.StatusCreated)
	hook := c.target("h", "webhook", planted+"H")
	hook["settings"].(map[string]any)["secret"] = "whsec_" + planted + strings.Repeat("A", 28) + "="
	said := saved.Text + c.api(http.MethodPost, "/workspaces/nlp_train/rules", grouped("model", 1, hook)).must(t, http.StatusCreated).Text
	said += c.api(http.MethodGet, "/workspaces/nlp_train/rules/ops-room", nil).must(t, http.StatusOK).Text
	said += c.api(http.MethodGet, "/workspaces/nlp_train/rules", nil).must(t, http.StatusOK).Text
	// Every way to fail, so that every error is written somewhere: refused, broken off, timed out, dead.
	c.fault(map[string]any{"receiver": "dingtalk", "path": planted, "code": "310000", "times": 1})
	c.fault(map[string]any{"receiver": "wecom", "path": planted, "reset": true, "times": 1})
	c.fault(map[string]any{"receiver": "lark", "path": planted, "status": 200, "body": "echo " + planted + "L", "times": -1})
	c.fault(map[string]any{"receiver": "webhook", "path": planted, "status": 400, "body": "echo " + planted + "H", "times": -1})
	for i := range 3 {
		c.publish(failed(t, i))
	}
	model, approved := numbered(t, "model", 1, 1)
	c.publish(approved)
	for _, target := range append(slices.Clone(targets), hook) {
		bad := c.target("x", target["channel"].(string), planted+"X")
		address := "webhook"
		if target["channel"] == "webhook" {
			address = "url"
		}
		bad["settings"].(map[string]any)[address] = "http://user:" + planted + "@127.0.0.1:1/" + planted
		said += c.api(http.MethodPost, "/connectivity", map[string]any{"channel": bad["channel"], "settings": bad["settings"]}).Text
		said += c.api(http.MethodPost, "/connectivity", map[string]any{"channel": target["channel"], "settings": target["settings"]}).Text
		said += c.api(http.MethodPost, "/workspaces/nlp_train/rules", rule("bad", bad)).Text
	}
	until(t, 60*time.Second, func() string {
		done := 0
		for _, d := range c.ledger() {
			if d.State == "delivered" || d.State == "dead" {
				done++
			}
		}
		if done < 10 {
			return fmt.Sprintf("%d of 10 deliveries are done: %+v", done, c.ledger())
		}
		return ""
	})
	// That nothing leaks is worth something only of receivers that echo, and of logs that tell.
	for _, d := range c.ledger() {
		if echoes := d.Channel == "lark" || d.Channel == "webhook"; echoes && d.State != "dead" {
			t.Errorf("%s was not refused: %+v", d.Channel, d)
		}
	}
	lines := c.attemptLines()
	for i := range 3 {
		if id := fmt.Sprintf("story-%d", i); lines[id] < len(targets) || lines[model] < 1 || len(lines) != 4 {
			t.Errorf("the logs have %d attempts for the event %s, which was told to %d targets; all: %v", lines[id], id, len(targets), lines)
		}
	}
	said += c.rpc("2020-04-01", "ListTargets", "EventBusName", "pai-system-nlp_train", "RuleName", "ops-room")
	said += c.rpc("2020-04-01", "GetRule", "EventBusName", "pai-system-nlp_train", "RuleName", "ops-room")
	// Metrics and the audit, whose rows hold what was changed; sessions and keys.
	said += c.api(http.MethodGet, "/metrics", nil).must(t, http.StatusOK).Text
	said += c.api(http.MethodGet, "/audit/export", nil).must(t, http.StatusOK).Text
	said += c.api(http.MethodGet, "/audit/verification", nil).must(t, http.StatusOK).Text
	said += c.api(http.MethodPost, "/session", nil).must(t, http.StatusOK).Text
	said += c.api(http.MethodGet, "/keys", nil).must(t, http.StatusOK).Text
	said += c.api(http.MethodGet, "/deliveries?limit=500", nil).must(t, http.StatusOK).Text
	said += ask(t, http.MethodGet, c.API+"/", nil).must(t, http.StatusOK).Text // the console's page
	if strings.Contains(said, c.Key) {
		t.Errorf("an answer holds an API key: %s", around(said, c.Key))
	}
	if strings.Contains(said, planted) {
		t.Errorf("an answer of the API or a parameter of EventBridge holds a secret: %s", around(said, planted))
	}
	// Files: logs, ledger, the cloud's state. The key file and the stand-ins' own memory are not pai-notify's.
	files := 0
	err := filepath.WalkDir(c.data, func(name string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		files++
		secrets := []string{planted}
		if base := filepath.Base(name); base != "local.json" {
			secrets = append(secrets, c.Key)
		}
		for _, secret := range secrets {
			if bytes.Contains(text, []byte(secret)) {
				t.Errorf("%s holds a secret: %s", name, around(string(text), secret))
			}
		}
		return nil
	})
	if err != nil || files < 8 {
		t.Errorf("%d files read: %v", files, err)
	}
	if strings.Contains(c.logs.String(), planted) {
		t.Error("the local cloud's own log holds a secret")
	}
}

// around shows where a text holds a secret, without the secret.
func around(text, secret string) string {
	i := strings.Index(text, secret)
	return strings.ReplaceAll(text[max(0, i-120):min(len(text), i+len(secret)+60)], secret, "<secret>")
}

func TestAFreshDeploymentAnswersOnlyToTheBootstrapToken(t *testing.T) {
	t.Parallel()
	c := start(t, 1)
	for _, path := range []string{"/api/v1/setup", "/api/v1/setup/policy", "/api/v1/settings", "/api/v1/catalog", "/api/v1/workspaces/nlp_train/rules",
		"/api/v1/workspaces/nlp_train/rules/x", "/api/v1/connectivity"} {
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete} {
			for _, key := range []string{"", "Bearer ", "Bearer pnk_x_y", "Basic " + c.Key, "Bearer " + c.Key[:len(c.Key)-1], "Bearer " + c.Key + "x"} {
				if a := ask(t, method, c.API+path, "{}", "Authorization", key); a.Status != http.StatusUnauthorized {
					t.Errorf("%s %s with %q answers %d, want 401", method, path, strings.ReplaceAll(key, c.Key, "…"), a.Status)
				}
			}
		}
	}
	// The token has made its key and is dead.
	kept, err := os.ReadFile(filepath.Join(c.data, "secrets.json"))
	if err != nil {
		t.Fatal(err)
	}
	fields := strings.Split(string(kept), `"`)
	token := fields[slices.Index(fields, "bootstrapToken")+2]
	if !strings.HasPrefix(token, "pnb_") {
		t.Fatalf("token = %q", token)
	}
	if a := ask(t, http.MethodPost, c.API+"/api/v1/setup", "{}", "Authorization", "Bearer "+token); a.Status != http.StatusUnauthorized {
		t.Errorf("the used bootstrap token answers %d: %s", a.Status, a.Text)
	}
}
