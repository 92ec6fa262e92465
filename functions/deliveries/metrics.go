package main

import (
	"bytes"
	"context"
	"math"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"

	"pai-notify/shared/access"
	"pai-notify/shared/channel"
	"pai-notify/shared/fault"
	"pai-notify/shared/httpapi"
	"pai-notify/shared/ledger"
	"pai-notify/shared/sighting"
)

type exposition struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

// metrics are the deployment's, so that a key for some workspaces is not enough. They are read from the database at each
// call: instances come and go, and have no counters of their own.
func (s *service) metrics(ctx context.Context, _ *struct{}) (*exposition, error) {
	now, err := s.enter(ctx, "", access.Viewer)
	if err != nil {
		return nil, err
	}
	if len(now.buses) > 0 {
		return nil, &httpapi.Problem{
			Status: http.StatusForbidden, Code: "Forbidden", Said: fault.Say("metrics tell of all workspaces, and this key is for some of them", "指标涉及全部工作空间，而此密钥只可用于部分工作空间"),
		}
	}
	g := gauges{now: s.clock(), channels: s.specs}
	if g.figures, err = s.ledger.Figures(ctx); err != nil {
		return nil, err
	}
	if g.beats, err = s.sightings.Heartbeats(ctx); err != nil {
		return nil, err
	}
	settings, err := s.db.Settings(ctx)
	if err != nil {
		return nil, err
	}
	g.paused = settings.Paused
	registry := prometheus.NewRegistry()
	if err := registry.Register(g); err != nil {
		return nil, err
	}
	families, err := registry.Gather()
	if err != nil {
		return nil, err
	}
	var text bytes.Buffer
	format := expfmt.NewFormat(expfmt.TypeTextPlain)
	encoder := expfmt.NewEncoder(&text, format)
	for _, family := range families {
		if err := encoder.Encode(family); err != nil {
			return nil, err
		}
	}
	return &exposition{string(format), text.Bytes()}, nil
}

// gauges are the figures of one call; a prometheus.Collector.
type gauges struct {
	now      time.Time
	channels []channel.Spec
	figures  ledger.Figures
	beats    []sighting.Heartbeat
	paused   bool
}

// Describe sends nothing: which metrics there are depends on the ledger.
func (gauges) Describe(chan<- *prometheus.Desc) {}

// Collect sends all figures.
func (g gauges) Collect(to chan<- prometheus.Metric) {
	gauge := func(name, help string, labels ...string) func(float64, ...string) {
		d := prometheus.NewDesc("pai_notify_"+name, help, labels, nil)
		return func(value float64, of ...string) {
			to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, of...)
		}
	}
	count := gauge("deliveries", "Deliveries that the ledger holds, by state and channel.", "state", "channel")
	counts := map[ledger.Count]int{}
	for _, spec := range g.channels { // what has never been is 0, so that the first death is a change
		for _, state := range []ledger.State{ledger.Waiting, ledger.Delivered, ledger.Dead} {
			counts[ledger.Count{State: state, Channel: spec.Name}] = 0
		}
	}
	for _, c := range g.figures.Counts {
		counts[ledger.Count{State: c.State, Channel: c.Channel}] = c.Count
	}
	for c, n := range counts {
		count(float64(n), string(c.State), c.Channel)
	}
	oldest := gauge("waiting_age_seconds", "How long ago the oldest delivery that waits was asked for.", "channel")
	overdue := gauge("overdue_seconds", "For how long the delivery that should have been tried first is due.", "channel")
	for _, b := range g.figures.Behind {
		oldest(g.age(b.Oldest), b.Channel)
		if b.Overdue.IsZero() {
			b.Overdue = g.now
		}
		overdue(g.age(b.Overdue), b.Channel)
	}
	gauge("destinations_closed", "Receivers that asked not to be told anything for a while.")(float64(g.figures.Closed))
	gauge("destinations_failing", "Receivers whose last message failed.")(float64(g.figures.Failing))
	gauge("destinations_paced", "Receivers of which the limit is used up, so that nothing is sent for now.")(float64(g.figures.Paced))
	gauge("pace_wait_seconds", "How long until the last of these can be sent something again.")(g.figures.Wait.Seconds())
	gauge("jobs_running", "Replays and cancellations of many deliveries that have work left.")(float64(g.figures.Jobs))
	paused := 0.0
	if g.paused {
		paused = 1
	}
	gauge("paused", "1 while the settings keep everything waiting.")(paused)
	beat := gauge("heartbeat_age_seconds", "How long ago the last heartbeat that came back through a bus was sent.", "bus")
	for _, h := range g.beats {
		switch {
		case h.Gone:
		case h.Beat.IsZero():
			beat(math.Inf(1), h.Bus)
		default:
			beat(g.age(h.Beat), h.Bus)
		}
	}
	latency := prometheus.NewDesc("pai_notify_delivery_latency_seconds",
		"How long deliveries took from being asked for to being told.", []string{"channel"}, nil)
	for _, l := range g.figures.Latency {
		within := map[float64]uint64{}
		for _, w := range l.Within {
			within[w.Bound.Seconds()] = uint64(w.Count)
		}
		to <- prometheus.MustNewConstHistogram(latency, uint64(l.Count), l.Sum.Seconds(), within, l.Channel)
	}
}

func (g gauges) age(at time.Time) float64 { return max(g.now.Sub(at).Seconds(), 0) }
