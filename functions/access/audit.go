package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"pai-notify/shared/access"
	"pai-notify/shared/httpapi"
)

// Row is one row of the audit. A change has two: that it was begun, and what came of it.
type Row struct {
	N         int64           `json:"n" doc:"Counts up without a gap"`
	At        time.Time       `json:"at"`
	Who       string          `json:"who,omitempty" doc:"Id of the key or the person; left out: the bootstrap token"`
	Name      string          `json:"name,omitempty"`
	Role      string          `json:"role"`
	Via       string          `json:"via" enum:"key,session,provider,bootstrap"`
	Address   string          `json:"address,omitempty" doc:"IP address that the request came from"`
	Request   string          `json:"request,omitempty" doc:"Id of the request, the same in both rows"`
	Action    string          `json:"action" example:"rule.replace"`
	Workspace string          `json:"workspace,omitempty"`
	Object    string          `json:"object,omitempty" doc:"Name or id"`
	Outcome   string          `json:"outcome" enum:"begun,done,failed" doc:"Begun and nothing after it: the process ended, and it may or may not have been done"`
	Code      string          `json:"code,omitempty" doc:"Of a failure"`
	Before    json.RawMessage `json:"before,omitempty" doc:"As the API shows it, without secrets"`
	After     json.RawMessage `json:"after,omitempty"`
	Hash      string          `json:"hash" doc:"SHA-256 over this row and the hash of the row before it"`
}

func row(e access.Entry) Row {
	r := Row{
		N: e.N, At: e.At, Who: e.Who, Name: e.Name, Role: string(e.Role), Via: string(e.Via), Address: e.Address, Request: e.Request,
		Action: e.Action, Workspace: e.Workspace, Object: e.Object, Outcome: string(e.Outcome), Code: e.Code, Hash: e.Hash,
	}
	if e.Before != "" {
		r.Before = json.RawMessage(e.Before)
	}
	if e.After != "" {
		r.After = json.RawMessage(e.After)
	}
	return r
}

// Chosen is embedded in the input of what reads the audit.
type Chosen struct {
	Workspace string    `query:"workspace" maxLength:"100" pattern:"^[A-Za-z0-9][A-Za-z0-9_-]*$" doc:"Left out: all that the key is for"`
	Who       string    `query:"who" maxLength:"64" doc:"Id of a key or a person"`
	Action    string    `query:"action" maxLength:"64" doc:"Such as rule.replace, or its kind: rule"`
	Object    string    `query:"object" maxLength:"256" doc:"Name or id of what was changed"`
	From      time.Time `query:"from"`
	To        time.Time `query:"to" doc:"Before this time"`
	After     int64     `query:"after" minimum:"0" doc:"Only rows behind this number: next of the answer before"`
}

// audit reads rows for an administrator: of the whole deployment, or of their workspaces.
func (s *service) audit(ctx context.Context, c Chosen, limit int) (rows []Row, next int64, err error) {
	caller := access.From(ctx)
	if c.Workspace == "" {
		err = caller.Require(access.Admin)
	} else {
		err = caller.RequireIn(c.Workspace, access.Admin)
	}
	if err == nil {
		err = s.db.CheckVersion(ctx)
	}
	if err != nil {
		return nil, 0, err
	}
	f := access.AuditFilter{Workspaces: caller.Workspaces, Who: c.Who, Action: c.Action, Object: c.Object, From: c.From, To: c.To}
	if c.Workspace != "" {
		f.Workspaces = []string{c.Workspace}
	}
	list, err := s.keys.Audit(ctx, f, c.After, limit)
	if err != nil {
		return nil, 0, err
	}
	rows = []Row{}
	for _, e := range list {
		rows = append(rows, row(e))
	}
	if len(list) == limit {
		next = list[limit-1].N
	}
	return rows, next, nil
}

func (s *service) listAudit(ctx context.Context, in *struct {
	Chosen
	Limit int `query:"limit" minimum:"1" maximum:"200" default:"50"`
}) (*struct {
	Body struct {
		Items []Row `json:"items"`
		Next  int64 `json:"next,omitempty" doc:"Ask again with it as after; left out at the end"`
	}
}, error) {
	out := &struct {
		Body struct {
			Items []Row `json:"items"`
			Next  int64 `json:"next,omitempty" doc:"Ask again with it as after; left out at the end"`
		}
	}{}
	var err error
	out.Body.Items, out.Body.Next, err = s.audit(ctx, in.Chosen, in.Limit)
	return out, err
}

const maxExport = 5 << 20 // bytes: Function Compute takes answers of 6 MB

func (s *service) exportAudit(ctx context.Context, in *struct{ Chosen }) (*struct {
	Type string `header:"Content-Type"`
	Next string `header:"X-Next"`
	Body []byte
}, error) {
	rows, next, err := s.audit(ctx, in.Chosen, access.MaxAudit)
	if err != nil {
		return nil, err
	}
	var lines bytes.Buffer
	for i, r := range rows {
		line, err := json.Marshal(r)
		if err != nil {
			return nil, err
		}
		if lines.Len()+len(line) > maxExport {
			next = rows[i-1].N
			break
		}
		lines.Write(append(line, '\n'))
	}
	out := &struct {
		Type string `header:"Content-Type"`
		Next string `header:"X-Next"`
		Body []byte
	}{Type: "application/x-ndjson; charset=utf-8", Body: lines.Bytes()}
	if next > 0 {
		out.Next = strconv.FormatInt(next, 10)
	}
	return out, nil
}

// Verification is what a look at all hashes of the audit found.
type Verification struct {
	Rows int64  `json:"rows"`
	Hash string `json:"hash" doc:"Of the last row: keep it elsewhere, and a later look shows whether rows before it were written anew"`
}

func (s *service) verifyAudit(ctx context.Context, in *struct{ httpapi.Asked }) (*struct{ Body Verification }, error) {
	if err := access.From(ctx).RequireEverywhere(access.Admin); err != nil {
		return nil, err
	}
	if err := s.db.CheckVersion(ctx); err != nil {
		return nil, err
	}
	rows, hash, err := s.keys.Verify(ctx)
	if errors.Is(err, access.ErrTampered) {
		return nil, &httpapi.Problem{
			Status: http.StatusConflict, Code: "AuditTampered", Said: access.ErrTampered,
			Advice: advice{
				"Somebody with access to the database changed or deleted rows. Compare with an export, and look who can reach the database.",
				"有数据库访问权限的人修改或删除了审计记录。请与已导出的审计比对，并检查谁可以访问数据库。"}.in(in.Language()),
		}
	}
	return &struct{ Body Verification }{Verification{rows, hash}}, err
}
