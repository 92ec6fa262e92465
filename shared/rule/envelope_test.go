package rule_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"pai-notify/shared/catalog"
	"pai-notify/shared/channel"
	"pai-notify/shared/event"
	"pai-notify/shared/fault"
	"pai-notify/shared/message"
	"pai-notify/shared/rule"
	"pai-notify/shared/rule/ruletest"
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

func envelope(tb testing.TB) (rule.Envelope, string) {
	tb.Helper()
	r := ruletest.Draft("nightly", ruletest.DingTalk("ops"))
	envelopes, err := r.Envelopes("pai-system-nlp_train", 7, specs(), keyset(tb, "k1"))
	if err != nil {
		tb.Fatal(err)
	}
	template, err := envelopes[0].Template()
	if err != nil {
		tb.Fatal(err)
	}
	return envelopes[0], template
}

func fill(tb testing.TB, data string) string {
	tb.Helper()
	_, template := envelope(tb)
	body := evaluate(tb, rule.TemplateValue, template, `{"id":"e1","source":"acs.pai","type":"t","time":"2026-11-24T10:00:00Z","aliyuneventbusname":"b"}`)
	return strings.Replace(body, `"data":[]}`, `"data":[`+data+`]}`, 1)
}

func TestDataOfAnyKindStillHasItsTarget(t *testing.T) {
	t.Parallel()
	for data, want := range map[string]string{
		"":           "",
		" ":          "",
		"null":       "",
		"${data}":    "", // EventBridge's open source leaves a missing path in place
		`{"a":1}`:    `{"a":1}`,
		"[1, 2]":     "[1, 2]",
		"plain text": `"plain text"`,
		"1,2":        `"1,2"`,
		`{"a":`:      `"{\"a\":"`,
		"a\x00\"\\b": `"a\u0000\"\\b"`,
		"\xff":       "\"\ufffd\"",
		`1],"target":{"id":"evil","channel":"webhook"},"data":[2`:         `"1],\"target\":{\"id\":\"evil\",\"channel\":\"webhook\"},\"data\":[2"`,
		`1]},{"v":1,"rule":{"name":"x"},"target":{"id":"evil"},"data":[2`: `"1]},{\"v\":1,\"rule\":{\"name\":\"x\"},\"target\":{\"id\":\"evil\"},\"data\":[2"`,
	} {
		got, err := rule.DecodeEnvelopes([]byte(fill(t, data)))
		if err != nil || len(got) != 1 {
			t.Errorf("data %q: %d envelopes, %v", data, len(got), err)
			continue
		}
		if string(got[0].Event.Data) != want || got[0].Target.ID != "ops" || got[0].Event.ID != "e1" {
			t.Errorf("data %q: data %s of event %q for target %q, want %s", data, got[0].Event.Data, got[0].Event.ID, got[0].Target.ID, want)
		}
	}
}

func TestABodyThatIsCutOffStillHasItsTarget(t *testing.T) {
	t.Parallel()
	body := fill(t, `{"reason":"a long story"}`)
	at := strings.Index(body, `"event":`)
	for end := at; end < len(body); end++ {
		got, err := rule.DecodeEnvelopes([]byte(body[:end]))
		if err != nil || len(got) != 1 || got[0].Target.ID != "ops" || got[0].Event.ID == "" {
			t.Fatalf("cut at %d, …%s: %d envelopes, %v", end, body[max(0, end-20):end], len(got), err)
		}
	}
}

func TestAnUnescapedAttributeStillHasItsTarget(t *testing.T) {
	t.Parallel()
	body := strings.Replace(fill(t, `{}`), `"id":"e1"`, `"id":"e"1"`, 1)
	got, err := rule.DecodeEnvelopes([]byte(body))
	if err != nil || len(got) != 1 || got[0].Target.ID != "ops" || !bytes.Contains(got[0].Event.Data, []byte(`e\"1`)) {
		t.Errorf("DecodeEnvelopes = %+v, %v", got, err)
	}
}

func TestOnlyTheFirstOfAMemberCounts(t *testing.T) {
	t.Parallel()
	body := strings.Replace(fill(t, `{}`), `,"data":[`, `,"target":{"id":"evil","channel":"webhook"},"rule":{"name":"evil"},"data":[`, 1)
	got, err := rule.DecodeEnvelopes([]byte(body))
	if err != nil || len(got) != 1 || got[0].Target.ID != "ops" || got[0].Rule.Name != "nightly" {
		t.Errorf("DecodeEnvelopes = %+v, %v", got, err)
	}
}

