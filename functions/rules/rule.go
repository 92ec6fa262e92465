package main

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"net/url"
	"slices"
	"strings"

	"pai-notify/shared/access"
	"pai-notify/shared/fault"
	"pai-notify/shared/httpapi"
	"pai-notify/shared/rule"
)

// InWorkspace is embedded in the input of every operation on rules.
type InWorkspace struct {
	Workspace string `path:"ws" maxLength:"100" pattern:"^[A-Za-z0-9][A-Za-z0-9_-]*$" doc:"Name of a PAI workspace"`
}

// Named is embedded in the input of every operation on one rule.
type Named struct {
	InWorkspace
	Name    string `path:"name" maxLength:"127" pattern:"^[A-Za-z0-9][A-Za-z0-9_.-]*$"`
	IfMatch string `header:"If-Match" doc:"The ETag of the rule as it was read: if it has changed since, the answer is 412"`
}

// match is what the rule's ETag must be. It takes the forms that proxies make of an ETag, W/"…" among them.
func (n Named) match(without string) (string, error) {
	given := strings.TrimSpace(n.IfMatch)
	if given == "" {
		return without, nil
	}
	etag := strings.Trim(strings.TrimPrefix(given, "W/"), `"`)
	if etag == "" || etag == rule.MatchMissing || strings.ContainsAny(etag, `", `) {
		return "", httpapi.Wrong("header.If-Match", fault.Say("is not one ETag; send the one that GET answered, or leave the header out",
			"不是单个 ETag；请使用 GET 返回的 ETag，或去掉该请求头"))
	}
	return etag, nil
}

// answer is one rule.
type answer struct {
	ETag     string `header:"ETag"`
	Location string `header:"Location"`
	Body     Rule
}

func (s *service) told(ctx context.Context, now present, workspace string, saved rule.Saved) (*answer, error) {
	one := []Rule{wire(saved, now.catalog)}
	if err := s.withMutes(ctx, now, workspace, one); err != nil {
		return nil, err
	}
	return &answer{ETag: `"` + saved.ETag + `"`, Body: one[0]}, nil
}

type page struct {
	Body struct {
		Items []Rule `json:"items"`
		Next  string `json:"next,omitempty" doc:"Ask again with it as cursor; left out at the end"`
	}
}

