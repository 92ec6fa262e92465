// Package delivery is what all delivery functions do: claim an event in the ledger, keep the receiver's pace, render the
// message, send it, read the answer, record the outcome. What cannot be sent now waits in the ledger, and the function's
// timer sends it when it is due.
//
// EventBridge is told that all is well as soon as the ledger holds a delivery, whatever the receiver then says. Only
// where the ledger is out of reach does the function fail, and EventBridge's own retries take over for a day.
//
// The first of many is told alone and at once. What had to wait for the receiver's pace goes as digests, where the
// channel allows it, in the next slot that anybody takes: see parcel.go.
//
// Contacts. Where a target names contacts, their number or mail address is looked up when the message is sent and is in
// no envelope, row or log.
//
// Held. In quiet hours of a target, or while it or its rule is muted, its deliveries wait; what waits for the same moment
// is told together at the end: see hold.go. Messages about one object keep the target's gap, which the ledger sees to.
//
// Once. A channel that must never send twice marks what it is about to send in the ledger: see once.go. A delivery over
// any other channel is told at least once. The window for a second time is a process that ends after the receiver has taken the
// message and before the ledger has; the message's id is the same then.
package delivery

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"github.com/aws/smithy-go"

	"pai-notify/shared/catalog"
	"pai-notify/shared/channel"
	"pai-notify/shared/clock"
	"pai-notify/shared/contact"
	"pai-notify/shared/database"
	"pai-notify/shared/ledger"
	"pai-notify/shared/mute"
	"pai-notify/shared/seal"
)

// Times of the machine's, not of the project's clock: they belong to processes, which a clock that runs faster does not
// speed up.
const (
	leaseTime = 45 * time.Second // of a claim: after a crash it is due again
	beginTime = 15 * time.Second // must be left of an invocation for the timer to claim more
	writeTime = 3 * time.Second  // of an invocation is kept for recording what became of it
)

// Times of the project's clock.
const (
	patience = 2 * time.Second  // a slot of the receiver's pace may be so far away for the invocation to wait for it
	tickTime = 45 * time.Second // after so long a timer leaves the rest to the next one, which comes a minute after it
)

// How many deliveries one digest tells at most, so that an instance holds few events at a time. Over a channel that never
// sends twice it is more, since such channels may send the least.
const (
	maxDigest     = 100
	maxDigestOnce = 500
)

// Handler does the work of one channel's delivery function. It is safe for concurrent use.
type Handler struct {
	channel channel.Channel
	spec    channel.Spec
	db      *database.DB
	ledger  *ledger.Ledger
	mutes   *mute.Book
	catalog *catalog.Live
	people  Contacts
	keys    *seal.Keyset
	clock   clock.Clock
	log     *slog.Logger
	lease   time.Duration
	zones   zones
}

// Contacts finds contacts by their ids, and by the PAI users who they are; a *contact.Book does.
type Contacts interface {
	Get(ctx context.Context, ids ...string) (map[string]contact.Contact, error)
	OfOwners(ctx context.Context, paiUsers ...string) (map[string]contact.Contact, error)
}

// Config is what a Handler works with. Only the zero Clock may be left as it is, and Contacts where the channel has none.
type Config struct {
	Channel  channel.Channel
	DB       *database.DB
	Catalog  *catalog.Catalog
	Contacts Contacts
	Keys     *seal.Keyset
	Clock    clock.Clock
	Log      *slog.Logger
}

// New makes a Handler.
func New(c Config) *Handler {
	return &Handler{
		channel: c.Channel, spec: c.Channel.Spec(), db: c.DB, ledger: ledger.New(c.DB, c.Keys, c.Clock.Now),
		mutes:   mute.New(c.DB, c.Clock.Now),
		catalog: catalog.NewLive(c.Catalog), people: c.Contacts, keys: c.Keys, clock: c.Clock, log: c.Log,
		lease: leaseTime,
	}
}

// Answer counts what became of the deliveries of an invocation, by state.
type Answer map[ledger.State]int

