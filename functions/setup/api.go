package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/smithy-go"
	"github.com/danielgtaylor/huma/v2"

	"pai-notify/shared/access"
	"pai-notify/shared/catalog"
	"pai-notify/shared/channel"
	"pai-notify/shared/channel/all"
	"pai-notify/shared/database"
	"pai-notify/shared/environment"
	"pai-notify/shared/eventbridge"
	"pai-notify/shared/fault"
	"pai-notify/shared/httpapi"
	"pai-notify/shared/rotation"
	"pai-notify/shared/seal"
	"pai-notify/shared/sighting"
)

type setup struct {
	env       environment.Environment
	log       *slog.Logger
	db        *database.DB
	keys      *access.Keys
	bootstrap access.Bootstrap
	sightings *sighting.Log
	base      *catalog.Catalog
	live      *catalog.Live
	specs     []channel.Spec
	cloud     cloud
	rules     func(*seal.Keyset) rotation.Rules
}

func build(env environment.Environment, log *slog.Logger) (http.Handler, error) {
	s, err := newSetup(env, log)
	if err != nil {
		return nil, err
	}
	s.cloud = &alibaba{env: env, Store: eventbridge.New(eventbridge.Config{
		Region: env.Region, Account: env.Account, Endpoint: env.EventBridgeEndpoint, DeadLetterARN: env.DeadLetterARN,
		Credentials: eventbridge.CredentialsOf(httpapi.RoleKeys),
	})}
	return s.api(), nil
}

func newSetup(env environment.Environment, log *slog.Logger) (*setup, error) {
	db, err := database.Open(context.Background(), env.DatabaseURL)
	if err != nil {
		return nil, err
	}
	base, err := catalog.Load()
	if err != nil {
		return nil, err
	}
	keys := &access.Keys{DB: db, Now: env.Clock.Now, Log: log}
	s := &setup{
		env: env, log: log, db: db, keys: keys, base: base, live: catalog.NewLive(base),
		bootstrap: access.Bootstrap{Keys: keys, Hash: env.BootstrapHash},
		sightings: &sighting.Log{DB: db, Now: env.Clock.Now}, specs: all.Specs(channel.Deps{}),
	}
	s.rules = s.rulesOf
	return s, nil
}

// authenticate takes API keys and sessions, and the bootstrap token while it lives.
func (s *setup) authenticate(ctx context.Context, key string) (context.Context, error) {
	identify := s.bootstrap.Authenticate
	if strings.HasPrefix(key, "pnk_") || strings.HasPrefix(key, access.SessionPrefix) {
		identify = s.keys.Authenticate
	}
	caller, err := identify(ctx, key)
	return access.With(ctx, caller), err
}

func (s *setup) api() *httpapi.API {
	a := httpapi.New(httpapi.Options{
		Title: "pai-notify set-up", OpenAPI: "/api/v1/setup/openapi", Authenticate: s.authenticate, Log: s.log,
	})
	httpapi.Register(a, huma.Operation{OperationID: "get-setup", Method: http.MethodGet, Path: "/api/v1/setup",
		Summary: "What pai-notify needs, and the state of each step"}, s.get)
	httpapi.Register(a, huma.Operation{OperationID: "do-setup", Method: http.MethodPost, Path: "/api/v1/setup",
		Summary:  "Do what is needed; the bootstrap token also gets the first API key",
		Metadata: httpapi.CheckBody(checkOrder)}, s.do)
	httpapi.Register(a, huma.Operation{OperationID: "get-setup-policy", Method: http.MethodGet,
		Path:    "/api/v1/setup/policy",
		Summary: "The RAM policy that the functions' role needs, and why"}, s.policy)
	httpapi.Register(a, huma.Operation{OperationID: "get-settings", Method: http.MethodGet, Path: "/api/v1/settings",
		Summary: "What an administrator may change while pai-notify runs"}, s.settings)
	httpapi.Register(a, huma.Operation{OperationID: "put-settings", Method: http.MethodPut, Path: "/api/v1/settings",
		Summary: "Replace the settings", Metadata: httpapi.CheckBody(checkSettings(s.base, s.specs))}, s.saveSettings)
	return a
}

