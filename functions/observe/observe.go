package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"

	"github.com/aws/smithy-go"

	"pai-notify/shared/catalog"
	"pai-notify/shared/database"
	"pai-notify/shared/environment"
	"pai-notify/shared/event"
	"pai-notify/shared/sighting"
)

type observer struct {
	db      *database.DB
	catalog *catalog.Live
	log     *sighting.Log
	slog    *slog.Logger
}

func build(env environment.Environment, log *slog.Logger) (*observer, error) {
	db, err := database.Open(context.Background(), env.DatabaseURL)
	if err != nil {
		return nil, err
	}
	base, err := catalog.Load()
	if err != nil {
		return nil, err
	}
	return &observer{db, catalog.NewLive(base), &sighting.Log{DB: db, Now: env.Clock.Now}, log}, nil
}

// observe takes one event, or a list of them, as EventBridge sends them. It fails where the database cannot be written,
// and at the first delivery of a canary, so that EventBridge delivers again; the error's type is what an operator sees.
func (o *observer) observe(ctx context.Context, body json.RawMessage) (json.RawMessage, error) {
	var errs []error
	for _, raw := range split(body) {
		errs = append(errs, o.one(ctx, raw))
	}
	err := errors.Join(errs...)
	var onPurpose *sighting.OnPurposeError
	switch {
	case err == nil:
		return json.RawMessage(`{"observed":true}`), nil
	case errors.As(err, &onPurpose):
		return nil, onPurpose
	}
	return nil, &smithy.OperationError{ServiceID: "observe", OperationName: "Record", Err: err}
}

func split(body json.RawMessage) []json.RawMessage {
	var list []json.RawMessage
	if bytes.HasPrefix(bytes.TrimSpace(body), []byte("[")) && json.Unmarshal(body, &list) == nil {
		return list
	}
	return []json.RawMessage{body}
}

// purgeBatch is how many old events of a bus are forgotten in one transaction.
const purgeBatch = 1000

func (o *observer) one(ctx context.Context, raw json.RawMessage) error {
	e, err := event.Parse(raw)
	if err != nil { // kept as what it is: to deliver it again would not mend it
		o.slog.ErrorContext(ctx, "event not understood", "event", e.ID, "bytes", len(raw), "error", err.Error())
		return o.log.Record(ctx, e.Bus(), e, []sighting.Unknown{{Kind: "form", Name: err.Error()}})
	}
	if e.Source == sighting.Source && e.Type == sighting.CanaryType {
		if ok, err := o.log.Arrive(ctx, e); ok || err != nil {
			return err
		}
	}
	if e.Source == sighting.Source && e.Type == sighting.HeartbeatType { // once a minute: it would push PAI's events out
		if err := o.log.Beat(ctx, e.Bus(), e); err != nil {
			return err
		}
		_, err := o.log.Purge(ctx, purgeBatch) // here, since it comes each minute, and buses may be silent otherwise
		return err
	}
	settings, err := o.db.Settings(ctx)
	if err != nil {
		return err
	}
	current, err := o.catalog.With(settings.CatalogOverride)
	if err != nil { // set-up checks it when it is saved; this is one that a new release no longer understands
		o.slog.ErrorContext(ctx, "catalogue override not used", "error", err.Error())
	}
	return o.log.Record(ctx, e.Bus(), e, unknown(current, e))
}

// unknown lists what of an event the catalogue does not know. Our own events are not in it and are no surprise.
func unknown(c *catalog.Catalog, e event.Event) []sighting.Unknown {
	if e.Source == sighting.Source {
		return nil
	}
	var list []sighting.Unknown
	u := c.Unknown(e)
	if u.Source != "" {
		list = append(list, sighting.Unknown{Kind: "source", Name: u.Source})
	}
	if u.Type != "" {
		list = append(list, sighting.Unknown{Kind: "type", Name: e.Source + " " + u.Type})
	}
	for _, field := range u.Fields {
		list = append(list, sighting.Unknown{Kind: "field", Name: e.Source + " " + field})
	}
	return list
}
