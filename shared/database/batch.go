package database

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

// Statement is one that gives no rows.
type Statement struct {
	Text string
	Args []any // text, integers and bytes as the columns have them
}

// ExecAll executes statements in a transaction of [DB.Write], one after the other until one fails, and gives how many rows
// each changed. PostgreSQL gets them in one message: each round trip costs a sender more than most statements cost the server.
func (d *DB) ExecAll(ctx context.Context, tx *sql.Tx, list []Statement) (changed []int64, err error) {
	changed = make([]int64, len(list))
	found, _ := d.writing.Load(tx)
	conn, open := found.(*sql.Conn)
	if _, remote := d.dialect.(postgres); !remote || !open || len(list) < 2 {
		for i, s := range list {
			done, err := tx.ExecContext(ctx, s.Text, s.Args...)
			if err != nil {
				return nil, err
			}
			if changed[i], err = done.RowsAffected(); err != nil {
				return nil, err
			}
		}
		return changed, nil
	}
	err = conn.Raw(func(c any) error {
		own, ok := c.(*stdlib.Conn)
		if !ok {
			return fmt.Errorf("connection of type %T is not of PostgreSQL's driver", c)
		}
		var batch pgx.Batch
		for i, s := range list {
			batch.Queue(s.Text, s.Args...).Exec(func(tag pgconn.CommandTag) error {
				changed[i] = tag.RowsAffected()
				return nil
			})
		}
		return own.Conn().SendBatch(ctx, &batch).Close()
	})
	return changed, err
}
