package serverless

import (
	"encoding/json"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"pai-notify/shared/pattern"
)

// The limits of Function Compute 3.0 (help.aliyun.com, "Limits" and "Environment variables"; devsapp/fc3 src/schema.json).
const (
	maxEnvironment = 4096 // bytes, of names and values together
	maxTriggers    = 50   // a function
	maxTimeout     = 86400
	maxInitializer = 300
	maxPreStop     = 90
)

var (
	functionName    = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]{0,63}$`)
	blockName       = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
	triggerName     = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]{0,127}$`)
	environmentName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*$`)
	regionName      = regexp.MustCompile(`^[a-z]{2}-[a-z0-9-]{2,40}$`)
	actionName      = regexp.MustCompile(`^(pre|post|success|fail|complete)-[a-z]+$`)
)

// template checks the values of a tree of the right shape.
func (c *checker) template(doc document) *Template {
	if doc.Edition != "3.0.0" {
		c.fault("edition", "%q is not 3.0.0, the edition this project is written for", doc.Edition)
	}
	if doc.Name == "" {
		c.fault("name", "is missing")
	}
	t := &Template{Name: doc.Name, Actions: doc.Actions}
	for name := range doc.Actions {
		if !actionName.MatchString(name) {
			c.fault("actions."+name, "is not pre-, post-, success-, fail- or complete- with a command such as deploy")
		}
	}
	names := make([]string, 0, len(doc.Resources))
	for name := range doc.Resources {
		names = append(names, name)
	}
	slices.Sort(names)
	domains := 0
	for _, name := range names {
		block, path := doc.Resources[name], "resources."+name+".props"
		if base, _, _ := strings.Cut(block.Component, "@"); base == "fc3-domain" {
			domains++
			c.props(path, block.Props, &t.Domain)
			c.sameRegion(t, path, t.Domain.Region)
			continue
		}
		f := Function{Name: name}
		c.props(path, block.Props, &f.FunctionProps)
		c.prefix(t, f, path)
		c.sameRegion(t, path, f.Region)
		c.function(f, path)
		t.Blocks = append(t.Blocks, f)
	}
	if len(t.Blocks) == 0 {
		c.fault("resources", "has no function, a block with component fc3")
	}
	switch domains {
	case 1:
		c.domain(t, names)
	case 0:
		c.fault("resources", "has no domain, a block with component fc3-domain, so no address for the API")
	default:
		c.fault("resources", "has %d blocks with component fc3-domain; the API has one address", domains)
	}
	return t
}

func (c *checker) props(path string, text json.RawMessage, into any) {
	if len(text) == 0 {
		c.fault(path, "is missing")
		return
	}
	if err := json.Unmarshal(text, into); err != nil {
		c.fault(path, "cannot be read: %w", err)
	}
}

// prefix checks that all functions are named by one rule, by which the local cloud and the functions find one another.
func (c *checker) prefix(t *Template, f Function, path string) {
	prefix, ok := strings.CutSuffix(f.FunctionName, "-"+f.Name)
	switch {
	case !blockName.MatchString(f.Name):
		c.fault(strings.TrimSuffix(path, ".props"), "%q is no name of a function: lower-case words joined by -", f.Name)
	case !functionName.MatchString(f.FunctionName):
		c.fault(path+".functionName", "%q is not 1 to 64 letters, digits, _ and -, the first a letter or _", f.FunctionName)
	case !ok:
		c.fault(path+".functionName", "%q does not end with -%s, the block's name; use ${vars.prefix}-${this.name}",
			f.FunctionName, f.Name)
	case t.Prefix != "" && t.Prefix != prefix+"-":
		c.fault(path+".functionName", "%q does not start with %s as the other functions do", f.FunctionName, t.Prefix)
	default:
		t.Prefix = prefix + "-"
	}
}

func (c *checker) sameRegion(t *Template, path, region string) {
	switch {
	case !regionName.MatchString(region):
		c.fault(path+".region", "%q is not a region id such as cn-hangzhou", region)
	case t.Region != "" && t.Region != region:
		c.fault(path+".region", "%q differs from %q of other blocks; one deployment serves one region", region, t.Region)
	default:
		t.Region = region
	}
}

func (c *checker) function(f Function, path string) {
	if f.Runtime != "go1" {
		c.fault(path+".runtime", "%q is not go1, the runtime our binaries are made for", f.Runtime)
	}
	if f.Handler != "main" {
		c.fault(path+".handler", "%q is not main, the name of the packaged binary", f.Handler)
	}
	if want := "./.build/" + f.Name; f.Code != want {
		c.fault(path+".code", "%q is not %s, where make package puts this function", f.Code, want)
	}
	c.size(f, path)
	c.instances(f, path)
	c.environment(f, path)
	c.network(f, path)
	c.triggers(f, path)
}

func (c *checker) size(f Function, path string) {
	if f.MemorySize < 128 || f.MemorySize > 32768 || f.MemorySize%64 != 0 {
		c.fault(path+".memorySize", "%d is not a multiple of 64 from 128 to 32768 MB", f.MemorySize)
	}
	if twentieths := f.CPU * 20; f.CPU < 0.05 || f.CPU > 16 || math.Abs(twentieths-math.Round(twentieths)) > 1e-9 {
		c.fault(path+".cpu", "%v is not a multiple of 0.05 from 0.05 to 16; the component chooses one only for 512 MB", f.CPU)
	} else if ratio := float64(f.MemorySize) / 1024 / f.CPU; ratio < 1 || ratio > 4 {
		c.fault(path+".cpu", "%v for %d MB: FC wants 1 to 4 GB of memory per CPU", f.CPU, f.MemorySize)
	}
	if f.DiskSize != 512 && f.DiskSize != 10240 {
		c.fault(path+".diskSize", "%d is neither 512 nor 10240 MB", f.DiskSize)
	}
	if f.Timeout < 1 || f.Timeout > maxTimeout {
		c.fault(path+".timeout", "%d is not 1 to %d seconds", f.Timeout, maxTimeout)
	}
	if l := f.InstanceLifecycleConfig; l != nil {
		c.hook(l.Initializer, maxInitializer, path+".instanceLifecycleConfig.initializer")
		c.hook(l.PreStop, maxPreStop, path+".instanceLifecycleConfig.preStop")
	}
}

func (c *checker) hook(h *Hook, most int, path string) {
	if h != nil && (h.Handler == "" || h.Timeout < 1 || h.Timeout > most) {
		c.fault(path, "wants a handler, and a timeout of 1 to %d seconds", most)
	}
}

func (c *checker) instances(f Function, path string) {
	if f.ConcurrencyConfig == nil || f.ConcurrencyConfig.ReservedConcurrency < 1 {
		c.fault(path+".concurrencyConfig.reservedConcurrency",
			"is missing: without a cap its instances outnumber the database's connections")
	}
	if f.ProvisionConfig != nil && f.ScalingConfig != nil {
		c.fault(path+".scalingConfig", "cannot stand beside provisionConfig; keep one")
	}
}

// environment never shows a value: it may be a secret.
func (c *checker) environment(f Function, path string) {
	size := 0
	for name, value := range f.EnvironmentVariables {
		at := path + ".environmentVariables." + name
		size += len(name) + len(value)
		if !environmentName.MatchString(name) {
			c.fault(at, "is not letters, digits and _, the first a letter")
		}
		if strings.HasPrefix(name, "FC_") || strings.HasPrefix(name, "ALIBABA_CLOUD_") {
			c.fault(at, "is Function Compute's own; choose another name")
		}
	}
	if size > maxEnvironment {
		c.fault(path+".environmentVariables", "has %d bytes of names and values, more than the %d of Function Compute",
			size, maxEnvironment)
	}
}

func (c *checker) network(f Function, path string) {
	if l := f.LogConfig; l != nil && !l.Auto && (l.Project == "" || l.Logstore == "") {
		c.fault(path+".logConfig", "wants auto, or project and logstore")
	}
	if l := f.LogConfig; l != nil && l.LogBeginRule != "" && l.LogBeginRule != "DefaultRegex" && l.LogBeginRule != "None" {
		c.fault(path+".logConfig.logBeginRule", "%q is neither DefaultRegex nor None", l.LogBeginRule)
	}
	if v := f.VPCConfig; v != nil && !v.Auto && (v.VPCID == "" || len(v.VSwitchIDs) == 0 || v.SecurityGroupID == "") {
		c.fault(path+".vpcConfig", "wants vpcId, vSwitchIds and securityGroupId, all three")
	}
	if f.Role == "" && (f.LogConfig != nil || f.VPCConfig != nil) {
		c.fault(path+".role", "is missing: logs and the VPC are reached with it")
	}
}

func (c *checker) triggers(f Function, path string) {
	path += ".triggers"
	if len(f.Triggers) > maxTriggers {
		c.fault(path, "has %d, more than the %d of Function Compute", len(f.Triggers), maxTriggers)
	}
	names, http := make(map[string]bool), 0
	for i, t := range f.Triggers {
		at := path + "[" + itoa(i) + "]"
		if !triggerName.MatchString(t.TriggerName) {
			c.fault(at+".triggerName", "%q is not 1 to 128 letters, digits, _ and -, the first a letter or _", t.TriggerName)
		}
		if names[t.TriggerName] {
			c.fault(at+".triggerName", "%q is there twice", t.TriggerName)
		}
		names[t.TriggerName] = true
		switch {
		case t.HTTP != nil:
			http++
			c.httpTrigger(t.HTTP, at+".triggerConfig")
		case t.Timer != nil:
			if _, err := ParseSchedule(t.Timer.CronExpression); err != nil {
				c.fault(at+".triggerConfig.cronExpression", "%w", err)
			}
		case t.EventBridge != nil:
			c.eventBridgeTrigger(t.EventBridge, at+".triggerConfig")
		}
	}
	if http > 1 {
		c.fault(path, "has %d of type http; a function has at most one", http)
	}
}

func (c *checker) httpTrigger(t *HTTPTrigger, path string) {
	if t.AuthType != "anonymous" && t.AuthType != "function" {
		c.fault(path+".authType", "%q is neither anonymous nor function", t.AuthType)
	}
	if len(t.Methods) == 0 {
		c.fault(path+".methods", "is missing")
	}
	c.methods(t.Methods, path+".methods")
}

func (c *checker) methods(methods []string, path string) {
	for i, method := range methods {
		switch method {
		case "GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS":
		default:
			c.fault(path+"["+itoa(i)+"]", "%q is not one of GET, POST, PUT, DELETE, HEAD, PATCH and OPTIONS", method)
		}
	}
}

func (c *checker) eventBridgeTrigger(t *EventBridgeTrigger, path string) {
	if _, err := pattern.Compile(t.EventRuleFilterPattern); err != nil {
		c.fault(path+".eventRuleFilterPattern", "is not a pattern as JSON text: %w", err)
	}
	c.oneOf(path+".eventSourceConfig.eventSourceType", t.EventSourceConfig.EventSourceType,
		"Default", "MNS", "RocketMQ", "RabbitMQ", "Kafka", "MQTT", "DTS")
	sink := t.EventSinkConfig.DeliveryOption
	c.oneOf(path+".eventSinkConfig.deliveryOption.mode", sink.Mode, "event-driven", "event-streaming")
	c.oneOf(path+".eventSinkConfig.deliveryOption.eventSchema", sink.EventSchema, "CloudEvents", "RawData")
	run := t.RunOptions
	c.oneOf(path+".runOptions.mode", run.Mode, "event-driven", "event-streaming")
	if run.Mode != sink.Mode {
		c.fault(path+".runOptions.mode", "%q is another than that of eventSinkConfig.deliveryOption, %q", run.Mode, sink.Mode)
	}
	c.oneOf(path+".runOptions.errorsTolerance", run.ErrorsTolerance, "ALL", "NONE")
	c.oneOf(path+".runOptions.retryStrategy.PushRetryStrategy", run.RetryStrategy.PushRetryStrategy,
		"BACKOFF_RETRY", "EXPONENTIAL_DECAY_RETRY")
}

func (c *checker) oneOf(path, value string, allowed ...string) {
	if !slices.Contains(allowed, value) {
		c.fault(path, "%q is not one of %s", value, strings.Join(allowed, ", "))
	}
}

func itoa(i int) string { return strconv.Itoa(i) }
