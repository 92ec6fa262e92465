package message

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	"pai-notify/shared/event"
)

// Hosts of PAI's console: mainland China and international.
const (
	consoleHost              = "pai.console.aliyun.com"
	consoleHostInternational = "pai.console.alibabacloud.com"
)

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

// link is the event's own link where it leads to PAI's console, else one built from ids. It never leads anywhere else.
func link(v event.View, region string, o Options) string {
	host := or(o.ConsoleHost, consoleHost)
	if host == NoLinks {
		return ""
	}
	if rest, ok := consolePath(v.ConsoleLink, host); ok {
		return "https://" + host + rest
	}
	form := o.Links[v.Source]
	if form == "" {
		form = forms()[v.Source]
	}
	text := expand(form, host, region, v)
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
			rest = percent(rest, "/?#:!$&,;=+%")
			return rest, len(rest) <= maxLink
		}
	}
	return "", false
}

// expand fills a form; it gives nothing where a value is missing, a placeholder is unknown, or the form leads elsewhere.
func expand(form, host, region string, v event.View) string {
	const start = "https://{host}/"
	if !strings.HasPrefix(form, start) {
		return ""
	}
	var b strings.Builder
	b.Grow(len(form) + 128)
	b.WriteString("https://" + host + "/")
	for rest := form[len(start):]; ; {
		before, after, found := strings.Cut(rest, "{")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		name, tail, _ := strings.Cut(after, "}")
		var value string
		switch name {
		case "region":
			value = region
		case "workspace":
			value = v.WorkspaceID
		case "id":
			value = v.ID
		case "name":
			value = v.Name
		case "version":
			value = v.Version
		}
		if value == "" {
			return ""
		}
		b.WriteString(percent(value, ""))
		rest = tail
	}
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
