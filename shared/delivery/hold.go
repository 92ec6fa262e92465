package delivery

import (
	"time"

	"pai-notify/shared/event"
	"pai-notify/shared/ledger"
	"pai-notify/shared/rule"
)

// maxHolds is how often a mute and quiet hours may follow on one another.
const maxHolds = 4

// held is until when an event is not to be told to a target, which may be because of a mute or of its quiet hours, or of
// one after the other, of which the last is told as why; the zero time where it may be told now. It is asked when the event comes and again when it is about
// to be sent, since a mute may be new, and a retry may be due in quiet hours.
func (h *Handler) held(p present, bus, ruleName string, unit rule.Unit, v event.View, now time.Time) (until time.Time, why ledger.Why) {
	muted := p.muted.Until(bus, ruleName, unit.ID)
	at := now
	for range maxHolds {
		switch end, quiet := unit.When.Hold(at, v, h.zone(p, unit)); {
		case muted.After(at):
			at, why = muted, ledger.WhyMuted
		case quiet:
			at, why = end, ledger.WhyQuiet
		default:
			if at.After(now) {
				return at, why
			}
			return time.Time{}, ""
		}
	}
	return at, why
}

// zone is that of whoever is told: the contact's, if there is one and it has one, else the deployment's.
func (h *Handler) zone(p present, unit rule.Unit) *time.Location {
	if person := p.contacts[unit.Contact]; unit.Contact != "" && person.Zone != "" {
		if zone, err := h.zones.load(person.Zone); err == nil {
			return zone
		}
	}
	return p.zone
}
