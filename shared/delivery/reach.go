package delivery

import (
	"context"
	"fmt"
	"slices"

	"pai-notify/shared/advice"
	"pai-notify/shared/channel"
	"pai-notify/shared/contact"
	"pai-notify/shared/rule"
)

// A channel that has the field outcomes is for failing outcomes only, unless the target says all.
const (
	fieldOutcomes = "outcomes"
	allOutcomes   = "all"
)

func onlyFailing(s channel.Spec, target channel.Settings) bool {
	return target[fieldOutcomes] != allOutcomes &&
		slices.ContainsFunc(s.Fields, func(f channel.Field) bool { return f.Name == fieldOutcomes })
}

// lookUp looks those contacts up that an invocation has not asked for yet.
func (h *Handler) lookUp(ctx context.Context, p present, ids []string) error {
	if !h.spec.Contacts || h.people == nil {
		return nil
	}
	var missing []string
	for _, id := range ids {
		if !p.asked[id] {
			p.asked[id] = true
			missing = append(missing, id)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	found, err := h.people.Get(ctx, missing...)
	if err != nil {
		for _, id := range missing {
			delete(p.asked, id)
		}
		return err
	}
	for id, person := range found {
		p.contacts[id] = person
	}
	return nil
}

// address is the destination of a contact; empty where it cannot be reached. The attempt says why.
func (h *Handler) address(p present, id string) string {
	to := p.contacts[id].Address(h.spec.Name)
	if to == "" {
		return ""
	}
	return channel.Destination(h.spec, channel.Settings{channel.To: to})
}

// reach finds where a contact is reached now, and makes the settings of a parcel. Where that is nowhere, the parcel says
// why; where it is not where it was when the delivery was claimed, it says where.
func (h *Handler) reach(ctx context.Context, p present, one *parcel, unit rule.Unit) (person contact.Contact, ok bool) {
	refuse := func(code, text string) {
		one.refused = &channel.Outcome{Class: channel.Misconfigured, Code: code, Text: text, Advice: advice.Own(code)}
	}
	person, known := p.contacts[unit.Contact]
	to := person.Address(h.spec.Name)
	switch {
	case !known:
		refuse(advice.CodeContactGone, fmt.Sprintf("there is no contact %.64q any more", unit.Contact))
		return person, false
	case to == "":
		refuse(advice.CodeContactIncomplete, fmt.Sprintf("contact %.64q has no number or address for %s", unit.Contact, h.spec.Title.In("en")))
		return person, false
	}
	delete(one.settings, fieldOutcomes) // it decided whether to tell at all; targets that differ in it may share a message
	one.settings = channel.Whole(p.settings.Channels[h.spec.Name], one.settings, to)
	if zone, err := h.zones.load(person.Zone); person.Zone != "" && err == nil {
		one.zone = zone
	}
	address := h.address(p, unit.Contact)
	switch hash, err := h.ledger.Destination(ctx, address); {
	case err != nil:
		h.log.ErrorContext(ctx, "not sent: the ledger is out of reach", "delivery", one.list[0].ID, "error", err.Error())
		one.later = true
	case hash != one.list[0].Destination:
		one.moved = &address
	}
	return person, true
}
