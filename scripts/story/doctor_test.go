package story

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"pai-notify/shared/database"
	"pai-notify/shared/seal"
)

// examined is what the doctor found, by area.
type examined struct{ Area, Grade, Text, Advice string }

func (w *tool) examine(code int, arguments ...string) []examined {
	w.c.t.Helper()
	var list []examined
	text := w.run(code, append([]string{"doctor", "-o", "json"}, arguments...)...)
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		w.c.t.Fatalf("doctor: %v\n%s", err, text)
	}
	return list
}

// wantFault is whether the doctor names a fault, and says what to do.
func wantFault(t *testing.T, list []examined, area, words string) {
	t.Helper()
	for _, f := range list {
		if f.Area == area && f.Grade == "fault" && strings.Contains(f.Text, words) {
			if f.Advice == "" {
				t.Errorf("nothing is advised about %s: %s", area, f.Text)
			}
			return
		}
	}
	t.Errorf("no fault of %s with %q in %+v", area, words, list)
}

// An hour off, as a deployment with a wrong clock would be.
func late(t *testing.T, api string) string {
	t.Helper()
	to, err := url.Parse(api)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(to)
	proxy.ModifyResponse = func(r *http.Response) error {
		r.Header.Set("Date", time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat))
		return nil
	}
	server := httptest.NewServer(proxy)
	t.Cleanup(server.Close)
	return server.URL
}

func TestTheDoctorFindsEachPlantedFault(t *testing.T) {
	t.Parallel()
	c := start(t, 20)
	c.setUp("nlp_train")
	c.setUp("cv_lab")
	c.makeRule(rule("nightly", c.target("ops", "dingtalk", "ops")))
	w := c.tool()
	template, err := filepath.Abs(filepath.Join(root, "s.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	w.env = append(w.env, "REGION=cn-hangzhou", "ACCOUNT_ID=1234567890123456")
	budget := func(n string) []string { return []string{"--template", template, "--connections", n} }
	c.untilHealthy()
	for _, f := range w.examine(0, budget("2000")...) {
		if f.Grade != "ok" {
			t.Errorf("of a sound deployment: %+v", f)
		}
	}

	// 1, 2: the address and the key.
	sound := w.env
	w.env = append([]string{}, sound...)
	w.env[0] = "PAI_NOTIFY_API=http://127.0.0.1:1"
	wantFault(t, w.examine(3), "configuration", "no answer")
	w.env[0], w.env[1] = sound[0], "PAI_NOTIFY_KEY=pnk_aaaaaaaaaa_bbbbbbbbbbbbbbbbbbbbbbbbbb"
	wantFault(t, w.examine(3), "configuration", "the key is refused")
	w.env = append([]string{}, sound...)
	w.env[0] = "PAI_NOTIFY_API=" + late(t, c.API)

	// A delivery that dies, and everything else, each behind the deployment's back.
	spoilt := c.target("ops", "dingtalk", "spoilt")
	spoilt["settings"].(map[string]any)["secret"] = "SEC-of-another-robot"
	c.makeRule(rule("spoilt", spoilt))
	c.publish(failed(t, 1))
	until(t, 60*time.Second, func() string {
		if len(c.deliveries("state=dead")) == 0 {
			return "no delivery is dead"
		}
		return ""
	})
	c.pause(true)
	c.rpc("2020-04-01", "DisableRule", "EventBusName", "pai-system-nlp_train", "RuleName", "pai-notify-observe")
	c.rpc("2020-04-01", "UpdateRule", "EventBusName", "pai-system-nlp_train", "RuleName", "nightly", "FilterPattern", `{"source":["acs.other"]}`)
	c.rpc("2020-03-31", "DeleteServiceLinkedRole", "RoleName", "AliyunServiceRoleForEventBridgeSendToFC")
	for n := range 45 {
		c.rpc("2020-04-01", "CreateRule", "EventBusName", "pai-system-cv_lab", "RuleName", fmt.Sprintf("theirs-%d", n), "FilterPattern", "{}",
			"EventTargets", `[{"Id":"1","Type":"http","Endpoint":"http://127.0.0.1:1"}]`)
	}
	w.run(0, "settings", "set", "channels.sms.signName=Nobody")
	until(t, 60*time.Second, func() string {
		if ask(t, http.MethodGet, c.API+"/healthz", nil).Status == http.StatusOK {
			return "the heartbeat is not missed yet"
		}
		return ""
	})
	everywhere := append(budget("20"), "-w", "nlp_train", "-w", "cv_lab", "-w", "nowhere")
	list := w.examine(3, everywhere...)
	for _, want := range [][2]string{
		{"connections", "the database allows 20"},
		{"clock", "-1h0m"},
		{"buses", `no workspace "nowhere"`},
		{"quotas", "cv_lab: 4"},
		{"targets", "pai-notify-observe is disabled"},
		{"targets", "rule nightly of nlp_train"},
		{"roles", "AliyunServiceRoleForEventBridgeSendToFC"},
		{"heartbeat", "no heartbeat has come back"},
		{"deliveries", "everything is paused"},
		{"deliveries", "1 deliveries died"},
		{"channels", `no sign name "Nobody"`},
	} {
		wantFault(t, list, want[0], want[1])
	}
	wantIn(t, w.run(3, "doctor", "--language", "zh"), "已全局暂停")

	// What only a new deployment can have: no queue, other keys, an older schema.
	c.stop(syscall.SIGTERM)
	c.environment = append(c.environment, "DEAD_LETTER_ARN=acs:nonsense")
	c.spoilSchema()
	c.spoilKeys()
	c.run(20)
	w.env[0] = "PAI_NOTIFY_API=" + late(t, c.API)
	list = w.examine(3, everywhere...)
	wantFault(t, list, "deadletter", "acs:nonsense")
	wantFault(t, list, "database", "its schema is version")
	wantFault(t, list, "configuration", "the ledger's own key")
}

// spoilSchema forgets the last migration.
func (c *cloud) spoilSchema() {
	c.t.Helper()
	db, err := database.Open(context.Background(), c.database)
	if err != nil {
		c.t.Fatal(err)
	}
	defer db.Close()
	err = db.Write(context.Background(), true, func(tx *sql.Tx) error {
		_, err := tx.Exec("delete from goose_db_version where version_id = (select max(version_id) from goose_db_version)")
		return err
	})
	if err != nil {
		c.t.Fatal(err)
	}
}

// spoilKeys puts another seal key in the place of the deployment's.
func (c *cloud) spoilKeys() {
	c.t.Helper()
	name := filepath.Join(c.data, "secrets.json")
	text, err := os.ReadFile(name)
	if err != nil {
		c.t.Fatal(err)
	}
	var kept map[string]string
	if err := json.Unmarshal(text, &kept); err != nil {
		c.t.Fatal(err)
	}
	if kept["sealKeys"], err = seal.NewKey(rand.Reader); err != nil {
		c.t.Fatal(err)
	}
	if text, err = json.Marshal(kept); err != nil {
		c.t.Fatal(err)
	}
	if err := os.WriteFile(name, text, 0o600); err != nil {
		c.t.Fatal(err)
	}
}