// Deliver takes what the function is invoked with: an envelope, a list of them, or its timer's event. It fails, with a
// *smithy.OperationError, only where the ledger is out of reach.
func (h *Handler) Deliver(ctx context.Context, body []byte) (json.RawMessage, error) {
	operation, work := "Deliver", func(ctx context.Context) (Answer, error) { return h.deliver(ctx, body) }
	if isTimer(body) {
		operation, work = "Tick", h.tick
	}
	ctx, cancel := before(ctx, writeTime/3) // so that a failure is told, rather than a time-out
	defer cancel()
	answer, err := work(ctx)
	if err != nil {
		h.log.ErrorContext(ctx, "ledger out of reach", "channel", h.spec.Name, "operation", operation, "error", err.Error())
		return nil, &smithy.OperationError{ServiceID: "deliver-" + h.spec.Name, OperationName: operation, Err: err}
	}
	return json.Marshal(answer)
}

// before gives a context that ends some time before another's deadline.
func before(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	if end, ok := ctx.Deadline(); ok {
		return context.WithDeadline(ctx, end.Add(-d))
	}
	return context.WithCancel(ctx)
}

// isTimer tells the event of a timer trigger from an envelope: help.aliyun.com/en/functioncompute, "Timer triggers".
func isTimer(body []byte) bool {
	if len(body) > 64<<10 || !bytes.Contains(body, []byte(`"triggerTime"`)) { // a timer's payload is at most 4 KB
		return false
	}
	var event struct {
		Time   *string         `json:"triggerTime"`
		Name   *string         `json:"triggerName"`
		Target json.RawMessage `json:"target"`
	}
	return json.Unmarshal(body, &event) == nil && event.Time != nil && event.Name != nil && event.Target == nil
}

// terms are on what this channel claims.
func (h *Handler) terms() ledger.Terms {
	t := ledger.Terms{Pace: h.spec.Pace, Lease: h.onClock(h.lease), Patience: patience, Once: h.spec.Once}
	switch {
	case h.spec.Digest && h.spec.Once:
		t.Digest = maxDigestOnce
	case h.spec.Digest:
		t.Digest = maxDigest
	}
	return t
}

// onClock is how long a span of the machine's time takes on the clock: the reverse of clock.Clock.Real.
func (h *Handler) onClock(d time.Duration) time.Duration {
	return time.Duration(float64(d) * float64(time.Hour) / float64(h.clock.Real(time.Hour)))
}

// present is what one invocation works with.
type present struct {
	catalog  *catalog.Catalog
	settings database.Settings
	zone     *time.Location
	muted    mute.Muted
	contacts map[string]contact.Contact // those that were looked up
	asked    map[string]bool            // ids that were
	read     map[string]read            // what this invocation brought, by the deliveries' ids
}

func (h *Handler) present(ctx context.Context) (present, error) {
	if err := h.db.CheckVersion(ctx); err != nil {
		return present{}, err
	}
	settings, err := h.db.Settings(ctx)
	if err != nil {
		return present{}, err
	}
	p := present{settings: settings, contacts: map[string]contact.Contact{}, asked: map[string]bool{}, read: map[string]read{}}
	if p.catalog, err = h.catalog.With(settings.CatalogOverride); err != nil {
		// Set-up checks an override before it is saved; this one was made for another release.
		h.log.ErrorContext(ctx, "catalogue override ignored: correct it in the settings", "error", err.Error())
	}
	if p.muted, err = h.mutes.All(ctx); err != nil {
		return present{}, err
	}
	if p.zone, err = h.zones.load(settings.Zone); err != nil {
		h.log.ErrorContext(ctx, "time zone unknown, UTC is used: correct it in the settings", "zone", settings.Zone)
		p.zone = time.UTC
	}
	return p, nil
}

// advise says in the log what to do about a dead delivery.
func (h *Handler) advise(ctx context.Context, d ledger.Delivery, o channel.Outcome) {
	h.log.ErrorContext(ctx, "dead", "event", d.EventID, "source", d.EventSource, "bus", d.Bus, "rule", d.Rule, "target", d.Target,
		"channel", d.Channel, "delivery", d.ID, "class", o.Class.String(), "code", o.Code, "advice", o.Advice.In("en"))
}

// idle waits on the clock until a moment, or until ctx is done.
func (h *Handler) idle(ctx context.Context, until time.Time) error {
	if err := h.clock.Sleep(ctx, until.Sub(h.clock.Now())); err != nil {
		return fmt.Errorf("wait: %w", err)
	}
	return nil
}
