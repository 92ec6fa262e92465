package rule_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"pai-notify/shared/catalog"
	"pai-notify/shared/channel"
	"pai-notify/shared/event"
	"pai-notify/shared/fault"
	"pai-notify/shared/message"
	"pai-notify/shared/rule"
	"pai-notify/shared/rule/ruletest"
)

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
