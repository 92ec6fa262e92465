package main

import (
	"context"
	"slices"

	"github.com/aws/smithy-go"

	"pai-notify/shared/access"
	"pai-notify/shared/catalog"
	"pai-notify/shared/fault"
	"pai-notify/shared/rule"
)

// A job, an instance, a run or a model is private unless PAI says that it is public: its owner and administrators see it,
// and nobody else. A rule tells its targets, whoever reads them, so one that could tell of what is private to others is an
// administrator's to save. It is refused as a fault; it is never narrowed in silence.

// aboutNotifications is the source of events that are about nobody's objects.
const aboutNotifications = "delivery"

// checkPrivacy finds what of a rule the caller may not hear of. Old is the rule that it replaces, nil where there is none.
func checkPrivacy(caller access.Identity, choice catalog.Choice, old *rule.Saved) smithy.InvalidParamsError {
	var faults smithy.InvalidParamsError
	add := func(text string) { faults.Add(fault.JSON("event.scope.kind", text)) }
	if caller.May(access.Admin) || choice.Source == aboutNotifications {
		return faults
	}
	const only = "which only an administrator may have told"
	switch kind := choice.Scope.Kind; kind {
	case catalog.CreatedByMe:
		if old != nil && old.Event.Scope.Kind == kind && old.Event.PAIUser != "" && old.Event.PAIUser != caller.PAIUser {
			add("is about what another user created, who made this rule, and that may be private, " + only +
				"; make a rule of your own, or ask its author or an administrator to change this one")
		}
	case catalog.Creators:
		if slices.ContainsFunc(choice.Scope.IDs, func(id string) bool { return id != caller.PAIUser }) {
			add("is about other users, whose objects may be private, " + only + "; choose " + catalog.CreatedByMe +
				", or ask an administrator to save this rule")
		}
	case catalog.AllInWorkspace, catalog.Objects, catalog.NamePrefix, catalog.ResourceQuota:
		add(kind + " also takes in what is private to others, " + only + "; choose " + catalog.CreatedByMe +
			", or ask an administrator to save this rule")
	}
	return faults
}

// private finds what of a rule to be saved the caller may not hear of.
func (s *service) private(ctx context.Context, now present, workspace string, r rule.Rule) (smithy.InvalidParamsError, error) {
	caller := access.From(ctx)
	if r.Event.Scope.Kind != catalog.CreatedByMe || caller.May(access.Admin) {
		return checkPrivacy(caller, r.Event, nil), nil
	}
	old, err := stored(ctx, now, workspace, r.Name)
	if err != nil {
		return smithy.InvalidParamsError{}, err
	}
	return checkPrivacy(caller, r.Event, old), nil
}

// with gives the faults of both.
func with(faults, more smithy.InvalidParamsError) smithy.InvalidParamsError {
	for _, f := range fault.List(more) {
		faults.Add(fault.JSON(f.Path, f.Text))
	}
	return faults
}
