package message

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"pai-notify/shared/fault"
)

//go:embed texts/*.json
var embeddedTexts embed.FS

// dictionary holds the texts of each language, read from their embedded files at the first message.
var dictionary = sync.OnceValue(func() map[string]*words { return readWords(embeddedTexts) })

// words are the texts of one language.
type words struct {
	language string

	Name     string `json:"name"`  // of the language, in itself
	Colon    string `json:"colon"` // between a name and its value
	Gap      string `json:"gap"`   // between a number and its unit
	Open     string `json:"open"`
	Close    string `json:"close"`
	Comma    string `json:"comma"`
	Dash     string `json:"dash"`     // between a code and its meaning
	Cut      string `json:"cut"`      // stands where {n} characters were left out
	CutLines string `json:"cutLines"` // stands where {n} lines were left out
	Unknown  string `json:"unknown"`  // title of an event of which nothing is known
	Yes      string `json:"yes"`
	No       string `json:"no"`
	Link     string `json:"link"`
	View     string `json:"view"` // what a small link to one event of several says
	Units    struct {
		Day     string `json:"day"`
		Hour    string `json:"hour"`
		Minute  string `json:"minute"`
		Second  string `json:"second"`
		Instant string `json:"instant"`
	} `json:"units"`
	Labels      map[string]string `json:"labels"`      // of facts, by field
	Counts      map[string]string `json:"counts"`      // of things, with {n}
	Exits       map[string]string `json:"exits"`       // what an exit code means
	Codes       map[string]string `json:"codes"`       // what a reason code means; empty: no more than the title says
	QueueCauses map[string]string `json:"queueCauses"` // why a job waits
	Next        map[string]string `json:"next"`        // the suggested next step, by cause or by source and event
	Outcomes    map[string]string `json:"outcomes"`    // by source and event, in a language that the catalogue does not have
	Waits       map[string]string `json:"waits"`       // why a delivery waits, with {until} and {n}, the retry
	Digest      struct {
		Title  string `json:"title"`  // {n} events
		Failed string `json:"failed"` // {n} events, of which {failed} failed
		Span   string `json:"span"`
		Until  string `json:"until"`
		More   string `json:"more"`
	} `json:"digest"`
	Brief struct { // what a brief says beside what events say
		Others   string `json:"others"`   // {name} and {more} others, {n} in all
		Failures string `json:"failures"` // so many {failed}
		Events   string `json:"events"`   // {n} of them
		Test     string `json:"test"`
	} `json:"brief"`
	Spoken struct { // a time, with {H} and {M}, or {HH} and {MM} of two digits
		Today  string            `json:"today"`
		Day    string            `json:"day"` // with {month} and {day} as well
		Months map[string]string `json:"months"`
	} `json:"spoken"`
	Test struct {
		Title string `json:"title"`
		Note  string `json:"note"`
		Text  string `json:"text"`
		Sent  string `json:"sent"`
	} `json:"test"`
}

// readWords panics on a broken file: the files are part of the program, and a test reads them all.
func readWords(tree fs.FS) map[string]*words {
	files, err := fs.ReadDir(tree, "texts")
	if err != nil {
		panic(fmt.Sprintf("read embedded texts: %v", err))
	}
	all := make(map[string]*words, len(files))
	for _, f := range files {
		language := strings.TrimSuffix(f.Name(), ".json")
		w := &words{language: language}
		raw, err := fs.ReadFile(tree, path.Join("texts", f.Name()))
		if err == nil {
			err = json.Unmarshal(raw, w)
		}
		if err != nil {
			panic(fmt.Sprintf("read embedded texts %s: %v", f.Name(), err))
		}
		all[language] = w
	}
	return all
}

// wordsOf gives the texts of a language; zh-CN is zh, and one that is not known is English.
func wordsOf(language string) *words {
	all := dictionary()
	if w := all[language]; w != nil {
		return w
	}
	base, _, _ := strings.Cut(language, "-")
	if w := all[base]; w != nil {
		return w
	}
	return all["en"]
}

// Languages are the tags of the languages there are texts for, sorted.
func Languages() []string { return tags(dictionary()) }

func tags(all map[string]*words) []string { return slices.Sorted(maps.Keys(all)) }

// LanguageName is what a language calls itself.
func LanguageName(tag string) string { return wordsOf(tag).Name }

// CheckLanguage says what is wrong with the tag of a language; nil where there are texts for it.
func CheckLanguage(tag string) fault.Text { return checkTag(dictionary(), tag) }

func checkTag(all map[string]*words, tag string) fault.Text {
	if all[tag] == nil {
		return fault.Say("must be one of %s", "须为 %s 之一", fault.Names(tags(all)))
	}
	return nil
}

// duration tells a span by its two largest units: "1 h 59 min", "1小时59分". It is empty for none.
func (w *words) duration(d time.Duration) string {
	switch {
	case d <= 0:
		return ""
	case d < time.Second:
		return w.Units.Instant
	}
	s := int64(d / time.Second)
	var (
		buffer [48]byte
		text   = buffer[:0]
		told   = 0
	)
	for _, part := range [...]struct {
		n    int64
		unit string
	}{
		{s / 86400, w.Units.Day}, {s / 3600 % 24, w.Units.Hour}, {s / 60 % 60, w.Units.Minute}, {s % 60, w.Units.Second},
	} {
		if told > 0 {
			told++ // a zero below the largest unit still counts: one day and five seconds are one day
		}
		if part.n > 0 {
			if told == 0 {
				told = 1
			} else {
				text = append(text, w.Gap...)
			}
			text = strconv.AppendInt(text, part.n, 10)
			text = append(text, w.Gap...)
			text = append(text, part.unit...)
		}
		if told == 2 {
			break
		}
	}
	return string(text)
}
