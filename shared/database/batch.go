package database

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// Statement is one that gives no rows.
type Statement struct {
	Text string
	Args []any // text, integers and bytes as the columns have them
}

// ExecAll executes statements in a transaction of [DB.Write], one after the other until one fails. PostgreSQL gets them in
// one message: each round trip costs a sender more than most statements cost the server.
func (d *DB) ExecAll(ctx context.Context, tx *sql.Tx, list []Statement) error {
	found, _ := d.writing.Load(tx)
	conn, open := found.(*sql.Conn)
	if _, remote := d.dialect.(postgres); !remote || !open || len(list) < 2 {
		for _, s := range list {
			if _, err := tx.ExecContext(ctx, s.Text, s.Args...); err != nil {
				return err
			}
		}
		return nil
	}
	return conn.Raw(func(c any) error {
		own, ok := c.(*stdlib.Conn)
		if !ok {
			return fmt.Errorf("connection of type %T is not of PostgreSQL's driver", c)
		}
		var batch pgx.Batch
		for _, s := range list {
			batch.Queue(s.Text, s.Args...)
		}
		return own.Conn().SendBatch(ctx, &batch).Close()
	})
}
