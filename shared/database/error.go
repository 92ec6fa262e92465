package database

import (
	"github.com/aws/smithy-go"

	"pai-notify/shared/fault"
)

// SchemaError says that the schema is older than this program needs. It is a smithy.APIError.
type SchemaError struct{ Have, Want int64 }

// ReachError says that the database could not be reached. It is a smithy.APIError.
type ReachError struct{ Err error }

var _, _ smithy.APIError = (*SchemaError)(nil), (*ReachError)(nil)

func (e *SchemaError) Error() string { return e.ErrorMessage() }

// ErrorCode is DatabaseNotReady.
func (e *SchemaError) ErrorCode() string { return "DatabaseNotReady" }

// ErrorMessage says what to do.
func (e *SchemaError) ErrorMessage() string { return e.Said().Error() }

// Said says what to do.
func (e *SchemaError) Said() fault.Text {
	return fault.Say("the database's schema is version %d and this program needs %d: "+
		"run the set-up (POST /api/v1/setup), which migrates it",
		"数据库表的版本为 %d，而此程序需要 %d：请执行初始化（POST /api/v1/setup）以升级", e.Have, e.Want)
}

// ErrorFault is ours.
func (e *SchemaError) ErrorFault() smithy.ErrorFault { return smithy.FaultServer }

func (e *ReachError) Error() string { return "reach the database: " + e.Err.Error() }

// Unwrap gives the cause, which may name hosts and users.
func (e *ReachError) Unwrap() error { return e.Err }

// ErrorCode is DatabaseOutOfReach.
func (e *ReachError) ErrorCode() string { return "DatabaseOutOfReach" }

// ErrorMessage leaves the cause out.
func (e *ReachError) ErrorMessage() string { return e.Said().Error() }

// Said leaves the cause out.
func (*ReachError) Said() fault.Text {
	return fault.Say("the database is out of reach", "无法连接数据库")
}

// ErrorFault is ours.
func (e *ReachError) ErrorFault() smithy.ErrorFault { return smithy.FaultServer }
