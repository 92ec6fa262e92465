package main

import (
	"context"
	"log/slog"
	"net/http"
	_ "time/tzdata" // contacts have zones by name, and FC's machines need not have a zone database

	"github.com/danielgtaylor/huma/v2"

	"pai-notify/shared/access"
	"pai-notify/shared/catalog"
	"pai-notify/shared/channel"
	"pai-notify/shared/channel/all"
	"pai-notify/shared/clock"
	"pai-notify/shared/connectivity"
	"pai-notify/shared/contact"
	"pai-notify/shared/database"
	"pai-notify/shared/environment"
	"pai-notify/shared/eventbridge"
	"pai-notify/shared/httpapi"
	"pai-notify/shared/ledger"
	"pai-notify/shared/rule"
	"pai-notify/shared/seal"
)

// store is what keeps the rules that name contacts: a *eventbridge.Store.
type store interface {
	rule.Store
	SetEnabled(ctx context.Context, workspace, name string, on bool, match string) (rule.Saved, error)
	Buses(ctx context.Context, prefix string) ([]string, error)
}

var _ store = (*eventbridge.Store)(nil)

// service is the API. It is safe for concurrent use.
type service struct {
	log      *slog.Logger
	db       *database.DB
	book     *contact.Book
	keys     *access.Keys
	live     *catalog.Live
	clock    clock.Clock
	tester   connectivity.Tester
	channels []channel.Channel
	region   string
	open     func(*catalog.Catalog, rule.Limits) store
}

func build(env environment.Environment, log *slog.Logger) (http.Handler, error) {
	roleKeys := func(ctx context.Context) (channel.Credentials, error) {
		id, secret, token, err := httpapi.RoleKeys(ctx)
		return channel.Credentials{AccessKeyID: id, AccessKeySecret: secret, SecurityToken: token}, err
	}
	channels := all.Channels(channel.Deps{
		Now: env.Clock.Now, Allow: env.AllowReceivers, Cloud: channel.NewCloud(env.Region, env.CloudEndpoint, roleKeys),
	})
	s, err := newService(env, log, channels)
	if err != nil {
		return nil, err
	}
	sealer, err := seal.ParseKeys(env.SealKeys)
	if err != nil {
		return nil, err
	}
	kept := eventbridge.New(eventbridge.Config{
		Region: env.Region, Account: env.Account, Endpoint: env.EventBridgeEndpoint,
		Credentials:   eventbridge.CredentialsOf(httpapi.RoleKeys),
		FunctionARN:   func(channel string) string { return env.ARN("deliver-" + channel) },
		DeadLetterARN: env.DeadLetterARN, Specs: s.specs(), Keys: sealer, Locks: s.db,
	})
	s.open = func(c *catalog.Catalog, limits rule.Limits) store {
		config := kept.Config // with its connections
		config.Catalog, config.Limits = c, limits
		return eventbridge.New(config)
	}
	return s.api(), nil
}

func newService(env environment.Environment, log *slog.Logger, channels []channel.Channel) (*service, error) {
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
	return &service{
		log: log, db: db, book: contact.New(db, env.Clock.Now), keys: &access.Keys{DB: db, Now: env.Clock.Now, Log: log},
		live: catalog.NewLive(base), clock: env.Clock, channels: channels, region: env.Region,
		tester: connectivity.Tester{Ledger: ledger.New(db, sealer, env.Clock.Now), Clock: env.Clock, Function: "contacts"},
	}, nil
}

func (s *service) specs() []channel.Spec {
	specs := make([]channel.Spec, len(s.channels))
	for i, c := range s.channels {
		specs[i] = c.Spec()
	}
	return specs
}

func (s *service) authenticate(ctx context.Context, key string) (context.Context, error) {
	caller, err := s.keys.Authenticate(ctx, key)
	return access.With(ctx, caller), err
}

const (
	contacts = "/api/v1/contacts"
	one      = contacts + "/{id}"
)

// maxFile is how many bytes of CSV are taken: ten thousand contacts with everything in them.
const maxFile = 8 << 20

