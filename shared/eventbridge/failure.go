package eventbridge

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/aws/smithy-go"

	"pai-notify/shared/channel"
	"pai-notify/shared/fault"
	"pai-notify/shared/rule"
)

// CallError is a call of EventBridge's API that brought no success, as EventBridge told it. It holds no secret.
type CallError struct {
	Action    string
	Status    int    // of HTTP; 0 without an answer
	Code      string // EventBridge's own
	Message   string // EventBridge's own
	RequestID string
	Written   bool  // the request was written: EventBridge may have acted on it
	Err       error // why there is no answer; may be nil
}

// Error tells the answer, or why there is none.
func (e *CallError) Error() string {
	var b strings.Builder
	if e.Status != 0 {
		fmt.Fprintf(&b, "HTTP %d", e.Status)
	}
	if e.Code != "" {
		fmt.Fprintf(&b, " %.80s", e.Code)
	}
	if e.Message != "" {
		fmt.Fprintf(&b, " %q", cut(e.Message))
	}
	if e.RequestID != "" {
		fmt.Fprintf(&b, " (request %.80s)", e.RequestID)
	}
	if e.Err != nil {
		if b.Len() > 0 {
			b.WriteString(": ")
		}
		b.WriteString(e.Err.Error())
	}
	if e.Err != nil && e.Written {
		b.WriteString("; the request had been written")
	}
	return strings.TrimSpace(b.String())
}

// Unwrap gives the cause.
func (e *CallError) Unwrap() error { return e.Err }

