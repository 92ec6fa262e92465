package catalog

import (
	"fmt"
	"slices"

	"pai-notify/shared/event"
	"pai-notify/shared/event/scan"
	"pai-notify/shared/fault"
)

// origin is one source, ready to read its events.
type origin struct {
	id      string
	kind    event.Text
	names   []string            // CloudEvents sources
	kinds   map[string]*kind    // by CloudEvents type
	scopes  map[string]string   // kind of scope to the path that it looks at
	options map[string][]string // ids of options by id of event
	types   map[string][]string // CloudEvents types by id of option
	known   map[string]struct{} // members of data that are used or deliberately not
	tree    scan.Tree           // of all paths
	members []member            // of event.View
	extra   []extra
}

// kind is one thing that happens.
type kind struct {
	id             string
	outcome        event.Text
	severity       event.Severity
	failing, final bool
	tone           event.Tone
	raise          []raise
}

// raise lifts the severity of an event whose data has one of the values.
type raise struct {
	slot     int
	values   []string
	severity event.Severity
}

// compiler gathers everything that is wrong with a file.
type compiler struct {
	file     *form
	problems Problems
}

func (c *compiler) wrong(path string, text fault.Text) {
	c.problems = append(c.problems, Problem{Path: path, Text: text})
}

// compile makes the catalogue, or names everything that is wrong with the last override.
func (f *form) compile(overrides [][]byte) (*Catalog, error) {
	c := &compiler{file: f}
	made := &Catalog{bus: f.Bus, overrides: overrides, names: map[string][]*origin{}}
	if f.Bus == "" {
		c.wrong("bus", fault.Say("is empty; give what comes before the workspace's name in its bus's name", "为空，请填写总线名称中工作空间名之前的部分"))
	}
	for _, e := range f.Sources {
		o := c.origin(e.key, e.value)
		made.origins = append(made.origins, o)
		made.Sources = append(made.Sources, c.source(e.key, e.value))
		for _, name := range o.names {
			made.names[name] = append(made.names[name], o)
		}
	}
	c.unambiguous(made)
	if len(c.problems) == 0 {
		return made, nil
	}
	if n := len(overrides); n > 0 {
		for i := range c.problems {
			c.problems[i].Line = line(overrides[n-1], c.problems[i].Path)
		}
	}
	return nil, c.problems
}

// unambiguous checks that an event has one meaning and an option id one source.
func (c *compiler) unambiguous(made *Catalog) {
	options := map[string]string{}
	for _, s := range made.Sources {
		for _, o := range s.Options {
			if other, taken := options[o.ID]; taken {
				c.wrong("sources."+s.ID+".options."+o.ID, fault.Say("is an option of source %q too; give it another id", "也是事件源 %q 的选项，请换一个 id", other))
			}
			options[o.ID] = s.ID
		}
	}
	for name, origins := range made.names {
		types := map[string]string{}
		for _, o := range origins {
			for t, k := range o.kinds {
				if other, taken := types[t]; taken && other != o.id {
					c.wrong("sources."+o.id+".events."+k.id+".types", fault.Say("%q of %q is a type of source %q too", "%q（来源 %q）也是事件源 %q 的类型", t, name, other))
				}
				types[t] = o.id
			}
		}
	}
}

// What EventBridge allows: help.aliyun.com/en/eventbridge/product-overview/limits.
const (
	maxSourceBytes = 128
	maxTypeBytes   = 64
)

func (c *compiler) names(path string, names []string, most int) {
	if len(names) == 0 {
		c.wrong(path, fault.Say("is empty; name at least one", "为空，请至少填写一个"))
	}
	for i, name := range names {
		switch at := fmt.Sprintf("%s[%d]", path, i); {
		case name == "" || len(name) > most:
			c.wrong(at, fault.Say("has %d bytes; EventBridge takes 1 to %d", "有 %d 字节，EventBridge 接受 1 至 %d 字节", len(name), most))
		case slices.Contains(names[:i], name):
			c.wrong(at, fault.Say("%q appears twice", "%q 重复", name))
		}
	}
}

