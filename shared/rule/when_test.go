package rule_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pai-notify/shared/channel"
	"pai-notify/shared/fault"
	"pai-notify/shared/rule"
	"pai-notify/shared/when"
)

func TestFaultsOfQuietHoursHavePaths(t *testing.T) {
	t.Parallel()
	target := rule.Target{ID: "a", Channel: "robot", When: when.When{
		Quiet: []when.Quiet{{From: "22:00", To: "08:00"}, {From: "8", To: "08:00", Days: []string{"mon", "funday"}, Zone: "Asia/Nowhere"}},
		Pass:  "none", GapMinutes: 100_000,
	}}
	r := rule.Rule{Name: "r1", Targets: []rule.Target{target}}
	var got []string
	for _, f := range fault.List(r.Check(rule.Limits{}, choices{}, []channel.Spec{{Name: "robot"}}))[1:] {
		got = append(got, f.Path)
	}
	want := []string{"targets[0].when.pass", "targets[0].when.gapMinutes", "targets[0].when.quiet[1].days[1]", "targets[0].when.quiet[1].from",
		"targets[0].when.quiet[1].zone"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// An envelope of an earlier release has no when, and is told at any time.
func TestQuietHoursRideInTheEnvelope(t *testing.T) {
	t.Parallel()
	unit := rule.Unit{ID: "a", Channel: "robot", When: when.When{
		Quiet: []when.Quiet{{Days: []string{"fri"}, From: "22:00", To: "08:00", Zone: "Asia/Shanghai"}}, Pass: when.PassFailing, GapMinutes: 10,
	}}
	text, err := json.Marshal(unit)
	if err != nil {
		t.Fatal(err)
	}
	var got rule.Unit
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(unit, got); diff != "" {
		t.Error(diff)
	}
	var old rule.Unit
	if err := json.Unmarshal([]byte(`{"id":"a","channel":"robot","position":0}`), &old); err != nil || !old.When.IsZero() {
		t.Errorf("of an old envelope: %+v, %v", old.When, err)
	}
}
