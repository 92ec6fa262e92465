package email

import (
	"fmt"
	"html"
	"slices"
	"strings"

	"pai-notify/shared/channel"
	"pai-notify/shared/event"
	"pai-notify/shared/message"
)

// maxReason is how much of a reason a mail tells, in bytes; chat messages tell far less.
const maxReason = 48_000

// whole gives a message with its reason as long as a mail tells it. In the message's own fact it is shortened, behind what
// precedes it, such as its code.
func whole(m message.Message) message.Message {
	reason := strings.TrimSpace(message.Block(m.View.Reason))
	head, _, _ := strings.Cut(reason, "\n")
	head = message.CutRunes(head, 40)
	head = strings.TrimSuffix(head, "…")
	for i, f := range m.Facts {
		if f.Field != "reason" || reason == "" {
			continue
		}
		if at := strings.Index(f.Value, head); at >= 0 && len(reason) > len(f.Value)-at {
			m.Facts = append([]message.Fact(nil), m.Facts...)
			m.Facts[i].Value = message.CutMiddle(f.Value[:at]+reason, m.Language, maxReason)
		}
	}
	return m
}

// safeLink is an address for an attribute: what [channel.Link] takes, in signs of ASCII alone. It is empty where there is none.
func safeLink(link string) string {
	link = channel.Link(link)
	var b strings.Builder
	for _, c := range []byte(link) {
		if c <= ' ' || c >= 0x7f {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// isBlock reports whether a value is told as a block of its own, over the whole width.
func isBlock(f message.Fact) bool {
	return f.Field == "reason" || strings.Contains(f.Value, "\n") || len(f.Value) > 400
}

// apart takes long values out of the facts that matter at first sight: what to do next must not stand below them.
func apart(facts []message.Fact) (short, long []message.Fact) {
	const most, lines = 900, 12 // bytes and lines that leave room for the rest on a telephone
	for _, f := range facts {
		if len(f.Value) > most || strings.Count(f.Value, "\n") >= lines {
			long = append(long, f)
		} else {
			short = append(short, f)
		}
	}
	return short, long
}

// renderText is the mail for programs that show no HTML.
func renderText(m message.Message) (string, error) {
	colon := message.Colon(m.Language)
	var b strings.Builder
	line := func(s string) {
		b.WriteString(s)
		b.WriteByte('\n')
	}
	line(m.Symbol() + " " + message.Line(m.Title))
	if m.Before != "" {
		line("\n" + message.Line(m.Before))
	}
	if len(m.Items) > 0 {
		line("")
	}
	for _, item := range m.Items {
		line(message.Symbol(item.Tone) + " " + message.Line(item.Title))
		if link := safeLink(item.Link); link != "" {
			line("  " + link)
		}
	}
	if more := message.MoreText(m.Language, m.More); more != "" {
		line(more)
	}
	if len(m.Facts) > 0 {
		line("")
	}
	lead, details := channel.Parts(m.Facts)
	lead, long := apart(lead)
	for _, f := range slices.Concat(lead, details, long) {
		if isBlock(f) {
			line(message.Line(f.Name) + strings.TrimSpace(colon) + "\n" + message.Block(f.Value) + "\n")
			continue
		}
		line(message.Line(f.Name) + colon + message.Line(f.Value))
	}
	if m.After != "" {
		line("\n" + message.Line(m.After))
	}
	if link := safeLink(m.Link); link != "" {
		line("\n" + message.LinkText(m.Language) + colon + link)
	}
	if m.Event.ID != "" {
		line("\n-- \npai-notify · " + message.Line(m.Event.ID))
	}
	return b.String(), nil
}

// style is what cannot stand at the elements: the dark scheme and the small screen. Mail programs that drop it show the
// light scheme, which stands at the elements.
const style = `:root{color-scheme:light dark;supported-color-schemes:light dark}
a{text-decoration:none}
@media (max-width:480px){.pad{padding-left:16px!important;padding-right:16px!important}.outer{padding:0!important}
.card{border-radius:0!important;border-left:0!important;border-right:0!important}.name{width:92px!important}.title{font-size:18px!important}}
@media (prefers-color-scheme:dark){.page{background:#0f1216!important}.card{background:#1a1e24!important;border-left-color:#2c323a!important;border-right-color:#2c323a!important;border-bottom-color:#2c323a!important}
.text{color:#e3e6ea!important}.muted{color:#98a2ad!important}.block{background:#11151a!important;border-color:#2c323a!important;color:#d6dbe1!important}
.line{border-color:#2c323a!important}.link{color:#69b1ff!important}.bad{color:#ff7875!important}.alarming{color:#ffc069!important}
.good{color:#95de64!important}.waiting,.neutral{color:#69b1ff!important}.stopped{color:#bfbfbf!important}}`

const font = `-apple-system,BlinkMacSystemFont,'Segoe UI','PingFang SC','Microsoft YaHei','Noto Sans CJK SC',Roboto,Arial,sans-serif`

// tint is a tone's class, for the dark scheme, and its colour on white.
func tint(tone event.Tone) (class, colour string) {
	switch tone {
	case event.Bad:
		return "bad", "#cf1322"
	case event.Alarming:
		return "alarming", "#ad4e00"
	case event.Good:
		return "good", "#237804"
	case event.Waiting:
		return "waiting", "#0958d9"
	case event.Stopped:
		return "stopped", "#595959"
	case event.Neutral:
	}
	return "neutral", "#0958d9"
}

// page is a mail's HTML being written. Whatever is not written by raw is escaped.
type page struct{ strings.Builder }

func (p *page) raw(s string) { p.WriteString(s) }

// line writes one line of text.
func (p *page) line(s string) { p.WriteString(html.EscapeString(message.Line(s))) }

// lines writes a text with its line breaks and with the blanks its lines begin with, which HTML would drop.
func (p *page) lines(s string) {
	for i, line := range strings.Split(message.Block(s), "\n") {
		if i > 0 {
			p.raw("<br>\n")
		}
		line = strings.ReplaceAll(line, "\t", "    ")
		text := strings.TrimLeft(line, " ")
		p.raw(strings.Repeat("&nbsp;", min(len(line)-len(text), 40)))
		p.WriteString(html.EscapeString(text))
	}
}

// href writes the attribute with what [safeLink] gives.
func (p *page) href(link string) { p.raw(`href="` + html.EscapeString(link) + `"`) }

func renderHTML(m message.Message) (string, error) {
	class, colour := tint(m.Tone)
	if m.Test {
		class, colour = tint(event.Stopped)
	}
	p := &page{}
	p.Grow(8 << 10)
	p.raw("<!DOCTYPE html>\n<html lang=\"" + m.Language + "\">\n<head>\n<meta charset=\"utf-8\">\n" +
		`<meta name="viewport" content="width=device-width,initial-scale=1">` + "\n" +
		`<meta name="color-scheme" content="light dark">` + "\n" + `<meta name="supported-color-schemes" content="light dark">` + "\n<title>")
	p.line(m.Title)
	p.raw("</title>\n<style>" + style + "</style>\n</head>\n" +
		`<body class="page" style="margin:0;padding:0;background:#f3f4f6;-webkit-text-size-adjust:100%">` + "\n" +
		`<table role="presentation" class="page" width="100%" cellpadding="0" cellspacing="0" style="background:#f3f4f6"><tr>` +
		`<td class="outer" align="center" style="padding:24px 12px">` + "\n" +
		`<table role="presentation" class="card" width="100%" cellpadding="0" cellspacing="0" style="max-width:640px;background:#ffffff;` +
		`border:1px solid #e5e7eb;border-top:4px solid ` + colour + `;border-radius:8px;font-family:` + font + `">` + "\n")
	p.open("20px 24px 4px")
	p.raw(`<div class="muted" style="font-size:13px;line-height:20px;color:#6b7280">` + channel.Keyword + `</div>` +
		`<h1 class="title ` + class + `" style="margin:4px 0 0;font-size:20px;line-height:1.4;font-weight:600;color:` + colour +
		`;overflow-wrap:anywhere;word-break:break-word">`)
	p.line(m.Title)
	p.raw("</h1>")
	p.shut()
	p.own(m.Before)
	p.items(m)
	lead, details := channel.Parts(m.Facts)
	lead, long := apart(lead)
	p.facts(lead, false)
	p.button(m)
	p.facts(long, false)
	p.facts(details, true)
	p.own(m.After)
	p.open("16px 24px 20px")
	p.raw(`<div class="muted" style="font-size:12px;line-height:18px;color:#6b7280;overflow-wrap:anywhere;word-break:break-word">pai-notify`)
	if m.Event.ID != "" && len(m.Items) == 0 {
		p.raw(" · ")
		p.line(m.Event.ID)
	}
	p.raw("</div>")
	p.shut()
	p.raw("</table>\n</td></tr></table>\n</body>\n</html>\n")
	return p.String(), nil
}

// open begins a row of the card.
func (p *page) open(padding string) {
	p.raw(`<tr><td class="pad" style="padding:` + padding + `">`)
}

func (p *page) shut() { p.raw("</td></tr>\n") }

// own is one of the target's own lines.
func (p *page) own(s string) {
	if s == "" {
		return
	}
	p.open("8px 24px")
	p.raw(`<div class="text" style="font-size:15px;line-height:22px;color:#1f2937;overflow-wrap:anywhere;word-break:break-word">`)
	p.line(s)
	p.raw("</div>")
	p.shut()
}

// items are the events of a digest.
func (p *page) items(m message.Message) {
	if len(m.Items) == 0 {
		return
	}
	p.open("12px 24px 4px")
	p.raw(`<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="table-layout:fixed">` + "\n")
	row := func() {
		p.raw(`<tr><td class="line text" style="padding:9px 0;border-bottom:1px solid #eef0f3;font-size:14px;line-height:20px;color:#1f2937;` +
			`overflow-wrap:anywhere;word-break:break-word">`)
	}
	for _, item := range m.Items {
		row()
		class, colour := tint(item.Tone) // a dot: not every mail program has the signs that chats show
		p.raw(`<span class="` + class + `" style="color:` + colour + `">&#9679;</span>&nbsp;`)
		if link := safeLink(item.Link); link != "" {
			p.raw(`<a class="link" style="color:#0958d9;text-decoration:none" `)
			p.href(link)
			p.raw(">")
			p.line(item.Title)
			p.raw("</a>")
		} else {
			p.line(item.Title)
		}
		p.raw("</td></tr>\n")
	}
	if more := message.MoreText(m.Language, m.More); more != "" {
		row()
		p.line(more)
		p.raw("</td></tr>\n")
	}
	p.raw("</table>")
	p.shut()
}

// facts are a table of two columns; long ones and those of several lines stand below their name over the whole width.
func (p *page) facts(facts []message.Fact, detail bool) {
	open := false
	end := func() {
		if open {
			p.raw("</table>")
			p.shut()
			open = false
		}
	}
	size := "15px"
	if detail {
		size = "14px"
	}
	for _, f := range facts {
		if isBlock(f) {
			end()
			p.open("10px 24px 6px")
			p.raw(`<div class="muted" style="font-size:13px;line-height:20px;color:#6b7280">`)
			p.line(f.Name)
			p.raw(`</div><div class="block" style="margin-top:4px;padding:12px 14px;background:#f6f8fa;border:1px solid #e5e7eb;border-radius:6px;` +
				`font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,'Liberation Mono',monospace;font-size:13px;line-height:20px;color:#1f2937;` +
				`overflow-wrap:anywhere;word-break:break-word">`)
			p.lines(f.Value)
			p.raw("</div>")
			p.shut()
			continue
		}
		if !open {
			p.open("8px 24px 4px")
			p.raw(`<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="table-layout:fixed">` + "\n")
			open = true
		}
		p.raw(`<tr><td class="line muted name" width="120" valign="top" style="width:120px;padding:7px 12px 7px 0;border-bottom:1px solid #eef0f3;` +
			`font-size:13px;line-height:20px;color:#6b7280;overflow-wrap:anywhere;word-break:break-word">`)
		p.line(f.Name)
		p.raw(`</td><td class="line text" valign="top" style="padding:7px 0;border-bottom:1px solid #eef0f3;font-size:` + size +
			`;line-height:20px;color:#1f2937;overflow-wrap:anywhere;word-break:break-word">`)
		p.line(f.Value)
		p.raw("</td></tr>\n")
	}
	end()
}

// button leads to the console.
func (p *page) button(m message.Message) {
	link := safeLink(m.Link)
	if link == "" {
		return
	}
	p.open("14px 24px 10px")
	p.raw(`<a style="display:inline-block;padding:10px 20px;background:#0958d9;border-radius:6px;color:#ffffff;font-size:15px;` +
		`line-height:20px;font-weight:500;text-decoration:none" `)
	p.href(link)
	p.raw(">")
	p.line(message.LinkText(m.Language))
	p.raw("</a>")
	p.shut()
}
