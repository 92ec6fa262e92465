package database

import (
	"database/sql"
	"path/filepath"
	"testing"
)

// The level is set before each transaction by a pragma, which SQLite may carry out as it is prepared: sqlite.org/pragma.html.
// Connections keep prepared statements, so the second durable transaction is the one to look at.
func TestEachTransactionHasItsOwnLevelOfDurability(t *testing.T) {
	t.Parallel()
	const normal, full = 1, 2
	db, err := Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "pai.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	for i, durable := range []bool{false, true, true, false, true, false, false} {
		want := normal
		if durable {
			want = full
		}
		var got int
		err := db.Write(t.Context(), durable, func(tx *sql.Tx) error {
			return tx.QueryRowContext(t.Context(), "pragma synchronous").Scan(&got)
		})
		if err != nil || got != want {
			t.Errorf("transaction %d, durable %v: synchronous = %d, %v; want %d", i, durable, got, err, want)
		}
	}
}
