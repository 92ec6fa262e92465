package delivery

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pai-notify/shared/channel"
	"pai-notify/shared/database"
	"pai-notify/shared/ledger"
	"pai-notify/shared/message"
	"pai-notify/shared/rule"
)

func TestAnEventIsToldOnceAndLogged(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	body := b.body(t, "e1", "nightly", secret)
	wantAnswer(t, b.deliver(t, body), ledger.Delivered)
	wantAnswer(t, b.deliver(t, body), ledger.Delivered) // EventBridge delivers again
	if n := b.robot.calls(); n != 1 {
		t.Fatalf("%d messages, want 1", n)
	}
	d, tried := b.only(t)
	if m := b.robot.sent[0]; m.ID != d.ID || m.Event.ID != "e1" || m.Language != "en" || b.robot.to[0]["webhook"] != secret {
		t.Errorf("sent %+v to %v", m, b.robot.to[0])
	}
	if d.Receipt != "receipt" || d.State != ledger.Delivered || len(tried) != 1 {
		t.Errorf("ledger has %+v with attempts %+v", d, tried)
	}
	lines := b.lines(t, "attempt")
	if len(lines) != 1 {
		t.Fatalf("%d lines of attempts, want 1", len(lines))
	}
	for key, want := range map[string]any{"event": "e1", "source": "acs.test", "channel": "robot", "target": "ops", "attempt": 1.0,
		"class": "delivered", "rule": "nightly", "bus": bus, "delivery": d.ID, "level": "INFO"} {
		if lines[0][key] != want {
			t.Errorf("log has %s=%v, want %v", key, lines[0][key], want)
		}
	}
	if _, ok := lines[0]["ms"]; !ok {
		t.Error("log lacks ms")
	}
}

func TestOutcomesMoveTheDeliveryOn(t *testing.T) {
	t.Parallel()
	for class, want := range map[channel.Class]struct {
		state ledger.State
		calls int
	}{
		channel.Throttled:     {ledger.Waiting, 1},
		channel.Unavailable:   {ledger.Waiting, 3}, // two quick tries
		channel.Uncertain:     {ledger.Waiting, 1},
		channel.Unknown:       {ledger.Waiting, 1},
		channel.Misconfigured: {ledger.Dead, 1},
		channel.Rejected:      {ledger.Dead, 1},
	} {
		t.Run(class.String(), func(t *testing.T) {
			t.Parallel()
			b := newBench(t, func(context.Context, int, message.Message) error { return refuse(class, "E1") })
			wantAnswer(t, b.deliver(t, b.body(t, "e1", "nightly", secret)), want.state)
			d, tried := b.only(t)
			if b.robot.calls() != want.calls || len(tried) != want.calls || d.State != want.state || d.Class != class.String() || d.Code != "E1" {
				t.Errorf("%d calls, attempts %+v, delivery %+v", b.robot.calls(), tried, d)
			}
			dead := b.lines(t, "dead")
			if (want.state == ledger.Dead) != (len(dead) == 1) || len(dead) == 1 && dead[0]["advice"] != "do this about E1" {
				t.Errorf("lines about dead deliveries: %v", dead)
			}
		})
	}
}

func TestAReceiverThatStumblesIsToldInTheSameInvocation(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(_ context.Context, call int, _ message.Message) error {
		if call < 3 {
			return refuse(channel.Unavailable, "HTTP 502")
		}
		return nil
	})
	wantAnswer(t, b.deliver(t, b.body(t, "e1", "nightly", secret)), ledger.Delivered)
	if _, tried := b.only(t); len(tried) != 3 || tried[2].Class != "delivered" || tried[0].Code != "HTTP 502" {
		t.Errorf("attempts %+v, want two refused and one accepted", tried)
	}
	if lines := b.lines(t, "attempt"); len(lines) != 3 || lines[2]["attempt"] != 3.0 {
		t.Errorf("%d lines of attempts, want 3", len(lines))
	}
}

