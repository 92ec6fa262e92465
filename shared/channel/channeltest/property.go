package channeltest

import (
	"context"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"pai-notify/shared/channel"
	"pai-notify/shared/event"
	"pai-notify/shared/message"
)

// Harmless looks for an event, whatever text is in it, that makes a wire call somebody, break its markup, exceed its limit
// or fail. Every text of the event is hostile, and so are the ids of those to be called and the target's own lines; the
// settings are the target's. Shown and called are as in [Samples]; data says that the receiver is a program.
func Harmless(
	t *testing.T, w channel.Wire, to channel.Settings, shown func(body []byte) string, called func(body []byte) []string, data bool,
) {
	t.Helper()
	property{w.Spec(), shown, called, data, func(r *rapid.T, m message.Message) []byte { return requestBody(r, w, to, m) }}.check(t)
}

// property is [Harmless] of a channel of any kind.
func (c suite) property(t *testing.T) {
	t.Parallel()
	seen := &recorder{status: http.StatusOK, answer: c.Accepted}
	ch, to, _ := c.open("http://receiver.test:80", seen)
	property{ch.Spec(), c.Shown, c.Called, c.Data, func(r *rapid.T, m message.Message) []byte {
		seen.bodies = nil
		if _, err := ch.Send(context.Background(), to, m); err != nil {
			r.Fatalf("Send: %v", err)
		}
		return seen.bodies[0]
	}}.check(t)
}

type property struct {
	spec    channel.Spec
	shown   func(body []byte) string
	called  func(body []byte) []string
	data    bool
	request func(r *rapid.T, m message.Message) []byte
}

func (p property) check(t *testing.T) {
	t.Helper()
	rapid.Check(t, func(r *rapid.T) {
		plain := func(string) string { return "x" }
		draft := hostileEvent(r)
		language := rapid.SampledFrom(Languages()).Draw(r, "language")
		events := 1
		if p.spec.Digest {
			events = rapid.SampledFrom([]int{1, 1, 1, 2, 14}).Draw(r, "events")
		}
		usual := draft.tell(language, events, plain)
		m := draft.tell(language, events, func(s string) string { return s })
		limit := p.spec.MaxBytes
		body := p.request(r, m)
		if !utf8.Valid(body) || body[0] == '{' && !json.Valid(body) {
			r.Fatalf("the body is no JSON in UTF-8: %q", body)
		}
		text, own := show(p.shown, body), show(p.shown, p.request(r, usual))
		if limit > 0 && len(text) > limit {
			r.Fatalf("%d bytes are sent, over the limit of %d", len(text), limit)
		}
		if p.called != nil {
			if ids := p.called(body); len(ids) > 0 {
				r.Fatalf("an event calls %q: %s", ids, body)
			}
		}
		if p.data {
			return
		}
		for _, never := range neverShown() {
			if strings.Contains(text, never) && !strings.Contains(own, never) {
				r.Fatalf("%q is shown:\n%s", never, text)
			}
		}
		for _, sign := range []string{"<", "[", "]", "`", "@", "*", "~", "|"} { // the channel's own markup has some
			most := strings.Count(own, sign)
			if sign == "[" || sign == "]" {
				most++ // a longer message may have a link where the usual one has a button
			}
			if got := strings.Count(text, sign); got > most {
				r.Fatalf("%d signs %q are shown, want at most %d:\n%s\n\nas usual:\n%s", got, sign, most, text, own)
			}
		}
		if strings.Count(text, "[") != strings.Count(text, "]") || strings.Count(text, "**")%2 != 0 {
			r.Fatalf("markup is left open:\n%s", text)
		}
		if got, most := len(lineMarkup.FindAllString(text, -1)), len(lineMarkup.FindAllString(own, -1)); got > most {
			r.Fatalf("%d lines begin with markup, want at most %d:\n%s\n\nas usual:\n%s", got, most, text, own)
		}
	})
}

// lineMarkup is what makes a line a list's, a rule or a heading.
var lineMarkup = regexp.MustCompile(`(?m)^\s*([-+=#]|[0-9]+[.)])`)

// neverShown are starts of markup that no text of others may make.
func neverShown() []string {
	return []string{
		"<at", "@all", "@138", "<@", "](https://evil", "**bold", "`code", "~~", "<a ", "# heading",
		"\u202e", "\u2028", "\x00", "\x1b", "\r", " | ", "<img", `\u`, "![",
	}
}

func show(shown func([]byte) string, body []byte) string {
	if shown == nil {
		return string(body)
	}
	return shown(body)
}

