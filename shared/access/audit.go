package access

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/smithy-go"

	"pai-notify/shared/fault"
	"pai-notify/shared/httpapi"
)

// Change is something that a caller does to what others rely on.
type Change struct {
	Action    string // KIND.VERB: rule.replace
	Workspace string // empty where it is of none
	Object    string // a name or an id
	Before    any    // as the API shows it, without secrets; nil where there was nothing
}

// Outcome of a change.
type Outcome string

// The outcomes. What was begun and neither done nor failed afterwards may or may not have been done: the process ended.
const (
	Begun  Outcome = "begun"
	Done   Outcome = "done"
	Failed Outcome = "failed"
)

// Entry is one row of the audit.
type Entry struct {
	N         int64     `json:"n"`
	At        time.Time `json:"at"`
	Who       string    `json:"who"`
	Name      string    `json:"name"`
	Role      Role      `json:"role"`
	Via       Via       `json:"via"`
	Address   string    `json:"address"`
	Request   string    `json:"request"`
	Action    string    `json:"action"`
	Workspace string    `json:"workspace,omitempty"`
	Object    string    `json:"object,omitempty"`
	Outcome   Outcome   `json:"outcome"`
	Code      string    `json:"code,omitempty"` // of a failure
	Before    string    `json:"before,omitempty"`
	After     string    `json:"after,omitempty"`
	Hash      string    `json:"hash"`
}

// Audited makes a change and writes down who made it: that it was begun before, so that none is made without a trace,
// and afterwards what came of it. What do gives is how the thing is now, as the API shows it; nil where it is gone. Where
// the first row cannot be written, nothing is done.
func (k *Keys) Audited(ctx context.Context, c Change, do func(context.Context) (after any, err error)) error {
	e := NewEntry(ctx, c, Begun)
	if err := k.Append(ctx, e); err != nil {
		return err
	}
	after, err := do(ctx)
	e.Outcome, e.Before, e.After = Done, "", shown(after)
	if err != nil {
		e.Outcome, e.Code, e.After = Failed, failureCode(err), ""
	}
	// The caller may be gone or out of time; that something was done is written all the same.
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if failed := k.Append(late, e); failed != nil {
		k.Log.ErrorContext(ctx, "outcome of a change not audited", "action", c.Action, "workspace", c.Workspace, "object", c.Object,
			"outcome", string(e.Outcome), "error", failed.Error())
	}
	return err
}

// NewEntry is a row of a change by the caller of a request.
func NewEntry(ctx context.Context, c Change, o Outcome) Entry {
	caller, source := From(ctx), httpapi.SourceOf(ctx)
	return Entry{
		Who: caller.KeyID, Name: caller.Name, Role: caller.Role, Via: caller.Via, Address: source.Address, Request: source.Request,
		Action: c.Action, Workspace: c.Workspace, Object: c.Object, Outcome: o, Before: shown(c.Before),
	}
}

// failureCode is the code of an error; its text is the log's, which may hold more than it should.
func failureCode(err error) string {
	var problem *httpapi.Problem
	var api smithy.APIError
	var faults smithy.InvalidParamsError
	switch {
	case errors.As(err, &problem):
		return problem.Code
	case errors.As(err, &faults):
		return "Invalid"
	case errors.As(err, &api):
		return api.ErrorCode()
	}
	return "Internal"
}

// Append adds a row to the audit, with its number, moment and hash. Nothing changes one or takes one away.
func (k *Keys) Append(ctx context.Context, e Entry) error {
	for _, text := range []*string{&e.Who, &e.Name, &e.Address, &e.Request, &e.Action, &e.Workspace, &e.Object, &e.Code} {
		*text = cut(strings.ToValidUTF8(strings.ReplaceAll(*text, "\x00", ""), ""), 300)
	}
	err := k.DB.Write(ctx, true, func(tx *sql.Tx) error {
		var last string
		err := tx.QueryRowContext(ctx, "select n, hash from audit_head where id = 1"+k.DB.ForUpdate()).Scan(&e.N, &last)
		if err != nil {
			return err
		}
		e.N, e.At = e.N+1, k.Now().UTC().Truncate(time.Millisecond)
		e.Hash = e.hash(last)
		_, err = tx.ExecContext(ctx, "insert into audit ("+auditColumns+`)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`, e.N, e.At.UnixMilli(), e.Who, e.Name,
			string(e.Role), string(e.Via), e.Address, e.Request, e.Action, e.Workspace, e.Object, string(e.Outcome), e.Code, e.Before,
			e.After, e.Hash)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "update audit_head set n = $1, hash = $2 where id = 1", e.N, e.Hash)
		return err
	})
	if err != nil {
		return fmt.Errorf("audit %s: %w", e.Action, err)
	}
	return nil
}

