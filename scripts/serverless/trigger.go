package serverless

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// Trigger starts a function. The one of HTTP, Timer and EventBridge that TriggerType names is not nil.
type Trigger struct {
	TriggerName    string `json:"triggerName"`
	TriggerType    string `json:"triggerType"`
	Description    string `json:"description"`
	Qualifier      string `json:"qualifier"`
	InvocationRole string `json:"invocationRole"`
	SourceArn      string `json:"sourceArn"`

	HTTP        *HTTPTrigger        `json:"-"`
	Timer       *TimerTrigger       `json:"-"`
	EventBridge *EventBridgeTrigger `json:"-"`
}

// HTTPTrigger gives a function an address.
type HTTPTrigger struct {
	AuthType           string   `json:"authType"`
	Methods            []string `json:"methods"`
	DisableURLInternet bool     `json:"disableURLInternet"`
}

// TimerTrigger invokes a function again and again; see [ParseSchedule].
type TimerTrigger struct {
	CronExpression string `json:"cronExpression"`
	Enable         bool   `json:"enable"`
	Payload        string `json:"payload"`
}

// EventBridgeTrigger listens on the default bus; there is no field for another one. All six properties must be there
// (devsapp/fc3 src/schema.json); what may stand in them is known from its __tests__/e2e/trigger/eb/s.yaml.
type EventBridgeTrigger struct {
	TriggerEnable          bool        `json:"triggerEnable"`
	AsyncInvocationType    bool        `json:"asyncInvocationType"`
	EventRuleFilterPattern string      `json:"eventRuleFilterPattern"` // a pattern, as JSON text
	EventSourceConfig      EventSource `json:"eventSourceConfig"`
	EventSinkConfig        EventSink   `json:"eventSinkConfig"`
	RunOptions             RunOptions  `json:"runOptions"`
}

// EventSource says where events come from: Default is Alibaba Cloud's own services.
type EventSource struct {
	EventSourceType       string         `json:"eventSourceType"`
	EventSourceParameters map[string]any `json:"eventSourceParameters"` // of sources other than Default
}

// EventSink says in which form they come.
type EventSink struct {
	DeliveryOption struct {
		Mode        string `json:"mode"`        // event-driven, or event-streaming
		EventSchema string `json:"eventSchema"` // CloudEvents, or RawData
		Concurrency int    `json:"concurrency"`
	} `json:"deliveryOption"`
}

// RunOptions say what becomes of an event that the function does not take.
type RunOptions struct {
	Mode            string `json:"mode"` // as in EventSink
	MaximumTasks    int    `json:"maximumTasks"`
	ErrorsTolerance string `json:"errorsTolerance"` // ALL: go on with the next, or NONE: stop
	RetryStrategy   struct {
		PushRetryStrategy        string `json:"PushRetryStrategy"` // BACKOFF_RETRY, or EXPONENTIAL_DECAY_RETRY
		MaximumEventAgeInSeconds int    `json:"MaximumEventAgeInSeconds"`
		MaximumRetryAttempts     int    `json:"MaximumRetryAttempts"`
	} `json:"retryStrategy"`
	DeadLetterQueue *struct {
		Arn string `json:"Arn"`
	} `json:"deadLetterQueue"`
	BatchWindow *struct {
		CountBasedWindow int `json:"CountBasedWindow"`
		TimeBasedWindow  int `json:"TimeBasedWindow"`
	} `json:"batchWindow"`
}

// config is what the trigger's type wants as triggerConfig; nil for a type that pai-notify does not use.
func (t *Trigger) config(triggerType string) any {
	switch triggerType {
	case "http":
		t.HTTP = new(HTTPTrigger)
		return t.HTTP
	case "timer":
		t.Timer = new(TimerTrigger)
		return t.Timer
	case "eventbridge":
		t.EventBridge = new(EventBridgeTrigger)
		return t.EventBridge
	}
	return nil
}

// UnmarshalJSON reads triggerConfig as triggerType says.
func (t *Trigger) UnmarshalJSON(text []byte) error {
	type plain Trigger
	var whole struct {
		*plain
		TriggerConfig json.RawMessage `json:"triggerConfig"`
	}
	whole.plain = (*plain)(t)
	if err := json.Unmarshal(text, &whole); err != nil {
		return err
	}
	return json.Unmarshal(whole.TriggerConfig, t.config(t.TriggerType))
}

// strictTrigger checks the shape of a trigger, whose triggerConfig depends on its triggerType.
func (c *checker) strictTrigger(tree map[string]any, path string) {
	rest := make(map[string]any, len(tree))
	for key, value := range tree {
		if key != "triggerConfig" {
			rest[key] = value
		}
	}
	c.shape(rest, reflect.TypeFor[Trigger](), path)
	triggerType, _ := tree["triggerType"].(string)
	config := new(Trigger).config(triggerType)
	if config == nil {
		c.fault(path+".triggerType", "%q is not one of http, timer and eventbridge", triggerType)
		return
	}
	value, ok := tree["triggerConfig"]
	if !ok {
		c.fault(path, "lacks triggerConfig")
		return
	}
	path += ".triggerConfig"
	c.shape(value, reflect.TypeOf(config).Elem(), path)
	if properties, ok := value.(map[string]any); ok && triggerType == "eventbridge" {
		for i := range reflect.TypeFor[EventBridgeTrigger]().NumField() {
			name := reflect.TypeFor[EventBridgeTrigger]().Field(i).Tag.Get("json")
			if _, there := properties[name]; !there {
				c.fault(path, "lacks %s", name)
			}
		}
	}
}

// Schedule says when a timer trigger fires next.
type Schedule interface {
	Next(after time.Time) time.Time
}

// ParseSchedule reads a cronExpression: "@every Nm", or the six fields second, minute, hour, day, month and weekday, in UTC
// unless CRON_TZ=ZONE stands before them (help.aliyun.com, "Time triggers").
func ParseSchedule(text string) (Schedule, error) {
	if every, ok := strings.CutPrefix(text, "@every "); ok {
		d, err := time.ParseDuration(every)
		if err != nil || d < time.Minute || d%time.Minute != 0 {
			return nil, fmt.Errorf("%q is not @every with whole minutes, such as @every 1m", text)
		}
		return cron.Every(d), nil
	}
	if strings.HasPrefix(text, "@") {
		return nil, fmt.Errorf("%q: Function Compute knows only @every", text)
	}
	if !strings.HasPrefix(text, "CRON_TZ=") {
		text = "CRON_TZ=UTC " + text
	}
	parser := cron.NewParser(cron.Second | cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow)
	schedule, err := parser.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("want six fields such as 0 */5 * * * *: %w", err)
	}
	return schedule, nil
}
