package access

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"pai-notify/shared/fault"
)

// signInPrefix begins the tokens of sign-ins that went to the identity provider and are not back yet.
const signInPrefix = "pno_"

// SignInTime is how long somebody may take at the identity provider.
const SignInTime = 10 * time.Minute

const maxSignIns = 10_000 // at a time: anybody can begin one

// Pending is a sign-in that went to the identity provider. Its token is in the browser's cookie, so that only the browser
// that began it can end it; state and nonce come back with the provider's answer.
type Pending struct {
	Token, State, Nonce, Verifier string
	Ends                          time.Time
}

// Begin begins a sign-in.
func (k *Keys) Begin(ctx context.Context) (Pending, error) {
	secret := func() string { return strings.ToLower(rand.Text() + rand.Text()) }
	now := k.Now()
	p := Pending{signInPrefix + secret(), secret(), secret(), secret(), now.Add(SignInTime)}
	err := k.DB.Write(ctx, false, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "delete from sign_in where ends <= $1", now.UnixMilli()); err != nil {
			return err
		}
		var n int
		if err := tx.QueryRowContext(ctx, "select count(*) from sign_in").Scan(&n); err != nil {
			return err
		}
		if n >= maxSignIns {
			return &ThrottledError{After: SignInTime, What: fault.Say("sign-ins", "登录")}
		}
		_, err := tx.ExecContext(ctx, "insert into sign_in (id, state, nonce, verifier, ends) values ($1, $2, $3, $4, $5)",
			digest(p.Token), digest(p.State), p.Nonce, p.Verifier, p.Ends.UnixMilli())
		return err
	})
	if err != nil {
		return Pending{}, fmt.Errorf("begin a sign-in: %w", err)
	}
	return p, nil
}

// End gives the sign-in that a browser's cookie and a provider's state belong to, once. The error is an [Error] where
// there is none: it is over, was ended before, or began in another browser.
func (k *Keys) End(ctx context.Context, token, state string) (Pending, error) {
	p := Pending{Token: token, State: state}
	none := unauthenticated(fault.Say("there is no such sign-in: it took over ten minutes, is over, or began in another browser",
		"没有这次登录：已超过十分钟、已结束，或在另一浏览器中开始"))
	none.advice = map[string]string{"en": "Sign in again.", "zh": "请重新登录。"}
	err := k.DB.Write(ctx, true, func(tx *sql.Tx) error {
		var want string
		var ends int64
		err := tx.QueryRowContext(ctx, "delete from sign_in where id = $1 returning state, nonce, verifier, ends", digest(token)).
			Scan(&want, &p.Nonce, &p.Verifier, &ends)
		if errors.Is(err, sql.ErrNoRows) {
			return none
		}
		p.Ends = time.UnixMilli(ends)
		if err == nil && (!equal(digest(state), want) || !k.Now().Before(p.Ends)) {
			p.Token = "" // the row is gone all the same
		}
		return err
	})
	switch {
	case errors.Is(err, none), err == nil && p.Token == "":
		return Pending{}, none
	case err != nil:
		return Pending{}, fmt.Errorf("end a sign-in: %w", err)
	}
	return p, nil
}

// PersonID is the id of somebody whom an identity provider knows: always the same, and it tells nobody who.
func PersonID(issuer, subject string) string {
	sum := sha256.Sum256([]byte(issuer + "\x00" + subject))
	return "u" + hex.EncodeToString(sum[:8])
}
