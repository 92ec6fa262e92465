package serverless

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// eventTrigger is an EventBridge trigger as a block of s.yaml has it.
const eventTrigger = `
        - triggerName: receipts
          triggerType: eventbridge
          triggerConfig:
            triggerEnable: true
            asyncInvocationType: false
            eventRuleFilterPattern: '{"source":["acs.dm"],"type":[{"prefix":"dm:Deliver:"}]}'
            eventSourceConfig:
              eventSourceType: Default
            eventSinkConfig:
              deliveryOption:
                mode: event-driven
                eventSchema: CloudEvents
            runOptions:
              mode: event-driven
              errorsTolerance: ALL
              retryStrategy:
                PushRetryStrategy: EXPONENTIAL_DECAY_RETRY
`

// observeWith is the project's template with a trigger more for observe.
func observeWith(t *testing.T, trigger string) string {
	t.Helper()
	whole, err := os.ReadFile(filepath.Join(root, "s.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	const last = "        reservedConcurrency: 2\n\n  deliver-dingtalk:"
	if strings.Count(string(whole), last) != 1 {
		t.Fatal("observe's block is not where it was")
	}
	return strings.Replace(string(whole), last, "        reservedConcurrency: 2\n      triggers:"+trigger+"\n  deliver-dingtalk:", 1)
}

func TestAnEventBridgeTriggerIsReadWhole(t *testing.T) {
	t.Parallel()
	template, err := Parse("s.yaml", []byte(observeWith(t, eventTrigger)), nothing)
	if err != nil {
		t.Fatal(err)
	}
	observe, _ := template.Function("observe")
	if len(observe.Triggers) != 1 || observe.Triggers[0].EventBridge == nil {
		t.Fatalf("triggers of observe: %+v", observe.Triggers)
	}
	e := observe.Triggers[0].EventBridge
	if !e.TriggerEnable || e.AsyncInvocationType || !strings.Contains(e.EventRuleFilterPattern, "dm:Deliver:") ||
		e.EventSourceConfig.EventSourceType != "Default" || e.EventSinkConfig.DeliveryOption.EventSchema != "CloudEvents" ||
		e.RunOptions.RetryStrategy.PushRetryStrategy != "EXPONENTIAL_DECAY_RETRY" {
		t.Errorf("trigger %+v", *e)
	}
}

func TestFaultsOfAnEventBridgeTriggerAreNamed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ old, new, want string }{
		"misspelt":               {"errorsTolerance", "errorTolerance", "runOptions.errorTolerance: no such property; did you mean errorsTolerance?"},
		"a property left out":    {"            asyncInvocationType: false\n", "", "triggerConfig: lacks asyncInvocationType"},
		"no pattern":             {`'{"source":`, `'{"source`, "eventRuleFilterPattern: is not a pattern as JSON text"},
		"a pattern FC refuses":   {`["acs.dm"]`, `"acs.dm"`, "eventRuleFilterPattern: is not a pattern as JSON text"},
		"another source":         {"eventSourceType: Default", "eventSourceType: default", `eventSourceType: "default" is not one of Default`},
		"another mode":           {"mode: event-driven\n                event", "mode: driven\n                event", `deliveryOption.mode: "driven" is not one of`},
		"two modes":              {"mode: event-driven\n              errors", "mode: event-streaming\n              errors", "is another than that of eventSinkConfig"},
		"another schema":         {"CloudEvents", "CloudEvent", `eventSchema: "CloudEvent" is not one of`},
		"another retry strategy": {"EXPONENTIAL_DECAY_RETRY", "EXPONENTIAL", `PushRetryStrategy: "EXPONENTIAL" is not one of`},
		"a tolerance":            {"errorsTolerance: ALL", "errorsTolerance: SOME", `errorsTolerance: "SOME" is not one of ALL, NONE`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if strings.Count(eventTrigger, c.old) != 1 {
				t.Fatalf("%q is not there once", c.old)
			}
			_, err := Parse("s.yaml", []byte(observeWith(t, strings.Replace(eventTrigger, c.old, c.new, 1))), nothing)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error = %v\nwant it to hold %q", err, c.want)
			}
		})
	}
}
