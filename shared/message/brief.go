package message

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"pai-notify/shared/event"
)

// Brief is a message in the few words that a text message or a call has room for.
type Brief struct {
	Name   string    // of the object; of a digest, of the first that it shows
	More   int       // how many further objects a digest tells of
	Status string    // what happened to it: Job failed
	At     time.Time // when, in the zone of the message's times; of a digest when the last event happened; may be zero
}

// newBrief is of one event.
func newBrief(e event.Event, v event.View, w *words, zone *time.Location) Brief {
	b := Brief{Name: Line(or(or(v.Name, v.ID), e.Type)), Status: Line(eventWord(v, w)), At: v.Finished}
	if v.Name != "" && v.Version != "" {
		b.Name = Line(v.Name + " " + v.Version)
	}
	if b.At.IsZero() {
		b.At = e.Time
	}
	if !b.At.IsZero() {
		b.At = b.At.In(zone)
	}
	return b
}

// eventWord is what happened, as far as the catalogue or the event says: "Job failed", "DLC job Hibernating".
func eventWord(v event.View, w *words) string {
	if known := w.outcome(v); known != "" {
		return known
	}
	if kind := v.Kind.In(w.language); kind != "" {
		return strings.TrimSpace(kind + " " + v.Status)
	}
	return w.Unknown
}

// briefDigest is of several events, of which chosen are shown and so many failed. Where the same happened to all, that is
// its status, else how many failed.
func briefDigest(list, chosen []Message, failed int, w *words) Brief {
	var b Brief
	if len(list) == 0 {
		return b
	}
	b.Name, b.Status = chosen[0].Brief.Name, list[0].Brief.Status
	objects := map[string]bool{}
	for _, m := range list {
		objects[object(m)] = true
		if m.Brief.At.After(b.At) {
			b.At = m.Brief.At
		}
		switch {
		case m.Brief.Status == list[0].Brief.Status:
		case failed > 0:
			b.Status = strings.Replace(w.Brief.Failures, "{failed}", strconv.Itoa(failed), 1)
		default:
			b.Status = strings.Replace(w.Brief.Events, "{n}", strconv.Itoa(len(list)), 1)
		}
	}
	b.More = len(objects) - 1
	return b
}

// Names is the name, and of a digest how many more there are, in at most limit characters: "job-a and 37 more". It is the
// name that is cut where there is no room.
func (b Brief) Names(language string, limit int) string {
	form := "{name}"
	if b.More > 0 {
		form = strings.NewReplacer("{n}", strconv.Itoa(b.More+1), "{more}", strconv.Itoa(b.More)).
			Replace(wordsOf(language).Brief.Others)
	}
	room := limit - utf8.RuneCountInString(form) + len("{name}")
	return strings.Replace(form, "{name}", CutRunes(b.Name, max(room, 1)), 1)
}

// CutRunes shortens a text to at most limit characters; where it left something out it ends in an ellipsis.
func CutRunes(s string, limit int) string {
	if len(s) <= limit || utf8.RuneCountInString(s) <= limit {
		return s
	}
	runes := []rune(s)
	return strings.TrimRight(string(runes[:limit-1]), " ") + ellipsis
}
