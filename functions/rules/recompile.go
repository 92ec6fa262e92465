package main

import (
	"context"

	"pai-notify/shared/access"
	"pai-notify/shared/eventbridge"
	"pai-notify/shared/httpapi"
)

// Recompiled is what became of one rule.
type Recompiled struct {
	Name       string           `json:"name"`
	Recompiled bool             `json:"recompiled"`
	Problem    *httpapi.Problem `json:"problem,omitempty" doc:"Why it was left as it is"`
}

type recompilation struct {
	Body struct {
		Items  []Recompiled `json:"items"`
		Failed int          `json:"failed" doc:"How many were left as they are"`
	}
}

// recompile answers 200 also where rules were left as they are: each says why, and repeating it harms nothing.
func (s *service) recompile(ctx context.Context, in *struct {
	httpapi.Asked
	InWorkspace
	RequestID string `header:"X-Request-Id" hidden:"true"`
}) (*recompilation, error) {
	now, err := s.enter(ctx, in.Workspace, access.Editor)
	if err != nil {
		return nil, err
	}
	var results []eventbridge.Recompiled
	change := access.Change{Action: recompiled, Workspace: in.Workspace}
	err = s.keys.Audited(ctx, change, func(ctx context.Context) (after any, err error) {
		results, err = now.store.Recompile(ctx, in.Workspace)
		names := []string{}
		for _, r := range results {
			if r.Err == nil {
				names = append(names, r.Name)
			}
		}
		return map[string]any{"recompiled": names}, err
	})
	if err != nil {
		return nil, err
	}
	out := &recompilation{}
	out.Body.Items = []Recompiled{}
	for _, r := range results {
		item := Recompiled{Name: r.Name, Recompiled: r.Err == nil}
		if r.Err != nil {
			out.Body.Failed++
			item.Problem = httpapi.AsProblem(r.Err, in.RequestID, in.Language())
			s.log.ErrorContext(ctx, "rule not recompiled", "request", in.RequestID, "workspace", in.Workspace, "rule", r.Name,
				"error", r.Err.Error())
		} else {
			s.note(ctx, "rule recompiled", in.Workspace, r.Name)
		}
		out.Body.Items = append(out.Body.Items, item)
	}
	return out, nil
}
