package story

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"pai-notify/scripts/localcloud/publish"
	"pai-notify/shared/database"
)

// instance is a process of a function.
type instance struct {
	PID       int
	State     string
	RequestID string
}

// instances are the processes of all functions.
func (c *cloud) instances() map[string][]instance {
	c.t.Helper()
	var status map[string]struct{ Instances []instance }
	ask(c.t, http.MethodGet, c.Cloud+"/local/functions", nil).must(c.t, http.StatusOK).into(c.t, &status)
	all := map[string][]instance{}
	for name, f := range status {
		all[name] = f.Instances
	}
	return all
}

// kill ends a process of the cloud's functions as kill -9 does, and says whether it was still there. Numbers of processes
// are used again: what no longer is a child of the local cloud is let be.
func (c *cloud) kill(pid int) bool {
	c.t.Helper()
	process, err := os.FindProcess(pid) // a handle of this very process, whoever has its number later
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = process.Release() }() // it only gives the handle back
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil || !strings.Contains(string(status), fmt.Sprintf("\nPPid:\t%d\n", c.process.Process.Pid)) {
		return false
	}
	err = process.Kill()
	if err != nil && !errors.Is(err, os.ErrProcessDone) {
		c.t.Fatal(err)
	}
	return err == nil
}

// killAll kills every process of a function.
func (c *cloud) killAll(function string) (killed int) {
	c.t.Helper()
	for _, i := range c.instances()[function] {
		if c.kill(i.PID) {
			killed++
		}
	}
	return killed
}

// load publishes events, one every interval, until stop. It gives the names of those that EventBridge took.
func (c *cloud) load(interval time.Duration, next func(n int) (string, json.RawMessage)) (stop func() []string) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	var names []string
	go func() {
		defer close(done)
		ticker := time.NewTicker(interval)
		defer ticker.Stop()
		for n := 0; ; n++ {
			name, e := next(n)
			if err := publish.Put(context.Background(), c.Cloud, "pai-system-nlp_train", e); err != nil {
				c.t.Errorf("publish %s: %v", name, err)
			} else {
				names = append(names, name)
			}
			select {
			case <-ticker.C:
			case <-ctx.Done():
				return
			}
		}
	}()
	return func() []string {
		cancel()
		<-done
		return names
	}
}

// hold keeps all others from writing to the ledger until release.
func (c *cloud) hold() (release func()) {
	c.t.Helper()
	db, err := database.Open(context.Background(), c.database)
	if err != nil {
		c.t.Fatal(err)
	}
	held, free, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		done <- db.Write(context.Background(), false, func(tx *sql.Tx) error {
			if strings.HasPrefix(c.database, "postgres") { // on SQLite a writer is alone anyway
				if _, err := tx.Exec("lock table delivery, destination in exclusive mode"); err != nil {
					return err
				}
			}
			close(held)
			<-free
			return nil
		})
	}()
	select {
	case <-held:
	case err := <-done:
		c.t.Fatalf("hold the ledger: %v", err)
	case <-time.After(time.Minute):
		c.t.Fatal("hold the ledger: not held after a minute")
	}
	return sync.OnceFunc(func() {
		close(free)
		if err := errors.Join(<-done, db.Close()); err != nil {
			c.t.Error(err)
		}
	})
}

// said is whether the log of a function has a line with all of the texts.
func (c *cloud) said(function string, texts ...string) bool {
	c.t.Helper()
	files, err := filepath.Glob(filepath.Join(c.data, "logs", function+"*"))
	if err != nil {
		c.t.Fatal(err)
	}
	for _, name := range files {
		log, err := os.ReadFile(name)
		if err != nil {
			c.t.Fatal(err)
		}
	lines:
		for line := range strings.Lines(string(log)) {
			for _, text := range texts {
				if !strings.Contains(line, text) {
					continue lines
				}
			}
			return true
		}
	}
	return false
}
