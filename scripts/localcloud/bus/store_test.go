package bus

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"pai-notify/shared/catalog"
	"pai-notify/shared/catalog/sample"
	"pai-notify/shared/channel"
	"pai-notify/shared/channel/all"
	cloudevent "pai-notify/shared/event"
	"pai-notify/shared/eventbridge"
	rules "pai-notify/shared/rule"
	"pai-notify/shared/rule/ruletest"
	"pai-notify/shared/seal"
)

func newStore(t *testing.T, l *local) *eventbridge.Store {
	t.Helper()
	keys, err := seal.ParseKeys("k1:" + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("k"), 32)))
	if err != nil {
		t.Fatal(err)
	}
	c, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	return eventbridge.New(eventbridge.Config{
		Region: testRegion, Account: testAccount, Endpoint: l.url, Keys: keys, Catalog: c, Specs: all.Specs(channel.Deps{}),
		Credentials: func(context.Context) (eventbridge.Credentials, error) {
			return eventbridge.Credentials{AccessKeyID: "LTAI-local", AccessKeySecret: "local-secret"}, nil
		},
		FunctionARN: func(channel string) string {
			return "acs:fc:" + testRegion + ":" + testAccount + ":functions/deliver-" + channel
		},
		DeadLetterARN: "acs:mns:" + testRegion + ":" + testAccount + ":/queues/dead",
	})
}

func TestTheProjectsRuleStoreKeepsItsContractHere(t *testing.T) {
	t.Parallel()
	ruletest.Run(t, func(t *testing.T) ruletest.Setup {
		t.Helper()
		l := ready(t, nil)
		s := newStore(t, l)
		return ruletest.Setup{Store: s, Workspace: "nlp_train", Missing: "nowhere",
			Foreign: func(t *testing.T, name string) {
				t.Helper()
				l.must("CreateRule", "EventBusName", testBus, "RuleName", name, "FilterPattern", `{"source":["x"]}`,
					"EventTargets", `[{"Id":"1","Type":"http","Endpoint":"http://127.0.0.1:1"}]`)
			},
			Open: func(t *testing.T, name, target string) rules.Target {
				t.Helper()
				opened, err := s.Open(context.Background(), "nlp_train", name, target)
				if err != nil {
					t.Fatal(err)
				}
				return opened
			}}
	})
}

func TestTheProjectsSetUpCallsWorkHere(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	l := start(t, nil)
	s := newStore(t, l)
	if _, err := s.Components(ctx); err == nil {
		t.Error("components before activation")
	}
	if _, err := l.Activate(ctx); err != nil {
		t.Fatal(err)
	}
	list, err := s.Components(ctx)
	if err != nil || len(list) == 0 || !list[0].Ready() {
		t.Errorf("components %v, %v", list, err)
	}
	for _, want := range []bool{true, false} {
		if made, err := s.EnsureRole(ctx, eventbridge.SendToFunction); err != nil || made != want {
			t.Errorf("EnsureRole: made %v, %v", made, err)
		}
		if made, err := s.EnsureBus(ctx, "other", "d"); err != nil || made != want {
			t.Errorf("EnsureBus: made %v, %v", made, err)
		}
		if _, err := s.PutFunctionRule(ctx, testBus, "observe", `{"source":["test"]}`, testARN); err != nil {
			t.Errorf("PutFunctionRule: %v", err)
		}
	}
	events := make([]cloudevent.Event, 20)
	for i := range events {
		events[i] = cloudevent.Event{ID: "e" + string(rune('a'+i)), Source: "test", Type: "test:A:B", Time: time.Now(), Data: []byte(`{"a":1}`)}
	}
	if err := s.PutEvents(ctx, testBus, events); err != nil {
		t.Fatal(err)
	}
	if counts := l.settled(); counts.Pushed != 20 {
		t.Errorf("counts %+v", counts)
	}
	if _, err := cloudevent.Parse([]byte(l.functions.calls()[0])); err != nil {
		t.Error(err)
	}
}

func TestEnvelopesArriveWholeWhateverTheEventHolds(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	l := ready(t, nil)
	s := newStore(t, l)
	if _, err := s.Put(ctx, "nlp_train", ruletest.Draft("dlc-failed", ruletest.DingTalk("ops")), "-"); err != nil {
		t.Fatal(err)
	}
	want := map[string][]cloudevent.Event{} // by id, which one sample repeats
	matching := int64(0)
	expect := func(e cloudevent.Event) {
		want[e.ID] = append(want[e.ID], e)
		matching++
	}
	publish := func(text []byte) cloudevent.Event {
		t.Helper()
		e, err := cloudevent.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Publish(ctx, testBus, text); err != nil {
			t.Fatal(err)
		}
		return e
	}
	var first cloudevent.Event
	for _, one := range sample.All() {
		if e := publish(one.Event); slices.Contains(one.ExpectOptions, "dlc.job.failed") {
			expect(e)
			first = e
		}
	}
	for name, data := range map[string]string{
		"variables": `{"jobId":"${data} $.x ${jsonEscape(id)}","n":12345678901234567890,"deep":[[{"a":"\"}]}"}]]}`,
		"mentions":  `{"reason":"<at id=all></at> @all \u2028 ` + strings.Repeat("x", 12_000) + `"}`,
	} {
		e := first
		e.ID, e.Subject, e.Data = name, "${data}\"}", []byte(data)
		text, err := e.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		expect(publish(text))
	}
	if counts := l.settled(); counts.Matched != matching || counts.Pushed != matching {
		t.Errorf("counts %+v, want %d matched", counts, matching)
	}
	for _, body := range l.functions.calls() {
		envelopes, err := rules.DecodeEnvelopes([]byte(body))
		if err != nil || len(envelopes) != 1 {
			t.Fatalf("body %.300s: %v", body, err)
		}
		got := envelopes[0]
		if !slices.ContainsFunc(want[got.Event.ID], func(e cloudevent.Event) bool {
			return got.Target.ID == "ops" && got.Event.Subject == e.Subject && got.Event.Type == e.Type &&
				got.Event.Bus() == testBus && compact(t, got.Event.Data) == compact(t, e.Data)
		}) {
			t.Errorf("event %q came as %.300s for unit %q", got.Event.ID, body, got.Target.ID)
		}
		if strings.Contains(body, ruletest.PlantedToken) || strings.Contains(body, ruletest.PlantedSecret) {
			t.Errorf("the body of %q holds a secret in clear", got.Event.ID)
		}
	}
}

// compact is JSON without its spaces; of a text that is JSON itself, that: a template inserts it without quotes.
func compact(t *testing.T, data json.RawMessage) string {
	t.Helper()
	var text string
	if json.Unmarshal(data, &text) == nil && json.Valid([]byte(text)) {
		data = json.RawMessage(text)
	}
	var out bytes.Buffer
	if err := json.Compact(&out, data); err != nil {
		t.Fatalf("data %q: %v", data, err)
	}
	return out.String()
}
