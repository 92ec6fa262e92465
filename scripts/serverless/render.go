package serverless

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// The variables s.yaml may use; ${ of anything else is a fault, as is one inside another, which the tool cannot read.
var (
	variable  = regexp.MustCompile(`\$\{\s*([^}]*?)\s*\}`)
	envCall   = regexp.MustCompile(`^env\(\s*'([A-Za-z_][A-Za-z0-9_]*)'\s*(?:,\s*'([^']*)'\s*)?\)$`)
	reference = regexp.MustCompile(`^(vars|this|resources)((?:\.[A-Za-z0-9_-]+)+)$`)
)

// unsetMark begins the default of a setting that a deployment cannot do without.
const unsetMark = "unset; "

// renderer resolves variables. A reference is resolved where it is met, so the order of the file does not matter.
type renderer struct {
	source *source
	getenv func(string) string
	blocks map[string]map[string]any // with what they extend
	unset  map[string]string
	faults []error
}

// render gives the tree as `s preview` prints it (without vars and template, which have done their work), and the settings
// that have no value.
func (s *source) render(getenv func(string) string) (map[string]any, []string, error) {
	r := &renderer{source: s, getenv: getenv, blocks: make(map[string]map[string]any), unset: make(map[string]string)}
	resources, _ := s.tree["resources"].(map[string]any)
	for name, value := range resources {
		if block, ok := value.(map[string]any); ok {
			r.blocks[name] = r.extend(name, block)
		}
	}
	tree := make(map[string]any, len(s.tree))
	for key, value := range s.tree {
		if key != "vars" && key != "template" && key != "resources" {
			tree[key] = r.resolve(value, "", key, nil)
		}
	}
	tree["resources"] = s.tree["resources"]
	if resources != nil {
		rendered := make(map[string]any, len(resources))
		for name, value := range resources {
			if block, ok := r.blocks[name]; ok {
				value = block
			}
			rendered[name] = r.resolve(value, name, "resources."+name, nil)
		}
		tree["resources"] = rendered
	}
	unset := make([]string, 0, len(r.unset))
	for _, name := range slices.Sorted(maps.Keys(r.unset)) {
		unset = append(unset, name+": "+r.unset[name])
	}
	if len(r.faults) > 0 {
		return nil, nil, errors.Join(r.faults...)
	}
	// Numbers become what they are in JSON, so that a tree looks the same whoever rendered it.
	text, err := json.Marshal(tree)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", s.name, err)
	}
	var plain map[string]any
	if err := json.Unmarshal(text, &plain); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", s.name, err)
	}
	return plain, unset, nil
}

// extend lays a block's props over those of the template it names.
func (r *renderer) extend(name string, block map[string]any) map[string]any {
	template, ok := dig(block, "extend", "name").(string)
	if !ok {
		return block
	}
	base, ok := dig(r.source.tree, "template", template).(map[string]any)
	if !ok {
		r.fault("resources."+name+".extend.name", "there is no template %q", template)
		return block
	}
	props, _ := block["props"].(map[string]any)
	block = maps.Clone(block)
	block["props"] = merge(base, props)
	return block
}

// merge lays over on base: maps are merged, all else is replaced, lists too (docs/en/extend.md of Serverless Devs).
func merge(base, over map[string]any) map[string]any {
	merged := maps.Clone(base)
	for key, value := range over {
		old, isMap := merged[key].(map[string]any)
		if next, ok := value.(map[string]any); ok && isMap {
			value = merge(old, next)
		}
		merged[key] = value
	}
	return merged
}

// resolve replaces the variables in a value. seen are the references on the way here; one met again is a circle.
func (r *renderer) resolve(value any, block, path string, seen []string) any {
	switch v := value.(type) {
	case map[string]any:
		resolved := make(map[string]any, len(v))
		for key, element := range v {
			resolved[key] = r.resolve(element, block, join(path, key), seen)
		}
		return resolved
	case []any:
		resolved := make([]any, len(v))
		for i, element := range v {
			resolved[i] = r.resolve(element, block, fmt.Sprintf("%s[%d]", path, i), seen)
		}
		return resolved
	case string:
		if found := variable.FindStringSubmatchIndex(v); found != nil && found[0] == 0 && found[1] == len(v) {
			return r.lookup(v[found[2]:found[3]], block, path, seen) // the whole value: it keeps its type
		}
		return variable.ReplaceAllStringFunc(v, func(text string) string {
			return fmt.Sprint(r.lookup(variable.FindStringSubmatch(text)[1], block, path, seen))
		})
	}
	return value
}

// lookup is the value of one variable.
func (r *renderer) lookup(expression, block, path string, seen []string) any {
	if call := envCall.FindStringSubmatchIndex(expression); call != nil {
		name := expression[call[2]:call[3]]
		value := r.getenv(name)
		switch {
		case value != "":
		case call[4] < 0:
			r.fault(path, "the environment variable %s is not set and has no default here", name)
		default:
			value = expression[call[4]:call[5]]
			if what, ok := strings.CutPrefix(value, unsetMark); ok {
				r.unset[name] = what
			}
		}
		return value
	}
	ref := reference.FindStringSubmatch(expression)
	if ref == nil {
		r.fault(path, "${%s} is not one of env('NAME'), env('NAME', 'default'), vars.…, this.… and resources.…", expression)
		return ""
	}
	keys := strings.Split(ref[2][1:], ".")
	switch ref[1] {
	case "vars":
		return r.follow("vars."+strings.Join(keys, "."), dig(r.source.tree, append([]string{"vars"}, keys...)...), "", path, seen)
	case "this":
		if block == "" {
			r.fault(path, "${%s} has a meaning only in a block of resources", expression)
			return ""
		}
		if keys[0] == "name" && len(keys) == 1 {
			return block
		}
		keys = append([]string{block}, keys...)
	}
	target := "resources." + strings.Join(keys, ".")
	return r.follow(target, dig(r.blocks[keys[0]], keys[1:]...), keys[0], path, seen)
}

// follow resolves what a reference points at.
func (r *renderer) follow(target string, value any, block, path string, seen []string) any {
	if slices.Contains(seen, target) {
		r.fault(path, "%s refers to itself", target)
		return ""
	}
	if value == nil {
		r.fault(path, "there is no %s", target)
		return ""
	}
	return r.resolve(value, block, target, append(slices.Clone(seen), target))
}

func (r *renderer) fault(path, format string, args ...any) {
	r.faults = append(r.faults, fmt.Errorf("%s: %w", r.source.where(path), fmt.Errorf(format, args...)))
}
