// Package function is Function Compute on one machine: it runs the packaged binaries of s.yaml's functions under the runtime
// protocol of go1 (aliyun/fc-runtime-go-sdk fc/runtime_api_client.go), as Function Compute does and with its edges. One
// instance, which is one process, runs one invocation at a time. Under load there are more of them, up to the block's cap.
// Between invocations an instance is frozen; idle for long it is ended; past its time-out it is killed. [Runtime.Gateway]
// serves the HTTP triggers behind one host, [Runtime.RunTimers] fires the timer triggers.
//
// Time-outs and waits are the machine's time, for the processes measure theirs by it; idling and timers follow the clock.
//
// What it does not have: initializer and preStop hooks, asynchronous invocation, destinations, tracing, and any limit of
// CPU, memory and network. It needs Linux, as the binaries do.
package function

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"pai-notify/scripts/serverless"
	"pai-notify/shared/clock"
)

// maxPayload is what a synchronous invocation may bring and answer, in bytes (help.aliyun.com, "Limits").
const maxPayload = 32 << 20

// Options say what runs and as whom. Template and Root are needed; the zero value of the rest is described at each.
type Options struct {
	Template *serverless.Template
	Root     string // the directory that the template's code paths start from
	Account  string // the account's number
	Logs     string // directory for one log file a function; empty: none is written

	// Line is told each line a function prints, and what befell its instances. It must be safe for concurrent use.
	Line func(function, line string)

	// Environment replaces values of variables that a function's block declares, and adds none: a variable forgotten in
	// s.yaml is missing here as it is in the cloud. Local is added to every function: what only a local cloud has.
	Environment, Local map[string]string

	Credentials Credentials   // handed to functions that have a role, with each invocation
	Clock       clock.Clock   // for idling and timers
	Idle        time.Duration // of the clock, after which a frozen instance ends; 0: 5 minutes
	Wait        time.Duration // of the machine, that an invocation waits for an instance; 0: 10 seconds
	Cap         int           // most instances of one function, if that is fewer than its block's cap; 0: the block's
	Awake       bool          // instances are not frozen between invocations
}

// Credentials are what a function acts with.
type Credentials struct{ AccessKeyID, AccessKeySecret, SecurityToken string }

// Runtime runs the functions of one template. It is safe for concurrent use.
type Runtime struct {
	options Options
	pools   map[string]*pool // by block name
	spawner *spawner
	closed  chan struct{}
	close   sync.Once
	running sync.WaitGroup // invocations, and processes until they are gone

	mu      sync.Mutex
	changed chan struct{} // closed and replaced whenever a Status would differ
}

// Start prepares to run the functions; instances start with the first invocations. All binaries that are missing are named
// at once. The caller must Close the Runtime.
func Start(o Options) (*Runtime, error) {
	if o.Idle == 0 {
		o.Idle = 5 * time.Minute
	}
	if o.Wait == 0 {
		o.Wait = 10 * time.Second
	}
	var err error // instances start in their code's folder, so nothing may be relative to ours
	if o.Root, err = filepath.Abs(o.Root); err != nil {
		return nil, fmt.Errorf("find the template's folder: %w", err)
	}
	r := &Runtime{
		options: o,
		pools:   make(map[string]*pool, len(o.Template.Blocks)),
		closed:  make(chan struct{}),
		changed: make(chan struct{}),
	}
	var faults []error
	for _, block := range o.Template.Blocks {
		binary := filepath.Join(o.Root, block.Code, block.Handler)
		if info, err := os.Stat(binary); err != nil || !info.Mode().IsRegular() || info.Mode()&0o111 == 0 {
			faults = append(faults, fmt.Errorf("function %s: no executable at %s; make package builds it", block.Name, binary))
		}
		if block.InstanceLifecycleConfig != nil {
			faults = append(faults, fmt.Errorf("function %s: the local cloud runs no initializer and no preStop hook", block.Name))
		}
		logs, err := openLog(o, block.Name)
		if err != nil {
			faults = append(faults, err)
		}
		r.pools[block.Name] = newPool(r, block, binary, logs)
	}
	if len(faults) > 0 {
		r.closeLogs()
		return nil, errors.Join(faults...)
	}
	r.spawner = startSpawner()
	return r, nil
}

// Invoke runs a function synchronously, by its block's name or its full name. The error is a *[FunctionError] when the
// function failed, a *[PlatformError] when it was not run, and ctx's when ctx ended first; the invocation then goes on.
func (r *Runtime) Invoke(ctx context.Context, function string, body []byte) ([]byte, error) {
	return r.invoke(ctx, newRequestID(r.options.Clock.Now()), function, body)
}

func (r *Runtime) invoke(ctx context.Context, id, function string, body []byte) ([]byte, error) {
	block, ok := r.options.Template.Function(function)
	if !ok {
		return nil, &PlatformError{Status: http.StatusNotFound, Code: "FunctionNotFound", RequestID: id,
			Message: fmt.Sprintf("function '%s' does not exist", function)}
	}
	if len(body) > maxPayload {
		return nil, &PlatformError{Status: http.StatusBadRequest, Code: "InvalidArgument", RequestID: id,
			Message: fmt.Sprintf("payload size exceeds maximum allowed size (%d bytes)", maxPayload)}
	}
	return r.pools[block.Name].invoke(ctx, id, body)
}

// Close kills all instances and returns when they are gone. Invocations that are running fail.
func (r *Runtime) Close() error {
	r.close.Do(func() {
		r.mu.Lock() // no invocation begins any more
		close(r.closed)
		r.mu.Unlock()
		for _, p := range r.pools {
			p.kill()
		}
		r.running.Wait()
		r.spawner.stop()
		r.closeLogs()
	})
	return nil
}

// begin counts something that Close has to wait for; false if it has begun closing.
func (r *Runtime) begin() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	select {
	case <-r.closed:
		return false
	default:
		r.running.Add(1)
		return true
	}
}

func (r *Runtime) closeLogs() {
	for _, p := range r.pools {
		p.logs.close()
	}
}

// changes tells those who wait in [Runtime.Await] to look again.
func (r *Runtime) changes() {
	r.mu.Lock()
	defer r.mu.Unlock()
	close(r.changed)
	r.changed = make(chan struct{})
}