func TestTheTimerSendsWhatIsDue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, func(_ context.Context, call int, _ message.Message) error {
			if call == 1 {
				return refuse(channel.Uncertain, "timeout")
			}
			return nil
		})
		wantAnswer(t, b.deliver(t, b.body(t, "e1", "nightly", secret)), ledger.Waiting)
		wantAnswer(t, b.deliver(t, timerBody)) // not due within this tick
		if n := b.robot.calls(); n != 1 {
			t.Fatalf("%d calls before the delivery is due", n)
		}
		time.Sleep(30 * time.Second)
		wantAnswer(t, b.deliver(t, timerBody), ledger.Delivered) // due within this tick, which waits for it
		d, tried := b.only(t)
		if len(tried) != 2 || tried[1].At.Sub(tried[0].At).Round(time.Second) != time.Minute || d.Attempts != 2 {
			t.Errorf("attempts %+v, want two a minute apart", tried)
		}
		if m := b.robot.sent[1]; m.ID != b.robot.sent[0].ID {
			t.Errorf("the second try has id %s, want the first's %s", m.ID, b.robot.sent[0].ID)
		}
	})
}

func TestAPacedBurstIsToldInTurnWithinTicks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var at []time.Time
		b := newBench(t, func(context.Context, int, message.Message) error {
			at = append(at, time.Now()) // one destination: never two at once
			return nil
		})
		b.spec.Pace = []channel.Pace{{Burst: 4, Every: 4 * time.Second}}
		for i := range 12 {
			b.deliver(t, b.body(t, fmt.Sprint("e", i), "nightly", secret))
		}
		if len(at) != 4 {
			t.Fatalf("%d sent at once, want the burst of 4", len(at))
		}
		wantAnswer(t, b.deliver(t, timerBody), strings8(ledger.Delivered)...)
		for i := range at {
			if i >= 4 && at[i].Sub(at[i-1]) < 3900*time.Millisecond {
				t.Errorf("message %d came %v after the one before it", i, at[i].Sub(at[i-1]))
			}
		}
	})
}

func strings8(s ledger.State) []ledger.State { return []ledger.State{s, s, s, s, s, s, s, s} }

func TestAListIsOneClaimToldInParallelAndInOrder(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	order := map[string]string{}
	b := newBench(t, nil)
	b.robot.answer = func(_ context.Context, _ int, m message.Message) error {
		mu.Lock()
		defer mu.Unlock()
		order[m.Event.ID[:1]] += m.Event.ID[1:]
		return nil
	}
	var bodies []string
	var want []ledger.State
	for i := range 4 {
		for _, destination := range []string{"a", "b", "c"} {
			bodies = append(bodies, string(b.body(t, fmt.Sprint(destination, i), "nightly", secret+destination)))
			want = append(want, ledger.Delivered)
		}
	}
	bodies = append(bodies, bodies[0], `{"no":"envelope"}`)
	want = append(want, ledger.Dead)
	wantAnswer(t, b.deliver(t, []byte("["+strings.Join(bodies, ",")+"]")), want...)
	if fmt.Sprint(order) != "map[a:0123 b:0123 c:0123]" {
		t.Errorf("told in the order %v", order)
	}
}

func TestAHundredCopiesAtOnceAreOneMessage(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	twin := newBenchAt(t, b.url, b.robot.answer)
	twin.ledger, twin.channel = ledger.New(twin.db, b.Handler.keys, time.Now), b.robot
	twin.Handler.keys = b.Handler.keys
	body := b.body(t, "e1", "nightly", secret)
	var wg sync.WaitGroup
	for i := range 100 {
		h := []*Handler{b.Handler, twin.Handler}[i%2]
		wg.Go(func() {
			if _, err := h.Deliver(t.Context(), body); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := b.robot.calls(); n != 1 {
		t.Errorf("%d messages, want 1", n)
	}
}

func TestAPanicInAChannelIsAnOutcome(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		value any
		text  string
	}{
		"a value that may be a secret": {secret, "a string"},
		"an error of the runtime":      {nil, "index out of range"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, func(_ context.Context, call int, _ message.Message) error {
				if c.value != nil {
					panic(c.value)
				}
				return []error{}[call]
			})
			wantAnswer(t, b.deliver(t, b.body(t, "e1", "nightly", secret)), ledger.Waiting)
			if _, tried := b.only(t); len(tried) != 1 || tried[0].Code != "Panic" || !strings.Contains(tried[0].Text, c.text) || tried[0].Class != "unknown" {
				t.Errorf("attempts %+v", tried)
			}
			if strings.Contains(b.out.String(), "PLANTED") {
				t.Errorf("the log tells the panic's value: %s", b.out)
			}
		})
	}
}

