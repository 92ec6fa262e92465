package catalog

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/aws/smithy-go"

	"pai-notify/shared/fault"
)

// What a choice may hold. A pattern made of it stays well under the limit of package pattern.
const (
	MaxIDs   = 50  // of a scope
	MaxValue = 128 // bytes of an id or prefix
)

// Check finds everything that is wrong with a choice, each fault with the path of its member in the choice.
func (c *Catalog) Check(choice Choice) smithy.InvalidParamsError {
	var faults smithy.InvalidParamsError
	add := func(path, format string, args ...any) { faults.Add(fault.New(path, fmt.Sprintf(format, args...))) }
	o := c.origin(choice.Source)
	switch {
	case choice.Source == "":
		add("Source", "is missing; choose one of %s", c.ids())
	case o == nil:
		add("Source", "%s is not an event source; choose one of %s", quoted(choice.Source), c.ids())
	}
	c.checkOptions(choice, o, add)
	c.checkScope(choice, o, add)
	return faults
}

// Warnings finds what may go wrong with a choice without being a fault.
func (c *Catalog) Warnings(choice Choice) []fault.Fault {
	var list []fault.Fault
	// EventBridge allows 5 expressions "(map structure)" a field. That this counts only operator objects and not plain
	// values is what its page suggests, not what anybody has shown.
	const most = 5
	const text = "makes %d values for one field of the event pattern; EventBridge may refuse more than %d. " +
		"If it does, make two rules of it"
	if o := c.origin(choice.Source); o != nil {
		types := map[string]struct{}{}
		for _, id := range choice.Options {
			for _, t := range o.types[id] {
				types[t] = struct{}{}
			}
		}
		if len(types) > most {
			list = append(list, fault.Fault{Path: "options", Text: fmt.Sprintf(text, len(types), most)})
		}
	}
	if n := len(choice.Scope.IDs); n > most {
		list = append(list, fault.Fault{Path: "scope.ids", Text: fmt.Sprintf(text, n, most)})
	}
	return list
}

type adder func(path, format string, args ...any)

func (c *Catalog) checkOptions(choice Choice, o *origin, add adder) {
	known := ""
	if s, ok := c.Source(choice.Source); ok {
		ids := make([]string, len(s.Options))
		for i, option := range s.Options {
			ids[i] = option.ID
		}
		known = strings.Join(ids, ", ")
	}
	if len(choice.Options) == 0 {
		if known == "" {
			add("Options", "is empty; choose at least one of the source's options")
		} else {
			add("Options", "is empty; choose at least one of %s", known)
		}
	}
	for i, id := range choice.Options {
		at := fmt.Sprintf("Options[%d]", i)
		_, source, exists := c.Option(id)
		switch {
		case slices.Contains(choice.Options[:i], id):
			add(at, "%s appears twice; leave it out here", quoted(id))
		case exists && (o == nil || source.ID == o.id): // a wrong source is a fault of its own
		case exists:
			add(at, "%s is an option of the source %q; a rule hears of one source, make another rule for it",
				quoted(id), source.ID)
		case known == "":
			add(at, "%s is not an option of any source", quoted(id))
		default:
			add(at, "%s is not an option of the source; choose from %s", quoted(id), known)
		}
	}
}

func (c *Catalog) checkScope(choice Choice, o *origin, add adder) {
	scope := choice.Scope
	kinds := scopeKinds()
	if o != nil {
		kinds = slices.DeleteFunc(kinds, func(k string) bool { _, has := o.scopes[k]; return !has })
	}
	member, known := needs(scope.Kind)
	switch {
	case scope.Kind == "":
		add("Scope.Kind", "is missing; choose one of %s", strings.Join(kinds, ", "))
	case !known:
		add("Scope.Kind", "%s is not a scope; choose one of %s", quoted(scope.Kind), strings.Join(kinds, ", "))
	case !slices.Contains(kinds, scope.Kind):
		add("Scope.Kind", "%s is not a scope of the source %q; choose one of %s",
			quoted(scope.Kind), o.id, strings.Join(kinds, ", "))
	}
	switch {
	case member == "ids":
		checkIDs(scope.IDs, add)
	case known && len(scope.IDs) > 0:
		add("Scope.IDs", "belongs to the kinds %s, %s and %s; leave it out", Objects, Creators, ResourceQuota)
	}
	switch {
	case member == "prefix" && scope.Prefix == "":
		add("Scope.Prefix", "is missing; give the beginning of the names, or choose %s", AllInWorkspace)
	case member == "prefix":
		if problem := badValue(scope.Prefix); problem != "" {
			add("Scope.Prefix", "%s", problem)
		}
	case known && scope.Prefix != "":
		add("Scope.Prefix", "belongs to the kind %s; leave it out", NamePrefix)
	}
	switch {
	case member == "paiUser" && choice.PAIUser == "":
		add("Scope.Kind", `%s needs your PAI user id, and the API key in use carries none; use a key that has "paiUser", `+
			"or choose %s and give your user id", CreatedByMe, Creators)
	case member == "paiUser":
		if problem := badValue(choice.PAIUser); problem != "" {
			add("PAIUser", "%s", problem)
		}
	}
}

func checkIDs(ids []string, add adder) {
	switch {
	case len(ids) == 0:
		add("Scope.IDs", "is empty; give at least one id, or choose %s", AllInWorkspace)
	case len(ids) > MaxIDs:
		add("Scope.IDs", "has %d ids; at most %d fit into a rule, make another one for the rest", len(ids), MaxIDs)
	}
	for i, id := range ids[:min(len(ids), MaxIDs)] {
		at := fmt.Sprintf("Scope.IDs[%d]", i)
		if problem := badValue(id); problem != "" {
			add(at, "%s", problem)
		} else if slices.Contains(ids[:i], id) {
			add(at, "%s appears twice; leave it out here", quoted(id))
		}
	}
}

// badValue says what is wrong with an id or prefix, which events are compared with byte by byte.
func badValue(value string) string {
	switch {
	case value == "":
		return "is empty; give a value or leave it out"
	case len(value) > MaxValue:
		return fmt.Sprintf("has %d bytes; at most %d", len(value), MaxValue)
	case !utf8.ValidString(value):
		return "is not UTF-8"
	case strings.ContainsFunc(value, func(r rune) bool { return unicode.IsControl(r) || r == utf8.RuneError }):
		return "has a control character; leave it out"
	case strings.TrimSpace(value) != value:
		return "begins or ends with a blank; leave it out"
	}
	return ""
}

func (c *Catalog) ids() string {
	ids := make([]string, len(c.Sources))
	for i, s := range c.Sources {
		ids[i] = s.ID
	}
	return strings.Join(ids, ", ")
}

// quoted shows what a user wrote, cut where it is long.
func quoted(text string) string {
	const most = 64
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return fmt.Sprintf("%q", text)
}
