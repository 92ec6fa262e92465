package database_test

import (
	"io"
	"net"
	"sync"
	"testing"
)

// pipe is a way to a server on which old connections can be cut off.
type pipe struct {
	net.Listener
	mu    sync.Mutex
	alive chan struct{} // closed when what there is of connections is cut off
}

func newPipe(t *testing.T, to string) *pipe {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &pipe{Listener: l, alive: make(chan struct{})}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", to)
			if err != nil {
				_ = near.Close()
				continue
			}
			t.Cleanup(func() { _, _ = near.Close(), far.Close() })
			p.mu.Lock()
			alive := p.alive
			p.mu.Unlock()
			go carry(far, near, alive)
			go carry(near, far, alive)
		}
	}()
	return p
}

// carry takes bytes over until the pipe is cut, then swallows them.
func carry(to io.Writer, from io.Reader, alive <-chan struct{}) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		select {
		case <-alive:
			continue
		default:
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}

func (p *pipe) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	close(p.alive)
	p.alive = make(chan struct{})
}
