package contact

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"pai-notify/shared/fault"
)

// MaxLines is how many contacts one file may hold.
const MaxLines = 10_000

const byteOrderMark = "\ufeff" // without it Excel reads UTF-8 as the machine's own encoding

// field is one column of a file.
type field struct {
	name  string // as in the API's JSON
	zh    string // also understood
	value func(*Contact) *string
}

func fields() []field {
	return []field{
		{"id", "编号", func(c *Contact) *string { return &c.ID }},
		{"name", "姓名", func(c *Contact) *string { return &c.Name }},
		{"phone", "手机", func(c *Contact) *string { return &c.Phone }},
		{"email", "邮箱", func(c *Contact) *string { return &c.Email }},
		{"language", "语言", func(c *Contact) *string { return &c.Language }},
		{"zone", "时区", func(c *Contact) *string { return &c.Zone }},
		{"dingtalk", "钉钉", func(c *Contact) *string { return &c.DingTalk }},
		{"wecom", "企业微信", func(c *Contact) *string { return &c.WeCom }},
		{"lark", "飞书", func(c *Contact) *string { return &c.Lark }},
		{"paiUser", "PAI用户", func(c *Contact) *string { return &c.PAIUser }},
		{"note", "备注", func(c *Contact) *string { return &c.Note }},
	}
}

// Sheet is a CSV file that was read: the lines with their contacts, normal where they have no fault.
type Sheet struct {
	Rows    []Row
	Faults  []Fault
	columns map[string]bool // that the file has, by name
}

// Row is one line.
type Row struct {
	Line    int
	Contact Contact
}

// Fault is one thing wrong with a file.
type Fault struct {
	Line   int        // from 1 on, the header's; 0: the whole file
	Column string     // its name; empty: the whole line
	Text   fault.Text // without the value
}

// ReadCSV reads a file of contacts and finds all its faults: UTF-8 with or without a byte order mark, a header that names
// columns, then a line for each contact.
func ReadCSV(data []byte) *Sheet {
	s := &Sheet{columns: map[string]bool{}}
	data = bytes.TrimPrefix(data, []byte(byteOrderMark))
	if !utf8.Valid(data) || bytes.IndexByte(data, 0) >= 0 {
		s.add(0, "", fault.Say("is not UTF-8, but perhaps GBK or UTF-16, in which spreadsheets save; save it as “CSV UTF-8” and import it again",
			"不是 UTF-8 编码，可能是电子表格保存的 GBK 或 UTF-16；请另存为“CSV UTF-8”后重新导入"))
		return s
	}
	r := csv.NewReader(bytes.NewReader(data))
	r.FieldsPerRecord = -1 // checked below, for every line
	header, err := r.Read()
	if errors.Is(err, io.EOF) {
		s.add(0, "", fault.Say("is empty; its first line names the columns: %s", "为空；第一行须为列名：%s", ColumnNames()))
		return s
	}
	if err != nil {
		s.broken(err)
		return s
	}
	columns := s.header(header)
	if len(s.Faults) > 0 {
		return s
	}
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return s
		}
		if err != nil { // where a quote is not closed, nobody knows where the next line begins
			s.broken(err)
			return s
		}
		line, _ := r.FieldPos(0)
		if len(s.Rows) == MaxLines {
			s.add(line, "", fault.Say("is one too many: a file may hold %d contacts; split it", "超出了一个文件最多 %d 位联系人的限制，请拆分", MaxLines))
			return s
		}
		s.row(line, columns, record)
	}
}

// Refuse adds a fault of a line, which is left out then.
func (s *Sheet) Refuse(line int, column string, text fault.Text) {
	s.add(line, column, text)
	s.Rows = slices.DeleteFunc(s.Rows, func(r Row) bool { return r.Line == line })
}

func (s *Sheet) add(line int, column string, text fault.Text) {
	s.Faults = append(s.Faults, Fault{line, column, text})
}

