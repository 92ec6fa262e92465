package event_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pai-notify/shared/event"
)

func TestParseReadsWhatEventBridgeSends(t *testing.T) {
	t.Parallel()
	// The sample of help.aliyun.com/en/eventbridge/product-overview/event-overview.
	e, err := event.Parse([]byte(`{
		"id": "45ef4dewdwe1-7c35-447a-bd93-fab****", "source": "acs.oss", "specversion": "1.0", "type": "oss:ObjectCreated:PostObject",
		"datacontenttype": "application/json", "dataschema": "http://example.com/test.json", "subject": "acs:oss:cn-hangzhou:1234567:xls-papk/123.jpg",
		"time": "2020-11-19T21:04:41+08:00", "aliyunaccountid": "123456789098****", "aliyunpublishtime": "2020-11-19T21:04:42.179PRC",
		"aliyuneventbusname": "demoBus", "aliyunregionid": "cn-hangzhou", "aliyunpublishaddr": "172.25.XX.XX",
		"data": {"name" : "test", "scope" : 1e2, "html": "<b>"}
	}`))
	if err != nil {
		t.Fatal(err)
	}
	want := event.Event{
		ID: "45ef4dewdwe1-7c35-447a-bd93-fab****", Source: "acs.oss", SpecVersion: "1.0", Type: "oss:ObjectCreated:PostObject",
		DataContentType: "application/json", DataSchema: "http://example.com/test.json", Subject: "acs:oss:cn-hangzhou:1234567:xls-papk/123.jpg",
		Time: time.Date(2020, 11, 19, 13, 4, 41, 0, time.UTC),
		Extensions: map[string]string{
			"aliyunaccountid": "123456789098****", "aliyunpublishtime": "2020-11-19T21:04:42.179PRC",
			"aliyuneventbusname": "demoBus", "aliyunregionid": "cn-hangzhou", "aliyunpublishaddr": "172.25.XX.XX",
		},
		Data: json.RawMessage(`{"name" : "test", "scope" : 1e2, "html": "<b>"}`),
	}
	if diff := cmp.Diff(want, e); diff != "" {
		t.Errorf("event (-want +got):\n%s", diff)
	}
	if e.Bus() != "demoBus" || e.Region() != "cn-hangzhou" {
		t.Errorf("bus %q, region %q", e.Bus(), e.Region())
	}
}

func TestParseTakesOddForms(t *testing.T) {
	t.Parallel()
	hash := func(text string) string { return event.HashID([]byte(text)) }
	long := strings.Repeat("x", 200)
	for _, r := range []struct {
		name, body string
		want       event.Event
	}{
		{"numbers keep their digits", `{"id":12345678901234567890,"source":1.50,"time":1605791081149,"n":1e3,"b":true}`, event.Event{
			ID: "12345678901234567890", Source: "1.50", Time: time.Date(2020, 11, 19, 13, 4, 41, 149e6, time.UTC),
			Extensions: map[string]string{"n": "1e3", "b": "true"},
		}},
		{"nothing", `{}`, event.Event{ID: hash(`{}`)}},
		{"null and empty are missing", `{"id":"","source":null,"data":null,"ext":null,"other":""}`,
			event.Event{ID: hash(`{"id":"","source":null,"data":null,"ext":null,"other":""}`)}},
		{"data as JSON text stays text", `{"id":"1","data":"{\"a\":1}"}`, event.Event{ID: "1", Data: json.RawMessage(`"{\"a\":1}"`)}},
		{"plain text", `{"id":"1","datacontenttype":"text/plain","data":"just text"}`,
			event.Event{ID: "1", DataContentType: "text/plain", Data: json.RawMessage(`"just text"`)}},
		{"a list", `{"id":"1","data":[1, 2]}`, event.Event{ID: "1", Data: json.RawMessage(`[1, 2]`)}},
		{"false is data", `{"id":"1","data":false}`, event.Event{ID: "1", Data: json.RawMessage(`false`)}},
		{"JSON in base64", `{"id":"1","data_base64":"eyJhIjoxfQ=="}`, event.Event{ID: "1", Data: json.RawMessage(`{"a":1}`)}},
		{"text in base64", `{"id":"1","data_base64":"aGk="}`, event.Event{ID: "1", Data: json.RawMessage(`"hi"`)}},
		{"text by its type in base64", `{"id":"1","data_base64":"MTI=","datacontenttype":"text/plain"}`,
			event.Event{ID: "1", DataContentType: "text/plain", Data: json.RawMessage(`"12"`)}},
		{"bytes in base64 stay so", `{"id":"1","data_base64":"/w=="}`, event.Event{ID: "1", Data: json.RawMessage(`"/w=="`)}},
		{"no base64", `{"id":"1","data_base64":"?"}`, event.Event{ID: "1", Data: json.RawMessage(`"?"`)}},
		{"an object as attribute", `{"id":{"a":1},"subject":[1]}`, event.Event{ID: `{"a":1}`, Subject: "[1]"}},
		{"the last of two counts", `{"id":"1","id":"2","data":1,"data":2}`, event.Event{ID: "2", Data: json.RawMessage(`2`)}},
		{"broken UTF-8", "{\"id\":\"a\xffb\",\"data\":\"\xfe\"}", event.Event{ID: "a\ufffdb", Data: json.RawMessage(`"` + "\ufffd" + `"`)}},
		{"NUL", `{"id":"a\u0000b","data":"a\u0000b"}`, event.Event{ID: "ab", Data: json.RawMessage(`"a\u0000b"`)}},
		{"a long id", `{"id":"` + long + `"}`, event.Event{ID: hash(long)}},
		{"an escaped name", `{"\u0069d":"1","sub\u006aect":"s"}`, event.Event{ID: "1", Subject: "s"}},
		{"letter case of names counts", `{"ID":"1","id":"2"}`, event.Event{ID: "2", Extensions: map[string]string{"ID": "1"}}},
		{"blanks around", " \n{\"id\":\"1\"}\t", event.Event{ID: "1"}},
	} {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			got, err := event.Parse([]byte(r.body))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(r.want, got); diff != "" {
				t.Errorf("Parse(%s) (-want +got):\n%s", r.body, diff)
			}
		})
	}
}