func requestBody(r *rapid.T, w channel.Wire, to channel.Settings, m message.Message) []byte {
	req, err := w.Request(to, m, At())
	if err != nil {
		r.Fatalf("Request: %v", err)
	}
	body := make([]byte, req.ContentLength)
	for n := 0; n < len(body); {
		got, err := req.Body.Read(body[n:])
		if n += got; err != nil && n < len(body) {
			r.Fatalf("read the body: %v", err)
		}
	}
	return body
}

// hostile is an event of hostile texts; each is drawn once, so that the same event can be told with and without them.
type hostile struct {
	texts  map[string]string
	users  []string
	before string
	at     time.Time
}

func hostileEvent(r *rapid.T) hostile {
	h := hostile{texts: map[string]string{}, at: At()}
	fragment := rapid.OneOf(
		rapid.SampledFrom(append(hostileTexts(),
			"\n---\n", "1. one", "- item", "+ item", "> quote", "|a|b|\n|-|-|", "```\ncode\n```", "__both__", "_one_", "***", "{{owner}}",
			"🔥", "👩‍🚀", "🇨🇳", "e\u0301", "显存", "a_b", ":DONE:", "https://evil.example/?a=1", "exit code 137", "\u2066", "\u00ad", "\ufeff", "\t")),
		rapid.StringN(0, 8, -1),
	)
	for _, name := range []string{"name", "id", "status", "previous", "code", "reason", "owner", "operator", "workspace", "region",
		"resource", "quota", "type", "version", "restarts", "pod", "node", "queue", "console"} {
		parts := rapid.SliceOfN(fragment, 0, 4).Draw(r, name)
		text := strings.Join(parts, "")
		if len(text) > 0 && rapid.IntRange(0, 30).Draw(r, name+" is long") == 0 {
			text = strings.Repeat(text, 1+12_000/len(text)) // over every limit, cut at any sign of it
		}
		h.texts[name] = text
	}
	h.users = rapid.SliceOfN(fragment, 0, 3).Draw(r, "users")
	h.before = rapid.SampledFrom([]string{"", "{{name}} of {{owner}}", "{{reason}}", "@all <at id=all></at> {{{{id}}}}"}).Draw(r, "before")
	return h
}

// tell makes the message; change is what becomes of each hostile text that leaves something to show.
func (h hostile) tell(language string, events int, change func(string) string) message.Message {
	text := func(name string) string {
		if message.Line(h.texts[name]) == "" {
			return ""
		}
		return change(h.texts[name])
	}
	quoted := func(name string) json.RawMessage {
		s := text(name)
		if s == "" {
			return nil
		}
		out, err := json.Marshal(strings.ToValidUTF8(s, "\ufffd"))
		if err != nil {
			return nil // cannot be: a text always encodes
		}
		return out
	}
	v := event.View{
		Source: "dlc", Known: true, What: "failed", Outcome: event.Text{"en": "Job failed", "zh": "任务失败"}, Failing: true,
		Severity: event.Error, ID: "i" + text("id"), Name: text("name"), Status: text("status"), Previous: text("previous"),
		ReasonCode: text("code"), Reason: text("reason"), OwnerName: text("owner"), OwnerID: "1", OperatorName: text("operator"), OperatorID: "2",
		Workspace: text("workspace"), Region: text("region"), Resource: text("resource"), Quota: text("quota"), ObjectType: text("type"),
		Version: text("version"), Restarts: text("restarts"), ConsoleLink: "https://pai.console.aliyun.com/#/dlc/" + text("console"),
		Extra: map[string]json.RawMessage{"exitCode": json.RawMessage("1"), "failedPod": quoted("pod"), "failedNode": quoted("node"), "queueCause": quoted("queue")},
	}
	before, usual := h.before, change("") != ""
	if usual && before != "" {
		before = "x"
	}
	o := message.Options{Language: language, ID: "m", Words: message.Words{Before: before, After: before}}
	var list []message.Message
	for i := range events {
		e := event.Event{ID: "e", Source: "acs.paidlc", Type: "paidlc:Job:Failed", Time: h.at.Add(time.Duration(i) * time.Minute)}
		m := message.New(e, v, o)
		for _, id := range h.users {
			m.Mentions.Users = append(m.Mentions.Users, "<"+id) // an id of nobody
		}
		if usual {
			m.Mentions = message.Mentions{}
		}
		list = append(list, m)
	}
	if events == 1 {
		return list[0]
	}
	return message.Digest(list, o)
}
