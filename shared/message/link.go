package message

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"pai-notify/shared/event"
	"pai-notify/shared/fault"
)

// Hosts of PAI's console: mainland China and international.
const (
	consoleHost              = "pai.console.aliyun.com"
	consoleHostInternational = "pai.console.alibabacloud.com"
)

const linkSigns = "/?#:!$&,;=+%" // that may stand in a link beside letters and digits

const formStart = "https://{host}/" // of every form: links lead into the console

const maxLink = 2000 // bytes; what browsers and chat clients open without trouble

//go:embed links.json
var embeddedLinks []byte

// forms are the addresses of each source's objects in the console, by catalogue source. PAI documents none; those for
// dlc and flow are in public use, those for dsw and model are our guess. Read from the embedded file at the first use.
var forms = sync.OnceValue(embeddedForms)

func embeddedForms() map[string]string {
	var all map[string]string
	if err := json.Unmarshal(embeddedLinks, &all); err != nil {
		panic(fmt.Sprintf("read embedded links.json: %v", err)) // part of the program; a test reads it
	}
	return all
}

// CheckLink says what is wrong with a form of links, nil where nothing is. A form is an address in the console such as
// https://{host}/?regionId={region}&workspaceId={workspace}#/dlc/jobs/{id}; a link is left out where the event has no value
// for one of its placeholders.
func CheckLink(form string) fault.Text {
	const maxForm = 500 // bytes
	switch {
	case len(form) > maxForm:
		return fault.Say("has %d bytes, at most %d are allowed", "有 %d 字节，最多 %d 字节", len(form), maxForm)
	case !strings.HasPrefix(form, formStart):
		return fault.Say("must begin with %s, so that it leads into the console", "须以 %s 开头，以指向控制台", formStart)
	}
	for rest := form[len(formStart):]; ; {
		literal, after, found := strings.Cut(rest, "{")
		if percent(literal, linkSigns) != literal {
			return fault.Say("holds a sign that has to be written in percent, such as a blank, a bracket or a quote",
				"含有空格、括号、引号等须用百分号编码的字符")
		}
		if !found {
			return nil
		}
		name, tail, closed := strings.Cut(after, "}")
		if _, known := placeholderOf(name, "", event.View{}); !closed || !known {
			return fault.Say("names %q, which is no placeholder; there are {region}, {workspace}, {id}, {name} and {version}",
				"%q 不是占位符，可用：{region}、{workspace}、{id}、{name}、{version}", Cut(Line(name), "en", 40))
		}
		rest = tail
	}
}

// CheckLinks finds what is wrong with the forms of a deployment's settings; sources are those of the catalogue.
func CheckLinks(forms map[string]string, sources []string) []Problem {
	var problems []Problem
	for _, source := range slices.Sorted(maps.Keys(forms)) {
		if !slices.Contains(sources, source) {
			text := fault.Say("is for no event source; there are %s", "不对应任何事件源，现有：%s", fault.Names(sources))
			problems = append(problems, Problem{Cut(Line(source), "en", maxName), 0, text})
		} else if err := CheckLink(forms[source]); err != nil {
			problems = append(problems, Problem{source, 0, err})
		}
	}
	return problems
}

// link is made by the deployment's own form where there is one, else the event's own link where it leads to PAI's console,
// else one built from ids. It never leads anywhere else.
func link(v event.View, region string, o Options) string {
	host := or(o.ConsoleHost, consoleHost)
	if host == NoLinks {
		return ""
	}
	if form := o.Links[v.Source]; form != "" {
		if text := expand(form, host, region, v); text != "" && len(text) <= maxLink {
			return text
		}
	}
	if rest, ok := consolePath(v.ConsoleLink, host); ok {
		return "https://" + host + rest
	}
	text := expand(forms()[v.Source], host, region, v)
	if len(text) > maxLink {
		return ""
	}
	return text
}

// consolePath is what follows the host in a link to a console, safe to stand in any markup. The host is compared as
// text and must be followed by a path, query or fragment, so no user info, port or look-alike passes.
func consolePath(address, host string) (string, bool) {
	const scheme = "https://"
	if len(address) < len(scheme) || len(address) > maxLink || !strings.EqualFold(address[:len(scheme)], scheme) {
		return "", false
	}
	after := address[len(scheme):]
	for _, known := range [...]string{host, consoleHost, consoleHostInternational} {
		if len(after) < len(known) || !strings.EqualFold(after[:len(known)], known) {
			continue
		}
		rest := after[len(known):]
		if rest == "" || rest[0] == '/' || rest[0] == '?' || rest[0] == '#' {
			rest = percent(rest, linkSigns)
			return rest, len(rest) <= maxLink
		}
	}
	return "", false
}

// expand fills a form; it gives nothing where a value is missing, a placeholder is unknown, or the form leads elsewhere.
func expand(form, host, region string, v event.View) string {
	if !strings.HasPrefix(form, formStart) {
		return ""
	}
	var b strings.Builder
	b.Grow(len(form) + 128)
	b.WriteString("https://" + host + "/")
	for rest := form[len(formStart):]; ; {
		before, after, found := strings.Cut(rest, "{")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		name, tail, _ := strings.Cut(after, "}")
		value, _ := placeholderOf(name, region, v)
		if value == "" {
			return ""
		}
		b.WriteString(percent(value, ""))
		rest = tail
	}
}

// placeholderOf is the value of a form's placeholder.
func placeholderOf(name, region string, v event.View) (value string, known bool) {
	switch name {
	case "region":
		return region, true
	case "workspace":
		return v.WorkspaceID, true
	case "id":
		return v.ID, true
	case "name":
		return v.Name, true
	case "version":
		return v.Version, true
	}
	return "", false
}

// percent encodes every byte that is neither unreserved (RFC 3986 §2.3) nor among those kept; tildes, parentheses, quotes
// and angle brackets are markup in some receiver's markup. A kept "%" is encoded where it begins no escape.
func percent(s, kept string) string {
	const digits = "0123456789ABCDEF"
	i := 0
	for i < len(s) && safe(s, i, kept) {
		i++
	}
	if i == len(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s) + 16)
	b.WriteString(s[:i])
	for ; i < len(s); i++ {
		if safe(s, i, kept) {
			b.WriteByte(s[i])
			continue
		}
		b.WriteByte('%')
		b.WriteByte(digits[s[i]>>4])
		b.WriteByte(digits[s[i]&15])
	}
	return b.String()
}

// safe says whether the byte at i may stay as it is.
func safe(s string, i int, kept string) bool {
	c := s[i]
	switch {
	case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '.', c == '_':
		return true
	case c == '%':
		return kept != "" && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2])
	}
	return strings.IndexByte(kept, c) >= 0
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}
