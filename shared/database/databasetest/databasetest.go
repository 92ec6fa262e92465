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
	patience = 90 * time.Second // for each step of the server's life, on a machine that is busy
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
func Start(tb testing.TB) *Server {
	tb.Helper()
	s := &Server{password: rand.Text()}
	var err error
	if s.binaries, err = findBinaries(); err != nil {
		tb.Fatal(err)
	}
	if s.folder, err = newFolder(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if tb.Failed() {
			tb.Logf("the end of PostgreSQL's log:\n%s", s.folder.log())
		}
		if s.process != nil {
			if err := s.process.end(syscall.SIGQUIT); err != nil { // without a checkpoint, which takes its time
				tb.Error(err)
			}
		}
		if err := s.folder.remove(); err != nil {
			tb.Error(err)
		}
	})
	if err := s.binaries.initialise(s.folder, admin, s.password); err != nil {
		tb.Fatal(err)
	}
	if s.port, err = freePort(); err != nil {
		tb.Fatal(err)
	}
	s.Restart(tb)
	s.exec(tb, "create role "+owner+" login password '"+s.password+"'")
	return s
}

// URL makes a database with the schema and gives its DATABASE_URL.
func (s *Server) URL(tb testing.TB) string {
	tb.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.migrated {
		s.create(tb, template, "template0")
		if err := s.migrate(tb.Context()); err != nil {
			tb.Fatal(err)
		}
		s.migrated = true
	}
	return s.url(owner, s.next(tb, template))
}

// Empty makes a database without a schema and gives its DATABASE_URL.
func (s *Server) Empty(tb testing.TB) string {
	tb.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.url(owner, s.next(tb, "template0"))
}

// Admin gives the URL of the same database for a superuser, who sees and may end the connections of all.
func (s *Server) Admin(tb testing.TB, of string) string {
	tb.Helper()
	u, err := url.Parse(of)
	if err != nil {
		tb.Fatal(err)
	}
	return s.url(admin, strings.TrimPrefix(u.Path, "/"))
}

// Stop ends the server in order: it rolls back what is not committed and closes all connections.
func (s *Server) Stop(tb testing.TB) {
	tb.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.stop(); err != nil {
		tb.Fatal(err)
	}
}

// Kill ends all processes of the server at once with SIGKILL, as a power cut of the machine would, except that what was
// written but not synced survives.
func (s *Server) Kill(tb testing.TB) {
	tb.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process == nil {
		tb.Fatal("kill PostgreSQL: it does not run")
	}
	if err := s.process.kill(s.backends(tb)); err != nil {
		tb.Fatal(err)
	}
	s.process = nil
}

// Restart starts the server again, at the same address and with the same databases; where it runs, it is stopped first.
// It returns when connections are accepted.
func (s *Server) Restart(tb testing.TB) {
	tb.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.stop(); err != nil {
		tb.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(tb.Context(), patience)
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
		tb.Fatal(err)
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
func (s *Server) next(tb testing.TB, from string) (name string) {
	tb.Helper()
	s.databases++
	name = "test" + strconv.Itoa(s.databases)
	s.create(tb, name, from)
	return name
}

func (s *Server) create(tb testing.TB, name, from string) {
	tb.Helper()
	s.exec(tb, "create database "+name+" template "+from+" owner "+owner)
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

func (s *Server) exec(tb testing.TB, statement string) {
	tb.Helper()
	conn, err := s.connect(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = conn.Close(tb.Context()) }() // the server rolls back what is open
	if _, err := conn.Exec(tb.Context(), statement); err != nil {
		tb.Fatalf("%.40s…: %v", statement, err)
	}
}

// backends stops the first process, so that there come no more of them, and lists all others.
func (s *Server) backends(tb testing.TB) []int {
	tb.Helper()
	conn, err := s.connect(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }() // it was killed
	if err := s.process.freeze(); err != nil {
		tb.Fatal(err)
	}
	rows, err := conn.Query(tb.Context(), "select pid from pg_stat_activity")
	if err != nil {
		tb.Fatal(err)
	}
	pids, err := pgx.CollectRows(rows, pgx.RowTo[int])
	if err != nil {
		tb.Fatal(fmt.Errorf("list PostgreSQL's processes: %w", err))
	}
	return pids
}
