package httpapi

import (
	"context"
	"errors"

	"github.com/aliyun/fc-runtime-go-sdk/fccontext"
)

// Platform is what Function Compute says with an invocation: which function it is, and the credentials of its role,
// which expire and so must not outlive the invocation. Outside Function Compute it is empty.
type Platform struct {
	Function, Region, Account                   string
	AccessKeyID, AccessKeySecret, SecurityToken string
}

// String keeps credentials out of logs.
func (p Platform) String() string { return p.Region + "/" + p.Account + "/" + p.Function }

// GoString keeps credentials out of logs.
func (p Platform) GoString() string { return p.String() }

// RoleKeys are the keys of the function's role, which came with the request that is being answered.
func RoleKeys(ctx context.Context) (id, secret, token string, err error) {
	p := PlatformOf(ctx)
	if p.AccessKeyID == "" {
		return "", "", "", errors.New("the invocation brought none: give the function a role in s.yaml")
	}
	return p.AccessKeyID, p.AccessKeySecret, p.SecurityToken, nil
}

type platformKey struct{}

// OnPlatform gives a context that knows its platform; tests use it, [Serve] does it for every invocation.
func OnPlatform(ctx context.Context, p Platform) context.Context {
	return context.WithValue(ctx, platformKey{}, p)
}

// PlatformOf is the platform of a request.
func PlatformOf(ctx context.Context) Platform {
	p, _ := ctx.Value(platformKey{}).(Platform)
	return p
}

// fromPlatform reads the SDK's context once: reading it makes loggers and is no safe thing to do twice at a time.
func fromPlatform(ctx context.Context) context.Context {
	c, ok := fccontext.FromContext(ctx)
	if !ok {
		return ctx
	}
	return OnPlatform(ctx, Platform{
		Function: c.Function.Name, Region: c.Region, Account: c.AccountId,
		AccessKeyID: c.Credentials.AccessKeyId, AccessKeySecret: c.Credentials.AccessKeySecret,
		SecurityToken: c.Credentials.SecurityToken,
	})
}
