package ledger

import (
	"context"
	"database/sql"
	"fmt"

	"pai-notify/shared/database"
)

// writer takes a statement; a *sql.Tx does at once.
type writer interface {
	ExecContext(ctx context.Context, text string, args ...any) (sql.Result, error)
}

// later gathers statements that nothing in their transaction reads, to send them at its end together.
type later struct{ list []database.Statement }

// ExecContext keeps a statement. There is no result of it.
func (l *later) ExecContext(_ context.Context, text string, args ...any) (sql.Result, error) {
	l.list = append(l.list, database.Statement{Text: text, Args: args})
	return nil, nil //nolint:nilnil // see above
}

func (l *later) write(ctx context.Context, db *database.DB, tx *sql.Tx) error {
	if err := db.ExecAll(ctx, tx, l.list); err != nil {
		return fmt.Errorf("write what was decided: %w", err)
	}
	return nil
}
