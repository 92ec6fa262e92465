package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"pai-notify/shared/access"
	"pai-notify/shared/catalog"
	"pai-notify/shared/catalog/sample"
	"pai-notify/shared/event"
	"pai-notify/shared/fault"
	"pai-notify/shared/httpapi"
	"pai-notify/shared/pattern"
	"pai-notify/shared/rule"
)

// Preview is what a draft would do.
type Preview struct {
	Faults   []httpapi.Field `json:"faults" doc:"Why it cannot be saved as it is"`
	Warnings []httpapi.Field `json:"warnings" doc:"What may go wrong without being a fault"`
	Units    int             `json:"units"`
	MaxUnits int             `json:"maxUnits"`
	Pattern  string          `json:"pattern,omitempty" doc:"As JSON; left out where the event is at fault"`
	Rules    int             `json:"rules" doc:"That the workspace's bus has, whosoever they are"`
	MaxRules int             `json:"maxRules" doc:"EventBridge's quota of rules on a bus, unless it was raised"`
	Events   []Seen          `json:"events" doc:"The workspace's newest, at most 50 and without too large ones, and the one asked for; then samples"`
	Tried    int             `json:"tried" doc:"Recent events that were tried, of those that you may see: at most 1000 of the last week"`
	Matched  int             `json:"matched" doc:"How many of those match"`
	LeftOut  int             `json:"leftOut" doc:"How many of the newest are private to others, whose owners and administrators see them"`
	Told     *Told           `json:"told,omitempty" doc:"The event that the messages tell"`
	Messages []Message       `json:"messages"`
	// Secrets let an editor see whether a draft's secrets are those of the saved rule.
	Secrets map[string]map[string]rule.Secret `json:"secrets,omitempty" doc:"What may be shown of the secrets that the draft gives, by target and field, as of a saved rule; for editors"`
}

// Origin of an event of a preview.
type Origin string

// The origins.
const (
	Recent Origin = "recent"
	Sample Origin = "sample"
)

// Told names an event of a preview.
type Told struct {
	Origin Origin `json:"origin" enum:"recent,sample"`
	Name   string `json:"name" doc:"A sample's name, a recent event's id"`
}

// Seen is one event and whether the draft matches it.
type Seen struct {
	Told
	Source   string            `json:"source"`
	Type     string            `json:"type"`
	Seen     time.Time         `json:"seen,omitzero" doc:"When a recent event came"`
	Options  []string          `json:"options" doc:"Ids of the options it belongs to"`
	Matches  bool              `json:"matches"`
	Mismatch *pattern.Mismatch `json:"mismatch,omitempty" doc:"The first field that keeps it from matching"`

	event event.Event
}

const (
	maxRecent = 50   // recent events that a preview tells of
	maxTried  = 1000 // recent events that it tries
)

func (s *service) preview(ctx context.Context, in *struct {
	InWorkspace
	Event     string `query:"event" maxLength:"256" doc:"What to tell: a sample's name, a recent event's id"`
	Languages string `query:"languages" enum:"own,all" default:"own" doc:"Of the messages: each target's own, or all that there are"`
	Body      Rule
}) (*struct{ Body Preview }, error) {
	now, err := s.enter(ctx, in.Workspace, access.Viewer)
	if err != nil {
		return nil, err
	}
	draft := in.Body.rule(access.From(ctx).PAIUser)
	old, err := stored(ctx, now, in.Workspace, draft.Name)
	if err != nil {
		return nil, err
	}
	keepAuthor(&draft, old)
	out := Preview{
		Units: draft.Units(), MaxUnits: now.limits.Max(), MaxRules: rule.DefaultRules, Events: []Seen{}, Messages: []Message{}, Faults: []httpapi.Field{},
		Warnings: append([]httpapi.Field{}, warnings(draft.Event, now.catalog)...),
	}
	if out.Rules, err = now.store.Count(ctx, in.Workspace); err != nil {
		return nil, err
	}
	reach, err := s.reach(ctx, now, draft)
	if err != nil {
		return nil, err
	}
	faults := s.faults(now, draft, old, reach)
	faults = with(faults, checkPrivacy(access.From(ctx), draft.Event, old))
	if faults.Len() == 0 { // else it cannot be known how large it would be
		_, err := draft.Envelopes(now.catalog.Bus(in.Workspace), 1, s.specs, s.sealer)
		if err != nil && !errors.As(err, &faults) {
			return nil, err
		}
	}
	for _, f := range fault.List(faults) {
		out.Faults = append(out.Faults, httpapi.FieldOf(f))
	}
	if access.From(ctx).RequireIn(in.Workspace, access.Editor) == nil {
		_, out.Secrets = rule.Redact(draft, s.specs, s.sealer.Fingerprint)
	}
	if atFault := now.catalog.Check(draft.Event); atFault.Len() > 0 {
		return &struct{ Body Preview }{out}, nil
	}
	if err = s.match(ctx, now, in.Workspace, draft.Event, in.Event, &out); err != nil {
		return nil, err
	}
	told, err := choose(out.Events, draft.Event, in.Event)
	if err != nil {
		return nil, err
	}
	if told != nil {
		out.Told = &told.Told
		if out.Messages, err = s.messages(ctx, now, draft.Targets, told.event, in.Languages == "all"); err != nil {
			return nil, err
		}
	}
	return &struct{ Body Preview }{out}, nil
}

