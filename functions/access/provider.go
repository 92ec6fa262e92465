package main

import (
	"context"
	"errors"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"pai-notify/shared/access"
	"pai-notify/shared/environment"
	"pai-notify/shared/fault"
	"pai-notify/shared/httpapi"
)

// Signing in through an identity provider: OpenID Connect's authorization code flow with PKCE, state and nonce.
//
// The session's cookie is SameSite=Strict, and so a browser that comes back from the provider does not bring it. What the
// provider sends people back to is therefore a page that only takes the browser one step further, within this site, and
// that step brings the cookie of the sign-in: only the browser that began one can end it.
const (
	providerPath = "/api/v1/session/provider"
	startPath    = providerPath + "/start"
	callbackPath = providerPath + "/callback" // what is registered with the provider
	finishPath   = providerPath + "/finish"

	providerTime = 10 * time.Second // of all calls to the provider in one request
)

// provider is the identity provider, found when it is first needed.
type provider struct {
	config environment.Provider
	client *http.Client

	mu    sync.Mutex
	found *oidc.Provider
}

func newProvider(config environment.Provider) *provider {
	return &provider{config: config, client: &http.Client{Timeout: providerTime}}
}

func (p *provider) there() bool { return p.config.Issuer != "" }

// discover reads the provider's description once. It keeps the provider's keys, which are read again when they change.
func (p *provider) discover() (*oidc.Provider, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.found != nil {
		return p.found, nil
	}
	// Not the request's context: the provider's keys are read with it later too. Each call has the client's time-out.
	found, err := oidc.NewProvider(oidc.ClientContext(context.Background(), p.client), p.config.Issuer)
	if err != nil {
		return nil, unreachable(err)
	}
	p.found = found
	return found, nil
}

func (p *provider) oauth(found *oidc.Provider) *oauth2.Config {
	return &oauth2.Config{
		ClientID: p.config.ClientID, ClientSecret: p.config.ClientSecret, Endpoint: found.Endpoint(),
		RedirectURL: p.config.PublicURL + callbackPath, Scopes: []string{oidc.ScopeOpenID, "profile"},
	}
}

// unreachable is a fault of the provider's. Its text is for the log: it may quote what the provider said.
func unreachable(err error) error {
	return &providerError{err}
}

type providerError struct{ err error }

func (e *providerError) Error() string { return "identity provider: " + e.err.Error() }
func (e *providerError) Unwrap() error { return e.err }

// claims are what the provider says of somebody.
type claims struct {
	Subject, Name, PAIUser string
	Groups                 []string
}

// exchange turns the code that came back into who came back.
func (p *provider) exchange(ctx context.Context, code string, pending access.Pending) (claims, error) {
	found, err := p.discover()
	if err != nil {
		return claims{}, err
	}
	ctx, cancel := context.WithTimeout(oidc.ClientContext(ctx, p.client), providerTime)
	defer cancel()
	token, err := p.oauth(found).Exchange(ctx, code, oauth2.VerifierOption(pending.Verifier))
	if err != nil {
		return claims{}, unreachable(err)
	}
	raw, ok := token.Extra("id_token").(string)
	if !ok {
		return claims{}, unreachable(errors.New("the answer holds no id_token"))
	}
	verified, err := found.Verifier(&oidc.Config{ClientID: p.config.ClientID}).Verify(ctx, raw)
	if err != nil {
		return claims{}, unreachable(err)
	}
	if verified.Nonce != pending.Nonce {
		return claims{}, unreachable(errors.New("the id_token is of another sign-in: its nonce differs"))
	}
	all := map[string]any{}
	if err := verified.Claims(&all); err != nil {
		return claims{}, unreachable(err)
	}
	if _, told := all[p.config.GroupsClaim]; !told && found.UserInfoEndpoint() != "" { // some tell groups only there
		info, err := found.UserInfo(ctx, oauth2.StaticTokenSource(token))
		if err != nil {
			return claims{}, unreachable(err)
		}
		more := map[string]any{}
		if err := info.Claims(&more); err != nil {
			return claims{}, unreachable(err)
		}
		if info.Subject != verified.Subject { // OpenID Connect Core, section 5.3.2
			return claims{}, unreachable(errors.New("the user info is another user's"))
		}
		for name, value := range more {
			if _, told := all[name]; !told {
				all[name] = value
			}
		}
	}
	c := claims{Subject: verified.Subject, Groups: texts(all[p.config.GroupsClaim])}
	for _, name := range []string{"name", "preferred_username", "login_name", "upn"} {
		if list := texts(all[name]); len(list) == 1 && c.Name == "" {
			c.Name = list[0]
		}
	}
	if ids := texts(all[p.config.UserClaim]); len(ids) == 1 && paiUser.MatchString(ids[0]) {
		c.PAIUser = ids[0]
	}
	return c, nil
}

