package main

import (
	"context"
	"net/http"
	"time"

	"pai-notify/shared/access"
	"pai-notify/shared/fault"
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
			Status: http.StatusConflict, Code: "SignedIn", Said: fault.Say("there is a session already, and a session is opened with an API key", "已有会话，而会话须用 API 密钥登录"),
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

// Session is one that somebody has.
type Session struct {
	ID       string    `json:"id" doc:"Of the key that opened it, or of the person, as in the audit"`
	Name     string    `json:"name"`
	Via      string    `json:"via" enum:"session,provider" doc:"session: a key opened it"`
	Opened   time.Time `json:"opened"`
	LastUsed time.Time `json:"lastUsed" doc:"To the minute"`
	Ends     time.Time `json:"ends" doc:"Whatever is done in it; without a request it ends an hour after the last one"`
}

// enterAll is for what concerns everybody who is signed in: a person has no workspace that another administrator's would
// have to be within.
func (s *service) enterAll(ctx context.Context) error {
	if err := access.From(ctx).RequireEverywhere(access.Admin); err != nil {
		return err
	}
	return s.db.CheckVersion(ctx)
}

func (s *service) listSessions(ctx context.Context, _ *struct{}) (*struct {
	Body struct {
		Items []Session `json:"items"`
	}
}, error) {
	if err := s.enterAll(ctx); err != nil {
		return nil, err
	}
	all, err := s.keys.Sessions(ctx)
	if err != nil {
		return nil, err
	}
	out := &struct {
		Body struct {
			Items []Session `json:"items"`
		}
	}{}
	out.Body.Items = make([]Session, len(all))
	for i, one := range all {
		out.Body.Items[i] = Session{one.Who, one.Name, string(one.Via), utc(one.Created), utc(one.Used), utc(one.Ends)}
	}
	return out, nil
}

func (s *service) endSessions(ctx context.Context, in *struct {
	ID string `path:"id" pattern:"^([a-z2-7]{10}|u[0-9a-f]{16})$" patternDescription:"id of a key or a person, as GET /api/v1/sessions lists it"`
}) (*struct {
	Body struct {
		Ended int64 `json:"ended" doc:"How many sessions there were"`
	}
}, error) {
	if err := s.enterAll(ctx); err != nil {
		return nil, err
	}
	out := &struct {
		Body struct {
			Ended int64 `json:"ended" doc:"How many sessions there were"`
		}
	}{}
	err := s.keys.Audited(ctx, access.Change{Action: "session.endAll", Object: in.ID}, func(ctx context.Context) (_ any, err error) {
		out.Body.Ended, err = s.keys.EndSessions(ctx, in.ID)
		return out.Body, err
	})
	return out, err
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
