package message

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"pai-notify/shared/event"
)

const (
	maxItems = 10  // lines of a digest: what a phone shows at a glance
	maxItem  = 140 // bytes of one

	workspaceForm = "https://{host}/?regionId={region}&workspaceId={workspace}" // in public use
)

// Digest tells several events as one message: how many there are and how many of them failed, over which time, and at
// most ten of them. Objects that failed come first; the events of one object stay in the order in which they happened,
// and failures are the last to be left out. Of messages in the language of o it takes titles, links, severities and
// whom they call. o.Late is that of the one that waited longest.
func Digest(list []Message, o Options) Message {
	w := wordsOf(o.Language)
	zone := o.Zone
	if zone == nil {
		zone = time.UTC
	}
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b Message) int { return a.Event.Time.Compare(b.Event.Time) })
	failed := 0
	for _, m := range list {
		if m.View.Failing {
			failed++
		}
	}
	title := strings.Replace(w.Digest.Title, "{n}", strconv.Itoa(len(list)), 1)
	if failed > 0 {
		title = strings.NewReplacer("{n}", strconv.Itoa(len(list)), "{failed}", strconv.Itoa(failed)).Replace(w.Digest.Failed)
	}
	d := Message{ID: o.ID, Title: title, Language: w.language, Link: consoleLink(list, o)}
	first, last := span(list)
	layout := "15:04"
	if first.In(zone).Format(time.DateOnly) != last.In(zone).Format(time.DateOnly) {
		layout = "01-02 15:04"
	}
	chosen := choose(list)
	d.More = len(list) - len(chosen)
	d.Brief = briefDigest(list, chosen, failed, w)
	for _, m := range chosen {
		text := m.Title
		if !m.Event.Time.IsZero() {
			text = m.Event.Time.In(zone).Format(layout) + " " + text
		}
		d.Items = append(d.Items, Item{Title: Cut(text, w.language, maxItem), Link: m.Link, At: m.Event.Time, Severity: m.Severity, Tone: m.Tone})
	}
	if len(list) > 0 {
		d.Event, d.View.Final, d.Tone = chosen[0].Event, true, list[0].Tone
	}
	for _, m := range list {
		d.Severity, d.Tone = max(d.Severity, m.Severity), together(d.Tone, m.Tone)
		d.View.Final = d.View.Final && m.View.Final
		d.Mentions.All = d.Mentions.All || m.Mentions.All
		for _, id := range m.Mentions.Users {
			if !slices.Contains(d.Mentions.Users, id) {
				d.Mentions.Users = append(d.Mentions.Users, id)
			}
		}
	}
	f := facts{words: w, detail: true}
	if first.Equal(last) {
		f.line("time", moment(first, zone))
	} else {
		f.labelled("time", w.Digest.Span, moment(first, zone)+w.Digest.Until+moment(last, zone))
	}
	if o.Late >= time.Minute {
		f.line("late", w.duration(o.Late))
	}
	d.Facts = f.list
	d.sayTogether(list)
	return d
}

// together is the tone of two events: the more alarming one, or none where they only differ.
func together(a, b event.Tone) event.Tone {
	if worse := max(a, b); a == b || worse >= event.Alarming {
		return worse
	}
	return event.Neutral
}

// span is when the first and the last of the events that have a time happened.
func span(list []Message) (first, last time.Time) {
	for _, m := range list {
		if t := m.Event.Time; !t.IsZero() {
			if first.IsZero() {
				first = t
			}
			last = t
		}
	}
	return first, last
}

// choose takes the events that a digest shows, in their order there. The list is in order of happening.
func choose(list []Message) []Message {
	order := make([]int, len(list))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(rank(list[a]), rank(list[b])) })
	order = order[:min(len(order), maxItems)]
	slices.Sort(order)
	// Objects by their worst event; within one object, and among equals, as they happened.
	worst := map[string]int{}
	for _, i := range order {
		key := object(list[i])
		if r, known := worst[key]; !known || rank(list[i]) < r {
			worst[key] = rank(list[i])
		}
	}
	place := map[string]int{}
	for n, i := range order {
		if _, known := place[object(list[i])]; !known {
			place[object(list[i])] = n
		}
	}
	slices.SortStableFunc(order, func(a, b int) int {
		x, y := object(list[a]), object(list[b])
		return cmp.Or(cmp.Compare(worst[x], worst[y]), cmp.Compare(place[x], place[y]))
	})
	chosen := make([]Message, len(order))
	for n, i := range order {
		chosen[n] = list[i]
	}
	return chosen
}

// rank is lower for what wants more attention.
func rank(m Message) int {
	switch {
	case m.View.Failing:
		return 0
	case m.Severity == event.Error:
		return 1
	case m.Severity == event.Warning:
		return 2
	}
	return 3
}

// object is what an event is about; events of which nobody knows that are about themselves.
func object(m Message) string {
	if m.View.ID == "" {
		return "event " + m.Event.Source + " " + m.Event.ID
	}
	return m.View.Source + " " + m.View.ID
}

// consoleLink leads to the workspace, where all that a digest leaves out can be found; nowhere if there are several.
func consoleLink(list []Message, o Options) string {
	var v event.View
	region := ""
	for i, m := range list {
		r := or(m.View.Region, m.Event.Region())
		if i == 0 {
			v.WorkspaceID, region = m.View.WorkspaceID, r
		}
		if m.View.WorkspaceID != v.WorkspaceID || r != region {
			return ""
		}
	}
	host := or(o.ConsoleHost, consoleHost)
	text := expand(workspaceForm, host, region, v)
	if host == NoLinks || len(text) > maxLink {
		return ""
	}
	return text
}

// MoreText says that n further events are not shown; it is empty for none.
func MoreText(language string, n int) string {
	if n <= 0 {
		return ""
	}
	return strings.Replace(wordsOf(language).Digest.More, "{n}", strconv.Itoa(n), 1)
}
