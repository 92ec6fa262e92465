package database

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	sqlitedriver "modernc.org/sqlite"
)

// dialect is all that differs between the databases.
type dialect interface {
	name() string // as goose calls it
	// begin starts a writing transaction; after is called when it has ended.
	begin(ctx context.Context, conn *sql.Conn, durable bool) (tx *sql.Tx, after func() error, err error)
	reading() *sql.TxOptions  // of a transaction that sees one state
	again(err error) bool     // the transaction was rolled back only because of others: it may be run again
	lost(conn *sql.Conn) bool // the connection has died
	flush() string            // a statement whose durable commit waits for the disk
	forUpdate() string
	now() string    // an expression: the server's time in milliseconds
	tables() string // counts the tables of a name
}

type sqlite struct{}

func openSQLite(path string) (*DB, error) {
	if path == "" {
		return nil, errors.New("DATABASE_URL names no file: want sqlite:PATH")
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("make the database's folder: %w", err)
	}
	// SQLite gives the files beside it the same permission.
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the database's file: %w", err)
	}
	if err := f.Close(); err != nil {
		return nil, fmt.Errorf("open the database's file: %w", err)
	}
	name := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: url.Values{
		"_txlock":       {"immediate"}, // of transactions that are not read-only
		"_busy_timeout": {"5000"},      // for other programs, which do not take our file lock
		"_synchronous":  {"NORMAL"},
		"_dqs":          {"0"},
		"_pragma": {
			"cache_size(-4000)",        // KB; with the default of 2 MB the indexes of a large ledger do not stay; 16 MB were no faster
			"wal_autocheckpoint(4000)", // pages, 16 MB; with the default of 1000 a tenth of a delivery was for putting them in place
		},
	}.Encode()}
	connector, err := sqlitedriver.NewConnector(name.String())
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	return newDB(sql.OpenDB(statements{connector}), sqlite{}, newFileLock(path+".lock")), nil
}

func (sqlite) name() string { return "sqlite3" }

// begin sets the level before the transaction, since SQLite refuses to change it inside one.
func (sqlite) begin(ctx context.Context, conn *sql.Conn, durable bool) (*sql.Tx, func() error, error) {
	after := func() error { return nil }
	if durable {
		if _, err := conn.ExecContext(ctx, "pragma synchronous=full"); err != nil {
			return nil, nil, err
		}
		after = func() error {
			_, err := conn.ExecContext(context.WithoutCancel(ctx), "pragma synchronous=normal")
			return err
		}
	}
	// The context is each statement's; for the whole transaction database/sql would start a goroutine to watch it.
	tx, err := conn.BeginTx(context.WithoutCancel(ctx), nil)
	if err != nil {
		return nil, nil, errors.Join(err, after())
	}
	return tx, after, nil
}

func (sqlite) reading() *sql.TxOptions { return &sql.TxOptions{ReadOnly: true} }

func (sqlite) again(error) bool { return false }

func (sqlite) lost(*sql.Conn) bool { return false }

// flush writes a page, because SQLite syncs its log only for a transaction that wrote.
func (sqlite) flush() string {
	return `insert into lease (key, holder, until) values ('flush', '', 0)
		on conflict (key) do update set until = lease.until + 1`
}

func (sqlite) forUpdate() string { return "" }

func (sqlite) now() string { return "cast(unixepoch('subsec') * 1000 as integer)" }

func (sqlite) tables() string { return "select count(*) from sqlite_master where name = $1" }

type postgres struct{}

func openPostgres(text string) (*DB, error) {
	config, err := pgx.ParseConfig(text)
	if err != nil {
		// The error's text may hold the password; its innermost reason does not.
		var reason *url.Error
		if errors.As(err, &reason) {
			err = reason.Err
		} else if inner := errors.Unwrap(err); inner != nil {
			err = inner
		}
		return nil, fmt.Errorf("DATABASE_URL is not postgres://USER:PASSWORD@HOST:PORT/NAME: %w", err)
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = 5 * time.Second
	}
	config.RuntimeParams["application_name"] = "pai-notify"
	config.RuntimeParams["synchronous_commit"] = "off" // begin turns it on for durable transactions
	pool := stdlib.OpenDB(*config, stdlib.OptionShouldPing(dead))
	return newDB(pool, postgres{}, nil), nil
}

// dead tells, after an idle second, whether a connection does not answer; its server may have gone while the instance
// was frozen. The driver then pings once more, fails, and connects anew.
func dead(ctx context.Context, p stdlib.ShouldPingParams) bool {
	if p.IdleDuration < time.Second {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	return p.Conn.Ping(ctx) != nil
}

func (postgres) name() string { return "postgres" }

func (postgres) begin(ctx context.Context, conn *sql.Conn, durable bool) (*sql.Tx, func() error, error) {
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return nil, nil, err
	}
	if durable {
		if _, err := tx.ExecContext(ctx, "set local synchronous_commit = on"); err != nil {
			return nil, nil, errors.Join(err, ended(tx.Rollback()))
		}
	}
	return tx, func() error { return nil }, nil
}

func (postgres) reading() *sql.TxOptions {
	return &sql.TxOptions{ReadOnly: true, Isolation: sql.LevelRepeatableRead}
}

// lost asks the driver, which closes a connection that broke or that its server ended.
func (postgres) lost(conn *sql.Conn) bool {
	dead := true
	err := conn.Raw(func(c any) error {
		own, ok := c.(*stdlib.Conn)
		dead = ok && own.Conn().IsClosed()
		return nil
	})
	return err == nil && dead || errors.Is(err, driver.ErrBadConn)
}

// again knows serialization_failure and deadlock_detected: postgresql.org/docs/current/errcodes-appendix.html.
func (postgres) again(err error) bool {
	var refused *pgconn.PgError
	return errors.As(err, &refused) && (refused.Code == "40001" || refused.Code == "40P01")
}

// flush writes to the log, because only a commit of something written waits for it: a transaction that merely has an id
// does not (RecordTransactionCommit in PostgreSQL's xact.c).
func (postgres) flush() string { return "select pg_logical_emit_message(true, 'pai-notify', '')" }

func (postgres) forUpdate() string { return " for update" }

func (postgres) now() string { return "cast(extract(epoch from clock_timestamp()) * 1000 as bigint)" }

func (postgres) tables() string {
	return `select count(*) from information_schema.tables
		where table_schema = any(current_schemas(false)) and table_name = $1`
}

// insideFunctionCompute tells the real one, which sets FC_INSTANCE_ID and keeps code in /code
// (help.aliyun.com/en/functioncompute/environment-variables), from the local cloud, whose processes share this
// machine's disk and find their runtime on a loopback address.
func insideFunctionCompute(getenv func(string) string) bool {
	if getenv("FC_INSTANCE_ID") == "" && getenv("FC_RUNTIME_API") == "" {
		return false
	}
	host, _, err := net.SplitHostPort(getenv("FC_RUNTIME_API"))
	if err != nil {
		return true
	}
	ip, err := netip.ParseAddr(host)
	loopback := host == "localhost" || err == nil && ip.IsLoopback()
	return !loopback || getenv("FC_FUNC_CODE_PATH") == "/code"
}
