package message

import (
	"strconv"
	"strings"

	"pai-notify/shared/event"
)

// Of a long reason the first lines and the last are told: the head says what failed, the last lines of a stack trace say
// where. A phone shows some twenty lines at once.
const (
	reasonHead = 2 // lines
	reasonTail = 5
)

// reason is the code in words, and the text with its line breaks.
func (f *facts) reason(v event.View) {
	code, text := Line(v.ReasonCode), cutLines(strings.TrimSpace(v.Reason), f.words)
	if len(text) > 2*maxReason { // before it is looked at sign by sign
		text = CutMiddle(text, f.words.language, maxReason)
	}
	text = strings.TrimSpace(Block(text))
	known, listed := f.words.Codes[code]
	switch {
	case listed && known == "" && text != "": // the title says as much
		code = ""
	case known != "":
		code = known + f.words.Open + code + f.words.Close
	}
	switch {
	case text == "":
		text = code
	case code != "" && code != text:
		text = code + f.words.Colon + text
	}
	if text != "" {
		text = CutMiddle(text, f.words.language, maxReason)
		f.list = append(f.list, Fact{f.words.Labels["reason"], text, "reason", f.detail})
	}
}

// cutLines leaves the middle lines of a text out where it has too many.
func cutLines(s string, w *words) string {
	n := strings.Count(s, "\n") + 1
	if n <= reasonHead+reasonTail+1 {
		return s
	}
	head := 0
	for range reasonHead {
		head += strings.IndexByte(s[head:], '\n') + 1
	}
	tail := len(s)
	for range reasonTail {
		tail = strings.LastIndexByte(s[:tail], '\n')
	}
	left := strconv.Itoa(n - reasonHead - reasonTail)
	return s[:head] + strings.Replace(w.CutLines, "{n}", left, 1) + s[tail:]
}

// sought is the part of a reason in which signs of its cause are looked for: all of it, or both ends of a long one.
func sought(reason string) string {
	const head, tail = 256, 768 // bytes
	if len(reason) <= head+tail {
		return reason
	}
	return reason[:head] + reason[len(reason)-tail:]
}
