package channel

import (
	"fmt"
	"net/url"
	"strings"

	"pai-notify/shared/message"
)

// Keyword begins the title of every message to a chat robot, so that a robot that demands a keyword can be given this
// one and never refuses a message for what a job is called.
const Keyword = "PAI"

// MaxMentions is how many users a message calls; further ones would push the text out of it.
const MaxMentions = 20

// Called are the users whom a message calls, by the ids that the channel's own check allows.
func Called(m message.Message, check func(id string) error) []string {
	var ids []string
	for _, id := range m.Mentions.Users {
		if len(ids) < MaxMentions && check(id) == nil {
			ids = append(ids, id)
		}
	}
	return ids
}

// Title is a message's title for a chat robot, plain and on one line: "PAI · Job failed: llm-sft-7b".
func Title(m message.Message) string {
	title := message.Line(m.Title)
	if strings.HasPrefix(title, Keyword+" ") {
		return title
	}
	return Keyword + " · " + title
}

// Link is an address for a markdown link, empty where it is not an https one: signs that would end the link early are
// written in percent.
func Link(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil {
		return ""
	}
	if address = u.String(); !strings.ContainsAny(address, linkSigns) {
		return address
	}
	var b strings.Builder
	for _, c := range []byte(address) {
		if strings.IndexByte(linkSigns, c) >= 0 {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

const linkSigns = "()<>[]\"'`\\|*"

// Lines are the lines of a text as [Markdown], without empty ones.
func Lines(s string) []string {
	if !strings.Contains(s, "\n") {
		return []string{Markdown(s)}
	}
	lines := strings.Split(s, "\n")
	kept := lines[:0]
	for _, line := range lines {
		if line = Markdown(line); line != "" {
			kept = append(kept, line)
		}
	}
	return kept
}
