package message

import (
	"strings"
	"unicode/utf8"
)

// Line makes one line of a text: line breaks and tabs become blanks; control and bidirectional characters, terminal
// colours and what is invisible go; bytes that are no UTF-8 become U+FFFD. A job's name can neither forge a second line
// nor turn the text around it. A clean text is returned as it is.
func Line(s string) string {
	if clean(s, true) {
		return trim(s)
	}
	return strings.TrimSpace(scrub(s, true))
}

// trim is strings.TrimSpace, at once for what needs none.
func trim(s string) string {
	if s == "" || !mayBlank(s[0]) && !mayBlank(s[len(s)-1]) {
		return s
	}
	return strings.TrimSpace(s)
}

// mayBlank says whether a byte may be of a blank of Unicode, be it the first or the last one.
func mayBlank(c byte) bool {
	switch c {
	case ' ', '\t', '\n', '\v', '\f', '\r', 0xc2, 0xe1, 0xe2, 0xe3, 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0xa0, 0xa8, 0xa9,
		0xaf, 0x9f:
		return true
	}
	return false
}

// Block is [Line] for a text of several lines: it keeps line breaks and tabs.
func Block(s string) string {
	if clean(s, false) {
		return s
	}
	return scrub(s, false)
}

func clean(s string, single bool) bool {
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if c < ' ' && (single || c != '\n' && c != '\t') || c == 0x7f {
				return false
			}
			i++
			continue
		}
		if c >= 0xe3 && c <= 0xec && i+2 < len(s) && s[i+1]&0xc0 == 0x80 && s[i+2]&0xc0 == 0x80 {
			i += 3 // U+3000 to U+CFFF, where Chinese is and nothing that must go
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError || verdict(r, single) != keep {
			return false
		}
		i += size
	}
	return true
}

type fate int

const (
	keep fate = iota
	drop
	blank
)

func verdict(r rune, single bool) fate {
	switch {
	case r == '\n' || r == '\t':
		if single {
			return blank
		}
		return keep
	case r == '\r':
		if single {
			return blank
		}
		return drop
	case r == 0x85 || r == 0x2028 || r == 0x2029: // further line breaks of Unicode
		return blank
	case r < 0x20, r >= 0x7f && r < 0xa0: // control characters
		return drop
	case r < 0xa0:
		return keep
	case r == 0x061c, r >= 0x200e && r <= 0x200f, r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069:
		return drop // bidirectional: unicode.org/reports/tr9 §2
	case r == 0x200b, r == 0x2060, r == 0xfeff, r == 0xad: // invisible
		return drop
	case r >= 0xe0000 && r <= 0xe007f: // tags: invisible text
		return drop
	}
	return keep
}

func scrub(s string, single bool) string {
	var b strings.Builder
	b.Grow(len(s))
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == 0x1b {
			i += escape(s[i:])
			continue
		}
		i += size
		switch verdict(r, single) {
		case keep:
			b.WriteRune(r)
		case blank:
			b.WriteByte(' ')
		case drop:
		}
	}
	return b.String()
}

// escape is the length of the terminal sequence that s starts with: ESC [ … letter (ECMA-48 §5.4), else the ESC alone.
func escape(s string) int {
	if len(s) < 2 || s[1] != '[' {
		return 1
	}
	for i := 2; i < len(s) && i < 32; i++ {
		if s[i] >= 0x40 && s[i] <= 0x7e {
			return i + 1
		}
		if s[i] < 0x20 || s[i] > 0x3f {
			break
		}
	}
	return 1
}
