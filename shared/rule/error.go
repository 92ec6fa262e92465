package rule

import (
	"github.com/aws/smithy-go"

	"pai-notify/shared/channel"
	"pai-notify/shared/fault"
)

// Error is a fault of a store that callers tell apart by its code. It is a smithy.APIError.
type Error struct {
	Code   string         // one of the constants below
	Text   fault.Text     // what happened, without secrets
	Advice channel.Advice // what to do, by language
	Err    error          // what caused it; may be nil
}

// The codes of [Error].
const (
	CodeNotFound     = "RuleNotFound"
	CodeNoTarget     = "TargetNotFound"
	CodeExists       = "RuleExists"
	CodeChanged      = "RuleChanged"       // ETag does not match
	CodeNoWorkspace  = "WorkspaceNotFound" // the bus does not exist
	CodeQuota        = "QuotaExceeded"
	CodeNotActivated = "NotActivated" // ServiceNotEnable, ServiceAccessDenied
	CodeForbidden    = "Forbidden"
	CodeThrottled    = "Throttled"
	CodeUnavailable  = "Unavailable" // not reached, cancelled, or an answer that is none
	CodeForeign      = "ForeignRule"
	CodeSealed       = "SealedByAnotherKey"
	CodeRefusedByBus = "RefusedByEventBridge"
)

var _ smithy.APIError = (*Error)(nil)

// Error says what happened and why.
func (e *Error) Error() string {
	if e.Err == nil {
		return e.Text.Error()
	}
	return e.Text.Error() + ": " + e.Err.Error()
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// ErrorCode is the code.
func (e *Error) ErrorCode() string { return e.Code }

// ErrorMessage is the text without its cause.
func (e *Error) ErrorMessage() string { return e.Text.Error() }

// Said is the text without its cause.
func (e *Error) Said() fault.Text { return e.Text }

// ErrorFault says whose fault it is.
func (e *Error) ErrorFault() smithy.ErrorFault {
	switch e.Code {
	case CodeThrottled, CodeUnavailable:
		return smithy.FaultServer
	}
	return smithy.FaultClient
}

// NotFound is the error for a rule that does not exist.
func NotFound(workspace, name string) *Error {
	return &Error{
		Code: CodeNotFound,
		Text: fault.Say("workspace %q has no rule %q", "工作空间 %q 没有规则 %q", workspace, name),
		Advice: channel.Advice{
			"en": "Check the name in the list of the workspace's rules; somebody may have deleted it.",
			"zh": "请在工作空间的规则列表中核对名称;规则可能已被他人删除。",
		},
	}
}

// NoTarget is the error for a target that its rule does not have.
func NoTarget(workspace, name, target string) *Error {
	return &Error{
		Code: CodeNoTarget,
		Text: fault.Say("rule %q of workspace %q has no target %.64q", "工作空间 %[2]q 的规则 %[1]q 没有目标 %.64[3]q", name, workspace, target),
		Advice: channel.Advice{
			"en": "Read the rule and use the id of one of its targets.",
			"zh": "请读取该规则,并使用其中某个目标的 id。",
		},
	}
}

// NoWorkspace is the error for a workspace without a bus.
func NoWorkspace(workspace string) *Error {
	return &Error{
		Code: CodeNoWorkspace,
		Text: fault.Say("there is no event bus for workspace %q", "工作空间 %q 没有事件总线", workspace),
		Advice: channel.Advice{
			"en": "Check the workspace's name, which is not its display name. PAI makes the bus of a workspace; " +
				"setup can make it when asked to (createBus).",
			"zh": "请核对工作空间名称(不是显示名称)。工作空间的总线由 PAI 创建;也可在初始化(setup)时用 createBus 创建。",
		},
	}
}

// Foreign is the error for writing a rule that is not ours.
func Foreign(workspace, name string) *Error {
	return &Error{
		Code: CodeForeign,
		Text: fault.Say("rule %q of workspace %q was not made by pai-notify", "工作空间 %[2]q 的规则 %[1]q 不是由 pai-notify 创建", name, workspace),
		Advice: channel.Advice{
			"en": "Choose another name, or change this rule where it was made, for instance in the EventBridge console.",
			"zh": "请换一个名称,或到创建该规则的地方(例如事件总线控制台)修改它。",
		},
	}
}

// CheckMatch compares what a writer expects of the stored rule with its ETag, which is empty where there is none.
func CheckMatch(workspace, name, match, etag string) error {
	switch {
	case match == MatchAny:
		return nil
	case match == MatchMissing && etag != "":
		return &Error{
			Code: CodeExists,
			Text: fault.Say("workspace %q already has a rule %q", "工作空间 %q 已有规则 %q", workspace, name),
			Advice: channel.Advice{
				"en": "Choose another name, or PUT the rule to replace it.",
				"zh": "请换一个名称,或用 PUT 替换已有规则。",
			},
		}
	case match == MatchMissing:
		return nil
	case etag == "":
		return NotFound(workspace, name)
	case match != MatchExists && match != etag:
		return &Error{
			Code: CodeChanged,
			Text: fault.Say("rule %q of workspace %q has changed since it was read", "工作空间 %[2]q 的规则 %[1]q 在读取之后已被修改", name, workspace),
			Advice: channel.Advice{
				"en": "Read the rule again, make your change to what it is now, and save it with the new ETag.",
				"zh": "请重新读取规则,在最新内容上修改,并使用新的 ETag 保存。",
			},
		}
	}
	return nil
}
