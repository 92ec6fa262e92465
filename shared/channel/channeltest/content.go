package channeltest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"pai-notify/shared/channel"
	"pai-notify/shared/message"
)

// quiet is where a stand-in receiver tells of clients that hang up, as they are meant to.
func quiet() *log.Logger { return log.New(io.Discard, "", 0) }

// codes plays every row of the channel's codes.json.
func (c suite) codes(t *testing.T) {
	t.Parallel()
	rows := c.rows(t)
	for i, row := range rows {
		for _, text := range texts(row) {
			code, status, body := row.Code, http.StatusOK, text
			if code == "*" {
				code = c.Unlisted
			}
			switch {
			case row.Signal == "break": // see breaks
				continue
			case row.Signal == "number":
				code, status = "40404", http.StatusBadRequest
				body = strings.Replace(c.Answer(code, text), `"40404"`, code, 1)
			case row.Code == "*" && (row.Signal == "isp" || row.Signal == "Throttling"):
				code = row.Signal + ".SomethingNew"
				body = c.Answer(code, text)
			case row.Signal != "http":
				body = c.Answer(code, text)
			case strings.HasSuffix(code, "xx"):
				status, _ = strconv.Atoi(code[:1] + unlistedStatus(rows, code[:1]))
			default:
				status, _ = strconv.Atoi(code)
			}
			_, err := c.send(t.Context(), "http://receiver.test:80", answerer(status, body))
			got := c.fine(t, err)
			if got.Class != row.Class {
				t.Errorf("row %d: %s %s with text %q is %s, want %s", i, row.Signal, row.Code, text, got.Class, row.Class)
			}
			if row.Class == channel.Delivered {
				continue
			}
			for _, language := range []string{"en", "zh"} {
				if got.Advice[language] != row.Advice[language] || row.Advice[language] == "" {
					t.Errorf("row %d: %s %s: advice is %q, want %q", i, row.Signal, row.Code, got.Advice[language], row.Advice[language])
				}
			}
			if row.Signal != "http" && row.Class != channel.Unknown && (got.Code != code || c.Answer("1", text) != "" && !strings.HasPrefix(got.Text, text)) {
				t.Errorf("row %d: outcome shows code %q and text %q, want %q and %q", i, got.Code, got.Text, code, text)
			}
		}
	}
	if c.Answer == nil {
		return
	}
	before, _, _ := strings.Cut(c.Answer(c.Unlisted, ""), c.Unlisted)
	unclear := map[string]string{
		"a code without a row":   c.Answer(c.Unlisted, "some new word"),
		"a code as text":         strings.Replace(c.Answer("0", ""), ":0", `:"0"`, 1),
		"a code that is no int":  strings.Replace(c.Answer("0", ""), ":0", ":0.0", 1),
		"a huge code":            c.Answer("99999999999999999999999999999999", ""),
		"a code that is null":    strings.Replace(c.Answer("0", ""), ":0", ":null", 1),
		"two codes":              strings.Replace(c.Answer("0", ""), "{", before+c.Unlisted+",", 1),
		"a code spelled in caps": strings.ToUpper(c.Answer("0", "")),
		"more behind the answer": c.Answer("0", "") + page,
		"a cut answer":           strings.TrimSuffix(c.Accepted, "}"),
	}
	if c.Cloud {
		unclear = map[string]string{
			"a code without a row":   c.Answer(c.Unlisted, "some new word"),
			"another spelling of OK": c.Answer("Ok", ""),
			"OK with more":           c.Answer("OK ", ""),
			"a code that is a list":  `{"Code":["OK"],"EnvId":[1]}`,
			"a code that is null":    `{"Code":null,"Message":"OK"}`,
			"no member spelled so":   strings.ToLower(c.Accepted),
			"two codes":              `{"Code":"OK","EnvId":"1","Code":"OK","EnvId":"1"}`,
			"OK elsewhere":           `{"Data":` + c.Accepted + `}`,
			"more behind the answer": c.Accepted + page,
			"a cut answer":           strings.TrimSuffix(c.Accepted, "}"),
		}
	}
	for name, body := range unclear {
		_, err := c.send(t.Context(), "http://receiver.test:80", answerer(http.StatusOK, body))
		if got := c.fine(t, err); got.Class != channel.Unknown && (!c.Cloud || got.Class != channel.Uncertain) {
			t.Errorf("%s is %s, want unknown: %s", name, got.Class, body)
		}
	}
}