func TestBodiesThatAreNoEnvelopeAreKeptDead(t *testing.T) {
	t.Parallel()
	for name, body := range map[string][]byte{
		"no bytes":          {},
		"10 MB":             bytes.Repeat([]byte("x"), 10<<20),
		"10 MB of JSON":     []byte(`{"rule":"` + strings.Repeat("x", 10<<20) + `"}`),
		"invalid UTF-8":     {0xff, 0xfe, 0x00, '{'},
		"deep nesting":      []byte(strings.Repeat("[", 1<<20)),
		"deep objects":      []byte(strings.Repeat(`{"rule":`, 100_000)),
		"null":              []byte("null"),
		"an empty list":     []byte("[]"),
		"a broken list":     []byte("[1,2"),
		"half an envelope":  []byte(`{"rule":{"name":"r","bus":"b"},"target":`),
		"an unknown target": []byte(`{"rule":{"name":"r"},"target":{"id":"","channel":""},"data":[]}`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, nil)
			for range 2 { // EventBridge delivers again
				wantAnswer(t, b.deliver(t, body), ledger.Dead)
			}
			counts, err := b.ledger.Summary(t.Context())
			if err != nil || fmt.Sprint(counts) != "[{dead robot 1}]" {
				t.Errorf("ledger has %v, %v", counts, err)
			}
			if d, _ := b.only(t); d.Code != "Undecodable" || !bytes.HasPrefix(body, d.Event) || len(d.Event) > 256<<10 {
				t.Errorf("kept %d bytes with code %s", len(d.Event), d.Code)
			}
			if lines := b.lines(t, "body is no envelope: kept in the ledger, dead"); len(lines) != 2 {
				t.Errorf("%d lines say so, want 2", len(lines))
			}
		})
	}
}

func TestAListOfAnyLengthIsTold(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	b.lease = 10 * time.Minute // a busy machine must not make it give back what it has no time for
	elements := make([]string, 2*maxClaim+1)
	for i := range elements {
		elements[i] = string(b.body(t, fmt.Sprint("e", i), "nightly", secret))
	}
	answer := b.deliver(t, []byte("["+strings.Join(elements, ",")+"]"))
	if answer[ledger.Delivered] != len(elements) || b.robot.calls() != len(elements) {
		t.Errorf("answer %v and %d messages, want all %d delivered", answer, b.robot.calls(), len(elements))
	}
}

