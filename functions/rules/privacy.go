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
	add := func(text fault.Text) { faults.Add(fault.JSON("event.scope.kind", text)) }
	if caller.May(access.Admin) || choice.Source == aboutNotifications {
		return faults
	}
	only := fault.Say("which only an administrator may have told", "只有管理员可以为其设置通知")
	switch kind := choice.Scope.Kind; kind {
	case catalog.CreatedByMe:
		if old != nil && old.Event.Scope.Kind == kind && old.Event.PAIUser != "" && old.Event.PAIUser != caller.PAIUser {
			add(fault.Say("is about what another user created, who made this rule, and that may be private, %s"+
				"; make a rule of your own, or ask its author or an administrator to change this one",
				"针对创建此规则的另一位用户的对象，可能不公开，%s；请新建自己的规则，或请其作者或管理员修改此规则", only))
		}
	case catalog.Creators:
		if slices.ContainsFunc(choice.Scope.IDs, func(id string) bool { return id != caller.PAIUser }) {
			add(fault.Say("is about other users, whose objects may be private, %s; choose %s, or ask an administrator to save this rule",
				"针对其他用户，其对象可能不公开，%s；请选择 %s，或请管理员保存此规则", only, catalog.CreatedByMe))
		}
	case catalog.AllInWorkspace, catalog.Objects, catalog.NamePrefix, catalog.ResourceQuota:
		add(fault.Say("%s also takes in what is private to others, %s; choose %s, or ask an administrator to save this rule",
			"%s 会包含他人不公开的对象，%s；请选择 %s，或请管理员保存此规则", kind, only, catalog.CreatedByMe))
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
		faults.Add(f.Param())
	}
	return faults
}
