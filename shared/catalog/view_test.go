package catalog

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pai-notify/shared/catalog/sample"
	"pai-notify/shared/event"
)

func TestTheSeverityOfEverySampleIsAsSaid(t *testing.T) {
	t.Parallel()
	c := load(t)
	for _, s := range sample.All() {
		if got := severities()[c.View(parse(t, s)).Severity]; got != s.Severity {
			t.Errorf("severity of %s = %s, want %s", s.Name, got, s.Severity)
		}
	}
}

// The golden file is read by people: what a view says of each sample.
func TestTheViewOfEverySample(t *testing.T) {
	t.Parallel()
	c := load(t)
	var b strings.Builder
	for _, s := range sample.All() {
		fmt.Fprintf(&b, "%s\n", s.Name)
		v := reflect.ValueOf(c.View(parse(t, s)))
		for i := range v.NumField() {
			if v.Field(i).IsZero() {
				continue
			}
			text, err := json.Marshal(v.Field(i).Interface())
			if err != nil {
				t.Fatal(err)
			}
			if d, ok := v.Field(i).Interface().(time.Duration); ok {
				text = []byte(d.String())
			}
			fmt.Fprintf(&b, "  %s: %.300s\n", v.Type().Field(i).Name, text)
		}
	}
	const name = "testdata/views.golden"
	if *update {
		if err := os.WriteFile(name, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("views; if they are right, go test ./shared/catalog -update (-want +got):\n%s", diff)
	}
}

func TestEveryMemberOfAViewIsFilledBySomeSample(t *testing.T) {
	t.Parallel()
	c := load(t)
	empty := map[string]bool{}
	for i := range reflect.TypeFor[event.View]().NumField() {
		empty[reflect.TypeFor[event.View]().Field(i).Name] = true
	}
	for _, s := range sample.All() {
		v := reflect.ValueOf(c.View(parse(t, s)))
		for i := range v.NumField() {
			if !v.Field(i).IsZero() {
				delete(empty, v.Type().Field(i).Name)
			}
		}
	}
	if len(empty) > 0 {
		t.Errorf("no sample fills %v", empty)
	}
}

func view(t *testing.T, source, kind, data string) event.View {
	t.Helper()
	e, err := event.Parse([]byte(`{"id":"1","source":"` + source + `","type":"` + kind + `","data":` + data + `}`))
	if err != nil {
		t.Fatal(err)
	}
	return load(t).View(e)
}

func TestNoValueIsNoValue(t *testing.T) {
	t.Parallel()
	for _, none := range []string{`""`, `0`, `0.0`, `-0`, `0e3`, `null`, `"null"`, `{}`, `[]`, `{"a":1}`} {
		v := view(t, "acs.paidlc", "paidlc:Job:Failed", `{"jobId":"j","displayName":`+none+`,"duration":`+none+`,"gmtCreateTime":`+none+
			`,"gmtFinishTime":`+none+`,"gmtFailedTime":"2026-11-24T10:00:00Z","resourceQuotaName":`+none+`,"resourceType":"ECS"}`)
		if v.Name != "" || v.Duration != 0 || !v.Created.IsZero() {
			t.Errorf("%s makes %+v", none, v)
		}
		if v.Resource != "ECS" || v.Finished.IsZero() {
			t.Errorf("%s keeps the next path from being taken: %+v", none, v)
		}
	}
}

func TestValuesOfOddFormsAreRead(t *testing.T) {
	t.Parallel()
	v := view(t, "acs.paidlc", "paidlc:Job:FaultTolerance", `{"jobId":12345678901234567890,"displayName":"a\u0000b\ud800","userId":2000000000000000001,
		"duration":"3600.5","gmtCreateTime":1795514400000,"gmtRunningTime":"2026-11-24T18:00:00.000PRC",
		"aiMaster":{"jobRestartCount":0,"maxJobRestart":3},"failedPods":[{"exitCode":137,"podId":"p0"},{"exitCode":1}]}`)
	want := event.View{
		ID: "12345678901234567890", Name: "ab\ufffd", OwnerID: "2000000000000000001", Restarts: "0/3",
		Duration: 3600*time.Second + 500*time.Millisecond,
		Created:  time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC), Started: time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC),
	}
	if v.ID != want.ID || v.Name != want.Name || v.OwnerID != want.OwnerID || v.Restarts != want.Restarts || v.Duration != want.Duration ||
		!v.Created.Equal(want.Created) || !v.Started.Equal(want.Started) {
		t.Errorf("view = %+v", v)
	}
	if got := string(v.Extra["exitCode"]); got != "137" {
		t.Errorf("exit code = %s", got)
	}
}

