package rule_test

import (
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"pai-notify/shared/catalog"
	"pai-notify/shared/channel"
	"pai-notify/shared/message"
	"pai-notify/shared/rule"
)

// evaluate is EventBridge's form TEMPLATE, written from help.aliyun.com/en/eventbridge/user-guide/event-transformation
// and nothing of ours: each ${name} becomes what the JSONPath of that name in value finds, as text; a string without
// quotes, anything else as JSON; nothing where there is nothing. jsonEscape escapes what JSON strings escape.
func evaluate(t interface{ Fatalf(string, ...any) }, value, template, event string) string {
	var paths map[string]string
	if err := json.Unmarshal([]byte(value), &paths); err != nil {
		t.Fatalf("value: %v", err)
	}
	var root map[string]json.RawMessage
	if err := json.Unmarshal([]byte(event), &root); err != nil {
		t.Fatalf("event %s: %v", event, err)
	}
	return regexp.MustCompile(`\$\{[^}]*\}`).ReplaceAllStringFunc(template, func(variable string) string {
		name := variable[2 : len(variable)-1]
		inner, escaped := strings.CutPrefix(name, "jsonEscape(")
		if escaped {
			name = strings.TrimSuffix(inner, ")")
		}
		path, known := paths[name]
		member, isPath := strings.CutPrefix(path, "$.")
		if !known || !isPath {
			t.Fatalf("template has a variable %s of which value knows nothing", variable)
		}
		text := string(root[member])
		var s string
		if json.Unmarshal(root[member], &s) == nil && text != "null" {
			text = s
		}
		if escaped {
			b, err := json.Marshal(text)
			if err != nil {
				t.Fatalf("escape: %v", err)
			}
			text = string(b[1 : len(b)-1])
		}
		return text
	})
}

// hostile are texts that a template, a JSON reader or a path reader might take for its own.
func hostile() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.SampledFrom([]string{
			"${data}", "$.x", "$.data.id", "${jsonEscape(id)}", "$", "$$", "{$", "\\u0024{data}", "\\", "\"", "\\\"", "},\"data\":[", "]}",
			"\",\"target\":{\"id\":\"x\"}", "<script>", "\u2028", "\x00", "𝄞", "null", "张三", "%24%7Bdata%7D", "",
		}),
		rapid.String(),
	)
}

func TestWhatAUserWroteComesThroughEventBridgeLiterally(t *testing.T) {
	t.Parallel()
	keys := keyset(t, "k1")
	rapid.Check(t, func(t *rapid.T) {
		text := func(label string) string { return hostile().Draw(t, label) }
		target := rule.Target{
			ID: text("id") + "t", Channel: "webhook", Language: text("language"),
			Settings: channel.Settings{"mode": text("mode"), "url": text("url")},
			Mentions: message.Mentions{All: rapid.Bool().Draw(t, "all"), Users: rapid.SliceOfN(hostile(), 1, 3).Draw(t, "users")},
		}
		r := rule.Rule{
			Name: "n" + text("name"), Targets: []rule.Target{target},
			Event: catalog.Choice{
				Source: text("source"), Options: rapid.SliceOfN(hostile(), 1, 3).Draw(t, "options"), PAIUser: text("user"),
				Scope: catalog.Scope{Kind: text("kind"), IDs: rapid.SliceOfN(hostile(), 1, 3).Draw(t, "ids"), Prefix: text("prefix")},
			},
		}
		envelopes, err := r.Envelopes("bus"+text("bus"), 3, specs(), keys)
		var large smithy.InvalidParamsError
		if errors.As(err, &large) {
			t.Skip("too large")
		}
		if err != nil {
			t.Fatalf("Envelopes: %v", err)
		}
		template, err := envelopes[0].Template()
		if err != nil {
			t.Fatalf("Template: %v", err)
		}
		data := rapid.OneOf(
			rapid.Just(``), rapid.Just(`null`), rapid.Just(`{"a":[1,{"b":"]}"}]}`), rapid.Just(`17`), rapid.Just(`[]`), rapid.Just(`""`),
			rapid.Map(hostile(), func(s string) string { b, _ := json.Marshal(s); return string(b) }),
		).Draw(t, "data")
		sent := map[string]any{"id": "e" + text("event"), "source": "s" + text("event source"), "subject": text("subject"), "time": "2026-11-24T10:00:00Z", "aliyuneventbusname": "b" + text("extension")}
		if data != "" {
			sent["data"] = json.RawMessage(data)
		}
		raw, err := json.Marshal(sent)
		if err != nil {
			t.Fatalf("event: %v", err)
		}
		got, err := rule.DecodeEnvelopes([]byte(evaluate(t, rule.TemplateValue, template, string(raw))))
		if err != nil || len(got) != 1 {
			t.Fatalf("DecodeEnvelopes = %d, %v", len(got), err)
		}
		if diff := cmp.Diff(valid(envelopes[0].Rule), got[0].Rule, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("rule (-sent +got):\n%s", diff)
		}
		if diff := cmp.Diff(valid(envelopes[0].Target), got[0].Target, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("target (-sent +got):\n%s", diff)
		}
		opened, err := got[0].Open(keys)
		if diff := cmp.Diff(valid(target.Settings), opened); diff != "" || err != nil {
			t.Fatalf("settings: %v (-sent +got):\n%s", err, diff)
		}
		if want, _ := sent["source"].(string); !same(got[0].Event.Source, want) || !got[0].Event.Time.Equal(time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)) {
			t.Fatalf("event %+v of %s", got[0].Event, raw)
		}
		checkData(t, got[0].Event.Data, data)
	})
}

// valid is a value as JSON can carry it: broken UTF-8 becomes U+FFFD.
func valid[T any](value T) T {
	b, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	var out T
	if err := json.Unmarshal(b, &out); err != nil {
		panic(err)
	}
	return out
}

// same compares attributes, of which package event drops NUL.
func same(got, want string) bool {
	return got == strings.ReplaceAll(strings.ToValidUTF8(want, "\ufffd"), "\x00", "")
}

// checkData wants JSON data as it was, and a text as that text, unless the text is itself JSON.
func checkData(t *rapid.T, got json.RawMessage, sent string) {
	var text string
	switch isText := json.Unmarshal([]byte(sent), &text) == nil && sent != "null"; {
	case sent == "" || sent == "null":
		if got != nil {
			t.Fatalf("data %s where there was %q", got, sent)
		}
	case !isText:
		if string(got) != sent {
			t.Fatalf("data %s, want %s", got, sent)
		}
	default:
		trimmed := strings.Trim(text, " \t\r\n")
		var back string
		if json.Valid([]byte(trimmed)) && trimmed != "null" {
			if string(got) != trimmed {
				t.Fatalf("data %s, want the JSON %s", got, trimmed)
			}
		} else if json.Unmarshal(got, &back) == nil && strings.TrimSpace(back) != strings.TrimSpace(text) && trimmed != "${data}" {
			t.Fatalf("data %q, want the text %q", back, text)
		}
	}
}
