package delivery

import (
	"context"
	"time"
)

const (
	tickBatch = 64                     // deliveries in one claim
	tickPause = 100 * time.Millisecond // at least, between two looks that found nothing
)

// tick sends what is due, until nothing is left that will be due soon, or its time is over. Two at once are harmless.
func (h *Handler) tick(ctx context.Context) (Answer, error) {
	answer := Answer{}
	begin := h.clock.Now()
	end := begin.Add(tickTime)
	// Timers fire on the minute, and so at the worst moment.
	if err := h.idle(ctx, begin.Add(putOff(h.spec.Rush, begin, begin.String()))); err != nil {
		return answer, nil //nolint:nilerr // nothing is lost: the next timer goes on
	}
	for {
		if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < beginTime || !h.clock.Now().Before(end) {
			return answer, nil
		}
		p, err := h.present(ctx)
		if err != nil || p.settings.Paused {
			return answer, err
		}
		claimed, err := h.ledger.Due(ctx, h.terms(), h.spec.Name, tickBatch)
		if err != nil {
			return nil, err
		}
		if len(claimed) > 0 {
			if err := h.send(ctx, p, claimed, answer); err != nil {
				return nil, err
			}
			continue
		}
		next, err := h.ledger.Next(ctx, h.spec.Name)
		if err != nil {
			return nil, err
		}
		if next.IsZero() || next.After(end) {
			return answer, nil
		}
		if soonest := h.clock.Now().Add(tickPause); next.Before(soonest) {
			next = soonest
		}
		if err := h.idle(ctx, next); err != nil { // the invocation's time is over
			return answer, nil //nolint:nilerr // nothing is lost: the next timer goes on
		}
	}
}