func TestTimeSpansHaveUnitsAndBounds(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]time.Duration{
		`5400000`: 90 * time.Minute, `"5400000"`: 90 * time.Minute, `-5`: 0, `1e300`: 0, `"NaN"`: 0, `"Inf"`: 0, `"soon"`: 0, `true`: 0,
	} {
		if got := view(t, "acs.paidsw", "paidsw:Instance:Stopped", `{"accumulatedRunningTimeInMs":`+value+`}`).Duration; got != want {
			t.Errorf("%s ms = %v, want %v", value, got, want)
		}
	}
	v := view(t, "acs.paiflow", "paiflow:PipelineRun:Failed", `{"startedAt":"2026-11-24T10:00:00Z","finishedAt":"2026-11-24T10:12:00Z"}`)
	if v.Duration != 12*time.Minute {
		t.Errorf("duration from start and end = %v", v.Duration)
	}
}

func TestArrearsRaiseTheSeverityAndIdleStopsWarn(t *testing.T) {
	t.Parallel()
	for data, want := range map[string]event.Severity{
		`{}`:                                         event.Info,
		`{"shutdown":{"trigger":"User"}}`:            event.Info,
		`{"shutdown":{"trigger":"IdleCuller"}}`:      event.Warning,
		`{"shutdown":{"trigger":"Arrears"}}`:         event.Error,
		`{"previousStatus":"ArrearStopping"}`:        event.Error,
		`"{\"shutdown\":{\"trigger\":\"Arrears\"}}"`: event.Error,
	} {
		for _, kind := range []string{"paidsw:Instance:Stopping", "paidsw:Instance:Stopped"} {
			if got := view(t, "acs.paidsw", kind, data).Severity; got != want {
				t.Errorf("severity of %s with %s = %v, want %v", kind, data, got, want)
			}
		}
	}
}

func TestAnUnknownEventStillSaysWhereItComesFrom(t *testing.T) {
	t.Parallel()
	c := load(t)
	e, err := event.Parse([]byte(`{"source":"acs.new","type":"x","aliyunregionid":"cn-hangzhou","aliyuneventbusname":"pai-system-nlp","data":{"jobId":"1"}}`))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(event.View{Region: "cn-hangzhou", Workspace: "nlp"}, c.View(e)); diff != "" {
		t.Errorf("view (-want +got):\n%s", diff)
	}
	if v := view(t, "acs.paidlc", "paidlc:Job:New", `{"jobId":"j","status":"New"}`); v.Known || v.Source != "dlc" || v.ID != "j" || v.Kind["en"] != "DLC job" {
		t.Errorf("view of an unknown type = %+v", v)
	}
}

func TestViewTakesAnyData(t *testing.T) {
	t.Parallel()
	c := load(t)
	for _, data := range []string{
		``, `null`, `7`, `"text"`, `[{"jobId":"1"}]`, `{"failedPods":{}}`, `{"failedPods":[1,2]}`, `{"failedPods":[]}`, `{"aiMaster":[{}]}`,
		`{"timeout":null,"timeout":{"elapsedMinutes":5}}`, `{"jobId":`, strings.Repeat(`{"timeout":`, 400) + `1` + strings.Repeat(`}`, 400),
	} {
		v := c.View(event.Event{Source: "acs.paidlc", Type: "paidlc:Job:Failed", Data: json.RawMessage(data)})
		if !v.Known || v.Severity != event.Error {
			t.Errorf("View with data %.40s = %+v", data, v)
		}
	}
}

func FuzzView(f *testing.F) {
	for _, s := range sample.All() {
		e, err := event.Parse(s.Event)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(e.Source, e.Type, []byte(e.Data))
	}
	c, err := Load()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, source, kind string, data []byte) {
		e := event.Event{Source: source, Type: kind, Data: data}
		v := c.View(e)
		if strings.ContainsRune(v.ID+v.Name+v.Reason, 0) || v.Duration < 0 {
			t.Errorf("View = %+v", v)
		}
		for name, raw := range v.Extra {
			if !json.Valid(raw) {
				t.Errorf("extra %s is %q", name, raw)
			}
		}
		if u := c.Unknown(e); !slices.IsSorted(u.Fields) || len(u.Fields) > 50 {
			t.Errorf("Unknown = %+v", u)
		}
	})
}

func BenchmarkLoad(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Load(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkView(b *testing.B) {
	for _, name := range []string{"dlc-running", "dlc-failed-oom", "model-approved"} {
		b.Run(name, func(b *testing.B) {
			c := load(b)
			s, ok := sample.Named(name)
			if !ok {
				b.Fatal("no such sample")
			}
			e := parse(b, s)
			b.ReportAllocs()
			for b.Loop() {
				if !c.View(e).Known {
					b.Fatal("unknown")
				}
			}
		})
	}
}
