package ledger

import (
	"strconv"
	"strings"
)

// values collects the arguments of a statement and writes their placeholders.
type values struct{ args []any }

// one adds an argument and gives its placeholder.
func (v *values) one(arg any) string {
	v.args = append(v.args, arg)
	return "$" + strconv.Itoa(len(v.args))
}

// tuple adds the arguments of one row and gives ($1, $2, …).
func (v *values) tuple(args ...any) string {
	marks := make([]string, len(args))
	for i, arg := range args {
		marks[i] = v.one(arg)
	}
	return "(" + strings.Join(marks, ", ") + ")"
}

// list adds arguments and gives ($1, $2, …), which for none is a list that matches nothing.
func (v *values) list(args []string) string {
	if len(args) == 0 {
		return "(null)"
	}
	row := make([]any, len(args))
	for i, arg := range args {
		row[i] = arg
	}
	return v.tuple(row...)
}
