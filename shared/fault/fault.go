// Package fault names what is wrong with what a user wrote: one fault per field, all of them at once, each with the
// field's path and what to do, in English and Chinese. It fills smithy's InvalidParamsError, whose AddNested joins the
// faults of a part to the path of the whole, and reads it back as the paths a user knows from the JSON: event.options[2].
//
// Give every InvalidParamsError an empty Context and nest with the member's name: AddNested("Targets[2]", faults).
// Members may be spelled as in Go or as in JSON; [List] writes them all as in JSON.
package fault

import (
	"errors"
	"strings"
	"unicode"

	"github.com/aws/smithy-go"
)

// Fault is one thing wrong with one field.
type Fault struct {
	Path string // of the field in the JSON: event.options[2]; empty for the whole document
	Text string // what is wrong and what would be right, in English
	ZH   string // the same in Chinese
}

// Said is the text of the fault.
func (f Fault) Said() Text { return said{f.Text, f.ZH} }

// Param makes the fault one of others again, to Add to a [smithy.InvalidParamsError].
func (f Fault) Param() smithy.InvalidParamError { return JSON(f.Path, f.Said()) }

// New makes a fault of a field, to Add to a [smithy.InvalidParamsError]. The field is a path as in Go or JSON, such as
// Scope.IDs[1]; it may begin with an index, and may be empty where the whole is meant.
func New(field string, text Text) smithy.InvalidParamError {
	return &invalid{outer: field, text: text}
}

// JSON makes a fault of a field whose path is as in the JSON already, and is kept so. [New] would take a key that a user
// wrote, such as Webhook, for a member's name in Go.
func JSON(path string, text Text) smithy.InvalidParamError {
	return &invalid{path: path, text: text}
}

// OfMap gives the faults of a map, whose fields are its keys: they are kept as the user wrote them.
func OfMap(faults smithy.InvalidParamsError) smithy.InvalidParamsError {
	var kept smithy.InvalidParamsError
	for _, err := range faults.Errs() {
		path, text := read(err, faults.Context)
		kept.Add(JSON(path, text))
	}
	return kept
}

// List gives the faults in the order in which they were added, never nil.
func List(faults smithy.InvalidParamsError) []Fault {
	list := make([]Fault, 0, faults.Len())
	for _, err := range faults.Errs() {
		path, text := read(err, faults.Context)
		var own *invalid
		if errors.As(err, &own) {
			path = nest(jsonPath(own.outer), own.path)
		} else {
			path = jsonPath(path)
		}
		list = append(list, Fault{Path: path, Text: text.In("en"), ZH: text.In("zh")})
	}
	return list
}

// read gives the path of a fault as it was added, without the context of all of them, and its text.
func read(err error, context string) (path string, text Text) {
	var param smithy.InvalidParamError
	if !errors.As(err, &param) {
		return "", said{err.Error(), err.Error()}
	}
	path = param.Field()
	if context != "" {
		path = strings.TrimPrefix(strings.TrimPrefix(path, context), ".")
	}
	var own *invalid
	var required *smithy.ParamRequiredError
	switch {
	case errors.As(err, &own):
		return path, own.text
	case errors.As(err, &required):
		return path, missing()
	}
	return path, said{param.Error(), param.Error()}
}

// invalid is a smithy.InvalidParamError with a text of our own; smithy exports only the one for a missing field.
type invalid struct {
	context string
	outer   string // path as in Go or JSON, of the whole field or of what path is in
	path    string // as in JSON
	text    Text
}

var _ smithy.InvalidParamError = (*invalid)(nil)

func (e *invalid) Error() string               { return join(e.Field(), ": ", e.text.Error()) }
func (e *invalid) Field() string               { return nest(e.context, nest(e.outer, e.path)) }
func (e *invalid) SetContext(context string)   { e.context = context }
func (e *invalid) AddNestedContext(ctx string) { e.outer = nest(ctx, e.outer) }

func nest(outer, inner string) string {
	if strings.HasPrefix(inner, "[") {
		return outer + inner
	}
	return join(outer, ".", inner)
}

func join(a, between, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + between + b
}

// jsonPath writes each member of a path as its JSON name: Event.Scope.IDs[1] is event.scope.ids[1].
func jsonPath(path string) string {
	members := strings.Split(path, ".")
	for i, m := range members {
		name, index := m, ""
		if at := strings.IndexByte(m, '['); at >= 0 {
			name, index = m[:at], m[at:]
		}
		members[i] = jsonName(name) + index
	}
	return strings.ReplaceAll(strings.Join(members, "."), ".[", "[")
}

// jsonName lowers the first word of a Go name, which may be an abbreviation: PAIUser is paiUser, IDs is ids.
func jsonName(name string) string {
	letters := []rune(name)
	upper := 0
	for upper < len(letters) && unicode.IsUpper(letters[upper]) {
		upper++
	}
	switch rest := string(letters[upper:]); {
	case rest == "" || rest == "s": // ID, IDs
	case upper > 1 && unicode.IsLetter(letters[upper]): // PAIUser: the U begins the next word
		upper--
	}
	return strings.ToLower(string(letters[:upper])) + string(letters[upper:])
}