func (s *Sheet) broken(err error) {
	var parse *csv.ParseError
	if !errors.As(err, &parse) {
		s.add(0, "", fault.Say("cannot be read; save it as CSV and import it again", "无法读取，请另存为 CSV 后重新导入"))
		return
	}
	s.add(parse.StartLine, "", fault.Say("is no CSV: a quote stands alone or is not closed; write a quote within a value twice. "+
		"Lines after it were not read", "不是 CSV：引号单独出现或没有结束；值中的引号须写两次。其后各行未读取"))
}

// header finds what the columns mean.
func (s *Sheet) header(names []string) []field {
	var columns []field
	for _, given := range names {
		name := unguard(strings.TrimSpace(given))
		at := slices.IndexFunc(fields(), func(f field) bool { return strings.EqualFold(f.name, name) || f.zh == name })
		if at < 0 {
			s.add(1, cut(name), fault.Say("is no column; there are %s, parted by commas", "不是列名，可用：%s，以逗号分隔", ColumnNames()))
			continue
		}
		f := fields()[at]
		if s.columns[f.name] {
			s.add(1, f.name, fault.Say("is there twice; leave one", "重复，请只保留一个"))
		}
		s.columns[f.name] = true
		columns = append(columns, f)
	}
	if !s.columns["name"] && len(s.Faults) == 0 {
		s.add(1, "name", fault.Say("is missing; every contact has a name", "缺少；每位联系人都须有姓名"))
	}
	return columns
}

// ColumnNames lists what the columns of a file can be.
func ColumnNames() fault.Names {
	var names fault.Names
	for _, f := range fields() {
		names = append(names, f.name)
	}
	return names
}

func cut(text string) string {
	const most = 64
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return string([]rune(text)[:most]) + "…"
}

func (s *Sheet) row(line int, columns []field, record []string) {
	if !slices.ContainsFunc(record, func(v string) bool { return strings.TrimSpace(v) != "" }) {
		return // spreadsheets leave such lines at the end
	}
	if len(record) != len(columns) {
		s.add(line, "", fault.Say("has %d values, the header names %d columns; put values that hold commas in quotes",
			"有 %d 个值，而表头有 %d 列；含逗号的值请加引号", len(record), len(columns)))
		return
	}
	var c Contact
	for i, f := range columns {
		*f.value(&c) = unguard(strings.TrimSpace(record[i]))
	}
	c, faults := c.Normal()
	for _, f := range fault.List(faults) {
		s.add(line, f.Path, f.Said())
	}
	if faults.Len() == 0 {
		s.Rows = append(s.Rows, Row{line, c})
	}
}

// WriteCSV writes contacts so that [ReadCSV] reads the same ones. Values that a spreadsheet would take for formulas are
// kept from it by an apostrophe: owasp.org/www-community/attacks/CSV_Injection.
func WriteCSV(w io.Writer, list []Contact) error {
	if _, err := io.WriteString(w, byteOrderMark); err != nil {
		return err
	}
	out := csv.NewWriter(w)
	out.UseCRLF = true
	var record []string
	for _, f := range fields() {
		record = append(record, f.name)
	}
	if err := out.Write(record); err != nil {
		return err
	}
	for _, c := range list {
		for i, f := range fields() {
			record[i] = guard(*f.value(&c))
		}
		if err := out.Write(record); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

const apostrophe = "'"

// guard puts an apostrophe before what would be a formula, and before what already looks guarded.
func guard(value string) string {
	if startsFormula(strings.TrimLeft(value, apostrophe)) {
		return apostrophe + value
	}
	return value
}

func unguard(value string) string {
	if rest, guarded := strings.CutPrefix(value, apostrophe); guarded && startsFormula(strings.TrimLeft(rest, apostrophe)) {
		return rest
	}
	return value
}

func startsFormula(text string) bool {
	first, _ := utf8.DecodeRuneInString(text)
	return text != "" && strings.ContainsRune("=+-@＝＋－＠", first)
}
