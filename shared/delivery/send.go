package delivery

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"math/big"
	"runtime/debug"
	"sync"
	"time"

	"pai-notify/shared/channel"
	"pai-notify/shared/fault"
	"pai-notify/shared/ledger"
)

const (
	parallel   = 8 // destinations at once
	quickTries = 2 // after a first that found the receiver unavailable
)

// send sends what was claimed, destinations in parallel and the deliveries of each in order, and records outcomes as
// they come: those that came while others were being recorded share a transaction.
func (h *Handler) send(ctx context.Context, p present, claimed []ledger.Delivery, answer Answer) error {
	if len(claimed) == 0 {
		return nil
	}
	ids := make([]string, len(claimed))
	for i, d := range claimed {
		ids[i] = d.Contact
	}
	if err := h.lookUp(ctx, p, ids); err != nil {
		return errors.Join(err, h.giveBack(ctx, claimed))
	}
	sending, cancel := before(ctx, writeTime)
	defer cancel()
	queues := bySlot(claimed)
	lines := make(chan [][]ledger.Delivery, len(queues))
	for _, q := range queues {
		lines <- q
	}
	close(lines)
	results := make(chan []ledger.Result, len(claimed))
	var workers sync.WaitGroup
	for range min(parallel, len(queues)) {
		workers.Go(func() {
			for line := range lines {
				for _, slot := range line {
					h.tell(sending, p, slot, results)
				}
			}
		})
	}
	go func() {
		workers.Wait()
		close(results)
	}()
	return h.recordAll(ctx, results, answer)
}

// giveBack gives claims back untried.
func (h *Handler) giveBack(ctx context.Context, claimed []ledger.Delivery) error {
	results := make([]ledger.Result, len(claimed))
	for i, d := range claimed {
		results[i] = ledger.Result{Delivery: d}
	}
	_, err := h.record(ctx, results)
	return err
}

// bySlot parts deliveries by destination, and those of each by the slot they share, in order.
func bySlot(claimed []ledger.Delivery) (queues [][][]ledger.Delivery) {
	type place struct{ queue, slot int }
	destinations, slots := map[string]int{}, map[string]place{}
	for _, d := range claimed {
		if at, known := slots[d.Slot]; known {
			queues[at.queue][at.slot] = append(queues[at.queue][at.slot], d)
			continue
		}
		i, known := destinations[d.Destination]
		if !known || d.Destination == "" {
			i = len(queues)
			destinations[d.Destination] = i
			queues = append(queues, nil)
		}
		slots[d.Slot] = place{i, len(queues[i])}
		queues[i] = append(queues[i], []ledger.Delivery{d})
	}
	return queues
}

// recordAll records results until there are no more.
func (h *Handler) recordAll(ctx context.Context, results <-chan []ledger.Result, answer Answer) error {
	var failed error
	for batch := range results {
		for more := true; more; {
			select {
			case r, ok := <-results:
				if more = ok; ok {
					batch = append(batch, r...)
				}
			default:
				more = false
			}
		}
		states, err := h.record(ctx, batch)
		if err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		for i, state := range states {
			outcome := last(batch[i].Attempts)
			switch {
			case state == "" && outcome.Class != channel.Delivered:
				failed = errors.Join(failed, errForgotten)
				continue
			case state == "":
				state = ledger.Delivered
			case state == ledger.Dead && len(batch[i].Attempts) > 0:
				h.advise(ctx, batch[i].Delivery, outcome)
			}
			answer[state]++
		}
	}
	return failed
}

// errForgotten makes EventBridge ask again for what the ledger lost with a claim: claims may go in a crash of the
// database's server, and then nobody else knows of the delivery.
var errForgotten = errors.New("the database's server crashed and lost the claim of a delivery that is not told yet")

// last is the outcome of the last attempt, Unknown where there was none.
func last(attempts []ledger.Attempt) (o channel.Outcome) {
	if n := len(attempts); n > 0 {
		o = attempts[n-1].Outcome
	}
	return o
}

// recordTries is how often an outcome is written: with pauses that double from 0.2 s they outlast a restart of the
// database's server, and what was sent and is not recorded will be sent again.
const recordTries = 7

