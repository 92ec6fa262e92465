package main

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// atHalf brings events by the clock, at half of what went, and measures how long they take to the receiver. The time is
// from when an event was due to be published, whether or not an instance was free.
func (b *bench) atHalf(ctx context.Context, fl fleet, next *events, f *figures) error {
	spend := max(b.time, b.soak)
	rate := f.PerSecond / 2 / float64(next.source.Group()) // invocations a second
	count := min(int(rate*spend.Seconds()), (maxEvents-next.count())/next.source.Group())
	first := next.count()
	q := &queue{timed: make(chan invocation, 1<<16)}
	sampling, cancel := context.WithCancel(ctx)
	defer cancel()
	slope := make(chan float64, 1)
	go func() { slope <- watch(sampling, fl.processes[0]) }()
	go func() {
		defer close(q.timed)
		began := time.Now()
		for i := range count {
			due := began.Add(time.Duration(float64(i) / rate * float64(time.Second)))
			if wait := time.Until(due); wait > 0 {
				select {
				case <-time.After(wait):
				case <-ctx.Done():
					return
				}
			}
			call := next.make(due)
			select {
			case q.timed <- call:
			case <-ctx.Done():
				return
			}
		}
	}()
	if err := fl.work(ctx, q); err != nil {
		return fmt.Errorf("at half of the rate: %w", err)
	}
	cancel()
	f.Slope = <-slope
	took := next.took(first)
	if len(took) < 100 {
		f.Notes = "too short for percentiles"
		return nil
	}
	slices.Sort(took)
	at := func(p float64) float64 { return took[min(int(p*float64(len(took))), len(took)-1)] }
	f.Half, f.P50, f.P99 = rate*float64(next.source.Group()), at(0.5), at(0.99)
	if len(took) >= 1000 {
		f.P999 = at(0.999)
	}
	return nil
}

// watch gives the slope of a process's memory in KB a minute, over the second half of the time.
func watch(ctx context.Context, p *process) float64 {
	var at, kb []float64
	began := time.Now()
	every := time.NewTicker(200 * time.Millisecond)
	defer every.Stop()
	for {
		select {
		case <-every.C:
			if u, err := p.usage(); err == nil { // else it has ended, which others notice
				at, kb = append(at, time.Since(began).Minutes()), append(kb, float64(u.now))
			}
		case <-ctx.Done():
			return slopeOf(at[len(at)/2:], kb[len(kb)/2:])
		}
	}
}

// slopeOf is the least-squares slope.
func slopeOf(x, y []float64) float64 {
	var sx, sy, sxx, sxy float64
	for i := range x {
		sx, sy, sxx, sxy = sx+x[i], sy+y[i], sxx+x[i]*x[i], sxy+x[i]*y[i]
	}
	n := float64(len(x))
	if d := n*sxx - sx*sx; d != 0 {
		return (n*sxy - sx*sy) / d
	}
	return 0
}
