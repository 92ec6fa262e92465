package delivery

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	_ "time/tzdata" // messages show times in any zone, and FC's machines need not have a zone database

	"github.com/aliyun/fc-runtime-go-sdk/fc"

	"pai-notify/shared/catalog"
	"pai-notify/shared/channel"
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
	fc.Start(h.Deliver)
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
	})
	return New(Config{
		Channel: c, DB: db, Catalog: base, Keys: keys, Clock: env.Clock, Log: slog.New(slog.NewJSONHandler(out, nil)),
	}), nil
}