func cut(s string) string {
	const most = 200
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

// failure says what a call that failed means and what to do.
func (s *Store) failure(e *CallError, p params) error {
	code, text, advice := s.meaning(e, p)
	return &rule.Error{
		Code: code, Text: text, Advice: advice,
		Err: &smithy.OperationError{ServiceID: "EventBridge", OperationName: e.Action, Err: e},
	}
}

func (s *Store) meaning(e *CallError, p params) (code string, text fault.Text, advice channel.Advice) {
	has := func(parts ...string) bool {
		for _, part := range parts {
			if strings.Contains(e.Code, part) {
				return true
			}
		}
		return false
	}
	switch {
	case e.Err != nil, e.Status >= 500, e.Status == 0:
		return rule.CodeUnavailable, fault.Say("EventBridge gave no usable answer", "EventBridge 没有给出可用的应答"), channel.Advice{
			"en": "Try again in a minute; repeating the call is safe. " +
				"If it stays, check REGION, EVENTBRIDGE_ENDPOINT and the function's network.",
			"zh": "请稍后重试(重复调用是安全的)。若持续出现,请检查 REGION、EVENTBRIDGE_ENDPOINT 以及函数的网络。",
		}
	case has("ServiceNotEnable", "ServiceAccessDenied"):
		return rule.CodeNotActivated, fault.Say("EventBridge is not activated for this account", "该账号尚未开通 EventBridge"), channel.Advice{
			"en": "Activate EventBridge in its console, or run setup with activate: true, " +
				"which places a pay-as-you-go order that cannot be closed again.",
			"zh": "请在事件总线控制台开通 EventBridge,或以 activate: true 运行初始化(setup)。开通为按量付费订单,且无法关闭。",
		}
	case e.Status == http.StatusTooManyRequests, has("Throttl", "TooManyRequests"):
		return rule.CodeThrottled, fault.Say("EventBridge wants fewer calls", "对 EventBridge 的调用过于频繁"), channel.Advice{
			"en": "Try again in a minute; repeating the call is safe.",
			"zh": "请一分钟后重试;重复调用是安全的。",
		}
	case has("AccessKeyId", "AccessIdExpired", "SignatureDoesNotMatch", "SecurityToken", "AccountIdNotExist",
		"ParentAccountNotExist"):
		return rule.CodeForbidden, fault.Say("EventBridge does not take the credentials", "EventBridge 不接受该凭证"), channel.Advice{
			"en": "Check that the function has a RAM role (role in s.yaml), that it still exists, " +
				"and that the machine's clock is right.",
			"zh": "请检查函数是否配置了仍然存在的 RAM 角色(s.yaml 中的 role),以及系统时间是否正确。",
		}
	case e.Status == http.StatusForbidden, e.Status == http.StatusUnauthorized, has("AccessDenied", "NoPermission", "Forbidden"):
		action, resource := permission(e.Action), s.resource(p)
		return rule.CodeForbidden, fault.Say("the function's role may not call %s", "函数的角色无权调用 %s", e.Action), channel.Advice{
			"en": fmt.Sprintf("Allow %s on %s to the function's RAM role; "+
				"GET /api/v1/setup/policy gives the whole policy.", action, resource),
			"zh": fmt.Sprintf("请授权函数的 RAM 角色在 %[2]s 上执行 %[1]s;完整策略见 GET /api/v1/setup/policy。", action, resource),
		}
	}
	return s.businessMeaning(e, p, has)
}

// businessMeaning reads codes by their parts: the service and its open source spell them differently, and not all are
// published.
func (s *Store) businessMeaning(e *CallError, p params, has func(...string) bool) (code string, text fault.Text, advice channel.Advice) {
	switch {
	case has("ExceedLimit", "Exceed", "Quota", "LimitOver"):
		return rule.CodeQuota, fault.Say("a quota of EventBridge is used up", "EventBridge 的配额已用完"), channel.Advice{
			"en": "EventBridge allows 5 targets a rule and 50 rules a bus unless raised: raise the quota in the Quota Center " +
				"(quotas.console.aliyun.com, EventBridge), or delete what is not needed.",
			"zh": "EventBridge 默认每条规则 5 个目标、每条总线 50 条规则:请在配额中心" +
				"(quotas.console.aliyun.com,事件总线)提升配额,或删除不需要的规则与目标。",
		}
	case has("NotExist", "NotFound") && has("Bus"):
		e := rule.NoWorkspace(p["EventBusName"])
		return e.Code, fault.Say("event bus %q does not exist", "事件总线 %q 不存在", p["EventBusName"]), e.Advice
	case has("NotExist", "NotFound") && !has("Target"):
		e := rule.NotFound("", p["RuleName"])
		return e.Code, noRule(p["EventBusName"], p["RuleName"]), e.Advice
	case has("Exist") && !has("NotExist"):
		return rule.CodeExists, fault.Say("%s finds that it is already there", "%s 发现已经存在", e.Action), channel.Advice{
			"en": "Somebody else has made it in the meantime; read it and try again.",
			"zh": "已被他人创建;请读取后重试。",
		}
	}
	return rule.CodeRefusedByBus, fault.Say("EventBridge refused %s: %v", "EventBridge 拒绝了 %s：%v", e.Action, e), channel.Advice{
		"en": "The message is EventBridge's own; " +
			"help.aliyun.com/en/eventbridge/developer-reference/error-codes explains its code. Change what it names and try again.",
		"zh": "以上消息来自 EventBridge,错误码含义见 help.aliyun.com/zh/eventbridge/developer-reference/error-codes。",
	}
}

func noRule(bus, name string) fault.Text {
	return fault.Say("event bus %q has no rule %q", "事件总线 %q 没有规则 %q", bus, name)
}

// permission is the RAM action that allows an API action. The policies that PAI and Function Compute publish name
// UpdateTargets, which no SDK has: it is taken to be what PutTargets is checked by.
func permission(action string) string {
	if action == "PutTargets" {
		return "eventbridge:PutTargets and eventbridge:UpdateTargets"
	}
	return "eventbridge:" + action
}

func (s *Store) resource(p params) string {
	bus, name := p["EventBusName"], p["RuleName"]
	if bus == "" {
		return "*"
	}
	arn := fmt.Sprintf("acs:eventbridge:%s:%s:eventbus/%s", s.Region, s.Account, bus)
	if name != "" {
		arn += "/rule/" + name
	}
	return arn
}
