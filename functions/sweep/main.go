// Command sweep is the function that looks after pai-notify each minute: it sends a heartbeat round every bus, asks what
// became of text messages and calls, announces what died, completes jobs over many deliveries, and forgets what ended
// long ago.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"github.com/aliyun/fc-runtime-go-sdk/fc"
	"github.com/aliyun/fc-runtime-go-sdk/fccontext"

	"pai-notify/shared/environment"
	"pai-notify/shared/eventbridge"
)

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stdout, nil)).With("function", "sweep")
	env, err := environment.Read(os.Getenv, "DATABASE_URL", "SEAL_KEYS", "REGION", "ACCOUNT_ID")
	if err == nil {
		var s *sweeper
		if s, err = build(env, log, credentials); err == nil {
			fc.Start(s.sweep)
		}
	}
	fmt.Fprintf(os.Stderr, "sweep: %v\n", err)
	os.Exit(1)
}

type credentialsKey struct{}

// withCredentials reads the SDK's context once: reading it makes loggers and is no safe thing to do twice at a time.
func withCredentials(ctx context.Context) context.Context {
	c, ok := fccontext.FromContext(ctx)
	if !ok {
		return ctx
	}
	return context.WithValue(ctx, credentialsKey{}, eventbridge.Credentials{
		AccessKeyID: c.Credentials.AccessKeyId, AccessKeySecret: c.Credentials.AccessKeySecret, SecurityToken: c.Credentials.SecurityToken,
	})
}

func credentials(ctx context.Context) (eventbridge.Credentials, error) {
	c, _ := ctx.Value(credentialsKey{}).(eventbridge.Credentials)
	if c.AccessKeyID == "" {
		return c, errors.New("the invocation brought none: give the function a role in s.yaml")
	}
	return c, nil
}
