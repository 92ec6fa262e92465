package main

import (
	"time"

	"pai-notify/shared/catalog"
	"pai-notify/shared/channel"
	"pai-notify/shared/httpapi"
	"pai-notify/shared/message"
	"pai-notify/shared/rule"
)

// Rule is a rule on the wire. An answer can be changed and sent back whole: what is read-only is ignored then, and the
// secrets that it does not tell are kept.
type Rule struct {
	Name        string   `json:"name" example:"dlc-failed" doc:"2 to 127 of a-z A-Z 0-9 - _; it cannot be changed"`
	Description string   `json:"description,omitempty" doc:"At most 256 characters"`
	Enabled     *bool    `json:"enabled,omitempty" doc:"true where it is left out"`
	Event       Event    `json:"event,omitzero"`
	Targets     []Target `json:"targets" doc:"At least one"`

	Units    int             `json:"units" readOnly:"true" doc:"What the rule takes of its limit: one for each target or contact"`
	Pattern  string          `json:"pattern,omitempty" readOnly:"true" doc:"The EventBridge event pattern, as JSON"`
	Warnings []httpapi.Field `json:"warnings,omitempty" readOnly:"true" doc:"What may go wrong without being a fault"`
	Drift    []string        `json:"drift,omitempty" readOnly:"true" doc:"What in EventBridge is not as the rule says, and how to mend it"`
	Created  time.Time       `json:"created,omitzero" readOnly:"true"`
	Muted    []Muted         `json:"muted,omitempty" readOnly:"true" doc:"What of it tells nothing now, and until when"`
	Foreign  bool            `json:"foreign,omitempty" readOnly:"true" doc:"Not made by pai-notify: it can only be read"`
}

// Event is what a rule wants to hear of; GET /api/v1/catalog lists what there is.
type Event struct {
	Source  string        `json:"source" example:"dlc"`
	Options []string      `json:"options" example:"[\"dlc.job.failed\"]"`
	Scope   catalog.Scope `json:"scope"`
	PAIUser string        `json:"paiUser,omitempty" readOnly:"true" doc:"Me, of the scope createdByMe"`
}

// Target is one receiver.
type Target struct {
	ID       string           `json:"id" example:"ops" doc:"Unique in the rule"`
	Channel  string           `json:"channel" example:"dingtalk"`
	Settings channel.Settings `json:"settings,omitempty" doc:"The channel's fields. Answers leave secret ones out, see secrets"`
	Contacts []string         `json:"contacts,omitempty"`
	Language string           `json:"language,omitempty" doc:"Such as zh or en; left out: the deployment's"`
	Mentions message.Mentions `json:"mentions,omitzero" doc:"Whom each message calls"`
	Words    message.Words    `json:"words,omitzero" doc:"Which facts to tell, and a line before and after them with placeholders as {{owner}}"`
	When     When             `json:"when,omitzero" doc:"Quiet hours, and how far apart messages about one object must be"`

	Secrets map[string]rule.Secret `json:"secrets,omitempty" readOnly:"true" doc:"What may be shown of secret settings, by field"`
}

// rule is what the wire says. A rule about what its author created takes the caller for its author; the store keeps the
// author that a stored rule has.
func (r Rule) rule(paiUser string) rule.Rule {
	made := rule.Rule{
		Name: r.Name, Description: r.Description, Enabled: r.Enabled == nil || *r.Enabled,
		Event:   catalog.Choice{Source: r.Event.Source, Options: r.Event.Options, Scope: r.Event.Scope},
		Targets: make([]rule.Target, len(r.Targets)),
	}
	if made.Event.Scope.Kind == catalog.CreatedByMe {
		made.Event.PAIUser = paiUser
	}
	for i, t := range r.Targets {
		made.Targets[i] = rule.Target{
			ID: t.ID, Channel: t.Channel, Settings: t.Settings, Contacts: t.Contacts, Language: t.Language, Mentions: t.Mentions,
			Words: t.Words, When: t.When.when(),
		}
	}
	return made
}

// wire is how a saved rule is told.
func wire(saved rule.Saved, c *catalog.Catalog) Rule {
	r := Rule{
		Name: saved.Name, Description: saved.Description, Enabled: &saved.Enabled, Targets: make([]Target, len(saved.Targets)),
		Units: saved.Units, Pattern: saved.Pattern, Drift: saved.Drift, Created: saved.Created, Foreign: saved.Foreign,
	}
	if saved.Foreign {
		return r
	}
	r.Event = Event{saved.Event.Source, saved.Event.Options, saved.Event.Scope, saved.Event.PAIUser}
	r.Warnings = warnings(saved.Event, c)
	for i, t := range saved.Targets {
		r.Targets[i] = Target{
			ID: t.ID, Channel: t.Channel, Settings: t.Settings, Contacts: t.Contacts, Language: t.Language, Mentions: t.Mentions,
			Words: t.Words, When: wireWhen(t.When),
			Secrets: saved.Redacted[t.ID],
		}
	}
	return r
}

func warnings(choice catalog.Choice, c *catalog.Catalog) []httpapi.Field {
	var list []httpapi.Field
	for _, w := range c.Warnings(choice) {
		w.Path = "event." + w.Path
		list = append(list, httpapi.FieldOf(w))
	}
	return list
}
