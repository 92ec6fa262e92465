// Package catalog is what a user can choose: event sources, their options and scopes; and what PAI's events mean. Its
// file catalog.yaml is the one place that spells PAI's source, type and field names, because PAI does not publish them;
// an override can change any of them without a rebuild.
//
// A catalogue turns a [Choice] into an EventBridge pattern ([Catalog.Pattern]) and an event into what a person wants to
// know of it ([Catalog.View]). It never changes after it is made and is safe for concurrent use.
package catalog

import "pai-notify/shared/event"

// Choice is what a rule wants to hear of.
type Choice struct {
	Source  string   `json:"source"`  // id of a source: dlc
	Options []string `json:"options"` // ids of options: dlc.job.failed
	Scope   Scope    `json:"scope"`
	PAIUser string   `json:"paiUser,omitempty"` // the rule's author in PAI, for the scope createdByMe
}

// Scope narrows a choice to some objects.
type Scope struct {
	Kind   string   `json:"kind"` // allInWorkspace, createdByMe, objects, creators, namePrefix, resourceQuota
	IDs    []string `json:"ids,omitempty"`
	Prefix string   `json:"prefix,omitempty"`
}

// The kinds of scope. Which of them a source has, and what they look at, is in the catalogue.
const (
	AllInWorkspace = "allInWorkspace"
	CreatedByMe    = "createdByMe"
	Objects        = "objects"
	Creators       = "creators"
	NamePrefix     = "namePrefix"
	ResourceQuota  = "resourceQuota"
)

// Catalog is all of it; make one with [Load].
type Catalog struct {
	Sources []Source `json:"sources"`

	bus       string               // prefix of the names of PAI's buses
	overrides [][]byte             // YAML, in the order in which they were laid over the embedded file
	origins   []*origin            // in the order of Sources
	names     map[string][]*origin // by CloudEvents source
}

// Source is one kind of publisher in PAI.
type Source struct {
	ID      string      `json:"id"` // dlc
	Label   event.Text  `json:"label"`
	Kind    event.Text  `json:"kind"` // of its objects: DLC job
	Groups  []Group     `json:"groups"`
	Options []Option    `json:"options"`
	Scopes  []ScopeKind `json:"scopes"`
}

// Group puts options together on a page.
type Group struct {
	ID    string     `json:"id"`
	Label event.Text `json:"label"`
}

// Option is one thing of a source that a rule can want to hear of.
type Option struct {
	ID       string     `json:"id"`    // dlc.job.failed
	Group    string     `json:"group"` // id
	Label    event.Text `json:"label"`
	Hint     event.Text `json:"hint,omitempty"` // what to know before choosing it
	Severity string     `json:"severity"`       // the highest of its events: info, warning, error
}

// ScopeKind is one way to narrow a source's events.
type ScopeKind struct {
	Kind  string     `json:"kind"`
	Needs string     `json:"needs,omitempty"` // the member that it wants: ids, prefix or paiUser
	Label event.Text `json:"label"`
	Hint  event.Text `json:"hint,omitempty"`
}

// Source finds a source by id.
func (c *Catalog) Source(id string) (Source, bool) {
	for _, s := range c.Sources {
		if s.ID == id {
			return s, true
		}
	}
	return Source{}, false
}

// Option finds an option by id, and its source.
func (c *Catalog) Option(id string) (Option, Source, bool) {
	for _, s := range c.Sources {
		for _, o := range s.Options {
			if o.ID == id {
				return o, s, true
			}
		}
	}
	return Option{}, Source{}, false
}

// Bus is the name of the bus on which PAI publishes a workspace's events.
func (c *Catalog) Bus(workspace string) string { return c.bus + workspace }

// Workspace is the name of the workspace whose events come over a bus; ok is false if the bus is not one of PAI's.
func (c *Catalog) Workspace(bus string) (workspace string, ok bool) {
	if len(bus) <= len(c.bus) || bus[:len(c.bus)] != c.bus {
		return "", false
	}
	return bus[len(c.bus):], true
}

// OptionsOf gives the ids of the options an event belongs to, in the catalogue's order, whatever a rule's scope.
func (c *Catalog) OptionsOf(e event.Event) []string {
	if o, kind := c.find(e); kind != nil {
		return append([]string(nil), o.options[kind.id]...)
	}
	return nil
}
