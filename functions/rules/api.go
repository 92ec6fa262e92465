package main

import (
	"context"
	"log/slog"
	"net/http"
	"time"
	_ "time/tzdata" // previews show times in any zone, and FC's machines need not have a zone database

	"github.com/danielgtaylor/huma/v2"

	"pai-notify/shared/access"
	"pai-notify/shared/catalog"
	"pai-notify/shared/channel"
	"pai-notify/shared/channel/all"
	"pai-notify/shared/contact"
	"pai-notify/shared/database"
	"pai-notify/shared/environment"
	"pai-notify/shared/eventbridge"
	"pai-notify/shared/httpapi"
	"pai-notify/shared/ledger"
	"pai-notify/shared/mute"
	"pai-notify/shared/rule"
	"pai-notify/shared/seal"
	"pai-notify/shared/sighting"
)

// store is what keeps rules: a *eventbridge.Store.
type store interface {
	rule.Store
	SetEnabled(ctx context.Context, workspace, name string, on bool, match string) (rule.Saved, error)
	Recompile(ctx context.Context, workspace string) ([]eventbridge.Recompiled, error)
	Count(ctx context.Context, workspace string) (int, error) // of all rules on the workspace's bus
}

var _ store = (*eventbridge.Store)(nil)

// service is the API. It is safe for concurrent use.
type service struct {
	log       *slog.Logger
	db        *database.DB
	ledger    *ledger.Ledger
	book      *contact.Book
	region    string
	keys      *access.Keys
	sealer    *seal.Keyset
	live      *catalog.Live
	specs     []channel.Spec
	checks    map[string]bool // channels that can be asked without posting a message
	sightings *sighting.Log
	mutes     *mute.Book
	clock     func() time.Time
	open      func(*catalog.Catalog, rule.Limits) store
}

