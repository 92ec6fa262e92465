package bus

import (
	"container/heap"
	"context"
	"sync"
	"time"

	"pai-notify/shared/clock"
)

// push is one event on its way to one target of one rule.
type push struct {
	id, event         int64
	bus, rule, target string
	eventID, source   string
	hops              int // buses that the event has come over before
	due               time.Time
	tries             int
	accepted          bool // an asynchronous invocation that Function Compute has accepted
	blocked           bool
	ended             string // the count it ended in; empty while it is under way
}

// queueOf is the target that the push waits for.
func (p *push) queue() queueKey { return queueKey{p.bus, p.rule, p.target} }

type queueKey struct{ bus, rule, target string }

// queue holds what is due for one target.
type queue struct {
	waiting []*push
	running int
	blocked bool
}

// engine runs pushes when they are due, so many at a time for each target.
type engine struct {
	clock   clock.Clock
	limit   int
	attempt func(context.Context, *push) // one try; it sets due, blocked or ended

	ctx     context.Context
	cancel  context.CancelFunc
	wake    chan struct{}
	done    chan struct{} // the dispatcher has ended
	running sync.WaitGroup

	mu      sync.Mutex
	later   pushHeap
	queues  map[queueKey]*queue
	counts  Counts
	changed chan struct{} // closed and replaced with every change of counts
	closing bool
}

func newEngine(c clock.Clock, limit int, counts Counts, attempt func(context.Context, *push)) *engine {
	e := &engine{clock: c, limit: limit, counts: counts, attempt: attempt, wake: make(chan struct{}, 1),
		done: make(chan struct{}), queues: map[queueKey]*queue{}, changed: make(chan struct{})}
	e.ctx, e.cancel = context.WithCancel(context.Background())
	return e
}

// start takes over what is left of an earlier run and begins to deliver.
func (e *engine) start(left []*push) {
	e.mu.Lock()
	for _, p := range left {
		if p.blocked {
			e.queue(p.queue()).blocked = true
		}
	}
	e.mu.Unlock()
	e.add(left, func(*Counts) {})
	go e.dispatch()
}

// add takes pushes that are on disk, and what else is to be counted with them.
func (e *engine) add(pushes []*push, count func(*Counts)) {
	e.mu.Lock()
	count(&e.counts)
	for _, p := range pushes {
		heap.Push(&e.later, p)
		e.counts.Pending++
	}
	e.notify()
	e.mu.Unlock()
	e.nudge()
}

func (e *engine) notify() {
	close(e.changed)
	e.changed = make(chan struct{})
}

func (e *engine) nudge() {
	select {
	case e.wake <- struct{}{}:
	default: // it is about to look already
	}
}

func (e *engine) queue(key queueKey) *queue {
	q := e.queues[key]
	if q == nil {
		q = &queue{}
		e.queues[key] = q
	}
	return q
}

// dispatch moves what is due into the queues of the targets and starts it.
func (e *engine) dispatch() {
	defer close(e.done)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-e.wake:
		case <-timer.C:
		case <-e.ctx.Done():
			return
		}
		e.mu.Lock()
		now := e.clock.Now()
		for len(e.later) > 0 && !e.later[0].due.After(now) {
			p, _ := heap.Pop(&e.later).(*push)
			q := e.queue(p.queue())
			q.waiting = append(q.waiting, p)
			if q.blocked {
				e.counts.Pending--
				e.counts.Blocked++
				e.notify()
			}
			e.run(q)
		}
		if len(e.later) > 0 {
			timer.Reset(e.clock.Real(e.later[0].due.Sub(now)))
		}
		e.mu.Unlock()
	}
}

// run starts what a queue may start. The caller holds the lock.
func (e *engine) run(q *queue) {
	for !e.closing && !q.blocked && q.running < e.limit && len(q.waiting) > 0 {
		p := q.waiting[0]
		q.waiting = q.waiting[1:]
		q.running++
		e.running.Add(1)
		go func() {
			defer e.running.Done()
			e.attempt(e.ctx, p)
			e.ended(q, p)
		}()
	}
}

func (e *engine) ended(q *queue, p *push) {
	e.mu.Lock()
	defer e.mu.Unlock()
	q.running--
	e.counts.Attempts++
	switch {
	case p.ended != "":
		e.counts.Pending--
		e.counts.add(p.ended, 1)
	case p.blocked:
		q.blocked = true
		q.waiting = append([]*push{p}, q.waiting...)
		e.counts.Pending -= int64(len(q.waiting))
		e.counts.Blocked += int64(len(q.waiting))
	default:
		heap.Push(&e.later, p)
		e.nudge()
	}
	e.notify()
	e.run(q)
	if key := p.queue(); q.running == 0 && len(q.waiting) == 0 && !q.blocked && e.queues[key] == q {
		delete(e.queues, key)
	}
}

// release lets a stopped target go on, its failed push from its first try.
func (e *engine) release(key queueKey) {
	e.mu.Lock()
	defer e.mu.Unlock()
	q := e.queues[key]
	if q == nil || !q.blocked {
		return
	}
	q.blocked = false
	for _, p := range q.waiting {
		if p.blocked {
			p.blocked, p.tries = false, 0
		}
	}
	e.counts.Pending += int64(len(q.waiting))
	e.counts.Blocked -= int64(len(q.waiting))
	e.notify()
	e.run(q)
}

// stop lets attempts under way end until ctx is done, then breaks them off.
func (e *engine) stop(ctx context.Context) {
	e.mu.Lock()
	e.closing = true
	e.mu.Unlock()
	ended := make(chan struct{})
	go func() {
		e.running.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-ctx.Done():
	}
	e.cancel()
	<-ended
	<-e.done
}

// pushHeap orders pushes by when they are due.
type pushHeap []*push

func (h pushHeap) Len() int           { return len(h) }
func (h pushHeap) Less(i, j int) bool { return h[i].due.Before(h[j].due) }
func (h pushHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }

// Push is for container/heap.
func (h *pushHeap) Push(p any) { *h = append(*h, p.(*push)) } //nolint:errcheck // the heap holds nothing else

// Pop is for container/heap.
func (h *pushHeap) Pop() any {
	old := *h
	p := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return p
}