var possibleName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,126}$`)

// stored is the rule that a draft would replace, nil where there is none.
func stored(ctx context.Context, now present, workspace, name string) (*rule.Saved, error) {
	if !possibleName.MatchString(name) {
		return nil, nil
	}
	saved, err := now.store.Get(ctx, workspace, name)
	var ours *rule.Error
	if errors.As(err, &ours) && ours.Code == rule.CodeNotFound {
		return nil, nil
	}
	return &saved, err
}

// match tries a choice on the newest events of the workspace that the caller may see and on the samples.
func (s *service) match(ctx context.Context, now present, workspace string, choice catalog.Choice, asked string, out *Preview) error {
	text, err := now.catalog.Pattern(choice)
	if err != nil {
		return err
	}
	compiled, err := pattern.Compile(text)
	if err != nil {
		return fmt.Errorf("compile the catalogue's own pattern: %w", err)
	}
	out.Pattern = text
	try := func(seen Seen, raw []byte) {
		seen.Source, seen.Type = seen.event.Source, seen.event.Type
		seen.Options = append([]string{}, now.catalog.OptionsOf(seen.event)...)
		why, ok := compiled.Explain(raw)
		if seen.Matches = ok; !ok {
			seen.Mismatch = &why
		}
		out.Events = append(out.Events, seen)
	}
	recent, err := s.sightings.Recent(ctx, now.catalog.Bus(workspace), maxTried)
	if err != nil {
		return err
	}
	caller := access.From(ctx)
	for _, one := range recent {
		if !one.Kept {
			continue
		}
		if !caller.MaySee(workspace, now.catalog.View(one.Event).VisibleTo()) {
			out.LeftOut++
			continue
		}
		raw, err := json.Marshal(one.Event)
		if err != nil {
			return fmt.Errorf("encode event %q: %w", one.Event.ID, err)
		}
		if out.Tried++; compiled.Match(raw) {
			out.Matched++
		}
		if out.Tried <= maxRecent || one.Event.ID == asked {
			try(Seen{Told: Told{Recent, one.Event.ID}, Seen: one.Seen, event: one.Event}, raw)
		}
	}
	for _, one := range sample.All() {
		e, err := event.Parse(one.Event)
		if err != nil {
			return fmt.Errorf("sample %s: %w", one.Name, err)
		}
		try(Seen{Told: Told{Sample, one.Name}, event: e}, one.Event)
	}
	return nil
}

// choose picks the event to tell: the one asked for; else the first that matches; else, since samples know nobody's
// objects, the first that only the scope keeps from matching.
func choose(list []Seen, choice catalog.Choice, asked string) (*Seen, error) {
	pick := func(ok func(Seen) bool) *Seen {
		if i := slices.IndexFunc(list, ok); i >= 0 {
			return &list[i]
		}
		return nil
	}
	if asked != "" {
		if one := pick(func(e Seen) bool { return e.Name == asked }); one != nil {
			return one, nil
		}
		return nil, httpapi.Wrong("query.event", fault.Say("is neither a sample's name nor the id of a recent event; leave it out, and see events",
			"既不是示例名称，也不是近期事件的 ID；请留空并查看 events"))
	}
	if one := pick(func(e Seen) bool { return e.Matches }); one != nil {
		return one, nil
	}
	return pick(func(e Seen) bool {
		return slices.ContainsFunc(e.Options, func(id string) bool { return slices.Contains(choice.Options, id) })
	}), nil
}
