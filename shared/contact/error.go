package contact

import (
	"github.com/aws/smithy-go"

	"pai-notify/shared/fault"
)

// Error is a fault of the [Book] that callers tell apart by its code. It is a smithy.APIError. What a user can mend in a
// contact is a smithy.InvalidParamsError instead; see package fault.
type Error struct {
	Code string     // one of the constants below
	Text fault.Text // what happened, without an address
}

// The codes of [Error].
const (
	CodeNotFound = "ContactNotFound"
	CodeExists   = "ContactExists"
	CodeChanged  = "ContactChanged" // since it was read
)

var _ smithy.APIError = (*Error)(nil)

func (e *Error) Error() string { return e.Text.Error() }

// ErrorCode is the code.
func (e *Error) ErrorCode() string { return e.Code }

// ErrorMessage is the text.
func (e *Error) ErrorMessage() string { return e.Text.Error() }

// Said is the text.
func (e *Error) Said() fault.Text { return e.Text }

// ErrorFault is the caller's.
func (*Error) ErrorFault() smithy.ErrorFault { return smithy.FaultClient }

// NotFound is the error for a contact that does not exist.
func NotFound(id string) *Error {
	return &Error{CodeNotFound, fault.Say("there is no contact %.64q", "没有联系人 %.64q", id)}
}

func exists(id string) *Error {
	return &Error{CodeExists, fault.Say("there is a contact %.64q already", "已有联系人 %.64q", id)}
}

// Changed is the error for a contact that is not as its writer knew it.
func Changed(id string) *Error {
	return &Error{CodeChanged, fault.Say("contact %.64q has changed since it was read", "联系人 %.64q 在读取之后已被修改", id)}
}
