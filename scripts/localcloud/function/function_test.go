package function

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// built is where the test function was built, laid out as make package lays out the project's.
var built string

func TestAFunctionGetsItsPayloadAndItsAnswerComesBack(t *testing.T) {
	t.Parallel()
	r := start(t, nil)
	for _, name := range []string{"many", "test-many"} {
		got, err := r.Invoke(t.Context(), name, []byte(`{"a":  1}`))
		if err != nil || string(got) != `{"a":1}` { // the SDK marshals the answer again
			t.Errorf("Invoke(%s) = %s, %v", name, got, err)
		}
	}
	status := r.Status()["many"]
	if status.Invocations != 2 || status.Errors != 0 || status.Starts != 1 {
		t.Errorf("status = %+v, want 2 invocations of 1 instance", status)
	}
	t.Logf("from the process's start to its first question: %d ms", status.StartMillis)
}

func TestAnInvocationKnowsWhoseItIs(t *testing.T) {
	t.Parallel()
	r := start(t, nil)
	before := time.Now().Unix()
	answer, err := r.Invoke(t.Context(), "many", do("context"))
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		ID, Key, Token, Name, Memory, Region, Account string
		Timeout                                       int
		Deadline                                      int64
	}
	if err := json.Unmarshal(answer, &got); err != nil {
		t.Fatal(err)
	}
	if got.Key != "LTAI-local" || got.Token != "local-token" || got.Name != "test-many" || got.Memory != "512" ||
		got.Region != "cn-hangzhou" || got.Account != "1234567890123456" || got.Timeout != 60 || got.ID == "" {
		t.Errorf("context = %+v", got)
	}
	if left := got.Deadline - before; left < 55 || left > 65 {
		t.Errorf("the deadline is %d s away, want the time-out of 60 s", left)
	}
	if answer, err = r.Invoke(t.Context(), "single", do("context")); err != nil || strings.Contains(string(answer), "LTAI") {
		t.Errorf("a function without a role got %s, %v; want no credentials", answer, err)
	}
}

