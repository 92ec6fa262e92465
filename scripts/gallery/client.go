package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html/template"
	"regexp"
	"strings"
)

// client draws a request's body as the receiver's client shows it.
func client(channelName, language string, body []byte) (template.HTML, error) {
	switch channelName {
	case "dingtalk":
		return dingTalk(body)
	case "wecom":
		return weCom(body)
	case "lark":
		return lark(body)
	case "webhook":
		return webhook(body)
	case "sms":
		return sms(body, language)
	case "voice":
		return voice(body, language)
	case "email":
		return email(body)
	}
	return "", fmt.Errorf("the gallery does not know the client of channel %s; draw it in scripts/gallery/client.go", channelName)
}

func dingTalk(body []byte) (template.HTML, error) {
	var m struct {
		Type     string
		Markdown struct{ Text string }
		Card     struct{ Text, SingleTitle, SingleURL string } `json:"actionCard"`
	}
	var kind struct {
		Type string `json:"msgtype"`
	}
	if err := read(body, &m, &kind); err != nil {
		return "", err
	}
	if kind.Type == "actionCard" {
		return "<div class=bubble>" + markdown(m.Card.Text, true) + button(m.Card.SingleTitle, m.Card.SingleURL) + "</div>", nil
	}
	return "<div class=bubble>" + markdown(m.Markdown.Text, true) + "</div>", nil
}

func weCom(body []byte) (template.HTML, error) {
	var m struct {
		Old struct{ Content string } `json:"markdown"`
		New struct{ Content string } `json:"markdown_v2"`
	}
	if err := read(body, &m); err != nil {
		return "", err
	}
	return "<div class=bubble>" + markdown(m.Old.Content+m.New.Content, false) + "</div>", nil
}

// larkText is a text of a card.
type larkText struct{ Tag, Content string }

func (t larkText) draw() template.HTML {
	if t.Tag == "lark_md" {
		return template.HTML(strings.ReplaceAll(inline(larkCall.ReplaceAllString(t.Content, "<@$1>")), "\n", "<br>")) //nolint:gosec // inline escapes
	}
	return template.HTML(strings.ReplaceAll(text(t.Content), "\n", "<br>")) //nolint:gosec // text escapes
}

var larkCall = regexp.MustCompile(`<at id=([A-Za-z0-9_]+)></at>`)

type larkButton struct {
	Text larkText
	URL  string
}

func lark(body []byte) (template.HTML, error) {
	var m struct {
		Card struct {
			Header struct {
				Template string
				Title    larkText
			}
			Elements []struct {
				Tag    string
				Text   *larkText
				Fields []struct {
					Short bool `json:"is_short"`
					Text  larkText
				}
				Extra    *larkButton
				Actions  []larkButton
				Elements []larkText
			}
		}
	}
	if err := read(body, &m); err != nil {
		return "", err
	}
	var b strings.Builder
	w := func(parts ...template.HTML) {
		for _, part := range parts {
			b.WriteString(string(part))
		}
	}
	w("<div class=card><header class=", template.HTML(template.HTMLEscapeString(m.Card.Header.Template)), ">", m.Card.Header.Title.draw(), "</header>") //nolint:gosec // escaped
	for _, e := range m.Card.Elements {
		switch e.Tag {
		case "hr":
			w("<hr>")
		case "action":
			for _, a := range e.Actions {
				w(`<a class=primary href="`, template.HTML(template.HTMLEscapeString(a.URL)), `">`, a.Text.draw(), "</a>") //nolint:gosec // escaped
			}
		case "note":
			w("<div class=note>")
			for _, t := range e.Elements {
				w(t.draw())
			}
			w("</div>")
		default:
			w("<div class=row>")
			if e.Text != nil {
				w("<div>", e.Text.draw(), "</div>")
			}
			for _, f := range e.Fields {
				class := template.HTML("long")
				if f.Short {
					class = "short"
				}
				w("<div class=", class, ">", f.Text.draw(), "</div>")
			}
			if e.Extra != nil {
				w(`<a class=extra href="`, template.HTML(template.HTMLEscapeString(e.Extra.URL)), `">`, e.Extra.Text.draw(), "</a>") //nolint:gosec // escaped
			}
			w("</div>")
		}
	}
	w("</div>")
	return template.HTML(b.String()), nil //nolint:gosec // made of escaped parts
}

func webhook(body []byte) (template.HTML, error) {
	var b bytes.Buffer
	if err := json.Indent(&b, body, "", "  "); err != nil {
		return "", err
	}
	return template.HTML("<pre class=json>" + template.HTMLEscapeString(b.String()) + "</pre>"), nil //nolint:gosec // escaped
}

// Templates as a deployment may have them; texts and calls consist of such a template and its few variables.
func smsTemplate(language string) string {
	if language == "zh" {
		return "【PAI通知】PAI任务${name}的状态为${status}，时间${time}，请登录控制台查看。"
	}
	return "[PAI] PAI job ${name}: ${status} at ${time}. Please see the PAI console."
}

func voiceTemplate(language string) string {
	if language == "zh" {
		return "您好，您的PAI任务${name}，状态是${status}，请及时处理。"
	}
	return "Hello. Your PAI job ${name} has the status ${status}. Please look at it."
}

func fill(form string, param map[string]string) template.HTML {
	filled := regexp.MustCompile(`\$\{(\w+)\}`).ReplaceAllStringFunc(template.HTMLEscapeString(form), func(name string) string {
		return "<u>" + template.HTMLEscapeString(param[name[2:len(name)-1]]) + "</u>"
	})
	return template.HTML(filled) //nolint:gosec // escaped
}

func sms(body []byte, language string) (template.HTML, error) {
	_, param, err := form(body, "TemplateParam")
	return "<div class=bubble>" + fill(smsTemplate(language), param) + "</div>", err
}

func voice(body []byte, language string) (template.HTML, error) {
	_, param, err := form(body, "TtsParam")
	return "<div class=bubble><span class=ring></span>" + fill(voiceTemplate(language), param) + "</div>", err
}

var mailBody = regexp.MustCompile(`(?s)<body[^>]*>(.*)</body>`)

func email(body []byte) (template.HTML, error) {
	values, _, err := form(body, "")
	if err != nil {
		return "", err
	}
	page := mailBody.FindStringSubmatch(values.Get("HtmlBody"))
	if page == nil {
		return "", fmt.Errorf("a mail has no body: %.100s", values.Get("HtmlBody"))
	}
	subject := text(values.Get("Subject"))
	// Its own shadow keeps the mail's styles apart from the page's. The mail is the channel's, which escapes what events say.
	return template.HTML("<div class=subject>" + subject + "</div><div><template shadowrootmode=open>" + symbols.Replace(page[1]) +
		"</template></div>"), nil //nolint:gosec // see above
}

func button(title, address string) template.HTML {
	return template.HTML(`<a class=button href="` + template.HTMLEscapeString(address) + `">` + template.HTMLEscapeString(title) + "</a>") //nolint:gosec // escaped
}

// read reads one JSON text into several shapes.
func read(body []byte, shapes ...any) error {
	for _, shape := range shapes {
		if err := json.Unmarshal(body, shape); err != nil {
			return fmt.Errorf("a body is no JSON: %w", err)
		}
	}
	return nil
}
