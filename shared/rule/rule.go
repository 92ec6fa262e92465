// Package rule holds what a user wants to hear about and where: a rule with its targets, the checks that find all its
// faults at once, the units it costs, and the envelope that carries it through EventBridge to a delivery function.
package rule

import (
	"context"
	"time"

	"pai-notify/shared/catalog"
	"pai-notify/shared/channel"
	"pai-notify/shared/message"
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
}

// Saved is a rule as EventBridge has it.
type Saved struct {
	Rule
	Units    int                          // of the quota
	Pattern  string                       // the EventBridge event pattern
	ETag     string                       // changes with every change of the rule
	Created  time.Time                    // zero where EventBridge does not say
	Drift    []string                     // what in EventBridge is not as this rule would make it; each says what differs
	Foreign  bool                         // not made by pai-notify: only name, description, enabled and pattern are known
	Redacted map[string]map[string]Secret // by target id and field: what may be shown of a secret left out of Settings
}

// Secret is what may be shown of a secret setting.
type Secret struct {
	Host        string `json:"host,omitempty"` // of an address
	Last4       string `json:"last4"`
	Fingerprint string `json:"fingerprint"`
}

// Store keeps rules. EventBridge is the only copy; see package eventbridge, and Memory for tests.
//
// Errors are found with errors.As: *smithy-style API errors with the codes of the constants below.
type Store interface {
	List(ctx context.Context, workspace string) ([]Saved, error)
	Get(ctx context.Context, workspace, name string) (Saved, error)
	// Put makes or replaces a rule. Secret settings left out of a target that the rule already has are kept. A match
	// that is not empty must equal the ETag of the stored rule; "*" wants it to exist; "-" wants it not to.
	Put(ctx context.Context, workspace string, r Rule, match string) (Saved, error)
	Delete(ctx context.Context, workspace, name, match string) error
}

// Error is a fault of a store that callers tell apart.
type Error struct {
	Code   string
	Text   string
	Advice channel.Advice
	Err    error
}

// The codes of [Error].
const (
	CodeNotFound     = "RuleNotFound"
	CodeExists       = "RuleExists"
	CodeChanged      = "RuleChanged"       // ETag does not match
	CodeNoWorkspace  = "WorkspaceNotFound" // the bus does not exist
	CodeQuota        = "QuotaExceeded"
	CodeNotActivated = "NotActivated" // ServiceNotEnable, ServiceAccessDenied
	CodeForbidden    = "Forbidden"
	CodeThrottled    = "Throttled"
	CodeUnavailable  = "Unavailable"
	CodeForeign      = "ForeignRule"
	CodeSealed       = "SealedByAnotherKey"
	CodeRefusedByBus = "RefusedByEventBridge"
)
