package access

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"time"

	"pai-notify/shared/database"
	"pai-notify/shared/fault"
)

// Keys are the API keys and the sessions of a deployment, and its audit. It is safe for concurrent use.
type Keys struct {
	DB  *database.DB
	Now func() time.Time
	Log *slog.Logger

	rates rates
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

// Authenticate finds whose key or session it is. What is neither of this deployment is an [Error] with the code
// Unauthenticated, also where the database has no tables yet, in which no key can be. Who asks too often is refused with
// the code Throttled.
func (k *Keys) Authenticate(ctx context.Context, credential string) (Identity, error) {
	identify := k.byKey
	if strings.HasPrefix(credential, SessionPrefix) {
		identify = k.bySession
	}
	caller, err := identify(ctx, credential)
	if err != nil {
		return Identity{}, err
	}
	return caller, k.rates.take(caller.KeyID, k.Now())
}

func (k *Keys) byKey(ctx context.Context, credential string) (Identity, error) {
	form := keyForm.FindStringSubmatch(credential)
	if form == nil {
		return Identity{}, unauthenticated(fault.Say("this is not an API key, which looks like pnk_PREFIX_SECRET", "不是 API 密钥，密钥形如 pnk_PREFIX_SECRET"))
	}
	var (
		found Key
		hash  string
	)
	err := k.lookUp(ctx, func(tx *sql.Tx) (err error) {
		found, hash, err = readKey(ctx, tx, form[1])
		return err
	})
	var old *database.SchemaError
	if errors.As(err, &old) && old.Have >= schemaOfKeys && old.Have < schemaOfEnds {
		err = k.DB.Read(ctx, func(tx *sql.Tx) (err error) {
			found, hash, err = scanKey(tx.QueryRowContext(ctx, "select "+oldKeyColumns+" from api_key where id = $1", form[1]).Scan)
			return err
		})
	}
	switch {
	case err == nil:
	case errors.Is(err, sql.ErrNoRows):
		hash = digest("") // compare all the same, so that time does not tell which ids there are
	default:
		return Identity{}, fmt.Errorf("look up API key %s: %w", form[1], err)
	}
	if !equal(digest(credential), hash) {
		return Identity{}, unauthenticated(fault.Say("this API key is not known here", "此部署没有该 API 密钥"))
	}
	now := k.Now()
	if err := found.usable(now); err != nil {
		return Identity{}, err
	}
	if now.Sub(found.LastUsed) >= useEvery {
		k.use(ctx, found.ID, now)
	}
	return found.identity(ByKey), nil
}

// lookUp reads the access tables. Where that cannot be done because the schema is an old one, it finds no row; the error
// then is a *[database.SchemaError] too.
func (k *Keys) lookUp(ctx context.Context, do func(*sql.Tx) error) error {
	err := k.DB.Read(ctx, do)
	if err == nil || errors.Is(err, sql.ErrNoRows) {
		return err
	}
	var old *database.SchemaError
	if errors.As(k.DB.CheckVersion(ctx), &old) {
		return errors.Join(sql.ErrNoRows, old)
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
