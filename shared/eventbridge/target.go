package eventbridge

import (
	"encoding/json"
	"fmt"
	"strings"

	"pai-notify/shared/rule"
)

// target is one target of a rule, as PutTargets takes and ListTargets gives it. An empty member is an unset one.
type target struct {
	ID                string  `json:"Id"`
	Type              string  `json:"Type"`
	Endpoint          string  `json:"Endpoint"`
	ParamList         []param `json:"ParamList,omitempty"`
	PushRetryStrategy string  `json:"PushRetryStrategy,omitempty"`
	ErrorsTolerance   string  `json:"ErrorsTolerance,omitempty"`
	DeadLetterQueue   *queue  `json:"DeadLetterQueue,omitempty"`
}

type param struct {
	ResourceKey string `json:"ResourceKey"`
	Form        string `json:"Form"`
	Value       string `json:"Value,omitempty"`
	Template    string `json:"Template,omitempty"`
}

type queue struct {
	Arn string `json:"Arn,omitempty"`
}

// param is the parameter of a name.
func (t target) param(key string) param {
	for _, p := range t.ParamList {
		if p.ResourceKey == key {
			return p
		}
	}
	return param{}
}

func (t target) deadLetter() string {
	if t.DeadLetterQueue == nil {
		return ""
	}
	return t.DeadLetterQueue.Arn
}

// functionTarget invokes a function. Sync, because with Async EventBridge sees success at once and never retries; a day
// of retries, because BACKOFF_RETRY gives up within a minute; errors tolerated, so that one event does not block the
// next: help.aliyun.com/en/eventbridge/user-guide/retry-and-dead-letter.
func (s *Store) functionTarget(slot, arn string, body param) target {
	t := target{
		ID: slot, Type: "acs.fc.function", Endpoint: arn,
		PushRetryStrategy: "EXPONENTIAL_DECAY_RETRY",
		ErrorsTolerance:   "ALL",
		ParamList:         append([]param{body, constant("InvocationType", "Sync")}, functionParams(arn)...),
	}
	if s.DeadLetterARN != "" {
		t.DeadLetterQueue = &queue{Arn: s.DeadLetterARN}
	}
	return t
}

func constant(key, value string) param {
	return param{ResourceKey: key, Form: "CONSTANT", Value: value}
}

// functionParams names the function as the target's parameters want it: service and qualifier are of Function Compute
// 2.0, whose ARN ends in services/S.QUALIFIER/functions/F; that of 3.0 ends in functions/F or functions/F/QUALIFIER.
// See help.aliyun.com/en/eventbridge/user-guide/event-target-parameters.
func functionParams(arn string) []param {
	path := arn[strings.LastIndex(arn, ":")+1:]
	service, function, found := strings.Cut(path, "/functions/")
	if !found {
		service, function = "", strings.TrimPrefix(path, "functions/")
	}
	name, qualifier, _ := strings.Cut(function, "/")
	list := []param{constant("functionName", name)}
	if service = strings.TrimPrefix(service, "services/"); service != "" {
		service, qualifier, _ = strings.Cut(service, ".")
		list = append(list, constant("serviceName", service))
	}
	if qualifier != "" {
		list = append(list, constant("Qualifier", qualifier))
	}
	return append(list, constant("DataFormat", "Object"))
}

// unitTarget is the target of one unit of a rule.
func (s *Store) unitTarget(slot string, e rule.Envelope) (target, error) {
	template, err := e.Template()
	if err != nil {
		return target{}, err
	}
	arn := ""
	if s.FunctionARN != nil {
		arn = s.FunctionARN(e.Target.Channel)
	}
	if arn == "" {
		return target{}, fmt.Errorf("no function delivers over channel %q; set FUNCTION_ARN", e.Target.Channel)
	}
	body := param{ResourceKey: "Body", Form: "TEMPLATE", Value: rule.TemplateValue, Template: template}
	return s.functionTarget(slot, arn, body), nil
}

// envelope is what a target carries, if it is one of a unit of this rule.
func (t target) envelope(bus, name string) (rule.Envelope, bool) {
	body := t.param("Body")
	if t.Type != "acs.fc.function" || body.Form != "TEMPLATE" {
		return rule.Envelope{}, false
	}
	envelopes, err := rule.DecodeEnvelopes([]byte(body.Template))
	if err != nil || len(envelopes) != 1 {
		return rule.Envelope{}, false
	}
	e := envelopes[0]
	return e, e.Rule.Bus == bus && e.Rule.Name == name // one copied from another rule is not ours: its secrets do not open
}

// encode is how RPC parameters carry lists.
func encode(list any) (string, error) {
	text, err := json.Marshal(list)
	if err != nil {
		return "", fmt.Errorf("encode parameter: %w", err)
	}
	return string(text), nil
}
