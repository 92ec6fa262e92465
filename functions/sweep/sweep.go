package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/aws/smithy-go"
	"golang.org/x/sync/errgroup"

	"pai-notify/shared/advice"
	"pai-notify/shared/catalog"
	"pai-notify/shared/channel"
	"pai-notify/shared/channel/all"
	"pai-notify/shared/contact"
	"pai-notify/shared/database"
	"pai-notify/shared/environment"
	"pai-notify/shared/event"
	"pai-notify/shared/eventbridge"
	"pai-notify/shared/ledger"
	"pai-notify/shared/replay"
	"pai-notify/shared/rule"
	"pai-notify/shared/seal"
	"pai-notify/shared/sighting"
)

// What is done in one round, on the machine's time: rounds begin each minute.
const (
	roundTime = 45 * time.Second
	spareTime = 10 * time.Second // of an invocation, left for what is being done when its time is over
	senders   = 4                // buses at a time
	maxJobs   = 20               // of one round
	maxDeaths = 2000             // deliveries looked at together
	batch     = 500              // deliveries forgotten in one transaction
)

// store is what sweep asks of EventBridge: an *eventbridge.Store.
type store interface {
	replay.Store
	PutEvents(ctx context.Context, bus string, events []event.Event) error
}

type sweeper struct {
	log       *slog.Logger
	db        *database.DB
	ledger    *ledger.Ledger
	sealer    *seal.Keyset
	live      *catalog.Live
	specs     []channel.Spec
	channels  map[string]channel.Channel // by name
	people    people
	book      advice.Book
	sightings *sighting.Log
	clock     func() time.Time
	open      func(*catalog.Catalog) store
}

func build(
	env environment.Environment, log *slog.Logger, credentials func(context.Context) (eventbridge.Credentials, error),
) (*sweeper, error) {
	sealer, err := seal.ParseKeys(env.SealKeys)
	if err != nil {
		return nil, err
	}
	db, err := database.Open(context.Background(), env.DatabaseURL)
	if err != nil {
		return nil, err
	}
	base, err := catalog.Load()
	if err != nil {
		return nil, err
	}
	channels := all.Channels(channel.Deps{
		Allow: env.AllowReceivers, Now: env.Clock.Now, Cloud: channel.NewCloud(env.Region, env.CloudEndpoint, cloudKeys(credentials)),
	})
	s := &sweeper{
		log: log, db: db, sealer: sealer, ledger: ledger.New(db, sealer, env.Clock.Now), live: catalog.NewLive(base),
		channels: map[string]channel.Channel{}, people: contact.New(db, env.Clock.Now),
		book: advice.New(channels), sightings: &sighting.Log{DB: db, Now: env.Clock.Now}, clock: env.Clock.Now,
	}
	for _, c := range channels {
		s.specs = append(s.specs, c.Spec())
		s.channels[c.Spec().Name] = c
	}
	kept := eventbridge.New(eventbridge.Config{
		Region: env.Region, Account: env.Account, Endpoint: env.EventBridgeEndpoint, Credentials: credentials, Specs: s.specs, Keys: sealer,
	})
	s.open = func(c *catalog.Catalog) store {
		config := kept.Config // with its connections
		config.Catalog = c
		return eventbridge.New(config)
	}
	return s, nil
}

// Answer is what a round has done.
type Answer struct {
	Heartbeats int `json:"heartbeats"` // sent
	Asked      int `json:"asked"`      // messages whose services were asked what became of them
	Announced  int `json:"announced"`  // deliveries that died, told of or needing no word
	Jobs       int `json:"jobs"`       // advanced
	Purged     int `json:"purged"`     // deliveries forgotten
	Released   int `json:"released"`   // deliveries that waited for a mute that ends sooner
}

// sweep does one round. A part that fails keeps no other from its work; the error names all that failed, and the next
// round does them again.
func (s *sweeper) sweep(ctx context.Context, _ json.RawMessage) (json.RawMessage, error) {
	ctx = withCredentials(ctx)
	answer, err := s.round(ctx)
	if err != nil {
		s.log.ErrorContext(ctx, "round not complete", "error", err.Error())
		return nil, &smithy.OperationError{ServiceID: "sweep", OperationName: "Round", Err: err}
	}
	return json.Marshal(answer)
}

