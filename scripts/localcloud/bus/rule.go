package bus

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"time"

	"pai-notify/scripts/localcloud/transform"
	"pai-notify/shared/pattern"
)

// rule is one rule of a bus. A rule is never changed once it can be seen: a change is a new one in its place.
type rule struct {
	Bus, Name, Description string
	FilterPattern          string
	Status                 string // ENABLE or DISABLE
	Created                time.Time
	Targets                []target

	pattern *pattern.Pattern
}

// target is one target of a rule, in the form of the API.
type target struct {
	ID                string           `json:"Id"`
	Type              string           `json:"Type"`
	Endpoint          string           `json:"Endpoint"`
	PushRetryStrategy string           `json:"PushRetryStrategy"`
	ErrorsTolerance   string           `json:"ErrorsTolerance"`
	DeadLetterQueue   *deadLetterQueue `json:"DeadLetterQueue,omitempty"`
	ParamList         []param          `json:"ParamList"`

	body *transform.Transform
}

type deadLetterQueue struct {
	Arn string `json:"Arn"`
}

type param struct {
	ResourceKey string `json:"ResourceKey"`
	Form        string `json:"Form"`
	Value       string `json:"Value"`
	Template    string `json:"Template,omitempty"`
}

// The types of targets that the local cloud delivers to.
const (
	typeFunction = "acs.fc.function"
	typeHTTP     = "http"
	typeHTTPS    = "https"
	typeBus      = "acs.eventbridge"
)

// compile makes what matching and transforming need. What was checked once compiles.
func (r *rule) compile() error {
	var err error
	if r.pattern, err = pattern.Compile(r.FilterPattern); err != nil {
		return fmt.Errorf("pattern of rule %s: %w", r.Name, err)
	}
	for i := range r.Targets {
		if err := r.Targets[i].compile(); err != nil {
			return fmt.Errorf("target %s of rule %s: %w", r.Targets[i].ID, r.Name, err)
		}
	}
	return nil
}

// with is the rule changed by f.
func (r *rule) with(f func(*rule)) *rule {
	changed := *r
	changed.Targets = append([]target(nil), r.Targets...)
	f(&changed)
	return &changed
}

func (r *rule) target(id string) (target, bool) {
	for _, t := range r.Targets {
		if t.ID == id {
			return t, true
		}
	}
	return target{}, false
}

func (t *target) compile() error {
	form, value, template := transform.Original, "", ""
	if body, ok := t.param("Body"); ok && body.Form != "" {
		form, value, template = body.Form, body.Value, body.Template
	}
	var err error
	t.body, err = transform.Compile(form, value, template)
	if err != nil {
		return fmt.Errorf("parameter Body: %w", err)
	}
	return nil
}

// param finds a parameter by its ResourceKey, which differs in case between pages.
func (t *target) param(key string) (param, bool) {
	for _, p := range t.ParamList {
		if strings.EqualFold(p.ResourceKey, key) {
			return p, true
		}
	}
	return param{}, false
}

func (t *target) value(key string) string {
	p, _ := t.param(key)
	return p.Value
}

func (t *target) deadLetterARN() string {
	if t.DeadLetterQueue == nil {
		return ""
	}
	return t.DeadLetterQueue.Arn
}

// selector is how ListTargets calls what the target is sent.
func (t *target) selector() string {
	if body, ok := t.param("Body"); ok && body.Form != "" && body.Form != transform.Original {
		return "PARAM_TRANSFORMER"
	}
	return "MATCHED_EVENT"
}

// normalize takes what SDKs send for "not set" away and puts the documented defaults in.
func (t *target) normalize() {
	if t.deadLetterARN() == "" {
		t.DeadLetterQueue = nil
	}
	if t.PushRetryStrategy == "" {
		t.PushRetryStrategy = backoffRetry
	}
	if t.ErrorsTolerance == "" {
		t.ErrorsTolerance = tolerateAll
	}
}

