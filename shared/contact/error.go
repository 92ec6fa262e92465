package contact

import (
	"fmt"

	"github.com/aws/smithy-go"
)

// Error is a fault of the [Book] that callers tell apart by its code. It is a smithy.APIError. What a user can mend in a
// contact is a smithy.InvalidParamsError instead; see package fault.
type Error struct {
	Code string // one of the constants below
	Text string // what happened, without an address
}

// The codes of [Error].
const (
	CodeNotFound = "ContactNotFound"
	CodeExists   = "ContactExists"
	CodeChanged  = "ContactChanged" // since it was read
)

var _ smithy.APIError = (*Error)(nil)

func (e *Error) Error() string { return e.Text }

// ErrorCode is the code.
func (e *Error) ErrorCode() string { return e.Code }

// ErrorMessage is the text.
func (e *Error) ErrorMessage() string { return e.Text }

// ErrorFault is the caller's.
func (*Error) ErrorFault() smithy.ErrorFault { return smithy.FaultClient }

// NotFound is the error for a contact that does not exist.
func NotFound(id string) *Error {
	return &Error{CodeNotFound, fmt.Sprintf("there is no contact %.64q", id)}
}

func exists(id string) *Error {
	return &Error{CodeExists, fmt.Sprintf("there is a contact %.64q already", id)}
}

// Changed is the error for a contact that is not as its writer knew it.
func Changed(id string) *Error {
	return &Error{CodeChanged, fmt.Sprintf("contact %.64q has changed since it was read", id)}
}
