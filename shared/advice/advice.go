// Package advice says what to do about an outcome that the ledger recorded, by its channel and code: what the channels'
// tables know of receivers, and what pai-notify's own codes mean.
package advice

import (
	"pai-notify/shared/channel"
	"pai-notify/shared/ledger"
	"pai-notify/shared/rule"
)

// Book holds the advice of all channels. It is safe for concurrent use.
type Book struct{ channels map[string]channel.Adviser }

// New makes a book of the advice that some channels know.
func New(channels []channel.Channel) Book {
	b := Book{map[string]channel.Adviser{}}
	for _, c := range channels {
		if a, ok := c.(channel.Adviser); ok {
			b.channels[c.Spec().Name] = a
		}
	}
	return b
}

// Of is what to do about an attempt that was recorded with a code and a text; nil where nothing is known, or nothing has
// to be done.
func (b Book) Of(channelName string, class, code, text string) channel.Advice {
	if class == channel.Delivered.String() {
		return nil
	}
	if own := Own(code); own != nil {
		return own
	}
	if class == "" {
		return nil
	}
	if a, ok := b.channels[channelName]; ok {
		return a.Advise(code, text)
	}
	return nil
}

// Codes of deliveries that delivery functions and the ledger end by themselves.
const (
	CodeContactGone       = "ContactGone"
	CodeContactIncomplete = "ContactIncomplete"
	CodeNotFailing        = "NotFailing"
)

// Own is what to do about a code of ours; nil for one that is not.
func Own(code string) channel.Advice { return ours[code] }

// ours are the codes that delivery functions and the ledger record where no receiver was asked.
var ours = map[string]channel.Advice{ //nolint:gochecknoglobals // a table that never changes
	rule.CodeSealed: {
		"en": "Put the key that sealed the target back into SEAL_KEYS, or enter the target's secrets again; then replay the delivery.",
		"zh": "请把加密时使用的密钥放回 SEAL_KEYS，或重新填写该目标的密钥信息，然后重放。",
	},
	"Undecodable": {
		"en": "What EventBridge brought was none of our rules' bodies. Look for a rule on the bus that somebody made by hand with a delivery " +
			"function as its target; recompile our own rules.",
		"zh": "EventBridge 送来的内容不是本系统规则的消息体。请检查总线上是否有人手工创建了以投递函数为目标的规则，并重新编译本系统的规则。",
	},
	"Misrouted": {
		"en": "Recompile the workspace's rules: POST /api/v1/workspaces/WORKSPACE/rules:recompile. Then replay the delivery.",
		"zh": "请重新编译该工作空间的规则：POST /api/v1/workspaces/WORKSPACE/rules:recompile，然后重放。",
	},
	"DamagedRow": {
		"en": "The row was changed by something else than pai-notify. Publish the event again if it is still wanted.",
		"zh": "该记录被 pai-notify 之外的程序改动过。如仍需要，请重新发布该事件。",
	},
	"ClaimLost": {
		"en": "The receiver may have the message already: look there. It is tried again by itself; if this repeats, look into the delivery " +
			"function's log for why it ends, such as its memory or time-out in s.yaml.",
		"zh": "接收端可能已收到该消息，请先确认；系统会自动重试。若反复出现，请查看投递函数日志，检查其内存或超时配置（s.yaml）。",
	},
	CodeContactGone: {
		"en": "Save the contact again under the same id in the message receiving settings, or take it out of the rule's target; then replay " +
			"the delivery.",
		"zh": "请在消息接收设置中以相同 id 重新保存该联系人，或将其从规则目标中移除，然后重放。",
	},
	CodeContactIncomplete: {
		"en": "Add what the text names to the contact in the message receiving settings; then replay the delivery.",
		"zh": "请在消息接收设置中为该联系人补全提示所缺的号码或地址，然后重放。",
	},
	CodeNotFailing: {
		"en": "Nothing has to be done: the target calls for failing outcomes only. To be called for all, set its outcomes to all.",
		"zh": "无需处理：该目标仅在失败结果时呼叫。如需所有结果都呼叫，请将其 outcomes 设为 all。",
	},
	ledger.CodeUnknown: {
		"en": "Nobody knows whether the message went out, and so it is not sent again by itself. Look at the telephone, or in the " +
			"service's send records; if nothing arrived, replay the delivery.",
		"zh": "无法确认消息是否已发出，为避免重复，系统不会自动重发。请查看手机或服务的发送记录；若未收到，请重放该投递。",
	},
	"Panic": {
		"en": "This is a defect of pai-notify: its stack is in the delivery function's log. Report it with the event's type.",
		"zh": "这是 pai-notify 的缺陷：堆栈见投递函数日志，请附上事件类型反馈。",
	},
}
