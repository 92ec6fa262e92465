package channel

import (
	"slices"
	"strconv"
	"strings"

	"pai-notify/shared/message"
)

// Fit renders a message into at most limit bytes, where receivers refuse more or cut without a word. It shortens the
// message and renders again, so that markup is never cut: first the longest facts, then items of a digest and facts from
// the end, at last the title. What is left out is said in the message. It gives the smallest rendering it can where even
// that is too long, which takes a limit of a few hundred bytes. The errors are render's.
func Fit[T ~string | ~[]byte](
	m message.Message, limit int, render func(message.Message) (T, error),
) (T, error) {
	out, err := render(m)
	const least = 64 // bytes of a fact that say enough with a notice
	whole := m.Facts
	if err == nil && len(out) > limit {
		m.Facts = slices.Clone(whole)
	}
	for err == nil && len(out) > limit {
		i := longest(m.Facts)
		if i < 0 || len(m.Facts[i].Value) <= least {
			break
		}
		room := max(least, len(m.Facts[i].Value)-(len(out)-limit))
		m.Facts[i].Value = shorten(whole[i].Value, m.Language, room)
		out, err = render(m)
	}
	facts, items := m.Facts, m.Items
	for left := 1; err == nil && len(out) > limit && len(facts)+len(items) > 0; left++ {
		if len(items) > 0 {
			items = items[:len(items)-1]
		} else {
			facts = facts[:len(facts)-1]
		}
		m.Items, m.Facts = items, append(slices.Clone(facts), message.Fact{Name: "…", Value: "+" + strconv.Itoa(left)})
		out, err = render(m)
	}
	if err == nil && len(out) > limit {
		m.Title = message.Cut(m.Title, m.Language, max(least, len(m.Title)-(len(out)-limit)))
		out, err = render(m)
	}
	return out, err
}

func longest(facts []message.Fact) int {
	at := -1
	for i, fact := range facts {
		if at < 0 || len(fact.Value) > len(facts[at].Value) {
			at = i
		}
	}
	return at
}

// shorten keeps the last lines of a text of several: of a stack trace they say most.
func shorten(s, language string, limit int) string {
	if strings.Contains(s, "\n") {
		return message.CutMiddle(s, language, limit)
	}
	return message.Cut(s, language, limit)
}
