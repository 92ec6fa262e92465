package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"pai-notify/shared/database"
	"pai-notify/shared/database/databasetest"
	"pai-notify/shared/database/migrate"
)

// server is PostgreSQL as tests start it, which want a testing.TB: fatal faults are panics that [server.close] and main meet.
type server struct {
	*databasetest.Server
	tb *host4tests
}

// host4tests is as much of a testing.TB as databasetest needs outside of a test.
type host4tests struct {
	testing.TB
	ctx     context.Context
	cleanup []func()
	failed  bool
}

type fatal struct{ error }

func (*host4tests) Helper()                    {}
func (h *host4tests) Context() context.Context { return h.ctx }
func (h *host4tests) Cleanup(f func())         { h.cleanup = append(h.cleanup, f) }
func (h *host4tests) Failed() bool             { return h.failed }
func (h *host4tests) Error(args ...any) {
	h.failed = true
	fmt.Fprintln(os.Stderr, args...)
}
func (h *host4tests) Logf(format string, args ...any)   { fmt.Fprintf(os.Stderr, format+"\n", args...) }
func (h *host4tests) Fatal(args ...any)                 { panic(fatal{errors.New(fmt.Sprint(args...))}) }
func (h *host4tests) Fatalf(format string, args ...any) { panic(fatal{fmt.Errorf(format, args...)}) }

func startServer(ctx context.Context) (s *server, err error) {
	s = &server{tb: &host4tests{ctx: ctx}}
	defer func() {
		if f, ok := recover().(fatal); ok {
			err = f.error
			s.close()
		}
	}()
	s.Server = databasetest.Start(s.tb)
	return s, nil
}

func (s *server) url() (url string, err error) {
	defer func() {
		if f, ok := recover().(fatal); ok {
			err = f.error
		}
	}()
	return s.URL(s.tb), nil
}

func (s *server) close() {
	for i := len(s.tb.cleanup) - 1; i >= 0; i-- {
		s.tb.cleanup[i]()
	}
	s.tb.cleanup = nil
}

// store is a fresh database for one case.
type store struct {
	url    string
	admin  string // PostgreSQL only
	folder string // SQLite only
}

func (b *bench) newStore(ctx context.Context, c benchCase) (s store, err error) {
	if c.Database == "postgres" {
		if b.postgres == nil {
			if b.postgres, err = startServer(ctx); err != nil {
				return s, err
			}
		}
		if s.url, err = b.postgres.url(); err != nil {
			return s, err
		}
		s.admin = b.postgres.Admin(b.postgres.tb, s.url)
	} else {
		if s.folder, err = os.MkdirTemp(b.folder, "store"); err != nil {
			return s, err
		}
		s.url = "sqlite:" + filepath.Join(s.folder, "pai.db")
	}
	db, err := database.Open(ctx, s.url)
	if err != nil {
		return s, err
	}
	if _, err = migrate.Up(ctx, db); err == nil && c.Rows > 0 {
		err = fill(ctx, db, c.Rows)
	}
	return s, errors.Join(err, db.Close())
}

func (s store) remove() error {
	if s.folder == "" {
		return nil
	}
	return os.RemoveAll(s.folder)
}

// settled are the counters when no function is connected any more: a backend tells what it did when it ends.
func (s store) settled(ctx context.Context) (c counters, err error) {
	conn, err := pgx.Connect(ctx, s.admin)
	if err != nil {
		return c, err
	}
	defer func() { _ = conn.Close(ctx) }() // it was only read
	for connected := 1; connected > 0; {
		err := conn.QueryRow(ctx, `select count(*) from pg_stat_activity
			where datname = current_database() and pid <> pg_backend_pid()`).Scan(&connected)
		if err != nil {
			return c, err
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return c, ctx.Err()
		}
	}
	return s.counters(ctx)
}

// fill makes rows of deliveries that were told over the last month, each with its attempt.
func fill(ctx context.Context, db *database.DB, rows int) error {
	pool, dialect := db.Pool()
	series, random := "select value from generate_series(cast(1 as bigint), cast($1 as bigint)) as s(value)", "md5(value::text)"
	if dialect == "sqlite3" {
		series = "with recursive s(value) as (select 1 union all select value + 1 from s where value < $1) select value from s"
		random = "lower(hex(randomblob(16)))"
	}
	now := time.Now().UnixMilli()
	for _, text := range []string{
		`insert into delivery (id, event_source, event_id, bus, rule, target, contact, channel, destination, object, happened_at, state,
			due, claim, tries, attempts, first_failed, held, code, class, receipt, created, done, alone, failing, owner, sealed, event, announced)
			select substr(` + random + `, 1, 26), 'acs.bench', ` + random + `, 'pai-system-bench', 'rule' || (value % 50), 'ops', '', 'dingtalk',
			substr(` + random + `, 1, 32), 'dlc' || (value % 100000), cast($2 as bigint), 'delivered', 0, 1, 0, 1, 0, 0, '', 'delivered', '',
			cast($2 as bigint) - (value % 43200) * 60000, cast($2 as bigint), 0, 0, '', ` + blobs(dialect) + `, 0 from (` + series + `) as filled`,
		`insert into attempt (delivery, n, claim, at, ms, class, code, text) select id, 1, 1, created, 5, 'delivered', '', '' from delivery
			where cast($1 as bigint) > 0 and cast($2 as bigint) > 0`,
	} {
		args := []any{rows, now}
		if _, err := pool.ExecContext(ctx, text, args...); err != nil {
			return fmt.Errorf("fill the ledger: %w", err)
		}
	}
	after := "analyze"
	if dialect == "sqlite3" {
		after = "pragma wal_checkpoint(truncate)"
	}
	_, err := pool.ExecContext(ctx, after)
	return err
}

// blobs are an emptied target and an event of 900 bytes, as a delivered row has them.
func blobs(dialect string) string {
	if dialect == "sqlite3" {
		return "x'', randomblob(900)"
	}
	return `'\x'::bytea, decode(repeat(md5(value::text), 56), 'hex')`
}

// counters are PostgreSQL's own.
type counters struct {
	commits, syncs int64
	cpu            time.Duration
}

func (s store) counters(ctx context.Context) (c counters, err error) {
	if s.admin == "" {
		return c, nil
	}
	conn, err := pgx.Connect(ctx, s.admin)
	if err != nil {
		return c, err
	}
	defer func() { _ = conn.Close(ctx) }() // it was only read
	if err := conn.QueryRow(ctx, "select xact_commit from pg_stat_database where datname = current_database()").Scan(&c.commits); err != nil {
		return c, err
	}
	syncs := "select wal_sync from pg_stat_wal"
	if version, _ := strconv.Atoi(strings.SplitN(conn.PgConn().ParameterStatus("server_version"), ".", 2)[0]); version >= 18 {
		syncs = "select coalesce(sum(fsyncs), 0)::bigint from pg_stat_io where object = 'wal'"
	}
	if err := conn.QueryRow(ctx, syncs).Scan(&c.syncs); err != nil {
		return c, err
	}
	var backend int
	if err := conn.QueryRow(ctx, "select pg_backend_pid()").Scan(&backend); err != nil {
		return c, err
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", backend))
	if err != nil {
		return c, err
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	parent, err := strconv.Atoi(strings.Fields(rest)[1])
	if err != nil {
		return c, err
	}
	c.cpu, err = familyCPU(parent)
	return c, err
}
