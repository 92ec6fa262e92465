package lark

import (
	"strings"
	"unicode/utf8"

	"pai-notify/shared/channel"
	"pai-notify/shared/event"
	"pai-notify/shared/message"
)

const (
	maxTitle = 400 // bytes
	maxShort = 22  // columns of a value that leaves room for a second one beside it on a telephone
)

// appendCard writes an interactive card of version 1: version 2 refuses a whole card for one unknown member, and old
// clients show only its header (open.feishu.cn/document/feishu-cards/card-json-v2-breaking-changes-release-notes).
//
// Texts of others stand in it as plain text where their signs matter, as in a stack trace, else as [channel.Markdown] in
// which a client finds no markup.
func appendCard(b *channel.Body, m message.Message) {
	b.Raw(`{"config":{"wide_screen_mode":true},"header":{"template":"` + colour(m) + `","title":`)
	plain(b, message.Cut(channel.Title(m), m.Language, maxTitle))
	b.Raw(`},"elements":[`)
	e := elements{Body: b}
	e.line(m.Before)
	for _, item := range m.Items {
		e.item(item, m.Language)
	}
	if more := message.MoreText(m.Language, m.More); more != "" {
		e.open("div")
		b.Raw(`,"text":`)
		plain(b, more)
		b.Raw(`}`)
	}
	lead, details := channel.Parts(m.Facts)
	for _, f := range lead {
		e.lead(f, m.Language)
	}
	if e.n > 0 && len(details) > 0 {
		e.open("hr")
		b.Raw(`}`)
	}
	e.columns(details, m.Language)
	e.line(m.After)
	if calls(m.Mentions) {
		e.open("div")
		b.Raw(`,"text":{"tag":"lark_md","content":"`)
		mentions(b, m.Mentions, `<at id=`, `></at>`)
		b.Raw(`"}}`)
	}
	if link := channel.Link(m.Link); link != "" {
		e.open("action")
		b.Raw(`,"actions":[`)
		button(b, link, message.LinkText(m.Language), "primary")
		b.Raw(`]}`)
	}
	if m.Event.ID != "" && len(m.Items) == 0 {
		e.open("note")
		b.Raw(`,"elements":[`)
		plain(b, message.Cut(message.Line(m.Event.ID), m.Language, maxTitle))
		b.Raw(`]}`)
	}
	b.Raw(`]}`)
}

// elements are those of a card being written.
type elements struct {
	*channel.Body
	n int
}

// open begins the next element; its members follow, and a closing brace.
func (e *elements) open(tag string) {
	if e.n > 0 {
		e.Raw(`,`)
	}
	e.n++
	e.Raw(`{"tag":"` + tag + `"`)
}

// line is one of the target's own lines.
func (e *elements) line(s string) {
	if s == "" {
		return
	}
	e.open("div")
	e.Raw(`,"text":`)
	plain(e.Body, s)
	e.Raw(`}`)
}

// item is one event of a digest, with a button to it.
func (e *elements) item(item message.Item, language string) {
	e.open("div")
	e.Raw(`,"text":`)
	plain(e.Body, message.Symbol(item.Tone)+" "+message.Cut(message.Line(item.Title), language, maxTitle))
	if link := channel.Link(item.Link); link != "" {
		e.Raw(`,"extra":`)
		button(e.Body, link, message.ViewText(language), "default")
	}
	e.Raw(`}`)
}

// lead is a fact over the whole width: its name in bold, and its value behind or, of several lines, below it.
func (e *elements) lead(f message.Fact, language string) {
	e.open("div")
	e.Raw(`,"text":{"tag":"lark_md","content":"**`)
	e.Name(&f)
	e.Raw(`**`)
	if strings.Contains(f.Value, "\n") || f.Field == "reason" { // its signs matter
		e.Raw(`"}}`)
		e.open("div")
		e.Raw(`,"text":`)
		plain(e.Body, message.Block(f.Value))
		e.Raw(`}`)
		return
	}
	e.Raw(message.Colon(language))
	e.Markdown(f.Value)
	e.Raw(`"}}`)
}

