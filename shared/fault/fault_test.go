package fault_test

import (
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
		faults.Add(fault.New(field, fault.Say("is wrong", "有误")))
		got := fault.List(faults)
		if len(got) != 1 || got[0].Path != want || got[0].Text != "is wrong" || got[0].ZH != "有误" {
			t.Errorf("List of field %q = %+v, want path %q", field, got, want)
		}
	}
}

func TestNestingJoinsPathsFromInsideOut(t *testing.T) {
	t.Parallel()
	var scope, event, rule, target, indexed smithy.InvalidParamsError
	scope.Add(fault.New("IDs[1]", fault.Say("appears twice", "重复")))
	event.Add(fault.New("Source", fault.Say("is unknown", "不存在")))
	event.AddNested("Scope", scope)
	rule.AddNested("Event", event)
	target.Add(smithy.NewErrParamRequired("Channel"))
	rule.AddNested("Targets[2]", target)
	indexed.Add(fault.New("[4]", fault.Say("is empty", "为空")))
	rule.AddNested("Tags", indexed)
	want := []fault.Fault{
		{Path: "event.source", Text: "is unknown", ZH: "不存在"},
		{Path: "event.scope.ids[1]", Text: "appears twice", ZH: "重复"},
		{Path: "targets[2].channel", Text: "is missing; give it a value", ZH: "不能为空，请填写"},
		{Path: "tags[4]", Text: "is empty", ZH: "为空"},
	}
	if diff := cmp.Diff(want, fault.List(rule)); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
}

func TestKeysOfAMapAreKeptAsTheUserWroteThem(t *testing.T) {
	t.Parallel()
	var settings, target, rule, again smithy.InvalidParamsError
	settings.Add(fault.New("Webhook", fault.Say("is not a setting", "不是设置项")))
	settings.Add(fault.New("URL[0].X", fault.Say("is not a setting", "不是设置项")))
	settings.Add(smithy.NewErrParamRequired("webhook"))
	target.AddNested("Settings", fault.OfMap(settings))
	rule.AddNested("Targets[2]", target)
	want := []fault.Fault{
		{Path: "targets[2].settings.Webhook", Text: "is not a setting", ZH: "不是设置项"},
		{Path: "targets[2].settings.URL[0].X", Text: "is not a setting", ZH: "不是设置项"},
		{Path: "targets[2].settings.webhook", Text: "is missing; give it a value", ZH: "不能为空，请填写"},
	}
	got := fault.List(rule)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
	for _, f := range got {
		again.Add(f.Param())
	}
	if diff := cmp.Diff(want, fault.List(again)); diff != "" {
		t.Errorf("faults listed and made again (-want +got):\n%s", diff)
	}
}

func TestListLeavesTheContextOut(t *testing.T) {
	t.Parallel()
	faults := smithy.InvalidParamsError{Context: "PutRuleInput"}
	faults.Add(fault.New("Name", fault.Say("is too long", "过长")))
	faults.Add(smithy.NewErrParamRequired("Event"))
	want := []fault.Fault{{Path: "name", Text: "is too long", ZH: "过长"}, {Path: "event", Text: "is missing; give it a value", ZH: "不能为空，请填写"}}
	if diff := cmp.Diff(want, fault.List(faults)); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
	if got, want := faults.Errs()[0].Error(), "PutRuleInput.Name: is too long"; got != want {
		t.Errorf("Error() = %q, want %q", got, want)
	}
}

func TestListOfNoFaultsIsEmptyAndNotNil(t *testing.T) {
	t.Parallel()
	if list := fault.List(smithy.InvalidParamsError{}); list == nil || len(list) != 0 {
		t.Errorf("no faults = %#v, want an empty list", list)
	}
}

func Example() {
	var target, rule smithy.InvalidParamsError
	target.Add(fault.New("Settings.webhook", fault.Say("is not https; copy the address from the robot's page", "不是 https，请从机器人页面重新复制地址")))
	rule.AddNested("Targets[0]", target)
	for _, f := range fault.List(rule) {
		fmt.Printf("%s %s\n%s\n", f.Path, f.Text, f.ZH)
	}
	// Output:
	// targets[0].settings.webhook is not https; copy the address from the robot's page
	// 不是 https，请从机器人页面重新复制地址
}
