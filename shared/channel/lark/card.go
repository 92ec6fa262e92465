package lark

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"pai-notify/shared/channel"
	"pai-notify/shared/event"
	"pai-notify/shared/message"
)

// envelope is a custom bot's request body.
type envelope struct {
	Timestamp string   `json:"timestamp,omitempty"` // seconds
	Sign      string   `json:"sign,omitempty"`
	Type      string   `json:"msg_type"`
	Card      *card    `json:"card,omitempty"`
	Content   *content `json:"content,omitempty"`
}

type content struct {
	Text string `json:"text"`
}

// card is an interactive card of version 1: version 2 refuses a whole card for one unknown member, and old clients show
// only its header (open.feishu.cn/document/feishu-cards/card-json-v2-breaking-changes-release-notes).
type card struct {
	Config   config    `json:"config"`
	Header   header    `json:"header"`
	Elements []element `json:"elements"`
}

type config struct {
	WideScreen bool `json:"wide_screen_mode"`
}

type header struct {
	Template string `json:"template"` // a colour
	Title    text   `json:"title"`
}

type element struct {
	Tag      string   `json:"tag"`
	Text     *text    `json:"text,omitempty"`
	Fields   []field  `json:"fields,omitempty"`
	Extra    *button  `json:"extra,omitempty"`
	Actions  []button `json:"actions,omitempty"`
	Elements []text   `json:"elements,omitempty"`
}

type field struct {
	Short bool `json:"is_short"` // two short ones stand side by side
	Text  text `json:"text"`
}

type text struct {
	Tag     string `json:"tag"`
	Content string `json:"content"`
}

type button struct {
	Tag  string `json:"tag"`
	Type string `json:"type"`
	Text text   `json:"text"`
	URL  string `json:"url"`
}

const (
	maxTitle = 400 // bytes
	maxShort = 40  // bytes of a value that leaves room for a second column
	maxUsers = 100 // called by one message; more would leave no room for it
)

// openID is a user's id as a custom bot takes it; it takes neither mobile numbers nor mail addresses.
var openID = regexp.MustCompile(`^ou_[0-9A-Za-z]{8,64}$`)

func newCard(m message.Message) *card {
	c := &card{
		Config:   config{WideScreen: true},
		Header:   header{Template: colour(m), Title: plain(channel.Title(m), m.Language, maxTitle)},
		Elements: make([]element, 0, 4+len(m.Items)),
	}
	for _, item := range m.Items {
		title := plain(message.Line(item.Title), m.Language, maxTitle)
		e := element{Tag: "div", Text: &title}
		if link := channel.Link(item.Link); link != "" {
			b := open(link, m.Language, "default")
			e.Extra = &b
		}
		c.Elements = append(c.Elements, e)
	}
	if more := message.MoreText(m.Language, m.More); more != "" {
		c.Elements = append(c.Elements, element{Tag: "div", Text: &text{"plain_text", more}})
	}
	if len(m.Facts) > 0 {
		fields := make([]field, len(m.Facts))
		for i, f := range m.Facts {
			value, between := message.Block(f.Value), message.Colon(m.Language)
			short := len(value) <= maxShort && !strings.Contains(value, "\n")
			if short {
				between = "\n"
			}
			fields[i] = field{short, text{"plain_text", neutral(message.Line(f.Name) + between + value)}}
		}
		c.Elements = append(c.Elements, element{Tag: "div", Fields: fields})
	}
	if call := mentions(m.Mentions, `<at id=`, `></at>`); call != "" {
		c.Elements = append(c.Elements, element{Tag: "div", Text: &text{"lark_md", call}})
	}
	if link := channel.Link(m.Link); link != "" {
		c.Elements = append(c.Elements, element{Tag: "action", Actions: []button{open(link, m.Language, "primary")}})
	}
	if m.Event.ID != "" && len(m.Items) == 0 {
		c.Elements = append(c.Elements, element{Tag: "note", Elements: []text{plain(message.Line(m.Event.ID), m.Language, maxTitle)}})
	}
	return c
}

// newText is the message without a card, for a robot that refuses cards.
func newText(m message.Message) *content {
	var b strings.Builder
	b.Grow(2048)
	b.WriteString(neutral(message.Cut(channel.Title(m), m.Language, maxTitle)))
	for _, item := range m.Items {
		b.WriteString("\n" + neutral(message.Cut(message.Line(item.Title), m.Language, maxTitle)))
		if link := channel.Link(item.Link); link != "" {
			b.WriteString(" " + link)
		}
	}
	if more := message.MoreText(m.Language, m.More); more != "" {
		b.WriteString("\n" + more)
	}
	for _, f := range m.Facts {
		b.WriteString("\n" + neutral(message.Line(f.Name)+message.Colon(m.Language)+message.Block(f.Value)))
	}
	if link := channel.Link(m.Link); link != "" {
		b.WriteString("\n" + link)
	}
	if call := mentions(m.Mentions, `<at user_id="`, `"></at>`); call != "" {
		b.WriteString("\n" + call)
	}
	return &content{b.String()}
}

// colour of the header by what wants attention.
func colour(m message.Message) string {
	switch {
	case m.Test:
		return "grey"
	case m.Severity == event.Error:
		return "red"
	case m.Severity == event.Warning:
		return "orange"
	case m.View.Final:
		return "green"
	}
	return "blue"
}

// plain is text of which a client reads no markup.
func plain(s, language string, limit int) text {
	return text{"plain_text", neutral(message.Cut(s, language, limit))}
}

func open(link, language, kind string) button {
	return button{"button", kind, text{"plain_text", message.LinkText(language)}, link}
}

// mentions calls the users that have a valid id, a hundred at most; it is the only text in which a client reads markup.
func mentions(who message.Mentions, before, after string) string {
	var b strings.Builder
	if who.All {
		b.WriteString(before + "all" + after)
	}
	left := maxUsers
	for _, id := range who.Users {
		if !openID.MatchString(id) {
			continue // a rule with such an id is refused: see Spec.Mention
		}
		if left--; left < 0 {
			b.WriteString(" …")
			break
		}
		b.WriteString(before + id + after)
	}
	return b.String()
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
