package access

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"pai-notify/shared/fault"
)

// Key is an API key as it may be shown: without the key itself, which nobody has but whom it was made for.
type Key struct {
	ID         string
	Name       string
	Role       Role
	Workspaces []string // none means all
	PAIUser    string
	MadeBy     string    // who made it; empty: the bootstrap token
	Created    time.Time // all times zero where there is none
	LastUsed   time.Time // to the minute
	Expires    time.Time
	Revoked    time.Time
}

// Limits of keys.
const (
	maxKeys       = 1000 // that are neither revoked nor expired
	MaxWorkspaces = 100  // of one key
)

const keyColumns = "id, hash, name, role, workspaces, pai_user, made_by, created, last_used, expires, revoked"

// Which migrations made keys, and gave them an end. Between them set-up must know the administrator who migrates.
const (
	schemaOfKeys  = 2
	schemaOfEnds  = 9
	oldKeyColumns = "id, hash, name, role, workspaces, pai_user, '', created, last_used, 0, 0"
)

func scanKey(scan func(...any) error) (k Key, hash string, err error) {
	var workspaces string
	var created, used, expires, revoked int64
	err = scan(&k.ID, &hash, &k.Name, &k.Role, &workspaces, &k.PAIUser, &k.MadeBy, &created, &used, &expires, &revoked)
	if err != nil {
		return Key{}, "", err
	}
	k.Created, k.LastUsed, k.Expires, k.Revoked = moment(created), moment(used), moment(expires), moment(revoked)
	if err := json.Unmarshal([]byte(workspaces), &k.Workspaces); err != nil {
		return Key{}, "", fmt.Errorf("workspaces of API key %s: %w", k.ID, err)
	}
	return k, hash, nil
}

func readKey(ctx context.Context, tx *sql.Tx, id string) (Key, string, error) {
	return scanKey(tx.QueryRowContext(ctx, "select "+keyColumns+" from api_key where id = $1", id).Scan)
}

// usable is nil while a key lets its holder in.
func (k Key) usable(now time.Time) error {
	switch {
	case !k.Revoked.IsZero():
		return unauthenticated(fault.Say("this API key was revoked", "该 API 密钥已吊销"))
	case !k.Expires.IsZero() && !now.Before(k.Expires):
		e := unauthenticated(fault.Say("this API key expired at %s", "该 API 密钥已于 %s 过期", k.Expires.UTC().Format(time.RFC3339)))
		e.advice = map[string]string{
			"en": "Ask an administrator for a new key: POST /api/v1/keys.",
			"zh": "请向管理员申请新的密钥：POST /api/v1/keys。",
		}
		return e
	}
	return nil
}

func (k Key) identity(via Via) Identity {
	return Identity{KeyID: k.ID, Name: k.Name, Via: via, Role: k.Role, Workspaces: k.Workspaces, PAIUser: k.PAIUser}
}

// NotFoundError says that there is no such key, or none that the caller may know of.
type NotFoundError struct{ ID string }

func (e *NotFoundError) Error() string { return fmt.Sprintf("there is no API key %q", e.ID) }

// ErrLastAdmin says that a key is the last one of an administrator of all workspaces.
var ErrLastAdmin = fault.Say("this is the last key of an administrator of all workspaces: make another one first",
	"这是最后一个全部工作空间的管理员密钥，请先创建另一个")

// ErrTooMany says that there are as many keys as there may be.
var ErrTooMany = fault.Say("there are %d keys already: revoke some that nobody uses", "已有 %d 个密钥，请吊销无人使用的", maxKeys)

