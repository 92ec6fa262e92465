package database_test

import (
	"database/sql"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pai-notify/shared/database"
	"pai-notify/shared/database/databasetest"
	"pai-notify/shared/database/migrate"
)

func TestStatementsOfOneMessageRunInOrderAndFailTogether(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]string{
		"SQLite": "sqlite:" + filepath.Join(t.TempDir(), "pai.db"), "PostgreSQL": databasetest.Start(t).URL(t),
	} {
		t.Run(name, func(t *testing.T) {
			db, err := database.Open(t.Context(), url)
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := db.Close(); err != nil {
					t.Error(err)
				}
			}()
			if _, err := migrate.Up(t.Context(), db); err != nil {
				t.Fatal(err)
			}
			put := func(key string, until int64) database.Statement {
				return database.Statement{Text: `insert into lease (key, holder, until) values ($1, '', $2)
					on conflict (key) do update set until = lease.until * 10 + excluded.until`, Args: []any{key, until}}
			}
			write := func(list ...database.Statement) error {
				return db.Write(t.Context(), false, func(tx *sql.Tx) error {
					changed, err := db.RunAll(t.Context(), tx, list)
					if err == nil && !slices.Equal(changed, slices.Repeat([]int64{1}, len(list))) {
						t.Errorf("%d statements changed %v rows, want one each", len(list), changed)
					}
					return err
				})
			}
			var seen []int64
			look := func(key string) database.Statement {
				return database.Statement{Text: "select until from lease where key = $1", Args: []any{key}, Each: func(scan func(...any) error) error {
					var until int64
					err := scan(&until)
					seen = append(seen, until)
					return err
				}}
			}
			read := func(key string) (until int64) {
				err := db.Read(t.Context(), func(tx *sql.Tx) error {
					return tx.QueryRowContext(t.Context(), "select coalesce(max(until), 0) from lease where key = $1", key).Scan(&until)
				})
				if err != nil {
					t.Fatal(err)
				}
				return until
			}
			if err := write(put("a", 1), put("a", 2), put("a", 3)); err != nil || read("a") != 123 {
				t.Errorf("three statements: %v, %d; want 123", err, read("a"))
			}
			if err := write(); err != nil {
				t.Errorf("no statement: %v", err)
			}
			err = write(put("b", 1), database.Statement{Text: "insert into lease (key) values ($1)", Args: []any{"c"}}, put("b", 2))
			if err == nil || !strings.Contains(strings.ToLower(err.Error()), "null") || read("b") != 0 {
				t.Errorf("the second of three fails: %v, and the first left %d", err, read("b"))
			}
			err = db.Write(t.Context(), false, func(tx *sql.Tx) error {
				seen = nil
				_, err := db.RunAll(t.Context(), tx, []database.Statement{look("a"), put("d", 5), look("d"), look("nobody"), put("d", 6), look("d")})
				return err
			})
			if err != nil || !slices.Equal(seen, []int64{123, 5, 56}) {
				t.Errorf("looks between writes saw %v, %v; want 123, 5, 56", seen, err)
			}
			if err := write(put("b", 7)); err != nil || read("b") != 7 {
				t.Errorf("after a failure: %v, %d; want 7", err, read("b"))
			}
		})
	}
}
