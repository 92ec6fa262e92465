package function

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"pai-notify/shared/clock"
)

// state is a process's in /proc: T is stopped.
func state(t *testing.T, pid int) string {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return ""
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	return rest[:1]
}

func TestAnInstanceIsFrozenBetweenInvocationsAndKeepsItsState(t *testing.T) {
	t.Parallel()
	r := start(t, nil)
	for i := range 3 {
		answer, err := r.Invoke(t.Context(), "many", do("served"))
		var got struct{ Served, PID int }
		if err != nil || json.Unmarshal(answer, &got) != nil || got.Served != i+1 {
			t.Fatalf("invocation %d: %s, %v; want it to be the process's %d", i, answer, err, i+1)
		}
		if one := r.Status()["many"].Instances[0]; one.PID != got.PID || one.State != stateFrozen || one.Invocations != i+1 {
			t.Errorf("after the answer, the instance is %+v, want it frozen", one)
		}
		for deadline := time.Now().Add(10 * time.Second); state(t, got.PID) != "T"; runtime.Gosched() {
			if time.Now().After(deadline) {
				t.Fatalf("after the answer, the process is %q, want T", state(t, got.PID))
			}
		}
	}
}

func TestAnAwakeInstanceIsNotFrozen(t *testing.T) {
	t.Parallel()
	r := start(t, func(o *Options) { o.Awake = true })
	if _, err := r.Invoke(t.Context(), "many", []byte(`{}`)); err != nil {
		t.Fatal(err)
	}
	one := r.Status()["many"].Instances[0]
	if one.State != stateIdle || state(t, one.PID) == "T" {
		t.Errorf("the instance is %+v and its process %q, want it idle and not stopped", one, state(t, one.PID))
	}
}

// fast is a clock on which an hour takes so long.
func fast(t *testing.T, hour time.Duration) clock.Clock {
	t.Helper()
	now := time.Now().Format(time.RFC3339Nano)
	c, err := clock.Parse(fmt.Sprintf("%d@%s=%s", time.Hour/hour, now, now))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAnIdleInstanceEndsOnTheClock(t *testing.T) {
	t.Parallel()
	r := start(t, func(o *Options) { o.Clock, o.Idle = fast(t, time.Second), 5*time.Minute })
	if _, err := r.Invoke(t.Context(), "many", []byte(`{}`)); err != nil {
		t.Fatal(err)
	}
	await(t, r, func(s Status) bool { return len(s["many"].Instances) == 0 })
	if _, err := r.Invoke(t.Context(), "many", []byte(`{}`)); err != nil {
		t.Errorf("afterwards: %v", err)
	}
	if got := r.Status()["many"].Starts; got != 2 {
		t.Errorf("%d starts, want 2", got)
	}
}

func TestAProcessKilledInMidInvocationFailsItAlone(t *testing.T) {
	t.Parallel()
	r, g := start(t, nil), newGate(t)
	failed := make(chan error, 1)
	go func() {
		_, err := r.Invoke(t.Context(), "many", g.call())
		failed <- err
	}()
	g.await(t)
	if got := r.pools["many"].kill(); got != 1 {
		t.Errorf("%d processes killed, want 1", got)
	}
	var dead *FunctionError
	if err := <-failed; !errors.As(err, &dead) || dead.Type != TypeExited || !strings.Contains(dead.Message, "signal: killed") {
		t.Errorf("error = %v, want %s by a signal", err, TypeExited)
	}
	if _, err := r.Invoke(t.Context(), "many", []byte(`{}`)); err != nil {
		t.Errorf("the next invocation: %v", err)
	}
}

func TestAnInstanceKilledWhileIdleCostsNoInvocation(t *testing.T) {
	t.Parallel()
	r := start(t, nil)
	for range 20 {
		if _, err := r.Invoke(t.Context(), "many", []byte(`{}`)); err != nil {
			t.Fatal(err)
		}
		r.pools["many"].kill() // and at once the next invocation: whoever notices first, it runs
	}
	if got := r.Status()["many"]; got.Errors != 0 || got.Invocations != 20 {
		t.Errorf("status = %+v, want 20 good invocations", got)
	}
}

// An update of a function lets its instances end what they do and gives them nothing more.
func TestAnInstanceOfCodeThatWasReplacedEndsItsCallAndGetsNoOther(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	for _, name := range []string{"many", "single", "stillborn", "timed"} {
		deploy(t, root, name)
	}
	r, g := start(t, func(o *Options) { o.Root = root }), newGate(t)
	served := func() (got struct{ Served, PID int }) {
		t.Helper()
		answer, err := r.Invoke(t.Context(), "many", do("served"))
		if err == nil {
			err = json.Unmarshal(answer, &got)
		}
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	old := served()
	called := make(chan string, 1)
	go func() {
		answer, err := r.Invoke(t.Context(), "many", g.call())
		called <- fmt.Sprint(string(answer), err)
	}()
	g.await(t)
	deploy(t, root, "many")
	if got := served(); got.PID == old.PID || got.Served != 1 {
		t.Errorf("after the update, process %d served call %d, want another than %d and its first", got.PID, got.Served, old.PID)
	}
	close(g.release)
	if got := <-called; got != `"released"<nil>` {
		t.Errorf("the call that was running answered %s", got)
	}
	for range 3 {
		if got := served(); got.PID == old.PID {
			t.Errorf("the replaced process %d got another call", got.PID)
		}
	}
}

// deploy puts a copy of the test function in its place at once, as make package does.
func deploy(t *testing.T, root, name string) {
	t.Helper()
	code, err := os.ReadFile(filepath.Join(built, ".build", name, "main"))
	to := filepath.Join(root, ".build", name, "main")
	if err := errors.Join(err, os.MkdirAll(filepath.Dir(to), 0o755), os.WriteFile(to+".new", code, 0o755), os.Rename(to+".new", to)); err != nil {
		t.Fatal(err)
	}
}
