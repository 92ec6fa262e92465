// Package scan reads JSON in one pass, without building values for what nobody asks for. Events are read on the way of
// every delivery, and a rule or a message wants a dozen members of hundreds; encoding/json takes several times as long
// and makes maps and floats of the rest. It accepts exactly what encoding/json accepts (a fuzz test compares the two),
// but nests only to [MaxDepth].
package scan

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"
)

// MaxDepth is how deep values may nest. Events carry a few levels; widespread readers refuse more than 1,000.
const MaxDepth = 500

// Error says where a text stops being JSON that is read here.
type Error struct {
	Offset int // in bytes
	Reason string
}

func (e *Error) Error() string { return fmt.Sprintf("byte %d: %s", e.Offset, e.Reason) }

// Scanner walks through one JSON text; make it with [New]. After the first error everything answers "no more", and
// [Scanner.Err] says what was wrong.
//
//	if s := scan.New(text); s.Object() {
//		for key, ok := s.Member(); ok; key, ok = s.Member() {
//			value := s.Value()
//		}
//	}
type Scanner struct {
	text  []byte
	at    int // of the next token; blanks are behind
	end   int // of the value consumed last
	depth int
	first bool // the container just entered has given nothing yet
	err   *Error
}

// New gives a scanner before the first value of a text.
func New(text []byte) Scanner {
	s := Scanner{text: text}
	s.blanks()
	return s
}

// Err is nil, or an [*Error].
func (s *Scanner) Err() error {
	if s.err == nil {
		return nil
	}
	return s.err
}

// Kind is the first byte of the value that comes next, such as '{' or '"'; 0 at the end and after an error.
func (s *Scanner) Kind() byte {
	if s.err != nil || s.at >= len(s.text) {
		return 0
	}
	return s.text[s.at]
}

// Object enters the next value if it is an object, and leaves it alone otherwise. Every member must then be read with
// [Scanner.Member] until it says that there is none.
func (s *Scanner) Object() bool { return s.enter('{') }

// Array enters the next value if it is an array, and leaves it alone otherwise; see [Scanner.Element].
func (s *Scanner) Array() bool { return s.enter('[') }

func (s *Scanner) enter(open byte) bool {
	if s.Kind() != open {
		return false
	}
	if s.depth++; s.depth > MaxDepth {
		s.fail(s.at, fmt.Sprintf("nested deeper than %d", MaxDepth))
		return false
	}
	s.at++
	s.blanks()
	s.first = true
	return true
}

// Member gives the name of the next member, decoded, of the object that was entered; its value must be consumed before
// the next call. It leaves the object when there is none. The name may be a part of the scanned text.
func (s *Scanner) Member() (name []byte, ok bool) {
	raw, ok := s.member()
	if !ok {
		return nil, false
	}
	if bytes.IndexByte(raw, '\\') < 0 {
		return raw[1 : len(raw)-1], true
	}
	text, _ := Text(raw)
	return []byte(text), true
}

// member is Member without decoding.
func (s *Scanner) member() (raw []byte, ok bool) {
	if !s.another('}') {
		return nil, false
	}
	if s.Kind() != '"' {
		s.fail(s.at, `want a member's name in quotation marks`)
		return nil, false
	}
	start := s.at
	s.quoted()
	end := s.at
	s.blanks()
	if s.Kind() != ':' {
		s.fail(s.at, `want ":" after a member's name`)
		return nil, false
	}
	s.at++
	s.blanks()
	return s.text[start:end], true
}

// Element says whether the array that was entered has another element, which must be consumed before the next call. It
// leaves the array when there is none.
func (s *Scanner) Element() bool { return s.another(']') }

// another steps over what parts elements and says whether one follows; at the end it leaves the container.
func (s *Scanner) another(closing byte) bool {
	kind, first := s.Kind(), s.first
	s.first = false
	switch {
	case s.err != nil:
		return false
	case kind == closing:
		s.at++
		s.end = s.at
		s.depth--
		s.blanks()
		return false
	case first:
		return true
	case kind != ',':
		s.fail(s.at, fmt.Sprintf(`want "," or "%c"`, closing))
		return false
	}
	s.at++
	s.blanks()
	if s.Kind() == closing {
		s.fail(s.at, fmt.Sprintf(`"," before "%c"`, closing))
		return false
	}
	return true
}

// Offset is where the next value begins in the text, in bytes.
func (s *Scanner) Offset() int { return s.at }

// Value consumes the next value, whatever it is, and gives its text without the blanks around it; nil after an error.
// It is a part of the scanned text, not a copy.
func (s *Scanner) Value() []byte {
	start := s.at
	switch kind := s.Kind(); {
	case kind == '{':
		return s.container(start, true)
	case kind == '[':
		return s.container(start, false)
	case kind == '"':
		s.quoted()
	case kind == '-' || '0' <= kind && kind <= '9':
		s.number()
	case kind == 't':
		s.word("true")
	case kind == 'f':
		s.word("false")
	case kind == 'n':
		s.word("null")
	default:
		s.fail(start, "want a value")
	}
	if s.err != nil {
		return nil
	}
	s.end = s.at
	s.blanks()
	return s.text[start:s.end]
}

// container consumes an object or array. The recursion ends at MaxDepth, which enter keeps.
func (s *Scanner) container(start int, object bool) []byte {
	if object {
		if s.Object() {
			for _, ok := s.member(); ok; _, ok = s.member() {
				s.Value()
			}
		}
	} else if s.Array() {
		for s.Element() {
			s.Value()
		}
	}
	if s.err != nil {
		return nil
	}
	return s.text[start:s.end]
}

// End reports an error unless nothing but blanks is left.
func (s *Scanner) End() error {
	if s.err == nil && s.at < len(s.text) {
		s.fail(s.at, "text after the value")
	}
	return s.Err()
}

// Check reports an [*Error] unless the text is one JSON value.
func Check(text []byte) error {
	s := New(text)
	s.Value()
	return s.End()
}

// Text decodes a JSON string as [Scanner.Value] gave it; ok is false if it is none. What is no UTF-8 becomes U+FFFD. Of
// a string the answer may be a part, without a copy.
func Text[T ~string | ~[]byte](raw T) (text string, ok bool) {
	if len(raw) < 2 || raw[0] != '"' {
		return "", false
	}
	text = string(raw[1 : len(raw)-1])
	if simple(text) || strings.IndexByte(text, '\\') < 0 && utf8.ValidString(text) {
		return text, true
	}
	return decode([]byte(raw))
}

// decode leaves escapes, which are rare, to encoding/json.
func decode(raw []byte) (text string, ok bool) {
	err := json.Unmarshal(raw, &text)
	return text, err == nil
}

func (s *Scanner) fail(at int, reason string) {
	if s.err != nil {
		return
	}
	if at >= len(s.text) {
		at, reason = len(s.text), "the text ends too early"
	}
	s.err = &Error{at, reason}
}
