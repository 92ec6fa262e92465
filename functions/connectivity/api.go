package main

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"pai-notify/shared/access"
	"pai-notify/shared/catalog"
	"pai-notify/shared/channel"
	"pai-notify/shared/channel/all"
	"pai-notify/shared/clock"
	"pai-notify/shared/database"
	"pai-notify/shared/environment"
	"pai-notify/shared/eventbridge"
	"pai-notify/shared/httpapi"
	"pai-notify/shared/ledger"
	"pai-notify/shared/rule"
	"pai-notify/shared/seal"
)

// opener gives a target of a saved rule with its secrets: a *eventbridge.Store.
type opener interface {
	Open(ctx context.Context, workspace, rule, target string) (rule.Target, error)
}

var _ opener = (*eventbridge.Store)(nil)

// service is the API. It is safe for concurrent use.
type service struct {
	log      *slog.Logger
	db       *database.DB
	keys     *access.Keys
	ledger   *ledger.Ledger
	live     *catalog.Live
	clock    clock.Clock
	channels []channel.Channel
	saved    func(*catalog.Catalog) opener
}

func build(env environment.Environment, log *slog.Logger) (http.Handler, error) {
	s, err := newService(env, log, channel.Deps{
		Client: channel.Client(env.AllowNetworks, env.AllowReceivers), Now: env.Clock.Now, Allow: env.AllowReceivers, Networks: env.AllowNetworks,
	})
	if err != nil {
		return nil, err
	}
	return s.api(), nil
}

func newService(env environment.Environment, log *slog.Logger, deps channel.Deps) (*service, error) {
	keys, err := seal.ParseKeys(env.SealKeys)
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
		log: log, db: db, keys: &access.Keys{DB: db, Now: env.Clock.Now, Log: log}, ledger: ledger.New(db, keys, env.Clock.Now),
		live: catalog.NewLive(base), clock: env.Clock, channels: all.Channels(deps),
	}
	kept := eventbridge.New(eventbridge.Config{
		Region: env.Region, Account: env.Account, Endpoint: env.EventBridgeEndpoint,
		Credentials: eventbridge.CredentialsOf(httpapi.RoleKeys), Keys: keys,
	})
	s.saved = func(c *catalog.Catalog) opener {
		config := kept.Config // with its connections
		config.Catalog = c
		return eventbridge.New(config)
	}
	return s, nil
}

func (s *service) authenticate(ctx context.Context, key string) (context.Context, error) {
	caller, err := s.keys.Authenticate(ctx, key)
	return access.With(ctx, caller), err
}

func (s *service) api() *httpapi.API {
	a := httpapi.New(httpapi.Options{
		Title: "pai-notify connectivity", OpenAPI: "/api/v1/connectivity/openapi", Authenticate: s.authenticate, Log: s.log,
	})
	httpapi.Register(a, huma.Operation{OperationID: "test-connectivity", Method: http.MethodPost, Path: "/api/v1/connectivity",
		Summary: "Send one test message through a target, or look without posting, and say what came of it",
		Description: "The answer is 200 whatever the receiver says, and 429 where the receiver's pace, which deliveries keep too, " +
			"has no room for a message now.",
		Metadata: httpapi.CheckBody(s.check)}, s.test)
	return a
}
