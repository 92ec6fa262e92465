package channel

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"pai-notify/shared/event/scan"
	"pai-notify/shared/message"
)

// shortText is how much of a receiver's answer is kept, in bytes.
const shortText = 200

// Short is at most 200 bytes of a text on one line, for errors, logs and the ledger.
func Short(s string) string {
	if len(s) > 4*shortText { // what follows can never be seen
		s = s[:4*shortText]
	}
	s = message.Line(s)
	if len(s) <= shortText {
		return s
	}
	return cutRunes(s[:shortText-len("…")]) + "…"
}

// cutRunes drops the broken rune that a cut by bytes may have left at the end of s.
func cutRunes(s string) string {
	for range utf8.UTFMax - 1 {
		if r, size := utf8.DecodeLastRuneInString(s); r != utf8.RuneError || size != 1 {
			return s
		}
		s = s[:len(s)-1]
	}
	return s
}

// Markdown makes one line of a text that no robot's markdown reads as markup or as a mention. The signs that could be
// either are replaced with their full-width twins, because the robots' dialects do not agree on an escape: what is not
// there cannot be misread by any of them. An underscore inside a word stays, since no dialect reads it as markup and
// names are full of them; parentheses stay, since they mean nothing without brackets.
func Markdown(s string) string {
	i, clean := 0, true
	for i < len(s) && clean && !isSign(s[i]) {
		clean = s[i] >= ' ' && s[i] < 0x7f
		i++
	}
	if !clean || s != "" && (s[0] == ' ' || s[len(s)-1] == ' ') || i < len(s) {
		s = message.Line(s)
		for i = 0; i < len(s) && !isSign(s[i]); {
			i++
		}
	}
	if i == len(s) {
		return s
	}
	b := make([]byte, 0, len(s)+24)
	start := 0
	for ; i < len(s); i++ {
		c := s[i]
		if !isSign(c) || c == '_' && inWord(s, i) {
			continue
		}
		b = append(b, s[start:i]...)
		b = utf8.AppendRune(b, rune(c)+'［'-'[') // the full-width forms stand in ASCII's order
		start = i + 1
	}
	return string(append(b, s[start:]...))
}

// MarkdownLine is [Markdown] for a text at the start of a line, where a few more signs begin a list, a rule or a heading.
func MarkdownLine(s string) string {
	s = Markdown(s)
	if s == "" {
		return s
	}
	switch c := s[0]; {
	case c == '-' || c == '+' || c == '=':
		return string(rune(c)+'［'-'[') + s[1:]
	case c >= '0' && c <= '9':
		end := strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' })
		if end > 0 && (s[end] == '.' || s[end] == ')') {
			return s[:end] + string(rune(s[end])+'［'-'[') + s[end+1:]
		}
	}
	return s
}

// isSign says whether some robot's markdown has a use for a byte.
func isSign(c byte) bool {
	const low = 1<<'#' | 1<<'&' | 1<<'*' | 1<<'<' | 1<<'>'
	const high = 1<<('@'-64) | 1<<('['-64) | 1<<('\\'-64) | 1<<(']'-64) | 1<<('_'-64) | 1<<('`'-64) | 1<<('|'-64) | 1<<('~'-64)
	switch c >> 6 {
	case 0:
		return low>>c&1 != 0
	case 1:
		return high>>(c-64)&1 != 0
	}
	return false
}

// inWord says whether the byte at i stands between two letters or digits.
func inWord(s string, i int) bool {
	before, _ := utf8.DecodeLastRuneInString(s[:i])
	after, _ := utf8.DecodeRuneInString(s[i+1:])
	return isWord(before) && isWord(after)
}

func isWord(r rune) bool { return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r)) }

// JSON writes v without the escapes that encoding/json adds for web pages: robots would show \u003c, and WeCom refuses
// such escapes with 40033.
func JSON(v any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return nil, fmt.Errorf("write JSON: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// Text is a JSON string's text, or any other value as it is written.
func Text(value json.RawMessage) string {
	if s, ok := scan.Text(value); ok {
		return s
	}
	return string(value)
}
