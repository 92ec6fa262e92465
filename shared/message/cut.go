package message

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

const ellipsis = "…"

// Cut shortens a text to at most limit bytes of UTF-8, never inside a rune. Where it left something out it says how
// much, in characters; where not even that has room, an ellipsis does. The head is kept. For escaped text cut first and
// escape afterwards, as a cut may fall inside an escape.
func Cut(s, language string, limit int) string { return cut(s, language, limit, 1, 1) }

// CutMiddle is [Cut] that keeps a third of the room for the head and two for the tail: the last lines of a stack trace
// say most.
func CutMiddle(s, language string, limit int) string { return cut(s, language, limit, 1, 3) }

// cut keeps part/of of the room for the head.
func cut(s, language string, limit, part, of int) string {
	if len(s) <= limit {
		return s
	}
	total := utf8.RuneCountInString(s)
	room := limit - len(notice(language, total, part == of)) // fewer characters never make a longer notice
	if room <= 0 {
		if limit < len(ellipsis) {
			return ""
		}
		head := s[:boundary(s, limit-len(ellipsis))]
		return head + ellipsis
	}
	head := s[:boundary(s, room*part/of)]
	tail := s[tailBoundary(s, len(s)-(room-room*part/of)):]
	left := total - utf8.RuneCountInString(head) - utf8.RuneCountInString(tail)
	return head + notice(language, left, tail == "") + tail
}

// notice says that n characters were left out.
func notice(language string, n int, atEnd bool) string {
	text := wordsOf(language).Cut
	if atEnd {
		text = strings.TrimSuffix(text, ellipsis)
		text = strings.TrimSuffix(text, " ")
	}
	before, after, _ := strings.Cut(text, "{n}")
	return before + strconv.Itoa(n) + after
}

// boundary is the last start of a rune at or before i.
func boundary(s string, i int) int {
	for back := 0; back < utf8.UTFMax && i > 0 && i < len(s) && !utf8.RuneStart(s[i]); back++ {
		i--
	}
	return i
}

// tailBoundary is the first start of a rune at or after i.
func tailBoundary(s string, i int) int {
	for i < len(s) && !utf8.RuneStart(s[i]) {
		i++
	}
	return i
}
