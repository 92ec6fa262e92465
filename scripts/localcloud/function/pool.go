package function

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"pai-notify/scripts/serverless"
)

// pool holds the instances of one function.
type pool struct {
	runtime *Runtime
	block   serverless.Function
	binary  string
	logs    *log
	slots   chan struct{} // one for each invocation that runs: they are the cap

	mu        sync.Mutex
	instances []*instance // all processes that are not gone
	idle      []*instance // the last used is last, and used first
	counts    counts
}

func newPool(r *Runtime, block serverless.Function, binary string, logs *log) *pool {
	slots := block.ConcurrencyConfig.ReservedConcurrency
	if limit := r.options.Cap; limit > 0 && limit < slots {
		slots = limit
	}
	return &pool{runtime: r, block: block, binary: binary, logs: logs, slots: make(chan struct{}, slots)}
}

func (p *pool) timeout() time.Duration { return time.Duration(p.block.Timeout) * time.Second }

func (p *pool) count(change func(*counts)) {
	p.mu.Lock()
	change(&p.counts)
	p.mu.Unlock()
	p.runtime.changes()
}

// invoke waits for its turn, then for the answer. If ctx ends while the function runs, the function goes on, as in the
// cloud.
func (p *pool) invoke(ctx context.Context, id string, body []byte) ([]byte, error) {
	if !p.runtime.begin() {
		return nil, &PlatformError{Status: http.StatusServiceUnavailable, Code: "ServiceUnavailable", RequestID: id,
			Message: "the local cloud is stopping"}
	}
	if err := p.turn(ctx, id); err != nil {
		p.runtime.running.Done()
		return nil, err
	}
	c := newCall(id, body)
	ended := make(chan answer, 1)
	go func() {
		defer p.runtime.running.Done()
		got := p.run(c)
		p.count(func(c *counts) {
			c.Invocations++
			if got.err != nil {
				c.Errors++
			}
		})
		<-p.slots
		ended <- got
	}()
	select {
	case got := <-ended:
		return got.body, got.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// turn takes one of the function's slots.
func (p *pool) turn(ctx context.Context, id string) error {
	select {
	case p.slots <- struct{}{}:
		return nil
	default:
	}
	p.count(func(c *counts) { c.Waiting++ })
	defer p.count(func(c *counts) { c.Waiting-- })
	patience := time.NewTimer(p.runtime.options.Wait)
	defer patience.Stop()
	select {
	case p.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-p.runtime.closed:
		return &PlatformError{Status: http.StatusServiceUnavailable, Code: "ServiceUnavailable", RequestID: id,
			Message: "the local cloud is stopping"}
	case <-patience.C:
		p.count(func(c *counts) { c.Throttled++ })
		return &PlatformError{Status: http.StatusTooManyRequests, Code: "ResourceExhausted", RequestID: id,
			Message: fmt.Sprintf("function %s has reached the limit of %d instances", p.block.FunctionName, cap(p.slots))}
	}
}

// run gives the call to an instance. An instance that turns out to have been killed while idle is not the call's fault.
func (p *pool) run(c *call) answer {
	for {
		i, fresh, err := p.take()
		if err != nil {
			return answer{err: &FunctionError{Type: TypeExited, RequestID: c.id, Message: err.Error()}}
		}
		got := i.serve(c)
		if i.alive() {
			p.give(i)
			return got
		}
		if fresh || c.isTaken() {
			return got
		}
	}
}

// take is an idle instance of the code that is deployed, or a new one. An instance of other code ends what it does and is
// given nothing more.
func (p *pool) take() (i *instance, fresh bool, err error) {
	p.mu.Lock()
	for len(p.idle) > 0 {
		i := p.idle[len(p.idle)-1]
		p.idle = p.idle[:len(p.idle)-1]
		if i.retire.Stop(); i.alive() && i.outdated() {
			i.state = stateEnding
			i.kill()
		} else if i.alive() {
			i.state = stateBusy
			p.mu.Unlock()
			p.runtime.changes()
			return i, false, nil
		}
	}
	p.mu.Unlock()
	i, err = startInstance(p)
	return i, true, err
}

// give puts an instance back: frozen, and ended when nobody takes it for long.
func (p *pool) give(i *instance) {
	i.freeze()
	p.mu.Lock()
	i.state, i.served = stateIdle, i.served+1
	if !p.runtime.options.Awake {
		i.state = stateFrozen
	}
	p.idle = append(p.idle, i)
	i.retire = time.AfterFunc(p.runtime.options.Clock.Real(p.runtime.options.Idle), func() { p.end(i) })
	p.mu.Unlock()
	p.runtime.changes()
}

// end kills an instance if it is still idle.
func (p *pool) end(i *instance) {
	p.mu.Lock()
	at := slices.Index(p.idle, i)
	if at >= 0 {
		p.idle = slices.Delete(p.idle, at, at+1)
		i.state = stateEnding
	}
	p.mu.Unlock()
	if at >= 0 {
		i.kill()
	}
}

// gone forgets an instance whose process has ended.
func (p *pool) gone(i *instance) {
	p.mu.Lock()
	same := func(other *instance) bool { return other == i }
	p.instances = slices.DeleteFunc(p.instances, same)
	p.idle = slices.DeleteFunc(p.idle, same)
	if i.retire != nil {
		i.retire.Stop()
	}
	p.mu.Unlock()
	p.runtime.changes()
}

// kill kills every instance and says how many that were. No invocation is given to one that is about to die.
func (p *pool) kill() int {
	p.mu.Lock()
	instances := slices.Clone(p.instances)
	for _, i := range p.idle {
		i.retire.Stop()
		i.state = stateEnding
	}
	p.idle = nil
	p.mu.Unlock()
	for _, i := range instances {
		i.kill()
	}
	return len(instances)
}