func TestHostileDataIsStillTold(t *testing.T) {
	t.Parallel()
	for name, data := range map[string]string{
		"none":               ``,
		"text":               `a job's words`,
		"deep nesting":       strings.Repeat("[", 100_000),
		"an invalid letter":  "{\"name\":\"\xff\"}",
		"members of its own": `{}],"target":{"id":"x","channel":"x"},"data":[{}`,
		"a megabyte":         `{"reason":"` + strings.Repeat("长", 300_000) + `"}`,
		"mentions":           `{"name":"<at id=all></at> @all"}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, nil)
			body := bytes.Replace(b.body(t, "e1", "nightly", secret), []byte(`{"name":"nightly"}`), []byte(data), 1)
			wantAnswer(t, b.deliver(t, body), ledger.Delivered)
			if b.robot.calls() != 1 || b.robot.to[0]["webhook"] != secret {
				t.Errorf("%d messages to %v", b.robot.calls(), b.robot.to)
			}
		})
	}
}

func TestAWrongKeyOrTargetIsDeadWithAdvice(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	_, other := newKeys(t)
	r := rule.Rule{Name: "nightly", Targets: []rule.Target{{ID: "ops", Channel: "robot", Settings: channel.Settings{"webhook": secret}}}}
	wantAnswer(t, b.deliver(t, body(t, r, []channel.Spec{b.spec}, other, "e1")), ledger.Dead)
	if d, tried := b.only(t); d.Code != rule.CodeSealed || len(tried) != 1 || d.Class != "misconfigured" {
		t.Errorf("ledger has %+v with attempts %+v", d, tried)
	}
	if dead := b.lines(t, "dead"); len(dead) != 1 || dead[0]["advice"] == "" {
		t.Errorf("log says %v, want advice", dead)
	}
	r.Targets[0].Channel = "pigeon"
	wantAnswer(t, b.deliver(t, body(t, r, nil, b.Handler.keys, "e2")), ledger.Dead)
	list, _, err := b.ledger.List(t.Context(), ledger.Filter{Buses: []string{bus}}, "", 1)
	if err != nil || list[0].Code != "Misrouted" && list[0].EventID == "e2" {
		t.Errorf("ledger has %+v, %v", list, err)
	}
	if b.robot.calls() != 0 {
		t.Error("something was sent")
	}
}

func TestPausedNothingIsSentAndNothingIsLost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, nil)
		settings, err := b.db.Settings(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		settings.Paused = true
		if err := b.db.SaveSettings(t.Context(), settings); err != nil {
			t.Fatal(err)
		}
		wantAnswer(t, b.deliver(t, b.body(t, "e1", "nightly", secret)), ledger.Waiting)
		time.Sleep(72 * time.Hour)
		wantAnswer(t, b.deliver(t, timerBody))
		wantAnswer(t, b.deliver(t, b.body(t, "e1", "nightly", secret)), ledger.Waiting) // EventBridge asks again
		if b.robot.calls() != 0 {
			t.Error("something was sent")
		}
		settings.Paused = false
		if err := b.db.SaveSettings(t.Context(), settings); err != nil {
			t.Fatal(err)
		}
		wantAnswer(t, b.deliver(t, timerBody), ledger.Delivered)
		if b.robot.calls() != 1 {
			t.Fatal("it was not sent after the pause")
		}
		late := ""
		for _, f := range b.robot.sent[0].Facts {
			if f.Name == "Told late by" {
				late = f.Value
			}
		}
		if late != "3 d" {
			t.Errorf("it says %q of the three days that it was held", late)
		}
	})
}

func TestOutOfReachOfTheLedgerEventBridgeIsToldSo(t *testing.T) {
	t.Parallel()
	missing := newBench(t, nil)
	if err := missing.db.Close(); err != nil {
		t.Fatal(err)
	}
	fresh := newBenchAt(t, "sqlite:"+filepath.Join(t.TempDir(), "fresh.db"), nil)
	remote := newBenchAt(t, "postgres://pai:PLANTED-PASSWORD@127.0.0.1:1/pai", nil)
	lost := newBench(t, nil)
	lost.robot.answer = func(context.Context, int, message.Message) error { return lost.db.Close() } // while it sends
	for name, c := range map[string]struct {
		b    *bench
		want string
	}{
		"closed":       {missing, "database is closed"},
		"not migrated": {fresh, "run the set-up"},
		"unreachable":  {remote, "reach the database"},
		"lost":         {lost, "record outcomes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			answer, err := c.b.Deliver(t.Context(), c.b.body(t, "e1", "nightly", secret))
			// The outermost type is what an operator sees of a function's error.
			if fmt.Sprintf("%T", err) != "*smithy.OperationError" || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Deliver = %s, %v, want an OperationError with %q", answer, err, c.want)
			}
			if strings.Contains(fmt.Sprint(err)+c.b.out.String(), "PLANTED") {
				t.Errorf("a secret is told: %v, %s", err, c.b.out)
			}
			if name == "lost" {
				return // the message went out
			}
			if _, err := c.b.Deliver(t.Context(), timerBody); err == nil {
				t.Error("the timer found nothing wrong")
			}
			if c.b.robot.calls() != 0 {
				t.Error("a message was sent that no ledger holds")
			}
		})
	}
}

func TestNoSecretLiesInTheLedgerOrTheLog(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(context.Context, int, message.Message) error { return refuse(channel.Uncertain, "x") })
	b.deliver(t, b.body(t, "e1", "nightly", secret))
	if err := b.db.Close(); err != nil {
		t.Fatal(err)
	}
	path := strings.TrimPrefix(b.url, "sqlite:")
	files, err := filepath.Glob(path + "*")
	if err != nil || len(files) == 0 {
		t.Fatalf("files %v, %v", files, err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(content, []byte("PLANTED")) || bytes.Contains(content, []byte("robot.example")) {
			t.Errorf("%s holds the address", filepath.Base(file))
		}
		if mode, err := os.Stat(file); err != nil || mode.Mode().Perm() != 0o600 {
			t.Errorf("%s may be read by others: %v", filepath.Base(file), mode.Mode())
		}
	}
	if strings.Contains(b.out.String(), "PLANTED") {
		t.Errorf("the log holds the address: %s", b.out)
	}
}

func TestWhatTheLeaseHasNoTimeForIsGivenBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, func(ctx context.Context, _ int, _ message.Message) error {
			timer := time.NewTimer(30 * time.Second)
			defer timer.Stop()
			select {
			case <-timer.C:
				return nil
			case <-ctx.Done():
				return &channel.Broken{Step: channel.StepRead, Written: true, Class: channel.Uncertain, Code: "timeout", Err: ctx.Err()}
			}
		})
		bodies := string(b.body(t, "e1", "nightly", secret)) + "," + string(b.body(t, "e2", "nightly", secret))
		wantAnswer(t, b.deliver(t, []byte("["+bodies+"]")), ledger.Delivered, ledger.Waiting)
		if n := b.robot.calls(); n != 1 {
			t.Errorf("%d begun, want the second left for the timer", n)
		}
		wantAnswer(t, b.deliver(t, timerBody), ledger.Delivered)
		// An invocation that ends sooner ends the attempt with it, and still records.
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		raw, err := b.Deliver(ctx, b.body(t, "e3", "nightly", secret))
		var answer Answer
		if err != nil || json.Unmarshal(raw, &answer) != nil || answer[ledger.Waiting] != 1 || ctx.Err() != nil {
			t.Errorf("Deliver = %s, %v, context %v, want it recorded in time", raw, err, ctx.Err())
		}
	})
}

func TestSettingsOfMessagesAreTheDeploymentsUnlessTheTargetSays(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	settings := database.Settings{Language: "zh", Zone: "No/Where", ConsoleHost: "c.example"}
	if err := b.db.SaveSettings(t.Context(), settings); err != nil {
		t.Fatal(err)
	}
	r := rule.Rule{Name: "nightly", Targets: []rule.Target{
		{ID: "ops", Channel: "robot", Settings: channel.Settings{"webhook": secret}, Mentions: message.Mentions{Users: []string{"u1"}}},
	}}
	b.deliver(t, body(t, r, []channel.Spec{b.spec}, b.Handler.keys, "e1"))
	r.Targets[0].Language = "en"
	b.deliver(t, body(t, r, []channel.Spec{b.spec}, b.Handler.keys, "e2"))
	if got := b.robot.sent[0].Language + " " + b.robot.sent[1].Language; got != "zh en" {
		t.Errorf("languages %s, want zh en", got)
	}
	if got := b.robot.sent[0].Mentions.Users; len(got) != 1 || got[0] != "u1" {
		t.Errorf("mentions %v", got)
	}
	if lines := b.lines(t, "time zone unknown, UTC is used: correct it in the settings"); len(lines) != 2 {
		t.Errorf("%d lines about the zone, want 2", len(lines))
	}
}
