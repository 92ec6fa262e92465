package bus

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestEventsAreChecked(t *testing.T) {
	t.Parallel()
	l := ready(t, nil)
	long := func(n int) string { return strings.Repeat("x", n) }
	for _, c := range []struct{ name, event, want string }{
		{"good", event("e1"), ""},
		{"without id", `{"Source":"s","Type":"t","Data":"{}"}`, "EventIdEmpty"},
		{"id of 129", event(long(129)), "EventInvalid"},
		{"id with a blank", event("a b"), "EventInvalid"},
		{"without source", `{"Id":"1","Type":"t","Data":"{}"}`, "EventSourceInvalid"},
		{"source of 129", `{"Id":"1","Source":"` + long(129) + `","Type":"t","Data":"{}"}`, "EventSourceInvalid"},
		{"without type", `{"Id":"1","Source":"s","Data":"{}"}`, "EventTypeInvalid"},
		{"type of 65", `{"Id":"1","Source":"s","Type":"` + long(65) + `","Data":"{}"}`, "EventTypeInvalid"},
		{"subject of 513", `{"Id":"1","Source":"s","Type":"t","Subject":"` + long(513) + `","Data":"{}"}`, "EventInvalid"},
		{"specversion 0.3", `{"Id":"1","Source":"s","Type":"t","SpecVersion":"0.3","Data":"{}"}`, "EventSpecversionInvalid"},
		{"without data", `{"Id":"1","Source":"s","Type":"t"}`, "EventDataEmpty"},
		{"a bad media type", `{"Id":"1","Source":"s","Type":"t","DataContentType":";","Data":"{}"}`, "EventContentTypeInvalid"},
		{"over 256 KB", `{"Id":"1","Source":"s","Type":"t","Data":"` + long(256<<10) + `"}`, "EventSizeExceed"},
		{"plain text", `{"Id":"1","Source":"s","Type":"t","Data":"hello"}`, ""},
		{"an odd extension", `{"Id":"1","Source":"s","Type":"t","Data":"{}","a-b":"c"}`, "EventExtensionsAttributeInvalid"},
	} {
		data := l.must("PutEvents", "EventBusName", testBus, "EventList", "["+c.event+"]")
		entries, _ := data["EntryList"].([]any)
		entry, _ := entries[0].(map[string]any)
		code, _ := entry["ErrorCode"].(string)
		if code != c.want || (code == "") != (data["FailedEntryCount"] == 0.0) {
			t.Errorf("%s: %v, want %q", c.name, data, c.want)
		}
	}
	many := "[" + strings.TrimSuffix(strings.Repeat(event("a")+",", 17), ",") + "]"
	big := "[" + strings.TrimSuffix(strings.Repeat(`{"Id":"1","Source":"s","Type":"t","Data":"`+long(250<<10)+`"},`, 5), ",") + "]"
	for _, c := range []struct{ name, list, bus, want string }{
		{"17 events", many, testBus, "EventCountExceedLimit"}, {"over 1 MB", big, testBus, "EventSizeExceed"},
		{"none", "[]", testBus, "EventInvalid"}, {"no bus", "[" + event("a") + "]", "nope", "EventBusNotExist"},
		{"default bus", "[" + event("a") + "]", "default", "EventBusNotExist"}, {"no list", "{}", testBus, "InvalidEventList"},
	} {
		if got := l.code("PutEvents", "EventBusName", c.bus, "EventList", c.list); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
	flat := l.must("PutEvents", "EventBusName", testBus, "EventList.1.Id", "f1", "EventList.1.Source", "s", "EventList.1.Type", "t",
		"EventList.1.Data", `{"a":1}`)
	if flat["FailedEntryCount"] != 0.0 {
		t.Errorf("flat list: %v", flat)
	}
}

// postEvents sends events as the data plane's own SDK does.
func (l *local) postEvents(body, authorization string) (int, map[string]any) {
	l.t.Helper()
	request, err := http.NewRequest("POST", l.url+"/openapi/putEvents", strings.NewReader(body))
	if err != nil {
		l.t.Fatal(err)
	}
	date := time.Now().UTC().Format(http.TimeFormat)
	nonce := fmt.Sprint(time.Now().UnixNano())
	request.Header = http.Header{"Date": {date}, "X-Acs-Signature-Nonce": {nonce}, "X-Acs-Signature-Method": {"HMAC-SHA1"},
		"X-Acs-Signature-Version": {"1.0"}, "X-Eventbridge-Version": {"2015-06-06"},
		"Content-Type": {"application/cloudevents-batch+json; charset=utf-8"}}
	text := "POST\n\napplication/cloudevents-batch+json; charset=utf-8\n" + date + "\nx-acs-signature-method:HMAC-SHA1\n" +
		"x-acs-signature-nonce:" + nonce + "\nx-acs-signature-version:1.0\n/openapi/putEvents"
	mac := hmac.New(sha1.New, []byte("local-secret"))
	mac.Write([]byte(text))
	request.Header.Set("Authorization", authorization+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		l.t.Fatal(err)
	}
	defer response.Body.Close()
	var answer map[string]any
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		l.t.Fatal(err)
	}
	return response.StatusCode, answer
}

