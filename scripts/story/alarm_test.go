package story

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aliyun/alibaba-cloud-sdk-go/services/cms"
	"github.com/jmespath/go-jmespath"

	"pai-notify/scripts/serverless"
)

// console is a stand-in of the command aliyun: it keeps what it is asked for, and lists the site monitor that was made.
const console = `#!/bin/sh
printf '%s\n' "$@" -- >>"$CALLS"
case $2 in
CreateSiteMonitor) touch "$CALLS.made" ;;
DescribeSiteMonitorList) printf 'TaskId\n------\n'; if [ -e "$CALLS.made" ]; then echo ` + taskID + `; fi ;;
esac
`

const taskID = "49f7b317-7645-4cc9-94fd-ea42e5220930"

// cloudMonitor runs the script of CloudMonitor's alarms so many times in an account and gives what it asks for, each call's
// action and its parameters.
func cloudMonitor(t *testing.T, queue string, times int) (list []map[string]string) {
	t.Helper()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "aliyun"), []byte(console), 0o755); err != nil {
		t.Fatal(err)
	}
	for range times {
		script := exec.CommandContext(t.Context(), "sh", "docs/watch/cloudmonitor.sh")
		script.Dir = root
		script.Env = append(os.Environ(), "PATH="+folder+":"+os.Getenv("PATH"), "CALLS="+filepath.Join(folder, "calls"),
			"ACCOUNT_ID=1234567890123456", "REGION=cn-hangzhou", "DOMAIN=notify.example.com", "CONTACTS=people", "QUEUE="+queue)
		if out, err := script.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	text, err := os.ReadFile(filepath.Join(folder, "calls"))
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range strings.Split(strings.TrimSuffix(string(text), "--\n"), "--\n") {
		words := strings.Split(strings.TrimSpace(one), "\n")
		if len(words) < 4 || words[0] != "cms" {
			t.Fatalf("aliyun %q", words)
		}
		call, parameter := map[string]string{"Action": words[1]}, ""
		for _, word := range words[2:] {
			if name, is := strings.CutPrefix(word, "--"); is {
				parameter = name
				continue
			}
			call[parameter] = strings.TrimSpace(call[parameter] + " " + word)
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

// watchedFunctions are those of an alarm, sorted; its other resources are looked at here.
func watchedFunctions(t *testing.T, alarm map[string]string) (names []string) {
	t.Helper()
	var resources []struct{ UserID, Region, FunctionName, Queue, TaskID string }
	if err := json.Unmarshal([]byte(alarm["Resources"]), &resources); err != nil {
		t.Fatalf("%s: resources: %v", alarm["RuleId"], err)
	}
	if alarm["RuleId"] == "pai-notify-healthz" {
		if len(resources) != 1 || resources[0].TaskID != taskID {
			t.Errorf("%s watches %+v, not the site monitor", alarm["RuleId"], resources)
		}
		return nil
	}
	for _, r := range resources {
		if r.UserID != "1234567890123456" || r.Region != "cn-hangzhou" || (r.FunctionName == "") != (r.Queue == "dead") {
			t.Errorf("%s watches %+v", alarm["RuleId"], r)
		}
		names = append(names, r.FunctionName)
	}
	slices.Sort(names)
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
		"PutResourceMetricRule":   parameters(cms.PutResourceMetricRuleRequest{}),
		"CreateSiteMonitor":       parameters(cms.CreateSiteMonitorRequest{}),
		"DescribeSiteMonitorList": append(parameters(cms.DescribeSiteMonitorListRequest{}), "output"), // the command's own
	}
	alarms, monitors := map[string]bool{}, 0
	for _, call := range cloudMonitor(t, "dead", 1) {
		name := call["RuleId"]
		for parameter, value := range call {
			if parameter != "Action" && !slices.Contains(known[call["Action"]], parameter) || value == "" {
				t.Errorf("%s %s has no parameter %q, or it is empty", call["Action"], name, parameter)
			}
		}
		if call["Action"] == "CreateSiteMonitor" {
			monitors++
			if call["Address"] != "https://notify.example.com/healthz" || strings.Contains(call["TaskName"], "-") {
				t.Errorf("the site monitor is %v", call)
			}
		}
		if call["Action"] != "PutResourceMetricRule" {
			continue
		}
		if alarms[name] || name == "" || name != call["RuleName"] {
			t.Errorf("alarm %q is there twice, or has no name", name)
		}
		alarms[name] = true
		// What it takes of these: help.aliyun.com, "PutResourceMetricRule".
		if policy, said := call["NoDataPolicy"]; said && policy != "INSUFFICIENT_DATA" || said != (name == "pai-notify-sweep-silent") {
			t.Errorf("%s: without figures %q", name, policy)
		}
		if of := watchedFunctions(t, call); len(of) > 1 && !slices.Equal(of, functions) {
			t.Errorf("%s watches\n%v, s.yaml has\n%v", name, of, functions)
		}
	}
	for _, want := range []string{"function-errors", "platform-errors", "instances-short", "account-short", "sweep-silent", "dead-letters", "healthz"} {
		if !alarms["pai-notify-"+want] {
			t.Errorf("there is no alarm %s in %v", want, alarms)
		}
	}
	if monitors != 1 {
		t.Errorf("%d site monitors were made, want one", monitors)
	}
	without := 0
	for _, call := range cloudMonitor(t, "", 1) {
		if call["Action"] == "PutResourceMetricRule" {
			without++
		}
	}
	if without != len(alarms)-1 {
		t.Errorf("without a dead-letter queue there are %d alarms, want all %d but its own", without, len(alarms))
	}
}

func TestCloudMonitorsAlarmsPutTwiceAreReplaced(t *testing.T) {
	t.Parallel()
	asked := map[string]int{}
	for _, call := range cloudMonitor(t, "dead", 2) {
		asked[call["Action"]+" "+call["RuleId"]+call["TaskName"]+call["TaskId"]]++
		for parameter := range call {
			if call["Action"] == "ModifySiteMonitor" && parameter != "Action" && !slices.Contains(parameters(cms.ModifySiteMonitorRequest{}), parameter) {
				t.Errorf("ModifySiteMonitor has no parameter %q", parameter)
			}
		}
		if call["Action"] != "DescribeSiteMonitorList" {
			continue
		}
		_, rows, _ := strings.Cut(call["output"], "rows=")
		answer := map[string]any{"SiteMonitors": map[string]any{"SiteMonitor": []any{
			map[string]any{"TaskName": "my_" + call["Keyword"], "TaskId": "another"}, map[string]any{"TaskName": call["Keyword"], "TaskId": taskID},
		}}}
		chosen, err := jmespath.Search(rows+" | [].TaskId", answer)
		if err != nil || fmt.Sprint(chosen) != "["+taskID+"]" {
			t.Errorf("of site monitors %q chooses %v, %v", rows, chosen, err)
		}
		if none, err := jmespath.Search(rows, map[string]any{"SiteMonitors": map[string]any{}}); err != nil || fmt.Sprint(none) != "[]" {
			t.Errorf("where there is none %q chooses %v, %v", rows, none, err) // the command takes no other answer than a list
		}
	}
	want := map[string]int{"DescribeSiteMonitorList ": 3, "CreateSiteMonitor pai_notify_healthz": 1, "ModifySiteMonitor pai_notify_healthz" + taskID: 1}
	for name, n := range asked {
		if strings.HasPrefix(name, "PutResourceMetricRule ") {
			want[name] = 2
		}
		if n != want[name] {
			t.Errorf("run twice it asked %d times for %q, want %d", n, name, want[name])
		}
	}
}
