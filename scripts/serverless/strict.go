package serverless

import (
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"
)

// strict checks the shape of the whole rendered tree: that every property is one its component knows, and of its type.
func (c *checker) strict(tree map[string]any) {
	c.shape(tree, reflect.TypeFor[document](), "")
	resources, _ := tree["resources"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(resources)) {
		path := "resources." + name
		component, _ := dig(resources[name], "component").(string)
		props := dig(resources[name], "props")
		switch base, _, _ := strings.Cut(component, "@"); base {
		case "fc3":
			c.shape(props, reflect.TypeFor[FunctionProps](), path+".props")
		case "fc3-domain":
			c.shape(props, reflect.TypeFor[Domain](), path+".props")
		default:
			c.fault(path+".component", "%q is neither fc3 nor fc3-domain", component)
		}
	}
}

// shape holds a tree against a type.
func (c *checker) shape(tree any, t reflect.Type, path string) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if tree == "auto" && reflect.PointerTo(t).Implements(reflect.TypeFor[auto]()) {
		return
	}
	switch t.Kind() {
	case reflect.Struct:
		m, ok := tree.(map[string]any)
		if !ok {
			c.fault(path, "is %s where properties are wanted", kind(tree))
			return
		}
		c.properties(m, t, path)
	case reflect.Map:
		m, ok := tree.(map[string]any)
		if !ok {
			c.fault(path, "is %s where names with values are wanted", kind(tree))
			return
		}
		for _, key := range slices.Sorted(maps.Keys(m)) {
			c.shape(m[key], t.Elem(), join(path, key))
		}
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 { // props, whose type depends on the component
			return
		}
		list, ok := tree.([]any)
		if !ok {
			c.fault(path, "is %s where a list is wanted", kind(tree))
			return
		}
		for i, element := range list {
			at := path + "[" + itoa(i) + "]"
			if m, ok := element.(map[string]any); ok && t.Elem() == reflect.TypeFor[Trigger]() {
				c.strictTrigger(m, at)
				continue
			}
			c.shape(element, t.Elem(), at)
		}
	case reflect.String:
		if _, ok := tree.(string); !ok {
			c.fault(path, "is %s where text is wanted; put it in quotes", kind(tree))
		}
	case reflect.Bool:
		if _, ok := tree.(bool); !ok {
			c.fault(path, "is %s where true or false is wanted", kind(tree))
		}
	case reflect.Int:
		if n, ok := tree.(float64); !ok || n != math.Trunc(n) {
			c.fault(path, "is %s where a whole number is wanted", kind(tree))
		}
	case reflect.Float64:
		if _, ok := tree.(float64); !ok {
			c.fault(path, "is %s where a number is wanted", kind(tree))
		}
	}
}

// properties holds a map against a struct: its keys are the struct's JSON names, and no others.
func (c *checker) properties(m map[string]any, t reflect.Type, path string) {
	fields := make(map[string]reflect.Type, t.NumField())
	for i := range t.NumField() {
		if name := t.Field(i).Tag.Get("json"); name != "-" {
			fields[name] = t.Field(i).Type
		}
	}
	for _, key := range slices.Sorted(maps.Keys(m)) {
		field, ok := fields[key]
		if !ok {
			c.fault(join(path, key), "no such property; %s", nearest(key, slices.Sorted(maps.Keys(fields))))
			continue
		}
		c.shape(m[key], field, join(path, key))
	}
}

// nearest says which name was probably meant.
func nearest(name string, names []string) string {
	best, distance := "", 4
	for _, candidate := range names {
		if d := edits(strings.ToLower(name), strings.ToLower(candidate)); d < distance {
			best, distance = candidate, d
		}
	}
	if best != "" {
		return "did you mean " + best + "?"
	}
	return "there are " + strings.Join(names, ", ")
}

// edits counts the letters to insert, delete or replace between a and b.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}

func kind(tree any) string {
	switch tree.(type) {
	case nil:
		return "empty"
	case string:
		return "text"
	case bool:
		return "true or false"
	case float64:
		return "a number"
	case []any:
		return "a list"
	}
	return "a map"
}
