package access

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"pai-notify/shared/fault"
)

// SessionPrefix begins the tokens of sessions, which only the console's cookie carries.
const SessionPrefix = "pns_"

// How long a session lasts, and how many one key or person may have.
const (
	idleTime    = time.Hour      // without a request
	longestTime = 12 * time.Hour // whatever is done in it
	MaxSessions = 10             // the oldest end for a new one
)

// SignIn opens a session for a caller who came with a key, and gives the token of its cookie. Whatever cookie the browser
// brought is of no account: the token is new, so that nobody can have planted it. A session that the browser had, by its
// id, ends.
func (k *Keys) SignIn(ctx context.Context, caller Identity, before string) (token string, ends time.Time, err error) {
	if caller.Via != ByKey && caller.Via != ByProvider {
		return "", time.Time{}, &Error{code: "Forbidden", text: fault.Say("a session is opened with an API key", "会话须用 API 密钥登录")}
	}
	token = SessionPrefix + strings.ToLower(rand.Text()+rand.Text())
	workspaces, err := list(caller.Workspaces)
	if err != nil {
		return "", time.Time{}, err
	}
	now := k.Now()
	ends = now.Add(longestTime)
	key, who := caller.KeyID, ""
	if caller.Via == ByProvider {
		key, who = "", caller.KeyID
	}
	err = k.DB.Write(ctx, true, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "delete from session where id = $1 or ends <= $2 or used <= $3", before, now.UnixMilli(),
			now.Add(-idleTime).UnixMilli())
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `insert into session (id, api_key, who, name, role, workspaces, pai_user, created, used, ends)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9)`, digest(token), key, who, caller.Name, string(caller.Role), workspaces,
			caller.PAIUser, now.UnixMilli(), ends.UnixMilli())
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `delete from session where api_key = $1 and who = $2 and id not in (
			select id from session where api_key = $1 and who = $2 order by created desc, id limit $3)`, key, who, MaxSessions)
		return err
	})
	if err != nil {
		return "", time.Time{}, fmt.Errorf("open a session: %w", err)
	}
	return token, ends, nil
}

// SignOut ends the caller's session. Repeating it changes nothing.
func (k *Keys) SignOut(ctx context.Context, session string) error {
	err := k.DB.Write(ctx, true, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "delete from session where id = $1", session)
		return err
	})
	if err != nil {
		return fmt.Errorf("end a session: %w", err)
	}
	return nil
}

// Session is one that somebody has, as it may be shown: without its token, which only the browser has.
type Session struct {
	Who     string // id of the key or the person
	Name    string
	Via     Via
	Created time.Time
	Used    time.Time // to the minute
	Ends    time.Time
}

// maxListed is how many sessions [Keys.Sessions] gives at most.
const maxListed = 1000

// Sessions gives the sessions that there are, the newest first.
func (k *Keys) Sessions(ctx context.Context) (list []Session, err error) {
	now := k.Now()
	err = k.DB.Read(ctx, func(tx *sql.Tx) error {
		list = nil
		rows, err := tx.QueryContext(ctx, `select api_key, who, name, created, used, ends from session where ends > $1 and used > $2
			order by created desc, id limit $3`, now.UnixMilli(), now.Add(-idleTime).UnixMilli(), maxListed)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }() // a fault shows in Err
		for rows.Next() {
			s := Session{Via: BySession}
			var who string
			var created, used, ends int64
			if err := rows.Scan(&s.Who, &who, &s.Name, &created, &used, &ends); err != nil {
				return err
			}
			if s.Who == "" {
				s.Who, s.Via = who, ByProvider
			}
			s.Created, s.Used, s.Ends = moment(created), moment(used), moment(ends)
			list = append(list, s)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	return list, nil
}

// EndSessions ends all sessions of a key or a person, by its id, and gives how many. Repeating it changes nothing.
func (k *Keys) EndSessions(ctx context.Context, who string) (ended int64, err error) {
	err = k.DB.Write(ctx, true, func(tx *sql.Tx) error {
		done, err := tx.ExecContext(ctx, "delete from session where (api_key = $1 or who = $1) and $1 <> ''", who)
		if err != nil {
			return err
		}
		ended, err = done.RowsAffected()
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("end sessions: %w", err)
	}
	return ended, nil
}

// SessionID is the id of a session by its token.
func SessionID(token string) string { return digest(token) }

func (k *Keys) bySession(ctx context.Context, token string) (Identity, error) {
	var (
		caller           Identity
		key              Key
		keyID            string
		workspaces       string
		used, ends       int64
		id, now          = digest(token), k.Now()
		over             = unauthenticated(fault.Say("this session has ended", "会话已结束"))
		role, who, named string
	)
	over.advice = map[string]string{"en": "Sign in again.", "zh": "请重新登录。"}
	err := k.lookUp(ctx, func(tx *sql.Tx) error {
		err := tx.QueryRowContext(ctx, `select api_key, who, name, role, workspaces, pai_user, used, ends from session
			where id = $1`, id).Scan(&keyID, &who, &named, &role, &workspaces, &caller.PAIUser, &used, &ends)
		if err != nil || keyID == "" {
			return err
		}
		key, _, err = readKey(ctx, tx, keyID)
		return err
	})
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return Identity{}, over
	case err != nil:
		return Identity{}, fmt.Errorf("look up a session: %w", err)
	case now.UnixMilli() >= ends, now.Sub(time.UnixMilli(used)) >= idleTime:
		return Identity{}, over
	}
	if keyID != "" {
		if err := key.usable(now); err != nil {
			return Identity{}, err
		}
		caller = key.identity(BySession)
	} else {
		caller.KeyID, caller.Name, caller.Via, caller.Role = who, named, ByProvider, Role(role)
		if err := json.Unmarshal([]byte(workspaces), &caller.Workspaces); err != nil {
			return Identity{}, fmt.Errorf("workspaces of a session: %w", err)
		}
	}
	caller.Session = id
	if now.Sub(time.UnixMilli(used)) >= useEvery {
		k.useSession(ctx, id, keyID, now)
	}
	return caller, nil
}

// useSession notes that a session and its key were used. They work even where that cannot be written; the log says so.
func (k *Keys) useSession(ctx context.Context, id, key string, now time.Time) {
	err := k.DB.Write(ctx, false, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "update session set used = $1 where id = $2", now.UnixMilli(), id); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, "update api_key set last_used = $1 where id = $2", now.UnixMilli(), key)
		return err
	})
	if err != nil {
		k.Log.ErrorContext(ctx, "last use of a session not noted", "key", key, "error", err.Error())
	}
}
