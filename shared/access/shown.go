package access

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

const maxShown = 16 << 10 // bytes of what one audit row keeps of a thing before or after a change

// shown is a value as the audit keeps it: JSON, as the API shows it, which leaves secrets out. What should not be there
// all the same is taken out by the names of its members and by the form of our own keys.
func shown(value any) string {
	if value == nil {
		return ""
	}
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprintf(`{"omitted":"no JSON: %T"}`, value)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var plain any
	if err := decoder.Decode(&plain); err != nil {
		return `{"omitted":"no JSON"}`
	}
	if text, err = json.Marshal(without(plain)); err != nil {
		return `{"omitted":"no JSON"}`
	}
	if len(text) > maxShown {
		return fmt.Sprintf(`{"omitted":"%d bytes, sha256 %s"}`, len(text), digest(string(text)))
	}
	return strings.ReplaceAll(string(text), `\u0000`, "") // which PostgreSQL does not take
}

const hidden = "…"

// sensitive are names of members whose texts are secrets or somebody's address.
var sensitive = []string{ //nolint:gochecknoglobals // a table that never changes
	"webhook", "url", "secret", "token", "password", "accesskey", "accesskeysecret", "sealed", "key", "phone", "email", "mobile",
}

var ourKey = regexp.MustCompile(`pn[kbs]_[a-z2-7]{6,}(?:_[a-z2-7]+)?`)

func without(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for name, member := range v {
			if text, ok := member.(string); ok && text != "" && slices.Contains(sensitive, strings.ToLower(name)) {
				v[name] = hidden
			} else {
				v[name] = without(member)
			}
		}
	case []any:
		for i, item := range v {
			v[i] = without(item)
		}
	case string:
		return ourKey.ReplaceAllString(v, hidden)
	}
	return value
}

// cut shortens a text to some bytes.
func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return text[:most]
}
