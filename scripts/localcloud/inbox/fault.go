package inbox

import (
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
	Times    int               `json:"times"`   // 0: once; -1: until cleared
}

// AddFault makes the next calls that fit answer so. Earlier faults go first.
func (b *Inbox) AddFault(f Fault) error {
	if _, known := b.receivers[f.Receiver]; f.Receiver != "" && !known {
		return fmt.Errorf("receiver: %q is none of dingtalk, wecom, lark, webhook", f.Receiver)
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

// fault is the first fault that fits a request; it has one time less then.
func (b *Inbox) fault(name string, r *http.Request) *Fault {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, f := range b.faults {
		if f.Times == 0 || (f.Receiver != "" && f.Receiver != name) || !strings.Contains(r.RequestURI, f.Path) {
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
	if f.Body == "" && f.Code != "" {
		said = from.fault(status, f.Code)
	}
	if said.code == "" {
		said.code = fmt.Sprint(status)
	}
	said.headers = f.Headers
	return said
}

func (f *Fault) serve(w http.ResponseWriter, r *http.Request, said answer) {
	if f.DelayMs > 0 {
		timer := time.NewTimer(time.Duration(f.DelayMs) * time.Millisecond)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-r.Context().Done():
			return
		}
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
