package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"

	"pai-notify/shared/access"
	"pai-notify/shared/fault"
	"pai-notify/shared/httpapi"
	"pai-notify/shared/sighting"
)

// RecentEvent is one event as it came over a workspace's bus.
type RecentEvent struct {
	ID      string          `json:"id"`
	Source  string          `json:"source"`
	Type    string          `json:"type"`
	Seen    time.Time       `json:"seen" doc:"When it came"`
	Time    time.Time       `json:"time,omitzero" doc:"When it happened, as the event says"`
	Known   bool            `json:"known" doc:"The catalogue, as it is now, knows its source and type"`
	Options []string        `json:"options" doc:"Ids of the options it belongs to"`
	Private bool            `json:"private,omitempty" doc:"It is about what is private to others: its owner and administrators see what it says"`
	Object  string          `json:"object,omitempty" doc:"Id of what it is about"`
	Name    string          `json:"name,omitempty" doc:"Of what it is about"`
	Event   json.RawMessage `json:"event,omitempty" doc:"The CloudEvent as it came; left out where it is private or was too large to keep"`
}

type eventsPage struct {
	Body struct {
		Items []RecentEvent `json:"items"`
		Next  string        `json:"next,omitempty" doc:"Ask again with it as cursor; left out at the end"`
	}
}

func (s *service) events(ctx context.Context, in *struct {
	InWorkspace
	Source  string `query:"source" maxLength:"256" doc:"CloudEvents source"`
	Type    string `query:"type" maxLength:"256" doc:"CloudEvents type"`
	Event   string `query:"event" maxLength:"256" doc:"An event's id"`
	Unknown bool   `query:"unknown" doc:"Only those whose source or type the catalogue did not know when they came"`
	Limit   int    `query:"limit" minimum:"1" maximum:"100" default:"20"`
	Cursor  string `query:"cursor" maxLength:"400" doc:"next of the answer before"`
}) (*eventsPage, error) {
	now, err := s.enter(ctx, in.Workspace, access.Viewer)
	if err != nil {
		return nil, err
	}
	after, err := base64.RawURLEncoding.DecodeString(in.Cursor)
	if err != nil {
		return nil, httpapi.Wrong("query.cursor", fault.Say("is none; leave it out to begin at the start", "不是有效的游标；请去掉以从头开始"))
	}
	found, err := s.sightings.List(ctx, now.catalog.Bus(in.Workspace), sighting.Wanted{
		Source: in.Source, Type: in.Type, EventID: in.Event, Unknown: in.Unknown, After: string(after), Limit: in.Limit + 1,
	})
	if err != nil {
		return nil, err
	}
	out := &eventsPage{}
	out.Body.Items = []RecentEvent{}
	caller := access.From(ctx)
	room := maxAnswer
	for i, one := range found {
		if i == in.Limit {
			out.Body.Next = base64.RawURLEncoding.EncodeToString([]byte(found[i-1].Key))
			break
		}
		told, err := recent(now, one, caller.MaySee(in.Workspace, now.catalog.View(one.Event).VisibleTo()))
		if err != nil {
			return nil, err
		}
		if room -= len(told.Event); room < 0 && i > 0 {
			out.Body.Next = base64.RawURLEncoding.EncodeToString([]byte(found[i-1].Key))
			break
		}
		out.Body.Items = append(out.Body.Items, told)
	}
	return out, nil
}

// maxAnswer is how many bytes of events a page has at most, since Function Compute's answers have a limit of 6 MB.
const maxAnswer = 2 << 20

func recent(now present, one sighting.Sighting, may bool) (RecentEvent, error) {
	e := one.Event
	u := now.catalog.Unknown(e)
	told := RecentEvent{
		ID: e.ID, Source: e.Source, Type: e.Type, Seen: one.Seen, Time: e.Time,
		Known:   u.Source == "" && u.Type == "" || e.Source == sighting.Source,
		Options: append([]string{}, now.catalog.OptionsOf(e)...),
	}
	if !may && e.Source != sighting.Source {
		told.Private = true
		return told, nil
	}
	view := now.catalog.View(e)
	told.Object, told.Name = view.ID, view.Name
	if !one.Kept {
		return told, nil
	}
	raw, err := json.Marshal(e)
	if err != nil {
		return told, fmt.Errorf("encode event %q: %w", e.ID, err)
	}
	told.Event = raw
	return told, nil
}

// UnknownName is a name in PAI's events that the catalogue does not know.
type UnknownName struct {
	Kind     string    `json:"kind" enum:"source,type,field,form" doc:"form: what came was no CloudEvent"`
	Source   string    `json:"source,omitempty" doc:"CloudEvents source"`
	Name     string    `json:"name" doc:"The source or type, a member of the data, or what is wrong with the form"`
	Count    int       `json:"count" doc:"In how many events it was"`
	First    time.Time `json:"first"`
	Last     time.Time `json:"last"`
	Event    string    `json:"event,omitempty" doc:"Id of a recent event with it, if one is there that you may see"`
	Value    string    `json:"value,omitempty" doc:"Of a field: what it was in that event, as JSON, cut where it is long"`
	Override string    `json:"override,omitempty" doc:"What settings.catalogOverride could say of it, if something is alike. Look at an event first"`
}

// unknownNames is the list of them.
type unknownNames struct {
	Body struct {
		Items     []UnknownName `json:"items"`
		LastEvent time.Time     `json:"lastEvent,omitzero" doc:"When PAI last spoke on the bus; left out: it never did"`
		Missing   []string      `json:"missing" doc:"What no recent event of a known type said, of what each should: paths of the catalogue may be spelled wrong"`
	}
}

func (s *service) unknown(ctx context.Context, in *struct{ InWorkspace }) (*unknownNames, error) {
	now, err := s.enter(ctx, in.Workspace, access.Viewer)
	if err != nil {
		return nil, err
	}
	bus := now.catalog.Bus(in.Workspace)
	counts, err := s.sightings.Unknown(ctx, bus)
	if err != nil {
		return nil, err
	}
	out := &unknownNames{}
	if out.Body.LastEvent, err = s.sightings.Spoken(ctx, bus); err != nil {
		return nil, err
	}
	found, err := s.sightings.Recent(ctx, bus, maxExamples)
	if err != nil {
		return nil, err
	}
	examples := newExamples(now.catalog)
	caller := access.From(ctx)
	for _, one := range found {
		if one.Event.Source != sighting.Source {
			examples.add(one.Event, caller.MaySee(in.Workspace, now.catalog.View(one.Event).VisibleTo()))
		}
	}
	out.Body.Items, out.Body.Missing = []UnknownName{}, examples.missing()
	for _, c := range counts {
		if name, still := examples.name(c); still {
			out.Body.Items = append(out.Body.Items, name)
		}
	}
	return out, nil
}
