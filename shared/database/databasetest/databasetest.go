// Package databasetest starts a real PostgreSQL for tests, from the binaries that Debian installs, in a temporary folder.
// It is durable as in production (fsync is on), and its users are no superusers, as on a managed server.
//
// One server serves a test and its subtests; each asks [Server.URL] for a database of its own:
//
//	server := databasetest.Start(t)
//	ledgertest.Run(t, server.URL)
//
// Faults ([Server.Stop], [Server.Kill], [Server.Restart]) hit all databases of a server: a test of them starts its own.
package databasetest

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"pai-notify/shared/database"
	"pai-notify/shared/database/migrate"
)

const (
	admin    = "admin"      // the superuser
	owner    = "pai_notify" // of the databases
	template = "pai_notify_template"
	patience = 30 * time.Second // for each step of the server's life, on a machine that is busy
)

// Server is a PostgreSQL. It is safe for concurrent use.
type Server struct {
	binaries binaries
	folder   *folder
	port     int
	password string // of both users

	mu        sync.Mutex
	process   *process // nil while it is stopped
	migrated  bool     // the template stands
	databases int
}

// Start starts a server that ends with the test, or with its process, however that ends. Where PostgreSQL is not
// installed the test fails and says how to install it.
func Start(t testing.TB) *Server {
	t.Helper()
	s := &Server{password: rand.Text()}
	var err error
	if s.binaries, err = findBinaries(); err != nil {
		t.Fatal(err)
	}
	if s.folder, err = newFolder(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if t.Failed() {
			t.Logf("the end of PostgreSQL's log:\n%s", s.folder.log())
		}
		if s.process != nil {
			if err := s.process.end(syscall.SIGQUIT); err != nil { // without a checkpoint, which takes its time
				t.Error(err)
			}
		}
		if err := s.folder.remove(); err != nil {
			t.Error(err)
		}
	})
	if err := s.binaries.initialise(s.folder, admin, s.password); err != nil {
		t.Fatal(err)
	}
	if s.port, err = freePort(); err != nil {
		t.Fatal(err)
	}
	s.Restart(t)
	s.exec(t, "create role "+owner+" login password '"+s.password+"'")
	return s
}

// URL makes a database with the schema and gives its DATABASE_URL.
func (s *Server) URL(t testing.TB) string {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.migrated {
		s.create(t, template, "template0")
		if err := s.migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.migrated = true
	}
	return s.url(owner, s.next(t, template))
}

// Empty makes a database without a schema and gives its DATABASE_URL.
func (s *Server) Empty(t testing.TB) string {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.url(owner, s.next(t, "template0"))
}

// Admin gives the URL of the same database for a superuser, who sees and may end the connections of all.
func (s *Server) Admin(t testing.TB, of string) string {
	t.Helper()
	u, err := url.Parse(of)
	if err != nil {
		t.Fatal(err)
	}
	return s.url(admin, strings.TrimPrefix(u.Path, "/"))
}

// Stop ends the server in order: it rolls back what is not committed and closes all connections.
func (s *Server) Stop(t testing.TB) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
}

// Kill ends all processes of the server at once with SIGKILL, as a power cut of the machine would, except that what was
// written but not synced survives.
func (s *Server) Kill(t testing.TB) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process == nil {
		t.Fatal("kill PostgreSQL: it does not run")
	}
	if err := s.process.kill(s.backends(t)); err != nil {
		t.Fatal(err)
	}
	s.process = nil
}

// Restart starts the server again, at the same address and with the same databases; where it runs, it is stopped first.
// It returns when connections are accepted.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var err error
	s.process, err = s.binaries.start(ctx, s.folder, s.port, func(ctx context.Context) error {
		conn, err := s.connect(ctx)
		if err != nil {
			return err
		}
		return conn.Close(ctx)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (s *Server) stop() error {
	if s.process == nil {
		return nil
	}
	err := s.process.stop()
	s.process = nil
	return err
}

// next makes a database of the next name.
func (s *Server) next(t testing.TB, from string) (name string) {
	t.Helper()
	s.databases++
	name = "test" + strconv.Itoa(s.databases)
	s.create(t, name, from)
	return name
}

func (s *Server) create(t testing.TB, name, from string) {
	t.Helper()
	s.exec(t, "create database "+name+" template "+from+" owner "+owner)
}

func (s *Server) migrate(ctx context.Context) (err error) {
	db, err := database.Open(ctx, s.url(owner, template))
	if err != nil {
		return err
	}
	if _, err := migrate.Up(ctx, db); err != nil {
		return err
	}
	return db.Close()
}

func (s *Server) url(who, name string) string {
	u := url.URL{Scheme: "postgres", User: url.UserPassword(who, s.password), Path: "/" + name,
		Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)), RawQuery: "sslmode=disable"}
	return u.String()
}

func (s *Server) connect(ctx context.Context) (*pgx.Conn, error) {
	return pgx.Connect(ctx, s.url(admin, "postgres"))
}

func (s *Server) exec(t testing.TB, statement string) {
	t.Helper()
	conn, err := s.connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }() // the server rolls back what is open
	if _, err := conn.Exec(t.Context(), statement); err != nil {
		t.Fatalf("%.40s…: %v", statement, err)
	}
}

// backends stops the first process, so that there come no more of them, and lists all others.
func (s *Server) backends(t testing.TB) []int {
	t.Helper()
	conn, err := s.connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }() // it was killed
	if err := s.process.freeze(); err != nil {
		t.Fatal(err)
	}
	rows, err := conn.Query(t.Context(), "select pid from pg_stat_activity")
	if err != nil {
		t.Fatal(err)
	}
	pids, err := pgx.CollectRows(rows, pgx.RowTo[int])
	if err != nil {
		t.Fatal(fmt.Errorf("list PostgreSQL's processes: %w", err))
	}
	return pids
}