// Make makes a key, for a caller who may; its name, role, workspaces, PAI user and end are those of wanted. The key is
// nowhere but in the answer.
func (k *Keys) Make(ctx context.Context, wanted Key) (key string, made Key, err error) {
	key, id := newKey()
	made = wanted
	made.ID, made.MadeBy, made.Created = id, From(ctx).KeyID, k.Now()
	err = k.DB.Write(ctx, true, func(tx *sql.Tx) error {
		var alive int
		err := tx.QueryRowContext(ctx, "select count(*) from api_key where revoked = 0 and (expires = 0 or expires > $1)",
			made.Created.UnixMilli()).Scan(&alive)
		if err != nil {
			return err
		}
		if alive >= maxKeys {
			return ErrTooMany
		}
		return insert(ctx, tx, key, made)
	})
	if err != nil {
		return "", Key{}, fmt.Errorf("make an API key: %w", err)
	}
	return key, made, nil
}

// List gives all keys, the newest first, those that are revoked or expired among them.
func (k *Keys) List(ctx context.Context) (list []Key, err error) {
	err = k.DB.Read(ctx, func(tx *sql.Tx) error {
		list = nil
		rows, err := tx.QueryContext(ctx, "select "+keyColumns+" from api_key order by created desc, id")
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }() // a fault shows in Err
		for rows.Next() {
			one, _, err := scanKey(rows.Scan)
			if err != nil {
				return err
			}
			list = append(list, one)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("list API keys: %w", err)
	}
	return list, nil
}

// Get gives a key. The error is a *[NotFoundError] where there is none.
func (k *Keys) Get(ctx context.Context, id string) (found Key, err error) {
	err = k.DB.Read(ctx, func(tx *sql.Tx) (err error) {
		found, _, err = readKey(ctx, tx, id)
		return err
	})
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return Key{}, &NotFoundError{id}
	case err != nil:
		return Key{}, fmt.Errorf("read API key %s: %w", id, err)
	}
	return found, nil
}

// Revoke ends a key and the sessions that it opened, at once and for good. Repeating it changes nothing. The error is
// [ErrLastAdmin] where nobody would be left to let others in.
func (k *Keys) Revoke(ctx context.Context, id string) (revoked Key, err error) {
	now := k.Now()
	err = k.DB.Write(ctx, true, func(tx *sql.Tx) error {
		// All administrators' keys are locked in order, so that of two who revoke one another's key one is refused.
		var others int
		rows, err := tx.QueryContext(ctx, `select id from api_key where role = $1 and workspaces = '[]' and revoked = 0
			and expires = 0 order by id`+k.DB.ForUpdate(), string(Admin))
		if err != nil {
			return err
		}
		for rows.Next() {
			var other string
			if err := rows.Scan(&other); err != nil {
				return errors.Join(err, rows.Close())
			}
			if other != id {
				others++
			}
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return err
		}
		if revoked, _, err = readKey(ctx, tx, id); err != nil {
			return err
		}
		switch {
		case !revoked.Revoked.IsZero():
			return nil
		case others == 0 && revoked.Role == Admin && len(revoked.Workspaces) == 0 && revoked.Expires.IsZero():
			return ErrLastAdmin
		}
		revoked.Revoked = now
		if _, err := tx.ExecContext(ctx, "update api_key set revoked = $1 where id = $2", now.UnixMilli(), id); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "delete from session where api_key = $1", id)
		return err
	})
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return Key{}, &NotFoundError{id}
	case err != nil:
		return Key{}, fmt.Errorf("revoke API key %s: %w", id, err)
	}
	return revoked, nil
}

// insert stores a new key.
func insert(ctx context.Context, tx *sql.Tx, key string, k Key) error {
	workspaces, err := list(k.Workspaces)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, "insert into api_key ("+keyColumns+") values ($1, $2, $3, $4, $5, $6, $7, $8, 0, $9, 0)",
		k.ID, digest(key), k.Name, string(k.Role), workspaces, k.PAIUser, k.MadeBy, k.Created.UnixMilli(), millis(k.Expires))
	return err
}

// list writes workspaces as they are stored.
func list(workspaces []string) (string, error) {
	text, err := json.Marshal(append([]string{}, workspaces...))
	return string(text), err
}

func moment(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms)
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}
