package main

import (
	"encoding/json"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/smithy-go"

	"pai-notify/shared/database"
	"pai-notify/shared/database/migrate"
	"pai-notify/shared/environment"
	"pai-notify/shared/sighting"
)

const bus = "pai-system-nlp_train"

func newObserver(t *testing.T, log *strings.Builder) *observer {
	t.Helper()
	o, err := build(environment.Environment{DatabaseURL: "sqlite:" + filepath.Join(t.TempDir(), "pai.db")},
		slog.New(slog.NewJSONHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = o.db.Close() })
	return o
}

func migrated(t *testing.T) *observer {
	t.Helper()
	o := newObserver(t, &strings.Builder{})
	if _, err := migrate.Up(t.Context(), o.db); err != nil {
		t.Fatal(err)
	}
	return o
}

func body(id, source, kind, data string) json.RawMessage {
	return json.RawMessage(`{"id":"` + id + `","source":"` + source + `","specversion":"1.0","type":"` + kind +
		`","aliyuneventbusname":"` + bus + `","data":` + data + `}`)
}

func TestEventsAreRememberedWithWhatIsUnknownInThem(t *testing.T) {
	t.Parallel()
	o := migrated(t)
	list := json.RawMessage("[" + strings.Join([]string{
		string(body("1", "acs.paidlc", "paidlc:Job:Failed", `{"jobId":"dlc1","brandNew":1}`)),
		string(body("2", "acs.paidlc", "paidlc:Job:Flying", `{}`)),
		string(body("3", "acs.painew", "painew:Thing:Done", `"text"`)),
	}, ",") + "]")
	if out, err := o.observe(t.Context(), list); err != nil || !json.Valid(out) {
		t.Fatalf("observe = %s, %v", out, err)
	}
	counts, err := o.log.Unknown(t.Context(), bus)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]bool{}
	for _, c := range counts {
		got[c.Kind+" "+c.Name] = true
	}
	for _, want := range []string{"field acs.paidlc brandNew", "type acs.paidlc paidlc:Job:Flying",
		"source acs.painew"} {
		if !got[want] {
			t.Errorf("unknown = %v, lacks %q", got, want)
		}
	}
	recent, err := o.log.Recent(t.Context(), bus, 10)
	if err != nil || len(recent) != 3 {
		t.Errorf("%d recent events, %v; want 3", len(recent), err)
	}
	if spoken, err := o.log.Spoken(t.Context(), bus); err != nil || time.Since(spoken) > time.Minute {
		t.Errorf("PAI spoke at %v, %v", spoken, err)
	}
}

func TestAnOverrideMakesKnownWhatWasNot(t *testing.T) {
	t.Parallel()
	o := migrated(t)
	settings := database.DefaultSettings()
	settings.CatalogOverride = "sources:\n  dlc:\n    sources: [acs.painew]\n"
	if err := o.db.SaveSettings(t.Context(), settings); err != nil {
		t.Fatal(err)
	}
	if _, err := o.observe(t.Context(), body("1", "acs.painew", "paidlc:Job:Failed", `{}`)); err != nil {
		t.Fatal(err)
	}
	recent, err := o.log.Recent(t.Context(), bus, 10)
	if err != nil || len(recent) != 1 || !recent[0].Known {
		t.Errorf("recent = %+v, %v; want one that is known", recent, err)
	}
}

