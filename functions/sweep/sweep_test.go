package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/smithy-go"

	"pai-notify/shared/catalog"
	"pai-notify/shared/channel"
	"pai-notify/shared/database"
	"pai-notify/shared/database/migrate"
	"pai-notify/shared/environment"
	"pai-notify/shared/event"
	"pai-notify/shared/fault"
	"pai-notify/shared/ledger"
	"pai-notify/shared/pattern"
	"pai-notify/shared/rule"
	"pai-notify/shared/seal"
	"pai-notify/shared/sighting"
)

const bus = "pai-system-nlp_train"

// cloud is EventBridge for tests: rules in memory, and what was put on which bus.
type cloud struct {
	*rule.Memory
	mu   sync.Mutex
	put  map[string][]event.Event
	fail map[string]error // by bus
}

func (c *cloud) PutEvents(_ context.Context, bus string, events []event.Event) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.fail[bus]; err != nil {
		return err
	}
	c.put[bus] = append(c.put[bus], events...)
	return nil
}

func (c *cloud) of(bus, kind string) (found []event.Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, e := range c.put[bus] {
		if e.Type == kind {
			found = append(found, e)
		}
	}
	return found
}

type harness struct {
	*sweeper
	t     *testing.T
	cloud *cloud
	now   time.Time
	text  *bytes.Buffer
	seq   int
}

func newHarness(t *testing.T) *harness {
	t.Helper()
	h := &harness{t: t, now: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC), text: &bytes.Buffer{}}
	key, err := seal.NewKey(bytes.NewReader(bytes.Repeat([]byte{7}, 64)))
	if err != nil {
		t.Fatal(err)
	}
	s, err := build(environment.Environment{
		DatabaseURL: "sqlite:" + filepath.Join(t.TempDir(), "pai.db"), SealKeys: key, Region: "cn-hangzhou", Account: "1234567890123456",
	}, slog.New(slog.NewJSONHandler(h.text, nil)), credentials)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.db.Close() })
	h.sweeper = s
	s.clock = func() time.Time { return h.now }
	s.ledger = ledger.New(s.db, s.sealer, s.clock)
	s.sightings = &sighting.Log{DB: s.db, Now: s.clock}
	base, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	h.cloud = &cloud{put: map[string][]event.Event{}, fail: map[string]error{}, Memory: &rule.Memory{
		Workspaces: []string{"nlp_train", "cv_lab"}, Catalog: base, Keys: s.sealer, Specs: s.specs,
	}}
	s.open = func(*catalog.Catalog) store { return h.cloud }
	return h
}

func migrated(t *testing.T) *harness {
	t.Helper()
	h := newHarness(t)
	if _, err := migrate.Up(t.Context(), h.db); err != nil {
		t.Fatal(err)
	}
	return h
}

// setUp lets a canary of a bus come back.
func (h *harness) setUp(bus string) {
	h.t.Helper()
	if err := h.sightings.Release(h.t.Context(), bus, "canary-"+bus); err != nil {
		h.t.Fatal(err)
	}
	var onPurpose *sighting.OnPurposeError
	if _, err := h.sightings.Arrive(h.t.Context(), sighting.CanaryEvent("canary-"+bus, h.now)); !errors.As(err, &onPurpose) {
		h.t.Fatal(err)
	}
	if _, err := h.sightings.Arrive(h.t.Context(), sighting.CanaryEvent("canary-"+bus, h.now)); err != nil {
		h.t.Fatal(err)
	}
}

func (h *harness) ok() Answer {
	h.t.Helper()
	body, err := h.sweep(h.t.Context(), json.RawMessage(`{"triggerTime":"","triggerName":"round","payload":""}`))
	if err != nil {
		h.t.Fatal(err)
	}
	var a Answer
	if err := json.Unmarshal(body, &a); err != nil {
		h.t.Fatal(err)
	}
	return a
}

// die lets deliveries die.
func (h *harness) die(source, bus, rule, robot, code string, n int) (ids []string) {
	h.t.Helper()
	for range n {
		h.seq++
		e := ledger.Entry{
			EventSource: source, EventID: fmt.Sprint("e", h.seq), Bus: bus, Rule: rule, Target: "ops", Channel: "dingtalk",
			Address: "dingtalk " + robot, Happened: h.now, Sealed: []byte("{}"), Event: []byte("{}"),
		}
		list, err := h.ledger.Claim(h.t.Context(), ledger.Terms{Lease: time.Minute}, []ledger.Entry{e})
		if err != nil {
			h.t.Fatal(err)
		}
		_, err = h.ledger.Record(h.t.Context(), []ledger.Result{{Delivery: list[0], Attempts: []ledger.Attempt{
			{At: h.now, Outcome: channel.Outcome{Class: channel.Misconfigured, Code: code, Text: "token is not exist"}},
		}}})
		if err != nil {
			h.t.Fatal(err)
		}
		ids = append(ids, e.ID())
	}
	return ids
}

