package message

import (
	"strconv"
	"strings"
	"time"
)

// Spoken is a time as it is spoken behind a word, without a colon: "，15点18分", " at 15 18". On another day than now's the
// date goes before it. It is empty for the zero time.
func Spoken(language string, at, now time.Time) string {
	if at.IsZero() {
		return ""
	}
	w := wordsOf(language).Spoken
	form := w.Today
	if now.In(at.Location()).Format(time.DateOnly) != at.Format(time.DateOnly) {
		form = w.Day
	}
	return strings.NewReplacer("{H}", strconv.Itoa(at.Hour()), "{M}", strconv.Itoa(at.Minute()), "{HH}", at.Format("15"), "{MM}", at.Format("04"),
		"{day}", strconv.Itoa(at.Day()), "{month}", w.Months[strconv.Itoa(int(at.Month()))]).Replace(form)
}