func (c *compiler) origin(id string, s source) *origin {
	at := "sources." + id
	o := &origin{
		id: id, kind: c.text(at+".kind", s.Kind), names: s.Sources, kinds: map[string]*kind{},
		scopes: map[string]string{}, options: map[string][]string{}, types: map[string][]string{},
		known: map[string]struct{}{},
	}
	c.names(at+".sources", s.Sources, maxSourceBytes)
	c.fields(o, at, s)
	kinds := map[string]*kind{}
	for _, e := range s.Events {
		kinds[e.key] = c.event(o, at+".events."+e.key, e.key, e.value)
	}
	for _, e := range s.Raise {
		c.raise(o, kinds, at+".raise."+e.key, e.value)
	}
	for _, e := range s.Scopes {
		if e.value.Path != "" {
			o.known[top(e.value.Path)] = struct{}{}
		}
		o.scopes[e.key] = e.value.Path
	}
	for _, e := range s.Options {
		c.option(o, s, at+".options."+e.key, e.key, e.value)
	}
	for _, name := range slices.Concat(s.Ignored, c.file.Ignored) {
		o.known[name] = struct{}{}
	}
	return o
}

func (c *compiler) event(o *origin, at, id string, e eventForm) *kind {
	k := &kind{
		id: id, outcome: c.text(at+".outcome", e.Outcome), failing: e.Failing, final: e.Final,
		severity: c.severity(at+".severity", e.Severity), tone: c.tone(at+".tone", e.Tone),
	}
	c.names(at+".types", e.Types, maxTypeBytes)
	for i, t := range e.Types {
		if other, taken := o.kinds[t]; taken && other != k {
			c.wrong(fmt.Sprintf("%s.types[%d]", at, i), fault.Say("%q is a type of event %q too", "%q 也是事件 %q 的类型", t, other.id))
		}
		o.kinds[t] = k
	}
	return k
}

func (c *compiler) raise(o *origin, kinds map[string]*kind, at string, r raiseForm) {
	made := raise{values: r.Values, severity: c.severity(at+".severity", r.Severity)}
	if len(r.Values) == 0 {
		c.wrong(at+".values", fault.Say("is empty; name the values that raise the severity", "为空，请填写提高级别的取值"))
	}
	steps, err := parsePath(r.Path)
	if err != nil {
		c.wrong(at+".path", err)
		return
	}
	made.slot = o.slot(steps)
	for i, id := range r.Events {
		if kinds[id] == nil {
			c.wrong(fmt.Sprintf("%s.events[%d]", at, i), fault.Say("%q is none of the source's events", "%q 不是该事件源的事件", id))
			continue
		}
		kinds[id].raise = append(kinds[id].raise, made)
	}
}

func (c *compiler) option(o *origin, s source, at, id string, f optionForm) {
	if len(f.Events) == 0 {
		c.wrong(at+".events", fault.Say("is empty; name at least one of the source's events", "为空，请至少填写该事件源的一个事件"))
	}
	if _, ok := s.Groups.find(f.Group); !ok {
		c.wrong(at+".group", fault.Say("%q is none of the source's groups: %s", "%q 不是该事件源的分组，现有：%s", f.Group, fault.Names(s.Groups.keys())))
	}
	for i, name := range f.Events {
		e, ok := s.Events.find(name)
		if !ok {
			c.wrong(fmt.Sprintf("%s.events[%d]", at, i), fault.Say("%q is none of the source's events: %s", "%q 不是该事件源的事件，现有：%s",
				name, fault.Names(s.Events.keys())))
			continue
		}
		o.options[name] = append(o.options[name], id)
		for _, t := range e.Types {
			if !slices.Contains(o.types[id], t) {
				o.types[id] = append(o.types[id], t)
			}
		}
	}
}

