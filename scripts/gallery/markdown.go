package main

import (
	"html"
	"html/template"
	"regexp"
	"strings"
)

// markdown draws the few marks that the robots' dialects have; all else is text. Lines of WeCom end paragraphs of their
// own; those of DingTalk run on unless two blanks precede the break.
func markdown(text string, runOn bool) template.HTML {
	var b strings.Builder
	kind := "" // of the block that is open: p, ul, blockquote
	open := func(next string) {
		if kind == next {
			return
		}
		if kind != "" {
			b.WriteString("</" + kind + ">")
		}
		if kind = next; kind != "" {
			b.WriteString("<" + kind + ">")
		}
	}
	for line := range strings.SplitSeq(text, "\n") {
		trimmed := strings.TrimSpace(line)
		switch {
		case trimmed == "":
			open("")
		case strings.HasPrefix(line, "### "):
			open("")
			b.WriteString("<h3>" + inline(line[4:]) + "</h3>")
		case trimmed == "---":
			open("")
			b.WriteString("<hr>")
		case strings.HasPrefix(line, "- "):
			open("ul")
			b.WriteString("<li>" + inline(line[2:]) + "</li>")
		case strings.HasPrefix(line, "> "):
			open("blockquote")
			b.WriteString("<div>" + inline(line[2:]) + "</div>")
		case kind == "ul": // goes on with its item
			b.WriteString("<li class=on>" + inline(trimmed) + "</li>")
		default:
			open("p")
			b.WriteString(inline(trimmed))
			if !runOn || strings.HasSuffix(line, "  ") {
				b.WriteString("<br>")
			} else {
				b.WriteString(" ")
			}
		}
	}
	open("")
	return template.HTML(b.String()) //nolint:gosec // every text in it went through inline
}

var marks = regexp.MustCompile(`\*\*(.+?)\*\*|<font color="(info|comment|warning)">(.*?)</font>|\[([^\[\]]*)\]\((https://[^()\s]+)\)|<@([A-Za-z0-9_.@-]+)>|(@[0-9+][0-9-]{4,}|@all) `)

// inline draws bold, colours, links and calls; what is between them is escaped.
func inline(s string) string {
	var b strings.Builder
	for {
		m := marks.FindStringSubmatchIndex(s)
		if m == nil {
			b.WriteString(text(s))
			return b.String()
		}
		b.WriteString(text(s[:m[0]]))
		part := func(i int) string { return s[m[2*i]:m[2*i+1]] }
		switch {
		case m[2] >= 0:
			b.WriteString("<b>" + inline(part(1)) + "</b>")
		case m[4] >= 0:
			b.WriteString("<span class=" + part(2) + ">" + inline(part(3)) + "</span>")
		case m[8] >= 0:
			b.WriteString(`<a href="` + html.EscapeString(part(5)) + `">` + text(part(4)) + "</a>")
		case m[12] >= 0:
			b.WriteString("<span class=call>@" + text(part(6)) + "</span>")
		default:
			b.WriteString("<span class=call>" + text(part(7)) + "</span> ")
		}
		s = s[m[1]:]
	}
}

// text is a plain text, with the signs of tones drawn, since a machine may have no font for them.
func text(s string) string {
	return symbols.Replace(html.EscapeString(s))
}

// symbols draws the signs of tones.
var symbols = strings.NewReplacer( //nolint:gochecknoglobals // a table that never changes
	"❌", sign("#e5484d", `<path d="M5 5l6 6M11 5l-6 6"/>`),
	"✅", sign("#30a46c", `<path d="M4.5 8.5l2.4 2.4L11.6 5.6"/>`),
	"⚠️", sign("#f08c00", `<path d="M8 4v5M8 11.4v.4"/>`),
	"⏹️", sign("#868e96", `<path d="M6 6h4v4H6z"/>`),
	"⏳", sign("#4dabf7", `<path d="M8 4.4V8l2.4 1.6"/>`),
	"🔵", sign("#3b82f6", `<path d="M6.6 5l4 3-4 3z"/>`),
	"🔔", sign("#868e96", `<path d="M5 10.4h6M6 10V7.4a2 2 0 014 0V10M8 12.2v.2"/>`),
)

func sign(colour, path string) string {
	return `<svg class=sign viewBox="0 0 16 16" width=16 height=16 aria-hidden=true><circle cx=8 cy=8 r=7.4 fill="` + colour +
		`"/><g fill=none stroke="#fff" stroke-width=1.6 stroke-linecap=round stroke-linejoin=round>` + path + `</g></svg>`
}