func TestAHeartbeatGoesRoundEveryBusThatIsSetUp(t *testing.T) {
	t.Parallel()
	h := migrated(t)
	if a := h.ok(); a.Heartbeats != 0 {
		t.Errorf("before a set-up: %+v", a)
	}
	h.setUp(bus)
	h.setUp("pai-system-cv_lab")
	h.setUp("pai-system-deleted")
	h.cloud.fail["pai-system-deleted"] = rule.NoWorkspace("deleted")
	if a := h.ok(); a.Heartbeats != 3 {
		t.Errorf("round = %+v, want 3 heartbeats looked after", a)
	}
	for _, bus := range []string{bus, "pai-system-cv_lab"} {
		sent := h.cloud.of(bus, sighting.HeartbeatType)
		if len(sent) != 1 || sent[0].Source != sighting.Source || !sent[0].Time.Equal(h.now) {
			t.Fatalf("on bus %s: %+v", bus, sent)
		}
		if err := h.sightings.Beat(t.Context(), bus, sent[0]); err != nil {
			t.Fatal(err)
		}
	}
	list, err := h.sightings.Heartbeats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range list {
		if b.Gone != (b.Bus == "pai-system-deleted") || !b.Gone && !b.Beat.Equal(h.now) {
			t.Errorf("heartbeat %+v", b)
		}
	}
}

func TestWhatDiedIsAnnouncedOnceByDestinationAndCause(t *testing.T) {
	t.Parallel()
	h := migrated(t)
	first := h.die("acs.paidlc", bus, "nightly", "a", "300005", 3)
	h.die("acs.paidlc", bus, "other", "a", "300005", 1)
	h.die("acs.paidlc", bus, "nightly", "b", "300005", 1)
	h.die("acs.paidlc", bus, "nightly", "a", "310000", 1)
	h.die("acs.paidlc", "pai-system-cv_lab", "nightly", "a", "300005", 1)
	if a := h.ok(); a.Announced != 7 {
		t.Errorf("round = %+v, want 7 announced", a)
	}
	told := h.cloud.of(bus, DeadType)
	if len(told) != 3 || len(h.cloud.of("pai-system-cv_lab", DeadType)) != 1 {
		t.Fatalf("announced %d and %d events, want 3 and 1", len(told), len(h.cloud.of("pai-system-cv_lab", DeadType)))
	}
	i := slices.IndexFunc(told, func(e event.Event) bool { return strings.Contains(string(e.Data), `"count":4`) })
	if i < 0 {
		t.Fatalf("no event counts the 4 of one destination and cause: %s", told[0].Data)
	}
	var d dead
	if err := json.Unmarshal(told[i].Data, &d); err != nil {
		t.Fatal(err)
	}
	if d.Workspace != "nlp_train" || d.Delivery != first[0] || d.Rule != "nightly" || len(d.Rules) != 2 || d.Code != "300005" ||
		d.Text != "token is not exist" || d.Advice["zh"] == "" || len(d.Deliveries) != 4 || d.Channel != "dingtalk" {
		t.Errorf("event says %+v", d)
	}
	if a := h.ok(); a.Announced != 0 || len(h.cloud.of(bus, DeadType)) != 3 {
		t.Errorf("it is announced again: %+v", a)
	}
}

func TestAnnouncementsAreEventsOfTheFifthSourceAndNeverFeedOnThemselves(t *testing.T) {
	t.Parallel()
	h := migrated(t)
	h.die("acs.paidlc", bus, "nightly", "a", "300005", 1)
	h.ok()
	e := h.cloud.of(bus, DeadType)[0]
	base, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	text, err := base.Pattern(catalog.Choice{Source: "delivery", Options: []string{"delivery.dead"}, Scope: catalog.Scope{Kind: catalog.AllInWorkspace}})
	if err != nil {
		t.Fatal(err)
	}
	p, err := pattern.Compile(text)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	if u := base.Unknown(e); !p.Match(raw) || u.Source != "" || u.Type != "" || len(u.Fields) > 0 {
		t.Errorf("the catalogue does not know all of %s: %+v", raw, u)
	}
	// A rule's telling of that event dies as well.
	h.die(e.Source, bus, "watch", "z", "300005", 1)
	if a := h.ok(); a.Announced != 1 || len(h.cloud.of(bus, DeadType)) != 1 {
		t.Errorf("round = %+v, %d events; want it noted and not told", a, len(h.cloud.of(bus, DeadType)))
	}
	if !strings.Contains(h.text.String(), "dead and not announced") {
		t.Error("the log does not say so")
	}
}