func (s *service) api() *httpapi.API {
	a := httpapi.New(httpapi.Options{
		Title: "pai-notify contacts", OpenAPI: contacts + "/openapi", Authenticate: s.authenticate, Log: s.log,
		Files: map[string]int{"POST " + contacts + ":import": maxFile},
	})
	const masked = "Viewers see phone numbers and mail addresses masked. "
	httpapi.Register(a, huma.Operation{OperationID: "list-contacts", Method: http.MethodGet, Path: contacts,
		Summary: "The contacts by name", Description: masked + "The search looks at names, ids and PAI users; POST …:search looks at " +
			"addresses too, and keeps them out of the address of the call."}, s.list)
	httpapi.Register(a, huma.Operation{OperationID: "search-contacts", Method: http.MethodPost, Path: contacts + ":search",
		Summary: "Search contacts by everything in them: names, phone numbers, mail addresses, notes"}, s.search)
	httpapi.Register(a, huma.Operation{OperationID: "make-contact", Method: http.MethodPost, Path: contacts,
		Summary: "Make a contact", DefaultStatus: http.StatusCreated, Metadata: httpapi.CheckBody(s.check)}, s.create)
	httpapi.Register(a, huma.Operation{OperationID: "get-contact", Method: http.MethodGet, Path: one,
		Summary: "A contact", Description: masked}, s.get)
	httpapi.Register(a, huma.Operation{OperationID: "replace-contact", Method: http.MethodPut, Path: one,
		Summary: "Replace a contact, which must exist", Description: "A changed number or address holds from the next delivery on, in every " +
			"rule, those that wait among them. To make a contact, POST it.",
		Metadata: httpapi.CheckBody(s.check)}, s.replace)
	httpapi.Register(a, huma.Operation{OperationID: "delete-contact", Method: http.MethodDelete, Path: one,
		Summary: "Delete a contact", Description: "While rules name it, the answer is 409 with these rules. With force it is taken out of " +
			"them first: a target left without contacts goes too, a rule left without targets is disabled; the answer says what was done."},
		s.remove)
	httpapi.Register(a, huma.Operation{OperationID: "test-contact", Method: http.MethodPost, Path: one + ":test",
		Summary: "Send one test message to a contact through a channel, and say what came of it",
		Description: "The answer is 200 whatever the service says, and 429 where the contact has had its test messages of the day, or the " +
			"channel's pace has no room for one now.",
		Metadata: httpapi.CheckBody(s.checkTest)}, s.test)
	httpapi.Register(a, huma.Operation{OperationID: "import-contacts", Method: http.MethodPost, Path: contacts + ":import",
		Summary: "Put the contacts of a CSV file into the book, all or none",
		Description: "UTF-8, with a header: " + contact.ColumnNames().In("en") + ". A line with an id is that contact, new or not; one without is " +
			"the contact of its name. What the file has no column for stays as it was."}, s.importCSV)
	httpapi.Register(a, huma.Operation{OperationID: "export-contacts", Method: http.MethodGet, Path: contacts + ":export",
		Summary: "All contacts as a CSV file, which can be imported again",
		Responses: map[string]*huma.Response{"200": {Description: "UTF-8 with a byte order mark, for spreadsheets",
			Content: map[string]*huma.MediaType{"text/csv": {Schema: &huma.Schema{Type: huma.TypeString}}}}}}, s.exportCSV)
	return a
}

// present is what one request works with.
type present struct {
	catalog  *catalog.Catalog
	settings database.Settings
	store    store
}

// enter lets a caller with a role in and gives what the request works with.
func (s *service) enter(ctx context.Context, role access.Role) (present, error) {
	if err := access.From(ctx).Require(role); err != nil {
		return present{}, err
	}
	if err := s.db.CheckVersion(ctx); err != nil {
		return present{}, err
	}
	settings, err := s.db.Settings(ctx)
	if err != nil {
		return present{}, err
	}
	p := present{settings: settings}
	if p.catalog, err = s.live.With(settings.CatalogOverride); err != nil {
		// Set-up checks an override before it is saved; this one was made for another release.
		s.log.ErrorContext(ctx, "catalogue override not used: correct it in the settings", "error", err.Error())
	}
	p.store = s.open(p.catalog, rule.Limits{Units: settings.UnitsPerRule})
	return p, nil
}

// note tells in the log who changed what.
func (s *service) note(ctx context.Context, what string, about ...any) {
	s.log.InfoContext(ctx, "change", append([]any{"what", what, "key", access.From(ctx).KeyID}, about...)...)
}
