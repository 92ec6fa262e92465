package delivery

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	_ "time/tzdata" // messages show times in any zone, and FC's machines need not have a zone database

	"github.com/aliyun/fc-runtime-go-sdk/fc"
	"github.com/aliyun/fc-runtime-go-sdk/fccontext"

	"pai-notify/shared/catalog"
	"pai-notify/shared/channel"
	"pai-notify/shared/contact"
	"pai-notify/shared/database"
	"pai-notify/shared/environment"
	"pai-notify/shared/seal"
)

// Start is the main of a delivery function. It does not return.
func Start(open func(channel.Deps) channel.Channel) { serve(open, func(*Handler) {}) }

func serve(open func(channel.Deps) channel.Channel, adjust func(*Handler)) {
	h, err := build(os.Getenv, os.Stdout, open)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	adjust(h)
	// The runtime's client takes this transport and, with its default of two, opens new connections all the time.
	if t, ok := http.DefaultTransport.(*http.Transport); ok {
		t.MaxIdleConnsPerHost = 16
	}
	fc.Start(func(ctx context.Context, body []byte) (json.RawMessage, error) { return h.Deliver(withKeys(ctx), body) })
}

type keysKey struct{}

// withKeys reads the SDK's context once: reading it makes loggers and is no safe thing to do twice at a time.
func withKeys(ctx context.Context) context.Context {
	c, ok := fccontext.FromContext(ctx)
	if !ok {
		return ctx
	}
	return context.WithValue(ctx, keysKey{}, channel.Credentials{
		AccessKeyID: c.Credentials.AccessKeyId, AccessKeySecret: c.Credentials.AccessKeySecret, SecurityToken: c.Credentials.SecurityToken,
	})
}

// roleKeys are those of the function's role, which came with the invocation and must not outlive it.
func roleKeys(ctx context.Context) (channel.Credentials, error) {
	c, _ := ctx.Value(keysKey{}).(channel.Credentials)
	if c.AccessKeyID == "" {
		return c, errors.New("the invocation brought none: give the function a role in s.yaml")
	}
	return c, nil
}

func build(getenv func(string) string, out io.Writer, open func(channel.Deps) channel.Channel) (*Handler, error) {
	env, err := environment.Read(getenv, "DATABASE_URL", "SEAL_KEYS")
	if err != nil {
		return nil, err
	}
	keys, err := seal.ParseKeys(env.SealKeys)
	if err != nil {
		return nil, err
	}
	db, err := database.Open(context.Background(), env.DatabaseURL)
	if err != nil {
		return nil, err
	}
	base, err := catalog.Load()
	if err != nil {
		return nil, err
	}
	c := open(channel.Deps{
		Client: channel.Client(env.AllowNetworks, env.AllowReceivers), Now: env.Clock.Now, Allow: env.AllowReceivers,
		Cloud: channel.NewCloud(env.Region, env.CloudEndpoint, roleKeys),
	})
	return New(Config{
		Channel: c, DB: db, Catalog: base, Contacts: contact.New(db, env.Clock.Now), Keys: keys, Clock: env.Clock, Log: slog.New(slog.NewJSONHandler(out, nil)),
	}), nil
}
