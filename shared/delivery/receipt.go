package delivery

import (
	"context"
	"time"

	"pai-notify/shared/channel"
	"pai-notify/shared/event"
)

// overtaken is how long a receipt that finds no message waits, in the machine's time: it may come before the outcome is
// recorded.
const overtaken = 2 * time.Second

// receipt takes a body that is no envelope, where the channel's service reports by events, and says whether it was one of
// those. Events of the service's that are about no message in the ledger are dropped: without a row, since a mailbox
// that others use too would fill the ledger.
func (h *Handler) receipt(ctx context.Context, p present, body []byte) (taken bool, err error) {
	reader, ok := h.channel.(channel.Receipts)
	if !ok {
		return false, nil
	}
	report, ours := reader.ReadReceipt(p.settings.Channels[h.spec.Name], body)
	if !ours {
		e, err := event.Parse(body)
		foreign := err == nil && e.Source != "" && e.Type != ""
		if foreign {
			h.log.InfoContext(ctx, "event dropped: it is no receipt of ours", "channel", h.spec.Name, "source", e.Source, "type", e.Type)
		}
		return foreign, nil
	}
	matched, err := h.ledger.Receipt(ctx, h.spec.Name, report)
	if err == nil && matched == 0 {
		if err := h.idle(ctx, h.clock.Now().Add(h.onClock(overtaken))); err != nil {
			return true, err
		}
		matched, err = h.ledger.Receipt(ctx, h.spec.Name, report)
	}
	if err != nil {
		return true, err
	}
	h.log.InfoContext(ctx, "receipt", "channel", h.spec.Name, "receipt", report.Receipt, "deliveries", matched,
		"arrived", report.Fate == channel.Arrived, "code", report.Code)
	return true, nil
}
