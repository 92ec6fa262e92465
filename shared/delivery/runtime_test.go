package delivery

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"pai-notify/shared/channel"
	"pai-notify/shared/channel/webhook"
	"pai-notify/shared/ledger"
	"pai-notify/shared/rule"
	"pai-notify/shared/seal"
)

// runtimeStub plays Function Compute for one instance, as fc-runtime-go-sdk speaks to it: it hands out invocations one by one
// and takes their answers.
type runtimeStub struct {
	*httptest.Server
	invocations chan string
	answers     chan string // "response BODY" or "error BODY"
}

func newRuntime(t *testing.T) *runtimeStub {
	t.Helper()
	r := &runtimeStub{invocations: make(chan string), answers: make(chan string, 8)}
	n := 0
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2020-11-11/runtime/invocation/next", func(w http.ResponseWriter, req *http.Request) {
		select {
		case body := <-r.invocations:
			n++
			w.Header().Set("X-Fc-Request-Id", fmt.Sprint("request-", n))
			w.Header().Set("X-Fc-Function-Deadline", fmt.Sprint(time.Now().Add(time.Minute).UnixMilli()))
			w.Header().Set("X-Fc-Function-Timeout", "60")
			_, _ = io.WriteString(w, body)
		case <-req.Context().Done():
		}
	})
	for _, kind := range []string{"response", "error"} {
		mux.HandleFunc("POST /2020-11-11/runtime/invocation/{id}/"+kind, func(_ http.ResponseWriter, req *http.Request) {
			body, _ := io.ReadAll(req.Body)
			r.answers <- kind + " " + string(body)
		})
	}
	r.Server = httptest.NewServer(mux)
	t.Cleanup(r.Close)
	return r
}

// function starts this test binary as a delivery function of webhooks.
func function(t *testing.T, r *runtimeStub, b *bench, receiver string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = []string{
		childVariable + "=1", "FC_RUNTIME_API=" + r.Listener.Addr().String(), "DATABASE_URL=" + b.url,
		"SEAL_KEYS=" + b.keys, "ALLOW_RECEIVERS=" + receiver,
	}
	cmd.Stdout, cmd.Stderr = b.out, b.out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return cmd
}

func webhookBody(t *testing.T, b *bench, url, event string) string {
	t.Helper()
	keys, err := seal.ParseKeys(b.keys)
	if err != nil {
		t.Fatal(err)
	}
	r := rule.Rule{Name: "models", Targets: []rule.Target{{ID: "hook", Channel: "webhook", Settings: channel.Settings{"url": url}}}}
	return string(body(t, r, []channel.Spec{webhook.New(channel.Deps{Allow: []string{strings.TrimPrefix(url, "http://")}}).Spec()}, keys, event))
}

func TestAProcessKilledInMidSendLosesNothing(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	var mu sync.Mutex
	var ids []string
	arrived, hold := make(chan struct{}, 8), make(chan struct{})
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		ids = append(ids, r.Header.Get("Webhook-Id"))
		first := len(ids) == 1
		mu.Unlock()
		arrived <- struct{}{}
		if first {
			select {
			case <-hold:
			case <-r.Context().Done():
			}
		}
	}))
	defer receiver.Close()
	defer close(hold)
	address := strings.TrimPrefix(receiver.URL, "http://")
	event := webhookBody(t, b, receiver.URL, "e1")

	first := newRuntime(t)
	doomed := function(t, first, b, address)
	first.invocations <- event
	<-arrived
	if err := doomed.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = doomed.Wait() // it was killed
	d, tried := b.only(t)
	if d.State != ledger.Claimed || len(tried) != 0 {
		t.Fatalf("after the kill the ledger has %s and %d attempts", d.State, len(tried))
	}

	second := newRuntime(t)
	function(t, second, b, address)
	second.invocations <- event // EventBridge delivers again: at once the claim still stands, later it does not
	if got := <-second.answers; got != `response {"claimed":1}` {
		t.Errorf("redelivered during the lease: %s", got)
	}
	wait, cancel := context.WithDeadline(t.Context(), d.Due)
	defer cancel()
	<-wait.Done()
	second.invocations <- event
	if got := <-second.answers; got != `response {"delivered":1}` {
		t.Errorf("redelivered after the lease: %s", got)
	}
	d, tried = b.only(t)
	if d.State != ledger.Delivered || len(tried) != 2 || tried[0].Code != "ClaimLost" || tried[1].Class != "delivered" {
		t.Errorf("the ledger has %s with attempts %+v, want one lost and one delivered", d.State, tried)
	}
	if len(ids) != 2 || ids[0] != ids[1] || !strings.Contains(ids[0], d.ID) {
		t.Errorf("the receiver saw ids %v, want the delivery's twice", ids)
	}
}

func TestAFunctionAnswersItsRuntime(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	receiver := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer receiver.Close()
	r := newRuntime(t)
	start := time.Now()
	function(t, r, b, strings.TrimPrefix(receiver.URL, "http://"))
	r.invocations <- webhookBody(t, b, receiver.URL, "e1")
	if got := <-r.answers; got != `response {"delivered":1}` {
		t.Errorf("an event: %s\n%s", got, b.out)
	}
	t.Logf("from start to first answer: %v", time.Since(start))
	for body, want := range map[string]string{
		"":                `response {"dead":1}`,
		"\xff":            `response {"dead":1}`,
		string(timerBody): `response {}`,
	} {
		r.invocations <- body
		if got := <-r.answers; got != want {
			t.Errorf("%q: %s, want %s", body, got, want)
		}
	}
	fresh := newRuntime(t)
	b.url = "sqlite:" + t.TempDir() + "/fresh.db"
	function(t, fresh, b, strings.TrimPrefix(receiver.URL, "http://"))
	fresh.invocations <- webhookBody(t, b, receiver.URL, "e1")
	if got := <-fresh.answers; !strings.HasPrefix(got, "error ") || !strings.Contains(got, `"errorType":"OperationError"`) || !strings.Contains(got, "run the set-up") {
		t.Errorf("without a schema: %s", got)
	}
}