func TestParseKeepsWhatItCannotRead(t *testing.T) {
	t.Parallel()
	hash := func(text string) string { return event.HashID([]byte(text)) }
	deep := `{"id":"1","data":` + strings.Repeat("[", 1000) + strings.Repeat("]", 1000) + `}`
	for _, r := range []struct{ name, body, id, source, data, err string }{
		{"nothing", ``, hash(``), "", `""`, `byte 0: want an object: "{"`},
		{"text", `<html>`, hash(`<html>`), "", `"<html>"`, `byte 0: want an object: "{"`},
		{"a list", `[1]`, hash(`[1]`), "", `"[1]"`, `byte 0: want an object: "{"`},
		{"cut off", `{"id":"1","source":"s","data":{"a"`, "1", "s", `"{\"id\":\"1\",\"source\":\"s\",\"data\":{\"a\""`, "byte 34: the text ends too early"},
		{"data that was read stays", `{"data":{"a":1},"id":"1",`, "1", "", `{"a":1}`, "byte 25: the text ends too early"},
		{"text behind", `{"id":"1"} x`, "1", "", `"{\"id\":\"1\"} x"`, "byte 11: text after the value"},
		{"nested deep", deep, "1", "", "", "byte 516: nested deeper than 500"},
	} {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			got, err := event.Parse([]byte(r.body))
			if err == nil || !strings.HasSuffix(err.Error(), r.err) {
				t.Errorf("Parse = %v, want %s", err, r.err)
			}
			if got.ID != r.id || got.Source != r.source || r.data != "" && string(got.Data) != r.data || !json.Valid(got.Data) {
				t.Errorf("Parse(%.50s) = %+v", r.body, got)
			}
		})
	}
}

func TestParseIsBounded(t *testing.T) {
	t.Parallel()
	large := []byte(`{"id":"1","data":"` + strings.Repeat("x", 10<<20) + `"}`)
	e, err := event.Parse(large)
	if err == nil || !strings.Contains(err.Error(), "at most 1048576") || e.ID != event.HashID(large) || e.Data != nil {
		t.Errorf("Parse of 10 MB = %d bytes of data, id %s, %v", len(e.Data), e.ID, err)
	}
	var b strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&b, `,"ext%d":"%s"`, i, strings.Repeat("中", 1000))
	}
	e, err = event.Parse([]byte(`{"source":"` + strings.Repeat("中", 10_000) + `"` + b.String()[:900_000] + `"}`))
	if err != nil {
		t.Fatal(err)
	}
	if len(e.Source) > 1024 || !strings.HasSuffix(e.Source, "中") || len(e.Extensions) > 64 {
		t.Errorf("source of %d bytes, %d extensions", len(e.Source), len(e.Extensions))
	}
	for name, value := range e.Extensions {
		if len(value) > 1024 {
			t.Errorf("extension %s of %d bytes", name, len(value))
		}
	}
	huge, err := event.Parse([]byte(`{"id":"1","data":"` + strings.Repeat("x", 900_000) + `"}`))
	if err != nil || len(huge.Data) != 900_002 {
		t.Errorf("Parse of 900 KB = %d bytes, %v", len(huge.Data), err)
	}
}