// texts are the texts of a claim, which is a text or a list.
func texts(claim any) []string {
	switch v := claim.(type) {
	case string:
		return []string{v}
	case float64:
		return []string{fmt.Sprintf("%.0f", v)}
	case []any:
		var list []string
		for _, item := range v {
			list = append(list, texts(item)...)
		}
		return list
	}
	return nil
}

// rights are what members of some groups may do: the highest role that one of them gives, in all workspaces for which
// that role is given. A person has one role; what a lower one gives elsewhere is not added.
func rights(roles []environment.GroupRole, groups []string) (role access.Role, workspaces []string, ok bool) {
	for _, r := range roles {
		if !slices.Contains(groups, r.Group) {
			continue
		}
		given := access.Role(r.Role)
		mine := access.Identity{Role: given}
		switch higher := !ok || mine.May(given) && !(access.Identity{Role: role}).May(given); {
		case higher:
			role, workspaces, ok = given, slices.Clone(r.Workspaces), true
		case given != role:
		case len(r.Workspaces) == 0 || len(workspaces) == 0:
			workspaces = nil
		default:
			for _, name := range r.Workspaces {
				if !slices.Contains(workspaces, name) {
					workspaces = append(workspaces, name)
				}
			}
		}
	}
	return role, workspaces, ok
}

type providerAnswer struct {
	Body struct {
		Available bool   `json:"available" doc:"People may sign in through an identity provider: GET …/start"`
		Host      string `json:"host,omitempty" doc:"The provider's"`
	}
}

func (s *service) aboutProvider(context.Context, *struct{}) (*providerAnswer, error) {
	out := &providerAnswer{}
	if u, err := url.Parse(s.provider.config.Issuer); err == nil && s.provider.there() {
		out.Body.Available, out.Body.Host = true, u.Host
	}
	return out, nil
}

type redirect struct {
	Status   int
	Location string `header:"Location"`
	Cookie   string `header:"Set-Cookie"`
}

func (s *service) startProvider(ctx context.Context, in *struct{ httpapi.Asked }) (*redirect, error) {
	if !s.provider.there() {
		return nil, noProvider(in.Language())
	}
	if err := s.db.CheckVersion(ctx); err != nil {
		return nil, err
	}
	found, err := s.provider.discover()
	if err != nil {
		return nil, s.refuse(ctx, err, in.Language())
	}
	p, err := s.keys.Begin(ctx)
	if err != nil {
		return nil, err
	}
	to := s.provider.oauth(found).AuthCodeURL(p.State, oidc.Nonce(p.Nonce), oauth2.S256ChallengeOption(p.Verifier))
	return &redirect{http.StatusFound, to, httpapi.SourceOf(ctx).SetCookie(p.Token, p.Ends, s.keys.Now())}, nil
}

// Returned is what the provider sends back.
type Returned struct {
	httpapi.Asked
	Code  string `query:"code" maxLength:"2048"`
	State string `query:"state" maxLength:"256"`
	Error string `query:"error" maxLength:"256"`
}

type htmlPage struct {
	Type   string `header:"Content-Type"`
	Policy string `header:"Content-Security-Policy"`
	Refer  string `header:"Referrer-Policy"`
	Body   []byte
}

func (s *service) callbackProvider(_ context.Context, in *Returned) (*htmlPage, error) {
	if !s.provider.there() {
		return nil, noProvider(in.Language())
	}
	query := url.Values{"state": {in.State}}
	if in.Error != "" {
		query.Set("error", in.Error)
	} else {
		query.Set("code", in.Code)
	}
	next := html.EscapeString(finishPath + "?" + query.Encode())
	return &htmlPage{
		Type: "text/html; charset=utf-8", Policy: "default-src 'none'; frame-ancestors 'none'", Refer: "no-referrer",
		Body: []byte(`<!doctype html><meta charset="utf-8"><title>pai-notify</title><meta http-equiv="refresh" content="0;url=` + next +
			`"><a href="` + next + `">` + advice{"Go on", "继续"}.in(in.Language()) + `</a>`),
	}, nil
}

