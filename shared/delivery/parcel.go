package delivery

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"maps"
	"strings"
	"time"

	"pai-notify/shared/channel"
	"pai-notify/shared/ledger"
	"pai-notify/shared/message"
)

// parcel is what one message tells: one delivery, or several as a digest.
type parcel struct {
	list     []ledger.Delivery
	settings channel.Settings
	message  message.Message
	zone     *time.Location // of its times

	parts   []message.Message // of a digest
	refused *channel.Outcome  // why the only delivery of it cannot be sent
	moved   *string           // where its receiver is now, and not where it was when it was claimed
	later   bool              // the ledger could not be asked where it goes
	held    time.Time         // until when the only delivery of it is held; zero: it is not
	why     ledger.Why        // it is
}

// tell sends the deliveries of one slot: as one message if they have the same settings and language. What does not fit
// in with the first takes a slot of its own, or is given back where none is near. The results of a digest come together.
func (h *Handler) tell(ctx context.Context, p present, slot []ledger.Delivery, results chan<- []ledger.Result) {
	onTime := h.idle(ctx, slot[0].Start) == nil
	sent := false
	for _, parcel := range h.pack(ctx, p, slot) {
		var attempts []ledger.Attempt
		switch {
		case !onTime:
		case parcel.refused != nil:
			a := ledger.Attempt{At: h.clock.Now(), Outcome: *parcel.refused}
			attempts = []ledger.Attempt{a}
			h.note(ctx, parcel, 1, a)
		case !parcel.held.IsZero():
		case parcel.moved != nil, parcel.later: // it is claimed again at once, by the pace of where it goes now
		case !sent || h.further(ctx, parcel.list[0]):
			sent = true
			attempts = h.try(ctx, parcel)
		}
		batch := make([]ledger.Result, len(parcel.list))
		for i, d := range parcel.list {
			batch[i] = h.result(d, parcel, attempts)
		}
		results <- batch
	}
}

// further takes a slot for a second message of one claim.
func (h *Handler) further(ctx context.Context, d ledger.Delivery) bool {
	terms := h.terms()
	terms.Failing = d.Failing
	wait, err := h.ledger.Take(ctx, d.Destination, terms)
	return err == nil && wait <= terms.Patience && h.clock.Sleep(ctx, wait) == nil
}

// pack makes the messages of deliveries that share a slot.
func (h *Handler) pack(ctx context.Context, p present, slot []ledger.Delivery) (parcels []parcel) {
next:
	for _, d := range slot {
		one := h.render(ctx, p, d)
		for i := range parcels {
			if together := &parcels[i]; one.sendable() && together.sendable() && one.zone.String() == together.zone.String() &&
				maps.Equal(one.settings, together.settings) && one.message.Language == together.message.Language {
				together.list = append(together.list, d)
				together.parts = append(together.parts, one.message)
				continue next
			}
		}
		one.parts = []message.Message{one.message}
		parcels = append(parcels, one)
	}
	for i := range parcels {
		list := parcels[i].list
		for j := range list {
			list[j].Slot = list[0].ID // what is not told with the others has an outcome of its own
		}
		if len(list) > 1 {
			h.digest(p, &parcels[i])
		}
	}
	return parcels
}

// sendable says whether it is to be sent, and by this claim.
func (p *parcel) sendable() bool {
	return p.refused == nil && p.moved == nil && !p.later && p.held.IsZero()
}

// digest makes one message of several. Its id is the same whenever the same deliveries are told together.
func (h *Handler) digest(p present, d *parcel) {
	sum := sha256.New()
	oldest := d.list[0].Created
	for _, one := range d.list {
		sum.Write([]byte(h.messageID(one)))
		if one.Created.Before(oldest) {
			oldest = one.Created
		}
	}
	o := h.options(p, d.message.Language, oldest)
	o.Zone = d.zone
	o.ID = "digest-" + strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum.Sum(nil)[:16]))
	d.message = message.Digest(d.parts, o)
}

func (h *Handler) options(p present, language string, since time.Time) message.Options {
	host := p.settings.ConsoleHost
	if host == "" {
		host = message.NoLinks
	}
	return message.Options{
		Language: language, Zone: p.zone, ConsoleHost: host, Links: p.settings.Links, Late: h.clock.Now().Sub(since),
	}
}

// render makes the message of a delivery and opens where it goes, or says why it cannot.
func (h *Handler) render(ctx context.Context, p present, d ledger.Delivery) (one parcel) {
	one.list, one.zone = []ledger.Delivery{d}, p.zone
	defer func() {
		if r := recover(); r != nil {
			o := h.panicked(ctx, d, r)
			one.refused = &o
		}
	}()
	r, damage := p.of(d)
	if one.refused = damage; damage != nil {
		return one
	}
	unit := r.unit
	if one.held, one.why = h.held(p, d.Bus, d.Rule, unit, r.view, h.clock.Now()); !one.held.IsZero() {
		return one
	}
	if one.settings, one.refused = r.open(h.keys, d.Bus, d.Rule); one.refused != nil {
		return one
	}
	language := unit.Language
	if h.spec.Contacts {
		person, known := h.reach(ctx, p, &one, unit)
		if !known {
			return one
		}
		if language == "" {
			language = person.Language
		}
	}
	if language == "" {
		language = p.settings.Language
	}
	o := h.options(p, language, d.Created)
	o.ID, o.Zone, o.Words = h.messageID(d), one.zone, unit.Words
	one.message = message.New(r.event, r.view, o)
	h.call(ctx, &one.message, unit.Mentions)
	return one
}
