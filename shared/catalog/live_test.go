package catalog

import (
	"errors"
	"testing"
)

func TestLiveFollowsTheOverrideAndSurvivesAFaultyOne(t *testing.T) {
	t.Parallel()
	base := load(t)
	live := NewLive(base)
	if c, err := live.With(""); c != base || err != nil {
		t.Errorf("without an override: %v, %v", c, err)
	}
	first, err := live.With("bus: my-")
	if err != nil || first.Bus("w") != "my-w" {
		t.Fatalf("with an override: %v", err)
	}
	if again, _ := live.With("bus: my-"); again != first {
		t.Error("the same override is read again")
	}
	var problems Problems
	if c, err := live.With("bas: my-"); c != base || !errors.As(err, &problems) {
		t.Errorf("with a faulty override: %v, %v", c, err)
	}
	if c, err := live.With(""); c != base || err != nil {
		t.Errorf("after a faulty override: %v, %v", c, err)
	}
}
