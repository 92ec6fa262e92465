package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"pai-notify/shared/ledger"
)

// waits enters deliveries of a rule that wait, and gives how many of it still do.
func (h *harness) waits(name string, from, to int) func() int {
	h.t.Helper()
	for n := from; n < to; n++ {
		_, err := h.ledger.Claim(h.t.Context(), ledger.Terms{Lease: time.Minute}, []ledger.Entry{{
			EventSource: "acs.paidlc", EventID: fmt.Sprint("e", n), Bus: "pai-system-nlp_train", Rule: name, Target: "ops", Channel: "dingtalk",
			Address: fmt.Sprint("dingtalk ", n), Sealed: []byte("{}"), Event: []byte("{}"), NotBefore: time.Now().Add(time.Hour),
		}})
		if err != nil {
			h.t.Fatal(err)
		}
	}
	return func() int {
		h.t.Helper()
		n, err := h.ledger.Waiting(h.t.Context(), "pai-system-nlp_train", name)
		if err != nil {
			h.t.Fatal(err)
		}
		return n
	}
}

// off are the ways to take a rule from those that tell.
func off() map[string]func(h *harness, query string) said {
	return map[string]func(h *harness, query string) said{
		"DELETE":  func(h *harness, query string) said { return h.ask("DELETE", rules+"/nightly"+query, nil) },
		"disable": func(h *harness, query string) said { return h.ask("POST", rules+"/nightly:disable"+query, nil) },
		"PUT": func(h *harness, query string) said {
			return h.ask("PUT", rules+"/nightly"+query, changed(draft("nightly", dingtalk("ops")), false, "enabled"))
		},
	}
}

func TestARuleWithWaitingDeliveriesAsksWhatBecomesOfThem(t *testing.T) {
	t.Parallel()
	for name, turnOff := range off() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHarness(t)
			h.ask("POST", rules, draft("nightly", dingtalk("ops"))).must(http.StatusCreated)
			waiting, others := h.waits("nightly", 0, 3), h.waits("other", 3, 4)
			p := turnOff(h, "").problem(http.StatusConflict, "DeliveriesWaiting")
			if !strings.Contains(p.Detail, "3 deliveries") || !strings.Contains(p.Advice, "waiting=keep") || !strings.Contains(p.Advice, "waiting=cancel") {
				t.Errorf("it asks %+v, want the count and both choices", p)
			}
			if r := h.ask("GET", rules+"/nightly", nil).must(http.StatusOK).rule(); !*r.Enabled || waiting() != 3 {
				t.Errorf("it asked and changed something: enabled %v, %d wait", *r.Enabled, waiting())
			}
			if got := turnOff(h, "?waiting=perhaps"); got.status != http.StatusUnprocessableEntity {
				t.Errorf("waiting=perhaps answers %d", got.status)
			}
			if got := turnOff(h, "?waiting=cancel"); got.status/100 != 2 || waiting() != 0 || others() != 1 {
				t.Errorf("waiting=cancel answers %d, and %d wait, of another rule %d: %s", got.status, waiting(), others(), got.text)
			}
		})
	}
}

func TestWaitingDeliveriesOfARuleThatIsOffAreKeptWhenAsked(t *testing.T) {
	t.Parallel()
	for name, turnOff := range off() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHarness(t)
			h.ask("POST", rules, draft("nightly", dingtalk("ops"))).must(http.StatusCreated)
			waiting := h.waits("nightly", 0, 2)
			if got := turnOff(h, "?waiting=keep"); got.status/100 != 2 || waiting() != 2 {
				t.Errorf("waiting=keep answers %d, and %d wait: %s", got.status, waiting(), got.text)
			}
			if name != "DELETE" { // it has been asked
				if got := turnOff(h, ""); got.status/100 != 2 || waiting() != 2 {
					t.Errorf("again it answers %d, and %d wait", got.status, waiting())
				}
			}
		})
	}
}

func TestNothingIsAskedWhereNothingWaits(t *testing.T) {
	t.Parallel()
	for name, turnOff := range off() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHarness(t)
			h.ask("POST", rules, draft("nightly", dingtalk("ops"))).must(http.StatusCreated)
			h.waits("other", 0, 1)
			if got := turnOff(h, ""); got.status/100 != 2 {
				t.Errorf("it answers %d: %s", got.status, got.text)
			}
		})
	}
}

func TestADeletionThatBrokeOffBeforeItCancelledIsCompletedByRepeatingIt(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	waiting := h.waits("nightly", 0, 2) // of a rule that is no more
	h.ask("DELETE", rules+"/nightly?waiting=cancel", nil).must(http.StatusNotFound)
	if n := waiting(); n != 0 {
		t.Errorf("%d wait, want none", n)
	}
	h.ask("POST", rules, draft("nightly", dingtalk("ops"))).must(http.StatusCreated)
	h.ask("PUT", rules+"/nightly?waiting=cancel", draft("nightly", dingtalk("ops"))).faultAt("query.waiting")
}
