package channel

import (
	"bytes"
	"encoding/json"
)

// Members reads members of a JSON object by their exact names, in their order; an absent one or null is nil. It
// reports false where body is not one JSON object or has one of the names twice: then nobody can say what it means.
// encoding/json would take a name in other capitals and the last of two.
func Members(body []byte, names ...string) ([]json.RawMessage, bool) {
	values := make([]json.RawMessage, len(names))
	body = bytes.Trim(body, " \t\r\n")
	if len(body) == 0 || body[0] != '{' || !json.Valid(body) {
		return values, false
	}
	// From here on the text is known to be well-formed, so that the end of a part is easy to find.
	for at := next(body, 1); body[at] != '}'; {
		end := stringEnd(body, at)
		key := body[at+1 : end-1]
		if bytes.IndexByte(key, '\\') >= 0 {
			key = []byte(Text(body[at:end]))
		}
		start := next(body, next(body, end)+1) // behind the colon
		end = valueEnd(body, start)
		for i, name := range names {
			if string(key) != name {
				continue
			}
			if values[i] != nil {
				return values, false
			}
			values[i] = body[start:end]
		}
		if at = next(body, end); body[at] == ',' {
			at = next(body, at+1)
		}
	}
	for i, value := range values {
		if string(value) == "null" {
			values[i] = nil
		}
	}
	return values, true
}

// next is the first place from i on that is no white space.
func next(text []byte, i int) int {
	for text[i] == ' ' || text[i] == '\t' || text[i] == '\r' || text[i] == '\n' {
		i++
	}
	return i
}

// stringEnd is the place behind the string that begins at i.
func stringEnd(text []byte, i int) int {
	for i++; text[i] != '"'; i++ {
		if text[i] == '\\' {
			i++
		}
	}
	return i + 1
}

// valueEnd is the place behind the value that begins at i.
func valueEnd(text []byte, i int) int {
	for depth := 0; ; i++ {
		switch text[i] {
		case '"':
			i = stringEnd(text, i) - 1
		case '{', '[':
			depth++
			continue
		case '}', ']':
			if depth == 0 { // of the object around a number or word
				return i
			}
			depth--
		case ',', ' ', '\t', '\r', '\n':
			if depth == 0 {
				return i
			}
			continue
		default:
			continue
		}
		if depth == 0 {
			return i + 1
		}
	}
}