func (s *service) list(ctx context.Context, in *struct {
	InWorkspace
	Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"100"`
	Cursor string `query:"cursor" maxLength:"400" doc:"next of the answer before"`
}) (*page, error) {
	now, err := s.enter(ctx, in.Workspace, access.Viewer)
	if err != nil {
		return nil, err
	}
	after, err := base64.RawURLEncoding.DecodeString(in.Cursor)
	if err != nil {
		return nil, httpapi.Wrong("query.cursor", fault.Say("is none; leave it out to begin at the start", "不是有效的游标；请去掉以从头开始"))
	}
	all, err := now.store.List(ctx, in.Workspace)
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(r rule.Saved) bool { return reserved(r.Name) || r.Name <= string(after) })
	out := &page{}
	out.Body.Items = []Rule{}
	for _, saved := range all[:min(in.Limit, len(all))] {
		out.Body.Items = append(out.Body.Items, wire(saved, now.catalog))
	}
	if err := s.withMutes(ctx, now, in.Workspace, out.Body.Items); err != nil {
		return nil, err
	}
	if len(all) > in.Limit {
		out.Body.Next = base64.RawURLEncoding.EncodeToString([]byte(all[in.Limit-1].Name))
	}
	return out, nil
}

// reserved are the rules that pai-notify makes for itself: no user's, and none that this API tells of.
func reserved(name string) bool { return strings.HasPrefix(strings.ToLower(name), rule.ReservedPrefix) }

func (s *service) get(ctx context.Context, in *struct{ Named }) (*answer, error) {
	now, err := s.enter(ctx, in.Workspace, access.Viewer)
	if err != nil {
		return nil, err
	}
	if reserved(in.Name) {
		return nil, rule.NotFound(in.Workspace, in.Name)
	}
	saved, err := now.store.Get(ctx, in.Workspace, in.Name)
	if err != nil {
		return nil, err
	}
	return s.told(ctx, now, in.Workspace, saved)
}

func (s *service) create(ctx context.Context, in *struct {
	InWorkspace
	httpapi.Checked[Rule]
}) (*answer, error) {
	now, err := s.enter(ctx, in.Workspace, access.Editor)
	if err != nil {
		return nil, err
	}
	named := Named{InWorkspace: in.InWorkspace, Name: in.Body.Name}
	out, err := s.put(ctx, now, named, made, in.Body.rule(access.From(ctx).PAIUser), rule.MatchMissing)
	if err != nil {
		return nil, err
	}
	out.Location = "/api/v1/workspaces/" + url.PathEscape(in.Workspace) + "/rules/" + url.PathEscape(out.Body.Name)
	return out, nil
}

func (s *service) replace(ctx context.Context, in *struct {
	Named
	Asking
	httpapi.Checked[Rule]
	IfNoneMatch string `header:"If-None-Match" hidden:"true"`
}) (*answer, error) {
	now, err := s.enter(ctx, in.Workspace, access.Editor)
	if err != nil {
		return nil, err
	}
	if in.IfNoneMatch != "" { // to leave it out of account would replace what the caller wants kept
		return nil, httpapi.Wrong("header.If-None-Match", fault.Say("is not taken: PUT only replaces a rule that exists; make a new one with POST",
			"不支持：PUT 只替换已有的规则；新建请用 POST"))
	}
	match, err := in.match(rule.MatchExists)
	if err != nil {
		return nil, err
	}
	in.Body.Name = in.Name // the check has seen to it
	if in.Body.Enabled == nil || *in.Body.Enabled {
		if in.Waiting != "" {
			return nil, httpapi.Wrong("query.waiting", fault.Say("is for a rule that is disabled; leave it out, or set enabled to false",
				"仅用于停用的规则；请去掉，或将 enabled 设为 false"))
		}
		return s.put(ctx, now, in.Named, replaced, in.Body.rule(access.From(ctx).PAIUser), match)
	}
	if err := s.asks(ctx, now, in.Named, in.Asking, false); err != nil {
		return nil, err
	}
	out, err := s.put(ctx, now, in.Named, replaced, in.Body.rule(access.From(ctx).PAIUser), match)
	if err != nil {
		return nil, err
	}
	return out, s.settle(ctx, now, in.Named, in.Asking)
}

func (s *service) put(ctx context.Context, now present, in Named, action string, r rule.Rule, match string) (*answer, error) {
	if hidden, err := s.private(ctx, now, in.Workspace, r); err != nil || hidden.Len() > 0 {
		return nil, cmp.Or(err, error(hidden)) // also where the check could not look
	}
	return s.audited(ctx, now, action, in, func(ctx context.Context) (*answer, error) {
		return s.reachable(ctx, now, r, func(ctx context.Context) (*answer, error) {
			saved, err := now.store.Put(ctx, in.Workspace, r, match)
			if err != nil {
				return nil, err
			}
			s.note(ctx, "rule saved", in.Workspace, r.Name)
			return s.told(ctx, now, in.Workspace, saved)
		})
	})
}

func (s *service) remove(ctx context.Context, in *struct {
	Named
	Asking
}) (*struct{}, error) {
	now, err := s.enter(ctx, in.Workspace, access.Editor)
	if err != nil {
		return nil, err
	}
	if reserved(in.Name) {
		return nil, rule.NotFound(in.Workspace, in.Name)
	}
	match, err := in.match(rule.MatchAny)
	if err != nil {
		return nil, err
	}
	if err := s.asks(ctx, now, in.Named, in.Asking, true); err != nil {
		return nil, err
	}
	_, err = s.audited(ctx, now, deleted, in.Named, func(ctx context.Context) (*answer, error) {
		err := now.store.Delete(ctx, in.Workspace, in.Name, match)
		if err != nil && !gone(err) {
			return nil, err
		}
		return nil, errors.Join(err, s.mutes.Forget(ctx, now.catalog.Bus(in.Workspace), in.Name))
	})
	if err != nil && !gone(err) {
		return nil, err
	}
	// Also where the rule is no more: an earlier request may have come so far.
	if failed := s.settle(ctx, now, in.Named, in.Asking); failed != nil {
		return nil, failed
	}
	if err != nil {
		return nil, err
	}
	s.note(ctx, "rule deleted", in.Workspace, in.Name)
	return &struct{}{}, nil
}

// note tells in the log who changed what.
func (s *service) note(ctx context.Context, what, workspace, name string) {
	s.log.InfoContext(ctx, "change", "what", what, "workspace", workspace, "rule", name, "key", access.From(ctx).KeyID)
}

func (s *service) enable(ctx context.Context, in *struct{ Named }) (*answer, error) {
	return s.toggle(ctx, in.Named, Asking{}, true)
}

func (s *service) disable(ctx context.Context, in *struct {
	Named
	Asking
}) (*answer, error) {
	return s.toggle(ctx, in.Named, in.Asking, false)
}

// toggle enables or disables a rule.
func (s *service) toggle(ctx context.Context, in Named, a Asking, on bool) (*answer, error) {
	now, err := s.enter(ctx, in.Workspace, access.Editor)
	if err != nil {
		return nil, err
	}
	if reserved(in.Name) {
		return nil, rule.NotFound(in.Workspace, in.Name)
	}
	match, err := in.match(rule.MatchAny)
	if err != nil {
		return nil, err
	}
	what, action := "rule enabled", enabled
	if !on {
		what, action = "rule disabled", disabled
		if err := s.asks(ctx, now, in, a, false); err != nil {
			return nil, err
		}
	}
	set := func(ctx context.Context) (*answer, error) {
		saved, err := now.store.SetEnabled(ctx, in.Workspace, in.Name, on, match)
		if err != nil {
			return nil, err
		}
		s.note(ctx, what, in.Workspace, in.Name)
		return s.told(ctx, now, in.Workspace, saved)
	}
	out, err := s.audited(ctx, now, action, in, func(ctx context.Context) (*answer, error) {
		if !on { // whatever is wrong with it
			return set(ctx)
		}
		saved, err := now.store.Get(ctx, in.Workspace, in.Name)
		if err != nil {
			return nil, err
		}
		return s.reachable(ctx, now, saved.Rule, set)
	})
	if err != nil {
		return nil, err
	}
	return out, s.settle(ctx, now, in, a)
}
