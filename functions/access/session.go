package main

import (
	"context"
	"net/http"
	"time"

	"pai-notify/shared/access"
	"pai-notify/shared/httpapi"
)

// Caller is who calls, and what they may do.
type Caller struct {
	ID         string   `json:"id" doc:"Of the key, or of the person"`
	Name       string   `json:"name"`
	Via        string   `json:"via" enum:"key,session,provider" doc:"How they were let in"`
	Role       string   `json:"role" enum:"viewer,editor,admin"`
	Workspaces []string `json:"workspaces" doc:"Empty: all"`
	PAIUser    string   `json:"paiUser,omitempty" doc:"Whose private objects they may see"`
}

func told(c access.Identity) Caller {
	return Caller{c.KeyID, c.Name, string(c.Via), string(c.Role), append([]string{}, c.Workspaces...), c.PAIUser}
}

func (s *service) whoami(ctx context.Context, _ *struct{}) (*struct{ Body Caller }, error) {
	caller := access.From(ctx)
	return &struct{ Body Caller }{told(caller)}, caller.Require(access.Viewer)
}

type session struct {
	Cookie string `header:"Set-Cookie"`
	Body   struct {
		Caller
		Ends time.Time `json:"ends" doc:"Whatever is done in it; without a request it ends an hour after the last one"`
	}
}

func (s *service) signIn(ctx context.Context, in *httpapi.Asked) (*session, error) {
	caller, source := access.From(ctx), httpapi.SourceOf(ctx)
	if err := caller.Require(access.Viewer); err != nil {
		return nil, err
	}
	if caller.Via != access.ByKey {
		return nil, &httpapi.Problem{
			Status: http.StatusConflict, Code: "SignedIn", Detail: "there is a session already, and a session is opened with an API key",
			Advice: advice{
				"To open another one, send the header Authorization: Bearer KEY.",
				"如需以其他身份登录，请携带请求头 Authorization: Bearer KEY。"}.in(in.Language()),
		}
	}
	token, ends, err := s.keys.SignIn(ctx, caller, access.SessionID(source.Cookie))
	if err != nil {
		return nil, err
	}
	if err := s.record(ctx, "session.open", caller.KeyID); err != nil {
		return nil, err
	}
	out := &session{Cookie: source.SetCookie(token, ends, s.keys.Now())}
	out.Body.Caller, out.Body.Ends = told(caller), ends.UTC()
	return out, nil
}

func (s *service) signOut(ctx context.Context, _ *struct{}) (*struct {
	Cookie string `header:"Set-Cookie"`
}, error) {
	caller, source := access.From(ctx), httpapi.SourceOf(ctx)
	if caller.Session != "" {
		if err := s.keys.SignOut(ctx, caller.Session); err != nil {
			return nil, err
		}
		if err := s.record(ctx, "session.end", caller.KeyID); err != nil {
			return nil, err
		}
	}
	return &struct {
		Cookie string `header:"Set-Cookie"`
	}{source.SetCookie("", time.Time{}, s.keys.Now())}, nil
}

// record writes what has happened into the audit.
func (s *service) record(ctx context.Context, action, object string) error {
	return s.keys.Append(ctx, access.NewEntry(ctx, access.Change{Action: action, Object: object}, access.Done))
}

// advice is one text in both languages.
type advice struct{ en, zh string }

func (a advice) in(language string) string {
	if language == httpapi.Chinese {
		return a.zh
	}
	return a.en
}