func TestAnEventWithoutIDHasTheSameIDInEveryRule(t *testing.T) {
	t.Parallel()
	ids := map[string]string{}
	for _, name := range []string{"one", "other"} {
		for _, id := range []string{"", "null", "${jsonEscape(id)}"} {
			r := ruletest.Draft(name, ruletest.DingTalk(name))
			envelopes, err := r.Envelopes("bus", 1, specs(), keyset(t, "k1"))
			if err != nil {
				t.Fatal(err)
			}
			template, err := envelopes[0].Template()
			if err != nil {
				t.Fatal(err)
			}
			body := evaluate(t, rule.TemplateValue, template, `{"source":"s","data":{"a":1}}`)
			got, err := rule.DecodeEnvelopes([]byte(strings.Replace(body, `"id":""`, `"id":"`+id+`"`, 1)))
			if err != nil || len(got) != 1 || !strings.HasPrefix(got[0].Event.ID, "sha256-") {
				t.Fatalf("DecodeEnvelopes = %+v, %v", got, err)
			}
			if before, there := ids[id]; there && before != got[0].Event.ID {
				t.Errorf("id %q: %s in one rule, %s in another", id, before, got[0].Event.ID)
			}
			ids[id] = got[0].Event.ID
		}
	}
	got, err := rule.DecodeEnvelopes([]byte(strings.Replace(fill(t, `{"b":2}`), `"id":"e1"`, `"id":""`, 1)))
	if err != nil || got[0].Event.ID == ids[""] {
		t.Errorf("events with other data have one id: %v, %v", got, err)
	}
}

func TestListsAndTextsOfEnvelopesAreRead(t *testing.T) {
	t.Parallel()
	one := fill(t, `{"a":1}`)
	text, err := json.Marshal(fill(t, "plain text"))
	if err != nil {
		t.Fatal(err)
	}
	for body, want := range map[string]int{
		one: 1, " \n" + one + "\n": 1, string(text): 1, "[" + one + "]": 1, "[" + one + ",\n" + string(text) + "]": 2,
	} {
		got, err := rule.DecodeEnvelopes([]byte(body))
		if err != nil || len(got) != want {
			t.Errorf("%.60s…: %d envelopes, %v; want %d", body, len(got), err, want)
		}
	}
}

func TestABodyThatIsNoEnvelopeIsKept(t *testing.T) {
	t.Parallel()
	one := fill(t, `{}`)
	for name, body := range map[string]string{
		"empty": "", "blank": " ", "text": "hello", "null": "null", "number": "7", "object": "{}", "empty list": "[]", "list of numbers": "[1]",
		"an event": `{"id":"1","source":"s","type":"t","data":{}}`, "half a rule": `{"v":1,"rule":{"na`, "no target": `{"rule":{"name":"x"},"data":[1]}`,
		"target of another type": `{"rule":{"name":"x"},"target":[],"data":[]}`, "data before target": `{"data":[1],"rule":{},"target":{}}`,
		"a broken list": "[" + one + "," + one, "10 MB": strings.Repeat("x", 10<<20), "deep": strings.Repeat("[", 100_000),
		"deep objects": strings.Repeat(`{"a":`, 100_000), "invalid UTF-8": "\xff\xfe{", "a large envelope": fill(t, `"`+strings.Repeat("x", 2<<20)+`"`),
	} {
		got, err := rule.DecodeEnvelopes([]byte(body))
		var failed *rule.BodyError
		if !errors.As(err, &failed) || len(failed.Bodies) != 1 || len(got) != 0 {
			t.Errorf("%s: %d envelopes, %v; want a BodyError with one body", name, len(got), err)
			continue
		}
		kept := failed.Bodies[0]
		if len(kept) > 256<<10 || len(body) <= 256<<10 && name != "list of numbers" && string(kept) != body {
			t.Errorf("%s: kept %d of %d bytes", name, len(kept), len(body))
		}
		if len(err.Error()) > 300 {
			t.Errorf("%s: error of %d bytes: %.300s", name, len(err.Error()), err)
		}
	}
	many := "[" + one + strings.Repeat(",7", 1_000_000) + "]"
	got, err := rule.DecodeEnvelopes([]byte(many))
	var flood *rule.BodyError
	if !errors.As(err, &flood) || len(flood.Bodies) != 1 || len(flood.Bodies[0]) != 256<<10 || len(got) != 1 {
		t.Errorf("a list of a million numbers: %d envelopes, %.100v", len(got), err)
	}
	got, err = rule.DecodeEnvelopes([]byte("[" + one + `,7,"x"]`))
	var failed *rule.BodyError
	if !errors.As(err, &failed) || len(failed.Bodies) != 2 || len(got) != 1 {
		t.Errorf("list of one envelope and two others: %d envelopes, %v", len(got), err)
	}
}

