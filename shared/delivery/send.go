package delivery

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"runtime"
	"runtime/debug"
	"sync"
	"time"

	"pai-notify/shared/channel"
	"pai-notify/shared/event"
	"pai-notify/shared/ledger"
	"pai-notify/shared/message"
	"pai-notify/shared/rule"
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
	sending, cancel := before(ctx, writeTime)
	defer cancel()
	lines := make(chan []ledger.Delivery, len(claimed))
	byDestination := map[string]int{}
	var queues [][]ledger.Delivery
	for _, d := range claimed {
		i, known := byDestination[d.Destination]
		if !known || d.Destination == "" {
			i = len(queues)
			byDestination[d.Destination] = i
			queues = append(queues, nil)
		}
		queues[i] = append(queues[i], d)
	}
	for _, q := range queues {
		lines <- q
	}
	close(lines)
	results := make(chan ledger.Result, len(claimed))
	var workers sync.WaitGroup
	for range min(parallel, len(queues)) {
		workers.Go(func() {
			for line := range lines {
				for _, d := range line {
					results <- ledger.Result{Delivery: d, Attempts: h.try(sending, p, d)}
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

// recordAll records results until there are no more.
func (h *Handler) recordAll(ctx context.Context, results <-chan ledger.Result, answer Answer) error {
	var failed error
	for first := range results {
		batch := []ledger.Result{first}
		for more := true; more; {
			select {
			case r, ok := <-results:
				if more = ok; ok {
					batch = append(batch, r)
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

// record tries a little, since what was sent and is not recorded will be sent again.
func (h *Handler) record(ctx context.Context, batch []ledger.Result) ([]ledger.State, error) {
	for try := 1; ; try++ {
		states, err := h.ledger.Record(ctx, batch)
		if err == nil || try == 3 || ctx.Err() != nil {
			return states, err
		}
		select {
		case <-time.After(time.Duration(try) * 200 * time.Millisecond):
		case <-ctx.Done():
			return nil, err
		}
	}
}

// try sends one delivery, once or a few times. No attempt means that there was no time left.
func (h *Handler) try(ctx context.Context, p present, d ledger.Delivery) (attempts []ledger.Attempt) {
	if h.idle(ctx, d.Start) != nil {
		return nil
	}
	// Nothing is begun that might outlive the lease, of which a ninth is left for recording. Waiting behind others of the
	// same destination may have used it up.
	left := h.clock.Real(d.Due.Sub(h.clock.Now())) - h.lease/9
	if left < h.lease/4 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, left)
	defer cancel()
	for {
		a := h.attempt(ctx, p, d)
		attempts = append(attempts, a)
		h.note(ctx, d, d.Attempts+len(attempts), a)
		if a.Outcome.Class != channel.Unavailable || len(attempts) > quickTries || !h.again(ctx, d, len(attempts)) {
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
	terms := h.terms()
	wait, err = h.ledger.Take(ctx, d.Destination, terms)
	return err == nil && wait <= terms.Patience && h.clock.Sleep(ctx, wait) == nil
}

// attempt makes one attempt. A panic in a channel is an outcome like others.
func (h *Handler) attempt(ctx context.Context, p present, d ledger.Delivery) (a ledger.Attempt) {
	a.At = h.clock.Now()
	start := time.Now()
	defer func() {
		if r := recover(); r != nil {
			h.log.ErrorContext(ctx, "panic", "channel", h.spec.Name, "delivery", d.ID, "panic", harmless(r),
				"stack", string(debug.Stack()))
			a.Outcome = channel.Outcome{Class: channel.Unknown, Code: "Panic", Text: harmless(r)}
		}
		a.Took = time.Since(start)
	}()
	settings, m, refused := h.render(p, d)
	if refused != nil {
		a.Outcome = *refused
		return a
	}
	receipt, err := h.channel.Send(ctx, settings, m)
	a.Receipt, a.Outcome = receipt, channel.Classify(err)
	return a
}

// harmless is what may be told of a panic: a value could be anything, a secret too.
func harmless(value any) string {
	var known runtime.Error
	if err, ok := value.(error); ok && errors.As(err, &known) {
		return known.Error()
	}
	return fmt.Sprintf("a %T", value)
}

// render makes the message of a delivery and opens where it goes, or says why it cannot.
func (h *Handler) render(p present, d ledger.Delivery) (channel.Settings, message.Message, *channel.Outcome) {
	var unit rule.Unit
	if err := json.Unmarshal(d.Sealed, &unit); err != nil {
		return nil, message.Message{}, damaged("its target cannot be read")
	}
	e, err := event.Parse(d.Event)
	if err != nil {
		return nil, message.Message{}, damaged("its event cannot be read")
	}
	settings, err := unit.Open(h.keys, d.Bus, d.Rule)
	if err != nil {
		o := channel.Outcome{Class: channel.Misconfigured, Code: rule.CodeSealed, Text: channel.Short(err.Error())}
		var sealed *rule.Error
		if errors.As(err, &sealed) {
			o.Code, o.Advice = sealed.Code, sealed.Advice
		}
		return nil, message.Message{}, &o
	}
	language := unit.Language
	if language == "" {
		language = p.settings.Language
	}
	m := message.New(e, p.catalog.View(e), message.Options{
		Language: language, Zone: p.zone, ConsoleHost: p.settings.ConsoleHost, ID: d.ID, Late: h.clock.Now().Sub(d.Created),
	})
	m.Mentions = unit.Mentions
	return settings, m, nil
}

func damaged(text string) *channel.Outcome {
	return &channel.Outcome{Class: channel.Rejected, Code: codeDamaged, Text: text, Advice: channel.Advice{
		"en": "The row was changed by something else than pai-notify. Publish the event again if it is still wanted.",
		"zh": "该记录被 pai-notify 之外的程序改动过。如仍需要，请重新发布该事件。",
	}}
}

// note writes the log's line of an attempt.
func (h *Handler) note(ctx context.Context, d ledger.Delivery, n int, a ledger.Attempt) {
	level := slog.LevelInfo
	if a.Outcome.Class != channel.Delivered {
		level = slog.LevelWarn
	}
	h.log.Log(ctx, level, "attempt", "event", d.EventID, "source", d.EventSource, "bus", d.Bus, "rule", d.Rule, "target", d.Target,
		"channel", d.Channel, "delivery", d.ID, "attempt", n, "class", a.Outcome.Class.String(), "step", string(a.Outcome.Step),
		"code", a.Outcome.Code, "text", a.Outcome.Text, "ms", a.Took.Milliseconds())
}
