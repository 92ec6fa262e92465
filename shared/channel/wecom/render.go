package wecom

import (
	"pai-notify/shared/channel"
	"pai-notify/shared/event"
	"pai-notify/shared/message"
)

// content is markdown being written, not yet inside JSON: WeCom's limit counts it so.
type content []byte

func (c *content) raw(s string)      { *c = append(*c, s...) }
func (c *content) markdown(s string) { *c = append(*c, channel.Markdown(s)...) }

func (c *content) link(text, address string) {
	if address = channel.Link(address); address == "" {
		c.markdown(text)
		return
	}
	c.raw("[")
	c.markdown(text)
	c.raw("](")
	c.raw(address)
	c.raw(")")
}

func (c *content) lines(s, between string) {
	for i, line := range channel.Lines(s) {
		if i > 0 {
			c.raw(between)
		}
		c.raw(line)
	}
}

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

// renderOld writes the markdown that has headings, bold, links, quotes, colours and mentions, and nothing else.
func renderOld(m message.Message) (content, error) {
	c := make(content, 0, 2048)
	c.raw("### ")
	if colour := colour(m.Tone); colour != "" {
		c.raw("<font color=\"" + colour + "\">")
		c.markdown(channel.Title(m))
		c.raw("</font>\n")
	} else {
		c.markdown(channel.Title(m))
		c.raw("\n")
	}
	c.said(m.Before)
	for _, item := range m.Items {
		c.raw("> " + message.Symbol(item.Tone) + " ")
		c.link(item.Title, item.Link)
		c.raw("\n")
	}
	if more := message.MoreText(m.Language, m.More); more != "" {
		c.raw("> " + more + "\n")
	}
	colon := message.Colon(m.Language)
	lead, details := channel.Parts(m.Facts)
	for _, fact := range lead {
		if fact.Field == "next" { // what to do stands out
			c.raw("<font color=\"info\">**")
			c.markdown(fact.Name)
			c.raw("**</font>")
		} else {
			c.raw("**")
			c.markdown(fact.Name)
			c.raw("**")
		}
		c.raw(colon)
		c.lines(fact.Value, "\n")
		c.raw("\n")
	}
	for _, fact := range details {
		c.raw("> <font color=\"comment\">")
		c.markdown(fact.Name)
		c.raw("</font>")
		c.raw(colon)
		c.lines(fact.Value, "\n> ")
		c.raw("\n")
	}
	c.said(m.After)
	if m.Link != "" && channel.Link(m.Link) != "" {
		c.raw("\n")
		c.link(message.LinkText(m.Language), m.Link)
	}
	for i, id := range called(m) {
		if i == 0 {
			c.raw("\n")
		}
		c.raw("<@" + id + ">")
	}
	return c, nil
}

// renderNew writes the markdown that has lists and rules, but neither colours nor mentions. Clients below 4.1.36 show it
// as plain text, so it is for digests alone and has no tables.
func renderNew(m message.Message) (content, error) {
	c := make(content, 0, 2048)
	c.raw("### ")
	c.markdown(channel.Title(m))
	c.raw("\n")
	c.said(m.Before)
	for _, item := range m.Items {
		c.raw("- " + message.Symbol(item.Tone) + " ")
		c.link(item.Title, item.Link)
		c.raw("\n")
	}
	if more := message.MoreText(m.Language, m.More); more != "" {
		c.raw("- " + more + "\n")
	}
	c.raw("\n---\n")
	colon := message.Colon(m.Language)
	for _, fact := range m.Facts {
		c.raw("**")
		c.markdown(fact.Name)
		c.raw("**")
		c.raw(colon)
		c.lines(fact.Value, "\n")
		c.raw("\n\n")
	}
	c.said(m.After)
	if m.Link != "" && channel.Link(m.Link) != "" {
		c.link(message.LinkText(m.Language), m.Link)
	}
	return c, nil
}

// said writes a line of the target's own.
func (c *content) said(line string) {
	if line != "" {
		c.raw(channel.MarkdownLine(line) + "\n")
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
