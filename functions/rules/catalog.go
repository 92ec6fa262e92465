package main

import (
	"context"
	"time"

	"pai-notify/shared/access"
	"pai-notify/shared/catalog"
	"pai-notify/shared/channel"
	"pai-notify/shared/event"
	"pai-notify/shared/message"
	"pai-notify/shared/mute"
	"pai-notify/shared/rule"
	"pai-notify/shared/when"
)

// Choices is all that a rule can be made of; labels, hints and help come in every language: zh and en.
type Choices struct {
	Sources  []catalog.Source `json:"sources"`
	Channels []Channel        `json:"channels"`
	Words    Wording          `json:"words" doc:"What a target's own words can be made of"`
	Limits   Limits           `json:"limits"`
	Contacts int              `json:"contacts" doc:"How many contacts there are; without any, channels that name contacts reach nobody yet"`
}

// Wording is what targets[].words can name.
type Wording struct {
	Fields       []FactField `json:"fields" doc:"Of fields, in the order in which messages tell them"`
	Placeholders []string    `json:"placeholders" doc:"Of before and after, in double braces: the fields, and a few more"`
}

// FactField is a fact that messages can tell.
type FactField struct {
	Name  string            `json:"name" example:"owner"`
	Label map[string]string `json:"label"`
}

// Channel describes one channel.
type Channel struct {
	Name        string     `json:"name" example:"dingtalk"`
	Title       string     `json:"title" example:"DingTalk"`
	Label       event.Text `json:"label" doc:"What it is called, by language"`
	Fields      []Setting  `json:"fields" doc:"The settings of a target"`
	Shared      []Setting  `json:"shared" doc:"The settings that a deployment has once for all its targets: settings.channels"`
	Sources     []string   `json:"sources" doc:"Ids of the event sources it can be used with; empty: all"`
	MaxBytes    int        `json:"maxBytes,omitempty" doc:"Of one message"`
	Pace        []Pace     `json:"pace" doc:"How fast one receiver is told; all of them hold at once"`
	Digest      bool       `json:"digest" doc:"Several messages may be told as one"`
	Once        bool       `json:"once" doc:"A message is never sent again where it is unclear whether it arrived"`
	Contacts    bool       `json:"contacts" doc:"Its targets name contacts"`
	Available   bool       `json:"available" doc:"It exists in the region where it is called; if not, no rule can use it"`
	Regions     []string   `json:"regions" doc:"Where it exists, mainland among them for all of mainland China; empty: everywhere"`
	Mentions    bool       `json:"mentions" doc:"Its messages can call users"`
	SilentCheck bool       `json:"silentCheck" doc:"POST /api/v1/connectivity can look without posting a message"`
}

// Setting describes one setting of a target.
type Setting struct {
	Name     string                `json:"name" example:"webhook"`
	Label    map[string]string     `json:"label"`
	Help     map[string]string     `json:"help,omitempty"`
	Required bool                  `json:"required"`
	Secret   bool                  `json:"secret" doc:"It is sealed, and never told again"`
	Options  []string              `json:"options,omitempty" doc:"The values it can have; left out: any"`
	Called   map[string]event.Text `json:"called,omitempty" doc:"What people call its options, by value and language; one that is not here is called by its value"`
	Address  *Address              `json:"address,omitempty" doc:"Of a setting that is an https URL"`
}

// Address says which URLs a setting can be.
type Address struct {
	Hosts []string `json:"hosts,omitempty" doc:"Left out: any public one"`
	Path  string   `json:"path,omitempty"`
	Token string   `json:"token,omitempty" doc:"The query parameter with the token"`
	Allow []string `json:"allow,omitempty" doc:"host:port that an administrator allows beside them"`
}

// Pace is a burst, and the time until one more.
type Pace struct {
	Burst   int   `json:"burst"`
	EveryMS int64 `json:"everyMs"`
}

// Limits of a rule.
type Limits struct {
	Units        int `json:"units" doc:"Of a rule in this deployment; settings.unitsPerRule changes it"`
	DefaultUnits int `json:"defaultUnits"`
	MaxUnits     int `json:"maxUnits" doc:"What settings.unitsPerRule can be, where EventBridge's quota of targets a rule allows it"`
	Description  int `json:"description" doc:"Characters"`
	Quiet        int `json:"quiet" doc:"Spans of quiet hours of a target"`
	GapMinutes   int `json:"gapMinutes" doc:"Of a target"`
	MuteHours    int `json:"muteHours" doc:"For how long a rule or a target can be muted"`
	ScopeIDs     int `json:"scopeIds"`
	ScopeValue   int `json:"scopeValue" doc:"Bytes of an id or a prefix"`
}

func (s *service) catalog(ctx context.Context, _ *struct{}) (*struct{ Body Choices }, error) {
	if err := access.From(ctx).Require(access.Viewer); err != nil {
		return nil, err
	}
	now, err := s.present(ctx)
	if err != nil {
		return nil, err
	}
	out := Choices{Sources: now.catalog.Sources, Limits: Limits{
		Units: now.limits.Max(), DefaultUnits: rule.DefaultUnits, MaxUnits: rule.MaxUnits, Description: rule.MaxDescription,
		Quiet: when.MaxQuiet, GapMinutes: when.MaxGap, MuteHours: int(mute.MaxTime / time.Hour),
		ScopeIDs: catalog.MaxIDs, ScopeValue: catalog.MaxValue,
	}}
	out.Words.Placeholders = message.Placeholders()
	for _, name := range message.Fields() {
		field := FactField{name, map[string]string{}}
		for _, language := range message.Languages() {
			field.Label[language] = message.FieldLabel(language, name)
		}
		out.Words.Fields = append(out.Words.Fields, field)
	}
	if out.Contacts, err = s.book.Count(ctx); err != nil {
		return nil, err
	}
	regions := s.regions(now)
	for _, spec := range s.specs {
		c := s.describe(spec)
		c.Regions = append([]string{}, regions.Of(spec.Name)...)
		_, c.Available = regions.Has(spec.Name)
		out.Channels = append(out.Channels, c)
	}
	return &struct{ Body Choices }{out}, nil
}

func (s *service) describe(spec channel.Spec) Channel {
	c := Channel{
		Name: spec.Name, Title: spec.Title.In("en"), Label: spec.Title, Fields: described(spec.Fields),
		Shared: described(spec.Shared), Sources: append([]string{}, spec.Sources...), MaxBytes: spec.MaxBytes,
		Pace: []Pace{}, Digest: spec.Digest, Once: spec.Once, Contacts: spec.Contacts, Mentions: spec.Mention != nil,
		SilentCheck: s.checks[spec.Name],
	}
	for _, p := range spec.Pace {
		c.Pace = append(c.Pace, Pace{p.Burst, p.Every.Milliseconds()})
	}
	return c
}

func described(fields []channel.Field) []Setting {
	list := make([]Setting, 0, len(fields))
	for _, f := range fields {
		one := Setting{Name: f.Name, Label: f.Label, Help: f.Help, Required: f.Required, Secret: f.Secret, Options: f.Options, Called: f.Called}
		if a := f.Address; a != nil {
			one.Address = &Address{a.Hosts, a.Path, a.Token, a.Allow}
		}
		list = append(list, one)
	}
	return list
}