func (s *sweeper) round(ctx context.Context) (answer Answer, err error) {
	until := time.Now().Add(roundTime)
	if end, ok := ctx.Deadline(); ok && end.Add(-spareTime).Before(until) {
		until = end.Add(-spareTime)
	}
	if err := s.db.CheckVersion(ctx); err != nil {
		return answer, err
	}
	settings, err := s.db.Settings(ctx)
	if err != nil {
		return answer, err
	}
	current, err := s.live.With(settings.CatalogOverride)
	if err != nil { // set-up checks it when it is saved; this one was made for another release
		s.log.ErrorContext(ctx, "catalogue override not used: correct it in the settings", "error", err.Error())
	}
	store := s.open(current)
	var failed [6]error
	answer.Released, failed[5] = s.ledger.Release(ctx)
	answer.Heartbeats, failed[0] = s.beat(ctx, store)
	answer.Asked, failed[4] = s.ask(ctx, settings, until) // before announcing what dies of it
	answer.Announced, failed[1] = s.announce(ctx, store, current, until)
	answer.Jobs, failed[2] = s.jobs(ctx, store, current, until)
	answer.Purged, failed[3] = s.purge(ctx, settings, until)
	return answer, errors.Join(failed[:]...)
}

// beat sends a heartbeat round every bus that is set up. Where a bus is gone nothing can come back, and it counts no more.
func (s *sweeper) beat(ctx context.Context, store store) (sent int, err error) {
	buses, err := s.sightings.Buses(ctx)
	if err != nil {
		return 0, err
	}
	failed := make([]error, len(buses))
	var group errgroup.Group
	group.SetLimit(senders)
	for i, bus := range buses {
		group.Go(func() error {
			failed[i] = s.pulse(ctx, store, bus)
			return nil
		})
	}
	_ = group.Wait() // each has its error in failed
	for _, err := range failed {
		if err == nil {
			sent++
		}
	}
	return sent, errors.Join(failed...)
}

// pulse sends one heartbeat. It is noted before it is sent, since it may be back at once.
func (s *sweeper) pulse(ctx context.Context, store store, bus string) error {
	at := s.clock()
	if err := s.sightings.Pulse(ctx, bus, at, false); err != nil {
		return err
	}
	err := store.PutEvents(ctx, bus, []event.Event{sighting.HeartbeatEvent(bus, at)})
	if missing(err) {
		s.log.WarnContext(ctx, "bus is gone: no heartbeat", "bus", bus)
		return s.sightings.Pulse(ctx, bus, at, true)
	}
	if err != nil {
		return fmt.Errorf("send a heartbeat round bus %q: %w", bus, err)
	}
	return nil
}

// missing says whether there is no such bus.
func missing(err error) bool {
	var ours *rule.Error
	return errors.As(err, &ours) && ours.Code == rule.CodeNoWorkspace
}

// jobs completes what calls of the API have begun. A cancellation or replay that fails is tried by the next round.
func (s *sweeper) jobs(ctx context.Context, store store, c *catalog.Catalog, until time.Time) (advanced int, err error) {
	running, err := s.ledger.Running(ctx, maxJobs)
	if err != nil {
		return 0, err
	}
	r := replay.Replayer{Ledger: s.ledger, Store: store, Catalog: c, Specs: s.specs, Keys: s.sealer, Log: s.log}
	var failed []error
	for _, j := range running {
		if !time.Now().Before(until) {
			break
		}
		if _, err := r.Advance(ctx, j, until); err != nil {
			failed = append(failed, err)
			continue
		}
		advanced++
	}
	return advanced, errors.Join(failed...)
}

// purge forgets what ended long ago.
func (s *sweeper) purge(ctx context.Context, settings database.Settings, until time.Time) (purged int, err error) {
	told, dead := settings.Keep()
	now := s.clock()
	for time.Now().Before(until) {
		n, err := s.ledger.Purge(ctx, now.Add(-told), now.Add(-dead), batch)
		purged += n
		if err != nil || n < batch {
			return purged, err
		}
	}
	return purged, nil
}
