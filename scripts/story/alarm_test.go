package story

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aliyun/alibaba-cloud-sdk-go/services/cms"

	"pai-notify/scripts/serverless"
)

// calls runs the script of CloudMonitor's alarms and gives what it asks for, each call's action and its parameters.
func calls(t *testing.T, queue string) (list []map[string]string) {
	t.Helper()
	folder := t.TempDir()
	fake := "#!/bin/sh\nprintf '%s\\n' \"$@\" '--' >>" + filepath.Join(folder, "calls") + "\n"
	if err := os.WriteFile(filepath.Join(folder, "aliyun"), []byte(fake), 0o755); err != nil {
		t.Fatal(err)
	}
	script := exec.CommandContext(t.Context(), "sh", "docs/watch/cloudmonitor.sh")
	script.Dir = root
	script.Env = append(os.Environ(), "PATH="+folder+":"+os.Getenv("PATH"), "ACCOUNT_ID=1234567890123456", "REGION=cn-hangzhou",
		"DOMAIN=notify.example.com", "CONTACTS=people", "QUEUE="+queue)
	if out, err := script.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	text, err := os.ReadFile(filepath.Join(folder, "calls"))
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range strings.Split(strings.TrimSuffix(string(text), "--\n"), "--\n") {
		words := strings.Split(strings.TrimSpace(one), "\n")
		if len(words)%2 != 0 || words[0] != "cms" {
			t.Fatalf("aliyun %q", words)
		}
		call := map[string]string{"Action": words[1]}
		for i := 2; i < len(words); i += 2 {
			call[strings.TrimPrefix(words[i], "--")] = words[i+1]
		}
		list = append(list, call)
	}
	return list
}

// parameters are those that CloudMonitor's API knows of an action, as its SDK names them.
func parameters(request any) (names []string) {
	of := reflect.TypeOf(request)
	for i := range of.NumField() {
		names = append(names, of.Field(i).Tag.Get("name"))
	}
	return names
}

func TestCloudMonitorsAlarmsAskForWhatItsAPIKnowsAndMissNoFunction(t *testing.T) {
	t.Parallel()
	template, err := serverless.Load(filepath.Join(root, "s.yaml"), func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	var functions []string
	for _, block := range template.Blocks {
		functions = append(functions, block.FunctionName)
	}
	slices.Sort(functions)
	known := map[string][]string{
		"PutResourceMetricRule": parameters(cms.PutResourceMetricRuleRequest{}),
		"CreateSiteMonitor":     parameters(cms.CreateSiteMonitorRequest{}),
	}
	alarms := map[string]bool{}
	for _, call := range calls(t, "dead") {
		name := call["RuleId"] + call["TaskName"]
		if alarms[name] || name == "" {
			t.Errorf("alarm %q is there twice, or has no name", name)
		}
		alarms[name] = true
		for parameter, value := range call {
			if parameter != "Action" && !slices.Contains(known[call["Action"]], parameter) || value == "" {
				t.Errorf("%s: %s has no parameter %q, or it is empty", name, call["Action"], parameter)
			}
		}
		if call["Action"] != "PutResourceMetricRule" {
			continue
		}
		var resources []struct{ UserID, Region, FunctionName, Queue string }
		if err := json.Unmarshal([]byte(call["Resources"]), &resources); err != nil {
			t.Fatalf("%s: resources: %v", name, err)
		}
		var of []string
		for _, r := range resources {
			if r.UserID != "1234567890123456" || r.Region != "cn-hangzhou" || (r.FunctionName == "") != (r.Queue == "dead") {
				t.Errorf("%s watches %+v", name, r)
			}
			of = append(of, r.FunctionName)
		}
		slices.Sort(of)
		if len(of) > 1 && !slices.Equal(of, functions) {
			t.Errorf("%s watches\n%v, s.yaml has\n%v", name, of, functions)
		}
	}
	for _, want := range []string{"function-errors", "platform-errors", "instances-short", "account-short", "sweep-silent", "dead-letters", "healthz"} {
		if !alarms["pai-notify-"+want] {
			t.Errorf("there is no alarm %s in %v", want, alarms)
		}
	}
	if n := len(calls(t, "")); n != len(alarms)-1 {
		t.Errorf("without a dead-letter queue there are %d alarms, want all %d but its own", n, len(alarms))
	}
}
