package lark

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

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
	maxBody  = 20_000 // bytes of the final JSON; more is refused with 19036: open.feishu.cn/document/client-docs/bot-v3/add-custom-bot
	maxTitle = 400    // bytes
	maxShort = 40     // bytes of a value that leaves room for a second column
)

// openID is a user's id as a custom bot takes it; it takes neither mobile numbers nor mail addresses.
var openID = regexp.MustCompile(`^ou_[0-9A-Za-z]{8,64}$`)

// measures is how much of a message is told, by rising need: value in bytes, facts and items in number.
type measures struct{ value, facts, items int }

// fit renders as much of a message as there is room for: first all of it, then with shorter values, then with fewer.
func fit(m message.Message, render func(measures) envelope) ([]byte, error) {
	size := measures{maxBody, len(m.Facts), len(m.Items)}
	for {
		var b bytes.Buffer
		b.Grow(4096)
		encoder := json.NewEncoder(&b)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(render(size)); err != nil {
			return nil, fmt.Errorf("encode card: %w", err)
		}
		body := bytes.TrimSuffix(b.Bytes(), []byte("\n"))
		switch {
		case len(body) <= maxBody:
			return body, nil
		case size.value > 2000:
			size.value = 2000
		case size.value > 60:
			size.value /= 2
		case size.items > 0:
			size.items /= 2
		case size.facts > 0:
			size.facts /= 2
		default:
			return nil, fmt.Errorf("the message is over %d bytes even without its facts", maxBody)
		}
	}
}

func newCard(m message.Message, size measures) *card {
	c := &card{
		Config:   config{WideScreen: true},
		Header:   header{Template: colour(m), Title: plain(m.Title, m.Language, maxTitle)},
		Elements: make([]element, 0, 5+size.items),
	}
	for _, item := range m.Items[:size.items] {
		title := plain(item.Title, m.Language, min(size.value, maxTitle))
		e := element{Tag: "div", Text: &title}
		if item.Link != "" {
			b := open(item.Link, m.Language, "default")
			e.Extra = &b
		}
		c.Elements = append(c.Elements, e)
	}
	if size.facts > 0 {
		fields := make([]field, size.facts)
		for i, f := range m.Facts[:size.facts] {
			value := message.CutMiddle(f.Value, m.Language, size.value)
			short := len(value) <= maxShort && !strings.Contains(value, "\n")
			between := message.Colon(m.Language)
			if short {
				between = "\n"
			}
			fields[i] = field{short, text{"plain_text", neutral(message.Cut(f.Name, m.Language, maxTitle) + between + value)}}
		}
		c.Elements = append(c.Elements, element{Tag: "div", Fields: fields})
	}
	if left := len(m.Items) - size.items + len(m.Facts) - size.facts; left > 0 {
		t := text{"plain_text", "… +" + strconv.Itoa(left)}
		c.Elements = append(c.Elements, element{Tag: "div", Text: &t})
	}
	if call := mentions(m.Mentions, `<at id=`, `></at>`); call != "" {
		c.Elements = append(c.Elements, element{Tag: "div", Text: &text{"lark_md", call}})
	}
	if m.Link != "" {
		c.Elements = append(c.Elements, element{Tag: "action", Actions: []button{open(m.Link, m.Language, "primary")}})
	}
	if m.Event.ID != "" {
		c.Elements = append(c.Elements, element{Tag: "note", Elements: []text{plain(m.Event.ID, m.Language, 200)}})
	}
	return c
}

// newText is the message without a card, for a robot that refuses cards.
func newText(m message.Message, size measures) *content {
	var b strings.Builder
	b.WriteString(neutral(message.Cut(m.Title, m.Language, maxTitle)))
	for _, item := range m.Items[:size.items] {
		b.WriteString("\n" + neutral(message.Cut(item.Title, m.Language, min(size.value, maxTitle))))
		if item.Link != "" {
			b.WriteString(" " + item.Link)
		}
	}
	for _, f := range m.Facts[:size.facts] {
		b.WriteString("\n" + neutral(message.Cut(f.Name, m.Language, maxTitle)+message.Colon(m.Language)+
			message.CutMiddle(f.Value, m.Language, size.value)))
	}
	if left := len(m.Items) - size.items + len(m.Facts) - size.facts; left > 0 {
		b.WriteString("\n… +" + strconv.Itoa(left))
	}
	if m.Link != "" {
		b.WriteString("\n" + m.Link)
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

// mentions calls the users that have a valid id; it is the only text in which a client reads markup.
func mentions(who message.Mentions, before, after string) string {
	var b strings.Builder
	if who.All {
		b.WriteString(before + "all" + after)
	}
	for _, id := range who.Users {
		if openID.MatchString(id) {
			b.WriteString(before + id + after)
		}
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
