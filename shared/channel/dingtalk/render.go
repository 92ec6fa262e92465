package dingtalk

import (
	"slices"
	"unicode/utf8"

	"pai-notify/shared/channel"
	"pai-notify/shared/message"
)

// A card calls nobody; it has a button instead. Old limits of DingTalk's that were seen with 34016: a card's text of 5,000
// bytes, its address of 500, its button of 20 characters. What is larger goes as markdown, which has no such limits.
const (
	maxCardText   = 5000
	maxCardLink   = 500
	maxCardButton = 20
)

// render writes the whole request body.
func render(m message.Message) ([]byte, error) {
	link := channel.Link(m.Link)
	to := called(m)
	button := message.LinkText(m.Language)
	if link != "" && to.none() && len(link) <= maxCardLink && utf8.RuneCountInString(button) <= maxCardButton {
		if card := card(m, link, button); card != nil {
			return card, nil
		}
	}
	b := make(channel.Body, 0, 3072)
	title := channel.Title(m)
	b.Raw(`{"msgtype":"markdown","markdown":{"title":"`)
	b.Text(cutTitle(channel.Markdown(title)))
	b.Raw(`","text":"`)
	content(&b, m, title)
	if link != "" {
		b.Raw(`\n[`)
		b.Markdown(button)
		b.Raw(`](` + link + `)\n`)
	}
	to.say(&b)
	b.Raw(`"}`)
	to.data(&b)
	b.Raw(`}`)
	return b, nil
}

// card is the message with a button; nil where its text is too long for one.
func card(m message.Message, link, button string) []byte {
	b := make(channel.Body, 0, 3072)
	title := channel.Title(m)
	b.Raw(`{"msgtype":"actionCard","actionCard":{"title":"`)
	b.Text(cutTitle(channel.Markdown(title)))
	b.Raw(`","text":"`)
	start := len(b)
	content(&b, m, title)
	if len(b)-start > maxCardText {
		return nil
	}
	b.Raw(`","singleTitle":"`)
	b.Markdown(button)
	b.Raw(`","singleURL":"`)
	b.Text(link)
	b.Raw(`"}}`)
	return b
}

// content writes what all clients show: headings, lists, bold, links. A line goes on after two blanks and a line break,
// a paragraph ends with an empty line.
func content(b *channel.Body, m message.Message, title string) {
	const newline = `  \n`
	b.Raw(`### `)
	b.Markdown(title) // the notification line is plain, but nobody says so for every client
	b.Raw(`\n\n`)
	if m.Before != "" {
		b.Text(channel.MarkdownLine(m.Before))
		b.Raw(`\n\n`)
	}
	for _, item := range m.Items {
		b.Raw(`- ` + message.Symbol(item.Tone) + ` `)
		b.Link(item.Title, item.Link)
		b.Raw(`\n`)
	}
	if more := message.MoreText(m.Language, m.More); more != "" {
		b.Raw(`- `)
		b.Text(more)
		b.Raw(`\n`)
	}
	if len(m.Items) > 0 {
		b.Raw(`\n`)
	}
	colon := message.Colon(m.Language)
	lead, details := channel.Parts(m.Facts)
	for _, fact := range lead {
		if fact.Field == "next" { // what to do stands out
			b.Raw(`> `)
		}
		label(b, &fact, colon)
		b.Lines(fact.Value, newline)
		b.Raw(`\n\n`)
	}
	for _, fact := range details {
		b.Raw(`- `)
		label(b, &fact, colon)
		b.Lines(fact.Value, newline+`  `)
		b.Raw(`\n`)
	}
	if m.After != "" {
		b.Raw(`\n`)
		b.Text(channel.MarkdownLine(m.After))
		b.Raw(`\n`)
	}
}

func label(b *channel.Body, fact *message.Fact, colon string) {
	b.Raw(`**`)
	b.Name(fact)
	b.Raw(`**`)
	b.Raw(colon)
}

// at is whom a message calls. DingTalk wants them twice: as data, and in the text, else nobody is called.
type at struct {
	mobiles, users []string
	all            bool
}

func called(m message.Message) at {
	to := at{all: m.Mentions.All}
	for _, id := range channel.Called(m, mention) {
		if mobile.MatchString(id) {
			to.mobiles = append(to.mobiles, id)
		} else {
			to.users = append(to.users, id)
		}
	}
	return to
}

func (to at) none() bool { return !to.all && to.mobiles == nil && to.users == nil }

// say writes the calls into the text. Ids have been checked: none needs an escape.
func (to at) say(b *channel.Body) {
	if to.none() {
		return
	}
	b.Raw(`\n`)
	if to.all {
		b.Raw(`@all `)
	}
	for _, id := range slices.Concat(to.mobiles, to.users) {
		b.Raw(`@` + id + ` `)
	}
	b.Raw(`\n`)
}

// data writes the calls as data.
func (to at) data(b *channel.Body) {
	if to.none() {
		return
	}
	b.Raw(`,"at":{`)
	list(b, `"atMobiles":[`, to.mobiles)
	list(b, `"atUserIds":[`, to.users)
	if to.all {
		b.Raw(`"isAtAll":true}`)
	} else {
		b.Raw(`"isAtAll":false}`)
	}
}

func list(b *channel.Body, open string, ids []string) {
	if len(ids) == 0 {
		return
	}
	b.Raw(open)
	for i, id := range ids {
		if i > 0 {
			b.Raw(`,`)
		}
		b.Raw(`"` + id + `"`)
	}
	b.Raw(`],`)
}

func cutTitle(title string) string {
	if len(title) <= maxTitle || utf8.RuneCountInString(title) <= maxTitle {
		return title
	}
	return string([]rune(title)[:maxTitle-1]) + "…"
}
