package function

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// The states of an instance.
const (
	stateStarting = "starting"
	stateBusy     = "busy"
	stateIdle     = "idle"   // waiting, awake
	stateFrozen   = "frozen" // waiting, stopped
	stateEnding   = "ending"
)

// Status says what each function is doing, by the names of their blocks.
type Status map[string]FunctionStatus

// FunctionStatus is one function's.
type FunctionStatus struct {
	counts
	Instances []InstanceStatus `json:"instances"` // the oldest first
}

type counts struct {
	Invocations int   `json:"invocations"` // ended
	Errors      int   `json:"errors"`      // of those
	Throttled   int   `json:"throttled"`   // given up for want of an instance
	Waiting     int   `json:"waiting"`     // for an instance
	Starts      int   `json:"starts"`      // of instances
	StartMillis int64 `json:"startMillis"` // of the slowest start, until it asked for an invocation
}

func (c *counts) started(took time.Duration) { c.StartMillis = max(c.StartMillis, took.Milliseconds()) }

// InstanceStatus is one instance's.
type InstanceStatus struct {
	PID         int    `json:"pid"`
	State       string `json:"state"` // starting, busy, idle, frozen, ending
	Invocations int    `json:"invocations"`
	RequestID   string `json:"requestId,omitempty"` // of the invocation that its process has taken
}

// Status is a picture of the moment.
func (r *Runtime) Status() Status {
	status := make(Status, len(r.pools))
	for name, p := range r.pools {
		p.mu.Lock()
		s := FunctionStatus{counts: p.counts, Instances: make([]InstanceStatus, 0, len(p.instances))}
		for _, i := range p.instances {
			one := InstanceStatus{PID: i.command.Process.Pid, State: i.state, Invocations: i.served}
			if c := i.current.Load(); c != nil {
				one.RequestID = c.id
			}
			s.Instances = append(s.Instances, one)
		}
		p.mu.Unlock()
		status[name] = s
	}
	return status
}

// Await returns when the status is as wanted. If ctx ends first, the error says what the status was.
func (r *Runtime) Await(ctx context.Context, wanted func(Status) bool) error {
	for {
		r.mu.Lock()
		changed := r.changed
		r.mu.Unlock()
		status := r.Status()
		if wanted(status) {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			text, err := json.Marshal(status)
			if err != nil {
				return err
			}
			return fmt.Errorf("await a status: %w; it is %s", ctx.Err(), text)
		}
	}
}

// ServeStatus serves the status as JSON.
func (r *Runtime) ServeStatus(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(r.Status()) // a reader who left needs no answer
}
