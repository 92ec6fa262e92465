package manifest

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

//go:embed rules.schema.json
var file []byte

// Schema is the JSON Schema of one document (2020-12), for editors and other checkers. It is made of the API's OpenAPI
// document.
func Schema() []byte { return bytes.Clone(file) }

const schemaName = "rules.schema.json"

// compiled is the schema, ready to check with.
func compiled() (*jsonschema.Schema, error) {
	tree, err := jsonschema.UnmarshalJSON(bytes.NewReader(file))
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource(schemaName, tree); err != nil {
		return nil, err
	}
	return c.Compile(schemaName)
}

// check finds what in a document is not as the schema says.
func (d *document) check() (faults FaultErrors) {
	schema, err := compiled()
	if err != nil {
		return FaultErrors{d.fault("", "cannot be checked: "+err.Error())}
	}
	var wrong *jsonschema.ValidationError
	if err = schema.Validate(d.tree); err == nil || !errors.As(err, &wrong) {
		return nil
	}
	d.leaves(wrong, &faults)
	return faults
}

// leaves are the faults themselves; what encloses them only says that there are some.
func (d *document) leaves(wrong *jsonschema.ValidationError, faults *FaultErrors) {
	at := func(more ...string) string {
		path := ""
		for _, step := range append(append([]string{}, wrong.InstanceLocation...), more...) {
			switch {
			case step != "" && strings.Trim(step, "0123456789") == "":
				path += "[" + step + "]"
			case path == "":
				path = step
			default:
				path += "." + step
			}
		}
		return path
	}
	add := func(path, text string) { *faults = append(*faults, d.fault(path, text)) }
	switch k := wrong.ErrorKind.(type) {
	case *kind.AdditionalProperties:
		for _, name := range k.Properties {
			add(at(name), "is no member that a rule's file knows; is it misspelt, or indented too far?")
		}
	case *kind.Required:
		for _, name := range k.Missing {
			add(at(name), "is missing")
		}
	case *kind.Type:
		add(at(), fmt.Sprintf("is %s and must be %s", word(k.Got), word(k.Want...)))
	case *kind.AnyOf: // only settings
		add(at(), "must be text, or, of a secret, {env: NAME} or {file: PATH}")
	default:
		if len(wrong.Causes) == 0 {
			add(at(), wrong.ErrorKind.LocalizedString(message.NewPrinter(language.English)))
		}
		for _, cause := range wrong.Causes {
			d.leaves(cause, faults)
		}
	}
}

// word names types as people who write YAML do.
func word(types ...string) string {
	names := map[string]string{"string": "text", "object": "a mapping", "array": "a list", "null": "empty",
		"boolean": "true or false", "integer": "a whole number", "number": "a number"}
	var list []string
	for _, t := range types {
		list = append(list, names[t])
	}
	return strings.Join(list, " or ")
}