var (
	targetID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$`)
	busARN   = regexp.MustCompile(`^acs:eventbridge:([^:]+):([^:]+):eventbus/([^/:]+)$`)
	queueARN = regexp.MustCompile(`^acs:mns:([^:]+):([^:]+):/?queues/([A-Za-z0-9][A-Za-z0-9-]{0,119})$`)
	// FC 2.0 has services/S.Q/functions/F, FC 3.0 functions/F with an optional qualifier.
	functionARN = regexp.MustCompile(`^acs:fc:([^:]+):([^:]+):(?:services/[^/:]+/)?functions/([A-Za-z_][A-Za-z0-9_$-]{0,127})(?:/[^/:]+)?$`)
)

// check says what is wrong with a target, or nil. It also compiles it.
func (b *Bus) check(t *target) error {
	t.normalize()
	if !targetID.MatchString(t.ID) {
		return fmt.Errorf("id %.70q is not 1 to 64 letters, digits, - and _", t.ID)
	}
	switch t.PushRetryStrategy {
	case backoffRetry, exponentialRetry:
	default:
		return fmt.Errorf("push retry strategy %.40q is neither BACKOFF_RETRY nor EXPONENTIAL_DECAY_RETRY", t.PushRetryStrategy)
	}
	if t.ErrorsTolerance != tolerateAll && t.ErrorsTolerance != tolerateNone {
		return fmt.Errorf("errors tolerance %.40q is neither ALL nor NONE", t.ErrorsTolerance)
	}
	if err := b.checkEndpoint(t); err != nil {
		return err
	}
	if arn := t.deadLetterARN(); arn != "" && !b.ours(queueARN, arn) && !b.ours(busARN, arn) {
		return fmt.Errorf("dead-letter queue %.200q is neither acs:mns:%[2]s:%[3]s:/queues/QUEUE nor acs:eventbridge:%[2]s:%[3]s:eventbus/BUS",
			arn, b.options.Region, b.options.Account)
	}
	return t.compile()
}

func (b *Bus) checkEndpoint(t *target) error {
	switch t.Type {
	case typeFunction:
		if !b.ours(functionARN, t.Endpoint) {
			return fmt.Errorf("endpoint is no function of this region and account: acs:fc:%s:%s:functions/NAME",
				b.options.Region, b.options.Account)
		}
		if v := t.value("InvocationType"); v != "" && v != "Sync" && v != "Async" {
			return fmt.Errorf("invocation type %.40q is neither Sync nor Async", v)
		}
		if v := t.value("DataFormat"); v != "" && v != "Object" && v != "ObjectList" {
			return fmt.Errorf("data format %.40q is neither Object nor ObjectList", v)
		}
	case typeHTTP, typeHTTPS:
		u, err := url.Parse(t.Endpoint)
		if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
			return errors.New("endpoint is no http or https address") // it may hold a token, so it is not repeated
		}
	case typeBus:
		if !b.ours(busARN, t.Endpoint) {
			return fmt.Errorf("endpoint is no bus of this region and account: %s", b.arn("BUS"))
		}
		if body, ok := t.param("Body"); ok && body.Form != "" && body.Form != transform.Original {
			return errors.New("the body sent to a bus is always ORIGINAL")
		}
	case "":
		return errors.New("type is missing")
	default:
		return fmt.Errorf("type %.60q: the local cloud delivers to acs.fc.function, http, https and acs.eventbridge only", t.Type)
	}
	return nil
}

// ours reports whether an ARN is of a form and of this region and account.
func (b *Bus) ours(form *regexp.Regexp, arn string) bool {
	m := form.FindStringSubmatch(arn)
	return m != nil && m[1] == b.options.Region && m[2] == b.options.Account
}

// lastOf is the last group of an ARN of a form: the name of a bus, a queue or a function.
func lastOf(form *regexp.Regexp, arn string) (string, bool) {
	m := form.FindStringSubmatch(arn)
	if m == nil {
		return "", false
	}
	return m[len(m)-1], true
}

// readTargets reads a list of targets as the API takes it.
func readTargets(text string) ([]target, error) {
	var list []target
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		return nil, fmt.Errorf("targets are not a JSON list: %w", err)
	}
	return list, nil
}
