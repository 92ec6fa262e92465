package contact

import (
	"fmt"

	"github.com/aws/smithy-go"
)

// Error is a fault of the [Book] that callers tell apart by its code. It is a smithy.APIError. What a user can mend in a
// contact is a smithy.InvalidParamsError instead; see package fault.
type Error struct {
	Code   string // one of the constants below
	Text   string // what happened, without an address
	advice map[string]string
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

// AdviceIn says what to do in a language, else in English.
func (e *Error) AdviceIn(language string) string {
	if advice := e.advice[language]; advice != "" {
		return advice
	}
	return e.advice["en"]
}

// NotFound is the error for a contact that does not exist.
func NotFound(id string) *Error {
	return &Error{Code: CodeNotFound, Text: fmt.Sprintf("there is no contact %.64q", id), advice: map[string]string{
		"en": "GET /api/v1/contacts lists the contacts there are; somebody may have deleted this one.",
		"zh": "GET /api/v1/contacts 可列出现有联系人；该联系人可能已被他人删除。",
	}}
}

func exists(id string) *Error {
	return &Error{Code: CodeExists, Text: fmt.Sprintf("there is a contact %.64q already", id), advice: map[string]string{
		"en": "Choose another id, or leave it out for one made of the name, or PUT the contact to replace it.",
		"zh": "请换一个 id，或省略 id 由系统根据名称生成，或用 PUT 替换已有联系人。",
	}}
}

func changed(id string) *Error {
	return &Error{Code: CodeChanged, Text: fmt.Sprintf("contact %.64q has changed since it was read", id), advice: map[string]string{
		"en": "Read the contact again, make your change to what it is now, and save it with the new ETag.",
		"zh": "请重新读取该联系人，在最新内容上修改，并使用新的 ETag 保存。",
	}}
}
