package bus

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/eventbridge"
	"github.com/google/go-cmp/cmp"
)

func TestTheSDKAsItComesRunsTheControlPlane(t *testing.T) {
	t.Parallel()
	l := ready(t, nil)
	c := l.client
	ok := func(what string, err error, success bool, code, message string) {
		t.Helper()
		if err != nil || !success {
			t.Fatalf("%s: %s %s %v", what, code, message, err)
		}
	}

	bus := aim(l, eventbridge.CreateCreateEventBusRequest())
	bus.EventBusName, bus.Description = "my_bus-1", "mine"
	busAnswer, err := c.CreateEventBus(bus)
	ok("CreateEventBus", err, busAnswer.Success, busAnswer.Code, busAnswer.Message)
	if want := "acs:eventbridge:cn-hangzhou:1234567890123456:eventbus/my_bus-1"; busAnswer.Data.EventBusARN != want {
		t.Errorf("bus ARN %q, want %q", busAnswer.Data.EventBusARN, want)
	}

	getBus := aim(l, eventbridge.CreateGetEventBusRequest())
	getBus.EventBusName = "my_bus-1"
	gotBus, err := c.GetEventBus(getBus)
	ok("GetEventBus", err, gotBus.Success, gotBus.Code, gotBus.Message)
	if gotBus.Data.Description != "mine" || gotBus.Data.CreateTimestamp == 0 {
		t.Errorf("bus %+v", gotBus.Data)
	}

	list := aim(l, eventbridge.CreateListEventBusesRequest())
	list.Limit = requests.NewInteger(2)
	buses, err := c.ListEventBuses(list)
	ok("ListEventBuses", err, buses.Success, buses.Code, buses.Message)
	if buses.Data.Total != 3 || len(buses.Data.EventBuses) != 2 || buses.Data.NextToken != "2" {
		t.Errorf("first page %+v", buses.Data)
	}
	list.NextToken = buses.Data.NextToken
	buses, err = c.ListEventBuses(list)
	ok("ListEventBuses", err, buses.Success, buses.Code, buses.Message)
	if len(buses.Data.EventBuses) != 1 || buses.Data.NextToken != "" || buses.Data.EventBuses[0].EventBusName != testBus {
		t.Errorf("second page %+v", buses.Data)
	}

	rule := aim(l, eventbridge.CreateCreateRuleRequest())
	rule.EventBusName, rule.RuleName, rule.Description = "my_bus-1", "failed", "night shift"
	rule.FilterPattern = `{"source":["acs.paidlc"]}`
	rule.EventTargets = &[]eventbridge.CreateRuleEventTargets{{Id: "1", Type: "acs.fc.function", Endpoint: testARN,
		ParamList: &[]eventbridge.CreateRuleEventTargetsParamListItem{{ResourceKey: "Body", Form: "ORIGINAL"}}}}
	ruleAnswer, err := c.CreateRule(rule)
	ok("CreateRule", err, ruleAnswer.Success, ruleAnswer.Code, ruleAnswer.Message)
	if want := busAnswer.Data.EventBusARN + "/rule/failed"; ruleAnswer.Data.RuleARN != want {
		t.Errorf("rule ARN %q, want %q", ruleAnswer.Data.RuleARN, want)
	}

	put := aim(l, eventbridge.CreatePutTargetsRequest())
	put.EventBusName, put.RuleName = "my_bus-1", "failed"
	put.Targets = &[]eventbridge.PutTargetsTargets{
		{Id: "1", Type: "acs.fc.function", Endpoint: "acs:fc:cn-hangzhou:1234567890123456:services/s.LATEST/functions/f",
			PushRetryStrategy: "EXPONENTIAL_DECAY_RETRY", ErrorsTolerance: "NONE",
			DeadLetterQueue: eventbridge.PutTargetsTargetsDeadLetterQueue{Arn: "acs:mns:cn-hangzhou:1234567890123456:/queues/q"},
			ParamList: &[]eventbridge.PutTargetsTargetsParamListItem{
				{ResourceKey: "Body", Form: "TEMPLATE", Value: `{"a":"$.data.a"}`, Template: `{"a":"${jsonEscape(a)}"}`},
				{ResourceKey: "InvocationType", Form: "CONSTANT", Value: "Sync"}}},
		{Id: "2", Type: "https", Endpoint: "https://example.com/hook?token=x"},
		{Id: "3", Type: "acs.fc.function", Endpoint: "acs:fc:cn-hangzhou:999:functions/f"},
	}
	putAnswer, err := c.PutTargets(put)
	ok("PutTargets", err, putAnswer.Success, putAnswer.Code, putAnswer.Message)
	if putAnswer.Data.ErrorEntriesCount != 1 || putAnswer.Data.ErrorEntries[0].EntryId != "3" {
		t.Errorf("put %+v", putAnswer.Data)
	}

	targets := aim(l, eventbridge.CreateListTargetsRequest())
	targets.EventBusName, targets.RuleName = "my_bus-1", "failed"
	listed, err := c.ListTargets(targets)
	ok("ListTargets", err, listed.Success, listed.Code, listed.Message)
	if listed.Data.Total != 2 || len(listed.Data.Targets) != 2 {
		t.Fatalf("targets %+v", listed.Data)
	}
	if got := listed.Data.Targets[0]; got.Id != "1" || got.PushRetryStrategy != "EXPONENTIAL_DECAY_RETRY" || got.ErrorsTolerance != "NONE" ||
		got.DeadLetterQueue.Arn == "" || got.PushSelector != "PARAM_TRANSFORMER" || got.ParamList[0].Template != `{"a":"${jsonEscape(a)}"}` {
		t.Errorf("target 1 %+v", got)
	}
	if got := listed.Data.Targets[1]; got.PushRetryStrategy != "BACKOFF_RETRY" || got.ErrorsTolerance != "ALL" || got.PushSelector != "MATCHED_EVENT" {
		t.Errorf("target 2 has no defaults: %+v", got)
	}

	update := aim(l, eventbridge.CreateUpdateRuleRequest())
	update.EventBusName, update.RuleName, update.FilterPattern, update.Status = "my_bus-1", "failed", `{"type":["x"]}`, "DISABLE"
	updated, err := c.UpdateRule(update)
	ok("UpdateRule", err, updated.Success, updated.Code, updated.Message)

	get := aim(l, eventbridge.CreateGetRuleRequest())
	get.EventBusName, get.RuleName = "my_bus-1", "failed"
	got, err := c.GetRule(get)
	ok("GetRule", err, got.Success, got.Code, got.Message)
	if got.Data.FilterPattern != `{"type":["x"]}` || got.Data.Status != "DISABLE" || got.Data.Description != "night shift" ||
		len(got.Data.Targets) != 2 || got.Data.CreatedTimestamp == 0 {
		t.Errorf("rule %+v", got.Data)
	}

	enable := aim(l, eventbridge.CreateEnableRuleRequest())
	enable.EventBusName, enable.RuleName = "my_bus-1", "failed"
	enabledAnswer, err := c.EnableRule(enable)
	ok("EnableRule", err, enabledAnswer.Success, enabledAnswer.Code, enabledAnswer.Message)

	rules := aim(l, eventbridge.CreateListRulesRequest())
	rules.EventBusName, rules.RuleNamePrefix = "my_bus-1", "fail"
	ruleList, err := c.ListRules(rules)
	ok("ListRules", err, ruleList.Success, ruleList.Code, ruleList.Message)
	if ruleList.Data.Total != 1 || ruleList.Data.Rules[0].Status != "ENABLE" {
		t.Errorf("rules %+v", ruleList.Data)
	}

	for event, want := range map[string]bool{`{"source":"test","id":"1"}`: true, `{"source":"other"}`: false} {
		test := aim(l, eventbridge.CreateTestEventPatternRequest())
		test.EventPattern, test.Event = `{"source":["test"]}`, event
		tested, err := c.TestEventPattern(test)
		ok("TestEventPattern", err, tested.Success, tested.Code, tested.Message)
		if tested.Data.Result != want {
			t.Errorf("TestEventPattern(%s) = %v, want %v", event, tested.Data.Result, want)
		}
	}

	remove := aim(l, eventbridge.CreateDeleteTargetsRequest())
	remove.EventBusName, remove.RuleName, remove.TargetIds = "my_bus-1", "failed", &[]string{"2", "9"}
	removed, err := c.DeleteTargets(remove)
	ok("DeleteTargets", err, removed.Success, removed.Code, removed.Message)
	if removed.Data.ErrorEntriesCount != 1 || removed.Data.ErrorEntries[0].EntryId != "9" {
		t.Errorf("deleted %+v", removed.Data)
	}

	deleteRule := aim(l, eventbridge.CreateDeleteRuleRequest())
	deleteRule.EventBusName, deleteRule.RuleName = "my_bus-1", "failed"
	ruleGone, err := c.DeleteRule(deleteRule)
	ok("DeleteRule", err, ruleGone.Success, ruleGone.Code, ruleGone.Message)

	role := aim(l, eventbridge.CreateCreateServiceLinkedRoleForProductRequest())
	role.ProductName = "AliyunServiceRoleForEventBridgeSendToSMS"
	roleAnswer, err := c.CreateServiceLinkedRoleForProduct(role)
	ok("CreateServiceLinkedRoleForProduct", err, roleAnswer.Success, roleAnswer.Code, roleAnswer.Message)

	deleteBus := aim(l, eventbridge.CreateDeleteEventBusRequest())
	deleteBus.EventBusName = "my_bus-1"
	busGone, err := c.DeleteEventBus(deleteBus)
	ok("DeleteEventBus", err, busGone.Success, busGone.Code, busGone.Message)
}

