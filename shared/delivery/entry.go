package delivery

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"pai-notify/shared/advice"
	"pai-notify/shared/channel"
	"pai-notify/shared/ledger"
	"pai-notify/shared/rule"
)

// Codes of what is wrong with a body rather than with a receiver.
const (
	codeUndecodable = "Undecodable"
	codeMisrouted   = "Misrouted"
	codeDamaged     = "DamagedRow"
)

// maxClaim is how many deliveries are claimed at once. EventBridge brings at most 16 in a list.
const maxClaim = 256

// deliver enters what EventBridge brings, and sends what can be sent now.
func (h *Handler) deliver(ctx context.Context, body []byte) (Answer, error) {
	p, err := h.present(ctx)
	if err != nil {
		return nil, err
	}
	entries, err := h.entries(ctx, p, body)
	if err != nil {
		return nil, err
	}
	answer := Answer{}
	for part := range slices.Chunk(entries, maxClaim) {
		claimed, err := h.ledger.Claim(ctx, h.terms(), part)
		if err != nil {
			return nil, err
		}
		mine := claimed[:0]
		for _, d := range claimed {
			if d.State == ledger.Claimed && !d.Start.IsZero() {
				mine = append(mine, d)
			} else {
				answer[d.State]++
			}
		}
		if err := h.send(ctx, p, mine, answer); err != nil {
			return nil, err
		}
	}
	return answer, nil
}

// entries reads a body. Every body makes an entry, if need be one that is dead.
func (h *Handler) entries(ctx context.Context, p present, body []byte) ([]ledger.Entry, error) {
	envelopes, err := rule.DecodeEnvelopes(body)
	ids := make([]string, len(envelopes))
	for i, e := range envelopes {
		ids[i] = e.Target.Contact
	}
	if err := h.lookUp(ctx, p, ids); err != nil {
		return nil, err
	}
	entries := make([]ledger.Entry, 0, len(envelopes))
	for _, e := range envelopes {
		entry, err := h.entry(p, e)
		if err != nil {
			return nil, err
		}
		entries = append(entries, entry)
	}
	var broken *rule.BodyError
	switch {
	case errors.As(err, &broken):
		for _, bytes := range broken.Bodies {
			if taken, err := h.receipt(ctx, p, bytes); err != nil {
				return nil, err
			} else if taken {
				continue
			}
			entry := undecodable(h.spec.Name, bytes, broken.Err)
			entries = append(entries, entry)
			h.log.ErrorContext(ctx, "body is no envelope: kept in the ledger, dead", "channel", h.spec.Name, "bytes", len(body),
				"delivery", entry.ID(), "reason", broken.Err.Error())
		}
	case err != nil:
		return nil, err
	}
	return entries, nil
}

func (h *Handler) entry(p present, e rule.Envelope) (ledger.Entry, error) {
	unit, err := json.Marshal(e.Target)
	if err != nil {
		return ledger.Entry{}, fmt.Errorf("encode a target: %w", err)
	}
	text, err := e.Event.MarshalJSON() // json.Marshal would read it once more
	if err != nil {
		return ledger.Entry{}, fmt.Errorf("encode an event: %w", err)
	}
	view := p.catalog.View(e.Event)
	entry := ledger.Entry{
		EventSource: e.Event.Source, EventID: e.Event.ID, Bus: e.Rule.Bus, Rule: e.Rule.Name, Target: e.Target.ID,
		Contact: e.Target.Contact, Channel: h.spec.Name, Object: view.ID, Owner: view.VisibleTo(), Happened: e.Event.Time, Failing: view.Failing,
		Sealed: unit, Event: text,
	}
	if e.Target.Channel != h.spec.Name {
		entry.Fault = &ledger.Fault{Class: channel.Misconfigured, Code: codeMisrouted,
			Text: fmt.Sprintf("the target is for channel %q and its function's ARN is that of %q: recompile the rules",
				e.Target.Channel, h.spec.Name)}
		return entry, nil
	}
	now := h.clock.Now()
	entry.NotBefore, entry.Why = h.held(p, e.Rule.Bus, e.Rule.Name, e.Target, view, now)
	entry.Gap = e.Target.When.Gap(view)
	switch {
	case !entry.NotBefore.IsZero():
	case p.settings.Paused:
		entry.NotBefore, entry.Why = now.Add(time.Minute), ledger.WhyPaused
	default:
		if d := putOff(h.spec.Rush, now, entry.ID()); d > 0 {
			entry.NotBefore, entry.Why = now.Add(d), ledger.WhyRush
		}
	}
	settings, err := e.Open(h.keys)
	switch {
	case err != nil:
		// Where the secrets do not open, the attempt says so; until then the destination is not known.
		return entry, nil //nolint:nilerr // see above
	case h.spec.Contacts:
		entry.Address = h.address(p, e.Target.Contact)
		if onlyFailing(h.spec, settings) && !view.Failing {
			entry.Unwanted = advice.CodeNotFailing
		}
	default:
		entry.Address = channel.Destination(h.spec, settings)
	}
	p.read[entry.ID()] = read{sealed: unit, text: text, unit: e.Target, event: e.Event, view: view, settings: settings}
	return entry, nil
}

// undecodable is what is kept of a body that is no envelope. The same body again is the same delivery.
func undecodable(channelName string, body []byte, reason error) ledger.Entry {
	sum := sha256.Sum256(body)
	return ledger.Entry{
		EventID: "sha256:" + hex.EncodeToString(sum[:]), Channel: channelName, Event: body,
		Fault: &ledger.Fault{Class: channel.Rejected, Code: codeUndecodable, Text: channel.Short(reason.Error())},
	}
}
