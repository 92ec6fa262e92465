package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestAnEventReachesItsTargets(t *testing.T) {
	t.Parallel()
	var posted atomic.Value
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		posted.Store(fmt.Sprint(r.Method, r.Header.Get("x-eventbridge-signature-token"), string(body)))
	}))
	t.Cleanup(receiver.Close)
	l := ready(t, nil)
	l.rule("r1", fcTarget("1", "]}"),
		`{"Id":"2","Type":"acs.fc.function","Endpoint":"acs:fc:cn-hangzhou:1234567890123456:services/s.LATEST/functions/old/LATEST",
		  "ParamList":[{"ResourceKey":"Body","Form":"TEMPLATE","Value":"{\"d\":\"$.data\"}","Template":"{\"d\":[${d}]}"}]}`,
		fmt.Sprintf(`{"Id":"3","Type":"http","Endpoint":%q,"ParamList":[{"ResourceKey":"Body","Form":"JSONPATH","Value":"$.data.n"},
		  {"ResourceKey":"Token","Form":"CONSTANT","Value":"tok"}]}`, receiver.URL+"/hook?token=SECRET"),
		fcTarget("4", `,{"ResourceKey":"DataFormat","Form":"CONSTANT","Value":"ObjectList"}]}`),
		fcTarget("5", `,{"ResourceKey":"InvocationType","Form":"CONSTANT","Value":"Async"}]}`))
	l.put(event("e1"), strings.Replace(event("e2"), `"test"`, `"other"`, 1))
	counts := l.settled()
	if want := (Counts{Published: 2, Matched: 1, Pushes: 5, Pushed: 5, Attempts: counts.Attempts}); counts != want {
		t.Errorf("counts %+v, want %+v", counts, want)
	}
	bodies := l.functions.calls()
	slices.Sort(bodies)
	if len(bodies) != 4 || bodies[0] != "["+bodies[1]+"]" || bodies[1] != bodies[2] || bodies[3] != `{"d":[{"n":1}]}` {
		t.Fatalf("functions were called with %q", bodies)
	}
	var got map[string]any
	if err := json.Unmarshal([]byte(bodies[1]), &got); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]any{"id": "e1", "source": "test", "type": "test:Thing:Done", "specversion": "1.0",
		"aliyunaccountid": testAccount, "aliyunoriginalaccountid": testAccount, "aliyuneventbusname": testBus, "aliyunregionid": testRegion} {
		if got[name] != want {
			t.Errorf("attribute %s is %v, want %v", name, got[name], want)
		}
	}
	if _, err := time.Parse(time.RFC3339, fmt.Sprint(got["aliyunpublishtime"])); err != nil {
		t.Error(err)
	}
	if want := "POSTtok1"; posted.Load() != want {
		t.Errorf("posted %v, want %v", posted.Load(), want)
	}
	if !slices.Contains(l.functions.names, "old") || !slices.Contains(l.functions.names, "deliver") {
		t.Errorf("called %v", l.functions.names)
	}
	statuses := l.statuses("e1")
	slices.Sort(statuses)
	if want := []string{"[200]Ok", "[200]Ok", "[200]Ok", "[200]Ok", "[200]Ok", "[202]Accepted"}; !slices.Equal(statuses, want) {
		t.Errorf("statuses %q, want %q", statuses, want)
	}
	traces, err := l.do("QueryEventTraces", "EventBusName", testBus, "EventId", "e1")
	if text := fmt.Sprint(traces); err != nil || strings.Contains(text, "SECRET") || !strings.Contains(text, "FilterEvent") ||
		!strings.Contains(text, "PutEvent") || !strings.Contains(text, receiver.URL) {
		t.Errorf("traces %v, %v", text, err)
	}
	if data := l.must("QueryEvent", "EventBusName", testBus, "EventId", "e1"); data["id"] != "e1" {
		t.Errorf("event %v", data)
	}
}

func TestADisabledRuleMatchesNothing(t *testing.T) {
	t.Parallel()
	l := ready(t, nil)
	l.rule("r1", fcTarget("1", "]}"))
	l.must("DisableRule", "EventBusName", testBus, "RuleName", "r1")
	l.put(event("e1"))
	l.must("EnableRule", "EventBusName", testBus, "RuleName", "r1")
	l.put(event("e2"))
	if counts := l.settled(); counts.Matched != 1 || counts.Pushed != 1 {
		t.Errorf("counts %+v", counts)
	}
}

