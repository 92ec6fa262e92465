package eventbridge_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pai-notify/shared/eventbridge"
	"pai-notify/shared/rule"
	"pai-notify/shared/rule/ruletest"
)

func TestARuleSealedAnewIsTheSameAndOpensWithTheNewKeyAlone(t *testing.T) {
	t.Parallel()
	f := newFake(t, bus)
	c := config(t, f)
	c.Limits.Units = 100
	old := eventbridge.New(c)
	before := mustPut(t, old, ruletest.Draft("r1", dingtalks("t", 12)...))
	want, err := old.Open(t.Context(), workspace, "r1", before.Targets[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	c.Keys = keyset(t, "k2", "k1")
	both := eventbridge.New(c)
	sealings := func(s *eventbridge.Store) []rule.Sealing {
		t.Helper()
		list, err := s.Sealings(t.Context(), bus)
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	if got := sealings(both); len(got) != 1 || !slices.Equal(got[0].Keys, []string{"k1"}) {
		t.Errorf("Sealings = %+v, want r1 by k1", got)
	}
	for range 2 { // repeating it changes nothing
		if err := both.Reseal(t.Context(), bus, "r1"); err != nil {
			t.Fatal(err)
		}
		if got := sealings(both); len(got) != 1 || !slices.Equal(got[0].Keys, []string{"k2"}) {
			t.Errorf("Sealings = %+v, want r1 by k2", got)
		}
	}
	c.Keys = keyset(t, "k2")
	alone := eventbridge.New(c)
	got, err := alone.Open(t.Context(), workspace, "r1", before.Targets[0].ID)
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("the target with the new key alone: %v (-was +is)\n%s", err, diff)
	}
	after, err := alone.Get(t.Context(), workspace, "r1")
	if diff := cmp.Diff(before.Rule, after.Rule); err != nil || diff != "" || len(after.Drift) > 0 {
		t.Errorf("the rule: %v, drift %v (-was +is)\n%s", err, after.Drift, diff)
	}
	if err := alone.Reseal(t.Context(), bus, "none"); err != nil {
		t.Errorf("a rule that was deleted meanwhile: %v", err)
	}
}

func TestWithoutItsKeyATargetIsLeftAsItIs(t *testing.T) {
	t.Parallel()
	f := newFake(t, bus)
	c := config(t, f)
	s := eventbridge.New(c)
	saved := mustPut(t, s, ruletest.Draft("r1", dingtalks("t", 1)...))
	c.Keys = keyset(t, "k3")
	err := eventbridge.New(c).Reseal(t.Context(), bus, "r1")
	var ours *rule.Error
	if !errors.As(err, &ours) || ours.Code != rule.CodeSealed {
		t.Errorf("sealing anew without its key: %v, want CodeSealed", err)
	}
	if _, err := s.Open(t.Context(), workspace, "r1", saved.Targets[0].ID); err != nil {
		t.Errorf("it was changed all the same: %v", err)
	}
}
