package main

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"pai-notify/shared/access"
	"pai-notify/shared/advice"
	"pai-notify/shared/catalog"
	"pai-notify/shared/channel"
	"pai-notify/shared/channel/all"
	"pai-notify/shared/database"
	"pai-notify/shared/environment"
	"pai-notify/shared/eventbridge"
	"pai-notify/shared/httpapi"
	"pai-notify/shared/ledger"
	"pai-notify/shared/replay"
	"pai-notify/shared/seal"
	"pai-notify/shared/sighting"
)

// service is the API. It is safe for concurrent use.
type service struct {
	log       *slog.Logger
	db        *database.DB
	ledger    *ledger.Ledger
	keys      *access.Keys
	sealer    *seal.Keyset
	live      *catalog.Live
	specs     []channel.Spec
	book      advice.Book
	sightings *sighting.Log
	clock     func() time.Time
	open      func(*catalog.Catalog) replay.Store
	health    health
}

func build(env environment.Environment, log *slog.Logger) (http.Handler, error) {
	s, err := newService(env, log)
	if err != nil {
		return nil, err
	}
	kept := eventbridge.New(eventbridge.Config{
		Region: env.Region, Account: env.Account, Endpoint: env.EventBridgeEndpoint,
		Credentials: eventbridge.CredentialsOf(httpapi.RoleKeys), Specs: s.specs, Keys: s.sealer,
	})
	s.open = func(c *catalog.Catalog) replay.Store {
		config := kept.Config // with its connections
		config.Catalog = c
		return eventbridge.New(config)
	}
	return s.api(), nil
}

func newService(env environment.Environment, log *slog.Logger) (*service, error) {
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
	channels := all.Channels(channel.Deps{Allow: env.AllowReceivers})
	s := &service{
		log: log, db: db, sealer: sealer, ledger: ledger.New(db, sealer, env.Clock.Now), live: catalog.NewLive(base),
		keys: &access.Keys{DB: db, Now: env.Clock.Now, Log: log}, book: advice.New(channels),
		sightings: &sighting.Log{DB: db, Now: env.Clock.Now}, clock: env.Clock.Now,
	}
	for _, c := range channels {
		s.specs = append(s.specs, c.Spec())
	}
	return s, nil
}

func (s *service) authenticate(ctx context.Context, key string) (context.Context, error) {
	caller, err := s.keys.Authenticate(ctx, key)
	return access.With(ctx, caller), err
}

func (s *service) api() *httpapi.API {
	a := httpapi.New(httpapi.Options{
		Title: "pai-notify deliveries", OpenAPI: "/api/v1/deliveries/openapi", Authenticate: s.authenticate,
		Open: []string{"GET /healthz"}, Log: s.log,
	})
	const (
		deliveries = "/api/v1/deliveries"
		one        = deliveries + "/{id}"
		note       = "It goes to the rule's target as it is now. "
		many       = "The answer is a job, which this call begins and the function sweep completes; ask for it again to see how far " +
			"it is. Repeating the request with its Idempotency-Key begins nothing new."
	)
	httpapi.Register(a, huma.Operation{OperationID: "list-deliveries", Method: http.MethodGet, Path: deliveries,
		Summary: "What was told, waits or died, the newest first"}, s.list)
	httpapi.Register(a, huma.Operation{OperationID: "summarise-deliveries", Method: http.MethodGet, Path: deliveries + "/summary",
		Summary: "How many deliveries there are by state and channel, and by hour"}, s.summary)
	httpapi.Register(a, huma.Operation{OperationID: "get-delivery", Method: http.MethodGet, Path: one,
		Summary: "A delivery with its attempts, and what to do about those that failed"}, s.get)
	httpapi.Register(a, huma.Operation{OperationID: "replay-delivery", Method: http.MethodPost, Path: one + ":replay",
		Summary: "Tell a delivery again", Description: note + "It must be dead, cancelled or waiting; with force it may be " +
			"delivered."}, s.replayOne)
	httpapi.Register(a, huma.Operation{OperationID: "cancel-delivery", Method: http.MethodPost, Path: one + ":cancel",
		Summary: "Let a delivery that waits go"}, s.cancelOne)
	httpapi.Register(a, huma.Operation{OperationID: "replay-deliveries", Method: http.MethodPost, Path: deliveries + ":replay",
		Summary: "Tell all deliveries of a choice again", Description: "Each goes to its rule's target as it is now. " + many,
		Metadata: httpapi.CheckBody(s.checkChoice(ledger.JobReplay))}, s.startJob(ledger.JobReplay))
	httpapi.Register(a, huma.Operation{OperationID: "cancel-deliveries", Method: http.MethodPost, Path: deliveries + ":cancel",
		Summary: "Let all deliveries of a choice that wait go", Description: many,
		Metadata: httpapi.CheckBody(s.checkChoice(ledger.JobCancel))}, s.startJob(ledger.JobCancel))
	httpapi.Register(a, huma.Operation{OperationID: "get-job", Method: http.MethodGet, Path: deliveries + "/jobs/{id}",
		Summary: "How far a job is"}, s.job)
	httpapi.Register(a, huma.Operation{OperationID: "get-metrics", Method: http.MethodGet, Path: "/api/v1/metrics",
		Summary: "Metrics of the whole deployment as Prometheus reads them"}, s.metrics)
	httpapi.Register(a, huma.Operation{OperationID: "get-health", Method: http.MethodGet, Path: "/healthz",
		Summary:  "Whether events still come round: 200 while the last heartbeat is under 5 minutes old. Needs no key",
		Security: []map[string][]string{{}}}, s.healthz)
	return a
}

// present is what one request works with.
type present struct {
	catalog *catalog.Catalog
	buses   []string // that the request is about; none means all
	caller  access.Identity
	holds   holds
}

// sees says whether the caller may see what a delivery is about.
func (p present) sees(e ledger.Entered) bool {
	workspace, _ := p.catalog.Workspace(e.Bus)
	return p.caller.MaySee(workspace, e.Owner)
}

// enter lets a caller with a role in. A request about no workspace is about all that the caller's key is for.
func (s *service) enter(ctx context.Context, workspace string, role access.Role) (present, error) {
	caller := access.From(ctx)
	if err := caller.Require(role); err != nil {
		return present{}, err
	}
	workspaces := caller.Workspaces
	if workspace != "" {
		if err := caller.RequireIn(workspace, role); err != nil {
			return present{}, err
		}
		workspaces = []string{workspace}
	}
	if err := s.db.CheckVersion(ctx); err != nil {
		return present{}, err
	}
	settings, err := s.db.Settings(ctx)
	if err != nil {
		return present{}, err
	}
	now := present{caller: caller}
	if now.catalog, err = s.live.With(settings.CatalogOverride); err != nil {
		// Set-up checks an override before it is saved; this one was made for another release.
		s.log.ErrorContext(ctx, "catalogue override not used: correct it in the settings", "error", err.Error())
	}
	for _, name := range workspaces {
		now.buses = append(now.buses, now.catalog.Bus(name))
	}
	return now, nil
}

func (s *service) replayer(now present) *replay.Replayer {
	return &replay.Replayer{
		Ledger: s.ledger, Store: s.open(now.catalog), Catalog: now.catalog, Specs: s.specs, Keys: s.sealer, Log: s.log,
	}
}

// note tells in the log who changed what.
func (s *service) note(ctx context.Context, what string, about ...any) {
	s.log.InfoContext(ctx, "change", append([]any{"what", what, "key", access.From(ctx).KeyID}, about...)...)
}