func TestAnAnnouncementThatFailsIsMadeByTheNextRoundWithTheSameID(t *testing.T) {
	t.Parallel()
	h := migrated(t)
	h.die("acs.paidlc", bus, "nightly", "a", "300005", 2)
	h.die("acs.paidlc", "pai-system-cv_lab", "nightly", "a", "300005", 1)
	h.die("acs.paidlc", "pai-system-deleted", "nightly", "a", "300005", 1)
	h.cloud.fail[bus] = &rule.Error{Code: rule.CodeUnavailable, Text: fault.Say("EventBridge gave no usable answer", "EventBridge 没有给出可用的应答")}
	h.cloud.fail["pai-system-deleted"] = rule.NoWorkspace("deleted")
	_, err := h.sweep(t.Context(), nil)
	var operation *smithy.OperationError
	if !errors.As(err, &operation) || operation.Service() != "sweep" {
		t.Fatalf("sweep = %v, want it to tell that something failed", err)
	}
	if len(h.cloud.of("pai-system-cv_lab", DeadType)) != 1 {
		t.Error("the other bus was not told")
	}
	deaths, err := h.ledger.Deaths(t.Context(), 10)
	if err != nil || len(deaths) != 1 || deaths[0].Bus != bus {
		t.Fatalf("left to announce: %+v, %v", deaths, err)
	}
	want, err := h.event(h.cloud.Catalog.(*catalog.Catalog), deaths[0])
	if err != nil {
		t.Fatal(err)
	}
	delete(h.cloud.fail, bus)
	h.ok()
	if got := h.cloud.of(bus, DeadType); len(got) != 1 || got[0].ID != want.ID {
		t.Errorf("announced %+v, want one with id %s", got, want.ID)
	}
}

func TestJobsThatCallsHaveBegunAreCompleted(t *testing.T) {
	t.Parallel()
	h := migrated(t)
	ids := h.die("acs.paidlc", bus, "nightly", "a", "300005", 150)
	h.ok() // they are announced
	_, err := h.cloud.Put(t.Context(), "nlp_train", rule.Rule{
		Name: "nightly", Enabled: true,
		Event:   catalog.Choice{Source: "dlc", Options: []string{"dlc.job.failed"}, Scope: catalog.Scope{Kind: catalog.AllInWorkspace}},
		Targets: []rule.Target{{ID: "ops", Channel: "wecom", Settings: channel.Settings{"webhook": "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=693a91f6-7xxx-4bc4-97a0-0ec2sifa5aaa"}}},
	}, rule.MatchAny)
	if err != nil {
		t.Fatal(err)
	}
	j, err := h.ledger.StartJob(t.Context(), ledger.Job{Kind: ledger.JobReplay, Key: "k", Filter: ledger.Filter{States: []ledger.State{ledger.Dead}}})
	if err != nil {
		t.Fatal(err)
	}
	if a := h.ok(); a.Jobs != 1 {
		t.Errorf("round = %+v, want a job advanced", a)
	}
	if j, err = h.ledger.Job(t.Context(), j.ID); err != nil || j.State != ledger.JobDone || j.Done != 150 || j.Refused != 0 {
		t.Errorf("job = %+v, %v", j, err)
	}
	// The target has another channel now; its function finds them.
	h.now = h.now.Add(time.Second)
	due, err := h.ledger.Due(t.Context(), ledger.Terms{Lease: time.Minute}, "wecom", 200)
	if err != nil || len(due) != 150 || !slices.Contains(ids, due[0].ID) {
		t.Errorf("%d are due for the new channel, %v; want 150", len(due), err)
	}
}

func TestWhatEndedLongAgoIsForgotten(t *testing.T) {
	t.Parallel()
	h := migrated(t)
	h.die("acs.paidlc", bus, "nightly", "a", "300005", 2)
	h.ok()
	count := func() int {
		t.Helper()
		n, err := h.ledger.Total(t.Context(), ledger.Filter{})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	h.now = h.now.Add(89 * 24 * time.Hour)
	if a := h.ok(); a.Purged != 0 || count() != 2 {
		t.Errorf("after 89 days: %+v, %d left", a, count())
	}
	h.now = h.now.Add(25 * time.Hour)
	if a := h.ok(); a.Purged != 2 || count() != 0 {
		t.Errorf("after 90 days: %+v, %d left", a, count())
	}
	// An administrator may want less.
	settings := database.DefaultSettings()
	settings.KeepDeadDays = 1
	if err := h.db.SaveSettings(t.Context(), settings); err != nil {
		t.Fatal(err)
	}
	h.die("acs.paidlc", bus, "nightly", "a", "300005", 1)
	h.ok()
	h.now = h.now.Add(25 * time.Hour)
	if a := h.ok(); a.Purged != 1 {
		t.Errorf("after a day of one: %+v", a)
	}
}

func TestOnePartThatFailsKeepsNoOtherFromItsWork(t *testing.T) {
	t.Parallel()
	h := migrated(t)
	h.setUp(bus)
	h.setUp("pai-system-cv_lab")
	h.die("acs.paidlc", "pai-system-cv_lab", "nightly", "a", "300005", 1)
	h.cloud.fail[bus] = errors.New("refused")
	if _, err := h.sweep(t.Context(), nil); err == nil || !strings.Contains(err.Error(), bus) {
		t.Errorf("sweep = %v, want it to name the bus", err)
	}
	if len(h.cloud.of("pai-system-cv_lab", sighting.HeartbeatType)) != 1 || len(h.cloud.of("pai-system-cv_lab", DeadType)) != 1 {
		t.Errorf("the other bus got %+v", h.cloud.put)
	}
}

func TestWithoutTablesItSaysToRunTheSetUp(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	_, err := h.sweep(t.Context(), nil)
	var old *database.SchemaError
	if !errors.As(err, &old) {
		t.Errorf("sweep = %v, want that the schema is too old", err)
	}
}
