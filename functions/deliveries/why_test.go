package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"pai-notify/shared/channel"
	"pai-notify/shared/database"
	"pai-notify/shared/ledger"
	"pai-notify/shared/message"
	"pai-notify/shared/mute"
)

// claim puts one delivery into the ledger, and claims it where it can be sent.
func (h *harness) claim(t ledger.Terms, e ledger.Entry) ledger.Delivery {
	h.t.Helper()
	list, err := h.ledger.Claim(h.t.Context(), t, []ledger.Entry{e})
	if err != nil {
		h.t.Fatal(err)
	}
	return list[0]
}

// wantWhy wants what a delivery is told to wait for, in lists and alone, in every language.
func (h *harness) wantWhy(e ledger.Entry, code string, until time.Time, words ...string) {
	h.t.Helper()
	var alone Told
	h.ask("GET", "/deliveries/"+e.ID(), nil).must(http.StatusOK).into(&alone)
	items, _ := h.ask("GET", "/deliveries?event="+e.EventID+"&rule="+e.Rule, nil).items()
	if len(items) != 1 {
		h.t.Fatalf("%d deliveries of %s, want 1", len(items), e.EventID)
	}
	for _, w := range []*Why{alone.Why, items[0].Why} {
		if w == nil {
			if code != "" {
				h.t.Errorf("%s: nothing is told, want %s", e.EventID, code)
			}
			continue
		}
		if w.Code != code || !w.Until.Equal(until) || len(w.Text) != len(message.Languages()) {
			h.t.Errorf("%s waits for %+v, want %q until %v", e.EventID, w, code, until)
		}
		for language, text := range w.Text {
			if text == "" || strings.ContainsAny(text, "{}") {
				h.t.Errorf("%s in %s: %q", code, language, text)
			}
			for _, word := range words {
				if !strings.Contains(text, word) {
					h.t.Errorf("%s in %s: %q, want %q in it", code, language, text, word)
				}
			}
		}
	}
}

func TestADeliveryThatWaitsSaysWhatFor(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	n := 0
	next := func(address string) ledger.Entry {
		n++
		e := h.entry("nlp_train", "nightly", n)
		e.Address = address
		return e
	}
	later := h.now.Add(2 * time.Hour)
	held := next("dingtalk quiet")
	held.NotBefore, held.Why = later, ledger.WhyQuiet
	h.claim(terms(), held)
	h.wantWhy(held, "quiet", later, "2026-11-24 22:00:00 CST") // in the deployment's zone
	old := next("dingtalk old")
	old.NotBefore = later
	h.claim(terms(), old)
	h.wantWhy(old, "", time.Time{}) // nobody noted why, as of what is older than that is noted

	slow := terms()
	slow.Pace = []channel.Pace{{Burst: 1, Every: time.Minute}}
	h.claim(slow, next("dingtalk pace"))
	second := next("dingtalk pace")
	h.claim(slow, second)
	h.wantWhy(second, "pace", h.now.Add(time.Minute), "20:01:00")

	blocked, behind := next("dingtalk closed"), next("dingtalk closed")
	claimed := h.claim(terms(), blocked)
	outcome := channel.Outcome{Class: channel.Throttled, Code: "130101", After: 10 * time.Minute}
	if _, err := h.ledger.Record(t.Context(), []ledger.Result{
		{Delivery: claimed, Attempts: []ledger.Attempt{{At: h.now, Outcome: outcome}}},
	}); err != nil {
		t.Fatal(err)
	}
	h.claim(terms(), behind)
	h.wantWhy(blocked, "retry", h.now.Add(10*time.Minute), "20:10:00", "1")
	h.wantWhy(behind, "closed", h.now.Add(10*time.Minute), "20:10:00")

	muted := next("dingtalk muted")
	muted.NotBefore, muted.Why = later, ledger.WhyMuted
	h.claim(terms(), muted)
	h.wantWhy(muted, "muted", later)
	until := later.Add(time.Hour) // what was held by something else before is muted longer
	if _, err := mute.New(h.db, h.service.clock).Set(t.Context(), mute.Mute{Bus: bus, Rule: "nightly", Until: until}); err != nil {
		t.Fatal(err)
	}
	for _, e := range []ledger.Entry{held, old, second, behind, muted} {
		h.wantWhy(e, "muted", until)
	}
	h.now = until.Add(time.Minute)
	h.wantWhy(held, "due", time.Time{})
	h.wantWhy(second, "due", time.Time{})

	paused := database.DefaultSettings()
	paused.Paused = true
	if err := h.db.SaveSettings(t.Context(), paused); err != nil {
		t.Fatal(err)
	}
	late := next("dingtalk paused")
	late.NotBefore, late.Why = h.now.Add(time.Minute), ledger.WhyPaused
	h.claim(terms(), late)
	h.wantWhy(late, "paused", time.Time{})
	h.wantWhy(held, "paused", time.Time{})
	if err := h.db.SaveSettings(t.Context(), database.DefaultSettings()); err != nil {
		t.Fatal(err)
	}
	h.wantWhy(late, "due", h.now.Add(time.Minute))
}

func TestEveryReasonToWaitHasWordsAndWhatEndedHasNone(t *testing.T) {
	t.Parallel()
	codes := []string{whyClosed, whyDue}
	for _, w := range []ledger.Why{
		ledger.WhyQuiet, ledger.WhyMuted, ledger.WhyPaused, ledger.WhyRush, ledger.WhyGap, ledger.WhyRetry, ledger.WhySame, ledger.WhyPace,
	} {
		codes = append(codes, string(w))
	}
	for _, code := range codes {
		for _, language := range message.Languages() {
			if text := message.Waiting(language, code, 1, time.Unix(0, 0), time.UTC); text == "" || strings.Contains(text, "{") {
				t.Errorf("%s in %s: %q", code, language, text)
			}
		}
	}
	h := newHarness(t)
	for i, state := range []ledger.State{ledger.Dead, ledger.Delivered} {
		h.enter("nlp_train", "nightly", state, i, i+1)
		h.wantWhy(h.entry("nlp_train", "nightly", i), "", time.Time{})
	}
}
