// Package advice says what to do about an outcome that the ledger recorded, by its channel and code: what the channels'
// tables know of receivers, and what pai-notify's own codes mean.
package advice

import (
	"pai-notify/shared/channel"
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
	if class == "" || class == channel.Delivered.String() {
		return nil
	}
	if own, ok := ours[code]; ok {
		return own
	}
	if a, ok := b.channels[channelName]; ok {
		return a.Advise(code, text)
	}
	return nil
}

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
	"Panic": {
		"en": "This is a defect of pai-notify: its stack is in the delivery function's log. Report it with the event's type.",
		"zh": "这是 pai-notify 的缺陷：堆栈见投递函数日志，请附上事件类型反馈。",
	},
}