func TestTheSameBodyHasTheSameIDAndAnotherHasAnother(t *testing.T) {
	t.Parallel()
	a, _ := event.Parse([]byte(`{"data":1}`))
	b, _ := event.Parse([]byte(`{"data":1}`))
	c, _ := event.Parse([]byte(`{"data":2}`))
	if a.ID != b.ID || a.ID == c.ID || !strings.HasPrefix(a.ID, "sha256-") || len(a.ID) != len("sha256-")+32 {
		t.Errorf("ids %s, %s, %s", a.ID, b.ID, c.ID)
	}
}

func TestObjectLooksIntoText(t *testing.T) {
	t.Parallel()
	for data, want := range map[string]string{
		`{"a":1}`: `{"a":1}`, `"{\"a\":1}"`: `{"a":1}`, `" {\"a\":1}\n"`: `{"a":1}`, `"{broken"`: "", `"text"`: "", `"[1]"`: "", `[1]`: "", `7`: "", ``: "",
		`"\"{}\""`: "",
	} {
		if got := string(event.Event{Data: json.RawMessage(data)}.Object()); got != want {
			t.Errorf("Object of %s = %s, want %s", data, got, want)
		}
	}
}

func TestDataOfMakesJSONOfAnything(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		` {"a":1} `: `{"a":1}`, `7`: `7`, ``: ``, ` null `: ``, `text`: `"text"`, "a\xff": `"a` + "\ufffd" + `"`, "a\n\"\x01": `"a\n\"\u0001"`, `{"a":`: `"{\"a\":"`,
	} {
		if got := string(event.DataOf([]byte(text))); got != want {
			t.Errorf("DataOf(%q) = %s, want %s", text, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`{"id":"1","source":"s","specversion":"1.0","type":"t","time":"2020-08-17T16:04:46.149Asia/Shanghai","x":"y","data":{"a":[1,null]}}`,
		`{"id":1,"time":1605791081149,"data":"{\"a\":1}"}`, `{"data_base64":"eyJhIjoxfQ==","datacontenttype":"text/plain"}`,
		`{"id":"1","data":`, `[]`, ``, "{\"id\":\"\xff\\u0000\\ud800\"}", strings.Repeat(`{"a":`, 600), `{"specversion":"","data":""}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		e, err := event.Parse(body)
		if e.ID == "" || len(e.ID) > 128 || strings.ContainsRune(e.ID+e.Source+e.Type, 0) {
			t.Fatalf("Parse(%q) = %+v, %v", body, e, err)
		}
		if len(e.Data) > 0 && !json.Valid(e.Data) {
			t.Fatalf("Parse(%q): data %q", body, e.Data)
		}
		text, err := e.MarshalJSON()
		if err != nil || !json.Valid(text) {
			t.Fatalf("MarshalJSON of %+v = %q, %v", e, text, err)
		}
		again, err := event.Parse(text)
		if err != nil {
			return // larger than may be read
		}
		if e.SpecVersion == "" {
			e.SpecVersion = "1.0"
		}
		if e.Extensions == nil {
			e.Extensions = again.Extensions
		}
		if diff := cmp.Diff(e, again); diff != "" {
			t.Fatalf("%q does not come back (-want +got):\n%s", text, diff)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	body := []byte(`{"id":"0723ccef-616b-51ea-ac3f-4b589f59df54","source":"acs.example","specversion":"1.0","type":"example:Job:Queuing",` +
		`"datacontenttype":"application/json;charset=utf-8","subject":"acs:example:cn-wulanchabu:1234567890123456:workspace/20001/job/1",` +
		`"time":"2026-11-24T10:01:00Z","aliyunaccountid":"1234567890123456","aliyuneventbusname":"bus","aliyunregionid":"cn-wulanchabu",` +
		`"aliyunpublishtime":"2026-11-24T10:01:00Z","data":{"regionId":"cn-wulanchabu","workspaceId":"20001","workspaceName":"nlp_train",` +
		`"jobId":"job1a2b3c4d5e6f7","displayName":"llm-sft-7b","jobType":"PyTorchJob","status":"Queuing","userId":"200000000000000001",` +
		`"priority":5,"gmtCreateTime":"2026-11-24T10:00:00Z","reasonMessage":"Job enters queue; waiting for quota."}}`)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := event.Parse(body); err != nil {
			b.Fatal(err)
		}
	}
}
