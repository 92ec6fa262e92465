package eventbridge

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"pai-notify/shared/fault"
	"pai-notify/shared/rule"
)

const (
	listers = 4  // calls of one list at a time
	chunk   = 10 // targets of one PutTargets: up to 10 KB each, more in the form's spelling
)

// List implements [rule.Store].
func (s *Store) List(ctx context.Context, workspace string) ([]rule.Saved, error) {
	bus := s.Catalog.Bus(workspace)
	states, err := s.readAll(ctx, bus)
	if err != nil {
		return nil, err
	}
	list := make([]rule.Saved, len(states))
	for i, st := range states {
		list[i] = s.saved(st)
	}
	return list, nil
}

// Count is how many rules a workspace's bus has, of whomever; all of them are of its quota.
func (s *Store) Count(ctx context.Context, workspace string) (int, error) {
	infos, err := s.infos(ctx, s.Catalog.Bus(workspace))
	return len(infos), err
}

func (s *Store) infos(ctx context.Context, bus string) ([]info, error) {
	return pages(func(token string) ([]info, string, error) {
		var page struct {
			Rules     []info `json:"Rules"`
			NextToken loose  `json:"NextToken"`
		}
		p := params{"EventBusName": bus, "Limit": fmt.Sprint(pageSize)}
		if token != "" {
			p["NextToken"] = token
		}
		err := s.call(ctx, "ListRules", p, &page)
		return page.Rules, string(page.NextToken), err
	})
}

