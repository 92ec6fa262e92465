package carrier_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/dyvmsapi"

	"pai-notify/shared/clock"
)

func TestACallSaysItsTemplate(t *testing.T) {
	t.Parallel()
	w := start(t, still)
	if code, _ := w.call(somebody, nil); code != "OK" {
		t.Fatalf("code %s", code)
	}
	m, body := w.last("voice")
	if !m.Accepted || m.Path != "/voice/+8613800138000" || body["text"] != "您好，您的PAI任务job-1，状态是失败，请及时处理。" ||
		body["playTimes"] != "2" || fmt.Sprint(body["inURL"]) != "[]" {
		t.Errorf("arrived: %+v %v", m, body)
	}
}

func TestCallsAreRefusedWithTheServicesCodes(t *testing.T) {
	t.Parallel()
	w := start(t, still)
	values := func(text string) func(*dyvmsapi.SingleCallByTtsRequest) {
		return func(r *dyvmsapi.SingleCallByTtsRequest) { r.GetFormParams()["TtsParam"] = text }
	}
	named := func(name string) func(*dyvmsapi.SingleCallByTtsRequest) {
		return values(`{"name":"` + name + `","status":"b"}`)
	}
	next := 13_900_000_000 // a number that was not called yet
	for name, c := range map[string]struct {
		number string // empty: the next one
		change func(*dyvmsapi.SingleCallByTtsRequest)
		want   string
	}{
		"as it should be":         {"", nil, "OK"},
		"fixed line":              {"057112345678", nil, "OK"},
		"prefix +86":              {"+8613800138000", nil, "isv.MOBILE_NUMBER_ILLEGAL"},
		"abroad":                  {"4915112345678", nil, "isv.MOBILE_NUMBER_ILLEGAL"},
		"unknown template":        {"", func(r *dyvmsapi.SingleCallByTtsRequest) { r.TtsCode = "TTS_1" }, "isv.TTS_TEMPLATE_ILLEGAL"},
		"template of other mode":  {"", func(r *dyvmsapi.SingleCallByTtsRequest) { r.TtsCode = "TTS_190000003" }, "isv.TTS_TEMPLATE_ILLEGAL"},
		"number of somebody else": {"", func(r *dyvmsapi.SingleCallByTtsRequest) { r.CalledShowNumber = "057199999999" }, "isv.DISPLAY_NUMBER_ILLEGAL"},
		"own number": {"", func(r *dyvmsapi.SingleCallByTtsRequest) {
			r.CalledShowNumber, r.TtsCode = "057100000000", "TTS_190000003"
		}, "OK"},
		"own number, shared template": {"", func(r *dyvmsapi.SingleCallByTtsRequest) { r.CalledShowNumber = "057100000000" }, "isv.TTS_TEMPLATE_ILLEGAL"},
		"played four times":           {"", func(r *dyvmsapi.SingleCallByTtsRequest) { r.PlayTimes = requests.NewInteger(4) }, "isv.INVALID_PARAMETERS"},
		"OutId of 16 bytes":           {"", func(r *dyvmsapi.SingleCallByTtsRequest) { r.OutId = strings.Repeat("x", 16) }, "isv.INVALID_PARAMETERS"},
		"OutId of 15 bytes":           {"", func(r *dyvmsapi.SingleCallByTtsRequest) { r.OutId = strings.Repeat("x", 15) }, "OK"},
		"variable missing":            {"", values(`{"name":"a"}`), "isv.TEMPLATE_MISSING_PARAMETERS"},
		"no JSON":                     {"", values(`[]`), "isv.INVALID_JSON_PARAM"},
		"link":                        {"", named("http://a"), "isv.PARAM_NOT_SUPPORT_URL"},
		"address":                     {"", named("10.0.0.1"), "isv.PARAM_NOT_SUPPORT_URL"},
		"blocked word":                {"", named("彩票"), "isv.BLACK_KEY_CONTROL_LIMIT"},
		"250 characters":              {"", named(strings.Repeat("长", 249)), "OK"},
		"251 characters":              {"", named(strings.Repeat("长", 250)), "isv.PARAM_LENGTH_LIMIT"},
	} {
		next++
		number := c.number
		if number == "" {
			number = fmt.Sprint(next)
		}
		t.Run(name, func(t *testing.T) {
			if got, _ := w.call(number, c.change); got != c.want {
				t.Errorf("code %s, want %s", got, c.want)
			}
			if m, _ := w.last("voice"); m.Code != c.want || m.Accepted != (c.want == "OK") {
				t.Errorf("in the inbox: code %s, accepted %v", m.Code, m.Accepted)
			}
		})
	}
}

