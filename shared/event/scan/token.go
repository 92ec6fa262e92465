package scan

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// blanks steps over white space.
func (s *Scanner) blanks() {
	for s.at < len(s.text) && isBlank(s.text[s.at]) {
		s.at++
	}
}

func isBlank(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }

// word steps over true, false or null.
func (s *Scanner) word(word string) {
	for i := range len(word) {
		if s.at+i >= len(s.text) || s.text[s.at+i] != word[i] {
			s.fail(s.at+i, "want "+word)
			return
		}
	}
	s.at += len(word)
}

// quoted steps over a string.
func (s *Scanner) quoted() {
	text, at := s.text, s.at+1
	for {
		at += plain(text[at:])
		if at >= len(text) {
			s.fail(at, "")
			return
		}
		switch text[at] {
		case '"':
			s.at = at + 1
			return
		case '\\':
			if at = s.escape(at + 1); at < 0 {
				return
			}
		default:
			s.fail(at, "a control character in a string; want it escaped")
			return
		}
	}
}

// Eight bytes of 1, and of their highest bits.
const ones, tops = 0x0101010101010101, 0x8080808080808080

// plain counts the bytes before the first quotation mark, backslash or control character. It looks at eight at a time:
// with the usual tricks for "has a zero byte" and "has a byte less than n", the lowest bit set tells the first.
func plain(text []byte) int {
	at := 0
	for ; at+8 <= len(text); at += 8 {
		w := binary.LittleEndian.Uint64(text[at:])
		quote, slash := w^(ones*'"'), w^(ones*'\\')
		found := ((w-ones*' ')&^w | (quote-ones)&^quote | (slash-ones)&^slash) & tops
		if found != 0 {
			return at + bits.TrailingZeros64(found)/8
		}
	}
	for at < len(text) && text[at] != '"' && text[at] != '\\' && text[at] >= ' ' {
		at++
	}
	return at
}

// simple says that a text has only ASCII and no backslash.
func simple(text string) bool {
	at := 0
	for ; at+8 <= len(text); at += 8 {
		t := text[at : at+8] // read at once: the compiler joins the bytes
		w := uint64(t[0]) | uint64(t[1])<<8 | uint64(t[2])<<16 | uint64(t[3])<<24 |
			uint64(t[4])<<32 | uint64(t[5])<<40 | uint64(t[6])<<48 | uint64(t[7])<<56
		slash := w ^ (ones * '\\')
		if (w|(slash-ones)&^slash)&tops != 0 {
			return false
		}
	}
	for ; at < len(text); at++ {
		if text[at] >= utf8.RuneSelf || text[at] == '\\' {
			return false
		}
	}
	return true
}

// escape steps over what follows a backslash; -1 after an error.
func (s *Scanner) escape(at int) int {
	if at >= len(s.text) {
		s.fail(at, "")
		return -1
	}
	switch s.text[at] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return at + 1
	case 'u':
		for i := at + 1; i <= at+4; i++ {
			if i >= len(s.text) || !isHex(s.text[i]) {
				s.fail(i, `want four hexadecimal digits after \u`)
				return -1
			}
		}
		return at + 5
	}
	s.fail(at, "an unknown escape in a string")
	return -1
}

func isHex(c byte) bool {
	return isDigit(c) || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// number steps over a number: -12.5e+3.
func (s *Scanner) number() {
	if s.text[s.at] == '-' {
		s.at++
	}
	if s.at < len(s.text) && s.text[s.at] == '0' {
		s.at++
	} else {
		s.digits()
	}
	if s.Kind() == '.' {
		s.at++
		s.digits()
	}
	if kind := s.Kind(); kind == 'e' || kind == 'E' {
		s.at++
		if sign := s.Kind(); sign == '+' || sign == '-' {
			s.at++
		}
		s.digits()
	}
}

func (s *Scanner) digits() {
	start := s.at
	for s.at < len(s.text) && isDigit(s.text[s.at]) {
		s.at++
	}
	if s.at == start {
		s.fail(start, "want a digit")
	}
}
