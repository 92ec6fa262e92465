package eventbridge

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strconv"
	"time"

	"pai-notify/shared/channel"
	"pai-notify/shared/fault"
	"pai-notify/shared/rule"
)

const (
	pageSize = 100 // EventBridge's most
	maxPages = 100
)

// info is a rule as GetRule and ListRules give it.
type info struct {
	RuleName         string   `json:"RuleName"`
	Description      string   `json:"Description"`
	FilterPattern    string   `json:"FilterPattern"`
	Status           string   `json:"Status"`
	CreatedTimestamp loose    `json:"CreatedTimestamp"` // milliseconds
	Targets          []target `json:"Targets"`
}

// state is what EventBridge holds of one rule.
type state struct {
	info
	bus     string
	targets []target
	ours    map[string]rule.Envelope // by slot
	foreign []string                 // ids of targets that are not ours
	there   bool
}

// status words of EventBridge.
const (
	enabled  = "ENABLE"
	disabled = "DISABLE"
)

func (st state) enabled() bool { return st.Status != disabled }

func status(on bool) string {
	if on {
		return enabled
	}
	return disabled
}

// read gives what EventBridge holds of a rule; a rule that does not exist is a state that is not there.
func (s *Store) read(ctx context.Context, bus, name string) (state, error) {
	var i info
	if err := s.call(ctx, "GetRule", params{"EventBusName": bus, "RuleName": name}, &i); err != nil {
		if code(err) == rule.CodeNotFound {
			return state{bus: bus, info: info{RuleName: name}}, nil
		}
		return state{}, err
	}
	i.RuleName = name
	targets, err := s.listTargets(ctx, bus, name)
	if err != nil {
		return state{}, err
	}
	return newState(bus, i, targets), nil
}

func newState(bus string, i info, targets []target) state {
	slices.SortFunc(targets, func(a, b target) int { return bySlot(a.ID, b.ID) })
	st := state{bus: bus, info: i, targets: targets, ours: map[string]rule.Envelope{}, there: true}
	for _, t := range targets {
		if e, ok := t.envelope(bus, i.RuleName); ok {
			st.ours[t.ID] = e
		} else {
			st.foreign = append(st.foreign, t.ID)
		}
	}
	return st
}

func (s *Store) listTargets(ctx context.Context, bus, name string) ([]target, error) {
	return pages(func(token string) ([]target, string, error) {
		var page struct {
			Targets   []target `json:"Targets"`
			NextToken loose    `json:"NextToken"`
		}
		p := params{"EventBusName": bus, "RuleName": name, "Limit": strconv.Itoa(pageSize)}
		if token != "" {
			p["NextToken"] = token
		}
		err := s.call(ctx, "ListTargets", p, &page)
		return page.Targets, string(page.NextToken), err
	})
}

// pages reads all pages of a list. The token of the last is empty, or 0, or one seen before: the documentation's samples
// have all of these.
func pages[T any](page func(token string) ([]T, string, error)) ([]T, error) {
	var all []T
	seen := map[string]bool{"": true, "0": true}
	for token := ""; len(seen) < maxPages; seen[token] = true {
		items, next, err := page(token)
		if err != nil {
			return nil, err
		}
		all = append(all, items...)
		if seen[next] || len(items) == 0 {
			return all, nil
		}
		token = next
	}
	text := fault.Say("EventBridge's list does not end after %d pages", "EventBridge 的列表在 %d 页之后仍未结束", maxPages)
	return nil, &rule.Error{Code: rule.CodeUnavailable, Text: text}
}

// strange says that a rule is not ours. One without any target tells nobody anything and may be ours, cut off early.
func (st state) strange() bool { return st.there && len(st.ours) == 0 && len(st.targets) > 0 }

// etag changes with everything that a write of a rule writes.
func (st state) etag() string {
	if !st.there {
		return ""
	}
	parts := []any{st.Description, st.FilterPattern, st.Status}
	for _, t := range st.targets {
		parts = append(parts, t.ID, t.Type, t.Endpoint, t.PushRetryStrategy, t.ErrorsTolerance, t.deadLetter(), t.param("Body"))
	}
	text, err := json.Marshal(parts)
	if err != nil { // strings only
		panic(err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

// revision is that of the last write.
func (st state) revision() int {
	last := 0
	for _, e := range st.ours {
		last = max(last, e.Rule.Revision)
	}
	return last
}

// envelopes are ours: those of the last write first; of a unit that two slots hold, the later.
func (st state) envelopes() []rule.Envelope {
	list := make([]rule.Envelope, 0, len(st.ours))
	for _, slot := range slices.SortedFunc(maps.Keys(st.ours), bySlot) {
		list = append(list, st.ours[slot])
	}
	slices.SortStableFunc(list, func(a, b rule.Envelope) int { return cmp.Compare(b.Rule.Revision, a.Rule.Revision) })
	type unit struct{ target, contact string }
	seen := map[unit]bool{}
	return slices.DeleteFunc(list, func(e rule.Envelope) bool {
		u := unit{e.Target.ID, e.Target.Contact}
		twice := seen[u]
		seen[u] = true
		return twice
	})
}

// open gives the rule with its secrets; sealed are the targets whose secrets do not open.
func (s *Store) open(st state) (r rule.Rule, sealed map[string]error) {
	r = rule.Rule{Name: st.RuleName, Description: st.Description, Enabled: st.enabled()}
	envelopes := st.envelopes()
	if len(envelopes) == 0 {
		return r, nil
	}
	r.Event = envelopes[0].Rule.Choice
	r.Targets, sealed = rule.Targets(envelopes, s.Keys)
	return r, sealed
}

// opened is open for who needs all secrets: the error is that of the first target whose secrets do not open.
func (s *Store) opened(st state) (rule.Rule, error) {
	r, sealed := s.open(st)
	for _, id := range slices.Sorted(maps.Keys(sealed)) {
		return rule.Rule{}, sealed[id]
	}
	return r, nil
}

// saved is the rule as a user may see it.
func (s *Store) saved(st state) rule.Saved {
	r, sealed := s.open(st)
	saved := rule.Saved{Pattern: st.FilterPattern, ETag: st.etag(), Foreign: len(st.ours) == 0}
	if ms, err := strconv.ParseInt(string(st.CreatedTimestamp), 10, 64); err == nil && ms > 0 {
		saved.Created = time.UnixMilli(ms).UTC()
	}
	if saved.Foreign {
		saved.Rule = r
		if len(st.targets) == 0 {
			saved.Drift = []string{"the rule has no targets and tells nobody; save a rule of this name to make it yours, or delete it"}
		}
		return saved
	}
	saved.Units = r.Units()
	saved.Drift = s.drift(st, r, sealed)
	saved.Rule, saved.Redacted = rule.Redact(r, s.Specs, s.Keys.Fingerprint)
	return saved
}

// code is that of a *rule.Error, empty for any other.
func code(err error) string {
	var e *rule.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

func (s *Store) channel(name string) (channel.Spec, bool) {
	for _, spec := range s.Specs {
		if spec.Name == name {
			return spec, true
		}
	}
	return channel.Spec{}, false
}
