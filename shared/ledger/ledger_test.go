package ledger_test

import (
	"path/filepath"
	"testing"

	"pai-notify/shared/database"
	"pai-notify/shared/database/migrate"
	"pai-notify/shared/ledger/ledgertest"
)

func TestMain(m *testing.M) { ledgertest.Main(m) }

// sqliteURL makes a database with the schema.
func sqliteURL(tb testing.TB) string {
	tb.Helper()
	url := "sqlite:" + filepath.Join(tb.TempDir(), "pai.db")
	db, err := database.Open(tb.Context(), url)
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := migrate.Up(tb.Context(), db); err != nil {
		tb.Fatal(err)
	}
	if err := db.Close(); err != nil {
		tb.Fatal(err)
	}
	return url
}

func TestLedgerOnSQLite(t *testing.T) {
	t.Parallel()
	ledgertest.Run(t, sqliteURL)
}
