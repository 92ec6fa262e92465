package main

import (
	"context"
	"time"

	"pai-notify/shared/channel"
	"pai-notify/shared/ledger"
	"pai-notify/shared/message"
	"pai-notify/shared/mute"
)

// Why is what a delivery waits for.
type Why struct {
	Code  string         `json:"code" enum:"quiet,muted,paused,rush,gap,retry,closed,same,pace,due" doc:"quiet: the target's quiet hours; muted: the rule or the target is; paused: the settings let nothing be sent; rush: it came when its receiver refuses most; gap: the target's minimum gap between messages about one object; retry: a round failed; closed: the receiver refused or was out of reach; same: another rule tells the receiver the same event; pace: the receiver takes only so many messages; due: it is next"`
	Until time.Time      `json:"until,omitzero" doc:"When that ends, where it is known"`
	Text  channel.Advice `json:"text" doc:"The same for people, in every language"`
}

// The codes that are no [ledger.Why]: they are found when somebody asks.
const (
	whyClosed = "closed"
	whyDue    = "due"
)

// holds are what keeps deliveries waiting beside what the ledger noted.
type holds struct {
	paused bool
	muted  mute.Muted
	zone   *time.Location
}

func (s *service) holding(ctx context.Context) (holds, error) {
	settings, err := s.db.Settings(ctx)
	if err != nil {
		return holds{}, err
	}
	h := holds{paused: settings.Paused, zone: time.UTC}
	if zone, err := time.LoadLocation(settings.Zone); err == nil { // else sweep's and the senders' logs say so
		h.zone = zone
	}
	h.muted, err = mute.New(s.db, s.clock).All(ctx) // as they are now
	return h, err
}

// why tells of all that is known to keep a delivery what ends last; nil where nothing is known.
func (p present) why(e ledger.Entered, now time.Time) *Why {
	if p.holds.paused {
		return p.waits(string(ledger.WhyPaused), e, time.Time{})
	}
	var code string
	var until time.Time
	for _, c := range []struct {
		code  string
		until time.Time
	}{
		{string(e.Why), e.Due}, {string(ledger.WhyMuted), p.holds.muted.Until(e.Bus, e.Rule, e.Target)},
		{whyClosed, e.Closed}, {string(ledger.WhyPace), e.Opens},
	} {
		turn := code == string(ledger.WhyPace) && c.code == whyClosed && c.until.Equal(until) // it is put off by that
		if c.until.After(now) && (c.until.After(until) || turn) {
			code, until = c.code, c.until
		}
	}
	switch {
	case until.IsZero():
		return p.waits(whyDue, e, time.Time{})
	case code == string(ledger.WhyPaused): // which has ended since
		return p.waits(whyDue, e, until)
	case code == "":
		return nil
	}
	return p.waits(code, e, until)
}

func (p present) waits(code string, e ledger.Entered, until time.Time) *Why {
	w := &Why{Code: code, Until: until, Text: channel.Advice{}}
	for _, language := range message.Languages() {
		w.Text[language] = message.Waiting(language, code, e.Tries, until, p.holds.zone)
	}
	return w
}
