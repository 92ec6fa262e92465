package main

import (
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pai-notify/scripts/bench/load"
	"pai-notify/shared/database"
	"pai-notify/shared/database/databasetest"
	"pai-notify/shared/database/migrate"
	"pai-notify/shared/seal"
)

// newTestBench has the packaged functions and the two senders, as measure makes it.
func newTestBench(t *testing.T) *bench {
	t.Helper()
	folder := t.TempDir()
	b := &bench{folder: folder, sender: filepath.Join(folder, "sender"), nothing: filepath.Join(folder, "nothing"),
		settings: settings{time: 300 * time.Millisecond, destinations: 2000, root: "../../.build"}}
	for path, name := range map[string]string{b.sender: "sender", b.nothing: "nothing"} {
		if err := build(t.Context(), "../..", path, "./scripts/bench/"+name); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

func (b *bench) mustRun(t *testing.T, c benchCase) figures {
	t.Helper()
	f, err := b.run(t.Context(), c)
	if err != nil {
		t.Fatalf("%s: %v", c, err)
	}
	if f.PerSecond <= 0 || f.PerCPUSecond <= 0 || f.RSS < 1 {
		t.Errorf("%s measured %v a second, %v a CPU second, %v MB", c, f.PerSecond, f.PerCPUSecond, f.RSS)
	}
	return f
}

func TestTheHarnessMeasuresRealSenders(t *testing.T) {
	b := newTestBench(t) // alone: others of this package would share the sender's core
	binary, err := binaryOf(b.root, "webhook")
	if err != nil {
		t.Fatal(err)
	}
	idle := b.mustRun(t, benchCase{Sender: nothing, Group: 1, Instances: 1})
	one := b.mustRun(t, benchCase{Sender: "webhook", Database: "sqlite", Group: 1, Instances: 2, binary: binary})
	list := b.mustRun(t, benchCase{Sender: "webhook", Database: "sqlite", Group: 16, Instances: 1, binary: binary})
	b.mustRun(t, benchCase{Sender: inside + "dingtalk", Database: "sqlite", Group: 4, Instances: 1})
	b.mustRun(t, benchCase{Sender: post, Group: 1, Instances: 1})
	if one.PerCPUSecond >= idle.PerCPUSecond {
		t.Errorf("a function that delivers does %.0f a CPU second, one that does nothing %.0f", one.PerCPUSecond, idle.PerCPUSecond)
	}
	if one.Start <= 0 || one.Half <= 0 && one.Notes == "" || list.Group != 16 {
		t.Errorf("a function that delivers: %+v, in lists: %+v", one, list)
	}
}

func TestASenderThatLosesMessagesIsNoResult(t *testing.T) {
	t.Parallel()
	r, err := newReceiver()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.server.Close() }()
	text, err := seal.NewKey(strings.NewReader(strings.Repeat("k", 64)))
	if err != nil {
		t.Fatal(err)
	}
	keys, err := seal.ParseKeys(text)
	if err != nil {
		t.Fatal(err)
	}
	source, err := load.New("lark", r.address, keys, 3, 2, 0)
	if err != nil {
		t.Fatal(err)
	}
	e := &events{source: source, receiver: r}
	call := e.make(time.Now())
	if e.missing() != 2 {
		t.Errorf("%d of 2 events are missing before they were sent", e.missing())
	}
	name := string(call.body)[strings.LastIndex(string(call.body), load.Mark):][:len(load.Mark)+7]
	for range 2 {
		resp, err := http.Post("http://"+r.address+"/open-apis/bot/v2/hook/x", "application/json", strings.NewReader(name))
		if err != nil {
			t.Fatal(err)
		}
		said, err := io.ReadAll(resp.Body)
		if err != nil || !strings.Contains(string(said), `"code":0`) {
			t.Errorf("the receiver says %q, %v", said, err)
		}
		if err := resp.Body.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if took := e.took(0); e.missing() != 1 || r.twice.Load() != 1 || len(took) != 1 || took[0] <= 0 {
		t.Errorf("%d missing, %d twice, took %v; want 1, 1 and one time", e.missing(), r.twice.Load(), took)
	}
}

func TestAnyCommandCanBeTheSender(t *testing.T) {
	t.Parallel()
	b := &bench{folder: t.TempDir(), settings: settings{runs: 1, count: 20, out: filepath.Join(t.TempDir(), "out.json")}}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	b.settings.sender = self + " -test.run '^$' -send"
	if err := b.yours(t.Context()); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(b.out)
	if err != nil || !strings.Contains(string(text), custom) {
		t.Errorf("the figures are %.200q, %v", text, err)
	}
	b.settings.sender = "exit 3"
	if err := b.yours(t.Context()); err == nil || !strings.Contains(err.Error(), "0 of 20") {
		t.Errorf("a command that sends nothing: %v", err)
	}
}

// TestMain is the sender of the test above where it is called so.
func TestMain(m *testing.M) {
	if os.Args[len(os.Args)-1] == "-send" {
		for {
			request, err := http.NewRequestWithContext(context.Background(), http.MethodPost, os.Getenv("RECEIVER"), http.NoBody)
			if err != nil {
				os.Exit(1)
			}
			resp, err := http.DefaultClient.Do(request)
			if err != nil {
				os.Exit(1)
			}
			_ = resp.Body.Close() // it was not read
		}
	}
	os.Exit(m.Run())
}

func TestMediansAndSlopes(t *testing.T) {
	t.Parallel()
	if got := median([]float64{9, 1, 5}); got != 5 {
		t.Errorf("the median of 9, 1, 5 is %v", got)
	}
	if got := median([]float64{4, 2}); got != 3 {
		t.Errorf("the median of 4 and 2 is %v", got)
	}
	if got := slopeOf([]float64{1, 2, 3}, []float64{10, 12, 14}); got != 2 {
		t.Errorf("the slope of 10, 12, 14 is %v, want 2", got)
	}
}

func TestALedgerIsFilledOnBothDatabases(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]string{"sqlite": "sqlite:" + filepath.Join(t.TempDir(), "ledger.db"), "postgres": databasetest.Start(t).URL(t)} {
		db, err := database.Open(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() }) // it goes with the test
		// PostgreSQL's has every migration already.
		if _, err := migrate.Up(t.Context(), db); err != nil {
			t.Fatal(err)
		}
		if err := fill(t.Context(), db, 1000); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		pool, _ := db.Pool()
		var deliveries, attempts int
		err = pool.QueryRowContext(t.Context(), "select (select count(*) from delivery), (select count(*) from attempt)").Scan(&deliveries, &attempts)
		if err != nil || deliveries != 1000 || attempts != 1000 {
			t.Errorf("%s: %d deliveries, %d attempts, %v, want 1000", name, deliveries, attempts, err)
		}
	}
}
