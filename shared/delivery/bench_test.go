package delivery

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"pai-notify/shared/catalog"
	"pai-notify/shared/channel"
	"pai-notify/shared/channel/webhook"
	"pai-notify/shared/database"
	"pai-notify/shared/database/migrate"
	"pai-notify/shared/event"
	"pai-notify/shared/ledger"
	"pai-notify/shared/message"
	"pai-notify/shared/rule"
	"pai-notify/shared/seal"
)

// childVariable makes this test binary a delivery function.
const childVariable = "DELIVERY_TEST_FUNCTION"

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		serve(webhook.New, func(h *Handler) { h.lease = 2 * time.Second }) // so that a test need not wait for a crash's lease
	}
	goleak.VerifyTestMain(m)
}

const (
	bus    = "pai-system-nlp"
	secret = "https://robot.example/hook/PLANTED-SECRET"
)

// bench is a delivery function of a channel that answers as a test wants.
type bench struct {
	*Handler
	url, keys string
	db        *database.DB
	robot     *robot
	out       *output
}

type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// robot is a channel of our own: its answer to a call is a function's.
type robot struct {
	spec   channel.Spec
	answer func(ctx context.Context, call int, m message.Message) error

	mu   sync.Mutex
	sent []message.Message
	to   []channel.Settings
}

func (r *robot) Spec() channel.Spec { return r.spec }

func (r *robot) Send(ctx context.Context, to channel.Settings, m message.Message) (string, error) {
	r.mu.Lock()
	r.sent, r.to = append(r.sent, m), append(r.to, to)
	call := len(r.sent)
	r.mu.Unlock()
	if r.answer == nil {
		return "receipt", nil
	}
	return "receipt", r.answer(ctx, call, m)
}

func (r *robot) calls() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.sent)
}

func refuse(class channel.Class, code string) error {
	return &channel.Refusal{Class: class, Code: code, Text: "no", Advice: channel.Advice{"en": "do this about " + code}}
}

func newKeys(tb testing.TB) (text string, keys *seal.Keyset) {
	tb.Helper()
	text, err := seal.NewKey(rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	if keys, err = seal.ParseKeys(text); err != nil {
		tb.Fatal(err)
	}
	return text, keys
}

// newURL makes a database with the schema and settings in English.
func newURL(tb testing.TB) string {
	tb.Helper()
	url := "sqlite:" + filepath.Join(tb.TempDir(), "pai.db")
	db := openDB(tb, url)
	if _, err := migrate.Up(tb.Context(), db); err != nil {
		tb.Fatal(err)
	}
	settings := database.DefaultSettings()
	settings.Language = "en"
	if err := db.SaveSettings(tb.Context(), settings); err != nil {
		tb.Fatal(err)
	}
	return url
}

func openDB(tb testing.TB, url string) *database.DB {
	tb.Helper()
	db, err := database.Open(tb.Context(), url)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := db.Close(); err != nil {
			tb.Error(err)
		}
	})
	return db
}

func newBench(tb testing.TB, answer func(ctx context.Context, call int, m message.Message) error) *bench {
	tb.Helper()
	return newBenchAt(tb, newURL(tb), answer)
}

func newBenchAt(tb testing.TB, url string, answer func(ctx context.Context, call int, m message.Message) error) *bench {
	tb.Helper()
	b := &bench{url: url, out: &output{}, db: openDB(tb, url)}
	b.robot = &robot{answer: answer, spec: channel.Spec{Name: "robot", Title: event.Text{"en": "Robot"}, Fields: []channel.Field{{Name: "webhook", Secret: true}}}}
	base, err := catalog.Load()
	if err != nil {
		tb.Fatal(err)
	}
	text, keys := newKeys(tb)
	b.keys = text
	b.Handler = New(Config{Channel: b.robot, DB: b.db, Catalog: base, Keys: keys, Log: slog.New(slog.NewJSONHandler(b.out, nil))})
	return b
}

// body is what EventBridge invokes the function with, for one event and one target.
func (b *bench) body(tb testing.TB, event, ruleName, webhook string) []byte {
	tb.Helper()
	r := rule.Rule{Name: ruleName, Event: catalog.Choice{Source: "dlc"}, Targets: []rule.Target{
		{ID: "ops", Channel: b.spec.Name, Settings: channel.Settings{"webhook": webhook}},
	}}
	return body(tb, r, []channel.Spec{b.spec}, b.Handler.keys, event)
}

func body(tb testing.TB, r rule.Rule, specs []channel.Spec, keys *seal.Keyset, event string) []byte {
	tb.Helper()
	envelopes, err := r.Envelopes(bus, 1, specs, keys)
	if err != nil {
		tb.Fatal(err)
	}
	origin, err := json.Marshal(envelopes[0].Rule)
	if err != nil {
		tb.Fatal(err)
	}
	target, err := json.Marshal(envelopes[0].Target)
	if err != nil {
		tb.Fatal(err)
	}
	return fmt.Appendf(nil, `{"v":1,"rule":%s,"target":%s,"event":{"id":%q,"source":"acs.test","specversion":"1.0","type":"test:Job:Failed",`+
		`"time":"2026-11-24T10:00:00Z","aliyuneventbusname":%q},"data":[{"name":"nightly"}]}`, origin, target, event, bus)
}

// deliver invokes the function and gives its answer.
func (b *bench) deliver(tb testing.TB, body []byte) Answer {
	tb.Helper()
	return answerOf(tb, b.Handler, body)
}

func answerOf(tb testing.TB, h *Handler, body []byte) Answer {
	tb.Helper()
	raw, err := h.Deliver(tb.Context(), body)
	if err != nil {
		tb.Fatalf("Deliver: %v", err)
	}
	var answer Answer
	if err := json.Unmarshal(raw, &answer); err != nil {
		tb.Fatalf("answer %s: %v", raw, err)
	}
	return answer
}

var timerBody = []byte(`{"triggerTime":"2026-11-24T10:01:00Z","triggerName":"due","payload":""}`)

func wantAnswer(tb testing.TB, got Answer, want ...ledger.State) {
	tb.Helper()
	counts := Answer{}
	for _, s := range want {
		counts[s]++
	}
	if fmt.Sprint(got) != fmt.Sprint(counts) {
		tb.Errorf("answer %v, want %v", got, counts)
	}
}

// only gives the ledger's one delivery and its attempts.
func (b *bench) only(tb testing.TB) (ledger.Entered, []ledger.Tried) {
	tb.Helper()
	list, _, err := b.ledger.List(tb.Context(), ledger.Filter{}, "", 10)
	if err != nil || len(list) != 1 {
		tb.Fatalf("%d deliveries in the ledger, %v, want 1", len(list), err)
	}
	got, tried, err := b.ledger.Get(tb.Context(), list[0].ID)
	if err != nil {
		tb.Fatal(err)
	}
	return got, tried
}

// lines are the log's lines with a message.
func (b *bench) lines(tb testing.TB, message string) (lines []map[string]any) {
	tb.Helper()
	for text := range strings.SplitSeq(strings.TrimSpace(b.out.String()), "\n") {
		var line map[string]any
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			tb.Fatalf("log line %q: %v", text, err)
		}
		if line["msg"] == message {
			lines = append(lines, line)
		}
	}
	return lines
}
