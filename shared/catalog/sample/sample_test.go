package sample_test

import (
	"slices"
	"testing"

	"pai-notify/shared/catalog/sample"
	"pai-notify/shared/event"
)

func TestEverySampleIsAnEventWithANameOfItsOwn(t *testing.T) {
	t.Parallel()
	all := sample.All()
	if len(all) < 49 {
		t.Fatalf("only %d samples", len(all))
	}
	names := map[string]bool{}
	for _, s := range all {
		if s.Name == "" || names[s.Name] {
			t.Errorf("name %q is empty or taken", s.Name)
		}
		names[s.Name] = true
		if !slices.Contains([]string{"info", "warning", "error"}, s.Severity) {
			t.Errorf("%s has the severity %q", s.Name, s.Severity)
		}
		e, err := event.Parse(s.Event)
		if err != nil || e.ID == "" || e.Source == "" || e.Type == "" || e.Time.IsZero() || e.Data == nil {
			t.Errorf("%s is %+v, %v", s.Name, e, err)
		}
	}
}

func TestNamedFindsASampleByItsName(t *testing.T) {
	t.Parallel()
	if s, ok := sample.Named("dlc-failed-oom"); !ok || s.Name != "dlc-failed-oom" {
		t.Errorf("Named(dlc-failed-oom) = %s, %v", s.Name, ok)
	}
	if s, ok := sample.Named("nope"); ok {
		t.Errorf("Named(nope) = %s", s.Name)
	}
}
