// Package rule holds what a user wants to hear about and where: a rule with its targets, the checks that find all its
// faults at once, the units it costs, and the [Envelope] that carries it through EventBridge to a delivery function.
package rule

import (
	"context"
	"time"

	"github.com/aws/smithy-go"

	"pai-notify/shared/catalog"
	"pai-notify/shared/channel"
	"pai-notify/shared/message"
	"pai-notify/shared/when"
)

// Rule is one rule as a user writes it.
type Rule struct {
	Name        string         `json:"name"`
	Description string         `json:"description,omitempty"` // at most 256 characters
	Enabled     bool           `json:"enabled"`
	Event       catalog.Choice `json:"event"`
	Targets     []Target       `json:"targets"`
}

// Target is one receiver of a rule, or several contacts of one contact channel.
type Target struct {
	ID       string           `json:"id"` // unique in its rule
	Channel  string           `json:"channel"`
	Settings channel.Settings `json:"settings,omitempty"`
	Contacts []string         `json:"contacts,omitempty"` // contact ids
	Language string           `json:"language,omitempty"` // zh or en; empty means the deployment's
	Mentions message.Mentions `json:"mentions,omitzero"`
	Words    message.Words    `json:"words,omitzero"`
	When     when.When        `json:"when,omitzero"`
}

// Units is what a rule costs of its quota: one for each target, and of a contact channel one for each contact. Each
// unit is one target of the EventBridge rule.
func (r Rule) Units() int {
	units := 0
	for _, t := range r.Targets {
		units += t.Units()
	}
	return units
}

// Target gives the target with an id, or an *[Error] with CodeNoTarget.
func (r Rule) Target(workspace, id string) (Target, error) {
	for _, t := range r.Targets {
		if t.ID == id {
			return t, nil
		}
	}
	return Target{}, NoTarget(workspace, r.Name, id)
}

// Units is what a target costs of its rule's quota.
func (t Target) Units() int { return max(1, len(t.Contacts)) }

// Saved is a rule as EventBridge has it.
type Saved struct {
	Rule
	Units    int                          // of the quota
	Pattern  string                       // the EventBridge event pattern
	ETag     string                       // changes with every write of the rule
	Created  time.Time                    // zero where EventBridge does not say
	Drift    []string                     // what in EventBridge is not as this rule would make it; each says what differs
	Foreign  bool                         // not made by pai-notify: only name, description, enabled and pattern are known
	Redacted map[string]map[string]Secret // by target id and field: what may be shown of a secret left out of Settings
}

// Secret is what may be shown of a secret setting.
type Secret struct {
	Host        string `json:"host,omitempty"`  // of an address
	Last4       string `json:"last4,omitempty"` // empty where so much would give a short secret away
	Fingerprint string `json:"fingerprint"`
}

// Matches of [Store.Put] and [Store.Delete] besides an ETag.
const (
	MatchAny     = ""  // whatever is stored
	MatchExists  = "*" // the rule must exist
	MatchMissing = "-" // the rule must not exist
)

// Store keeps rules. EventBridge is the only copy; see package eventbridge, and [Memory] for tests. It is safe for
// concurrent use.
//
// What a user can mend in a rule is a smithy.InvalidParamsError, see package fault; all else is an *[Error]. Both are
// found with errors.As, and neither holds a secret.
type Store interface {
	// List gives the rules of a workspace by name, those that are not ours among them, see [Saved].Foreign.
	List(ctx context.Context, workspace string) ([]Saved, error)
	Get(ctx context.Context, workspace, name string) (Saved, error)
	// Put checks a rule and makes or replaces it. Secret settings left out of a target that the rule already has, with
	// the same channel, are kept; one given as the empty text is taken away. The author of a rule about what was
	// createdByMe stays its author. A match that is not empty must equal the ETag of the stored rule; "*" wants it to
	// exist; "-" wants it not to. Repeating a Put that broke off is safe and completes it.
	Put(ctx context.Context, workspace string, r Rule, match string) (Saved, error)
	Delete(ctx context.Context, workspace, name, match string) error
}

// Catalog is what a rule asks of the catalogue; a *catalog.Catalog is one.
type Catalog interface {
	Check(catalog.Choice) smithy.InvalidParamsError
	Pattern(catalog.Choice) (string, error)
	Bus(workspace string) string // the name of the workspace's event bus
}