// workspaceName is what can be part of a bus's name; PAI's own rule is stricter.
var workspaceName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$`)

var paiUser = regexp.MustCompile(`^[0-9]{1,30}$`)

func checkOrder(_ context.Context, o *order) smithy.InvalidParamsError {
	var faults smithy.InvalidParamsError
	if o == nil {
		return faults
	}
	if o.Workspace != "" && !workspaceName.MatchString(o.Workspace) {
		faults.Add(fault.New("Workspace", fault.Say("is no workspace's name: letters, digits and _", "不是工作空间名称，只能使用字母、数字和 _")))
	}
	if o.PAIUser != "" && !paiUser.MatchString(o.PAIUser) {
		faults.Add(fault.New("PAIUser", fault.Say("is no PAI user id, which is digits", "不是 PAI 用户 ID，只能为数字")))
	}
	for i, id := range o.Steps {
		if !slices.Contains(partIDs(), id) {
			faults.Add(fault.New(fmt.Sprintf("Steps[%d]", i), fault.Say("is no step; there are %s", "不是步骤，可用：%s", fault.Names(partIDs()))))
		}
	}
	return faults
}

type answer struct {
	Body answerBody
}

type answerBody struct {
	Steps    []Step    `json:"steps"`
	Key      string    `json:"key,omitempty" doc:"The first API key; it is told here and never again"`
	Observed *observed `json:"observed,omitempty" doc:"What came over the workspace's bus"`
}

// observed is what observe saw on a workspace's bus.
type observed struct {
	LastEvent time.Time        `json:"lastEvent,omitzero" doc:"When PAI last spoke"`
	Text      string           `json:"text"`
	Unknown   []sighting.Count `json:"unknown" doc:"What the catalogue does not know; settings.catalogOverride can teach it"`
}

func (s *setup) get(ctx context.Context, in *struct {
	httpapi.Asked
	RequestID string `header:"X-Request-Id" hidden:"true"`
	Workspace string `query:"workspace" maxLength:"100" pattern:"^[A-Za-z0-9][A-Za-z0-9_-]*$" doc:"Name of a PAI workspace"`
}) (*answer, error) {
	if err := allowed(ctx, in.Workspace); err != nil {
		return nil, err
	}
	r := &run{setup: s, request: in.RequestID, order: order{Workspace: in.Workspace}}
	return r.answer(ctx, "", in.Language())
}

// allowed lets administrators in, of the workspace if one is named, and who holds the bootstrap token.
func allowed(ctx context.Context, workspace string) error {
	switch caller := access.From(ctx); {
	case caller.Role == access.Opener:
		return nil
	case workspace != "":
		return caller.RequireIn(workspace, access.Admin)
	default:
		return caller.Require(access.Admin)
	}
}

func (s *setup) do(ctx context.Context, in *struct {
	httpapi.Asked
	httpapi.Checked[*order]
	RequestID string `header:"X-Request-Id" hidden:"true"`
}) (*answer, error) {
	r := &run{setup: s, request: in.RequestID, post: true}
	if in.Body != nil {
		r.order = *in.Body
	}
	if err := allowed(ctx, r.order.Workspace); err != nil {
		return nil, err
	}
	key := ""
	if access.From(ctx).Role == access.Opener && !r.order.DryRun {
		var err error
		if err = r.migrate(ctx); err != nil {
			return nil, err
		}
		err = s.keys.Audited(ctx, access.Change{Action: "key.bootstrap"}, func(ctx context.Context) (any, error) {
			key, err = s.bootstrap.Redeem(ctx, r.order.PAIUser)
			return map[string]any{"role": access.Admin, "paiUser": r.order.PAIUser}, err
		})
		if err != nil {
			return nil, err
		}
	}
	return r.answer(ctx, key, in.Language())
}

// answer walks the steps. Once there is a key no error may take it away: it is told in this answer and never again.
func (r *run) answer(ctx context.Context, key, language string) (*answer, error) {
	r.catalog = r.base
	if settings, err := r.db.Settings(ctx); err == nil { // without tables there are none; the step database tells
		if r.catalog, err = r.live.With(settings.CatalogOverride); err != nil {
			r.log.ErrorContext(ctx, "catalogue override not used", "error", err.Error())
		}
		r.channels = settings.Channels
	}
	out := &answer{answerBody{Key: key, Steps: r.walk(ctx, language)}}
	if r.order.Workspace == "" || !r.is("database") {
		return out, nil
	}
	seen, err := r.observed(ctx, r.bus(), language)
	if err != nil && key == "" {
		return nil, err
	}
	out.Body.Observed = seen
	return out, nil
}

func (s *setup) observed(ctx context.Context, bus, language string) (*observed, error) {
	last, err := s.sightings.Spoken(ctx, bus)
	if err != nil {
		return nil, err
	}
	unknown, err := s.sightings.Unknown(ctx, bus)
	if err != nil {
		return nil, err
	}
	text := say("PAI last spoke on bus %s at %s", "PAI 最近一次在总线 %s 上发布事件：%s", bus, last.UTC().Format(time.RFC3339))
	if last.IsZero() {
		text = say("no event from PAI on bus %s yet", "总线 %s 上尚未收到 PAI 的事件", bus)
	}
	return &observed{last, text.in(language), append([]sighting.Count{}, unknown...)}, nil
}

func (s *setup) policy(ctx context.Context, in *struct{ httpapi.Asked }) (*struct{ Body policyAnswer }, error) {
	if err := allowed(ctx, ""); err != nil {
		return nil, err
	}
	return &struct{ Body policyAnswer }{makePolicy(in.Language())}, nil
}

type settingsAnswer struct{ Body database.Settings }

func (s *setup) settings(ctx context.Context, _ *struct{}) (*settingsAnswer, error) {
	if err := access.From(ctx).Require(access.Viewer); err != nil {
		return nil, err
	}
	if err := s.db.CheckVersion(ctx); err != nil {
		return nil, err
	}
	now, err := s.db.Settings(ctx)
	return &settingsAnswer{now}, err
}

func (s *setup) saveSettings(ctx context.Context, in *struct {
	httpapi.Checked[database.Settings]
}) (*settingsAnswer, error) {
	if err := access.From(ctx).RequireEverywhere(access.Admin); err != nil {
		return nil, err
	}
	if err := s.db.CheckVersion(ctx); err != nil {
		return nil, err
	}
	before, err := s.db.Settings(ctx)
	if err != nil {
		return nil, err
	}
	change := access.Change{Action: "settings.replace", Before: before}
	err = s.keys.Audited(ctx, change, func(ctx context.Context) (any, error) { return in.Body, s.db.SaveSettings(ctx, in.Body) })
	if err != nil {
		return nil, err
	}
	return &settingsAnswer{in.Body}, nil
}
