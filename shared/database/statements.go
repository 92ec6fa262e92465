package database

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
)

// statements keeps what a connection to SQLite has prepared. Its driver prepares a statement each time it is executed,
// which took two fifths of a delivery's time in the ledger; pgx keeps statements by itself.
type statements struct{ driver.Connector }

const maxStatements = 128 // of a connection

// Connect opens a connection that keeps its statements.
func (s statements) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := s.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	whole, ok := conn.(wholeConn)
	if !ok {
		return nil, errors.Join(fmt.Errorf("connection of type %T lacks methods", conn), conn.Close())
	}
	return &keeper{wholeConn: whole, kept: map[string]*keptStatement{}}, nil
}

type wholeConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

type wholeStatement interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

type keeper struct {
	wholeConn
	kept map[string]*keptStatement
}

// BeginTx begins with a kept statement, as [DB.Write] wants it: immediate, unless the transaction only reads.
func (k *keeper) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	begin := "begin immediate"
	if opts.ReadOnly {
		begin = "begin"
	}
	if _, err := k.ExecContext(ctx, begin, nil); err != nil {
		return nil, err
	}
	return transaction{k}, nil
}

type transaction struct{ k *keeper }

// Commit leaves no transaction behind where it fails, as database/sql expects.
func (t transaction) Commit() error {
	_, err := t.k.ExecContext(context.Background(), "commit", nil)
	if err != nil {
		_ = t.Rollback() // which fails where there is nothing left to roll back
	}
	return err
}

// Rollback rolls back.
func (t transaction) Rollback() error {
	_, err := t.k.ExecContext(context.Background(), "rollback", nil)
	return err
}

type keptStatement struct {
	wholeStatement
	busy bool // its rows are being read
}

// ExecContext executes a kept statement. Its context is looked at before and not while it runs: the driver would start a
// goroutine to watch it, for a statement that takes microseconds.
func (k *keeper) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	s, err := k.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return k.wholeConn.ExecContext(ctx, query, args)
	}
	return s.ExecContext(context.WithoutCancel(ctx), args)
}

// QueryContext executes a kept statement and keeps it from others until its rows are closed.
func (k *keeper) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	s, err := k.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return k.wholeConn.QueryContext(ctx, query, args)
	}
	rows, err := s.QueryContext(context.WithoutCancel(ctx), args) // see ExecContext
	if err != nil {
		return nil, err
	}
	s.busy = true
	return &keptRows{rows, s}, nil
}

// Close closes the statements with the connection.
func (k *keeper) Close() error { return errors.Join(k.forget(), k.wholeConn.Close()) }

// statement gives a prepared statement, nil where it is in use.
func (k *keeper) statement(ctx context.Context, query string) (*keptStatement, error) {
	if s := k.kept[query]; s != nil {
		if s.busy {
			return nil, nil //nolint:nilnil // the caller then executes it without us
		}
		return s, nil
	}
	if len(k.kept) >= maxStatements {
		if err := k.forget(); err != nil {
			return nil, err
		}
	}
	prepared, err := k.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	whole, ok := prepared.(wholeStatement)
	if !ok {
		return nil, errors.Join(fmt.Errorf("statement of type %T lacks methods", prepared), prepared.Close())
	}
	s := &keptStatement{wholeStatement: whole}
	k.kept[query] = s
	return s, nil
}

// forget closes all statements but those in use.
func (k *keeper) forget() (err error) {
	for query, s := range k.kept {
		if !s.busy {
			err = errors.Join(err, s.Close())
			delete(k.kept, query)
		}
	}
	return err
}

type keptRows struct {
	driver.Rows
	statement *keptStatement
}

// Close frees the statement for the next.
func (r *keptRows) Close() error {
	r.statement.busy = false
	return r.Rows.Close()
}
