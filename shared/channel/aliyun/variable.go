package aliyun

import (
	"regexp"
	"strings"
	"unicode"

	"pai-notify/shared/message"
)

// MaxVariable is how long a variable of an approved template may be, in characters: notice templates allow 1 to 35
// (help.aliyun.com/document_detail/101346.html, isv.PARAM_LENGTH_LIMIT).
const MaxVariable = 35

var (
	link   = regexp.MustCompile(`(?i)\b[a-z][a-z0-9+.-]*:/\S*|\bwww\.\S+`)
	ip     = regexp.MustCompile(`\d+(?:\.\d+){3,}`)
	mobile = regexp.MustCompile(`(^|\D)(1[3-9]\d)\d{4}(\d{4})(\D|$)`)
)

// Variable makes of a text what an approved template takes as a variable: no link, address or telephone number, which
// are refused in variables, letters, digits and the marks given, and never nothing. Dots stay in numbers alone, since a
// name such as train.py is read as a host.
//
// The rules: help.aliyun.com/document_detail/463270.html for text messages, …/414170.html for calls.
func Variable(s, marks string) string {
	s = link.ReplaceAllString(message.Line(s), " ")
	s = ip.ReplaceAllStringFunc(s, func(address string) string { return strings.ReplaceAll(address, ".", " ") })
	for range 2 { // two numbers may share the sign between them
		s = mobile.ReplaceAllString(s, "$1$2…$3$4")
	}
	runes := []rune(s)
	var b strings.Builder
	for i, r := range runes {
		switch {
		case unicode.IsLetter(r), unicode.Is(unicode.Nd, r):
			b.WriteRune(r)
		case unicode.Is(unicode.Mn, r): // without what it stood on it would stand on something else
		case r == '.' && between(runes, i, unicode.IsDigit):
			b.WriteRune(r)
		case r != '.' && strings.ContainsRune(marks, r):
			b.WriteRune(r)
		case strings.ContainsRune("_/\\.", r) && strings.ContainsRune(marks, '-') && between(runes, i, isWord):
			b.WriteByte('-')
		default:
			b.WriteByte(' ')
		}
	}
	s = strings.Trim(strings.Join(strings.Fields(b.String()), " "), " -:,，：")
	if s == "" {
		return none(marks)
	}
	return s
}

// none stands for nothing, which no template takes.
func none(marks string) string {
	if strings.ContainsRune(marks, '-') {
		return "-"
	}
	return "PAI"
}

func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// between reports whether both neighbours of a character are of a kind.
func between(s []rune, i int, kind func(rune) bool) bool {
	return i > 0 && i+1 < len(s) && kind(s[i-1]) && kind(s[i+1])
}
