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
	add := func(path string, text fault.Text) { faults.Add(fault.New(path, text)) }
	o := c.origin(choice.Source)
	switch {
	case choice.Source == "":
		add("Source", fault.Say("is missing; choose one of %s", "未选择，请从 %s 中选择", c.ids()))
	case o == nil:
		add("Source", fault.Say("%s is not an event source; choose one of %s", "%s 不是事件源，请从 %s 中选择", quoted(choice.Source), c.ids()))
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
	warn := func(path string, n int) {
		text := fault.Say("makes %d values for one field of the event pattern; EventBridge may refuse more than %d. "+
			"If it does, make two rules of it",
			"在事件模式的同一字段中产生 %d 个值，超过 %d 个时 EventBridge 可能拒绝；若被拒绝，请拆成两条规则", n, most)
		list = append(list, fault.Fault{Path: path, Text: text.In("en"), ZH: text.In("zh")})
	}
	if o := c.origin(choice.Source); o != nil {
		types := map[string]struct{}{}
		for _, id := range choice.Options {
			for _, t := range o.types[id] {
				types[t] = struct{}{}
			}
		}
		if len(types) > most {
			warn("options", len(types))
		}
	}
	if n := len(choice.Scope.IDs); n > most {
		warn("scope.ids", n)
	}
	return list
}

type adder func(path string, text fault.Text)

func (c *Catalog) checkOptions(choice Choice, o *origin, add adder) {
	var known fault.Names
	if s, ok := c.Source(choice.Source); ok {
		for _, option := range s.Options {
			known = append(known, option.ID)
		}
	}
	if len(choice.Options) == 0 {
		if len(known) == 0 {
			add("Options", fault.Say("is empty; choose at least one of the source's options", "未选择，请至少选择一项"))
		} else {
			add("Options", fault.Say("is empty; choose at least one of %s", "未选择，请至少选择一项：%s", known))
		}
	}
	for i, id := range choice.Options {
		at := fmt.Sprintf("Options[%d]", i)
		_, source, exists := c.Option(id)
		switch {
		case slices.Contains(choice.Options[:i], id):
			add(at, twice(id))
		case exists && (o == nil || source.ID == o.id): // a wrong source is a fault of its own
		case exists:
			add(at, fault.Say("%s is an option of the source %q; a rule hears of one source, make another rule for it",
				"%s 是事件源 %q 的选项；一条规则只对应一个事件源，请为其另建规则", quoted(id), source.ID))
		case len(known) == 0:
			add(at, fault.Say("%s is not an option of any source", "%s 不是任何事件源的选项", quoted(id)))
		default:
			add(at, fault.Say("%s is not an option of the source; choose from %s", "%s 不是该事件源的选项，请从 %s 中选择", quoted(id), known))
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
		add("Scope.Kind", fault.Say("is missing; choose one of %s", "未选择，请从 %s 中选择", fault.Names(kinds)))
	case !known:
		add("Scope.Kind", fault.Say("%s is not a scope; choose one of %s", "%s 不是事件范围，请从 %s 中选择", quoted(scope.Kind), fault.Names(kinds)))
	case !slices.Contains(kinds, scope.Kind):
		add("Scope.Kind", fault.Say("%s is not a scope of the source %q; choose one of %s",
			"%s 不是事件源 %q 的事件范围，请从 %s 中选择", quoted(scope.Kind), o.id, fault.Names(kinds)))
	}
	switch {
	case member == "ids":
		checkIDs(scope.IDs, add)
	case known && len(scope.IDs) > 0:
		add("Scope.IDs", fault.Say("belongs to the kinds %s, %s and %s; leave it out", "仅用于范围 %s、%s 和 %s，请留空", Objects, Creators, ResourceQuota))
	}
	switch {
	case member == "prefix" && scope.Prefix == "":
		add("Scope.Prefix", fault.Say("is missing; give the beginning of the names, or choose %s", "不能为空，请填写名称的开头，或选择 %s", AllInWorkspace))
	case member == "prefix":
		if problem := badValue(scope.Prefix); problem != nil {
			add("Scope.Prefix", problem)
		}
	case known && scope.Prefix != "":
		add("Scope.Prefix", fault.Say("belongs to the kind %s; leave it out", "仅用于范围 %s，请留空", NamePrefix))
	}
	switch {
	case member == "paiUser" && choice.PAIUser == "":
		add("Scope.Kind", fault.Say(`%s needs your PAI user id, and the API key in use carries none; use a key that has "paiUser", `+
			"or choose %s and give your user id", "%s 需要您的 PAI 用户 ID，而当前 API 密钥未关联用户；请使用填有 PAI 用户 ID（paiUser）的密钥，"+
			"或选择 %s 并填写您的用户 ID", CreatedByMe, Creators))
	case member == "paiUser":
		if problem := badValue(choice.PAIUser); problem != nil {
			add("PAIUser", problem)
		}
	}
}

func checkIDs(ids []string, add adder) {
	switch {
	case len(ids) == 0:
		add("Scope.IDs", fault.Say("is empty; give at least one id, or choose %s", "不能为空，请至少填写一个 ID，或选择 %s", AllInWorkspace))
	case len(ids) > MaxIDs:
		add("Scope.IDs", fault.Say("has %d ids; at most %d fit into a rule, make another one for the rest",
			"有 %d 个 ID，一条规则最多 %d 个，其余请另建规则", len(ids), MaxIDs))
	}
	for i, id := range ids[:min(len(ids), MaxIDs)] {
		at := fmt.Sprintf("Scope.IDs[%d]", i)
		if problem := badValue(id); problem != nil {
			add(at, problem)
		} else if slices.Contains(ids[:i], id) {
			add(at, twice(id))
		}
	}
}

// badValue says what is wrong with an id or prefix, which events are compared with byte by byte.
func badValue(value string) fault.Text {
	switch {
	case value == "":
		return fault.Say("is empty; give a value or leave it out", "为空，请填写或去掉")
	case len(value) > MaxValue:
		return fault.Say("has %d bytes; at most %d", "有 %d 字节，最多 %d 字节", len(value), MaxValue)
	case !utf8.ValidString(value):
		return fault.Say("is not UTF-8", "不是 UTF-8 编码")
	case strings.ContainsFunc(value, func(r rune) bool { return unicode.IsControl(r) || r == utf8.RuneError }):
		return fault.Say("has a control character; leave it out", "含有控制字符，请去掉")
	case strings.TrimSpace(value) != value:
		return fault.Say("begins or ends with a blank; leave it out", "首尾有空白，请去掉")
	}
	return nil
}

func twice(id string) fault.Text {
	return fault.Say("%s appears twice; leave it out here", "%s 重复，请去掉此处", quoted(id))
}

func (c *Catalog) ids() fault.Names {
	ids := make(fault.Names, len(c.Sources))
	for i, s := range c.Sources {
		ids[i] = s.ID
	}
	return ids
}

// quoted shows what a user wrote, cut where it is long.
func quoted(text string) string {
	const most = 64
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return fmt.Sprintf("%q", text)
}