func TestACanaryFailsOnceAndThenReturns(t *testing.T) {
	t.Parallel()
	o := migrated(t)
	if err := o.log.Release(t.Context(), bus, "c1"); err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(sighting.CanaryEvent("c1", time.Now()))
	if err != nil {
		t.Fatal(err)
	}
	var onPurpose *sighting.OnPurposeError
	_, err = o.observe(t.Context(), raw)
	if direct, ok := err.(*sighting.OnPurposeError); !ok || direct.ID != "c1" || !errors.As(err, &onPurpose) { //nolint:errorlint // FC shows the outermost type
		t.Errorf("first delivery: %v, want to fail on purpose", err)
	}
	if _, err := o.observe(t.Context(), raw); err != nil {
		t.Errorf("second delivery: %v", err)
	}
	if c, ok, err := o.log.Latest(t.Context(), bus); !ok || err != nil || c.Returned.IsZero() {
		t.Errorf("canary = %+v, %v", c, err)
	}
	foreign, err := json.Marshal(sighting.CanaryEvent("of another deployment", time.Now()))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.observe(t.Context(), foreign); err != nil {
		t.Errorf("a canary of another deployment: %v, want it to be an event like any other", err)
	}
}

func TestWhatIsNoEventIsRememberedAndNotAskedForAgain(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	o := newObserver(t, &log)
	if _, err := migrate.Up(t.Context(), o.db); err != nil {
		t.Fatal(err)
	}
	for _, raw := range []string{"", "null", "7", `"x"`, "{", "[", "[1,{}]", "\xff\xfe",
		`{"data":` + strings.Repeat("[", 5000)} {
		if _, err := o.observe(t.Context(), json.RawMessage(raw)); err != nil {
			t.Errorf("observe(%.20q): %v", raw, err)
		}
	}
	if !strings.Contains(log.String(), "event not understood") {
		t.Error("the log does not tell")
	}
}

func TestWithoutTablesItFailsSoThatEventBridgeComesAgain(t *testing.T) {
	t.Parallel()
	o := newObserver(t, &strings.Builder{})
	_, err := o.observe(t.Context(), body("1", "acs.paidlc", "paidlc:Job:Failed", `{}`))
	if _, ok := err.(*smithy.OperationError); !ok { //nolint:errorlint // FC shows the outermost type
		t.Errorf("error %T %v, want an OperationError", err, err)
	}
}

func TestAHeartbeatComesBackAndIsNotAmongTheEventsOfTheBus(t *testing.T) {
	t.Parallel()
	o := migrated(t)
	at := time.Now()
	if err := o.log.Pulse(t.Context(), bus, at, false); err != nil {
		t.Fatal(err)
	}
	e := sighting.HeartbeatEvent(bus, at)
	raw := json.RawMessage(`{"id":"` + e.ID + `","source":"pai-notify","specversion":"1.0","type":"` + e.Type +
		`","aliyuneventbusname":"` + bus + `","time":"` + e.Time.Format(time.RFC3339Nano) + `","data":{}}`)
	if _, err := o.observe(t.Context(), raw); err != nil {
		t.Fatal(err)
	}
	if got, err := o.log.Heartbeats(t.Context()); err != nil || len(got) != 1 || !got[0].Beat.Equal(e.Time) {
		t.Errorf("heartbeats %+v, %v; want one that came back", got, err)
	}
	if got, err := o.log.Recent(t.Context(), bus, 10); err != nil || len(got) != 0 {
		t.Errorf("recent events %+v, %v; want none", got, err)
	}
}

func TestAHeartbeatLetsEventsOfLastWeekBeForgotten(t *testing.T) {
	t.Parallel()
	o := migrated(t)
	began := time.Now()
	now := began
	o.log.Now = func() time.Time { return now }
	for i, id := range []string{"old", "young"} {
		now = began.Add(time.Duration(i) * 48 * time.Hour)
		if _, err := o.observe(t.Context(), body(id, "acs.paidlc", "paidlc:Job:Failed", `{}`)); err != nil {
			t.Fatal(err)
		}
	}
	now = began.Add(sighting.MaxAge + time.Minute)
	raw, err := json.Marshal(sighting.HeartbeatEvent(bus, now))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.observe(t.Context(), raw); err != nil {
		t.Fatal(err)
	}
	now = began // at which both would be shown
	if got, err := o.log.Recent(t.Context(), bus, 10); err != nil || len(got) != 1 || got[0].Event.ID != "young" {
		t.Errorf("recent events %+v, %v; want the young one", got, err)
	}
}
