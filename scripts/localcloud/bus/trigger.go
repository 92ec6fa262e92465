package bus

import (
	"context"
	"fmt"
)

// Trigger is an EventBridge trigger of a function, as Serverless Devs makes one at its deployment: a rule on the default
// bus with the function as its only target, which is sent the whole event.
type Trigger struct {
	Function      string // its name in the cloud
	Name          string
	Pattern       string
	Async         bool   // Function Compute takes the event and tries by itself
	Retry         string // BACKOFF_RETRY, the default, or EXPONENTIAL_DECAY_RETRY
	Tolerance     string // ALL, the default, or NONE
	DeadLetterARN string
}

// rule is the rule that a trigger is. It is not on disk: the template that runs says what triggers there are.
func (b *Bus) triggerRule(t Trigger) (*rule, error) {
	invocation := "Sync"
	if t.Async {
		invocation = "Async"
	}
	one := target{ID: "function", Type: typeFunction, PushRetryStrategy: t.Retry, ErrorsTolerance: t.Tolerance,
		Endpoint:  fmt.Sprintf("acs:fc:%s:%s:functions/%s", b.options.Region, b.options.Account, t.Function),
		ParamList: []param{{ResourceKey: "InvocationType", Form: "CONSTANT", Value: invocation}}}
	if t.DeadLetterARN != "" {
		one.DeadLetterQueue = &deadLetterQueue{t.DeadLetterARN}
	}
	r := &rule{Bus: defaultBus, Name: t.Function + "-" + t.Name, Description: "Made for a trigger of function " + t.Function + ".",
		FilterPattern: t.Pattern, Status: enabled, Created: b.now(), Targets: []target{one}}
	if err := b.check(&r.Targets[0]); err != nil {
		return nil, fmt.Errorf("trigger %s of function %s: %w", t.Name, t.Function, err)
	}
	return r, r.compile()
}

// addTriggers puts the rules of the triggers on the default bus.
func (b *Bus) addTriggers() error {
	for _, t := range b.options.Triggers {
		r, err := b.triggerRule(t)
		if err != nil {
			return err
		}
		b.buses[defaultBus].rules[r.Name] = r
	}
	return nil
}

// PublishOwn puts an event of one of Alibaba Cloud's services on the default bus. Where EventBridge is not activated
// nobody hears it.
func (b *Bus) PublishOwn(ctx context.Context, event []byte) error {
	if !b.activated() {
		return nil
	}
	return b.Publish(ctx, defaultBus, event)
}