func TestRefusalsCarryEventBridgesCodes(t *testing.T) {
	t.Parallel()
	l := ready(t, func(o *Options) { o.Quotas = Quotas{Buses: 3, RulesPerBus: 2, TargetsPerRule: 2} })
	l.rule("r1", fcTarget("1", "]}"))
	on := func(more ...string) []string {
		return append([]string{"EventBusName", testBus, "RuleName", "r1"}, more...)
	}
	pattern := []string{"FilterPattern", `{"source":["a"]}`}
	long := strings.Repeat("字", 257)
	for _, c := range []struct {
		name, action string
		params       []string
		want         string
	}{
		{"bus exists", "CreateEventBus", []string{"EventBusName", testBus}, "EventBusAlreadyExist"},
		{"bus without name", "CreateEventBus", nil, "MissingEventBusName"},
		{"bus named default", "CreateEventBus", []string{"EventBusName", "default"}, "EventBusNameInvalid"},
		{"bus with a reserved name", "CreateEventBus", []string{"EventBusName", "eventbridge-reserved-x"}, "EventBusNameInvalid"},
		{"bus name of 128", "CreateEventBus", []string{"EventBusName", strings.Repeat("a", 128)}, "EventBusNameInvalid"},
		{"bus name of one", "CreateEventBus", []string{"EventBusName", "a"}, "EventBusNameInvalid"},
		{"bus name with a blank", "CreateEventBus", []string{"EventBusName", "a b"}, "EventBusNameInvalid"},
		{"bus name beginning with _", "CreateEventBus", []string{"EventBusName", "_a"}, "EventBusNameInvalid"},
		{"description of 257", "CreateEventBus", []string{"EventBusName", "aa", "Description", long}, "InvalidDescription"},
		{"description of 256", "CreateEventBus", []string{"EventBusName", "aa", "Description", long[3:]}, "Success"},
		{"fourth bus", "CreateEventBus", []string{"EventBusName", "bb"}, "EventBusCountExceedLimit"},
		{"bus with rules", "DeleteEventBus", []string{"EventBusName", testBus}, "EventBusRuleNotEmptyForDelete"},
		{"no bus", "GetEventBus", []string{"EventBusName", "nope"}, "EventBusNotExist"},
		{"limit 101", "ListEventBuses", []string{"Limit", "101"}, "InvalidLimit"},
		{"limit 0", "ListEventBuses", []string{"Limit", "0"}, "InvalidLimit"},
		{"token of letters", "ListEventBuses", []string{"NextToken", "x"}, "InvalidNextToken"},
		{"rule exists", "CreateRule", on(pattern...), "EventRuleAlreadyExist"},
		{"rule without pattern", "CreateRule", on(), "EventRuleFilterPatternEmpty"},
		{"rule with a bad pattern", "CreateRule", on("FilterPattern", `{"source":"a"}`), "EventRuleFilterPatternSchemaError"},
		{"rule with a broken pattern", "CreateRule", on("FilterPattern", `{`), "EventRuleFilterPatternSchemaError"},
		{"rule with a bad status", "CreateRule", on(append(pattern, "Status", "ON")...), "InvalidStatus"},
		{"rule with a bad name", "CreateRule", append([]string{"EventBusName", testBus, "RuleName", "ä"}, pattern...), "EventRuleNameInvalid"},
		{"rule on no bus", "CreateRule", append([]string{"EventBusName", "nope", "RuleName", "r1"}, pattern...), "EventBusNotExist"},
		{"rule with a bad target", "CreateRule", append([]string{"EventBusName", testBus, "RuleName", "rr", "EventTargets",
			`[{"Id":"1","Type":"acs.sms","Endpoint":"x"}]`}, pattern...), "EventRuleTargetInvalid"},
		{"rule with a description of 257", "CreateRule", on(append(pattern, "Description", long)...), "InvalidDescription"},
		{"second rule", "CreateRule", append([]string{"EventBusName", testBus, "RuleName", "r2"}, pattern...), "Success"},
		{"third rule", "CreateRule", append([]string{"EventBusName", testBus, "RuleName", "r3"}, pattern...), "EventRuleCountExceedLimit"},
		{"no rule", "GetRule", []string{"EventBusName", testBus, "RuleName", "nope"}, "EventRuleNotExisted"},
		{"update of no rule", "UpdateRule", append([]string{"EventBusName", testBus, "RuleName", "nope"}, pattern...), "EventRuleNotExisted"},
		{"update without pattern", "UpdateRule", on(), "EventRuleFilterPatternEmpty"},
		{"targets of no rule", "ListTargets", []string{"EventBusName", testBus, "RuleName", "nope"}, "EventRuleNotExisted"},
		{"targets not JSON", "PutTargets", on("Targets", "x"), "InvalidTargets"},
		{"no targets", "PutTargets", on("Targets", "[]"), "InvalidTargets"},
		{"missing targets", "PutTargets", on(), "MissingTargets"},
		{"duplicate ids", "PutTargets", on("Targets", "["+fcTarget("7", "]}")+","+fcTarget("7", "]}")+"]"), "EventRuleTargetIdDuplicate"},
		{"third target", "PutTargets", on("Targets", "["+fcTarget("7", "]}")+","+fcTarget("8", "]}")+"]"), "EventRuleTargetCountExceedLimit"},
		{"swap at the limit", "PutTargets", on("Targets", "["+fcTarget("1", "]}")+","+fcTarget("2", "]}")+"]"), "Success"},
		{"delete nothing", "DeleteTargets", on("TargetIds", "[]"), "MissingTargetIds"},
		{"pattern test with a bad event", "TestEventPattern", []string{"EventPattern", `{}`, "Event", "[]"}, "EventInvalid"},
		{"unknown role", "CreateServiceLinkedRoleForProduct", []string{"ProductName", "Admin"}, "InvalidProductName"},
		{"role exists", "CreateServiceLinkedRoleForProduct", []string{"ProductName", RoleSendToFunction}, "EntityAlreadyExists.Role"},
		{"traces of no bus", "QueryEventTraces", []string{"EventBusName", "nope", "EventId", "1"}, "EventBusNotExist"},
		{"no action", "CreateEventStreaming", nil, "InvalidAction.NotFound"},
	} { // in order: some build on what stands before them
		if got := l.code(c.action, c.params...); got != c.want {
			t.Errorf("%s: code %s, want %s", c.name, got, c.want)
		}
	}
}