func (h *Handler) record(ctx context.Context, batch []ledger.Result) ([]ledger.State, error) {
	for try := 1; ; try++ {
		states, err := h.ledger.Record(ctx, batch)
		if err == nil || try == recordTries || ctx.Err() != nil {
			return states, err
		}
		select {
		case <-time.After(200 * time.Millisecond << (try - 1)):
		case <-ctx.Done():
			return nil, err
		}
	}
}

// try sends a parcel, once or a few times. No attempt means that there was no time left.
func (h *Handler) try(ctx context.Context, p parcel) (attempts []ledger.Attempt) {
	// Nothing is begun that might outlive the lease, of which a ninth is left for recording. Waiting behind others of the
	// same destination may have used it up.
	left := h.clock.Real(p.list[0].Due.Sub(h.clock.Now())) - h.lease/9
	if left < h.lease/4 || !h.mark(ctx, p) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, left)
	defer cancel()
	for {
		a := h.attempt(ctx, p)
		attempts = append(attempts, a)
		h.note(ctx, p, len(attempts), a)
		if a.Outcome.Class != channel.Unavailable || len(attempts) > quickTries || !h.again(ctx, p.list[0], len(attempts)) {
			return attempts
		}
	}
}

// again waits a moment, 0.2 to 0.8 seconds and more after the second time, and for a slot of the pace. It says no where
// there is no time or no slot.
func (h *Handler) again(ctx context.Context, d ledger.Delivery, tries int) bool {
	jitter, err := rand.Int(rand.Reader, big.NewInt(600))
	if err != nil {
		return false
	}
	wait := time.Duration(tries) * (200 + time.Duration(jitter.Int64())) * time.Millisecond
	if h.clock.Sleep(ctx, wait) != nil {
		return false
	}
	if h.spec.Once { // the slot was not used
		return true
	}
	terms := h.terms()
	terms.Failing = d.Failing
	wait, err = h.ledger.Take(ctx, d.Destination, terms)
	return err == nil && wait <= terms.Patience && h.clock.Sleep(ctx, wait) == nil
}

// attempt makes one attempt. A panic in a channel is an outcome like others.
func (h *Handler) attempt(ctx context.Context, p parcel) (a ledger.Attempt) {
	a.At = h.clock.Now()
	start := time.Now()
	defer func() {
		if r := recover(); r != nil {
			a.Outcome = h.panicked(ctx, p.list[0], r)
		}
		a.Took = time.Since(start)
	}()
	receipt, err := h.channel.Send(ctx, p.settings, p.message)
	a.Receipt, a.Outcome = receipt, h.strict(channel.Classify(err))
	return a
}

func (h *Handler) panicked(ctx context.Context, d ledger.Delivery, value any) channel.Outcome {
	h.log.ErrorContext(ctx, "panic", "channel", h.spec.Name, "delivery", d.ID, "panic", fault.Panicked(value), "stack", string(debug.Stack()))
	return channel.Outcome{Class: channel.Unknown, Code: "Panic", Text: fault.Panicked(value)}
}

func damaged(text string) *channel.Outcome {
	return &channel.Outcome{Class: channel.Rejected, Code: codeDamaged, Text: text, Advice: channel.Advice{
		"en": "The row was changed by something else than pai-notify. Publish the event again if it is still wanted.",
		"zh": "该记录被 pai-notify 之外的程序改动过。如仍需要，请重新发布该事件。",
	}}
}

// note writes the log's line of an attempt, one for each event that it told.
func (h *Handler) note(ctx context.Context, p parcel, n int, a ledger.Attempt) {
	level := slog.LevelInfo
	if a.Outcome.Class != channel.Delivered {
		level = slog.LevelWarn
	}
	for _, d := range p.list {
		log := []any{"event", d.EventID, "source", d.EventSource, "bus", d.Bus, "rule", d.Rule, "target", d.Target,
			"channel", d.Channel, "delivery", d.ID, "attempt", d.Attempts + n, "class", a.Outcome.Class.String(),
			"step", string(a.Outcome.Step), "code", a.Outcome.Code, "text", a.Outcome.Text, "ms", a.Took.Milliseconds()}
		if len(p.list) > 1 {
			log = append(log, "digest", p.message.ID)
		}
		h.log.Log(ctx, level, "attempt", log...)
	}
}
