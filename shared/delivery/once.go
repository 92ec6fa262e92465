package delivery

import (
	"context"
	"strconv"
	"strings"

	"pai-notify/shared/channel"
	"pai-notify/shared/ledger"
)

// messageID is the id that a message goes out with. Of what must never go twice each claim has another one, so that a
// service which is asked about one is not asked about the one before it.
func (h *Handler) messageID(d ledger.Delivery) string {
	if h.spec.Once {
		return d.ID + "." + strconv.FormatInt(d.Token, 10)
	}
	return d.ID
}

// mark notes in the ledger that a parcel goes to the wire, and says whether it may. Of other channels all may.
func (h *Handler) mark(ctx context.Context, p parcel) bool {
	if !h.spec.Once {
		return true
	}
	marked, err := h.ledger.Mark(ctx, p.list, p.message.ID)
	if err != nil {
		h.log.ErrorContext(ctx, "not sent, since it could not be marked: it is tried again", "channel", h.spec.Name, "error", err.Error())
	}
	return marked && err == nil
}

// strict reads an outcome as a channel must that never sends twice: what does not prove that the message was not accepted
// leaves that in doubt. A gateway's page proves nothing; a code of the service's own does.
func (h *Handler) strict(o channel.Outcome) channel.Outcome {
	if h.spec.Once && o.Class == channel.Unavailable && o.Step == channel.StepAnswer && strings.HasPrefix(o.Code, "HTTP 5") {
		o.Class = channel.Uncertain
	}
	return o
}

// result is what became of a delivery in a parcel.
func (h *Handler) result(d ledger.Delivery, p parcel, attempts []ledger.Attempt) ledger.Result {
	r := ledger.Result{Delivery: d, Attempts: attempts, Address: p.moved, Until: p.held, Why: p.why}
	if len(attempts) == 0 {
		return r
	}
	final := attempts[len(attempts)-1]
	switch final.Outcome.Class {
	case channel.Delivered:
		_, r.Reports = h.channel.(channel.Reporter)
	case channel.Throttled, channel.Unavailable, channel.Misconfigured, channel.Rejected:
		if h.spec.Once { // the receiver counts what it accepted
			r.Unused = h.spec.Pace
		}
	default:
	}
	return r
}
