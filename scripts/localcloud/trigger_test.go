package main

import (
	"strings"
	"testing"

	"pai-notify/scripts/serverless"
)

func eventTrigger(change func(*serverless.EventBridgeTrigger)) serverless.Trigger {
	e := &serverless.EventBridgeTrigger{TriggerEnable: true, EventRuleFilterPattern: `{"source":["acs.dm"]}`}
	e.EventSourceConfig.EventSourceType = "Default"
	e.EventSinkConfig.DeliveryOption.Mode, e.EventSinkConfig.DeliveryOption.EventSchema = "event-driven", "CloudEvents"
	e.RunOptions.RetryStrategy.PushRetryStrategy = "EXPONENTIAL_DECAY_RETRY"
	change(e)
	return serverless.Trigger{TriggerName: "receipts", TriggerType: "eventbridge", EventBridge: e}
}

func template(triggers ...serverless.Trigger) *serverless.Template {
	return &serverless.Template{Blocks: []serverless.Function{{Name: "deliver-email",
		FunctionProps: serverless.FunctionProps{FunctionName: "pai-notify-deliver-email", Triggers: triggers}}}}
}

func TestTriggersAreTakenAsTheTemplateHasThem(t *testing.T) {
	t.Parallel()
	list, err := eventTriggers(template(eventTrigger(func(*serverless.EventBridgeTrigger) {}),
		eventTrigger(func(e *serverless.EventBridgeTrigger) { e.TriggerEnable = false })))
	if err != nil || len(list) != 1 {
		t.Fatalf("triggers %+v, %v; want the one that is enabled", list, err)
	}
	if got := list[0]; got.Function != "pai-notify-deliver-email" || got.Name != "receipts" || got.Async ||
		got.Pattern != `{"source":["acs.dm"]}` || got.Retry != "EXPONENTIAL_DECAY_RETRY" {
		t.Errorf("trigger %+v", got)
	}
}

func TestAFormThatTheLocalCloudDoesNotDeliverIsAFault(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*serverless.EventBridgeTrigger){
		"another source": func(e *serverless.EventBridgeTrigger) { e.EventSourceConfig.EventSourceType = "MNS" },
		"streams":        func(e *serverless.EventBridgeTrigger) { e.EventSinkConfig.DeliveryOption.Mode = "event-streaming" },
		"raw data":       func(e *serverless.EventBridgeTrigger) { e.EventSinkConfig.DeliveryOption.EventSchema = "RawData" },
	} {
		if _, err := eventTriggers(template(eventTrigger(change))); err == nil || !strings.Contains(err.Error(), "receipts of function deliver-email") {
			t.Errorf("%s: error %v, want one that names the trigger", name, err)
		}
	}
}