// later is the world with a clock that has gone on.
func (w *world) later(t *testing.T, d time.Duration) {
	t.Helper()
	now := w.clock.Now().Add(d).UTC().Format(time.RFC3339Nano)
	c, err := clock.Parse(still + "@" + time.Now().UTC().Format(time.RFC3339Nano) + "=" + now)
	if err != nil {
		t.Fatal(err)
	}
	w.clock = c
}

// Beside the tiers this shows that the services remember over a restart whom they reached.
func TestANumberIsCalledOnceAMinuteFiveTimesAnHourTwentyTimesADay(t *testing.T) {
	t.Parallel()
	w := &world{t: t, dir: t.TempDir(), clock: clockOf(t, still)}
	calls := 0
	for _, step := range []struct {
		after time.Duration
		want  string
	}{{0, "OK"}, {50 * time.Second, "limit"}, {11 * time.Second, "OK"}, {61 * time.Second, "OK"}, {61 * time.Second, "OK"},
		{61 * time.Second, "OK"}, {61 * time.Second, "limit"}, {time.Hour, "OK"}} {
		w.later(t, step.after)
		stop := w.run(t)
		code, _ := w.call(somebody, nil)
		stop()
		if got := strings.Replace(code, "isv.BUSINESS_LIMIT_CONTROL", "limit", 1); got != step.want {
			t.Fatalf("after %s and %d calls: %s, want %s", step.after, calls, code, step.want)
		}
		if code == "OK" {
			calls++
		}
	}
	for ; calls < 20; calls++ {
		w.later(t, 20*time.Minute)
		stop := w.run(t)
		code, _ := w.call(somebody, nil)
		stop()
		if code != "OK" {
			t.Fatalf("call %d: %s", calls+1, code)
		}
	}
	w.later(t, 20*time.Minute)
	w.run(t)
	if code, _ := w.call(somebody, nil); code != "isv.BUSINESS_LIMIT_CONTROL" {
		t.Errorf("call 21 of the day: %s, want isv.BUSINESS_LIMIT_CONTROL", code)
	}
}

func TestWhatBecameOfACallIsToldWhenAsked(t *testing.T) {
	t.Parallel()
	w := start(t, fast)
	ask := func(id, product string, at time.Time) (d struct {
		State, Callee string
		Duration      int
	}) {
		t.Helper()
		r := dyvmsapi.CreateQueryCallDetailByCallIdRequest()
		w.aim(r)
		r.CallId, r.ProdId, r.QueryDate = id, requests.Integer(product), requests.Integer(fmt.Sprint(at.UnixMilli()))
		answer, err := w.voice.QueryCallDetailByCallId(r)
		if err != nil || answer.Code != "OK" {
			t.Fatalf("answer %+v: %v", answer, err)
		}
		if answer.Data != "" {
			if err := json.Unmarshal([]byte(answer.Data), &d); err != nil {
				t.Fatal(err)
			}
		}
		return d
	}
	const product = "11010000138001"
	for number, want := range map[string]string{somebody: "200000", "13800000001": "200010", "13800000002": "200003", "13800000006": "200001"} {
		at := w.clock.Now()
		code, id := w.call(number, nil)
		if code != "OK" {
			t.Fatalf("call: %s", code)
		}
		until(t, func() string {
			if d := ask(id, product, at); d.State != want || d.Callee != number || (d.Duration > 0) != (want <= "200001") {
				return fmt.Sprintf("%s: %+v, want state %s", number, d, want)
			}
			return ""
		})
		if d := ask(id, "11000000300006", at); d.State != "" {
			t.Errorf("asked for calls of another kind: %+v", d)
		}
		if d := ask(id, product, at.Add(48*time.Hour)); d.State != "" {
			t.Errorf("asked for another day: %+v", d)
		}
	}
	if d := ask("1^1", product, w.clock.Now()); d.State != "" {
		t.Errorf("a call that never was: %+v", d)
	}
}