// texts are those for which a row holds: each part of its Match, else one that no row asks for.
func texts(row channel.Row) []string {
	if row.Match != "" {
		return strings.Split(row.Match, "|")
	}
	return []string{"no particular words"}
}

func unlistedStatus(rows []channel.Row, first string) string {
	for n := 99; ; n-- {
		rest := fmt.Sprintf("%02d", n)
		if !slices.ContainsFunc(rows, func(r channel.Row) bool { return r.Signal == "http" && r.Code == first+rest }) {
			return rest
		}
	}
}

// echo is a receiver that repeats what it got, secrets and all.
func (c suite) echo(t *testing.T) {
	t.Parallel()
	secrets := strings.Join(c.Secrets, " and ")
	bodies := []string{"you sent " + secrets, strings.Repeat("x", 190) + c.Secrets[0]}
	if c.Answer != nil {
		bodies = append(bodies, c.Answer(c.Unlisted, "you sent "+secrets))
	}
	for _, body := range bodies {
		_, err := c.send(t.Context(), "http://receiver.test:80", answerer(http.StatusBadRequest, body))
		c.fine(t, err)
		if err == nil {
			t.Errorf("a 400 was taken for success")
		}
	}
	request, _ := c.request(t, Message())
	for _, shown := range []string{request.URL.String(), request.URL.RequestURI(), request.URL.RawQuery} {
		_, err := c.send(t.Context(), "http://receiver.test:80", answerer(http.StatusForbidden, "no route for "+shown+" here"))
		c.fine(t, err)
	}
}

func (c suite) obeysContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	seen := &recorder{status: http.StatusOK, answer: c.Accepted}
	_, err := c.send(ctx, "http://receiver.test:80", seen)
	if got := c.fine(t, err); got.Class != channel.Unavailable || len(seen.requests) != 0 {
		t.Errorf("a context that is over: %s after %d requests, want unavailable after none", got.Class, len(seen.requests))
	}
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v does not tell that the context was cancelled", err)
	}
}

// size sends more than any receiver takes.
func (c suite) size(t *testing.T) {
	t.Parallel()
	ch, _, _ := c.open("http://receiver.test:80", answerer(200, c.Accepted))
	limit := ch.Spec().MaxBytes
	for name, unit := range map[string]string{
		"ASCII": "reason ", "Chinese": "显存不足", "quotes": `"\"`, "markup": "<at id=all></at>[x](y)*_`",
		"lines": "at f.go:1\n", "emoji": "🔥👩‍🚀",
	} {
		m := Message()
		reason := strings.Repeat(unit, max(12_000, limit)/utf8.RuneCountInString(unit)+1)
		m.Facts[2].Value = reason
		for range 40 {
			m.Items = append(m.Items, message.Item{Title: strings.Repeat(unit, 20), Link: m.Link})
		}
		if limit == 0 {
			continue
		}
		_, body := c.request(t, m)
		shown := c.shown(body)
		if len(shown) > limit {
			t.Errorf("%s: %d bytes are sent, over the limit of %d", name, len(shown), limit)
		}
		if len(shown) < limit/3 {
			t.Errorf("%s: only %d of %d bytes are used", name, len(shown), limit)
		}
		if !utf8.Valid(body) {
			t.Errorf("%s: the cut broke a character", name)
		}
		if !strings.Contains(shown, "…") {
			t.Errorf("%s: nothing says that the text was cut", name)
		}
		if !strings.Contains(shown, "llm-sft-7b") || !strings.Contains(shown, "dlc1abcdefgh") {
			t.Errorf("%s: title or id fell to the cut", name)
		}
	}
	m := Message()
	m.Title = strings.Repeat("名", 12_000)
	m.Facts = make([]message.Fact, 3000)
	for i := range m.Facts {
		m.Facts[i] = message.Fact{Name: "f" + strconv.Itoa(i), Value: "v"}
	}
	for range 3000 {
		m.Mentions.Users = append(m.Mentions.Users, "13800138000")
	}
	if limit > 0 {
		if _, body := c.request(t, m); len(c.shown(body)) > limit {
			t.Errorf("a long title and many facts: %d bytes are sent, over the limit of %d", len(c.shown(body)), limit)
		}
	}
}

