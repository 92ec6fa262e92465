package event_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pai-notify/shared/event"
)

func TestMarshalJSONIsAStructuredCloudEvent(t *testing.T) {
	t.Parallel()
	e := event.Event{
		ID: "1", Source: "s", Type: "t<>&", Subject: "a \"b\"\n\x01中", Time: time.Date(2026, 11, 24, 10, 0, 0, 5e6, time.UTC),
		Extensions: map[string]string{"b": "2", "a": "1", "id": "never", "data": "never", "bad": "\xff"},
		Data:       json.RawMessage(`{ "html" : "<b>" }`),
	}
	text, err := e.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	want := `{"specversion":"1.0","id":"1","source":"s","type":"t<>&","subject":"a \"b\"\n\u0001中","time":"2026-11-24T10:00:00.005Z",` +
		`"a":"1","b":"2","bad":"` + "\ufffd" + `","data":{ "html" : "<b>" }}`
	if string(text) != want {
		t.Errorf("MarshalJSON\n got %s\nwant %s", text, want)
	}
	empty, err := event.Event{}.MarshalJSON()
	if err != nil || string(empty) != `{"specversion":"1.0"}` {
		t.Errorf("MarshalJSON of nothing = %s, %v", empty, err)
	}
}

func TestEventsComeBackFromJSONInsideOtherJSON(t *testing.T) {
	t.Parallel()
	e := event.Event{
		ID: "1", Source: "s", SpecVersion: "1.0", Type: "t", Time: time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC),
		Extensions: map[string]string{"aliyunregionid": "cn-hangzhou"}, Data: json.RawMessage(`{"a":[1,2]}`),
	}
	text, err := json.Marshal(map[string]any{"event": e})
	if err != nil {
		t.Fatal(err)
	}
	var got struct{ Event event.Event }
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(e, got.Event); diff != "" {
		t.Errorf("event (-want +got):\n%s", diff)
	}
}

func ExampleParse() {
	e, err := event.Parse([]byte(`{"id": 12345678901234567890, "source": "acs.oss", "time": "2020-08-17T16:04:46.149Asia/Shanghai", "data": "plain"}`))
	fmt.Println(e.ID, e.Time, string(e.Data), err)
	// Output: 12345678901234567890 2020-08-17 08:04:46.149 +0000 UTC "plain" <nil>
}

func ExampleEvent_MarshalJSON() {
	e, _ := event.Parse([]byte(`{"type": "oss:ObjectCreated:PostObject", "id": "1", "data": {"name": "<test>"}, "aliyunregionid": "cn-hangzhou"}`))
	text, err := e.MarshalJSON()
	fmt.Println(string(text), err)
	// Output: {"specversion":"1.0","id":"1","type":"oss:ObjectCreated:PostObject","aliyunregionid":"cn-hangzhou","data":{"name": "<test>"}} <nil>
}

func ExampleEvent_Object() {
	e, _ := event.Parse([]byte(`{"id": "1", "data": "{\"status\": \"Failed\"}"}`))
	fmt.Println(string(e.Data))
	fmt.Println(string(e.Object()))
	// Output:
	// "{\"status\": \"Failed\"}"
	// {"status": "Failed"}
}
