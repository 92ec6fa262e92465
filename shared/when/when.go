// Package when decides when a target may be told: its quiet hours, and how far apart the messages about one object must
// be. Everything here is arithmetic on a moment that is given; who holds what, and until when, is the ledger's.
//
// Quiet hours are hours of a clock on the wall, in a zone. Where the clock is put back they begin with the first of two
// equal hours and end with the last; where it is put forward, and the hour is skipped, they begin or end at the skip. So
// they are never shorter than the wall says, and never come twice in a night.
package when

import (
	"time"

	"pai-notify/shared/event"
)

// PassFailing as [When].Pass lets failing outcomes through quiet hours.
const PassFailing = "failing"

// When is when a target may be told; the zero value, always.
type When struct {
	Quiet      []Quiet `json:"quiet,omitempty"`
	Pass       string  `json:"pass,omitempty"`       // PassFailing, or empty: nothing passes
	GapMinutes int     `json:"gapMinutes,omitempty"` // between messages about one object; 0: none
}

// Quiet is a span of quiet hours that comes again each week.
type Quiet struct {
	Days []string `json:"days,omitempty"` // on which it begins: mon … sun; none means every day
	From string   `json:"from"`           // 22:00
	To   string   `json:"to"`             // 08:00, of the next day unless it is later than From; at most 24:00
	Zone string   `json:"zone,omitempty"` // IANA name; empty: that of the receiver
}

// IsZero says whether a target may always be told.
func (w When) IsZero() bool { return len(w.Quiet) == 0 && w.Pass == "" && w.GapMinutes == 0 }

// Hold says whether an event is held now, and until when. zone is the receiver's.
func (w When) Hold(now time.Time, v event.View, zone *time.Location) (until time.Time, held bool) {
	if len(w.Quiet) == 0 || w.Pass == PassFailing && v.Failing {
		return time.Time{}, false
	}
	until = w.end(now, zone)
	return until, until.After(now)
}

// Next says whether it is quiet now and when that changes; the zero time where it never does.
func (w When) Next(now time.Time, zone *time.Location) (change time.Time, quiet bool) {
	if until := w.end(now, zone); until.After(now) {
		return until, true
	}
	for _, s := range w.spans(zone) {
		for day := -1; day <= 8; day++ {
			from, to := s.on(now, day)
			if from.After(now) && to.After(from) && (change.IsZero() || from.Before(change)) {
				change = from
			}
		}
	}
	return change, false
}

// Gap is how far apart messages about one object must be; 0 where the event passes: of a failing or final outcome, or
// about nothing that could be told apart.
func (w When) Gap(v event.View) time.Duration {
	if v.Failing || v.Final || v.ID == "" {
		return 0
	}
	return time.Duration(w.GapMinutes) * time.Minute
}

// longest is for how long quiet hours are followed where one begins before the other ends. A rule whose quiet hours never
// end is refused when it is saved.
const longest = 8 * 24 * time.Hour

// end is when the quiet hours of now end, those that follow on them included; now where there are none.
func (w When) end(now time.Time, zone *time.Location) time.Time {
	spans := w.spans(zone)
	end := now
	for more := true; more && end.Sub(now) < longest; {
		more = false
		for _, s := range spans {
			if until := s.until(end); until.After(end) {
				end, more = until, true
			}
		}
	}
	return end
}
