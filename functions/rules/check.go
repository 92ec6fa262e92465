package main

import (
	"context"
	"fmt"

	"github.com/aws/smithy-go"

	"pai-notify/shared/access"
	"pai-notify/shared/catalog"
	"pai-notify/shared/fault"
	"pai-notify/shared/httpapi"
	"pai-notify/shared/rule"
)

// check finds all faults of a rule that is to be saved, beside those of its form. What keeps it from looking, such as a
// rule that does not exist, the operation meets and tells itself.
func (s *service) check(ctx context.Context, draft Rule) smithy.InvalidParamsError {
	workspace, name := httpapi.Param(ctx, "ws"), httpapi.Param(ctx, "name")
	caller := access.From(ctx)
	if caller.RequireIn(workspace, access.Editor) != nil {
		return smithy.InvalidParamsError{}
	}
	now, err := s.present(ctx)
	if err != nil {
		return smithy.InvalidParamsError{}
	}
	if draft.Name == "" {
		draft.Name = name
	}
	r := draft.rule(caller.PAIUser)
	reach, err := s.reach(ctx, now, r)
	if err != nil {
		return smithy.InvalidParamsError{}
	}
	faults := s.faults(now, r, nil, reach)
	if name != "" && faults.Len() > 0 {
		old, err := now.store.Get(ctx, workspace, name)
		if err != nil {
			return smithy.InvalidParamsError{}
		}
		faults = s.faults(now, r, &old, reach)
	}
	hidden, err := s.private(ctx, now, workspace, r)
	if err != nil {
		return smithy.InvalidParamsError{}
	}
	faults = with(faults, hidden)
	if name != "" && r.Name != name {
		faults.Add(fault.New("Name", fault.Say("differs from %.64q in the address, and a rule's name cannot be changed; leave it "+
			"out, or make a new rule and delete this one", "与地址中的 %.64q 不同，而规则名称不可修改；请留空，或新建规则并删除此规则", name)))
	}
	return faults
}

// faults finds the faults of a rule. What a user may leave out where the rule replaces another, because it is kept, is
// none: secrets, and the author.
func (s *service) faults(now present, r rule.Rule, old *rule.Saved, reach rule.Reach) smithy.InvalidParamsError {
	keepAuthor(&r, old)
	kept := map[string]bool{} // paths
	if old != nil {
		before := map[string]string{}
		for _, t := range old.Targets {
			before[t.ID] = t.Channel
		}
		for i, t := range r.Targets {
			if before[t.ID] != t.Channel {
				continue
			}
			for field := range old.Redacted[t.ID] {
				if _, given := t.Settings[field]; !given {
					kept[fmt.Sprintf("targets[%d].settings.%s", i, field)] = true
				}
			}
		}
	}
	var faults smithy.InvalidParamsError
	for _, f := range fault.List(r.Check(now.limits, now.catalog, s.specs)) {
		if !kept[f.Path] {
			faults.Add(f.Param())
		}
	}
	for _, f := range fault.List(r.CheckReach(s.specs, reach)) {
		faults.Add(f.Param())
	}
	return faults
}

// keepAuthor does with the author of a rule what the store will.
func keepAuthor(r *rule.Rule, old *rule.Saved) {
	if old == nil || old.Event.PAIUser == "" {
		return
	}
	const mine = catalog.CreatedByMe
	if r.Event.Scope.Kind == mine && old.Event.Scope.Kind == mine {
		r.Event.PAIUser = old.Event.PAIUser
	}
}
