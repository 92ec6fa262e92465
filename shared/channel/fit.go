package channel

import (
	"slices"
	"sort"
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
	const (
		least = 64 // bytes of a fact that say enough with a notice
		most  = 32 // facts are shortened; a message has some ten
	)
	whole := m.Facts
	if err == nil && len(out) > limit {
		m.Facts = slices.Clone(whole)
	}
	for range most {
		i := longest(m.Facts)
		if err != nil || len(out) <= limit || i < 0 || len(m.Facts[i].Value) <= least {
			break
		}
		value := m.Facts[i].Value
		m.Facts[i].Value = ""
		rest, failed := render(m)
		if failed != nil {
			return rest, failed
		}
		room := least // in proportion, since escapes make many bytes of one
		if free := limit - len(rest); free > 0 && len(out) > len(rest) {
			room = max(least, min(len(value)*free/(len(out)-len(rest)), len(value)-1))
		}
		m.Facts[i].Value = shorten(whole[i].Value, m.Language, room)
		out, err = render(m)
	}
	if err == nil && len(out) > limit {
		shortened := m
		drop := sort.Search(len(m.Items)+len(m.Facts), func(n int) bool {
			if err == nil {
				m = without(shortened, n)
				out, err = render(m)
			}
			return err != nil || len(out) <= limit
		})
		m = without(shortened, drop)
		out, err = render(m)
	}
	if err == nil && len(out) > limit {
		m.Title = message.Cut(m.Title, m.Language, max(least, len(m.Title)-(len(out)-limit)))
		out, err = render(m)
	}
	return out, err
}

// without leaves n items, then facts, out from the end, and says so.
func without(m message.Message, n int) message.Message {
	if n == 0 {
		return m
	}
	items := min(n, len(m.Items))
	m.Items, m.More = m.Items[:len(m.Items)-items], m.More+items
	if left := n - items; left > 0 {
		m.Facts = append(slices.Clone(m.Facts[:len(m.Facts)-left]), message.Fact{Name: "…", Value: "+" + strconv.Itoa(left), Detail: true})
	}
	return m
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
