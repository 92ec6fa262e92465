package httpapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// describeCommand, as the first argument of a function's binary, prints the description of its API instead of serving.
const describeCommand = "openapi"

// describe writes the OpenAPI document of a function's API for those who generate code of it. It says more than the one
// that the function serves: which members an answer always has. A request may leave any of them out.
func describe(w io.Writer, handler http.Handler) error {
	a, ok := handler.(*API)
	if !ok {
		return errors.New("it serves no API that could be described")
	}
	document := a.huma.OpenAPI()
	const ref = "#/components/schemas/"
	for name, schema := range document.Components.Schemas.Map() {
		sure(schema, document.Components.Schemas.TypeFromRef(ref+name))
	}
	text, err := json.MarshalIndent(document, "", "  ")
	if err != nil {
		return fmt.Errorf("describe the API: %w", err)
	}
	_, err = w.Write(append(text, '\n'))
	return err
}

// sure marks the members of a struct that encoding/json never leaves out as required. Lists among them are said not to be
// null: handlers answer with an empty list.
func sure(schema *huma.Schema, t reflect.Type) {
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t == nil || t.Kind() != reflect.Struct {
		return
	}
	for i := range t.NumField() {
		field := t.Field(i)
		tag, tagged := field.Tag.Lookup("json")
		if field.Anonymous && !tagged {
			sure(schema, field.Type)
			continue
		}
		name, options, _ := strings.Cut(tag, ",")
		member := schema.Properties[name]
		if member == nil || strings.Contains(options, "omit") {
			continue
		}
		schema.Required = append(schema.Required, name)
		if member.Type == huma.TypeArray {
			member.Nullable = false
		}
	}
}