func TestAnInstanceHasTheBlocksEnvironmentAndNothingOfThisMachines(t *testing.T) {
	t.Setenv("HOME_OF_THE_DEVELOPER", "x") // not parallel: it changes the environment
	r := start(t, func(o *Options) {
		o.Environment = map[string]string{"SECRET": "replaced", "UNDECLARED": "x"}
		o.Local = map[string]string{"CLOCK": "60@…"}
	})
	answer, err := r.Invoke(t.Context(), "many", do("environment"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	if err := json.Unmarshal(answer, &got); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"SECRET=replaced", "CLOCK=60@…", "FC_FUNCTION_NAME=test-many", "FC_REGION=cn-hangzhou", "FC_ACCOUNT_ID=1234567890123456",
		"ALIBABA_CLOUD_ACCESS_KEY_ID=LTAI-local", "FC_FUNCTION_MEMORY_SIZE=512", "FC_FUNCTION_HANDLER=main",
	} {
		if !slices.Contains(got, want) {
			t.Errorf("the environment lacks %s: %q", want, got)
		}
	}
	for _, variable := range got {
		if strings.HasPrefix(variable, "UNDECLARED=") || strings.HasPrefix(variable, "HOME_OF") {
			t.Errorf("the environment has %s, which no block declares", variable)
		}
	}
}

func TestEveryFailureIsAFunctionError(t *testing.T) {
	t.Parallel()
	r := start(t, nil)
	for _, row := range []struct{ function, payload, kind, text string }{
		{"many", `{"do":"error"}`, "refusedError", "no such luck"},
		{"many", `{"do":"panic"}`, "string", "oh no"},
		{"many", `not JSON`, "", "invalid character"},
		{"many", ``, "", "unexpected end of JSON"},
		{"many", `{"do":"exit"}`, TypeExited, "exited during the invocation (exit status 3)"},
		{"many", `{"do":"big"}`, TypeTooLarge, "the response exceeds 33554432 bytes"},
		{"single", `{"do":"hang"}`, TypeTimedOut, "function test-single timed out after 1 seconds"},
		{"stillborn", `{}`, TypeExited, "exited before it asked for an invocation (exit status 2)"},
	} {
		_, err := r.Invoke(t.Context(), row.function, []byte(row.payload))
		var failed *FunctionError
		if !errors.As(err, &failed) {
			t.Errorf("%s of %s: error = %v, want a FunctionError", row.payload, row.function, err)
			continue
		}
		if row.kind != "" && failed.Type != row.kind || !strings.Contains(failed.Message, row.text) || failed.RequestID == "" {
			t.Errorf("%s of %s: %+v, want type %q and %q", row.payload, row.function, failed, row.kind, row.text)
		}
	}
	// All of that, and the functions still work: a panic even leaves the process as it was.
	for _, name := range []string{"many", "single"} {
		if got, err := r.Invoke(t.Context(), name, []byte(`{}`)); err != nil || string(got) != "{}" {
			t.Errorf("afterwards, Invoke(%s) = %s, %v", name, got, err)
		}
	}
	if status := r.Status(); status["many"].Errors != 6 || status["single"].Errors != 1 || status["stillborn"].Errors != 1 {
		t.Errorf("errors counted: %+v", status)
	}
}

func TestWhatIsNotRunIsRefusedInThePlatformsWords(t *testing.T) {
	t.Parallel()
	r := start(t, nil)
	for _, row := range []struct {
		function string
		size     int
		code     string
	}{{"nobody", 2, "FunctionNotFound"}, {"", 2, "FunctionNotFound"}, {"many", maxPayload + 1, "InvalidArgument"}} {
		_, err := r.Invoke(t.Context(), row.function, make([]byte, row.size))
		var refused *PlatformError
		if !errors.As(err, &refused) || refused.Code != row.code {
			t.Errorf("Invoke(%q, %d bytes): %v, want %s", row.function, row.size, err, row.code)
		}
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	var refused *PlatformError
	if _, err := r.Invoke(t.Context(), "many", nil); !errors.As(err, &refused) || refused.Code != "ServiceUnavailable" {
		t.Errorf("after Close: %v, want ServiceUnavailable", err)
	}
}

func TestOneInstanceRunsOneInvocationAtATimeUpToTheCap(t *testing.T) {
	t.Parallel()
	r, g := start(t, func(o *Options) { o.Wait = time.Minute }), newGate(t)
	var group sync.WaitGroup
	for range 5 {
		group.Go(func() {
			if got, err := r.Invoke(t.Context(), "many", g.call()); err != nil || string(got) != `"released"` {
				t.Errorf("Invoke = %s, %v", got, err)
			}
		})
	}
	for range 3 {
		g.await(t)
	}
	await(t, r, func(s Status) bool { return s["many"].Waiting == 2 && len(s["many"].Instances) == 3 })
	if len(g.arrived) > 0 {
		t.Error("more invocations run than there may be instances")
	}
	close(g.release)
	group.Wait()
	if got := r.Status()["many"]; got.Starts != 3 || got.Invocations != 5 || got.Waiting != 0 {
		t.Errorf("status = %+v, want 5 invocations by 3 instances", got)
	}
}

func TestAnInvocationThatWaitsTooLongIsThrottled(t *testing.T) {
	t.Parallel()
	r := start(t, func(o *Options) { o.Wait, o.Cap = time.Millisecond, 1 })
	g := newGate(t)
	first := make(chan error, 1)
	go func() {
		_, err := r.Invoke(t.Context(), "many", g.call())
		first <- err
	}()
	g.await(t)
	_, err := r.Invoke(t.Context(), "many", []byte(`{}`))
	var refused *PlatformError
	if !errors.As(err, &refused) || refused.Status != http.StatusTooManyRequests || refused.Code != "ResourceExhausted" {
		t.Errorf("the second invocation: %v, want 429 ResourceExhausted", err)
	}
	close(g.release)
	if err := <-first; err != nil {
		t.Errorf("the first invocation: %v", err)
	}
	if got := r.Status()["many"].Throttled; got != 1 {
		t.Errorf("throttled = %d, want 1", got)
	}
}

func TestACallerWhoLeavesDoesNotStopTheFunction(t *testing.T) {
	t.Parallel()
	r, g := start(t, nil), newGate(t)
	ctx, cancel := context.WithCancel(t.Context())
	left := make(chan error, 1)
	go func() {
		_, err := r.Invoke(ctx, "many", g.call())
		left <- err
	}()
	g.await(t)
	cancel()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("Invoke = %v, want the context's error", err)
	}
	close(g.release)
	await(t, r, func(s Status) bool { return s["many"].Invocations == 1 && s["many"].Errors == 0 })
}

func TestTheTemplatesFolderMayBeRelative(t *testing.T) {
	t.Parallel()
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	relative, err := filepath.Rel(here, built)
	if err != nil {
		t.Fatal(err)
	}
	r := start(t, func(o *Options) { o.Root = relative })
	if _, err := r.Invoke(t.Context(), "many", []byte(`{}`)); err != nil {
		t.Error(err)
	}
}

func TestStartNamesEveryBinaryThatIsMissing(t *testing.T) {
	t.Parallel()
	read, err := template()
	if err != nil {
		t.Fatal(err)
	}
	_, err = Start(Options{Template: read, Root: t.TempDir()})
	if err == nil || strings.Count(err.Error(), "make package builds it") != 4 {
		t.Errorf("error = %v, want all four binaries named", err)
	}
}

func TestStatusIsServedAsJSON(t *testing.T) {
	t.Parallel()
	r := start(t, nil)
	if _, err := r.Invoke(t.Context(), "many", []byte(`{}`)); err != nil {
		t.Fatal(err)
	}
	recorder := httptest.NewRecorder()
	r.ServeStatus(recorder, nil)
	var got map[string]struct {
		Invocations int
		Instances   []struct {
			PID   int
			State string
		}
	}
	if err := json.Unmarshal(recorder.Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if many := got["many"]; many.Invocations != 1 || len(many.Instances) != 1 || many.Instances[0].State != stateFrozen {
		t.Errorf("status = %s", recorder.Body)
	}
}
