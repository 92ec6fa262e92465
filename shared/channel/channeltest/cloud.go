package channeltest

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"pai-notify/shared/channel"
)

// Gateway plays an API of Alibaba Cloud for a test: it checks every request as [Signed] does and answers by answer.
type Gateway struct {
	URL string

	mu    sync.Mutex
	calls []url.Values
}

// NewGateway starts a gateway, which ends with the test. secrets must not stand in any URL or header.
func NewGateway(t *testing.T, answer func(form url.Values) (status int, body string), secrets ...string) *Gateway {
	t.Helper()
	g := &Gateway{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		form, err := Signed(r, secrets...)
		if err != nil {
			t.Errorf("request to the gateway: %v", err)
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		g.mu.Lock()
		g.calls = append(g.calls, form)
		g.mu.Unlock()
		status, body := answer(form)
		w.WriteHeader(status)
		if _, err := w.Write([]byte(body)); err != nil {
			t.Errorf("answer: %v", err)
		}
	}))
	t.Cleanup(server.Close)
	g.URL = server.URL
	return g
}

// Calls are the parameters of the requests so far.
func (g *Gateway) Calls() []url.Values {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]url.Values(nil), g.calls...)
}

// Deps are those of a channel whose API is at the gateway.
func (g *Gateway) Deps() channel.Deps {
	return channel.Deps{Now: At, Cloud: channel.NewCloud("cn-hangzhou", g.URL, Keys)}
}

// Busy sends 64 messages at once, to a service that answers some, keeps others waiting until their time is up, and cuts
// the rest off. Once time is up calls come back at once: the first within 0.1 s, and the last of 64 when the processors
// have got round to it, which is logged. No error may show a secret, and no goroutine may be left over. It is no parallel
// test, since others' goroutines would be counted.
func Busy(t *testing.T, newChannel func(channel.Deps) channel.Channel, s Samples) {
	t.Helper()
	before := goleak.IgnoreCurrent()
	c := suite{newChannel, s}
	key := Key()
	c.Secrets = append(c.Secrets, key.AccessKeyID, key.AccessKeySecret, key.SecurityToken)
	const senders = 64
	waiting, back := make(chan struct{}, senders), make(chan struct{}, senders)
	var n sync.Map
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		form, err := Signed(r, s.Secrets...)
		if err != nil {
			t.Errorf("request: %v", err)
			return
		}
		if _, twice := n.LoadOrStore(form.Get("SignatureNonce"), true); twice {
			t.Errorf("two requests have one nonce")
		}
		switch strings.Count(form.Get("SignatureNonce"), "a") % 3 {
		case 0:
			if _, err := w.Write([]byte(s.Accepted)); err != nil {
				t.Errorf("answer: %v", err)
			}
		case 1:
			waiting <- struct{}{}
			<-r.Context().Done()
		default:
			reset(t, w, "")
		}
	}))
	host := strings.TrimPrefix(server.URL, "http://")
	client := channel.Client(nil, []string{host})
	ch := newChannel(channel.Deps{Now: At, Cloud: channel.Cloud{
		Region: "cn-hangzhou", Endpoint: server.URL, Credentials: Keys, Client: client,
	}})
	ctx, cancel := context.WithCancel(t.Context())
	var ended time.Time
	var late []time.Duration
	var wait sync.WaitGroup
	var mu sync.Mutex
	outcomes := map[channel.Class]int{}
	for i := range senders {
		wait.Go(func() {
			m := Message()
			m.ID = fmt.Sprintf("pai-%d", i)
			_, err := ch.Send(ctx, s.Settings(server.URL), m)
			at := time.Now()
			got := c.fine(t, err)
			mu.Lock()
			defer mu.Unlock()
			outcomes[got.Class]++
			back <- struct{}{}
			if !ended.IsZero() {
				late = append(late, at.Sub(ended))
			}
		})
	}
	for range senders { // every call is answered, cut off, or waits for its answer
		select {
		case <-waiting:
		case <-back:
		}
	}
	mu.Lock()
	ended = time.Now()
	mu.Unlock()
	cancel()
	wait.Wait()
	if len(late) == 0 || slices.Min(late) > 100*time.Millisecond || slices.Max(late) > 5*time.Second {
		t.Errorf("calls came back %v after their time was up", late)
	} else {
		t.Logf("%d calls came back %s to %s after their time was up", len(late), slices.Min(late), slices.Max(late))
	}
	if outcomes[channel.Delivered] == 0 || outcomes[channel.Uncertain] == 0 || len(outcomes) != 2 {
		t.Errorf("outcomes are %v, want some delivered and the others uncertain", outcomes)
	}
	if idle, ok := client.(interface{ CloseIdleConnections() }); ok {
		idle.CloseIdleConnections()
	}
	server.Close()
	goleak.VerifyNone(t, before)
}

// Wire tells the parameters of a call in the order of their names, one a line, without those that differ every time:
// for golden files.
func Wire(form url.Values) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(form)) {
		switch name {
		case "Signature", "SignatureNonce", "Timestamp":
			continue
		}
		fmt.Fprintf(&b, "%s: %s\n", name, form.Get(name))
	}
	return b.String()
}

// GoldenCalls compares the calls that channels make for messages with testdata/<name>.call.golden. With update it writes
// the files.
func GoldenCalls(
	t *testing.T, newChannel func(channel.Deps) channel.Channel, update bool, accepted string, cases map[string]Case,
) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(cases)) {
		t.Run(name, func(t *testing.T) {
			g := NewGateway(t, func(url.Values) (int, string) { return http.StatusOK, accepted }, cases[name].To[channel.To])
			if _, err := newChannel(g.Deps()).Send(t.Context(), cases[name].To, cases[name].Message); err != nil {
				t.Fatalf("Send: %v", err)
			}
			calls := g.Calls()
			if len(calls) != 1 {
				t.Fatalf("one Send made %d calls", len(calls))
			}
			golden(t, name+".call", update, []byte(Wire(calls[0])))
		})
	}
}
