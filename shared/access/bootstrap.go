package access

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"pai-notify/shared/fault"
)

// Bootstrap is the token that opens a fresh deployment, by its hash: the environment does not hold the token itself.
// Once it has made a key, a row in the database keeps it dead, whatever is restarted. Another token, whose hash the
// operator puts into the environment, can open a deployment whose keys were all lost.
type Bootstrap struct {
	Keys *Keys
	Hash string // hexadecimal SHA-256; empty means that there is none
}

// Authenticate lets the token in as an [Opener] while it has not been used.
func (b Bootstrap) Authenticate(ctx context.Context, token string) (Identity, error) {
	if b.Hash == "" || !equal(digest(token), b.Hash) {
		return Identity{}, unauthenticated(fault.Say("this is neither an API key nor the bootstrap token of this deployment",
			"既不是 API 密钥，也不是此部署的引导令牌"))
	}
	var used int
	err := b.Keys.lookUp(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `select count(*) from bootstrap where hash = $1`, b.Hash).Scan(&used)
	})
	switch {
	case err != nil && !errors.Is(err, sql.ErrNoRows):
		return Identity{}, fmt.Errorf("look up the bootstrap token: %w", err)
	case used > 0:
		return Identity{}, spent()
	}
	return Identity{Role: Opener, Via: ByBootstrap}, nil
}

// Redeem makes the first admin key and ends the token, in one step: of many who come at once, one gets a key. The key
// is nowhere but in the answer. The database must have its tables.
func (b Bootstrap) Redeem(ctx context.Context, paiUser string) (key string, err error) {
	err = b.Keys.DB.Write(ctx, true, func(tx *sql.Tx) error {
		var id string
		key, id = newKey()
		now := b.Keys.Now()
		done, err := tx.ExecContext(ctx,
			`insert into bootstrap (hash, used, api_key) values ($1, $2, $3) on conflict do nothing`, b.Hash,
			now.UnixMilli(), id)
		if err != nil {
			return err
		}
		switch rows, err := done.RowsAffected(); {
		case err != nil:
			return err
		case rows == 0:
			return spent()
		}
		return insert(ctx, tx, key, Key{ID: id, Name: "first key", Role: Admin, PAIUser: paiUser, Created: now})
	})
	if err != nil {
		return "", fmt.Errorf("make the first API key: %w", err)
	}
	return key, nil
}

func spent() *Error {
	e := unauthenticated(fault.Say("the bootstrap token has been used", "引导令牌已被使用"))
	e.advice = map[string]string{
		"en": "Use the API key it made. If that is lost, run make keys, put the new BOOTSTRAP_HASH into the setup " +
			"function's " +
			"environment, deploy, and POST /api/v1/setup with the new token.",
		"zh": "请使用它生成的 API 密钥。若密钥已丢失，请运行 make keys，把新的 BOOTSTRAP_HASH 写入 setup 函数的环境变量并重新部署，" +
			"再用新的令牌 POST /api/v1/setup。",
	}
	return e
}
