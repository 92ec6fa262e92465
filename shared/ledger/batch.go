package ledger

import (
	"context"
	"database/sql"
	"fmt"

	"pai-notify/shared/database"
)

// batch gathers statements of a transaction of which none needs what another gives, to run them together: PostgreSQL gets
// them in one message. Each that writes is about one row. One about many costs SQLite more: it keeps what it may have to undo of such
// a statement in a file, and looks for each of its arguments among all of them.
type batch struct{ list []database.Statement }

func (b *batch) add(text string, args ...any) {
	b.list = append(b.list, database.Statement{Text: text, Args: args})
}

// ask adds a select.
func (b *batch) ask(text string, args []any, each func(scan func(...any) error) error) {
	b.list = append(b.list, database.Statement{Text: text, Args: args, Each: each})
}

// run runs the statements and empties the batch. It gives how many rows each changed.
func (b *batch) run(ctx context.Context, db *database.DB, tx *sql.Tx) (changed []int64, err error) {
	if changed, err = db.RunAll(ctx, tx, b.list); err != nil {
		return nil, fmt.Errorf("run statements: %w", err)
	}
	b.list = nil
	return changed, nil
}
