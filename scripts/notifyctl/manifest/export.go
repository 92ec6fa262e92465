package manifest

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

// Held is what a deployment shows of a secret: a host, last characters, a fingerprint.
type Held struct{ Host, Last4, Fingerprint string }

// String is for a comment or a plan.
func (h Held) String() string {
	parts := []string{}
	if h.Host != "" {
		parts = append(parts, h.Host)
	}
	if h.Last4 != "" {
		parts = append(parts, "…"+h.Last4)
	}
	return strings.Join(append(parts, "#"+h.Fingerprint), " ")
}

// Exported is a rule of a deployment.
type Exported struct {
	Body    map[string]any             // as the API answers it
	Secrets map[string]map[string]Held // by target and setting
}

// Options of an export.
type Options struct {
	// References writes {env: NAME} for every secret, which then must be set where the file is applied. Without it secrets
	// are left out, and stay as the deployment has them; a comment names them.
	References bool
	Schema     string // where editors find the schema; may be empty
}

// members are those of a rule and its parts, in the order in which people read them.
var members = []string{ //nolint:gochecknoglobals // a table that never changes
	"name", "description", "enabled", "event", "source", "options", "scope", "targets", "id", "channel", "settings", "contacts", "language",
	"kind", "ids", "prefix", "mentions", "owner", "all", "users", "words", "fields", "before", "after", "when", "quiet", "days", "from", "to",
	"zone", "pass", "gapMinutes",
}

// Write makes the document of a workspace's rules. The same rules make the same text.
func Write(workspace string, rules []Exported, o Options) ([]byte, error) {
	comments := yaml.CommentMap{}
	list := []any{}
	for i, r := range rules {
		body := maps.Clone(r.Body)
		if _, given := body["enabled"]; !given {
			body["enabled"] = true
		}
		targets, _ := body["targets"].([]any)
		kept := make([]any, len(targets))
		for n, item := range targets {
			given, _ := item.(map[string]any)
			target := maps.Clone(given)
			id := fmt.Sprint(target["id"])
			var held []string
			settings, _ := target["settings"].(map[string]any)
			settings = maps.Clone(settings)
			for _, name := range slices.Sorted(maps.Keys(r.Secrets[id])) {
				if !o.References {
					held = append(held, name+" ("+r.Secrets[id][name].String()+")")
					continue
				}
				if settings == nil {
					settings = map[string]any{}
				}
				settings[name] = map[string]any{"env": variable(workspace, fmt.Sprint(body["name"]), id, name)}
			}
			target["settings"] = settings
			if len(held) > 0 {
				where := fmt.Sprintf("$.rules[%d].targets[%d].channel", i, n)
				comments[where] = []*yaml.Comment{yaml.LineComment(" kept in the deployment: " + strings.Join(held, ", "))}
			}
			kept[n] = target
		}
		body["targets"] = kept
		list = append(list, ordered(body, ""))
	}
	tree := yaml.MapSlice{{Key: "version", Value: Version}, {Key: "workspace", Value: workspace}, {Key: "rules", Value: list}}
	text, err := yaml.MarshalWithOptions(tree, yaml.WithComment(comments), yaml.UseLiteralStyleIfMultiline(true), yaml.IndentSequence(true))
	if err != nil {
		return nil, fmt.Errorf("write the rules of %s: %w", workspace, err)
	}
	if o.Schema != "" {
		text = append([]byte("# yaml-language-server: $schema="+o.Schema+"\n"), text...)
	}
	return text, nil
}

// variable is the name that an export gives to the variable of a secret: NLP_TRAIN_DLC_FAILED_OPS_WEBHOOK.
func variable(parts ...string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		case r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '_':
			return r
		}
		return '_'
	}, strings.Join(parts, "_"))
}

// ordered writes members in their order, and leaves out what is read-only or empty.
func ordered(value any, path string) any {
	switch v := value.(type) {
	case map[string]any:
		names := slices.SortedFunc(maps.Keys(v), func(a, b string) int {
			if i, j := slices.Index(members, a), slices.Index(members, b); i != j && i >= 0 && j >= 0 {
				return i - j
			}
			return strings.Compare(a, b)
		})
		var slice yaml.MapSlice
		for _, name := range names {
			at := strings.TrimPrefix(path+"."+name, ".")
			if readOnly(at) || name != "enabled" && empty(v[name]) {
				continue
			}
			slice = append(slice, yaml.MapItem{Key: name, Value: ordered(v[name], at)})
		}
		return slice
	case []any:
		list := make([]any, len(v))
		for i, item := range v {
			list[i] = ordered(item, fmt.Sprintf("%s[%d]", path, i))
		}
		return list
	case float64:
		if v == float64(int64(v)) {
			return int64(v)
		}
	}
	return value
}

func empty(value any) bool {
	switch v := value.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case bool:
		return !v
	case float64:
		return v == 0
	case []any:
		return len(v) == 0
	case map[string]any:
		for _, member := range v {
			if !empty(member) {
				return false
			}
		}
		return true
	}
	return false
}