func TestRetriesFollowTheStrategy(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		strategy string
		tries    int
		least    time.Duration
		most     time.Duration
	}{
		{backoffRetry, 4, 30 * time.Second, 60 * time.Second},
		{exponentialRetry, 177, 86_015 * time.Second, 86_015 * time.Second},
	} {
		var total time.Duration
		tries := 1
		for {
			wait, again := pause(c.strategy, tries)
			if !again {
				break
			}
			total += wait
			tries++
		}
		if tries != c.tries || total < c.least || total > c.most {
			t.Errorf("%s: %d tries over %v, want %d over %v to %v", c.strategy, tries, total, c.tries, c.least, c.most)
		}
	}
}

func TestAFailingFunctionIsCalledAgain(t *testing.T) {
	t.Parallel()
	l := ready(t, nil)
	l.functions.fail = func(n int) error {
		if n < 3 {
			return errors.New("ledger out of reach")
		}
		return nil
	}
	l.rule("r1", fcTarget("1", `],"PushRetryStrategy":"EXPONENTIAL_DECAY_RETRY"}`))
	l.put(event("e1"))
	if counts := l.settled(); counts.Pushed != 1 || len(l.functions.calls()) != 3 {
		t.Errorf("counts %+v after %d calls", counts, len(l.functions.calls()))
	}
	if got := l.statuses("e1"); len(got) != 3 || got[0] != "[500]ledger out of reach" || got[2] != "[200]Ok" {
		t.Errorf("statuses %q", got)
	}
}

func TestWhatCannotBeDeliveredGoesToTheDeadLetterQueue(t *testing.T) {
	t.Parallel()
	l := ready(t, func(o *Options) { o.Clock = fast(t, 100_000) })
	l.functions.fail = func(int) error { return errors.New("no") }
	l.must("CreateEventBus", "EventBusName", "dead-bus")
	l.must("CreateRule", "EventBusName", "dead-bus", "RuleName", "all", "FilterPattern", `{}`)
	if _, err := l.AddQueue(context.Background(), "dead"); err != nil {
		t.Fatal(err)
	}
	mns := `"DeadLetterQueue":{"Arn":"acs:mns:cn-hangzhou:1234567890123456:/queues/%s"}`
	l.rule("r1",
		fcTarget("1", `],`+fmt.Sprintf(mns, "dead")+`}`),
		fcTarget("2", `],"PushRetryStrategy":"EXPONENTIAL_DECAY_RETRY","DeadLetterQueue":{"Arn":"acs:eventbridge:cn-hangzhou:1234567890123456:eventbus/dead-bus"}}`),
		fcTarget("3", `]}`),
		fcTarget("4", `],`+fmt.Sprintf(mns, "missing")+`}`))
	l.put(event("e1"))
	counts := l.settled()
	want := Counts{Published: 2, Matched: 2, Pushes: 4, Dead: 2, Dropped: 2, Attempts: counts.Attempts}
	if counts != want {
		t.Errorf("counts %+v, want %+v", counts, want)
	}
	if got := len(l.functions.calls()); got != 4+177+4+4 {
		t.Errorf("%d calls, want 4+177+4+4", got)
	}
	letters, err := l.DeadLetters(context.Background(), "dead")
	if err != nil || len(letters) != 1 || letters[0].EventID != "e1" || letters[0].Tries != 4 || !strings.Contains(string(letters[0].Event), `"n":1`) {
		t.Errorf("letters %+v, %v", letters, err)
	}
	if got := strings.Join(l.statuses("e1"), "\n"); !strings.Contains(got, "the dead-letter queue does not exist") || !strings.Contains(got, "no dead-letter queue") {
		t.Errorf("statuses %s", got)
	}
	traces, err := l.Traces(context.Background(), "dead-bus", "e1")
	if err != nil || len(traces) != 2 {
		t.Errorf("traces on the dead-letter bus %v, %v", traces, err)
	}
}