func (s *Store) readAll(ctx context.Context, bus string) ([]state, error) {
	infos, err := s.infos(ctx, bus)
	if err != nil {
		return nil, err
	}
	states := make([]state, len(infos))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(listers)
	for i, info := range infos {
		group.Go(func() error { // ListRules is not documented to give the targets' parameters
			targets, err := s.listTargets(ctx, bus, info.RuleName)
			if code(err) == rule.CodeNotFound { // deleted in the meantime
				return nil
			}
			if err == nil {
				states[i] = newState(bus, info, targets)
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	states = slices.DeleteFunc(states, func(st state) bool { return !st.there })
	slices.SortFunc(states, func(a, b state) int { return strings.Compare(a.RuleName, b.RuleName) })
	return states, nil
}

// Get implements [rule.Store].
func (s *Store) Get(ctx context.Context, workspace, name string) (rule.Saved, error) {
	st, err := s.read(ctx, s.Catalog.Bus(workspace), name)
	if err != nil {
		return rule.Saved{}, err
	}
	if !st.there {
		return rule.Saved{}, rule.NotFound(workspace, name)
	}
	return s.saved(st), nil
}

// Open gives a target of a saved rule with its secrets, for a test of it or a replay. A target whose secrets do not open
// is a *[rule.Error] with CodeSealed.
func (s *Store) Open(ctx context.Context, workspace, name, target string) (rule.Target, error) {
	st, err := s.read(ctx, s.Catalog.Bus(workspace), name)
	if err != nil {
		return rule.Target{}, err
	}
	if !st.there || len(st.ours) == 0 {
		return rule.Target{}, rule.NotFound(workspace, name)
	}
	r, sealed := s.open(st)
	if err := sealed[target]; err != nil {
		return rule.Target{}, err
	}
	return r.Target(workspace, target)
}

// Put implements [rule.Store].
func (s *Store) Put(ctx context.Context, workspace string, r rule.Rule, match string) (rule.Saved, error) {
	bus := s.Catalog.Bus(workspace)
	ctx, unlock, err := s.lock(ctx, bus, r.Name)
	if err != nil {
		return rule.Saved{}, err
	}
	defer unlock()
	st, err := s.read(ctx, bus, r.Name)
	if err != nil {
		return rule.Saved{}, err
	}
	if err := rule.CheckMatch(workspace, r.Name, match, st.etag()); err != nil {
		return rule.Saved{}, err
	}
	if st.strange() {
		return rule.Saved{}, rule.Foreign(workspace, r.Name)
	}
	old, sealed := s.open(st)
	if r, err = rule.Keep(r, old, sealed, s.Specs); err != nil {
		return rule.Saved{}, err
	}
	if faults := r.Check(s.Limits, s.Catalog, s.Specs); faults.Len() > 0 {
		return rule.Saved{}, faults
	}
	if err := s.write(ctx, st, r); err != nil {
		return rule.Saved{}, err
	}
	return s.Get(ctx, workspace, r.Name)
}

// SetEnabled enables or disables a rule whose ETag matches, see [rule.Store].Put. Disabling is one call that looks at
// nothing else, so that it also quiets a rule whose secrets do not open or whose choice the catalogue no longer has;
// enabling checks the rule as it is and writes it anew, so that no rule tells of events half written.
func (s *Store) SetEnabled(ctx context.Context, workspace, name string, on bool, match string) (rule.Saved, error) {
	bus := s.Catalog.Bus(workspace)
	ctx, unlock, err := s.lock(ctx, bus, name)
	if err != nil {
		return rule.Saved{}, err
	}
	defer unlock()
	st, err := s.read(ctx, bus, name)
	if err != nil {
		return rule.Saved{}, err
	}
	if err := rule.CheckMatch(workspace, name, match, st.etag()); err != nil {
		return rule.Saved{}, err
	}
	switch {
	case !st.there:
		return rule.Saved{}, rule.NotFound(workspace, name)
	case st.strange():
		return rule.Saved{}, rule.Foreign(workspace, name)
	case on == st.enabled():
		return s.saved(st), nil
	case on:
		err = s.enable(ctx, st)
	default:
		err = s.call(ctx, "DisableRule", params{"EventBusName": bus, "RuleName": name}, nil)
	}
	if err != nil {
		return rule.Saved{}, err
	}
	return s.Get(ctx, workspace, name)
}

func (s *Store) enable(ctx context.Context, st state) error {
	r, err := s.opened(st)
	if err != nil {
		return err
	}
	if faults := r.Check(s.Limits, s.Catalog, s.Specs); faults.Len() > 0 {
		return faults
	}
	r.Enabled = true
	return s.write(ctx, st, r)
}

func (s *Store) lock(ctx context.Context, bus, name string) (context.Context, func(), error) {
	locked, unlock, err := s.Locks.Lock(ctx, "rule/"+bus+"/"+name)
	if err != nil {
		text := fault.Say("wait for the other writers of rule %q", "等待规则 %q 的其他写入者", name)
		return nil, nil, &rule.Error{Code: rule.CodeUnavailable, Text: text, Err: err}
	}
	return locked, unlock, nil
}

// write makes EventBridge hold a checked rule with its secrets, from whatever it holds now. See the package's comment
// for the order of its calls.
func (s *Store) write(ctx context.Context, st state, r rule.Rule) error {
	pattern, err := s.Catalog.Pattern(r.Event)
	if err != nil {
		return fmt.Errorf("pattern of rule %q: %w", r.Name, err)
	}
	envelopes, err := r.Envelopes(st.bus, st.revision()+1, s.Specs, s.Keys)
	if err != nil {
		return err
	}
	slots, leftover := assign(st.ours, st.foreign, envelopes)
	targets := make([]target, len(envelopes))
	for i, e := range envelopes {
		if targets[i], err = s.unitTarget(slots[i], e); err != nil {
			return err
		}
	}
	rest := params{
		"EventBusName": st.bus, "RuleName": r.Name, "FilterPattern": pattern, "Description": r.Description, "Status": status(r.Enabled),
	}
	switch {
	case !st.there:
		return s.create(ctx, rest, targets)
	case !r.Enabled:
		if err := s.call(ctx, "UpdateRule", rest, nil); err != nil {
			return err
		}
		return s.replace(ctx, st.bus, r.Name, targets, leftover)
	}
	if err := s.replace(ctx, st.bus, r.Name, targets, leftover); err != nil {
		return err
	}
	return s.call(ctx, "UpdateRule", rest, nil)
}

// create makes a rule. One that takes more than one call is enabled by the last of them.
func (s *Store) create(ctx context.Context, rest params, targets []target) error {
	want := rest["Status"]
	firsts, others := targets[:min(chunk, len(targets))], targets[min(chunk, len(targets)):]
	if len(others) > 0 {
		rest["Status"] = disabled
	}
	text, err := encode(firsts)
	if err != nil {
		return err
	}
	rest["EventTargets"] = text
	if err := s.call(ctx, "CreateRule", rest, nil); err != nil {
		return err
	}
	if len(others) == 0 {
		return nil
	}
	bus, name := rest["EventBusName"], rest["RuleName"]
	if err := s.replace(ctx, bus, name, others, nil); err != nil {
		return err
	}
	if want == disabled {
		return nil
	}
	return s.call(ctx, "EnableRule", params{"EventBusName": bus, "RuleName": name}, nil)
}

// replace overwrites targets by their slots, then deletes those left over.
func (s *Store) replace(ctx context.Context, bus, name string, targets []target, leftover []string) error {
	for some := range slices.Chunk(targets, chunk) {
		text, err := encode(some)
		if err != nil {
			return err
		}
		if err := s.entries(ctx, "PutTargets", params{"EventBusName": bus, "RuleName": name, "Targets": text}); err != nil {
			return err
		}
	}
	if len(leftover) == 0 {
		return nil
	}
	text, err := encode(leftover)
	if err != nil {
		return err
	}
	return s.entries(ctx, "DeleteTargets", params{"EventBusName": bus, "RuleName": name, "TargetIds": text})
}

// Delete implements [rule.Store].
func (s *Store) Delete(ctx context.Context, workspace, name, match string) error {
	bus := s.Catalog.Bus(workspace)
	ctx, unlock, err := s.lock(ctx, bus, name)
	if err != nil {
		return err
	}
	defer unlock()
	st, err := s.read(ctx, bus, name)
	if err != nil {
		return err
	}
	if err := rule.CheckMatch(workspace, name, match, st.etag()); err != nil {
		return err
	}
	switch {
	case !st.there:
		return rule.NotFound(workspace, name)
	case st.strange():
		return rule.Foreign(workspace, name)
	}
	return s.call(ctx, "DeleteRule", params{"EventBusName": bus, "RuleName": name}, nil)
}

// Recompiled is what became of one rule in [Store.Recompile].
type Recompiled struct {
	Name string
	Err  error // nil: it is written anew
}

// Recompile writes all rules of a workspace that are ours anew as they are, so that a changed catalogue, function, dead-
// letter queue or seal key holds for them. A rule that cannot be is told and left as it is.
func (s *Store) Recompile(ctx context.Context, workspace string) ([]Recompiled, error) {
	states, err := s.readAll(ctx, s.Catalog.Bus(workspace))
	if err != nil {
		return nil, err
	}
	list := []Recompiled{}
	for _, st := range states {
		if len(st.ours) > 0 {
			list = append(list, Recompiled{st.RuleName, s.recompile(ctx, st.bus, st.RuleName)})
		}
	}
	return list, nil
}

func (s *Store) recompile(ctx context.Context, bus, name string) error {
	ctx, unlock, err := s.lock(ctx, bus, name)
	if err != nil {
		return err
	}
	defer unlock()
	st, err := s.read(ctx, bus, name) // it may have changed since the list
	if err != nil || !st.there || len(st.ours) == 0 {
		return err
	}
	r, err := s.opened(st)
	if err != nil {
		return err
	}
	if faults := s.Catalog.Check(r.Event); faults.Len() > 0 {
		return faults
	}
	return s.write(ctx, st, r)
}
