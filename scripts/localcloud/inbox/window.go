package inbox

import (
	"sync"
	"time"
)

// window counts the calls of each caller over a sliding span, as the robots' platforms do.
type window struct {
	span  time.Duration
	limit int
	block time.Duration // how long a caller over the limit is refused altogether; 0: until the window has room

	mu      sync.Mutex
	calls   map[string][]time.Time
	blocked map[string]time.Time
}

func newWindow(limit int, span, block time.Duration) *window {
	return &window{span: span, limit: limit, block: block, calls: map[string][]time.Time{}, blocked: map[string]time.Time{}}
}

// full is whether a caller has no call left.
func (w *window) full(caller string, now time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if now.Before(w.blocked[caller]) {
		return true
	}
	calls := w.calls[caller]
	for len(calls) > 0 && now.Sub(calls[0]) >= w.span {
		calls = calls[1:]
	}
	w.calls[caller] = calls
	if len(calls) < w.limit {
		return false
	}
	if w.block > 0 {
		w.blocked[caller] = now.Add(w.block)
	}
	return true
}

// take counts a call.
func (w *window) take(caller string, now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls[caller] = append(w.calls[caller], now)
}
