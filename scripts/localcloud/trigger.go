package main

import (
	"errors"
	"fmt"

	"pai-notify/scripts/localcloud/bus"
	"pai-notify/scripts/serverless"
)

// eventTriggers are the template's EventBridge triggers that are enabled, for the default bus. The local cloud delivers one
// CloudEvent to one invocation; a trigger that wants another form is a fault, all of them at once.
func eventTriggers(t *serverless.Template) ([]bus.Trigger, error) {
	var triggers []bus.Trigger
	var faults []error
	for _, block := range t.Blocks {
		for _, one := range block.Triggers {
			e := one.EventBridge
			if e == nil || !e.TriggerEnable {
				continue
			}
			delivery, run := e.EventSinkConfig.DeliveryOption, e.RunOptions
			if e.EventSourceConfig.EventSourceType != "Default" || delivery.Mode != "event-driven" ||
				delivery.EventSchema != "CloudEvents" {
				faults = append(faults, fmt.Errorf("trigger %s of function %s: the local cloud delivers events of source Default, "+
					"in mode event-driven and schema CloudEvents only", one.TriggerName, block.Name))
				continue
			}
			made := bus.Trigger{Function: block.FunctionName, Name: one.TriggerName, Pattern: e.EventRuleFilterPattern,
				Async: e.AsyncInvocationType, Retry: run.RetryStrategy.PushRetryStrategy, Tolerance: run.ErrorsTolerance}
			if run.DeadLetterQueue != nil {
				made.DeadLetterARN = run.DeadLetterQueue.Arn
			}
			triggers = append(triggers, made)
		}
	}
	return triggers, errors.Join(faults...)
}