const auditColumns = `n, at, who, name, role, via, address, request, action, workspace, object, outcome, code, before, after, hash`

// hash is over a row and the hash of the row before it, so that a row that was changed or taken away shows: from it on
// the hashes are others. Who can write to the database can write them all anew, unless an export was kept elsewhere.
func (e Entry) hash(last string) string {
	parts := []string{
		last, fmt.Sprint(e.N), fmt.Sprint(e.At.UnixMilli()), e.Who, e.Name, string(e.Role), string(e.Via), e.Address, e.Request, e.Action,
		e.Workspace, e.Object, string(e.Outcome), e.Code, e.Before, e.After,
	}
	var b strings.Builder
	for _, part := range parts {
		fmt.Fprintf(&b, "%d:%s", len(part), part) // so that no two rows have one text
	}
	return digest(b.String())
}

// AuditFilter chooses rows. An empty member chooses all.
type AuditFilter struct {
	Workspaces []string
	Who        string
	Action     string // or its kind: rule
	Object     string
	From, To   time.Time
}

// MaxAudit is how many rows one call of [Keys.Audit] gives.
const MaxAudit = 1000

// Audit gives at most limit rows behind a number, the oldest first.
func (k *Keys) Audit(ctx context.Context, f AuditFilter, after int64, limit int) (list []Entry, err error) {
	err = k.DB.Read(ctx, func(tx *sql.Tx) error {
		list = nil
		query, args := f.query(after, min(limit, MaxAudit))
		rows, err := tx.QueryContext(ctx, query, args...)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }() // a fault shows in Err
		for rows.Next() {
			var e Entry
			var at int64
			err := rows.Scan(&e.N, &at, &e.Who, &e.Name, &e.Role, &e.Via, &e.Address, &e.Request, &e.Action, &e.Workspace, &e.Object,
				&e.Outcome, &e.Code, &e.Before, &e.After, &e.Hash)
			if err != nil {
				return err
			}
			e.At = time.UnixMilli(at).UTC()
			list = append(list, e)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("read the audit: %w", err)
	}
	return list, nil
}

func (f AuditFilter) query(after int64, limit int) (query string, args []any) {
	var b strings.Builder
	add := func(condition string, values ...any) {
		for _, value := range values {
			args = append(args, value)
			condition = strings.Replace(condition, "?", fmt.Sprintf("$%d", len(args)), 1)
		}
		b.WriteString(condition)
	}
	add("select "+auditColumns+" from audit where n > ?", after)
	if len(f.Workspaces) > 0 {
		values := make([]any, len(f.Workspaces))
		for i, name := range f.Workspaces {
			values[i] = name
		}
		add(" and workspace in (?"+strings.Repeat(", ?", len(values)-1)+")", values...)
	}
	if f.Who != "" {
		add(" and who = ?", f.Who)
	}
	if f.Action != "" {
		add(" and (action = ? or substr(action, 1, ?) = ?)", f.Action, len(f.Action)+1, f.Action+".")
	}
	if f.Object != "" {
		add(" and object = ?", f.Object)
	}
	if !f.From.IsZero() {
		add(" and at >= ?", f.From.UnixMilli())
	}
	if !f.To.IsZero() {
		add(" and at < ?", f.To.UnixMilli())
	}
	add(" order by n limit ?", limit)
	return b.String(), args
}

// ErrTampered says that the audit is not as it was written.
var ErrTampered = fault.Say("the audit is not as it was written", "审计记录与写入时不一致")

// Verify reads the whole audit and checks its hashes. It gives how many rows there are and the hash of the last; the
// error is [ErrTampered] with the first row that is wrong.
func (k *Keys) Verify(ctx context.Context) (rows int64, hash string, err error) {
	for {
		list, err := k.Audit(ctx, AuditFilter{}, rows, MaxAudit)
		if err != nil {
			return rows, hash, err
		}
		for _, e := range list {
			if e.N != rows+1 || e.Hash != e.hash(hash) {
				return rows, hash, fmt.Errorf("row %d: %w", rows+1, ErrTampered)
			}
			rows, hash = e.N, e.Hash
		}
		if len(list) < MaxAudit {
			break
		}
	}
	var n int64
	var head string
	err = k.DB.Read(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, "select n, hash from audit_head where id = 1").Scan(&n, &head)
	})
	switch {
	case err != nil:
		return rows, hash, fmt.Errorf("read the audit: %w", err)
	case n < rows || n == rows && head != hash: // it may have grown since
		return rows, hash, fmt.Errorf("row %d: %w", rows, ErrTampered)
	case n > rows:
		list, err := k.Audit(ctx, AuditFilter{}, rows, 1)
		if err == nil && len(list) == 0 {
			err = fmt.Errorf("row %d: %w", rows+1, ErrTampered)
		}
		return rows, hash, err
	}
	return rows, hash, nil
}