// source makes what users see.
func (c *compiler) source(id string, s source) Source {
	at := "sources." + id
	made := Source{
		ID: id, Label: c.text(at+".label", s.Label), Kind: s.Kind.text(),
		Groups: []Group{}, Options: []Option{}, Scopes: []ScopeKind{},
	}
	for _, g := range s.Groups {
		made.Groups = append(made.Groups, Group{ID: g.key, Label: c.text(at+".groups."+g.key+".label", g.value.Label)})
	}
	for _, o := range s.Options {
		group, _ := s.Groups.find(o.value.Group)
		highest := event.Info
		for _, name := range o.value.Events {
			e, _ := s.Events.find(name)
			severity, _ := parseSeverity(e.Severity)
			highest = max(highest, severity)
		}
		made.Options = append(made.Options, Option{
			ID: o.key, Group: o.value.Group, Label: c.text(at+".options."+o.key+".label", o.value.Label),
			Hint: o.value.Hint.or(group.Hint).text(), Severity: severities()[highest],
		})
	}
	for _, k := range s.Scopes {
		made.Scopes = append(made.Scopes, c.scope(at+".scopes."+k.key, k.key, k.value))
	}
	return made
}

func (c *compiler) scope(at, kind string, s scopeForm) ScopeKind {
	general, _ := c.file.Scopes.find(kind)
	needs, known := needs(kind)
	if !known {
		c.wrong(at, fault.Say("is no kind of scope; known are %s", "不是事件范围，可用：%s", fault.Names(scopeKinds())))
	}
	if kind != AllInWorkspace {
		steps, err := parsePath(s.Path)
		switch {
		case err != nil:
			c.wrong(at+".path", err)
		case slices.ContainsFunc(steps, func(s scan.Step) bool { return s.List }):
			c.wrong(at+".path", fault.Say("%q leads into a list, which no event pattern can", "%q 指向列表内部，事件模式不支持", s.Path))
		}
	}
	return ScopeKind{
		Kind: kind, Needs: needs,
		Label: c.text(at+".label", s.Label.or(general.Label)), Hint: s.Hint.or(general.Hint).text(),
	}
}

// scopeKinds lists the kinds of scope.
func scopeKinds() []string {
	return []string{AllInWorkspace, CreatedByMe, Objects, Creators, NamePrefix, ResourceQuota}
}

// needs says which member of a choice a kind of scope wants.
func needs(kind string) (member string, known bool) {
	switch kind {
	case AllInWorkspace:
		return "", true
	case CreatedByMe:
		return "paiUser", true
	case Objects, Creators, ResourceQuota:
		return "ids", true
	case NamePrefix:
		return "prefix", true
	}
	return "", false
}

func (c *compiler) text(at string, w words) event.Text {
	if w.EN == "" {
		c.wrong(at+".en", fault.Say("is empty; every text needs at least English", "为空，每段文字至少需要英文"))
	}
	return w.text()
}

// severities are the words of [event.Severity] by its values.
func severities() []string { return []string{"info", "warning", "error"} }

func parseSeverity(word string) (event.Severity, bool) {
	if word == "" {
		return event.Info, true
	}
	i := slices.Index(severities(), word)
	return event.Severity(max(i, 0)), i >= 0
}

// tone reads one of the tones that a file may give; the others follow from severity.
func (c *compiler) tone(at, word string) event.Tone {
	switch word {
	case "":
		return event.Neutral
	case "good":
		return event.Good
	case "waiting":
		return event.Waiting
	case "stopped":
		return event.Stopped
	}
	c.wrong(at, fault.Say("%q is no tone; want good, waiting or stopped, or leave it out", "%q 不是 tone，请填写 good、waiting 或 stopped，或留空", word))
	return event.Neutral
}

func (c *compiler) severity(at, word string) event.Severity {
	s, ok := parseSeverity(word)
	if !ok {
		c.wrong(at, fault.Say("%q is no severity; want %s", "%q 不是级别，请填写 %s", word, fault.Names(severities())))
	}
	return s
}
