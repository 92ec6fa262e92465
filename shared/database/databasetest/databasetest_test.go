package databasetest_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"pai-notify/shared/database/databasetest"
)

// orphan is the variable that makes the test binary start a server and wait to be killed.
const orphan = "DATABASETEST_ORPHAN"

func one(t *testing.T, url, query string) (text string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := conn.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	if err := conn.QueryRow(t.Context(), query).Scan(&text); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return text
}

func TestServerGivesEachItsOwnDatabaseAsManagedServersDo(t *testing.T) {
	t.Parallel()
	begin := time.Now()
	s := databasetest.Start(t)
	t.Logf("started in %v", time.Since(begin))
	var wg sync.WaitGroup
	urls := make([]string, 4)
	for i := range urls {
		wg.Go(func() {
			begin := time.Now()
			urls[i] = s.URL(t)
			t.Logf("database %d in %v", i, time.Since(begin))
		})
	}
	wg.Wait()
	seen := map[string]bool{}
	for _, url := range urls {
		name := one(t, url, "select current_database()")
		if seen[name] {
			t.Errorf("two tests got %s", name)
		}
		seen[name] = true
		if n := one(t, url, "select count(*)::text from delivery"); n != "0" {
			t.Errorf("%s deliveries in a new database", n)
		}
	}
	for query, want := range map[string]string{
		"show fsync":                 "on",
		"show synchronous_commit":    "on",
		"show is_superuser":          "off",
		"show listen_addresses":      "127.0.0.1",
		"select ('a-c' < 'B')::text": "true", // not by bytes
	} {
		if got := one(t, urls[0], query); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
	if n := one(t, s.Empty(t), "select count(*)::text from pg_tables where schemaname = 'public'"); n != "0" {
		t.Errorf("%s tables in an empty database", n)
	}
}

func TestServerKeepsWhatWasCommittedThroughEveryEnd(t *testing.T) {
	t.Parallel()
	s := databasetest.Start(t)
	url := s.Empty(t)
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), "create table kept (n int); insert into kept values (1)"); err != nil {
		t.Fatal(err)
	}
	for name, end := range map[string]func(testing.TB){"Stop": s.Stop, "Kill": s.Kill, "nothing": func(testing.TB) {}} {
		end(t)
		if name != "nothing" {
			if c, err := pgx.Connect(t.Context(), url); err == nil {
				_ = c.Close(t.Context())
				t.Errorf("after %s the server still answers", name)
			}
		}
		begin := time.Now()
		s.Restart(t)
		t.Logf("restarted after %s in %v", name, time.Since(begin))
		if n := one(t, url, "select count(*)::text from kept"); n != "1" {
			t.Errorf("after %s: %s rows, want 1", name, n)
		}
	}
	if err := conn.Ping(t.Context()); err == nil {
		t.Error("a connection outlived its server")
	}
}

func TestServerEndsWithItsProcess(t *testing.T) {
	if os.Getenv(orphan) != "" {
		fmt.Println(databasetest.Start(t).Empty(t))
		_, err := io.Copy(io.Discard, os.Stdin) // until it is killed
		t.Fatal("it was not killed", err)
	}
	t.Parallel()
	temporary, err := os.MkdirTemp("", "databasetest-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(temporary) })
	if err := os.Chmod(temporary, 0o755); err != nil { // PostgreSQL's user passes through
		t.Fatal(err)
	}
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^"+t.Name()+"$")
	child.Env = append(os.Environ(), orphan+"=1", "TMPDIR="+temporary)
	child.Stderr = os.Stderr
	if _, err := child.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	var url string
	for url == "" && lines.Scan() {
		if strings.HasPrefix(lines.Text(), "postgres://") {
			url = lines.Text()
		}
	}
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	// The server ends the connection, and then nothing is left.
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if _, err := conn.WaitForNotification(ctx); err == nil || ctx.Err() != nil {
		t.Errorf("the server runs on after its process was killed: %v", err)
	}
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		left, err := filepath.Glob(filepath.Join(temporary, "*"))
		if err != nil {
			t.Fatal(err)
		}
		if len(left) == 0 {
			break
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			t.Fatalf("left behind: %s", left)
		}
	}
	if err := child.Wait(); err == nil {
		t.Error("the child ended by itself")
	}
}
