package main

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"slices"

	"pai-notify/shared/contact"
	"pai-notify/shared/message"
)

//go:embed page.html
var pageFile string

// shown is one message at one receiver.
type shown struct {
	Channel  string // dingtalk
	Title    string // DingTalk
	Language string
	Bytes    int
	HTML     template.HTML
}

type section struct {
	Name, Note, Tone string
	Shown            []shown
}

type page struct {
	Channels  []choice
	Languages []choice
	Sections  []section
	Count     int
}

type choice struct{ Name, Title string }

// draw makes the page.
func draw(only string) ([]byte, error) {
	list, err := stories()
	if err != nil {
		return nil, err
	}
	var p page
	for _, language := range message.Languages() {
		p.Languages = append(p.Languages, choice{language, message.LanguageName(language)})
	}
	via := newPost()
	for _, c := range via.channels {
		p.Channels = append(p.Channels, choice{c.Spec().Name, c.Spec().Title.In("en")})
	}
	for _, s := range list {
		if only != "" && s.Name != only {
			continue
		}
		one := section{Name: s.Name, Note: s.Note}
		for _, c := range via.channels {
			spec := c.Spec()
			if s.Source != "" && len(spec.Sources) > 0 && !slices.Contains(spec.Sources, s.Source) {
				continue
			}
			for _, language := range message.Languages() {
				m := s.tell(language)
				if len(m.Items) > 0 && !spec.Digest {
					continue
				}
				if m.Mentions.Owner {
					m.Call(m.Mentions, owner(spec.Name))
				}
				body, err := via.send(c, m)
				if err != nil {
					return nil, fmt.Errorf("%s in %s: %w", s.Name, language, err)
				}
				drawn, err := client(spec.Name, language, body)
				if err != nil {
					return nil, fmt.Errorf("%s at %s in %s: %w", s.Name, spec.Name, language, err)
				}
				one.Shown = append(one.Shown, shown{spec.Name, spec.Title.In(language), language, len(body), drawn})
				p.Count++
			}
		}
		p.Sections = append(p.Sections, one)
	}
	if len(p.Sections) == 0 {
		return nil, fmt.Errorf("there is no sample %q", only)
	}
	t, err := template.New("page").Parse(pageFile)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := t.Execute(&b, p); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// owner is who made the samples' jobs, as a contact might say.
func owner(channelName string) string {
	return contact.Contact{DingTalk: "13800138000", WeCom: "zhangwei", Lark: "ou_0123456789abcdef"}.Mention(channelName)
}
