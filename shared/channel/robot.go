package channel

import (
	"fmt"
	"net/url"
	"strings"

	"pai-notify/shared/fault"
	"pai-notify/shared/message"
)

// Keyword begins the title of every message to a chat robot, so that a robot that demands a keyword can be given this
// one and never refuses a message for what a job is called.
const Keyword = "PAI"

// maxMentions is how many users a message calls; further ones would push the text out of it.
const maxMentions = 20

// Called are the users whom a message calls, by the ids that the channel's own check allows.
func Called(m message.Message, check func(id string) fault.Text) []string {
	var ids []string
	for _, id := range m.Mentions.Users {
		if len(ids) < maxMentions && check(id) == nil {
			ids = append(ids, id)
		}
	}
	return ids
}

// Title is a message's title for a chat robot, plain and on one line: "❌ PAI · Job failed: llm-sft-7b".
func Title(m message.Message) string {
	title := message.Line(m.Title)
	if strings.HasPrefix(title, Keyword+" ") {
		return m.Symbol() + " " + title
	}
	return m.Symbol() + " " + Keyword + " · " + title
}

// Link is an address for a markdown link, empty where it is not an https one: signs that would end the link early are
// written in percent.
func Link(address string) string {
	if plainLink(address) {
		return address
	}
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

// plainLink says whether an address is an https one of such signs alone that it can stay as it is, as ours are.
func plainLink(address string) bool {
	const scheme = "https://"
	if !strings.HasPrefix(address, scheme) {
		return false
	}
	host := true
	for i := len(scheme); i < len(address); i++ {
		switch c := address[i]; {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '-', c == '.':
		case c == '/' || c == '?' || c == '#':
			if i == len(scheme) {
				return false
			}
			host = false
		case host:
			return false
		case c >= 'A' && c <= 'Z', c == '_', c == '=', c == '&', c == ',', c == '+', c == ':', c == ';':
		default:
			return false
		}
	}
	return len(address) > len(scheme)
}

const linkSigns = "()<>[]\"'`\\|*@~"