func TestEnvelopesOfTheFirstVersionStayReadable(t *testing.T) {
	t.Parallel()
	// What version 1 wrote; this text must never change.
	const body = `{"v":1,"rule":{"bus":"pai-system-nlp_train","name":"nightly","source":"dlc","options":["dlc.job.failed"],` +
		`"scope":{"kind":"createdByMe"},"paiUser":"2001","revision":7,"units":2},"target":{"id":"oncall","contact":"alice","channel":"sms",` +
		`"settings":{"a":"\u0024{data}"},"sealed":"v1.k1.AAAA","language":"zh","mentions":{"all":true,"users":["u"]},"position":1},` +
		`"event":{"id":"e1","source":"acs.pai","specversion":"1.0","type":"t","subject":"","time":"","datacontenttype":"","dataschema":"",` +
		`"aliyuneventbusname":"b","aliyunregionid":"","aliyunaccountid":"","aliyunpublishtime":""},"data":[{"a":1}]}`
	got, err := rule.DecodeEnvelopes([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	want := []rule.Envelope{{
		Rule: rule.Origin{
			Bus: "pai-system-nlp_train", Name: "nightly", Revision: 7, Units: 2,
			Choice: catalog.Choice{Source: "dlc", Options: []string{"dlc.job.failed"}, Scope: catalog.Scope{Kind: "createdByMe"}, PAIUser: "2001"},
		},
		Target: rule.Unit{
			ID: "oncall", Contact: "alice", Channel: "sms", Settings: channel.Settings{"a": "${data}"}, Sealed: "v1.k1.AAAA", Language: "zh",
			Mentions: message.Mentions{All: true, Users: []string{"u"}}, Position: 1,
		},
		Event: event.Event{
			ID: "e1", Source: "acs.pai", SpecVersion: "1.0", Type: "t", Extensions: map[string]string{"aliyuneventbusname": "b"}, Data: json.RawMessage(`{"a":1}`),
		},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("envelope (-want +got):\n%s", diff)
	}
}

func TestASealedUnitOpensOnlyInItsPlace(t *testing.T) {
	t.Parallel()
	e, _ := envelope(t)
	for name, change := range map[string]func(*rule.Envelope){
		"another bus": func(e *rule.Envelope) { e.Rule.Bus += "x" }, "another rule": func(e *rule.Envelope) { e.Rule.Name += "x" },
		"another target": func(e *rule.Envelope) { e.Target.ID += "x" },
	} {
		moved := e
		change(&moved)
		var sealed *rule.Error
		if got, err := moved.Open(keyset(t, "k1")); !errors.As(err, &sealed) || sealed.Code != rule.CodeSealed || got != nil {
			t.Errorf("%s: Open = %v, %v", name, got, err)
		}
	}
	if got, err := e.Open(keyset(t, "k1")); err != nil || got["secret"] != ruletest.PlantedSecret {
		t.Errorf("Open in its place: %v", err)
	}
}

func TestWhatIsTooLargeForEventBridgeIsAFault(t *testing.T) {
	t.Parallel()
	keys := keyset(t, "k1")
	long := ruletest.DingTalk("long")
	long.Settings["secret"] = strings.Repeat("x", 4000)
	wide := ruletest.Draft("wide", ruletest.DingTalk("ops"))
	for i := range 50 {
		wide.Event.Scope.IDs = append(wide.Event.Scope.IDs, fmt.Sprint(i)+strings.Repeat("象", 200))
	}
	for name, r := range map[string]rule.Rule{"target": ruletest.Draft("r", ruletest.DingTalk("ops"), long), "rule": wide} {
		_, err := r.Envelopes("bus", 1, specs(), keys)
		var faults smithy.InvalidParamsError
		if !errors.As(err, &faults) {
			t.Errorf("%s: %v, want faults", name, err)
			continue
		}
		list := fault.List(faults)
		if len(list) != 1 || !strings.HasPrefix(list[0].Path, "targets[") || !strings.Contains(list[0].Text, "at most") {
			t.Errorf("%s: %+v", name, list)
		}
	}
	full := ruletest.Draft("full", ruletest.DingTalk("ops"))
	for i := range catalog.MaxIDs {
		full.Event.Scope.IDs = append(full.Event.Scope.IDs, fmt.Sprintf("%02d%s", i, strings.Repeat("x", 90)))
	}
	envelopes, err := full.Envelopes("bus", 1, specs(), keys)
	if err != nil {
		t.Fatalf("50 ids of 92 bytes: %v", err)
	}
	if template, _ := envelopes[0].Template(); utf8.RuneCountInString(template) > 10_240 {
		t.Errorf("template of %d characters", len(template))
	}
}

func FuzzDecodeEnvelopes(f *testing.F) {
	for _, seed := range []string{"", "{}", "[]", `"x"`, fill(f, ""), fill(f, `{"a":1}`), fill(f, "text ]}"), "[" + fill(f, "1") + "]"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := rule.DecodeEnvelopes(body)
		var failed *rule.BodyError
		if err != nil && (!errors.As(err, &failed) || len(failed.Bodies) == 0) {
			t.Fatalf("error %v is no BodyError with its bodies", err)
		}
		if err == nil && len(got) == 0 {
			t.Fatal("neither an envelope nor an error")
		}
		for _, e := range got {
			if e.Target.ID == "" || e.Target.Channel == "" || e.Rule.Name == "" || e.Event.ID == "" {
				t.Fatalf("an envelope without target, rule or event id: %+v", e)
			}
			if e.Event.Data != nil && !json.Valid(e.Event.Data) {
				t.Fatalf("data is no JSON: %s", e.Event.Data)
			}
		}
	})
}

func BenchmarkDecodeEnvelopes(b *testing.B) {
	for name, data := range map[string]string{"1KB": `{"reason":"` + strings.Repeat("x", 1000) + `"}`, "text": "plain text"} {
		body := []byte(fill(b, data))
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				if _, err := rule.DecodeEnvelopes(body); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
