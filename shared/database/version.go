package database

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations are the schema's steps in order, NNNN_name.sql, for package migrate. Each runs on both databases and only
// adds to what stands, so that functions of the release before keep working while a new one is rolled out.
func Migrations() (fs.FS, error) { return fs.Sub(migrations, "migrations") }

// Version is the schema that this program needs: the number of the last migration.
func Version() (int64, error) {
	files, err := migrations.ReadDir("migrations")
	if err != nil {
		return 0, fmt.Errorf("read migrations: %w", err)
	}
	number, _, _ := strings.Cut(files[len(files)-1].Name(), "_")
	return strconv.ParseInt(number, 10, 64)
}

// CheckVersion finds whether the schema is at least the one this program needs, and remembers that it is. A later schema
// is right too, since migrations only add.
func (d *DB) CheckVersion(ctx context.Context) error {
	if d.current.Load() {
		return nil
	}
	want, err := Version()
	if err != nil {
		return err
	}
	have, err := d.schema(ctx)
	if err != nil {
		return err
	}
	if have < want {
		return &SchemaError{Have: have, Want: want}
	}
	d.current.Store(true)
	return nil
}

// schema is the number of the last migration that was applied, 0 for an empty database.
func (d *DB) schema(ctx context.Context) (version int64, err error) {
	err = d.Read(ctx, func(tx *sql.Tx) error {
		var tables int
		if err := tx.QueryRowContext(ctx, d.dialect.tables(), "goose_db_version").Scan(&tables); err != nil || tables == 0 {
			return err
		}
		return tx.QueryRowContext(ctx, "select coalesce(max(version_id), 0) from goose_db_version").Scan(&version)
	})
	if err != nil {
		return 0, fmt.Errorf("read the schema's version: %w", err)
	}
	return version, nil
}
