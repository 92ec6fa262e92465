package main

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"pai-notify/shared/access"
	"pai-notify/shared/event"
	"pai-notify/shared/ledger"
)

// own says whose a delivery is.
func (h *harness) own(id, owner string) {
	h.t.Helper()
	err := h.db.Write(h.t.Context(), false, func(tx *sql.Tx) error {
		_, err := tx.Exec("update delivery set owner = $1 where id = $2", owner, id)
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *harness) paiUser(id string) {
	h.t.Helper()
	err := h.db.Write(h.t.Context(), false, func(tx *sql.Tx) error {
		_, err := tx.Exec("update api_key set pai_user = $1", id)
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
}

func TestADeliveryAboutWhatIsPrivateTellsOthersNothingOfIt(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.save("nlp_train", "nightly", rightToken)
	ids := h.enter("nlp_train", "nightly", ledger.Dead, 0, 3)
	h.own(ids[0], event.Anybody)
	h.own(ids[1], "2001")
	h.own(ids[2], "") // of before it was known
	for name, c := range map[string]struct {
		role    access.Role
		paiUser string
		sees    string // of the three
	}{
		"viewer":                  {access.Viewer, "", "yes no no"},
		"editor":                  {access.Editor, "2002", "yes no no"},
		"owner":                   {access.Viewer, "2001", "yes yes no"},
		"a PAI user called star":  {access.Viewer, "*", "yes no no"},
		"administrator":           {access.Admin, "", "yes yes yes"},
		"administrator elsewhere": {access.Admin, "2002", "yes yes yes"},
	} {
		h.may(c.role, "[]")
		h.paiUser(c.paiUser)
		list := h.ask("GET", "/deliveries", nil).must(200)
		var sees []string
		for i, id := range ids {
			one := h.ask("GET", "/deliveries/"+id, nil).must(200)
			object, text := fmt.Sprintf("dlc%d", i), fmt.Sprintf("event-%d", i)
			shown := strings.Contains(one.text, object)
			if shown != strings.Contains(one.text, text) || shown != strings.Contains(list.text, object) ||
				shown == strings.Contains(one.text, `"private":true`) || shown != strings.Contains(one.text, "token is not exist") {
				t.Errorf("%s: of %s the list and the delivery tell different things: %s", name, object, one.text)
			}
			found := h.ask("GET", "/deliveries?object="+object, nil).must(200)
			if shown != strings.Contains(found.text, id) {
				t.Errorf("%s: looking for %s finds %s", name, object, found.text)
			}
			sees = append(sees, map[bool]string{true: "yes", false: "no"}[shown])
		}
		if got := strings.Join(sees, " "); got != c.sees {
			t.Errorf("%s sees %s, want %s", name, got, c.sees)
		}
	}
}

func TestWhatIsPrivateToOthersIsNotSentAgain(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.save("nlp_train", "nightly", rightToken)
	ids := h.enter("nlp_train", "nightly", ledger.Dead, 0, 3)
	h.own(ids[0], event.Anybody)
	h.own(ids[1], "2001")
	h.own(ids[2], "2002")
	h.may(access.Editor, "[]")
	h.ask("POST", "/deliveries/"+ids[1]+":replay", nil).problem(403, "PrivateToOthers")
	var job Job
	h.ask("POST", "/deliveries:replay", Chosen{Rule: "nightly"}, "Idempotency-Key", "a").must(200).into(&job)
	if job.Total != 1 || job.LeftOut != 2 {
		t.Errorf("job %+v, want one chosen and two left out", job)
	}
	h.paiUser("2001")
	h.ask("POST", "/deliveries/"+ids[1]+":replay", nil).must(200)
	h.may(access.Admin, "[]")
	h.ask("POST", "/deliveries/"+ids[2]+":replay", nil).must(200)
}
