package main

import (
	"bytes"
	"database/sql"
	"os"
	"strings"
	"testing"
	"time"
)

func TestAKeyIsShownOnceAndGoesNoFurtherThanItsMaker(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	made := h.as(h.key, "POST", "/keys", map[string]any{
		"name": "夜班", "role": "admin", "workspaces": []string{"nlp_train"}, "paiUser": "2000", "days": 10,
	}).must(201)
	var shown struct {
		ID, Key, State string
		Expires        time.Time
	}
	made.into(&shown)
	if !strings.HasPrefix(shown.Key, "pnk_"+shown.ID+"_") || shown.State != "usable" || shown.Expires.Sub(h.now) != 240*time.Hour {
		t.Errorf("made %s", made.text)
	}
	if list := h.as(h.key, "GET", "/keys", nil).must(200); strings.Contains(list.text, shown.Key) || !strings.Contains(list.text, shown.ID) {
		t.Errorf("the list tells %s", list.text)
	}
	// The administrator of one workspace makes keys for it alone, and sees and revokes no others.
	own := shown.Key
	var narrow struct{ Workspaces []string }
	h.as(own, "POST", "/keys", map[string]any{"name": "x", "role": "editor"}).must(201).into(&narrow)
	if len(narrow.Workspaces) != 1 || narrow.Workspaces[0] != "nlp_train" {
		t.Errorf("a narrow administrator made a key for %v", narrow.Workspaces)
	}
	h.as(own, "POST", "/keys", map[string]any{"name": "x", "role": "viewer", "workspaces": []string{"cv_lab"}}).code(422, "Invalid")
	_, other := h.make(map[string]any{"name": "other", "role": "viewer", "workspaces": []string{"cv_lab"}})
	if list := h.as(own, "GET", "/keys", nil).must(200); strings.Contains(list.text, other) || !strings.Contains(list.text, shown.ID) {
		t.Errorf("a narrow administrator sees %s", list.text)
	}
	h.as(own, "DELETE", "/keys/"+other, nil).code(404, "KeyNotFound")
	h.as(h.key, "DELETE", "/keys/"+strings.Repeat("a", 10), nil).code(404, "KeyNotFound")
	h.pass(241 * time.Hour)
	h.as(own, "GET", "/session", nil).code(401, "Unauthenticated")
}

func TestFaultsOfAKeyAreNamedAtOnce(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	answer := h.as(h.key, "POST", "/keys", map[string]any{
		"name": " ", "role": "king", "workspaces": []string{"a b", "x", "x"}, "paiUser": "me", "days": 4000,
	})
	answer.code(422, "Invalid")
	for _, path := range []string{"name", "role", "workspaces[0]", "workspaces[2]", "paiUser", "days"} {
		if !strings.Contains(answer.text, `"path":"`+path+`"`) {
			t.Errorf("no fault at %s: %s", path, answer.text)
		}
	}
}

func TestTheLastAdministratorsKeyStays(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	id := strings.Split(h.key, "_")[1]
	h.as(h.key, "DELETE", "/keys/"+id, nil).code(409, "LastAdmin")
	h.make(map[string]any{"name": "ends", "role": "admin"}) // it expires, so it does not count
	h.as(h.key, "DELETE", "/keys/"+id, nil).code(409, "LastAdmin")
}

func TestWhoAsksWithoutPauseIsToldToWait(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	for n := range 1000 {
		answer := h.as(h.key, "GET", "/session", nil)
		if answer.status == 200 {
			continue
		}
		answer.code(429, "Throttled")
		if n < 100 || answer.header.Get("Retry-After") == "" {
			t.Errorf("refused after %d requests, Retry-After %q", n, answer.header.Get("Retry-After"))
		}
		h.pass(time.Second)
		h.as(h.key, "GET", "/session", nil).must(200)
		return
	}
	t.Error("a thousand requests at once were let through")
}

func TestEveryChangeIsAuditedWithoutSecrets(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	secret, id := h.make(map[string]any{"name": "x", "role": "viewer"})
	h.as(h.key, "DELETE", "/keys/"+id, nil).must(204)
	h.signIn(h.key)
	var list struct{ Items []Row }
	answer := h.as(h.key, "GET", "/audit", nil).must(200)
	answer.into(&list)
	var told []string
	for _, r := range list.Items {
		told = append(told, r.Action+" "+r.Outcome)
		if r.Who != strings.Split(h.key, "_")[1] || r.Role != "admin" || r.Address != "192.0.2.1" || r.At.IsZero() {
			t.Errorf("row %+v does not say who and from where", r)
		}
	}
	if got, want := strings.Join(told, ", "), "key.make begun, key.make done, key.revoke begun, key.revoke done, session.open done"; got != want {
		t.Errorf("audit = %s, want %s", got, want)
	}
	if !strings.Contains(string(list.Items[2].Before), id) || !strings.Contains(string(list.Items[3].After), "revoked") {
		t.Errorf("before %s, after %s", list.Items[2].Before, list.Items[3].After)
	}
	export := h.as(h.key, "GET", "/audit/export?action=key", nil).must(200)
	if n := strings.Count(export.text, "\n"); n != 4 {
		t.Errorf("%d lines exported, want 4: %s", n, export.text)
	}
	for _, text := range []string{answer.text, export.text} {
		if strings.Contains(text, secret) || strings.Contains(text, h.key) || strings.Contains(text, "pns_") {
			t.Errorf("the audit holds a secret: %s", text)
		}
	}
	content, err := os.ReadFile(h.path + "-wal")
	if err != nil || bytes.Contains(content, []byte(secret)) {
		t.Errorf("the database holds a key: %v", err)
	}
}

func TestAnAuditThatWasTamperedWithShows(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]string{
		"a row changed":        "update audit set who = 'nobody' where n = 3",
		"a row deleted":        "delete from audit where n = 3",
		"the last row deleted": "delete from audit where n = 8",
		"a row added":          "update audit_head set n = 9",
		"nothing":              "update audit set who = who",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHarness(t)
			for range 4 {
				h.make(map[string]any{"name": "x", "role": "viewer"})
			}
			if err := h.db.Write(t.Context(), false, func(tx *sql.Tx) error {
				_, err := tx.Exec(change)
				return err
			}); err != nil {
				t.Fatal(err)
			}
			answer := h.as(h.key, "GET", "/audit/verification", nil)
			if name == "nothing" {
				answer.must(200)
				return
			}
			answer.code(409, "AuditTampered")
		})
	}
}