func TestWithoutTheRoleFunctionsAreNotCalled(t *testing.T) {
	t.Parallel()
	l := start(t, nil)
	if _, err := l.Activate(context.Background()); err != nil {
		t.Fatal(err)
	}
	l.rule("r1", fcTarget("1", `]}`))
	l.put(event("e1"))
	l.settled()
	if got := l.statuses("e1"); len(l.functions.calls()) != 0 || len(got) != 4 || !strings.Contains(got[0], RoleSendToFunction) {
		t.Errorf("calls %v, statuses %q", l.functions.calls(), got)
	}
}

func TestToleranceNoneStopsTheTargetUntilItIsPutAgain(t *testing.T) {
	t.Parallel()
	l := ready(t, func(o *Options) { o.Concurrency = 1 })
	var broken atomic.Bool
	broken.Store(true)
	l.functions.fail = func(int) error {
		if broken.Load() {
			return errors.New("no")
		}
		return nil
	}
	l.rule("r1", fcTarget("1", `],"ErrorsTolerance":"NONE"}`))
	l.put(event("e1"))
	l.settled()
	l.put(event("e2"))
	if counts := l.wait("both blocked", func(c Counts) bool { return c.Blocked == 2 }); counts.Pushed+counts.Dead+counts.Dropped != 0 {
		t.Errorf("counts %+v", counts)
	}
	broken.Store(false)
	l.must("PutTargets", "EventBusName", testBus, "RuleName", "r1", "Targets", "["+fcTarget("1", `],"ErrorsTolerance":"NONE"}`)+"]")
	if counts := l.settled(); counts.Pushed != 2 || counts.Blocked != 0 {
		t.Errorf("counts %+v", counts)
	}
}

func TestADeletedRuleIsNotToldWhatWaited(t *testing.T) {
	t.Parallel()
	l := ready(t, nil)
	called := make(chan struct{})
	l.functions.fail = func(n int) error {
		if n == 1 {
			close(called)
		}
		return errors.New("no")
	}
	l.rule("r1", fcTarget("1", `],"PushRetryStrategy":"EXPONENTIAL_DECAY_RETRY"}`))
	l.put(event("e1"))
	<-called
	l.must("DeleteRule", "EventBusName", testBus, "RuleName", "r1")
	if counts := l.settled(); counts.Removed != 1 {
		t.Errorf("counts %+v", counts)
	}
}

func TestBusesSendToBusesButNotInCircles(t *testing.T) {
	t.Parallel()
	l := ready(t, nil)
	l.rule("r1", fmt.Sprintf(`{"Id":"1","Type":"acs.eventbridge","Endpoint":%q}`, l.arn(testBus)))
	l.put(event("e1"))
	counts := l.settled()
	if counts.Published != 1+maxHops || counts.Pushed != maxHops || counts.Dropped != 1 {
		t.Errorf("counts %+v", counts)
	}
}

func TestOneTargetIsCalledSoManyTimesAtOnce(t *testing.T) {
	t.Parallel()
	f := &gate{reached: make(chan struct{}, 100), open: make(chan struct{})}
	l := ready(t, func(o *Options) { o.Concurrency, o.Invoker = 3, f })
	l.rule("r1", fcTarget("1", "]}"))
	for i := range 4 {
		l.put(event(fmt.Sprintf("a%d", i)), event(fmt.Sprintf("b%d", i)))
	}
	for range 3 {
		<-f.reached
	}
	close(f.open)
	if counts := l.settled(); counts.Pushed != 8 || f.most.Load() != 3 {
		t.Errorf("counts %+v, at most %d at once, want 3", counts, f.most.Load())
	}
}

// gate lets calls in but not out until it opens.
type gate struct {
	reached   chan struct{}
	open      chan struct{}
	now, most atomic.Int64
}