func TestBadTargetsAreErrorEntries(t *testing.T) {
	t.Parallel()
	l := ready(t, nil)
	l.rule("r1")
	for _, c := range []struct{ name, target, want string }{
		{"no id", `{"Type":"http","Endpoint":"http://x"}`, "id"},
		{"id with a slash", `{"Id":"a/b","Type":"http","Endpoint":"http://x"}`, "id"},
		{"no type", `{"Id":"1","Endpoint":"http://x"}`, "type is missing"},
		{"type of another product", `{"Id":"1","Type":"acs.dingtalk","Endpoint":"http://x"}`, "acs.dingtalk"},
		{"function of another region", `{"Id":"1","Type":"acs.fc.function","Endpoint":"acs:fc:cn-beijing:1234567890123456:functions/f"}`, "no function"},
		{"function without a name", `{"Id":"1","Type":"acs.fc.function","Endpoint":"acs:fc:cn-hangzhou:1234567890123456:functions/"}`, "no function"},
		{"no address", `{"Id":"1","Type":"https","Endpoint":"example.com"}`, "no http or https"},
		{"bus of another account", `{"Id":"1","Type":"acs.eventbridge","Endpoint":"acs:eventbridge:cn-hangzhou:9:eventbus/b"}`, "no bus"},
		{"strategy", fcTarget("1", `],"PushRetryStrategy":"NEVER"}`), "NEVER"},
		{"tolerance", fcTarget("1", `],"ErrorsTolerance":"SOME"}`), "SOME"},
		{"dead-letter queue", fcTarget("1", `],"DeadLetterQueue":{"Arn":"acs:mns:x"}}`), "dead-letter queue"},
		{"invocation type", fcTarget("1", `,{"ResourceKey":"InvocationType","Form":"CONSTANT","Value":"Later"}]}`), "Later"},
		{"data format", fcTarget("1", `,{"ResourceKey":"DataFormat","Form":"CONSTANT","Value":"List"}]}`), "List"},
		{"template over 10,240 characters", `{"Id":"1","Type":"http","Endpoint":"http://x","ParamList":[{"ResourceKey":"Body","Form":"TEMPLATE","Template":"` +
			strings.Repeat("x", 10_241) + `"}]}`, "10241"},
		{"broken path", `{"Id":"1","Type":"http","Endpoint":"http://x","ParamList":[{"ResourceKey":"Body","Form":"JSONPATH","Value":"x"}]}`, "JSONPath"},
	} {
		data := l.must("PutTargets", "EventBusName", testBus, "RuleName", "r1", "Targets", "["+c.target+"]")
		text, err := json.Marshal(data["ErrorEntries"])
		if err != nil {
			t.Fatal(err)
		}
		if data["ErrorEntriesCount"] != 1.0 || !strings.Contains(string(text), c.want) {
			t.Errorf("%s: %s, want one with %q", c.name, text, c.want)
		}
	}
	if data := l.must("ListTargets", "EventBusName", testBus, "RuleName", "r1"); data["Total"] != 0.0 {
		t.Errorf("bad targets were put: %v", data)
	}
}

