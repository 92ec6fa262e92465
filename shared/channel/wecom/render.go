package wecom

import (
	"pai-notify/shared/channel"
	"pai-notify/shared/event"
	"pai-notify/shared/message"
)

// colour of the title; the old dialect has three, and none of them says that all goes its way.
func colour(t event.Tone) string {
	switch t {
	case event.Bad, event.Alarming:
		return "warning" // orange
	case event.Good:
		return "info" // green
	case event.Waiting, event.Stopped:
		return "comment" // grey
	case event.Neutral:
	}
	return ""
}

// renderOld writes, as all of a JSON string, the markdown that has headings, bold, links, quotes, colours and mentions, and nothing else.
func renderOld(m message.Message) ([]byte, error) {
	c := make(channel.Body, 0, 3072)
	c.Raw("### ")
	if colour := colour(m.Tone); colour != "" {
		c.Raw(`<font color=\"`)
		c.Raw(colour)
		c.Raw(`\">`)
		c.Markdown(channel.Title(m))
		c.Raw(`</font>\n`)
	} else {
		c.Markdown(channel.Title(m))
		c.Raw(`\n`)
	}
	said(&c, m.Before)
	for _, item := range m.Items {
		c.Raw("> " + message.Symbol(item.Tone) + " ")
		c.Link(item.Title, item.Link)
		c.Raw(`\n`)
	}
	if more := message.MoreText(m.Language, m.More); more != "" {
		c.Raw("> " + more + `\n`)
	}
	colon := message.Colon(m.Language)
	lead, details := channel.Parts(m.Facts)
	for _, fact := range lead {
		if fact.Field == "next" { // what to do stands out
			c.Raw(`<font color=\"info\">**`)
			c.Name(&fact)
			c.Raw("**</font>")
		} else {
			c.Raw("**")
			c.Name(&fact)
			c.Raw("**")
		}
		c.Raw(colon)
		c.Lines(fact.Value, `\n`)
		c.Raw(`\n`)
	}
	for _, fact := range details {
		c.Raw(`> <font color=\"comment\">`)
		c.Name(&fact)
		c.Raw("</font>")
		c.Raw(colon)
		c.Lines(fact.Value, `\n> `)
		c.Raw(`\n`)
	}
	said(&c, m.After)
	if m.Link != "" && channel.Link(m.Link) != "" {
		c.Raw(`\n`)
		c.Link(message.LinkText(m.Language), m.Link)
	}
	for i, id := range called(m) {
		if i == 0 {
			c.Raw(`\n`)
		}
		c.Raw("<@" + id + ">")
	}
	return c, nil
}

// renderNew writes the markdown that has lists and rules, but neither colours nor mentions. Clients below 4.1.36 show it
// as plain text, so it is for digests alone and has no tables.
func renderNew(m message.Message) ([]byte, error) {
	c := make(channel.Body, 0, 3072)
	c.Raw("### ")
	c.Markdown(channel.Title(m))
	c.Raw(`\n`)
	said(&c, m.Before)
	for _, item := range m.Items {
		c.Raw("- " + message.Symbol(item.Tone) + " ")
		c.Link(item.Title, item.Link)
		c.Raw(`\n`)
	}
	if more := message.MoreText(m.Language, m.More); more != "" {
		c.Raw("- " + more + `\n`)
	}
	c.Raw(`\n---\n`)
	colon := message.Colon(m.Language)
	for _, fact := range m.Facts {
		c.Raw("**")
		c.Name(&fact)
		c.Raw("**")
		c.Raw(colon)
		c.Lines(fact.Value, `\n`)
		c.Raw(`\n\n`)
	}
	said(&c, m.After)
	if m.Link != "" && channel.Link(m.Link) != "" {
		c.Link(message.LinkText(m.Language), m.Link)
	}
	return c, nil
}

// said writes a line of the target's own.
func said(c *channel.Body, line string) {
	if line != "" {
		c.Text(channel.MarkdownLine(line))
		c.Raw(`\n`)
	}
}

// called are the ids of those whom a message calls.
func called(m message.Message) []string {
	ids := channel.Called(m, mention)
	if m.Mentions.All {
		ids = append(ids, "all")
	}
	return ids
}

func calls(m message.Message) bool {
	return m.Mentions.All || len(m.Mentions.Users) > 0 && len(called(m)) > 0
}
