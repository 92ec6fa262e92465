// Package access knows who may call the API, and writes down who changed what. Three things let somebody in: a key that
// looks like pnk_PREFIX_SECRET, a session of the console, which a key or an identity provider opened, and the one-time
// token that opens a fresh deployment and dies when it has made the first key. Of each only the SHA-256 is stored.
//
// A key has a role, workspaces and the PAI user whose private objects it may see; see [Identity].
package access

import (
	"context"
	"slices"

	"pai-notify/shared/fault"

	"github.com/aws/smithy-go"
)

// Role is what a key may do. Each role may do what the one before it may.
type Role string

// The roles.
const (
	Viewer Role = "viewer"
	Editor Role = "editor"
	Admin  Role = "admin"
	Opener Role = "bootstrap" // of the bootstrap token: only set-up
)

// Via is how somebody was let in.
type Via string

// The ways in.
const (
	ByKey       Via = "key"       // an API key
	BySession   Via = "session"   // a session of the console that was opened with a key
	ByProvider  Via = "provider"  // a session that was opened through the identity provider
	ByBootstrap Via = "bootstrap" // the bootstrap token
)

// Identity is who calls.
type Identity struct {
	KeyID      string // the part of the key that may be shown; of a sign-in through a provider a hash of issuer and subject
	Name       string // of the key, or of the person
	Via        Via
	Session    string // id of the session, empty where there is none
	Role       Role
	Workspaces []string // that it may touch; empty means all
	PAIUser    string   // whose jobs "created by me" means; may be empty
}

// May says whether the caller has a role or a higher one.
func (i Identity) May(role Role) bool {
	order := []Role{Viewer, Editor, Admin}
	want := slices.Index(order, role)
	return want >= 0 && slices.Index(order, i.Role) >= want
}

// Require is nil if the caller has a role or a higher one, else an [Error].
func (i Identity) Require(role Role) error {
	if i.May(role) {
		return nil
	}
	return &Error{code: "Forbidden", text: fault.Say("this needs the role %s, which this key does not have",
		"需要角色 %s，而此密钥没有", role)}
}

// RequireIn is nil if the caller has a role or a higher one in a workspace, else an [Error].
func (i Identity) RequireIn(workspace string, role Role) error {
	if err := i.Require(role); err != nil {
		return err
	}
	if !i.In(workspace) {
		return &Error{code: "Forbidden", text: fault.Say("this key is not for that workspace", "此密钥不可用于该工作空间")}
	}
	return nil
}

// In says whether the caller is for a workspace.
func (i Identity) In(workspace string) bool {
	return i.Everywhere() || slices.Contains(i.Workspaces, workspace)
}

// Everywhere says whether the caller is for all workspaces.
func (i Identity) Everywhere() bool { return len(i.Workspaces) == 0 }

// RequireEverywhere is nil if the caller has a role or a higher one in all workspaces, else an [Error]: what concerns the
// whole deployment is not for who has a part of it.
func (i Identity) RequireEverywhere(role Role) error {
	if err := i.Require(role); err != nil {
		return err
	}
	if !i.Everywhere() {
		return &Error{code: "Forbidden", text: fault.Say("this concerns all workspaces, and this key is for some of them",
			"涉及全部工作空间，而此密钥只可用于部分工作空间")}
	}
	return nil
}

type contextKey struct{}

// With gives a context that knows the caller.
func With(ctx context.Context, caller Identity) context.Context {
	return context.WithValue(ctx, contextKey{}, caller)
}

// From is the caller of a request, the zero Identity if nobody has been let in.
func From(ctx context.Context) Identity {
	caller, _ := ctx.Value(contextKey{}).(Identity)
	return caller
}

// Error says why somebody is not let in. It is a smithy.APIError with the code Unauthenticated or Forbidden.
type Error struct {
	code   string
	text   fault.Text
	advice map[string]string // by language
}

var _ smithy.APIError = (*Error)(nil)

func (e *Error) Error() string { return e.text.Error() }

// ErrorCode is Unauthenticated or Forbidden.
func (e *Error) ErrorCode() string { return e.code }

// ErrorMessage says why.
func (e *Error) ErrorMessage() string { return e.text.Error() }

// Said says why.
func (e *Error) Said() fault.Text { return e.text }

// ErrorFault is the caller's.
func (*Error) ErrorFault() smithy.ErrorFault { return smithy.FaultClient }

// AdviceIn says what to do; empty where the general advice of the code is right.
func (e *Error) AdviceIn(language string) string { return e.advice[language] }

func unauthenticated(text fault.Text) *Error { return &Error{code: "Unauthenticated", text: text} }
