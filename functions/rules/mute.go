package main

import (
	"context"
	"time"

	"pai-notify/shared/access"
	"pai-notify/shared/fault"
	"pai-notify/shared/httpapi"
	"pai-notify/shared/mute"
	"pai-notify/shared/rule"
)

// Muted says until when a rule, or one target of it, tells nothing.
type Muted struct {
	Target string    `json:"target,omitempty" doc:"Left out: all of the rule"`
	Until  time.Time `json:"until"`
}

// muting is the body of a request to mute.
type muting struct {
	Until  time.Time `json:"until" doc:"In the future, at most 30 days. What comes until then is held, and told then"`
	Target string    `json:"target,omitempty" maxLength:"64" doc:"Id of one target; left out: all of the rule"`
}

// unmuting is the body of a request to unmute.
type unmuting struct {
	Target string `json:"target,omitempty" maxLength:"64" doc:"Id of a target that is muted alone; left out: the mute of the rule"`
}

func (s *service) mute(ctx context.Context, in *struct {
	Named
	Body muting
}) (*answer, error) {
	now, m, err := s.mutable(ctx, in.Named, in.Body.Target)
	if err != nil {
		return nil, err
	}
	switch at := s.clock(); {
	case !in.Body.Until.After(at):
		return nil, httpapi.Wrong("until", fault.Say("has passed, it is %s; name a time in the future, or unmute",
			"已过，现在是 %s；请选择将来的时间，或取消静音", at.UTC().Format(time.RFC3339)))
	case in.Body.Until.Sub(at) > mute.MaxTime:
		return nil, httpapi.Wrong("until", fault.Say("is more than 30 days away; for longer disable the rule, or take the target out of it",
			"超过 30 天；如需更久，请停用规则，或从规则中移除该目标"))
	}
	m.Until, m.Who = in.Body.Until.Truncate(time.Millisecond), access.From(ctx).KeyID
	return s.audited(ctx, now, muted, in.Named, func(ctx context.Context) (*answer, error) {
		before, err := s.mutes.Set(ctx, m)
		if err != nil {
			return nil, err
		}
		return s.moved(ctx, now, in.Named, m, before, m.Until)
	})
}

func (s *service) unmute(ctx context.Context, in *struct {
	Named
	Body unmuting
}) (*answer, error) {
	now, m, err := s.mutable(ctx, in.Named, in.Body.Target)
	if err != nil {
		return nil, err
	}
	return s.audited(ctx, now, unmuted, in.Named, func(ctx context.Context) (*answer, error) {
		before, err := s.mutes.Lift(ctx, m)
		if err != nil {
			return nil, err
		}
		return s.moved(ctx, now, in.Named, m, before, s.clock())
	})
}

// mutable lets a caller at the mute of a rule or target that there is.
func (s *service) mutable(ctx context.Context, in Named, target string) (present, mute.Mute, error) {
	now, err := s.enter(ctx, in.Workspace, access.Editor)
	if err != nil {
		return now, mute.Mute{}, err
	}
	if reserved(in.Name) {
		return now, mute.Mute{}, rule.NotFound(in.Workspace, in.Name)
	}
	saved, err := now.store.Get(ctx, in.Workspace, in.Name)
	if err != nil {
		return now, mute.Mute{}, err
	}
	if saved.Foreign {
		return now, mute.Mute{}, rule.Foreign(in.Workspace, in.Name)
	}
	match, err := in.match(rule.MatchAny)
	if err != nil {
		return now, mute.Mute{}, err
	}
	if err := rule.CheckMatch(in.Workspace, in.Name, match, saved.ETag); err != nil {
		return now, mute.Mute{}, err
	}
	if target != "" {
		if _, err := saved.Target(in.Workspace, target); err != nil {
			return now, mute.Mute{}, err
		}
	}
	return now, mute.Mute{Bus: now.catalog.Bus(in.Workspace), Rule: in.Name, Target: target}, nil
}

// moved lets what waits for the end of a mute wait for its new end, and tells of the rule. What something else still holds
// is held again when it is due.
func (s *service) moved(ctx context.Context, now present, in Named, m mute.Mute, from, to time.Time) (*answer, error) {
	if !from.IsZero() {
		if _, err := s.ledger.Shift(ctx, m.Bus, m.Rule, m.Target, from, to); err != nil {
			return nil, err
		}
	}
	s.note(ctx, "mute changed", in.Workspace, in.Name)
	saved, err := now.store.Get(ctx, in.Workspace, in.Name)
	if err != nil {
		return nil, err
	}
	return s.told(ctx, now, in.Workspace, saved)
}

// withMutes notes in rules of a workspace what of them is muted.
func (s *service) withMutes(ctx context.Context, now present, workspace string, rules []Rule) error {
	list, err := s.mutes.Of(ctx, now.catalog.Bus(workspace))
	if err != nil || len(list) == 0 {
		return err
	}
	byName := map[string][]Muted{}
	for _, m := range list {
		byName[m.Rule] = append(byName[m.Rule], Muted{m.Target, m.Until})
	}
	for i := range rules {
		rules[i].Muted = byName[rules[i].Name]
	}
	return nil
}
