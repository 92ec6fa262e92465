package channel

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

//go:embed codes.json
var codes []byte

// Row is one line of a channel's codes.json: what a receiver's code means.
type Row struct {
	Signal  string   `json:"signal"`          // where the code stands: errcode, code, http (the status), break (ours)
	Code    string   `json:"code"`            // a number; of signal http also 4xx; * is any code without a row
	Match   string   `json:"match,omitempty"` // the row holds only for texts with one of these parts, parted by |
	Class   Class    `json:"class"`           //
	Meaning string   `json:"meaning"`         // what the receiver's maker says it means
	Advice  Advice   `json:"advice"`          // by language
	Source  string   `json:"source"`          // where this is known from: D a page, S source code, I inferred
	After   duration `json:"after,omitempty"` // how long the receiver is known to stay closed, such as 10m
	parts   []string // of Match, lower case
}

type duration time.Duration

func (d *duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	*d = duration(v)
	return err
}

func (d duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// Table reads a receiver's answers by the rows of a codes.json. It is safe for concurrent use.
type Table struct {
	own  []Row
	rows map[string][]Row // by signal and code
}

// MustTable reads the codes.json files embedded in a program, so a fault in one is a defect: it panics. A code that a
// file leaves out is read as the next one says, and at last as this package's codes.json does.
func MustTable(files ...[]byte) *Table {
	t := &Table{rows: map[string][]Row{}}
	add := func(rows []Row) (added []Row) {
		for _, row := range rows {
			if t.rows[row.Signal+" "+row.Code] == nil {
				added = append(added, row)
			}
		}
		for _, row := range added {
			t.rows[row.Signal+" "+row.Code] = append(t.rows[row.Signal+" "+row.Code], row)
		}
		return added
	}
	for _, file := range files {
		t.own = append(t.own, add(mustRows(file))...)
	}
	add(mustRows(codes))
	return t
}

func mustRows(file []byte) []Row {
	var rows []Row
	if err := json.Unmarshal(file, &rows); err != nil {
		panic(fmt.Sprintf("codes.json: %v", err))
	}
	for i, row := range rows {
		if row.Match != "" {
			rows[i].parts = strings.Split(strings.ToLower(row.Match), "|")
		}
	}
	return rows
}

// Rows are the channel's own rows in the order of its files.
func (t *Table) Rows() []Row { return t.own }

// Find gives the first row of a code that fits the text; rows without Match fit every text, after all others.
func (t *Table) Find(signal, code, text string) (row Row, ok bool) {
	lower := ""
	for _, r := range t.rows[signal+" "+code] {
		if r.parts == nil {
			if !ok {
				row, ok = r, true
			}
			continue
		}
		if lower == "" {
			lower = strings.ToLower(text)
		}
		for _, part := range r.parts {
			if strings.Contains(lower, part) {
				return r, true
			}
		}
	}
	return row, ok
}

// Answer is what a receiver said, taken apart by its channel.
type Answer struct {
	Status int    // of HTTP
	Signal string // member of the body that decides: errcode; empty where the status alone decides
	Code   string // the signal's value, an integer as it is written; empty where the body has none
	Text   string // the receiver's own, or the body where it has none
}

// Read is nil where the answer positively says that the message was accepted, else a *Refusal. A listed code decides
// before the status, because receivers send codes with many statuses; the status of a redirect, a limit or a failing
// server decides before an unlisted code.
func (t *Table) Read(a Answer) error {
	row, listed := Row{}, false
	if Short(a.Code) == "" { // of blanks alone it would be shown as none
		a.Code = ""
	}
	if a.Code != "" {
		if row, listed = t.Find(a.Signal, a.Code, a.Text); listed {
			if row.Class != Delivered {
				return refuse(row, a.Code, a.Text)
			}
			if a.Status/100 == 2 {
				return nil
			}
		}
	}
	status := strconv.Itoa(a.Status)
	byStatus, known := t.Find("http", status, a.Text)
	if !known {
		byStatus, known = t.Find("http", status[:1]+"xx", a.Text)
	}
	decides := known && (a.Status/100 == 3 || a.Status == 429 || a.Status/100 == 5)
	if a.Code != "" && !listed {
		row, ok := t.Find(a.Signal, "*", a.Text)
		if ok && (row.Class != Unknown || !decides) {
			return refuse(row, a.Code, a.Text)
		}
	}
	if known && byStatus.Class == Delivered {
		if a.Signal == "" {
			return nil
		}
		known = false
	}
	if !known {
		byStatus, _ = t.Find("http", "*", a.Text)
	}
	return refuse(byStatus, "HTTP "+status, a.Text)
}

// Advise is what to do about an outcome that was recorded with a code and a text; nil where no row says.
func (t *Table) Advise(code, text string) Advice {
	if status, ok := strings.CutPrefix(code, "HTTP "); ok && status != "" {
		for _, key := range []string{status, status[:1] + "xx", "*"} {
			if row, ok := t.Find("http", key, text); ok && row.Advice != nil {
				return row.Advice
			}
		}
		return nil
	}
	if row, ok := t.Find("break", code, text); ok {
		return row.Advice
	}
	for _, key := range []string{code, "*"} {
		for _, own := range t.own {
			if own.Signal == "http" || own.Signal == "break" || own.Code != key {
				continue
			}
			if row, ok := t.Find(own.Signal, key, text); ok {
				return row.Advice
			}
		}
	}
	return nil
}

func refuse(row Row, code, text string) *Refusal {
	class := row.Class
	if class == Delivered {
		class = Unknown
	}
	return &Refusal{Code: Short(code), Text: Short(text), Class: class, Advice: row.Advice, After: time.Duration(row.After)}
}

// Code is an integer of JSON as it is written; of anything else, its JSON text, which no row lists. An absent value
// has none.
func Code(value json.RawMessage) string { return Short(string(value)) }
