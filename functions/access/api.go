package main

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"pai-notify/shared/access"
	"pai-notify/shared/database"
	"pai-notify/shared/environment"
	"pai-notify/shared/httpapi"
)

// service is the API. It is safe for concurrent use.
type service struct {
	log  *slog.Logger
	db   *database.DB
	keys *access.Keys

	provider *provider
}

func build(env environment.Environment, log *slog.Logger) (http.Handler, error) {
	s, err := newService(env, log)
	if err != nil {
		return nil, err
	}
	return s.api(), nil
}

func newService(env environment.Environment, log *slog.Logger) (*service, error) {
	db, err := database.Open(context.Background(), env.DatabaseURL)
	if err != nil {
		return nil, err
	}
	return &service{log: log, db: db, keys: &access.Keys{DB: db, Now: env.Clock.Now, Log: log}, provider: newProvider(env.Provider)}, nil
}

func (s *service) authenticate(ctx context.Context, key string) (context.Context, error) {
	caller, err := s.keys.Authenticate(ctx, key)
	return access.With(ctx, caller), err
}

func (s *service) api() *httpapi.API {
	a := httpapi.New(httpapi.Options{
		Title: "pai-notify access", OpenAPI: "/api/v1/access/openapi", Authenticate: s.authenticate, Log: s.log,
		Open:   []string{"GET " + providerPath, "GET " + startPath, "GET " + callbackPath, "GET " + finishPath},
		SignIn: []string{startPath, callbackPath, finishPath},
	})
	const (
		session  = "/api/v1/session"
		sessions = "/api/v1/sessions"
		keys     = "/api/v1/keys"
		audit    = "/api/v1/audit"
	)
	httpapi.Register(a, huma.Operation{OperationID: "get-session", Method: http.MethodGet, Path: session,
		Summary: "Who the caller is and what they may do"}, s.whoami)
	httpapi.Register(a, huma.Operation{OperationID: "sign-in", Method: http.MethodPost, Path: session,
		Summary: "Open a session of the console with the API key of this request",
		Description: "The answer sets the one cookie, which only the browser reads. A session has the rights that its key has at " +
			"each request. It ends after an hour without a request, after 12 hours, or with its key."}, s.signIn)
	httpapi.Register(a, huma.Operation{OperationID: "sign-out", Method: http.MethodDelete, Path: session,
		Summary: "End the session of this request", DefaultStatus: http.StatusNoContent}, s.signOut)
	httpapi.Register(a, huma.Operation{OperationID: "list-sessions", Method: http.MethodGet, Path: sessions,
		Summary: "Who is signed in to the console, the newest session first, 1,000 at most"}, s.listSessions)
	httpapi.Register(a, huma.Operation{OperationID: "end-sessions", Method: http.MethodDelete, Path: sessions + "/{id}",
		Summary: "End all sessions of a key or a person at once. Who still may sign in can do so again"}, s.endSessions)
	open := []map[string][]string{{}}
	httpapi.Register(a, huma.Operation{OperationID: "get-provider", Method: http.MethodGet, Path: providerPath, Security: open,
		Summary: "Whether people may sign in through an identity provider. Needs no key"}, s.aboutProvider)
	httpapi.Register(a, huma.Operation{OperationID: "start-provider", Method: http.MethodGet, Path: startPath, Security: open,
		Summary: "Take a browser to the identity provider. Needs no key", DefaultStatus: http.StatusFound}, s.startProvider)
	httpapi.Register(a, huma.Operation{OperationID: "return-from-provider", Method: http.MethodGet, Path: callbackPath, Security: open,
		Summary: "Where the identity provider sends the browser back to. Needs no key"}, s.callbackProvider)
	httpapi.Register(a, huma.Operation{OperationID: "finish-provider", Method: http.MethodGet, Path: finishPath, Security: open,
		Summary: "Open a session for who came back from the identity provider. Needs no key", DefaultStatus: http.StatusSeeOther},
		s.finishProvider)
	httpapi.Register(a, huma.Operation{OperationID: "list-keys", Method: http.MethodGet, Path: keys,
		Summary: "The API keys, the newest first, without the keys themselves"}, s.listKeys)
	httpapi.Register(a, huma.Operation{OperationID: "make-key", Method: http.MethodPost, Path: keys,
		Summary: "Make an API key; it is told in the answer and never again", DefaultStatus: http.StatusCreated,
		Metadata: httpapi.CheckBody(checkKey)}, s.makeKey)
	httpapi.Register(a, huma.Operation{OperationID: "revoke-key", Method: http.MethodDelete, Path: keys + "/{id}",
		Summary: "Revoke an API key and its sessions, at once and for good", DefaultStatus: http.StatusNoContent}, s.revokeKey)
	httpapi.Register(a, huma.Operation{OperationID: "list-audit", Method: http.MethodGet, Path: audit,
		Summary: "Who changed what, the oldest first"}, s.listAudit)
	httpapi.Register(a, huma.Operation{OperationID: "export-audit", Method: http.MethodGet, Path: audit + "/export",
		Summary: "The audit as lines of JSON, up to 1,000 a call; the header X-Next says where the next call begins"}, s.exportAudit)
	httpapi.Register(a, huma.Operation{OperationID: "verify-audit", Method: http.MethodGet, Path: audit + "/verification",
		Summary: "Whether the audit is as it was written: each row holds a hash over itself and the row before it"}, s.verifyAudit)
	return a
}