func TestNothingAnswersBeforeActivation(t *testing.T) {
	t.Parallel()
	l := start(t, nil)
	for _, action := range []string{"ListEventBuses", "CreateRule", "PutEvents", "GetEventBridgeStatus", "TestEventPattern"} {
		if got := l.code(action); got != "ServiceNotEnable" {
			t.Errorf("%s before activation: %s", action, got)
		}
	}
	order := func() error {
		q := requests.NewCommonRequest()
		aim(l, q)
		q.Method, q.Version, q.ApiName, q.Product = "POST", "2017-12-14", "CreateInstance", "BssOpenApi"
		q.QueryParams["ProductCode"], q.QueryParams["SubscriptionType"] = "eventbridge", "PayAsYouGo"
		_, err := l.common.ProcessCommonRequest(q)
		return err
	}
	if err := order(); err != nil {
		t.Fatal(err)
	}
	if err := order(); err == nil || !strings.Contains(err.Error(), "ORDER.OPEND") {
		t.Errorf("second order: %v", err)
	}
	var names []string
	buses, _ := l.must("ListEventBuses", "NamePrefix", "pai-system-")["EventBuses"].([]any)
	for _, bus := range buses {
		item, _ := bus.(map[string]any)
		names = append(names, fmt.Sprint(item["EventBusName"]))
	}
	if diff := cmp.Diff([]string{"pai-system-cv_lab", testBus}, names); diff != "" {
		t.Errorf("PAI's buses: %s", diff)
	}
	if data := l.must("CheckRoleForProduct", "ProductName", RoleSendToFunction); data["CheckPass"] != false {
		t.Errorf("role before it is made: %v", data)
	}
	l.must("CreateServiceLinkedRoleForProduct", "ProductName", RoleSendToFunction)
	if data := l.must("CheckServiceLinkedRoleForProduct", "ProductName", RoleSendToFunction); data["CheckPass"] != true {
		t.Errorf("role after it is made: %v", data)
	}
	components, _ := l.must("GetEventBridgeStatus")["Components"].([]any)
	if len(components) == 0 || !strings.Contains(fmt.Sprint(components), "DOWN") {
		t.Errorf("components %v", components)
	}
}

func TestRefusalsCanBeHTTPErrorsToo(t *testing.T) {
	t.Parallel()
	l := ready(t, func(o *Options) { o.RefusalStatus = http.StatusConflict })
	if _, err := l.do("GetEventBus", "EventBusName", "nope"); err == nil || !strings.Contains(err.Error(), "EventBusNotExist") {
		t.Errorf("error %v", err)
	}
}
