package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"pai-notify/shared/catalog"
	"pai-notify/shared/event"
	"pai-notify/shared/sighting"
)

const (
	maxExamples = 300 // recent events in which examples are looked for
	maxExample  = 120 // bytes of a value that is shown
)

// examples are where the unknown names of a bus are in its recent events.
type examples struct {
	catalog *catalog.Catalog
	found   map[sighting.Unknown]glimpse
	types   map[string]string  // a type of each source
	said    map[string]*fields // by source id
}

type glimpse struct{ event, value string }

// fields counts what the known events of a source say.
type fields struct{ events, id, name, owner int }

func newExamples(c *catalog.Catalog) *examples {
	return &examples{c, map[sighting.Unknown]glimpse{}, map[string]string{}, map[string]*fields{}}
}

// add looks into an event, newest first. Of one that the caller may not see only its type is taken.
func (x *examples) add(e event.Event, may bool) {
	if x.types[e.Source] == "" {
		x.types[e.Source] = e.Type
	}
	x.count(x.catalog.View(e))
	if !may {
		return
	}
	u := x.catalog.Unknown(e)
	x.note(sighting.Unknown{Kind: "source", Name: u.Source}, glimpse{event: e.ID})
	x.note(sighting.Unknown{Kind: "type", Name: e.Source + " " + u.Type}, glimpse{event: e.ID})
	if len(u.Fields) == 0 {
		return
	}
	var data map[string]json.RawMessage
	if json.Unmarshal(e.Object(), &data) != nil {
		return
	}
	for _, field := range u.Fields {
		value := string(data[field])
		if len(value) > maxExample {
			value = strings.ToValidUTF8(value[:maxExample], "") + "…"
		}
		x.note(sighting.Unknown{Kind: "field", Name: e.Source + " " + field}, glimpse{e.ID, value})
	}
}

func (x *examples) note(u sighting.Unknown, one glimpse) {
	if _, known := x.found[u]; !known {
		x.found[u] = one
	}
}

func (x *examples) count(v event.View) {
	if !v.Known {
		return
	}
	n := x.said[v.Source]
	if n == nil {
		n = &fields{}
		x.said[v.Source] = n
	}
	n.events++
	for _, one := range []struct {
		count *int
		value string
	}{{&n.id, v.ID}, {&n.name, v.Name}, {&n.owner, v.OwnerID}} {
		if one.value != "" {
			*one.count++
		}
	}
}

// missing lists what no event of a source said and each should.
func (x *examples) missing() []string {
	list := []string{}
	for source, n := range x.said {
		for _, one := range []struct {
			field string
			count int
		}{{"id", n.id}, {"name", n.name}, {"ownerId", n.owner}} {
			if one.count == 0 {
				list = append(list, fmt.Sprintf("sources.%s.fields.%s: none of the paths led to a value in %d events", source, one.field, n.events))
			}
		}
	}
	slices.Sort(list)
	return list
}

// name tells of a name that was counted, and whether the catalogue, which may have learned since, still does not know it.
func (x *examples) name(c sighting.Count) (UnknownName, bool) {
	name := UnknownName{Kind: c.Kind, Name: c.Name, Count: c.Count, First: c.First, Last: c.Last}
	one := x.found[c.Unknown]
	name.Event, name.Value = one.event, one.value
	switch c.Kind {
	case "source":
		name.Source = c.Name
		name.Override = x.catalog.LikelySource(c.Name, x.types[c.Name])
		return name, x.catalog.Unknown(event.Event{Source: c.Name}).Source != ""
	case "type":
		name.Source, name.Name, _ = strings.Cut(c.Name, " ")
		name.Override = x.catalog.LikelyType(name.Source, name.Name)
		u := x.catalog.Unknown(event.Event{Source: name.Source, Type: name.Name})
		return name, u.Source == "" && u.Type != "" // of an unknown source it is told already
	case "field":
		name.Source, name.Name, _ = strings.Cut(c.Name, " ")
		data, err := json.Marshal(map[string]bool{name.Name: true})
		if err != nil { // a map of booleans always has a form
			return name, true
		}
		u := x.catalog.Unknown(event.Event{Source: name.Source, Type: x.types[name.Source], Data: data})
		return name, u.Source != "" || len(u.Fields) > 0
	}
	return name, true
}
