package function

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// instance is one process of a function, with a runtime API of its own.
type instance struct {
	pool    *pool
	id      string
	command *exec.Cmd
	code    os.FileInfo // the file that it was started from
	output  *lines
	server  *http.Server
	started time.Time     // of the machine
	ready   chan struct{} // closed when it asked for its first invocation
	asked   sync.Once
	calls   chan *call    // what it is to run next
	exited  chan struct{} // closed when the process is gone

	current atomic.Pointer[call] // what it runs

	// Guarded by the pool's mutex.
	state  string
	served int
	retire *time.Timer
}

// call is one invocation.
type call struct {
	id       string
	body     []byte
	taken    chan struct{} // closed when the process has it
	deadline time.Time     // of the machine; from then on
	answered chan answer
}

func newCall(id string, body []byte) *call {
	return &call{id: id, body: body, taken: make(chan struct{}), answered: make(chan answer, 1)}
}

func (c *call) isTaken() bool {
	select {
	case <-c.taken:
		return true
	default:
		return false
	}
}

type answer struct {
	body []byte
	err  error
}

// startInstance starts a process. It counts as busy from the start.
func startInstance(p *pool) (*instance, error) {
	if !p.runtime.begin() {
		return nil, fmt.Errorf("the local cloud is stopping")
	}
	i := &instance{
		pool: p, id: newRequestID(time.Now()), started: time.Now(), state: stateStarting,
		ready: make(chan struct{}), calls: make(chan *call, 1), exited: make(chan struct{}),
	}
	if err := i.start(); err != nil {
		p.runtime.running.Done()
		return nil, fmt.Errorf("start %s: %w", p.binary, err)
	}
	p.mu.Lock()
	p.instances = append(p.instances, i)
	p.counts.Starts++
	p.mu.Unlock()
	p.runtime.changes()
	go i.watch()
	select {
	case <-p.runtime.closed: // Close may have looked at the instances before this one was among them
		i.kill()
	default:
	}
	return i, nil
}

func (i *instance) start() (err error) {
	if i.code, err = os.Stat(i.pool.binary); err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	i.server = &http.Server{Handler: i.api(), ReadHeaderTimeout: time.Minute}
	go func() { _ = i.server.Serve(listener) }() // ends with Close, in watch
	i.output = &lines{log: i.pool.logs}
	i.command = exec.Command(i.pool.binary)
	i.command.Dir = i.pool.codePath()
	i.command.Env = i.pool.environment(listener.Addr().String(), i.id)
	i.command.Stdout, i.command.Stderr = i.output, i.output // one pipe, so the order is kept
	i.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	i.command.WaitDelay = time.Second
	if err := i.pool.runtime.spawner.start(i.command); err != nil {
		_ = i.server.Close()
		return err
	}
	return nil
}

// watch waits for the process to end.
func (i *instance) watch() {
	defer i.pool.runtime.running.Done()
	_ = i.command.Wait() // how it ended is in ProcessState
	i.output.flush()
	close(i.exited)
	_ = i.server.Close()
	i.pool.logs.note("instance %d ended: %s", i.command.Process.Pid, i.command.ProcessState)
	i.pool.gone(i)
}

func (i *instance) alive() bool {
	select {
	case <-i.exited:
		return false
	default:
		return true
	}
}

// outdated tells whether other code was deployed since. Where there is none at the moment, it is not.
func (i *instance) outdated() bool {
	now, err := os.Stat(i.pool.binary)
	return err == nil && !os.SameFile(i.code, now)
}

// startLimit is how long a process may take until it asks for an invocation.
const startLimit = 30 * time.Second

// serve runs one call to its end: an answer, the process's end, or the time-out, which ends the process. The time-out counts
// from when the process has the call.
func (i *instance) serve(c *call) answer {
	limit := time.NewTimer(startLimit)
	defer limit.Stop()
	i.thaw()
	i.calls <- c
	select {
	case <-c.taken:
		limit.Reset(i.pool.timeout())
	case <-i.exited:
	case <-limit.C:
		i.pool.logs.note("instance %d asked for no invocation within %s; killed", i.command.Process.Pid, startLimit)
		i.kill()
		<-i.exited
	}
	select {
	case got := <-c.answered:
		return got
	case <-i.exited:
		select { // it may have answered with its last breath
		case got := <-c.answered:
			return got
		default:
		}
		return answer{err: &FunctionError{Type: TypeExited, RequestID: c.id, Message: i.lastWords(c)}}
	case <-limit.C:
		i.kill()
		<-i.exited
		return answer{err: &FunctionError{Type: TypeTimedOut, RequestID: c.id,
			Message: fmt.Sprintf("function %s timed out after %d seconds", i.pool.block.FunctionName, i.pool.block.Timeout)}}
	}
}

func (i *instance) lastWords(c *call) string {
	during := "before it asked for an invocation"
	if c.isTaken() {
		during = "during the invocation"
	}
	text := fmt.Sprintf("function %s exited %s (%s)", i.pool.block.FunctionName, during, i.command.ProcessState)
	if where := i.pool.logs.path; where != "" {
		text += "; its last words are in " + where
	}
	return text
}

// Signals to a process that has just ended come to nothing: watch tells.

func (i *instance) freeze() {
	if !i.pool.runtime.options.Awake {
		_ = i.command.Process.Signal(syscall.SIGSTOP)
	}
}

func (i *instance) thaw() {
	if !i.pool.runtime.options.Awake {
		_ = i.command.Process.Signal(syscall.SIGCONT)
	}
}

func (i *instance) kill() { _ = i.command.Process.Kill() }
