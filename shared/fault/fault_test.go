package fault_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"pai-notify/shared/fault"
)

func TestListGivesThePathsOfTheJSON(t *testing.T) {
	t.Parallel()
	for field, want := range map[string]string{
		"":                    "",
		"Name":                "name",
		"name":                "name",
		"ID":                  "id",
		"IDs[1]":              "ids[1]",
		"PAIUser":             "paiUser",
		"Scope.IDs[10]":       "scope.ids[10]",
		"Settings.webhook":    "settings.webhook",
		"Targets[0].ID":       "targets[0].id",
		"Options":             "options",
		"URL":                 "url",
		"maxBytes":            "maxBytes",
		"Settings.名字":         "settings.名字",
		"[3]":                 "[3]",
		"Targets[2].Mentions": "targets[2].mentions",
	} {
		var faults smithy.InvalidParamsError
		faults.Add(fault.New(field, "is wrong"))
		got := fault.List(faults)
		if len(got) != 1 || got[0].Path != want || got[0].Text != "is wrong" {
			t.Errorf("List of field %q = %+v, want path %q", field, got, want)
		}
	}
}

func TestNestingJoinsPathsFromInsideOut(t *testing.T) {
	t.Parallel()
	var scope, event, rule, target, indexed smithy.InvalidParamsError
	scope.Add(fault.New("IDs[1]", "appears twice"))
	event.Add(fault.New("Source", "is unknown"))
	event.AddNested("Scope", scope)
	rule.AddNested("Event", event)
	target.Add(smithy.NewErrParamRequired("Channel"))
	rule.AddNested("Targets[2]", target)
	indexed.Add(fault.New("[4]", "is empty"))
	rule.AddNested("Tags", indexed)
	want := []fault.Fault{
		{Path: "event.source", Text: "is unknown"},
		{Path: "event.scope.ids[1]", Text: "appears twice"},
		{Path: "targets[2].channel", Text: "is missing; give it a value"},
		{Path: "tags[4]", Text: "is empty"},
	}
	if diff := cmp.Diff(want, fault.List(rule)); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
}

func TestKeysOfAMapAreKeptAsTheUserWroteThem(t *testing.T) {
	t.Parallel()
	var settings, target, rule, again smithy.InvalidParamsError
	settings.Add(fault.New("Webhook", "is not a setting"))
	settings.Add(fault.New("URL[0].X", "is not a setting"))
	settings.Add(smithy.NewErrParamRequired("webhook"))
	target.AddNested("Settings", fault.OfMap(settings))
	rule.AddNested("Targets[2]", target)
	want := []fault.Fault{
		{Path: "targets[2].settings.Webhook", Text: "is not a setting"},
		{Path: "targets[2].settings.URL[0].X", Text: "is not a setting"},
		{Path: "targets[2].settings.webhook", Text: "is missing; give it a value"},
	}
	got := fault.List(rule)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
	for _, f := range got {
		again.Add(fault.JSON(f.Path, f.Text))
	}
	if diff := cmp.Diff(want, fault.List(again)); diff != "" {
		t.Errorf("faults listed and made again (-want +got):\n%s", diff)
	}
}

func TestListLeavesTheContextOut(t *testing.T) {
	t.Parallel()
	faults := smithy.InvalidParamsError{Context: "PutRuleInput"}
	faults.Add(fault.New("Name", "is too long"))
	faults.Add(smithy.NewErrParamRequired("Event"))
	want := []fault.Fault{{Path: "name", Text: "is too long"}, {Path: "event", Text: "is missing; give it a value"}}
	if diff := cmp.Diff(want, fault.List(faults)); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
	if got, want := faults.Errs()[0].Error(), "PutRuleInput.Name: is too long"; got != want {
		t.Errorf("Error() = %q, want %q", got, want)
	}
}

func TestListOfNoFaultsIsAnEmptyJSONList(t *testing.T) {
	t.Parallel()
	text, err := json.Marshal(fault.List(smithy.InvalidParamsError{}))
	if err != nil || string(text) != "[]" {
		t.Errorf("no faults = %s, %v; want []", text, err)
	}
}

func Example() {
	var target, rule smithy.InvalidParamsError
	target.Add(fault.New("Settings.webhook", "is not https; copy the address from the robot's page"))
	rule.AddNested("Targets[0]", target)
	for _, f := range fault.List(rule) {
		fmt.Printf("%s %s\n", f.Path, f.Text)
	}
	// Output: targets[0].settings.webhook is not https; copy the address from the robot's page
}