func build(env environment.Environment, log *slog.Logger) (http.Handler, error) {
	s, err := newService(env, log)
	if err != nil {
		return nil, err
	}
	kept := eventbridge.New(eventbridge.Config{
		Region: env.Region, Account: env.Account, Endpoint: env.EventBridgeEndpoint,
		Credentials:   eventbridge.CredentialsOf(httpapi.RoleKeys),
		FunctionARN:   func(channel string) string { return env.ARN("deliver-" + channel) },
		DeadLetterARN: env.DeadLetterARN, Specs: s.specs, Keys: s.sealer, Locks: s.db,
	})
	s.open = func(c *catalog.Catalog, limits rule.Limits) store {
		config := kept.Config // with its connections
		config.Catalog, config.Limits = c, limits
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
	s := &service{
		log: log, db: db, ledger: ledger.New(db, sealer, env.Clock.Now), book: contact.New(db, env.Clock.Now), region: env.Region, sealer: sealer,
		keys: &access.Keys{DB: db, Now: env.Clock.Now, Log: log}, live: catalog.NewLive(base),
		checks: map[string]bool{}, sightings: &sighting.Log{DB: db, Now: env.Clock.Now},
		mutes: mute.New(db, env.Clock.Now), clock: env.Clock.Now,
	}
	for _, c := range all.Channels(channel.Deps{Allow: env.AllowReceivers, Networks: env.AllowNetworks}) {
		s.specs = append(s.specs, c.Spec())
		_, s.checks[c.Spec().Name] = c.(channel.Checker)
	}
	return s, nil
}

func (s *service) authenticate(ctx context.Context, key string) (context.Context, error) {
	caller, err := s.keys.Authenticate(ctx, key)
	return access.With(ctx, caller), err
}

func (s *service) api() *httpapi.API {
	a := httpapi.New(httpapi.Options{
		Title: "pai-notify rules", OpenAPI: "/api/v1/workspaces/openapi", Authenticate: s.authenticate, Log: s.log,
	})
	const (
		rules = "/api/v1/workspaces/{ws}/rules"
		one   = rules + "/{name}"
	)
	httpapi.Register(a, huma.Operation{OperationID: "get-catalog", Method: http.MethodGet, Path: "/api/v1/catalog",
		Summary: "What a rule can choose: event sources, options, scopes and channels, and the limits of a rule"}, s.catalog)
	httpapi.Register(a, huma.Operation{OperationID: "list-rules", Method: http.MethodGet, Path: rules,
		Summary: "The rules of a workspace by name, those that pai-notify did not make among them"}, s.list)
	httpapi.Register(a, huma.Operation{OperationID: "make-rule", Method: http.MethodPost, Path: rules,
		Summary: "Make a rule", DefaultStatus: http.StatusCreated, Metadata: httpapi.CheckBody(s.check)}, s.create)
	httpapi.Register(a, huma.Operation{OperationID: "get-rule", Method: http.MethodGet, Path: one,
		Summary: "A rule, its secrets redacted"}, s.get)
	httpapi.Register(a, huma.Operation{OperationID: "replace-rule", Method: http.MethodPut, Path: one,
		Summary: "Replace a rule, which must exist",
		Description: "Secret settings that are left out of a target are kept, those given as empty text are taken away. Repeating a " +
			"PUT that broke off completes it. To make a rule, POST it.",
		Metadata: httpapi.CheckBody(s.check)}, s.replace)
	httpapi.Register(a, huma.Operation{OperationID: "delete-rule", Method: http.MethodDelete, Path: one,
		Summary: "Delete a rule", DefaultStatus: http.StatusNoContent}, s.remove)
	httpapi.Register(a, huma.Operation{OperationID: "enable-rule", Method: http.MethodPost, Path: one + ":enable",
		Summary: "Let a rule tell of events"}, s.enable)
	httpapi.Register(a, huma.Operation{OperationID: "disable-rule", Method: http.MethodPost, Path: one + ":disable",
		Summary: "Keep a rule and let it tell of nothing"}, s.disable)
	httpapi.Register(a, huma.Operation{OperationID: "mute-rule", Method: http.MethodPost, Path: one + ":mute",
		Summary: "Let a rule, or one target of it, tell nothing until a time",
		Description: "What comes until then is held, whatever its outcome, and told then: as one message at each receiver where its channel " +
			"has digests. Muting again changes the time."}, s.mute)
	httpapi.Register(a, huma.Operation{OperationID: "unmute-rule", Method: http.MethodPost, Path: one + ":unmute",
		Summary: "End a mute; what was held is told now"}, s.unmute)
	httpapi.Register(a, huma.Operation{OperationID: "recompile-rules", Method: http.MethodPost, Path: rules + ":recompile",
		Summary: "Write all rules anew as they are, after the catalogue, a function's ARN or a seal key has changed"}, s.recompile)
	httpapi.Register(a, huma.Operation{OperationID: "preview-rule", Method: http.MethodPost, Path: rules + ":preview",
		Summary: "What a draft would match and tell; nothing is saved or sent"}, s.preview)
	httpapi.Register(a, huma.Operation{OperationID: "list-events", Method: http.MethodGet, Path: "/api/v1/workspaces/{ws}/events",
		Summary: "What came over the workspace's bus in the last week, newest first"}, s.events)
	httpapi.Register(a, huma.Operation{OperationID: "list-unknown", Method: http.MethodGet, Path: "/api/v1/workspaces/{ws}/unknown",
		Summary: "Names in PAI's events that the catalogue does not know, for settings.catalogOverride to teach it"}, s.unknown)
	return a
}

// present is what one request works with.
type present struct {
	catalog  *catalog.Catalog
	settings database.Settings
	limits   rule.Limits
	store    store
}

func (s *service) present(ctx context.Context) (present, error) {
	if err := s.db.CheckVersion(ctx); err != nil {
		return present{}, err
	}
	settings, err := s.db.Settings(ctx)
	if err != nil {
		return present{}, err
	}
	p := present{settings: settings, limits: rule.Limits{Units: settings.UnitsPerRule}}
	if p.catalog, err = s.live.With(settings.CatalogOverride); err != nil {
		// Set-up checks an override before it is saved; this one was made for another release.
		s.log.ErrorContext(ctx, "catalogue override not used: correct it in the settings", "error", err.Error())
	}
	p.store = s.open(p.catalog, p.limits)
	return p, nil
}

// enter lets a caller with a role into a workspace and gives what the request works with.
func (s *service) enter(ctx context.Context, workspace string, role access.Role) (present, error) {
	if err := access.From(ctx).RequireIn(workspace, role); err != nil {
		return present{}, err
	}
	return s.present(ctx)
}
