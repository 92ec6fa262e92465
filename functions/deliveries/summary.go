package main

import (
	"context"
	"time"

	"pai-notify/shared/access"
	"pai-notify/shared/fault"
	"pai-notify/shared/httpapi"
)

// Count is how many deliveries of a channel are in a state.
type Count struct {
	State   string `json:"state"`
	Channel string `json:"channel"`
	Count   int    `json:"count"`
}

// HourCount is a count of the deliveries that EventBridge first asked for in one hour.
type HourCount struct {
	Hour time.Time `json:"hour" doc:"Its start"`
	Count
}

// Summary is how many deliveries there are.
type Summary struct {
	Counts []Count     `json:"counts" doc:"Of all deliveries"`
	Hours  []HourCount `json:"hours" doc:"Of those created in the time asked for; by hour in order"`
	From   time.Time   `json:"from"`
	To     time.Time   `json:"to"`
	Paused bool        `json:"paused" doc:"Nothing is sent at the moment, whatever waits: PUT /api/v1/settings with paused false lets it go on"`
}

const maxSpan = 31 * 24 * time.Hour // of a summary by hour

func (s *service) summary(ctx context.Context, in *struct {
	Workspace string    `query:"workspace" maxLength:"100" pattern:"^[A-Za-z0-9][A-Za-z0-9_-]*$" doc:"Left out: all that the key is for"`
	From      time.Time `query:"from" doc:"Left out: 24 hours before to"`
	To        time.Time `query:"to" doc:"Left out: now"`
}) (*struct{ Body Summary }, error) {
	now, err := s.enter(ctx, in.Workspace, access.Viewer)
	if err != nil {
		return nil, err
	}
	to, from := in.To, in.From
	if to.IsZero() {
		to = s.clock()
	}
	if from.IsZero() {
		from = to.Add(-24 * time.Hour)
	}
	switch {
	case !from.Before(to):
		return nil, httpapi.Wrong("query.to", notAfter())
	case to.Sub(from) > maxSpan:
		return nil, httpapi.Wrong("query.from", fault.Say("is more than 31 days before to; ask for less at a time", "早于结束时间超过 31 天，请缩短时间段"))
	}
	from = from.UTC().Truncate(time.Hour)
	counts, err := s.ledger.Summary(ctx, now.buses...)
	if err != nil {
		return nil, err
	}
	hours, err := s.ledger.Hourly(ctx, from, to, now.buses...)
	if err != nil {
		return nil, err
	}
	settings, err := s.db.Settings(ctx)
	if err != nil {
		return nil, err
	}
	out := Summary{Counts: []Count{}, Hours: []HourCount{}, From: from, To: to.UTC(), Paused: settings.Paused}
	for _, c := range counts {
		out.Counts = append(out.Counts, Count{string(c.State), c.Channel, c.Count})
	}
	for _, h := range hours {
		out.Hours = append(out.Hours, HourCount{h.Hour, Count{string(h.State), h.Channel, h.Count.Count}})
	}
	return &struct{ Body Summary }{out}, nil
}
