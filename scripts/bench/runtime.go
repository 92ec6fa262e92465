package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// invocation is what one call of a function brings.
type invocation struct {
	body  []byte
	first int // number of its first event
}

// queue hands invocations to instances, which play by Function Compute's rule: each runs one at a time. In a closed loop the
// next is made when an instance is free; in an open one they come by the clock, whether or not anybody is free.
type queue struct {
	source func() (invocation, bool) // of a closed loop; false: its time is over
	timed  chan invocation           // of an open loop
	run    *run
}

// host is Function Compute's runtime for one instance. It is leaner than scripts/localcloud/function, which counts, freezes
// and logs on the way: what it costs would be the load's, but what it waits would be the sender's.
type host struct {
	server   *http.Server
	address  string
	free     chan struct{}
	queues   chan *queue // the one to take from, put back by who took it
	answered chan struct{}
	began    time.Time
	first    atomic.Int64 // nanoseconds from the start to the first answer
	mu       sync.Mutex
	wrong    error
	current  *queue
	want     string
}

const runtimePath = "/2020-11-11/runtime/invocation/"

func newHost() (*host, error) {
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	h := &host{address: listener.Addr().String(), free: make(chan struct{}, 1), queues: make(chan *queue, 1), answered: make(chan struct{}, 1)}
	h.free <- struct{}{}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+runtimePath+"next", h.next)
	mux.HandleFunc("POST "+runtimePath+"{id}/response", h.response)
	mux.HandleFunc("POST "+runtimePath+"{id}/error", h.failure)
	h.server = &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	go func() { _ = h.server.Serve(listener) }() // ends with Close
	return h, nil
}

// next waits until the instance is free and a queue has something for it. The SDK asks while it still runs the last one.
func (h *host) next(w http.ResponseWriter, r *http.Request) {
	select {
	case <-h.free:
	case <-r.Context().Done():
		return
	}
	for {
		var q *queue
		select {
		case q = <-h.queues:
		case <-r.Context().Done():
			h.free <- struct{}{}
			return
		}
		call, ok := q.next(r.Context())
		if !ok {
			q.run.done.Done() // this instance has no more of it
			continue
		}
		h.mu.Lock()
		h.current = q
		h.mu.Unlock()
		header := w.Header()
		header.Set("X-Fc-Request-Id", strconv.Itoa(call.first))
		header.Set("X-Fc-Function-Deadline", strconv.FormatInt(time.Now().Add(time.Minute).UnixMilli(), 10))
		header.Set("X-Fc-Function-Timeout", "60")
		header.Set("X-Fc-Access-Key-Id", "bench")
		header.Set("X-Fc-Access-Key-Secret", "bench")
		header.Set("Content-Length", strconv.Itoa(len(call.body)))
		_, _ = w.Write(call.body) // a sender that ends meanwhile answers nothing, which is noticed
		return
	}
}

func (q *queue) next(ctx context.Context) (invocation, bool) {
	if q.source != nil {
		return q.source()
	}
	select {
	case call, ok := <-q.timed:
		return call, ok
	case <-ctx.Done():
		return invocation{}, false
	}
}

func (h *host) response(_ http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if h.first.CompareAndSwap(0, int64(time.Since(h.began))) {
		close(h.answered)
	}
	h.mu.Lock()
	q := h.current
	if h.wrong == nil && (err != nil || h.want != "" && string(body) != h.want) {
		h.wrong = fmt.Errorf("a function answered %.200q, want %s", body, h.want)
	}
	h.mu.Unlock()
	q.run.answers.Add(1)
	h.queues <- q
	h.free <- struct{}{}
}

func (h *host) failure(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body) // what there is of it is told
	h.mu.Lock()
	h.wrong = fmt.Errorf("a function failed: %.300s", body)
	h.mu.Unlock()
	r.Body = http.NoBody
	h.response(w, r)
}

func (h *host) fault() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.wrong
}
