package ledger_test

import (
	"testing"

	"pai-notify/shared/database/databasetest"
	"pai-notify/shared/ledger/ledgertest"
)

func TestLedgerOnPostgreSQL(t *testing.T) {
	t.Parallel()
	ledgertest.Run(t, databasetest.Start(t).URL)
}
