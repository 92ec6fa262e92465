package rule

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"

	"pai-notify/shared/channel"
	"pai-notify/shared/fault"
	"pai-notify/shared/seal"
)

// Memory is a [Store] for tests. It keeps rules as EventBridge does, in envelopes with their secrets sealed.
type Memory struct {
	Workspaces []string
	Catalog    Catalog
	Specs      []channel.Spec
	Limits     Limits
	Keys       *seal.Keyset

	mu    sync.Mutex
	rules map[string]map[string]stored // by workspace and name
}

type stored struct {
	rule      Rule     // of foreign ones, all there is
	templates []string // of ours
	revision  int
	foreign   bool
}

var _ Store = (*Memory)(nil)

// PlantForeign puts a rule that is not ours.
func (m *Memory) PlantForeign(workspace, name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	rules, err := m.of(workspace)
	if err != nil {
		return err
	}
	rules[name] = stored{rule: Rule{Name: name, Enabled: true}, foreign: true, revision: 1}
	return nil
}

// List implements [Store].
func (m *Memory) List(ctx context.Context, workspace string) ([]Saved, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	rules, err := m.ready(ctx, workspace)
	if err != nil {
		return nil, err
	}
	list := []Saved{}
	for _, name := range slices.Sorted(maps.Keys(rules)) {
		saved, err := m.saved(rules[name])
		if err != nil {
			return nil, err
		}
		list = append(list, saved)
	}
	return list, nil
}

// Get implements [Store].
func (m *Memory) Get(ctx context.Context, workspace, name string) (Saved, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	rules, err := m.ready(ctx, workspace)
	if err != nil {
		return Saved{}, err
	}
	old, there := rules[name]
	if !there {
		return Saved{}, NotFound(workspace, name)
	}
	return m.saved(old)
}

// Put implements [Store].
func (m *Memory) Put(ctx context.Context, workspace string, r Rule, match string) (Saved, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	rules, err := m.ready(ctx, workspace)
	if err != nil {
		return Saved{}, err
	}
	old := rules[r.Name]
	if err := CheckMatch(workspace, r.Name, match, old.etag()); err != nil {
		return Saved{}, err
	}
	if old.foreign {
		return Saved{}, Foreign(workspace, r.Name)
	}
	before, sealed, err := m.open(old)
	if err != nil {
		return Saved{}, err
	}
	if r, err = Keep(r, before, sealed, m.Specs); err != nil {
		return Saved{}, err
	}
	if faults := r.Check(m.Limits, m.Catalog, m.Specs); faults.Len() > 0 {
		return Saved{}, faults
	}
	next := stored{rule: r, revision: old.revision + 1}
	next.rule.Targets = nil // their secrets are in the templates only
	envelopes, err := r.Envelopes(m.Catalog.Bus(workspace), next.revision, m.Specs, m.Keys)
	if err != nil {
		return Saved{}, err
	}
	for _, e := range envelopes {
		template, err := e.Template()
		if err != nil {
			return Saved{}, err
		}
		next.templates = append(next.templates, template)
	}
	rules[r.Name] = next
	return m.saved(next)
}

// Delete implements [Store].
func (m *Memory) Delete(ctx context.Context, workspace, name, match string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	rules, err := m.ready(ctx, workspace)
	if err != nil {
		return err
	}
	old, there := rules[name]
	if err := CheckMatch(workspace, name, match, old.etag()); err != nil {
		return err
	}
	if !there {
		return NotFound(workspace, name)
	}
	if old.foreign {
		return Foreign(workspace, name)
	}
	delete(rules, name)
	return nil
}

// Open gives a target with its secrets, as a delivery would open it.
func (m *Memory) Open(ctx context.Context, workspace, name, target string) (Target, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	rules, err := m.ready(ctx, workspace)
	if err != nil {
		return Target{}, err
	}
	old, there := rules[name]
	if !there {
		return Target{}, NotFound(workspace, name)
	}
	r, sealed, err := m.open(old)
	if err = errors.Join(err, sealed[target]); err != nil {
		return Target{}, err
	}
	return r.Target(workspace, target)
}

func (m *Memory) ready(ctx context.Context, workspace string) (map[string]stored, error) {
	if err := ctx.Err(); err != nil {
		return nil, &Error{Code: CodeUnavailable, Text: fault.Say("rules in memory", "内存中的规则"), Err: err}
	}
	return m.of(workspace)
}

func (m *Memory) of(workspace string) (map[string]stored, error) {
	if !slices.Contains(m.Workspaces, workspace) {
		return nil, NoWorkspace(workspace)
	}
	if m.rules == nil {
		m.rules = map[string]map[string]stored{}
	}
	if m.rules[workspace] == nil {
		m.rules[workspace] = map[string]stored{}
	}
	return m.rules[workspace], nil
}

func (s stored) etag() string {
	if s.revision == 0 {
		return ""
	}
	return strconv.Itoa(s.revision)
}

// open reads a rule back from its templates, as EventBridge would give them.
func (m *Memory) open(s stored) (r Rule, sealed map[string]error, err error) {
	r = s.rule
	if len(s.templates) == 0 {
		return r, nil, nil
	}
	var envelopes []Envelope
	for _, template := range s.templates {
		e, err := DecodeEnvelopes([]byte(template))
		if err != nil {
			return Rule{}, nil, fmt.Errorf("template in memory: %w", err)
		}
		envelopes = append(envelopes, e...)
	}
	r.Targets, sealed = Targets(envelopes, m.Keys)
	return r, sealed, nil
}

func (m *Memory) saved(s stored) (Saved, error) {
	r, sealed, err := m.open(s)
	if err != nil {
		return Saved{}, err
	}
	saved := Saved{Units: r.Units(), ETag: s.etag(), Foreign: s.foreign}
	if s.foreign {
		saved.Rule, saved.Units = r, 0
		return saved, nil
	}
	if saved.Pattern, err = m.Catalog.Pattern(r.Event); err != nil {
		return Saved{}, fmt.Errorf("pattern of rule %q: %w", r.Name, err)
	}
	for _, id := range slices.Sorted(maps.Keys(sealed)) {
		saved.Drift = append(saved.Drift, sealed[id].Error())
	}
	saved.Rule, saved.Redacted = Redact(r, m.Specs, m.Keys.Fingerprint)
	return saved, nil
}
