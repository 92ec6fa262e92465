package event

import (
	"maps"
	"slices"
	"time"
	"unicode/utf8"
)

// MarshalJSON gives the structured JSON form of CloudEvents: attributes first, extensions by name, Data last and as it
// came. (json.Marshal removes blanks from it and escapes < > & in it; call MarshalJSON where that matters.)
func (e Event) MarshalJSON() ([]byte, error) {
	b := make([]byte, 0, 512+len(e.Data))
	b = append(b, '{')
	version := e.SpecVersion
	if version == "" {
		version = "1.0" // a CloudEvent must have one
	}
	b = appendMember(b, "specversion", version)
	b = appendMember(b, "id", e.ID)
	b = appendMember(b, "source", e.Source)
	b = appendMember(b, "type", e.Type)
	b = appendMember(b, "subject", e.Subject)
	if !e.Time.IsZero() {
		b = appendMember(b, "time", e.Time.Format(time.RFC3339Nano))
	}
	b = appendMember(b, "datacontenttype", e.DataContentType)
	b = appendMember(b, "dataschema", e.DataSchema)
	for _, name := range slices.Sorted(maps.Keys(e.Extensions)) {
		if !isAttribute(name) {
			b = appendMember(b, name, e.Extensions[name])
		}
	}
	if len(e.Data) > 0 {
		b = append(b, `,"data":`...)
		b = append(b, e.Data...)
	}
	return append(b, '}'), nil
}

// isAttribute keeps an extension made by hand from writing an attribute a second time.
func isAttribute(name string) bool {
	switch name {
	case "specversion", "id", "source", "type", "subject", "time", "datacontenttype", "dataschema", "data", "data_base64":
		return true
	}
	return false
}

func appendMember(b []byte, name, value string) []byte {
	if value == "" {
		return b
	}
	if len(b) > 1 {
		b = append(b, ',')
	}
	b = appendQuoted(b, name)
	b = append(b, ':')
	return appendQuoted(b, value)
}

// appendQuoted adds a JSON string without escaping < > &, as encoding/json does by default. What is no UTF-8 becomes
// U+FFFD.
func appendQuoted(b []byte, text string) []byte {
	const hex = "0123456789abcdef"
	b = slices.Grow(b, len(text)+2)
	b = append(b, '"')
	for i := 0; i < len(text); {
		c := text[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(text[i:])
			b = utf8.AppendRune(b, r)
			i += size
			continue
		}
		i++
		switch {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c == '\n':
			b = append(b, '\\', 'n')
		case c == '\t':
			b = append(b, '\\', 't')
		case c < ' ':
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&0xf])
		default:
			b = append(b, c)
		}
	}
	return append(b, '"')
}
