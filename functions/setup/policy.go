package main

// policy is a RAM policy: help.aliyun.com/en/ram/user-guide/policy-structure-and-syntax.
type policy struct {
	Version   string      `json:"Version"`
	Statement []statement `json:"Statement"`
}

type statement struct {
	Effect    string                       `json:"Effect"`
	Action    []string                     `json:"Action"`
	Resource  string                       `json:"Resource"`
	Condition map[string]map[string]string `json:"Condition,omitempty"`
}

// reason says what one statement of the policy is for; RAM has no place for it in the policy itself.
type reason struct {
	Statement int      `json:"statement" doc:"Index in the policy's Statement"`
	Actions   []string `json:"actions"`
	Resource  string   `json:"resource"`
	Reason    string   `json:"reason"`
	Once      bool     `json:"once,omitempty" doc:"Only set-up needs it; it can be taken away afterwards"`
}

type grant struct {
	statement
	why    phrase
	once   bool
	sender bool // the senders' role needs it too, and nothing else
}

// productActions are the 15 actions that PAI asks for to configure event notifications, in its order:
// help.aliyun.com/en/pai/event-notification-configuration, section 1.3.
func productActions() []string {
	return []string{
		"eventbridge:CreateEventBus", "eventbridge:GetEventBus", "eventbridge:DeleteEventBus",
		"eventbridge:ListEventBuses",
		"eventbridge:CreateRule", "eventbridge:GetRule", "eventbridge:UpdateRule", "eventbridge:EnableRule",
		"eventbridge:DisableRule", "eventbridge:DeleteRule", "eventbridge:ListRules", "eventbridge:PutEvents",
		"eventbridge:UpdateTargets", "eventbridge:DeleteTargets", "eventbridge:ListTargets",
	}
}

const (
	anyBus   = "acs:eventbridge:*:*:eventbus/*"
	sendRole = "sendevent-fc.eventbridge.aliyuncs.com" // the service of AliyunServiceRoleForEventBridgeSendToFC
)

func grants() []grant {
	allow := func(resource string, actions ...string) statement {
		return statement{Effect: "Allow", Action: actions, Resource: resource}
	}
	linked := func(service string) statement {
		s := allow("*", "ram:CreateServiceLinkedRole")
		s.Condition = map[string]map[string]string{"StringEquals": {"ram:ServiceName": service}}
		return s
	}
	return []grant{
		{statement: allow(anyBus, productActions()...),
			why: say("What PAI's documentation asks for to configure event notifications: buses, rules, targets, "+
				"and putting events, "+
				"which the canary, the heartbeat and announcements of what died do.",
				"PAI 文档中配置事件通知所需的权限：总线、规则、目标，以及发布事件（金丝雀、心跳和投递失败通知会用到）。")},
		{statement: allow(anyBus, "eventbridge:PutTargets"),
			why: say("Saving a rule's targets calls PutTargets. PAI's documentation names UpdateTargets, which is "+
				"no API; which of the two "+
				"EventBridge checks is not documented.",
				"保存规则目标时调用 PutTargets。PAI 文档中写的是 UpdateTargets，但并无此 API；EventBridge 校验哪一个没有文档说明。")},
		{statement: allow(anyBus, "eventbridge:QueryEventTraces"),
			why: say("When the canary does not come back, EventBridge's own trace of it tells what invoking the "+
				"function brought.",
				"金丝雀事件未返回时，用 EventBridge 的事件轨迹说明调用函数的结果。")},
		{statement: allow("*", "eventbridge:GetEventBridgeStatus", "eventbridge:CheckRoleForProduct",
			"eventbridge:CreateServiceLinkedRoleForProduct"), once: true,
			why: say("Set-up looks whether EventBridge is activated and may invoke functions, and makes the role "+
				"for it.",
				"初始化时检查 EventBridge 是否已开通、能否调用函数，并创建所需角色。")},
		{statement: linked(sendRole), once: true,
			why: say("The service-linked role with which EventBridge invokes functions.",
				"EventBridge 调用函数所用的服务关联角色。")},
		{statement: linked(paiRoleService), once: true,
			why: say("PAI's own service-linked role, with which it puts events on its buses; otherwise PAI's "+
				"console makes it.",
				"PAI 向其总线发布事件所用的服务关联角色；否则由 PAI 控制台创建。")},
		{statement: allow("acs:ram:*:*:role/*", "ram:GetRole"), once: true,
			why: say("Set-up looks whether PAI's service-linked role exists.", "初始化时检查 PAI 的服务关联角色是否存在。")},
		{statement: allow("*", "bss:CreateInstance"), once: true,
			why: say("Only for \"activate\": true, which places the order that activates EventBridge. The action's "+
				"name is not documented; "+
				"where it is refused, activate EventBridge in its console.",
				"仅用于 \"activate\": true，即提交开通 EventBridge 的订单。该操作的权限名没有文档说明；若被拒绝，请在控制台开通 EventBridge。")},
		{statement: allow("*", "dysms:SendSms"), sender: true,
			why: say("Only for SMS: deliver-sms sends, and contacts sends test messages.", "仅用于短信：deliver-sms 发送短信，contacts 发送测试消息。")},
		{statement: allow("*", "dyvms:SingleCallByTts"), sender: true,
			why: say("Only for calls: deliver-voice calls, and contacts makes test calls.", "仅用于语音：deliver-voice 拨打电话，contacts 拨打测试电话。")},
		{statement: allow("*", "dm:SingleSendMail"), sender: true,
			why: say("Only for mail: deliver-email sends, and contacts sends test mails.", "仅用于邮件：deliver-email 发送邮件，contacts 发送测试邮件。")},
		{statement: allow("*", "dysms:QuerySendDetails", "dyvms:QueryCallDetailByCallId"),
			why: say("Only for SMS and calls: sweep asks what became of them.", "仅用于短信和语音：sweep 查询发送和通话结果。")},
		{statement: allow("*", "dysms:QuerySmsSignList", "dysms:QuerySmsTemplateList", "dm:QueryMailAddressByParam"), once: true,
			why: say("Set-up looks whether the sign name, the templates and the sender address exist and are approved.",
				"初始化时检查签名、模板和发信地址是否存在、是否已审核通过。")},
		{statement: allow("*", "paiworkspace:ListWorkspaces"), once: true,
			why: say("Before it makes a bus, set-up looks whether the workspace exists.", "创建总线前检查工作空间是否存在。")},
	}
}

// policyAnswer is the policy that the functions' role needs, and why; and the part of it that is enough for the role of
// those that only send.
type policyAnswer struct {
	Policy  policy   `json:"policy" doc:"Of the managers' role (MANAGER_ROLE): to be pasted into the RAM console"`
	Reasons []reason `json:"reasons"`
	Sender  policy   `json:"sender" doc:"Of the senders' role (SENDER_ROLE), which deliver-sms, deliver-voice and deliver-email have"`
}

func makePolicy(language string) policyAnswer {
	answer := policyAnswer{Policy: policy{Version: "1"}, Sender: policy{Version: "1"}}
	for i, g := range grants() {
		if g.sender {
			answer.Sender.Statement = append(answer.Sender.Statement, g.statement)
		}
		answer.Policy.Statement = append(answer.Policy.Statement, g.statement)
		answer.Reasons = append(answer.Reasons, reason{i, g.Action, g.Resource, g.why.in(language), g.once})
	}
	return answer
}
