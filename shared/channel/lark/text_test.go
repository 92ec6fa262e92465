package lark

import (
	"encoding/json"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"pai-notify/shared/channel"
	"pai-notify/shared/channel/channeltest"
	"pai-notify/shared/event"
	"pai-notify/shared/message"
)

func TestHostileTextStaysPlain(t *testing.T) {
	t.Parallel()
	hostile := "<at id=all></at> @all <AT user_id=\"all\">x</ at> **b** [x](https://evil) \x1b[31m\u202e <font color=red>&lt;at"
	e := event.Event{ID: hostile, Type: "t"}
	v := event.View{Known: true, Outcome: event.Text{"en": hostile}, ID: hostile, Name: hostile, Status: hostile, Reason: hostile + "\n" + hostile,
		ReasonCode: hostile, OwnerName: hostile, Workspace: hostile, Region: hostile, ConsoleLink: "https://pai.console.aliyun.com/<at id=all>"}
	m := message.New(e, v, message.Options{ID: "m"})
	m.Mentions.Users = []string{hostile, "ou_x\"><at id=all>", "ou_0123456789abcdef\n"}
	m.Items = []message.Item{{Title: hostile, Link: m.Link}}
	for _, asText := range []bool{false, true} {
		w := newWire(channel.Deps{})
		w.asText = asText
		req, err := w.Request(channel.Settings{"webhook": hook}, m, at)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(req.Body)
		if err != nil {
			t.Fatal(err)
		}
		if low := strings.ToLower(string(body)); strings.Contains(low, "<at") || strings.Contains(low, "</ at") {
			t.Errorf("a text of others can call: %s", body)
		}
		for _, text := range marked(t, body) {
			if strings.ContainsAny(strings.ReplaceAll(text, "**", ""), "<>[]*~`@&") || strings.Count(text, "**") != 2 {
				t.Errorf("a text of others is read as markup: %s", text)
			}
		}
		if !utf8.Valid(body) || strings.ContainsAny(string(body), "\u202e\x1b") {
			t.Errorf("control characters are left: %q", body)
		}
	}
}

// marked are the texts of a card in which a client reads markup.
func marked(t *testing.T, body []byte) (texts []string) {
	t.Helper()
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, e := range v {
				walk(e)
			}
		case map[string]any:
			if s, ok := v["content"].(string); ok && v["tag"] == "lark_md" {
				texts = append(texts, s)
			}
			for _, e := range v {
				walk(e)
			}
		}
	}
	var v any
	if err := json.Unmarshal(body, &v); err != nil {
		t.Fatal(err)
	}
	walk(v)
	return texts
}

func TestMentionsAreMadeOfCheckedIDsOnly(t *testing.T) {
	t.Parallel()
	who := message.Mentions{All: true, Users: []string{"ou_0123456789abcdef", "x", "ou_a b", "ou_0123456789abcdef>"}}
	var got channel.Body
	mentions(&got, who, "<at id=", "></at>")
	if want := "<at id=all></at><at id=ou_0123456789abcdef></at>"; string(got) != want {
		t.Errorf("mentions = %s, want %s", got, want)
	}
	if calls(message.Mentions{Users: []string{"x"}}) || !calls(who) {
		t.Error("only a checked id calls")
	}
	spec := newSpec(nil)
	if err := spec.Mention("ou_0123456789abcdef"); err != nil {
		t.Error(err)
	}
	if err := spec.Mention("13800000000"); err == nil || strings.Contains(err.Error(), "13800000000") {
		t.Errorf("Mention of a mobile number: %v", err)
	}
}

// shown is the body, which is what the bot's limit counts. Of plain text a client reads no markup, so the signs of
// markup in it are dots here; but the start of a mention stays, as no text of others may hold one.
func shown(body []byte) string {
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, e := range v {
				walk(e)
			}
		case map[string]any:
			if s, ok := v["content"].(string); ok && v["tag"] == "plain_text" {
				v["content"] = literal(s)
			}
			for _, e := range v {
				walk(e)
			}
		}
	}
	var v any
	if err := json.Unmarshal(body, &v); err != nil {
		return err.Error()
	}
	walk(v)
	out, err := channel.JSON(v)
	if err != nil {
		return err.Error()
	}
	return string(out)
}

func literal(s string) string {
	parts := strings.Split(s, "<at")
	for i := range parts {
		parts[i] = strings.Map(func(r rune) rune {
			if strings.ContainsRune("[]*~`#<>@|\\&=", r) {
				return '.'
			}
			return r
		}, parts[i])
	}
	return strings.Join(parts, "<at")
}

func TestNoEventCallsAnybodyInATextEither(t *testing.T) {
	t.Parallel()
	w := newWire(channel.Deps{})
	w.asText = true
	channeltest.Harmless(t, w, channel.Settings{"webhook": hook}, textShown, nil, false)
}

// textShown is the text, of which a client reads nothing but mentions and addresses.
func textShown(body []byte) string {
	var got struct{ Content struct{ Text string } }
	if err := json.Unmarshal(body, &got); err != nil {
		return err.Error()
	}
	return "¦ " + strings.ReplaceAll(literal(got.Content.Text), "\n", "\n¦ ") // so that no line begins with a sign
}

func TestNoEventCallsAnybodyOrBreaksTheMarkup(t *testing.T) {
	t.Parallel()
	channeltest.Harmless(t, newWire(channel.Deps{}), channel.Settings{"webhook": hook, "secret": "demo"}, shown, nil, false)
}
