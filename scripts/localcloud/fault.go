package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// faults make the cloud's APIs answer otherwise than they would, for tests of what becomes of a caller then.
type faults struct {
	next http.Handler

	mu   sync.Mutex
	list []*fault
}

type fault struct {
	Action  string `json:"action"` // of an RPC request; empty: any
	Status  int    `json:"status"` // HTTP status; 0: the call goes on as it would, after the delay
	Body    string `json:"body"`
	DelayMs int    `json:"delayMs"`
	Times   int    `json:"times"` // 0: once; -1: until cleared
}

// take is the first fault that fits; it has one time less then.
func (f *faults) take(action string) *fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, one := range f.list {
		if one.Times == 0 || (one.Action != "" && one.Action != action) {
			continue
		}
		if one.Times > 0 {
			one.Times--
		}
		return one
	}
	return nil
}

func (f *faults) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	one := f.take(r.URL.Query().Get("Action"))
	if one == nil {
		f.next.ServeHTTP(w, r)
		return
	}
	timer := time.NewTimer(time.Duration(one.DelayMs) * time.Millisecond)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.Context().Done():
		return
	}
	if one.Status == 0 {
		f.next.ServeHTTP(w, r)
		return
	}
	w.WriteHeader(one.Status)
	_, _ = fmt.Fprint(w, one.Body) // a caller that has gone does not want it
}

func (f *faults) put(w http.ResponseWriter, r *http.Request) {
	var one fault
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&one); err != nil {
		http.Error(w, "body: "+err.Error(), http.StatusBadRequest)
		return
	}
	if one.Status != 0 && (one.Status < 200 || one.Status > 599) || one.DelayMs < 0 {
		http.Error(w, "status is not an HTTP status, or delayMs is negative", http.StatusBadRequest)
		return
	}
	if one.Times == 0 {
		one.Times = 1
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.list = append(f.list, &one)
	w.WriteHeader(http.StatusNoContent)
}

// get lists the faults with the times they have left.
func (f *faults) get(w http.ResponseWriter, _ *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(append([]*fault{}, f.list...)) // a reader who left needs no answer
}

func (f *faults) clear(w http.ResponseWriter, _ *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.list = nil
	w.WriteHeader(http.StatusNoContent)
}
