package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"slices"

	"github.com/aws/smithy-go"

	"pai-notify/shared/access"
	"pai-notify/shared/contact"
	"pai-notify/shared/fault"
	"pai-notify/shared/httpapi"
)

// Imported is what became of a file.
type Imported struct {
	DryRun    bool        `json:"dryRun" doc:"Nothing was changed: this is what would become of it"`
	Created   int         `json:"created"`
	Replaced  int         `json:"replaced"`
	Unchanged int         `json:"unchanged"`
	Faulty    int         `json:"faulty" doc:"Lines that were left out"`
	Faults    []LineFault `json:"faults" doc:"By line"`
}

// LineFault is one thing wrong with a line of a file.
type LineFault struct {
	Line    int    `json:"line" doc:"From 1 on, which is the header; 0: the whole file"`
	Column  string `json:"column" doc:"Its name; empty: the whole line"`
	Message string `json:"message" doc:"What is wrong and what would be right"`
	ZH      string `json:"zh" doc:"The same in Chinese"`
}

func (s *service) importCSV(ctx context.Context, in *struct {
	Partial bool   `query:"partial" doc:"Take the lines without a fault, even where others have one"`
	DryRun  bool   `query:"dryRun" doc:"Change nothing, only say what would become of it"`
	RawBody []byte `contentType:"text/csv"`
}) (*struct{ Body Imported }, error) {
	_, err := s.enter(ctx, access.Editor)
	if err != nil {
		return nil, err
	}
	sheet := contact.ReadCSV(in.RawBody)
	for _, row := range slices.Clone(sheet.Rows) {
		var faults smithy.InvalidParamsError
		s.checkChats(&faults, row.Contact)
		for _, f := range fault.List(faults) {
			sheet.Refuse(row.Line, f.Path, f.Said())
		}
	}
	var result contact.Imported
	how := contact.Import{Partial: in.Partial, DryRun: in.DryRun}
	if how.DryRun {
		result, err = s.book.Import(ctx, sheet, how)
	} else {
		err = s.keys.Audited(ctx, access.Change{Action: "contact.import"}, func(ctx context.Context) (after any, err error) {
			if result, err = s.book.Import(ctx, sheet, how); err == nil && !result.Written {
				err = faulty(result)
			}
			return map[string]int{"created": result.Created, "replaced": result.Replaced}, err
		})
	}
	if err != nil {
		return nil, err
	}
	out := Imported{
		DryRun: how.DryRun, Created: result.Created, Replaced: result.Replaced, Unchanged: result.Unchanged, Faulty: result.Faulty,
		Faults: []LineFault{},
	}
	for _, f := range result.Faults {
		out.Faults = append(out.Faults, LineFault{f.Line, f.Column, f.Text.In("en"), f.Text.In("zh")})
	}
	if !how.DryRun {
		s.note(ctx, "contacts imported", "created", out.Created, "replaced", out.Replaced, "faulty", out.Faulty)
	}
	return &struct{ Body Imported }{out}, nil
}

// faulty is the problem of a file of which nothing was taken.
func faulty(result contact.Imported) error {
	p := &httpapi.Problem{Status: http.StatusUnprocessableEntity, Code: "Invalid",
		Said: fault.Say("%d lines of the file have a fault; \"errors\" has them all, and nothing was changed",
			"文件中有 %d 行有误，全部见 errors；未做任何更改", result.Faulty)}
	for _, f := range result.Faults {
		p.Errors = append(p.Errors, httpapi.Field{Path: place(f), Message: f.Text.In("en"), ZH: f.Text.In("zh")})
	}
	return p
}

// place is where a fault is, as the path of a field: line[3].phone.
func place(f contact.Fault) string {
	switch {
	case f.Line == 0:
		return ""
	case f.Column == "":
		return fmt.Sprintf("line[%d]", f.Line)
	}
	return fmt.Sprintf("line[%d].%s", f.Line, f.Column)
}

// file is an answer that is no JSON.
type file struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

func (s *service) exportCSV(ctx context.Context, _ *struct{}) (*file, error) {
	if _, err := s.enter(ctx, access.Editor); err != nil { // masked numbers could not be imported again
		return nil, err
	}
	var out bytes.Buffer
	err := s.keys.Audited(ctx, access.Change{Action: "contact.export"}, func(ctx context.Context) (any, error) {
		all, err := s.all(ctx)
		if err == nil {
			err = contact.WriteCSV(&out, all)
		}
		return map[string]int{"contacts": len(all)}, err
	})
	if err != nil {
		return nil, err
	}
	s.note(ctx, "contacts exported")
	return &file{ContentType: "text/csv; charset=utf-8", Body: out.Bytes()}, nil
}

func (s *service) all(ctx context.Context) (all []contact.Contact, err error) {
	const batch = 1000
	for cursor := ""; ; {
		list, next, err := s.book.List(ctx, contact.Query{}, cursor, batch)
		if err != nil {
			return nil, err
		}
		if all = append(all, list...); next == "" {
			return all, nil
		}
		cursor = next
	}
}
