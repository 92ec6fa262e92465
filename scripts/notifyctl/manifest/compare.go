package manifest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Difference is one field that is not the same in two rules.
type Difference struct {
	Path   string `json:"path"`
	Before any    `json:"before,omitempty"` // nil: not there
	After  any    `json:"after,omitempty"`
}

// String shows it without anything that is secret, which [Canonical] leaves out.
func (d Difference) String() string {
	switch {
	case d.Before == nil:
		return fmt.Sprintf("+ %s: %s", d.Path, shown(d.After))
	case d.After == nil:
		return fmt.Sprintf("- %s: %s", d.Path, shown(d.Before))
	}
	before, isList := d.Before.([]any)
	after, isToo := d.After.([]any)
	if isList && isToo {
		return fmt.Sprintf("~ %s: %s", d.Path, strings.Join(append(missing("-", before, after), missing("+", after, before)...), " "))
	}
	return fmt.Sprintf("~ %s: %s → %s", d.Path, shown(d.Before), shown(d.After))
}

// missing are the items of one list that another has not.
func missing(sign string, list, other []any) (items []string) {
	for _, item := range list {
		if !slices.ContainsFunc(other, func(o any) bool { return shown(o) == shown(item) }) {
			items = append(items, sign+shown(item))
		}
	}
	if len(items) == 0 && sign == "+" && shown(list) != shown(other) {
		items = []string{"in another order"}
	}
	return items
}

func shown(value any) string {
	text, err := json.Marshal(value)
	if err != nil { // cannot be of what was JSON
		return fmt.Sprint(value)
	}
	return strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(string(text))
}

// sets are the lists whose order means nothing.
func sets(path string) bool {
	for _, end := range []string{"event.options", "scope.ids", ".contacts", "mentions.users", ".days"} {
		if strings.HasSuffix(path, end) {
			return true
		}
	}
	return false
}

// readOnly are the members of the API's answers that say what is, not what is wanted.
func readOnly(path string) bool {
	switch path {
	case "created", "drift", "foreign", "muted", "pattern", "units", "warnings", "event.paiUser":
		return true
	}
	return strings.HasPrefix(path, "targets[") && strings.HasSuffix(path, "].secrets")
}

// Canonical is what a rule says, each in one way only: targets by their id, what is left out and what is empty alike, sets
// sorted, and without secrets, read-only members and the name.
func Canonical(body map[string]any, secret func(channel, setting string) bool) map[string]any {
	fields := map[string]any{}
	for name, value := range body {
		if name != "targets" && name != "name" {
			flatten(fields, name, value)
		}
	}
	if _, said := fields["enabled"]; !said {
		if enabled, given := body["enabled"].(bool); !given || enabled {
			fields["enabled"] = true
		} else {
			fields["enabled"] = false
		}
	}
	targets, _ := body["targets"].([]any)
	for _, item := range targets {
		target, _ := item.(map[string]any)
		id, channel := fmt.Sprint(target["id"]), fmt.Sprint(target["channel"])
		for name, value := range target {
			if settings, ok := value.(map[string]any); ok && name == "settings" {
				value = maps.Clone(settings)
				maps.DeleteFunc(value.(map[string]any), func(setting string, _ any) bool { return secret(channel, setting) }) //nolint:errcheck // just made
			}
			if name != "id" {
				flatten(fields, "targets["+id+"]."+name, value)
			}
		}
	}
	return fields
}

func flatten(into map[string]any, path string, value any) {
	if readOnly(path) {
		return
	}
	switch v := value.(type) {
	case nil:
	case map[string]any:
		for name, member := range v {
			flatten(into, path+"."+name, member)
		}
	case []any:
		if len(v) == 0 {
			return
		}
		if sets(path) {
			v = slices.Clone(v)
			slices.SortFunc(v, func(a, b any) int { return strings.Compare(shown(a), shown(b)) })
			v = slices.CompactFunc(v, func(a, b any) bool { return shown(a) == shown(b) })
		}
		if path == "targets" {
			return
		}
		if strings.HasSuffix(path, "when.quiet") {
			v = slices.Clone(v)
			for i, span := range v {
				one := map[string]any{}
				flatten(one, "", span)
				v[i] = one
			}
		}
		into[path] = v
	case string:
		if v != "" {
			into[path] = v
		}
	case bool:
		if v {
			into[path] = v
		}
	case float64:
		if v != 0 {
			into[path] = v
		}
	default:
		into[path] = v
	}
}

// Compare lists what is different in two canonical rules, by path.
func Compare(before, after map[string]any) (list []Difference) {
	paths := slices.Collect(maps.Keys(before))
	for path := range after {
		if _, both := before[path]; !both {
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	for _, path := range paths {
		if shown(before[path]) != shown(after[path]) {
			list = append(list, Difference{path, before[path], after[path]})
		}
	}
	return list
}
