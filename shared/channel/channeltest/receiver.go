package channeltest

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// watch is a client that counts requests and the bodies of answers that were left open.
type watch struct {
	next smithyhttp.ClientDo
	sent atomic.Int64
	open atomic.Int64
}

func (w *watch) Do(req *http.Request) (*http.Response, error) {
	w.sent.Add(1)
	resp, err := w.next.Do(req)
	if err != nil {
		return nil, err
	}
	w.open.Add(1)
	resp.Body = &watched{ReadCloser: resp.Body, closed: func() { w.open.Add(-1) }}
	return resp, nil
}

type watched struct {
	io.ReadCloser
	closed func()
	once   sync.Once
}

func (w *watched) Close() error {
	w.once.Do(w.closed)
	return w.ReadCloser.Close()
}

// recorder is a receiver without a network that keeps what it got.
type recorder struct {
	status   int
	answer   string
	mu       sync.Mutex
	requests []*http.Request
	bodies   [][]byte
}

func (r *recorder) Do(req *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests, r.bodies = append(r.requests, req), append(r.bodies, body)
	return response(r.status, r.answer), nil
}

func response(status int, body string) *http.Response {
	return &http.Response{
		StatusCode: status, Header: http.Header{}, ContentLength: int64(len(body)),
		Body: io.NopCloser(strings.NewReader(body)),
	}
}

// deadline is a context whose time is up when the test says so.
type deadline struct {
	context.Context
	done chan struct{}
	once sync.Once
}

func newDeadline(t *testing.T) *deadline {
	t.Helper()
	d := &deadline{Context: t.Context(), done: make(chan struct{})}
	t.Cleanup(d.reach)
	return d
}

func (d *deadline) reach()                { d.once.Do(func() { close(d.done) }) }
func (d *deadline) Done() <-chan struct{} { return d.done }

func (d *deadline) Err() error {
	select {
	case <-d.done:
		return context.DeadlineExceeded
	default:
		return nil
	}
}

// dialer is a client whose connections are made by dial.
func dialer(dial func(ctx context.Context, network, address string) (net.Conn, error)) smithyhttp.ClientDo {
	return &http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}}
}

// cut is a client whose connection breaks before it says that the request was written.
type cut struct{}

func (cut) Do(r *http.Request) (*http.Response, error) {
	trace := httptrace.ContextClientTrace(r.Context())
	trace.GetConn(r.URL.Host)
	trace.GotConn(httptrace.GotConnInfo{})
	return nil, &net.OpError{Op: "write", Net: "tcp", Err: syscall.EPIPE}
}

// reset cuts the connection of an answer under way, so that the client sees a reset rather than an end.
func reset(t *testing.T, w http.ResponseWriter, first string) {
	t.Helper()
	conn, buffer, err := http.NewResponseController(w).Hijack()
	if err != nil {
		t.Errorf("hijack: %v", err)
		return
	}
	if _, err := buffer.WriteString(first); err != nil {
		t.Errorf("write: %v", err)
	}
	if err := buffer.Flush(); err != nil {
		t.Errorf("flush: %v", err)
	}
	if tcp, ok := conn.(*net.TCPConn); ok && first == "" {
		if err := tcp.SetLinger(0); err != nil {
			t.Errorf("linger: %v", err)
		}
	}
	if err := conn.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
}
