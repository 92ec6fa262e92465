// Package migrate brings a database's schema up to date. Only the set-up function and tests import it: the tool it uses
// would make every other binary larger and slower to start.
package migrate

import (
	"context"
	"fmt"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"pai-notify/shared/database"
)

// Up applies the migrations that are missing, each in a transaction of its own, and says how many those were. Two at once
// are harmless: one waits for the other.
func Up(ctx context.Context, db *database.DB) (applied int, err error) {
	files, err := database.Migrations()
	if err != nil {
		return 0, fmt.Errorf("migrate: %w", err)
	}
	pool, dialect := db.Pool()
	var options []goose.ProviderOption
	if goose.Dialect(dialect) == goose.DialectPostgres {
		locker, err := lock.NewPostgresSessionLocker()
		if err != nil {
			return 0, fmt.Errorf("migrate: %w", err)
		}
		options = append(options, goose.WithSessionLocker(locker))
	}
	err = db.Exclude(ctx, func() error {
		if goose.Dialect(dialect) == goose.DialectSQLite3 {
			// A property of the file: readers then never wait for a writer.
			if _, err := pool.ExecContext(ctx, "pragma journal_mode=wal"); err != nil {
				return fmt.Errorf("turn on the write-ahead log: %w", err)
			}
		}
		provider, err := goose.NewProvider(goose.Dialect(dialect), pool, files, options...)
		if err != nil {
			return err
		}
		results, err := provider.Up(ctx)
		applied = len(results)
		return err
	})
	if err != nil {
		return applied, fmt.Errorf("migrate: %w", err)
	}
	return applied, nil
}
