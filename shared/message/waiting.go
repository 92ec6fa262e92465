package message

import (
	"strconv"
	"strings"
	"time"
)

// Waiting says in a language why a delivery waits, and until when. The code is one of the texts' "waits"; of another
// nothing is said.
func Waiting(language, code string, retry int, until time.Time, zone *time.Location) string {
	w := wordsOf(language)
	return strings.NewReplacer("{until}", moment(until, zone), "{n}", strconv.Itoa(retry)).Replace(w.Waits[code])
}
