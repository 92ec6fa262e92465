package database

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

// Statement is one of a list for [DB.RunAll].
type Statement struct {
	Text string
	Args []any                               // text, integers and bytes as the columns have them
	Each func(scan func(...any) error) error // takes each row that it gives; nil where it gives none
}

// RunAll runs statements in a transaction of [DB.Write], one after the other until one fails, and gives how many rows
// each without Each changed. PostgreSQL gets them in one message: each round trip costs a sender more than most statements cost
// the server.
func (d *DB) RunAll(ctx context.Context, tx *sql.Tx, list []Statement) (changed []int64, err error) {
	changed = make([]int64, len(list))
	found, _ := d.writing.Load(tx)
	conn, open := found.(*sql.Conn)
	if _, remote := d.dialect.(postgres); !remote || !open || len(list) < 2 {
		for i, s := range list {
			if changed[i], err = s.run(ctx, tx); err != nil {
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
			queued := batch.Queue(s.Text, s.Args...)
			if s.Each == nil {
				queued.Exec(func(tag pgconn.CommandTag) error {
					changed[i] = tag.RowsAffected()
					return nil
				})
				continue
			}
			queued.Query(func(rows pgx.Rows) error {
				for rows.Next() {
					if err := s.Each(rows.Scan); err != nil {
						return err
					}
				}
				return rows.Err()
			})
		}
		return own.Conn().SendBatch(ctx, &batch).Close()
	})
	return changed, err
}

func (s Statement) run(ctx context.Context, tx *sql.Tx) (changed int64, err error) {
	if s.Each == nil {
		done, err := tx.ExecContext(ctx, s.Text, s.Args...)
		if err != nil {
			return 0, err
		}
		return done.RowsAffected()
	}
	rows, err := tx.QueryContext(ctx, s.Text, s.Args...)
	if err != nil {
		return 0, err
	}
	defer func() { _ = rows.Close() }() // its error is rows.Err's
	for rows.Next() {
		if err := s.Each(rows.Scan); err != nil {
			return 0, err
		}
	}
	return 0, rows.Err()
}
