package access_test

import (
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"testing"

	"github.com/pressly/goose/v3"

	"pai-notify/shared/access"
	"pai-notify/shared/database"
	"pai-notify/shared/database/migrate"
)

// The set-up function is the first that is replaced in an upgrade, and migrates for whom it lets in.
func TestTheAdministratorsKeyOpensASchemaOfEveryEarlierRelease(t *testing.T) {
	t.Parallel()
	const key = "pnk_abcdefghij_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	sum := sha256.Sum256([]byte(key))
	hash := hex.EncodeToString(sum[:])
	files, err := database.Migrations()
	if err != nil {
		t.Fatal(err)
	}
	last, err := database.Version()
	if err != nil {
		t.Fatal(err)
	}
	for version := int64(2); version <= last; version++ {
		b, _, _ := fresh(t)
		pool, _ := b.Keys.DB.Pool()
		provider, err := goose.NewProvider(goose.DialectSQLite3, pool, files)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := provider.UpTo(t.Context(), version); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Keys.Authenticate(t.Context(), key); code(err) != "Unauthenticated" {
			t.Errorf("schema %d: an unknown key: %v, want Unauthenticated", version, err)
		}
		err = b.Keys.DB.Write(t.Context(), false, func(tx *sql.Tx) error {
			_, err := tx.Exec(`insert into api_key (id, hash, name, role, workspaces, pai_user, created, last_used)
				values ('abcdefghij', $1, 'first key', 'admin', '[]', '2001', 1, 0)`, hash)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		caller, err := b.Keys.Authenticate(t.Context(), key)
		if err != nil || caller.Role != access.Admin || caller.PAIUser != "2001" || !caller.Everywhere() {
			t.Errorf("schema %d: the key is %+v, %v; want an administrator's", version, caller, err)
		}
		if _, err := b.Keys.Authenticate(t.Context(), key[:66]+"b"); code(err) != "Unauthenticated" {
			t.Errorf("schema %d: a key of the same id with another secret: %v, want Unauthenticated", version, err)
		}
		if _, err := migrate.Up(t.Context(), b.Keys.DB); err != nil {
			t.Fatal(err)
		}
		if caller, err := b.Keys.Authenticate(t.Context(), key); err != nil || caller.Role != access.Admin {
			t.Errorf("schema %d and up: the key is %+v, %v; want an administrator's", version, caller, err)
		}
	}
}
