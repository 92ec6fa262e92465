package inbox

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"
)

// Fault makes a receiver answer otherwise than it would.
type Fault struct {
	Receiver string            `json:"receiver"` // empty: any
	Path     string            `json:"path"`     // what the path with its query must begin with or contain; empty: any
	Status   int               `json:"status"`   // HTTP status; 0: 200
	Code     string            `json:"code"`     // answered in the receiver's own form
	Headers  map[string]string `json:"headers"`
	Body     string            `json:"body"`    // answered as it is; wins over Code
	DelayMs  int               `json:"delayMs"` // of the machine's time, before anything is answered
	Reset    bool              `json:"reset"`   // break the connection: at once, or in the middle of Body where there is one
	Taken    bool              `json:"taken"`   // the message is taken first; with nothing but DelayMs it is answered as ever, late
	Times    int               `json:"times"`   // 0: once; -1: until cleared
}

// AddFault makes the next calls that fit answer so. Earlier faults go first.
func (b *Inbox) AddFault(f Fault) error {
	if f.Receiver != "" && !b.knows(f.Receiver) {
		return fmt.Errorf("receiver: %q is none of %s", f.Receiver, strings.Join(b.names(), ", "))
	}
	if f.Status != 0 && (f.Status < 200 || f.Status > 599) {
		return fmt.Errorf("status: %d is not an HTTP status between 200 and 599", f.Status)
	}
	if f.DelayMs < 0 || f.DelayMs > 600_000 {
		return fmt.Errorf("delayMs: %d is not between 0 and 600000", f.DelayMs)
	}
	if f.Times == 0 {
		f.Times = 1
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.faults = append(b.faults, &f)
	return nil
}

// ClearFaults makes all receivers answer as they would.
func (b *Inbox) ClearFaults() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.faults = nil
}

func (b *Inbox) putFault(w http.ResponseWriter, r *http.Request) {
	var f Fault
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&f); err != nil {
		http.Error(w, "body: "+err.Error(), http.StatusBadRequest)
		return
	}
	if err := b.AddFault(f); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// Fault is the first fault that fits a message for a receiver, nil if none does; it has one time less then.
func (b *Inbox) Fault(name, path string) *Fault {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, f := range b.faults {
		if f.Times == 0 || (f.Receiver != "" && f.Receiver != name) || !strings.Contains(path, f.Path) {
			continue
		}
		if f.Times > 0 {
			f.Times--
		}
		return f
	}
	return nil
}

func (f *Fault) answer(from receiver) answer {
	status := f.Status
	if status == 0 {
		status = http.StatusOK
	}
	said := answer{status: status, code: f.Code, body: f.Body}
	if f.Body == "" && f.Code != "" && from != nil {
		said = from.fault(status, f.Code)
	}
	if said.code == "" {
		said.code = fmt.Sprint(status)
	}
	said.headers = f.Headers
	return said
}

// Late is whether the fault is a delay and nothing else, of a message that is taken.
func (f *Fault) Late() bool {
	return f.Taken && f.Status == 0 && f.Code == "" && f.Body == "" && !f.Reset
}

// Wait waits for the fault's delay; it reports false if ctx ended first.
func (f *Fault) Wait(ctx context.Context) bool {
	timer := time.NewTimer(time.Duration(f.DelayMs) * time.Millisecond)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// Serve answers as the fault says; body stands for Code in the form of the service that answers.
func (f *Fault) Serve(w http.ResponseWriter, r *http.Request, body string) {
	said := f.answer(nil)
	if said.body == "" {
		said.body = body
	}
	f.serve(w, r, said)
}

func (f *Fault) serve(w http.ResponseWriter, r *http.Request, said answer) {
	if !f.Wait(r.Context()) {
		return
	}
	if !f.Reset {
		said.serve(w)
		return
	}
	if said.body != "" {
		w.Header().Set("Content-Length", fmt.Sprint(2*len(said.body)))
		said.serve(w)
	}
	hijacker, ok := w.(http.Hijacker)
	if !ok {
		panic(http.ErrAbortHandler)
	}
	conn, buffered, err := hijacker.Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	_ = buffered.Flush() // the peer sees the half body, or at least the end
	if tcp, ok := conn.(*net.TCPConn); ok && said.body == "" {
		_ = tcp.SetLinger(0) // a reset rather than an orderly end
	}
	_ = conn.Close()
}
