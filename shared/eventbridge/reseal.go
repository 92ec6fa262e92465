package eventbridge

import (
	"context"
	"fmt"
	"slices"

	"pai-notify/shared/rule"
	"pai-notify/shared/seal"
)

// Sealings says by which keys the secrets of a bus's rules are sealed. Rules without secrets are not in it.
func (s *Store) Sealings(ctx context.Context, bus string) ([]rule.Sealing, error) {
	states, err := s.readAll(ctx, bus)
	if err != nil {
		return nil, err
	}
	var list []rule.Sealing
	for _, st := range states {
		var keys []string
		for _, e := range st.ours {
			if by := seal.SealedBy(e.Target.Sealed); e.Target.Sealed != "" && !slices.Contains(keys, by) {
				keys = append(keys, by)
			}
		}
		if len(keys) > 0 {
			slices.Sort(keys)
			list = append(list, rule.Sealing{Name: st.RuleName, Keys: keys})
		}
	}
	return list, nil
}

// Reseal seals the secrets of a rule's targets by the key that seals now and changes nothing else of it, so that it does
// not matter whether the rule could be saved as it is. A target whose secrets do not open is the error; the others are
// sealed anew all the same. Events are told throughout: each target is overwritten in one call.
func (s *Store) Reseal(ctx context.Context, bus, name string) error {
	ctx, unlock, err := s.lock(ctx, bus, name)
	if err != nil {
		return err
	}
	defer unlock()
	st, err := s.read(ctx, bus, name)
	if err != nil {
		return err
	}
	var (
		targets []target
		broken  error
	)
	for _, t := range st.targets {
		e, ours := st.ours[t.ID]
		if !ours {
			continue
		}
		unit, changed, err := e.Target.Reseal(s.Keys, bus, name)
		if err != nil {
			broken = err
		}
		if err != nil || !changed {
			continue
		}
		e.Target = unit
		template, err := e.Template()
		if err != nil {
			return err
		}
		t.ParamList = slices.Clone(t.ParamList)
		for i := range t.ParamList {
			if t.ParamList[i].ResourceKey == "Body" {
				t.ParamList[i].Template = template
			}
		}
		targets = append(targets, t)
	}
	if err := s.replace(ctx, bus, name, targets, nil); err != nil {
		return fmt.Errorf("seal rule %q anew: %w", name, err)
	}
	return broken
}
