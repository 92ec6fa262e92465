package ledgertest

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"
	"time"

	"pai-notify/shared/channel"
	"pai-notify/shared/database"
	"pai-notify/shared/ledger"
	"pai-notify/shared/seal"
)

// role is the variable that makes a test binary a child of the suite.
const role = "LEDGERTEST_ROLE"

// Main runs the tests of a package that calls [Run], or, in a process that the suite started, the child.
func Main(m *testing.M) {
	if what := os.Getenv(role); what != "" {
		if err := child(what, os.Getenv("LEDGERTEST_URL"), os.Getenv("LEDGERTEST_KEYS")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// report is what a child says in the end.
type report struct {
	Claimed map[string]int // by delivery
	Slowest time.Duration  // of its calls
}

const shared = 150 // deliveries that all processes are asked for

func child(what, url, keys string) error {
	ctx := context.Background()
	set, err := seal.ParseKeys(keys)
	if err != nil {
		return err
	}
	db, err := database.Open(ctx, url)
	if err != nil {
		return err
	}
	l := ledger.New(db, set, time.Now)
	if what == "hold" {
		got, err := l.Claim(ctx, terms(), []ledger.Entry{entry("held", "r1", "lark A")})
		if err != nil {
			return err
		}
		fmt.Println(got[0].State)
		_, err = io.Copy(io.Discard, os.Stdin) // until it is killed
		return err
	}
	r := report{Claimed: map[string]int{}}
	timed := func(call func() error) error {
		start := time.Now()
		err := call()
		r.Slowest = max(r.Slowest, time.Since(start))
		return err
	}
	for i := range shared {
		var got []ledger.Delivery
		if err := timed(func() (err error) {
			got, err = l.Claim(ctx, terms(), []ledger.Entry{entry(fmt.Sprint(i), "r1", fmt.Sprint("lark ", i%5))})
			return err
		}); err != nil {
			return err
		}
		if !mine(got[0]) {
			continue
		}
		r.Claimed[got[0].ID]++
		class := channel.Delivered
		if i%3 == 0 {
			class = channel.Unavailable // durable
		}
		if err := timed(func() error {
			a := ledger.Attempt{At: time.Now(), Outcome: channel.Outcome{Class: class}}
			_, err := l.Record(ctx, []ledger.Result{{Delivery: got[0], Attempts: []ledger.Attempt{a}}})
			return err
		}); err != nil {
			return err
		}
	}
	return json.NewEncoder(os.Stdout).Encode(r)
}

func start(t *testing.T, b *bench, what string) (*exec.Cmd, io.Reader) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), role+"="+what, "LEDGERTEST_URL="+b.url, "LEDGERTEST_KEYS="+b.keys)
	cmd.Stderr = os.Stderr
	if _, err := cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, out
}

func processes(b *bench) {
	t := b.t
	const children = 4
	commands, outs := make([]*exec.Cmd, children), make([]io.Reader, children)
	for i := range commands {
		commands[i], outs[i] = start(t, b, "work")
	}
	claims, slowest := map[string]int{}, time.Duration(0)
	for i, out := range outs {
		var r report
		if err := json.NewDecoder(out).Decode(&r); err != nil {
			t.Errorf("process %d: %v", i, err)
		}
		if err := commands[i].Wait(); err != nil {
			t.Errorf("process %d: %v", i, err)
		}
		for id, n := range r.Claimed {
			claims[id] += n
		}
		slowest = max(slowest, r.Slowest)
	}
	for i := range shared {
		if n := claims[entry(fmt.Sprint(i), "r1", "").ID()]; n != 1 {
			t.Errorf("delivery %d was claimed %d times by %d processes", i, n, children)
		}
	}
	t.Logf("slowest call of %d processes: %v", children, slowest)
}

func killed(b *bench) {
	t := b.t
	cmd, out := start(t, b, "hold")
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || line != "claimed\n" {
		t.Fatalf("the child said %q, %v", line, err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil {
		t.Fatal("the child ended by itself")
	}
	b.mu.Lock()
	b.now = time.Now()
	b.mu.Unlock()
	e := entry("held", "r1", "lark A")
	if got := b.claim(t, terms(), e); mine(got[0]) {
		t.Error("the claim of a process was not found by another")
	}
	b.pass(lease + time.Second)
	got := b.due(t, terms())
	if len(got) != 1 || string(got[0].Event) != string(e.Event) {
		t.Fatalf("after its lease: %+v, want the delivery with all it needs", got)
	}
	b.recordClass(t, got[0], channel.Delivered)
	_, tried := b.get(t, e)
	if len(tried) != 2 || tried[0].Code != "ClaimLost" || tried[1].Class != "delivered" {
		t.Errorf("attempts %+v, want the truth: one lost, one delivered", tried)
	}
}
