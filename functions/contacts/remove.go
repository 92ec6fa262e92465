package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"pai-notify/shared/access"
	"pai-notify/shared/channel"
	"pai-notify/shared/contact"
	"pai-notify/shared/fault"
	"pai-notify/shared/httpapi"
	"pai-notify/shared/rule"
)

// Removed is what a deletion has done.
type Removed struct {
	ID    string   `json:"id"`
	Rules []Change `json:"rules" doc:"That named the contact, and what became of them"`
}

// Change is what became of a rule.
type Change struct {
	Workspace string   `json:"workspace"`
	Rule      string   `json:"rule"`
	Targets   []string `json:"targets" doc:"Ids of those that named the contact"`
	Done      Done     `json:"done" enum:"contactRemoved,targetsRemoved,disabled,left" doc:"contactRemoved: other contacts stay in its targets; targetsRemoved: targets that named nobody else are gone; disabled: nobody else was left, so the rule is disabled and still names the contact; left: it was so already"`
}

// Done is what was done to a rule.
type Done string

// What can be done to a rule.
const (
	ContactRemoved Done = "contactRemoved"
	TargetsRemoved Done = "targetsRemoved"
	Disabled       Done = "disabled"
	Left           Done = "left"
)

func (s *service) remove(ctx context.Context, in *struct {
	Named
	Matching
	Force     bool   `query:"force" doc:"Take the contact out of the rules that name it"`
	RequestID string `header:"X-Request-Id" hidden:"true"`
}) (*struct{ Body Removed }, error) {
	now, err := s.enter(ctx, access.Editor)
	if err != nil {
		return nil, err
	}
	revision, err := in.revision()
	if err != nil {
		return nil, err
	}
	if _, err := s.find(ctx, in.ID); err != nil {
		return nil, err
	}
	// No rule takes the contact up meanwhile: see the function rules.
	ctx, unlock, err := s.db.Lock(ctx, rule.ContactsLock)
	if err != nil {
		return nil, err
	}
	defer unlock()
	old, err := s.find(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if revision != 0 && revision != old.Revision { // before rules are changed
		return nil, contact.Changed(in.ID)
	}
	uses, err := s.uses(ctx, now, in.ID)
	if err != nil {
		return nil, err
	}
	if len(uses) > 0 && !in.Force {
		return nil, inUse(ctx, in.ID, uses, in.Language())
	}
	if hidden := slices.IndexFunc(uses, func(u use) bool { return !u.mine(ctx) }); hidden >= 0 {
		return nil, foreign(in.ID, in.Language())
	}
	out := Removed{ID: in.ID, Rules: []Change{}}
	change := access.Change{Action: "contact.delete", Object: in.ID, Before: s.shown(old)}
	err = s.keys.Audited(ctx, change, func(ctx context.Context) (any, error) {
		for _, u := range uses {
			done, err := s.take(ctx, now, u, in.ID)
			if err != nil {
				return nil, notTaken(err, in.ID, u, out.Rules, in.RequestID, in.Language())
			}
			out.Rules = append(out.Rules, Change{u.workspace, u.saved.Name, u.targets, done})
		}
		return nil, s.book.Delete(ctx, in.ID, revision)
	})
	if err != nil {
		return nil, err
	}
	s.note(ctx, "contact deleted", "contact", in.ID)
	return &struct{ Body Removed }{out}, nil
}

// use is a rule that names a contact.
type use struct {
	workspace string
	saved     rule.Saved
	targets   []string // that name it
}

// mine says whether the caller may change the rule.
func (u use) mine(ctx context.Context) bool {
	return access.From(ctx).RequireIn(u.workspace, access.Editor) == nil
}

// uses finds the rules of all workspaces that name a contact.
func (s *service) uses(ctx context.Context, now present, id string) ([]use, error) {
	buses, err := now.store.Buses(ctx, now.catalog.Bus(""))
	if err != nil {
		return nil, err
	}
	var found []use
	for _, bus := range slices.Sorted(slices.Values(buses)) {
		workspace, ok := now.catalog.Workspace(bus)
		if !ok {
			continue
		}
		rules, err := now.store.List(ctx, workspace)
		var ours *rule.Error
		if errors.As(err, &ours) && ours.Code == rule.CodeNoWorkspace { // deleted in the meantime
			continue
		}
		if err != nil {
			return nil, err
		}
		for _, saved := range rules {
			u := use{workspace: workspace, saved: saved}
			for _, t := range saved.Targets {
				if slices.Contains(t.Contacts, id) {
					u.targets = append(u.targets, t.ID)
				}
			}
			if len(u.targets) > 0 {
				found = append(found, u)
			}
		}
	}
	return found, nil
}

// take takes a contact out of a rule, unless somebody has changed the rule since it was read.
func (s *service) take(ctx context.Context, now present, u use, id string) (Done, error) {
	r, done := without(u.saved.Rule, id)
	if done == Disabled && !r.Enabled {
		return Left, nil
	}
	change := access.Change{Action: "rule.takeContact", Workspace: u.workspace, Object: r.Name}
	err := s.keys.Audited(ctx, change, func(ctx context.Context) (after any, err error) {
		if done == Disabled { // EventBridge keeps a rule in its targets, so it keeps them
			_, err = now.store.SetEnabled(ctx, u.workspace, r.Name, false, u.saved.ETag)
		} else {
			_, err = now.store.Put(ctx, u.workspace, r, u.saved.ETag)
		}
		return Change{u.workspace, r.Name, u.targets, done}, err
	})
	if err != nil {
		return done, err
	}
	s.note(ctx, "contact taken out of a rule", "contact", id, "workspace", u.workspace, "rule", r.Name, "done", string(done))
	return done, nil
}

// without is a rule without a contact, and without the targets that name nobody else; what is left without targets stays
// as it is, to be disabled.
func without(r rule.Rule, id string) (rule.Rule, Done) {
	done := ContactRemoved
	var targets []rule.Target
	for _, t := range r.Targets {
		if slices.Contains(t.Contacts, id) {
			t.Contacts = slices.DeleteFunc(slices.Clone(t.Contacts), func(other string) bool { return other == id })
			if len(t.Contacts) == 0 {
				done = TargetsRemoved
				continue
			}
		}
		targets = append(targets, t)
	}
	if len(targets) == 0 {
		return r, Disabled
	}
	r.Targets = targets
	return r, done
}

// inUse says which rules name a contact, as far as the caller may know them.
func inUse(ctx context.Context, id string, uses []use, language string) error {
	p := &httpapi.Problem{
		Status: http.StatusConflict, Code: "ContactInUse",
		Advice: channel.Advice{
			"en": "Take the contact out of these rules, or repeat the request with ?force=true, which does so: a target left without contacts " +
				"goes too, a rule left without targets is disabled. Nothing was changed.",
			"zh": "请先在这些规则中移除该联系人，或在请求中加上 ?force=true 由系统移除：没有联系人的目标将一并移除，没有目标的规则将被停用。未做任何更改。",
		}.In(language),
	}
	const most = 20
	var names []string
	others := 0
	for _, u := range uses {
		if !u.mine(ctx) {
			others++
			continue
		}
		for _, t := range u.targets {
			p.Rules = append(p.Rules, httpapi.InRule{Workspace: u.workspace, Rule: u.saved.Name, Target: t})
		}
		names = append(names, u.workspace+"/"+u.saved.Name)
	}
	if len(names) > most {
		names = append(names[:most], fmt.Sprintf("and %d more", len(names)-most))
	}
	if others > 0 {
		names = append(names, fmt.Sprintf("%d of workspaces that this key is not for", others))
	}
	p.Said = fault.Say("contact %q is named by %d rules: %s", "联系人 %q 被 %d 条规则使用：%s", id, len(uses), fault.Names(names))
	return p
}

func foreign(id, language string) error {
	return &httpapi.Problem{
		Status: http.StatusForbidden, Code: "Forbidden",
		Said: fault.Say("contact %q is named by rules of workspaces that this key is not for; nothing was changed",
			"联系人 %q 被您的密钥不可用的工作空间中的规则使用；未做任何更改", id),
		Advice: channel.Advice{
			"en": "Ask an editor of all workspaces to delete the contact.",
			"zh": "请由拥有全部工作空间编辑权限的人员删除该联系人。",
		}.In(language),
	}
}

// notTaken says which rule kept a contact from being deleted, why, and what was done before.
func notTaken(err error, id string, u use, before []Change, request, language string) error {
	p := httpapi.AsProblem(err, request, language)
	text := fault.Say("contact %q was not deleted, because rule %s/%s could not be changed: %s",
		"联系人 %q 未删除，因为规则 %s/%s 无法修改：%s", id, u.workspace, u.saved.Name, p.Detail)
	if len(before) > 0 {
		var names fault.Names
		for _, c := range before {
			names = append(names, c.Workspace+"/"+c.Rule+" "+string(c.Done))
		}
		text = fault.Say("%s; done already: %s", "%s；已完成：%s", text, names)
	}
	p.Detail = text.In(language)
	return p
}
