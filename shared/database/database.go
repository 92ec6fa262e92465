// Package database opens the store that all functions share: an SQLite file for one machine, PostgreSQL for a
// deployment in the cloud. It gives transactions, the settings document, locks between processes, and a check that the
// schema is the one this program was built for. Only package migrate changes the schema.
//
// Connections. A function's instance runs one invocation at a time and may be frozen between two, so a [DB] keeps one
// connection, opens it when it is first needed, and looks whether it still lives after an idle second.
//
// One connection also means that a function given to [DB.Read] or [DB.Write] must use its transaction and call nothing
// else of the DB: that would wait for the connection it holds itself.
//
// Writers. SQLite lets one process write at a time and gives the others no queue: measured, writers of four processes
// starved for seconds. So each [DB.Write] first takes a file lock (flock on PATH.lock), whose waiters the kernel wakes in
// turn, and begins immediate. On PostgreSQL a transaction that loses a deadlock is run again.
//
// Durability. A transaction that is not durable survives the end of the process but perhaps not a power cut; SQLite
// commits it without an fsync (synchronous=NORMAL), PostgreSQL without waiting for one (synchronous_commit=off). A
// durable one is on disk when Write returns, and so is all that was committed before it.
//
// One SQL. Statements are written once for both databases: numbered placeholders ($1), text, bigint and bytea columns,
// times as milliseconds since 1970 in UTC, upserts with on conflict and returning. What differs is in dialect.go.
package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// DB is an open database. It is safe for concurrent use.
type DB struct {
	sql     *sql.DB
	dialect dialect
	file    *fileLock // of an SQLite file; nil for PostgreSQL
	current atomic.Bool
	writing sync.Map // the connection (*sql.Conn) of each open transaction of Write (*sql.Tx)

	mu       sync.Mutex
	settings Settings
	read     time.Time // when settings were read; zero means never
}

// Open prepares a database by its URL: sqlite:PATH or postgres://USER:PASSWORD@HOST:PORT/NAME. It makes no connection
// yet. Inside Function Compute, whose instances share no disk, it refuses SQLite.
func Open(_ context.Context, url string) (*DB, error) {
	path, isFile := strings.CutPrefix(url, "sqlite:")
	switch {
	case isFile && insideFunctionCompute(os.Getenv):
		return nil, errors.New("DATABASE_URL names an SQLite file, but instances of Function Compute share no disk, so each " +
			"would have its own ledger: set DATABASE_URL to postgres://USER:PASSWORD@HOST:5432/NAME of a PostgreSQL that " +
			"the functions' VPC reaches")
	case isFile:
		return openSQLite(strings.TrimPrefix(path, "//"))
	case strings.HasPrefix(url, "postgres://"), strings.HasPrefix(url, "postgresql://"):
		return openPostgres(url)
	}
	return nil, errors.New("DATABASE_URL is neither sqlite:PATH nor postgres://USER:PASSWORD@HOST:PORT/NAME")
}

func newDB(pool *sql.DB, d dialect, file *fileLock) *DB {
	pool.SetMaxOpenConns(1)
	pool.SetMaxIdleConns(1)
	return &DB{sql: pool, dialect: d, file: file}
}

// Close closes the connection.
func (d *DB) Close() error {
	err := d.sql.Close()
	if d.file != nil {
		err = errors.Join(err, d.file.close())
	}
	return err
}

// Read runs do on one state of the database. The transaction is rolled back at the end.
func (d *DB) Read(ctx context.Context, do func(*sql.Tx) error) (err error) {
	var conn *sql.Conn
	var tx *sql.Tx
	for try := 0; ; try++ {
		if conn, err = d.sql.Conn(ctx); err != nil {
			return &ReachError{Err: err}
		}
		if tx, err = conn.BeginTx(ctx, d.dialect.reading()); err == nil {
			break
		}
		again := try < 2 && d.lost(ctx, conn)
		if err = errors.Join(err, conn.Close()); !again {
			return &ReachError{Err: err}
		}
	}
	defer func() { err = errors.Join(err, ended(tx.Rollback()), conn.Close()) }()
	return do(tx)
}

// Write runs do in a transaction and commits it, unless do returns an error. Writers of all processes take turns on an
// SQLite file. On PostgreSQL do runs again, at most twice, where it lost a deadlock or its connection: it must not keep
// what it gathered. Where the connection is lost while it commits, nobody knows whether it did; that is an error.
func (d *DB) Write(ctx context.Context, durable bool, do func(*sql.Tx) error) error {
	for try := 0; ; try++ {
		again, err := d.write(ctx, durable, do)
		if err == nil || try == 2 || !again {
			return err
		}
	}
}

// write says with an error whether all was rolled back and for no fault of the transaction's own.
func (d *DB) write(ctx context.Context, durable bool, do func(*sql.Tx) error) (again bool, err error) {
	if d.file != nil {
		unlock, err := d.file.lock(ctx)
		if err != nil {
			return false, fmt.Errorf("lock the database: %w", err)
		}
		defer unlock()
	}
	conn, err := d.sql.Conn(ctx)
	if err != nil {
		return false, &ReachError{Err: err}
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	tx, after, err := d.dialect.begin(ctx, conn, durable)
	if err != nil {
		return d.lost(ctx, conn), &ReachError{Err: fmt.Errorf("begin: %w", err)}
	}
	defer func() { err = errors.Join(err, ended(tx.Rollback()), after()) }() // also when do panics
	d.writing.Store(tx, conn)
	defer d.writing.Delete(tx)
	if err := do(tx); err != nil {
		return d.dialect.again(err) || d.lost(ctx, conn), err
	}
	if err := tx.Commit(); err != nil {
		return d.dialect.again(err), fmt.Errorf("commit: %w", err)
	}
	return false, nil
}

// lost tells whether a connection died by itself: not because its context is done.
func (d *DB) lost(ctx context.Context, conn *sql.Conn) bool {
	return ctx.Err() == nil && d.dialect.lost(conn)
}

// Flush puts on disk what has been committed so far, for a writer that learns only in its transaction that what it
// wrote must last.
func (d *DB) Flush(ctx context.Context) error {
	return d.Write(ctx, true, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, d.dialect.flush())
		return err
	})
}

// ForUpdate is what a select ends with to lock its rows until the end of a [DB.Write]: nothing on SQLite, where a writer
// is alone.
func (d *DB) ForUpdate() string { return d.dialect.forUpdate() }

// Pool is the connection, for package migrate. Dialect is its name there.
func (d *DB) Pool() (pool *sql.DB, dialect string) { return d.sql, d.dialect.name() }

// Exclude runs do while no other process writes to an SQLite file; on PostgreSQL it only runs it.
func (d *DB) Exclude(ctx context.Context, do func() error) error {
	if d.file == nil {
		return do()
	}
	unlock, err := d.file.lock(ctx)
	if err != nil {
		return fmt.Errorf("lock the database: %w", err)
	}
	defer unlock()
	return do()
}

// ended drops the error of ending a transaction that has ended: committed, or rolled back because its context is done.
func ended(err error) error {
	if errors.Is(err, sql.ErrTxDone) {
		return nil
	}
	return err
}