func (g *gate) Invoke(ctx context.Context, _ string, _ []byte) ([]byte, error) {
	if n := g.now.Add(1); n > g.most.Load() {
		g.most.Store(n)
	}
	defer g.now.Add(-1)
	g.reached <- struct{}{}
	select {
	case <-g.open:
		return nil, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func TestARestartKeepsRulesAndWhatIsNotDelivered(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f := &gate{reached: make(chan struct{}, 100), open: make(chan struct{})}
	first := ready(t, func(o *Options) { o.Dir, o.Invoker = dir, f })
	first.rule("r1", fcTarget("1", "]}"), fcTarget("2", `],"ErrorsTolerance":"NONE"}`))
	first.put(event("e1"), event("e2"))
	<-f.reached // in the middle of a delivery
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := first.Close(ctx); err != nil {
		t.Fatal(err)
	}
	second := start(t, func(o *Options) { o.Dir = dir })
	counts := second.settled()
	if counts.Pushed != 4 || counts.Published != 2 || len(second.functions.calls()) != 4 {
		t.Errorf("after the restart: %+v, %d calls", counts, len(second.functions.calls()))
	}
	if data := second.must("ListTargets", "EventBusName", testBus, "RuleName", "r1"); data["Total"] != 2.0 {
		t.Errorf("targets after the restart: %v", data)
	}
	second.put(event("e3"))
	if counts := second.settled(); counts.Pushed != 6 {
		t.Errorf("after one more event: %+v", counts)
	}
}

func TestAKilledProcessLosesNothing(t *testing.T) {
	t.Parallel()
	dir, copied := t.TempDir(), t.TempDir()
	f := &gate{reached: make(chan struct{}, 100), open: make(chan struct{})}
	first := ready(t, func(o *Options) { o.Dir, o.Invoker, o.Concurrency = dir, f, 2 })
	first.rule("r1", fcTarget("1", "]}"))
	first.put(event("e1"), event("e2"), event("e3"))
	<-f.reached
	// What stands on disk in the middle of a delivery is what a killed process leaves behind.
	if err := os.CopyFS(copied, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	close(f.open)
	second := start(t, func(o *Options) { o.Dir = copied })
	if counts := second.settled(); counts.Pushed != 3 || counts.Published != 3 || len(second.functions.calls()) != 3 {
		t.Errorf("after the kill: %+v, calls %q", counts, second.functions.calls())
	}
}

func TestGarbageNeverKillsTheCloud(t *testing.T) {
	t.Parallel()
	l := ready(t, nil)
	for _, path := range []string{"/", "/openapi/putEvents", "/local/events?bus=" + testBus, "/api/v1/workspaces", "/nothing"} {
		for name, body := range map[string]string{"deep": strings.Repeat(`{"a":`, 1<<20), "bytes": "\x00\xff\xfe", "large": strings.Repeat("x", 10<<20)} {
			response, err := http.Post(l.url+path, "application/json", strings.NewReader(body))
			if err != nil {
				continue // the server may hang up on what it will not read
			}
			_ = response.Body.Close()
			if response.StatusCode < 400 || response.StatusCode >= 500 {
				t.Errorf("%s on %s: status %d", name, path, response.StatusCode)
			}
		}
	}
	connection, err := net.Dial("tcp", strings.TrimPrefix(l.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	_, _ = connection.Write([]byte("\x16\x03\x01 not HTTP \r\n\r\n"))
	_ = connection.Close()
	deep := strings.Repeat("[", 20_000)
	for _, action := range []string{"PutTargets", "CreateRule", "PutEvents", "DeleteTargets", "TestEventPattern"} {
		code := l.code(action, "EventBusName", testBus, "RuleName", "deep", "Targets", deep, "TargetIds", deep, "EventList", deep,
			"FilterPattern", strings.Repeat(`{"data":`, 20_000), "Event", deep, "EventPattern", "{}")
		if code == "Success" || code == "InternalError" {
			t.Errorf("%s with deep JSON: %s", action, code)
		}
	}
	l.rule("r1", fcTarget("1", "]}"))
	l.put(event("e1"))
	if counts := l.settled(); counts.Pushed != 1 {
		t.Errorf("after garbage: %+v", counts)
	}
}

func BenchmarkPublishAndDeliver(b *testing.B) {
	l := ready(b, nil)
	l.rule("r1", fcTarget("1", "]}"))
	batch := make([]cloudEvent, 16)
	b.ResetTimer()
	for n := 0; n < b.N; n += len(batch) {
		for i := range batch {
			e, err := parseEvent([]byte(fmt.Sprintf(`{"id":"e%d","source":"test","type":"t","data":{"n":1}}`, n+i)))
			if err != nil {
				b.Fatal(err)
			}
			batch[i] = e
		}
		if _, failed, err := l.Bus.put(context.Background(), testBus, "", batch); err != nil || failed > 0 {
			b.Fatal(failed, err)
		}
	}
	l.settled()
}
