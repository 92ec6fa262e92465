package database_test

import (
	"database/sql"
	"fmt"
	"testing"
)

func TestKeptStatementsAnswerLikeFreshOnes(t *testing.T) {
	t.Parallel()
	db, _ := source(sqlite).migrated(t)
	ctx := t.Context()
	err := db.Write(ctx, false, func(tx *sql.Tx) error {
		for i := range 3 {
			if _, err := tx.ExecContext(ctx, "insert into secret (name, sealed) values ($1, '')", fmt.Sprint(i)); err != nil {
				return err
			}
		}
		// The same text again while its rows are being read, and one for each of the rows.
		const text = "select name from secret where name >= $1 order by name"
		outer, err := tx.QueryContext(ctx, text, "0")
		if err != nil {
			return err
		}
		defer func() { _ = outer.Close() }()
		var got string
		for outer.Next() {
			var name, inner string
			if err := outer.Scan(&name); err != nil {
				return err
			}
			if err := tx.QueryRowContext(ctx, text, "2").Scan(&inner); err != nil {
				return err
			}
			got += name + inner
		}
		if got != "021222" {
			t.Errorf("rows read beside one another: %s, want 021222", got)
		}
		return outer.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 300 { // more than are kept
		err := db.Read(ctx, func(tx *sql.Tx) error {
			var n int
			if err := tx.QueryRowContext(ctx, fmt.Sprintf("select count(*) + %d from secret", i)).Scan(&n); err != nil {
				return err
			}
			if n != i+3 {
				t.Errorf("statement %d answers %d, want %d", i, n, i+3)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestKeptStatementsFollowAChangeOfTheSchema(t *testing.T) {
	t.Parallel()
	db, url := source(sqlite).migrated(t)
	other := open(t, url)
	columns := func() (n int) {
		if err := db.Read(t.Context(), func(tx *sql.Tx) error {
			rows, err := tx.QueryContext(t.Context(), "select * from secret")
			if err != nil {
				return err
			}
			defer func() { _ = rows.Close() }()
			names, err := rows.Columns()
			n = len(names)
			return err
		}); err != nil {
			t.Error(err)
		}
		return n
	}
	before := columns()
	if err := other.Write(t.Context(), false, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(t.Context(), "alter table secret add column more text")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if after := columns(); after != before+1 {
		t.Errorf("%d columns after another process added one to %d", after, before)
	}
}
