package access

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"time"

	"pai-notify/shared/database"
)

// Keys are the API keys of a deployment. It is safe for concurrent use.
type Keys struct {
	DB  *database.DB
	Now func() time.Time
	Log *slog.Logger
}

// keyForm is pnk_, an id, and a secret of 52 base32 characters, which hold 260 bits.
var keyForm = regexp.MustCompile(`^pnk_([a-z2-7]{10})_[a-z2-7]{52}$`)

// newKey makes a key and the part of it that may be shown.
func newKey() (key, id string) {
	id = strings.ToLower(rand.Text()[:10])
	return "pnk_" + id + "_" + strings.ToLower(rand.Text()+rand.Text()), id
}

// NewToken makes a bootstrap token, for the operator, and its hash, for the environment.
func NewToken() (token, hash string) {
	token = "pnb_" + strings.ToLower(rand.Text()+rand.Text())
	return token, digest(token)
}

func digest(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// equal compares in constant time.
func equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// useEvery is how exactly last_used is kept, so that reading an API does not write each time.
const useEvery = time.Minute

// Authenticate finds whose key it is. What is not a key of this deployment is an [Error] with the code Unauthenticated,
// also where the database has no tables yet, in which no key can be.
func (k *Keys) Authenticate(ctx context.Context, key string) (Identity, error) {
	form := keyForm.FindStringSubmatch(key)
	if form == nil {
		return Identity{}, unauthenticated("this is not an API key, which looks like pnk_PREFIX_SECRET")
	}
	var (
		caller           = Identity{KeyID: form[1]}
		hash, workspaces string
		used             int64
	)
	err := k.lookUp(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx,
			`select hash, role, workspaces, pai_user, last_used from api_key where id = $1`, caller.KeyID,
		).Scan(&hash, &caller.Role, &workspaces, &caller.PAIUser, &used)
	})
	switch {
	case err == nil:
	case errors.Is(err, sql.ErrNoRows):
		hash = digest("") // compare all the same, so that time does not tell which ids there are
	default:
		return Identity{}, fmt.Errorf("look up API key %s: %w", caller.KeyID, err)
	}
	if !equal(digest(key), hash) {
		return Identity{}, unauthenticated("this API key is not known here")
	}
	if err := json.Unmarshal([]byte(workspaces), &caller.Workspaces); err != nil {
		return Identity{}, fmt.Errorf("workspaces of API key %s: %w", caller.KeyID, err)
	}
	if now := k.Now(); now.Sub(time.UnixMilli(used)) >= useEvery {
		k.use(ctx, caller.KeyID, now)
	}
	return caller, nil
}

// lookUp reads the access tables. Where there are none yet it finds no row.
func (k *Keys) lookUp(ctx context.Context, do func(*sql.Tx) error) error {
	err := k.DB.Read(ctx, do)
	if err == nil || errors.Is(err, sql.ErrNoRows) {
		return err
	}
	var old *database.SchemaError
	if errors.As(k.DB.CheckVersion(ctx), &old) {
		return sql.ErrNoRows
	}
	return k.DB.Read(ctx, do) // somebody may have made the tables just now
}

// use notes when a key was used. A key works even where that cannot be written; the log says so.
func (k *Keys) use(ctx context.Context, id string, now time.Time) {
	err := k.DB.Write(ctx, false, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `update api_key set last_used = $1 where id = $2`, now.UnixMilli(), id)
		return err
	})
	if err != nil {
		k.Log.ErrorContext(ctx, "last use of an API key not noted", "key", id, "error", err.Error())
	}
}

// insert stores a new key.
func insert(ctx context.Context, tx *sql.Tx, key, name string, caller Identity, now time.Time) error {
	workspaces, err := json.Marshal(append([]string{}, caller.Workspaces...))
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx,
		`insert into api_key (id, hash, name, role, workspaces, pai_user, created, last_used) values ($1, $2, $3, $4, $5, $6, $7, 0)`,
		caller.KeyID, digest(key), name, string(caller.Role), string(workspaces), caller.PAIUser, now.UnixMilli())
	return err
}
