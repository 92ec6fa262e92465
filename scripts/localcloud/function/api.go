package function

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/aliyun/fc-runtime-go-sdk/fc/messages"
)

// The runtime API of go1: three calls, under the version the SDK speaks (fc-runtime-go-sdk fc/runtime_api_client.go). Each
// instance has its own listener, so a call's host says whose it is.
const runtimeAPI = "/2020-11-11/runtime/invocation/"

func (i *instance) api() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+runtimeAPI+"next", i.next)
	mux.HandleFunc("POST "+runtimeAPI+"{id}/response", i.response)
	mux.HandleFunc("POST "+runtimeAPI+"{id}/error", i.failure)
	return mux
}

// next hands over the next call when there is one. The SDK asks again while it still runs the last, and that is fine: one
// call at a time is what the pool hands out.
func (i *instance) next(w http.ResponseWriter, r *http.Request) {
	i.asked.Do(i.isReady)
	select {
	case c := <-i.calls:
		c.deadline = time.Now().Add(i.pool.timeout())
		close(c.taken)
		i.current.Store(c)
		i.pool.runtime.changes()
		i.describe(w.Header(), c)
		w.WriteHeader(http.StatusOK)
		_, _ = w.Write(c.body) // a process that ends meanwhile is noticed by watch
	case <-i.exited:
	case <-r.Context().Done():
	}
}

func (i *instance) isReady() {
	p := i.pool
	p.mu.Lock()
	if i.state == stateStarting {
		i.state = stateBusy
	}
	p.counts.started(time.Since(i.started))
	p.mu.Unlock()
	p.runtime.changes()
}

// describe writes what the SDK's context holds. Without deadline and timeout it would never answer.
func (i *instance) describe(h http.Header, c *call) {
	p, o := i.pool, i.pool.runtime.options
	set := func(name, value string) { h.Set("X-Fc-"+name, value) }
	set("Request-Id", c.id)
	set("Function-Deadline", strconv.FormatInt(c.deadline.UnixMilli(), 10))
	set("Function-Timeout", strconv.Itoa(p.block.Timeout))
	set("Function-Type", "0") // an invocation, no hook
	set("Function-Name", p.block.FunctionName)
	set("Function-Handler", p.block.Handler)
	set("Function-Memory", strconv.Itoa(p.block.MemorySize))
	set("Region", p.block.Region)
	set("Account-Id", o.Account)
	set("Qualifier", "LATEST")
	set("Retry-Count", "0")
	if p.block.Role != "" {
		set("Access-Key-Id", o.Credentials.AccessKeyID)
		set("Access-Key-Secret", o.Credentials.AccessKeySecret)
		set("Security-Token", o.Credentials.SecurityToken)
	}
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Length", strconv.Itoa(len(c.body)))
}

// response takes a result.
func (i *instance) response(w http.ResponseWriter, r *http.Request) {
	i.settle(w, r, func(body []byte) answer { return answer{body: body} })
}

// failure takes an error, in the SDK's form.
func (i *instance) failure(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	i.settle(w, r, func(body []byte) answer {
		var said messages.InvokeResponse_Error
		if err := json.Unmarshal(body, &said); err != nil {
			said.Type, said.Message = "Unreadable", fmt.Sprintf("the function's error is no JSON: %.200q", body)
		}
		return answer{err: &FunctionError{Type: said.Type, Message: said.Message, RequestID: id}}
	})
}

// settle ends the running call. The answer to the function goes out first, since afterwards the process may be frozen.
func (i *instance) settle(w http.ResponseWriter, r *http.Request, read func(body []byte) answer) {
	c := i.current.Load()
	if c == nil || c.id != r.PathValue("id") || !i.current.CompareAndSwap(c, nil) {
		http.Error(w, "no such invocation is running here", http.StatusNotFound)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxPayload))
	got := read(body)
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		got = answer{err: &FunctionError{Type: TypeTooLarge, RequestID: c.id,
			Message: fmt.Sprintf("the response exceeds %d bytes", maxPayload)}}
	case err != nil: // the process ended in mid-answer
		i.current.Store(c)
		return
	}
	w.Header().Set("Content-Length", "0")
	w.WriteHeader(http.StatusOK)
	_ = http.NewResponseController(w).Flush() // a process that ends meanwhile is noticed by watch
	c.answered <- got
}
