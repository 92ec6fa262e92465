package function

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestATimerFiresOnTheClockWithItsEvent(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	close(g.release)
	r := start(t, func(o *Options) {
		o.Clock = fast(t, time.Second)
		o.Local = map[string]string{"TOLD": g.URL}
	})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	began := r.options.Clock.Now()
	go func() { ended <- r.RunTimers(ctx) }()
	var last time.Time
	for range 3 {
		text, err := url.QueryUnescape(g.await(t))
		if err != nil {
			t.Fatal(err)
		}
		var event struct{ TriggerTime, TriggerName, Payload string }
		if err := json.Unmarshal([]byte(text), &event); err != nil {
			t.Fatalf("event %q: %v", text, err)
		}
		if event.TriggerName != "every" || event.Payload != "every minute" {
			t.Errorf("event = %+v", event)
		}
		at, err := time.Parse("2006-01-02T15:04:05Z", event.TriggerTime)
		if err != nil || at.Before(began.Add(58*time.Second)) || at.Sub(last) < time.Minute {
			t.Errorf("fired for %s after %s, began %s (%v); want a minute or more between", event.TriggerTime, last, began, err)
		}
		last = at
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("RunTimers = %v", err)
	}
}

func TestATimerWhoseFunctionStillRunsDoesNotPileUp(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	r := start(t, func(o *Options) {
		o.Clock = fast(t, 100*time.Millisecond)
		o.Local = map[string]string{"TOLD": g.URL}
	})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.RunTimers(ctx) }()
	g.await(t)
	began := r.options.Clock.Now()
	if err := r.options.Clock.Sleep(ctx, time.Hour); err != nil { // sixty times to fire pass on the clock
		t.Fatal(err)
	}
	if got := len(g.arrived); got != 0 {
		t.Errorf("%d more invocations while the first still runs", got)
	}
	close(g.release)
	text, err := url.QueryUnescape(g.await(t))
	if err != nil {
		t.Fatal(err)
	}
	var event struct{ TriggerTime time.Time }
	if err := json.Unmarshal([]byte(text), &event); err != nil || event.TriggerTime.Before(began.Add(58*time.Minute)) {
		t.Errorf("then it fired for %s (%v), want the last time missed, after %s", event.TriggerTime, err, began.Add(time.Hour))
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("RunTimers = %v", err)
	}
}

func TestATimerCanBeFiredWithoutWaitingForItsTime(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	close(g.release)
	r := start(t, func(o *Options) { o.Local = map[string]string{"TOLD": g.URL} })
	for function, want := range map[string]int{"timed": http.StatusNoContent, "many": http.StatusNotFound, "nobody": http.StatusNotFound} {
		w := httptest.NewRecorder()
		r.ServeTimers(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/?function="+function, http.NoBody))
		if w.Code != want {
			t.Errorf("timers of %s: %d %s, want %d", function, w.Code, w.Body, want)
		}
	}
	text, err := url.QueryUnescape(g.await(t))
	if err != nil || !strings.Contains(text, `"triggerName":"every"`) || len(g.arrived) != 0 {
		t.Errorf("the function was invoked with %s (%v) and %d times more, want its timer's event alone", text, err, len(g.arrived))
	}
}