func TestTheDataPlaneTakesEvents(t *testing.T) {
	t.Parallel()
	l := ready(t, nil)
	l.rule("r1", fcTarget("1", "]}"))
	good := `{"id":"e1","source":"test","type":"t","specversion":"1.0","aliyuneventbusname":"` + testBus + `",`
	for _, c := range []struct {
		name, body, authorization string
		status                    int
		want                      string
	}{
		{"with a colon", "[" + good + `"data":{"b":9007199254740993}}]`, "acs:LTAI-local:", 200, "FailedEntryCount:0"},
		{"with a blank", "[" + good + `"data":{}}]`, "acs LTAI-local:", 200, "FailedEntryCount:0"},
		{"base64", "[" + good + `"datacontenttype":"text/plain","data_base64":"aMOp"}]`, "acs:LTAI-local:", 200, "FailedEntryCount:0"},
		{"one event refused", "[" + good + `"data":{}},{"aliyuneventbusname":"` + testBus + `"}]`, "acs:LTAI-local:", 200, "FailedEntryCount:1"},
		{"unknown key", "[" + good + `"data":{}}]`, "acs:nobody:", 403, "InvalidAccessKeyId.NotFound"},
		{"wrong signature", "[" + good + `"data":{}}]`, "acs:LTAI-local:x", 403, "SignatureDoesNotMatch"},
		{"no header", "[" + good + `"data":{}}]`, "Bearer ", 403, "AccessDenied"},
		{"no list", "{}", "acs:LTAI-local:", 409, "EventInvalid"},
		{"no bus named", `[{"id":"1"}]`, "acs:LTAI-local:", 409, "EventBusEmpty"},
		{"null for an event", `[null]`, "acs:LTAI-local:", 409, "EventBusEmpty"},
		{"unknown bus", `[{"aliyuneventbusname":"nope"}]`, "acs:LTAI-local:", 409, "EventBusNotExist"},
		{"two buses", `[{"aliyuneventbusname":"a"},{"aliyuneventbusname":"b"}]`, "acs:LTAI-local:", 409, "PutEventsRequestMoreThanOneEventBus"},
	} {
		status, answer := l.postEvents(c.body, c.authorization)
		if status != c.status || !strings.Contains(fmt.Sprint(answer), c.want) {
			t.Errorf("%s: %d %v, want %d %s", c.name, status, answer, c.status, c.want)
		}
		if status >= 400 && (answer["code"] == nil || answer["message"] == nil || answer["requestId"] == nil) {
			t.Errorf("%s: answer %v lacks a member", c.name, answer)
		}
	}
	l.settled()
	bodies := strings.Join(l.functions.calls(), "\n")
	if !strings.Contains(bodies, `"b":9007199254740993`) || !strings.Contains(bodies, `"data":"hé"`) {
		t.Errorf("delivered %s", bodies)
	}
}

func TestPAIsOwnEventsAreNotChecked(t *testing.T) {
	t.Parallel()
	l := ready(t, nil)
	l.rule("r1", fcTarget("1", "]}"))
	for body, want := range map[string]int{
		`{"source":"test"}`:                                  202,
		`{"source":"test","id":5,"data":"text \u2028"}`:      202,
		`{"source":"test","aliyunregionid":"cn-wulanchabu"}`: 202,
		`[]`: 400, `{`: 400, ``: 400, `{} {}`: 400, strings.Repeat("[", 1<<20): 400,
	} {
		response, err := http.Post(l.url+"/local/events?bus="+testBus, "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != want {
			t.Errorf("event %.40q: status %d, want %d", body, response.StatusCode, want)
		}
	}
	if counts := l.settled(); counts.Pushed != 3 {
		t.Errorf("counts %+v", counts)
	}
	if bodies := strings.Join(l.functions.calls(), "\n"); !strings.Contains(bodies, `"id":5`) || !strings.Contains(bodies, "cn-wulanchabu") {
		t.Errorf("delivered %s", bodies)
	}
}

func FuzzEvent(f *testing.F) {
	f.Add(`{"id":"1","source":"s","type":"t","data_base64":"e30=","datacontenttype":"application/json"}`)
	f.Add(`{"id":5,"data":null,"time":{},"aliyuneventbusname":[1]}`)
	b := &Bus{options: Options{Account: testAccount, Region: testRegion, Quotas: Quotas{}.orDefault()}}
	f.Fuzz(func(t *testing.T, text string) {
		e, err := parseEvent([]byte(text))
		if err != nil {
			return
		}
		refused := b.checkEvent(e, len(text)) != nil
		e.plainData()
		b.stamp(e, testBus, "127.0.0.1", time.Now(), true)
		body, err := e.bytes()
		if err != nil || !json.Valid(body) {
			t.Fatalf("event %q becomes %q, %v", text, body, err)
		}
		again, err := parseEvent(body)
		if name, _ := again.text(attributeBus); err != nil || name != testBus {
			t.Errorf("event %q came to bus %q, %v", text, name, err)
		}
		if id, _ := again.text("id"); !refused && id == "" {
			t.Errorf("event %q without an id was accepted", text)
		}
	})
}