// columns are facts side by side, two in a row where both are short.
func (e *elements) columns(facts []message.Fact, language string) {
	if len(facts) == 0 {
		return
	}
	e.open("div")
	e.Raw(`,"fields":[`)
	for i, f := range facts {
		if i > 0 {
			e.Raw(`,`)
		}
		short := fits(f.Value, maxShort)
		if short {
			e.Raw(`{"is_short":true,"text":{"tag":"lark_md","content":"**`)
		} else {
			e.Raw(`{"is_short":false,"text":{"tag":"lark_md","content":"**`)
		}
		e.Name(&f)
		e.Raw(`**`)
		if short {
			e.Raw(`\n`)
		} else {
			e.Raw(message.Colon(language))
		}
		e.Lines(f.Value, `\n`)
		e.Raw(`"}}`)
	}
	e.Raw(`]}`)
}

// fits says whether a text takes at most so many columns of one line; a sign of Chinese takes two.
func fits(s string, columns int) bool {
	for _, r := range s {
		if columns--; r >= 0x2e80 {
			columns--
		}
		if columns < 0 || r == '\n' {
			return false
		}
	}
	return true
}

// appendText writes the message without a card, for a robot that refuses cards.
func appendText(b *channel.Body, m message.Message) {
	line := func(s string) { b.Text(neutral(s)) }
	line(message.Cut(channel.Title(m), m.Language, maxTitle))
	if m.Before != "" {
		b.Raw(`\n`)
		line(m.Before)
	}
	for _, item := range m.Items {
		b.Raw(`\n`)
		line(message.Symbol(item.Tone) + " " + message.Cut(message.Line(item.Title), m.Language, maxTitle))
		if link := channel.Link(item.Link); link != "" {
			b.Text(" " + link)
		}
	}
	if more := message.MoreText(m.Language, m.More); more != "" {
		b.Raw(`\n`)
		b.Text(more)
	}
	for _, f := range m.Facts {
		b.Raw(`\n`)
		line(message.Line(f.Name) + message.Colon(m.Language) + message.Block(f.Value))
	}
	if m.After != "" {
		b.Raw(`\n`)
		line(m.After)
	}
	if link := channel.Link(m.Link); link != "" {
		b.Raw(`\n`)
		b.Text(link)
	}
	if calls(m.Mentions) {
		b.Raw(`\n`)
		mentions(b, m.Mentions, `<at user_id=\"`, `\"></at>`)
	}
}

// colour of the header.
func colour(m message.Message) string {
	if m.Test {
		return "grey"
	}
	switch m.Tone {
	case event.Bad:
		return "red"
	case event.Alarming:
		return "orange"
	case event.Good:
		return "green"
	case event.Waiting:
		return "wathet" // light blue
	case event.Stopped:
		return "grey"
	case event.Neutral:
	}
	return "blue"
}

// plain is text of which a client reads no markup.
func plain(b *channel.Body, s string) {
	b.Raw(`{"tag":"plain_text","content":"`)
	b.Text(neutral(s))
	b.Raw(`"}`)
}

func button(b *channel.Body, link, title, kind string) {
	b.Raw(`{"tag":"button","type":"` + kind + `","text":`)
	plain(b, title)
	b.Raw(`,"url":"`)
	b.Text(link)
	b.Raw(`"}`)
}

// neutral makes the start of a mention in a text harmless. A card's plain text is not read as markup, but a text message
// is, and a job named <at id=all></at> must not call a whole group, whatever a client makes of it.
func neutral(s string) string {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\ufffd")
	}
	for i := 0; i < len(s); i++ {
		at := strings.IndexByte(s[i:], '<')
		if at < 0 {
			break
		}
		i += at
		if tag := strings.TrimLeft(s[i+1:], "/ \t\n"); len(tag) >= 2 && strings.EqualFold(tag[:2], "at") {
			s = s[:i] + "＜" + s[i+1:]
		}
	}
	return s
}
