package main

import (
	"sync"
	"time"

	"pai-notify/scripts/bench/load"
)

// events numbers the events of a case and knows when each was due.
type events struct {
	source   *load.Source
	receiver *receiver

	mu  sync.Mutex
	due []int64 // nanoseconds of the receiver's clock, by the number of an invocation
}

// count is how many events there were.
func (e *events) count() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.due) * e.source.Group()
}

// make makes the next invocation, due at a moment.
func (e *events) make(at time.Time) invocation {
	e.mu.Lock()
	defer e.mu.Unlock()
	first := len(e.due) * e.source.Group()
	e.due = append(e.due, int64(at.Sub(e.receiver.began)))
	return invocation{body: e.source.Body(first), first: first}
}

// until is a closed loop that ends.
func (e *events) until(end time.Time) *queue {
	return &queue{source: func() (invocation, bool) {
		now := time.Now()
		if now.After(end) || e.count()+e.source.Group() > maxEvents {
			return invocation{}, false
		}
		return e.make(now), true
	}}
}

// took gives the milliseconds of all events from a number on.
func (e *events) took(first int) (ms []float64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	group := e.source.Group()
	for n := first; n < len(e.due)*group; n++ {
		if at := e.receiver.arrivals[n].Load(); at > 0 {
			ms = append(ms, float64(at-e.due[n/group])/1e6)
		}
	}
	return ms
}

// missing counts events that have not arrived.
func (e *events) missing() (n int) {
	for i := range e.count() {
		if e.receiver.arrivals[i].Load() == 0 {
			n++
		}
	}
	return n
}