func (c suite) concurrent(t *testing.T) {
	t.Parallel()
	seen := &recorder{status: http.StatusOK, answer: c.Accepted}
	ch, to, _ := c.open("http://receiver.test:80", seen)
	var wait sync.WaitGroup
	for i := range 100 {
		wait.Go(func() {
			m := Message()
			m.ID, m.Title = "pai-"+strconv.Itoa(i), fmt.Sprintf("job%03d", i)
			m.Brief.Name = m.Title
			m.Event.Data = fmt.Appendf(nil, `{"name":"job%03d"}`, i)
			if _, err := ch.Send(t.Context(), to, m); err != nil {
				t.Errorf("Send: %v", err)
			}
		})
	}
	wait.Wait()
	all := ""
	for _, body := range seen.bodies {
		all += string(body) + "\n"
	}
	for i := range 100 {
		if !strings.Contains(all, fmt.Sprintf("job%03d", i)) {
			t.Errorf("message %d did not arrive", i)
		}
	}
}

// hostileTexts mean something to some robot.
func hostileTexts() []string {
	return []string{
		"<at id=all></at>", `<at user_id="all">x</at>`, "@all", "@13800138000", "<@all>", "<@13800138000>", "<@U123>",
		"[click](https://evil.example/)", "![x](https://evil.example/x.png)", "**bold**", "`code`", "~~gone~~",
		"<font color=\"red\">x</font>", "# heading", "x\n# heading", "x\r\n> quote", "a | b", "\u202egnp.exe", "x\u2028@all",
		"&lt;at id=all&gt;", "\\", "]] ]( ", "*", "${data}", "$.x", "{{.Title}}", "\x00\x1b[31m", "\xff\xfe",
		"[https://evil.example/](", "<a href=\"https://evil.example/\">x</a>", "]\n[x]: https://evil.example/",
	}
}

func (c suite) hostile(t *testing.T) {
	t.Parallel()
	about := func(text string) string {
		m := Message()
		m.Title, m.Facts[1].Value, m.Facts[2].Value = "失败："+text, text, "x\n"+text
		m.Brief.Name, m.Brief.Status = text, text
		m.Items = []message.Item{{Title: text, Link: m.Link}, {Title: text, Link: text}}
		if text != "plain" {
			m.Mentions.Users = []string{text}
		}
		_, body := c.request(t, m)
		if c.Called != nil {
			if called := c.Called(body); len(called) > 0 {
				t.Errorf("text %q calls %q", text, called)
			}
		}
		return c.shown(body)
	}
	usual := about("plain")
	for _, text := range hostileTexts() {
		shown := about(text)
		if c.Data {
			continue
		}
		c.harmless(t, text, usual, shown)
	}
}

// harmless compares what is shown of a hostile text with what is shown of a plain one.
func (c suite) harmless(t *testing.T, text, usual, shown string) {
	t.Helper()
	for _, never := range []string{
		"<at", "@all", "@138", "<@", "](https://evil", "**bold", "`code", "~~", "<a ", "# heading",
		"\u202e", "\u2028", "\x00", "\x1b", "\r", " | ", "<img", `\u`,
	} {
		if strings.Contains(shown, never) {
			t.Errorf("text %q is shown with %q in it:\n%s", text, never, shown)
		}
	}
	for _, sign := range []string{"<", "[", "]", "`", "@", "*"} { // the channel's own markup has them all
		if own, got := strings.Count(usual, sign), strings.Count(shown, sign); got != own {
			t.Errorf("text %q makes %d signs %q of %d:\n%s", text, got, sign, own, shown)
		}
	}
}