func (s *service) finishProvider(ctx context.Context, in *Returned) (*redirect, error) {
	if !s.provider.there() {
		return nil, noProvider(in.Language())
	}
	source := httpapi.SourceOf(ctx)
	if err := s.db.CheckVersion(ctx); err != nil {
		return nil, err
	}
	pending, err := s.keys.End(ctx, source.Cookie, in.State)
	if err != nil {
		return nil, err
	}
	if in.Error != "" {
		return nil, s.refuse(ctx, unreachable(fmt.Errorf("it refused: %.100q", in.Error)), in.Language())
	}
	who, err := s.provider.exchange(ctx, in.Code, pending)
	if err != nil {
		return nil, s.refuse(ctx, err, in.Language())
	}
	role, workspaces, ok := rights(s.provider.config.Roles, who.Groups)
	caller := access.Identity{
		KeyID: access.PersonID(s.provider.config.Issuer, who.Subject), Name: strings.ToValidUTF8(who.Name, ""), Via: access.ByProvider,
		Role: role, Workspaces: workspaces, PAIUser: who.PAIUser,
	}
	ctx = access.With(ctx, caller)
	if !ok {
		refused := access.NewEntry(ctx, access.Change{Action: "session.open", Object: caller.KeyID}, access.Failed)
		refused.Code = "NoRole"
		if err := s.keys.Append(ctx, refused); err != nil {
			return nil, err
		}
		return nil, &httpapi.Problem{
			Status: http.StatusForbidden, Code: "NoRole", Said: fault.Say("the identity provider knows you, and none of your groups has a role here",
				"身份提供方认识您，但您所在的用户组在此没有角色"),
			Advice: advice{
				"Ask an administrator to give one of your groups a role in OIDC_ROLES, or for an API key.",
				"请管理员在 OIDC_ROLES 中为您所在的用户组配置角色，或向其申请 API 密钥。"}.in(in.Language()),
		}
	}
	token, ends, err := s.keys.SignIn(ctx, caller, "")
	if err != nil {
		return nil, err
	}
	if err := s.record(ctx, "session.open", caller.KeyID); err != nil {
		return nil, err
	}
	return &redirect{http.StatusSeeOther, "/", source.SetCookie(token, ends, s.keys.Now())}, nil
}

// refuse says what a fault of the provider's means, and leaves its text to the log.
func (s *service) refuse(ctx context.Context, err error, language string) error {
	var theirs *providerError
	if !errors.As(err, &theirs) {
		return err
	}
	text := err.Error()
	var answer *oauth2.RetrieveError // prints the whole answer of the provider, which may hold tokens
	if errors.As(err, &answer) {
		text = fmt.Sprintf("identity provider: token endpoint: %.100q", answer.ErrorCode)
		if answer.Response != nil {
			text += " " + answer.Response.Status
		}
	}
	s.log.ErrorContext(ctx, "sign-in refused", "request", httpapi.SourceOf(ctx).Request, "error", text)
	return &httpapi.Problem{
		Status: http.StatusBadGateway, Code: "ProviderRefused", Said: fault.Say("the identity provider gave no sign-in that can be used", "身份提供方未能完成登录"),
		Advice: advice{
			"Sign in again. If it stays so, look into the log of the function access for this request, and check OIDC_ISSUER, " +
				"OIDC_CLIENT_ID, OIDC_CLIENT_SECRET and that PUBLIC_URL" + callbackPath + " is registered with the provider.",
			"请重新登录。若持续出现，请在 access 函数日志中查找该请求，并检查 OIDC_ISSUER、OIDC_CLIENT_ID、OIDC_CLIENT_SECRET，" +
				"以及是否已在身份提供方登记回调地址 PUBLIC_URL" + callbackPath + "。"}.in(language),
	}
}

func noProvider(language string) error {
	return &httpapi.Problem{
		Status: http.StatusNotFound, Code: "NoProvider", Said: fault.Say("this deployment has no identity provider", "此部署没有配置身份提供方"),
		Advice: advice{
			"Sign in with an API key. An administrator sets a provider up with OIDC_ISSUER and what follows it in s.yaml.",
			"请使用 API 密钥登录。管理员可在 s.yaml 中通过 OIDC_ISSUER 等变量配置身份提供方。"}.in(language),
	}
}
