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
func sqliteURL(t testing.TB) string {
	t.Helper()
	url := "sqlite:" + filepath.Join(t.TempDir(), "pai.db")
	db, err := database.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := migrate.Up(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return url
}

func TestLedgerOnSQLite(t *testing.T) {
	t.Parallel()
	ledgertest.Run(t, sqliteURL)
}
