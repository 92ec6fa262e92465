package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"pai-notify/shared/clock"
	"pai-notify/shared/environment"
	"pai-notify/shared/eventbridge"
	"pai-notify/shared/sighting"
)

// working is a deployment whose canary came back.
func working(t *testing.T, change ...func(*environment.Environment)) *deployment {
	t.Helper()
	d := opened(t, change...)
	d.cloud.active, d.cloud.buses[nlpBus] = true, true
	d.post(`{"workspace":"nlp_train"}`)
	d.deliver()
	d.deliver()
	if s := d.get("nlp_train")["canary"]; s.State != Done {
		t.Fatalf("canary = %+v", s)
	}
	return d
}

// later moves a deployment's clock.
func later(t *testing.T, d *deployment, by time.Duration) {
	t.Helper()
	now := time.Now()
	c, err := clock.Parse("1@" + now.Format(time.RFC3339Nano) + "=" + d.env.Clock.Now().Add(by).Format(time.RFC3339Nano))
	if err != nil {
		t.Fatal(err)
	}
	d.env.Clock = c
}

func TestACanaryIsRedAndSaysWhy(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(*deployment)
		want  string
	}{
		"disabled rule": {func(d *deployment) {
			r := d.cloud.rules[nlpBus]
			r.Enabled = false
			d.cloud.rules[nlpBus] = r
		}, "rule pai-notify-observe is disabled"},
		"wrong function": {func(d *deployment) {
			r := d.cloud.rules[nlpBus]
			r.FunctionARN = ownARN + "obsrve"
			d.cloud.rules[nlpBus] = r
		}, "names the wrong function"},
		"narrow pattern": {func(d *deployment) {
			r := d.cloud.rules[nlpBus]
			r.Pattern = `{"source":["acs.paidlc"]}`
			d.cloud.rules[nlpBus] = r
		}, "does not match every event"},
		"rule gone": {func(d *deployment) { delete(d.cloud.rules, nlpBus) }, "does not exist on the bus"},
		"missing role": {func(d *deployment) { delete(d.cloud.roles, eventbridge.SendToFunction) },
			"missing: AliyunServiceRoleForEventBridgeSendToFC"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := working(t)
			c.spoil(d)
			if s := d.post(`{"workspace":"nlp_train","steps":["canary"]}`); s["canary"].State != Failed {
				t.Errorf("POST of the canary alone = %+v", s["canary"])
			}
			if len(d.cloud.sent) != 2 {
				t.Errorf("%d canaries were sent, want a second", len(d.cloud.sent))
			}
			s := d.get("nlp_train")["canary"]
			if s.State != Failed || !strings.Contains(s.Text, c.want) || !strings.Contains(s.Advice,
				"POST /api/v1/setup") {
				t.Errorf("canary = %+v, want it to say %q", s, c.want)
			}
			if s := d.post(`{"workspace":"nlp_train"}`)["canary"]; s.State != Running {
				t.Errorf("after POST has mended it the canary is %+v, want a new one on its way", s)
			}
			d.deliver()
			d.deliver()
			if s := d.get("nlp_train")["canary"]; s.State != Done {
				t.Errorf("then %+v", s)
			}
		})
	}
}

func TestACanaryThatNeverComesIsRedAfterAMinuteWithEventBridgesOwnTrace(t *testing.T) {
	t.Parallel()
	d := working(t)
	d.post(`{"workspace":"nlp_train","steps":["canary"]}`)
	later(t, d, 59*time.Second)
	if s := d.get("nlp_train")["canary"]; s.State != Running {
		t.Errorf("after 59 s %+v", s)
	}
	later(t, d, 2*time.Second)
	d.cloud.pushes = []push{{"other", "x", "[200]Ok"}, {observeRule, ownARN + "observe", "[404]FunctionNotFound"}}
	s := d.get("nlp_train")["canary"]
	if s.State != Failed || !strings.Contains(s.Text, "[404]FunctionNotFound") || !strings.Contains(s.Advice,
		"DATABASE_URL") {
		t.Errorf("after a minute %+v", s)
	}
	d.cloud.forbid["QueryEventTraces"] = true
	if s := d.get("nlp_train")["canary"]; s.State != Failed || !strings.Contains(s.Text, "within a minute") {
		t.Errorf("without the trace %+v", s)
	}
	d.deliver()
	if s := d.get("nlp_train")["canary"]; s.State != Failed || !strings.Contains(s.Text, "does not retry") {
		t.Errorf("delivered once only %+v", s)
	}
}

func TestAWrongFormOfARNsIsSeenBeforeItIsUsed(t *testing.T) {
	t.Parallel()
	d := opened(t, func(e *environment.Environment) {
		e.FunctionARN = "acs:fc:cn-hangzhou:1234567890123456:functions/other-{function}"
	})
	d.cloud.active, d.cloud.buses[nlpBus] = true, true
	s := d.post(`{"workspace":"nlp_train"}`)
	for _, id := range []string{"targets", "canary"} {
		if s[id].State != Failed || !strings.Contains(s[id].Text, "FUNCTION_ARN") || !strings.Contains(s[id].Text,
			"pai-notify-setup") {
			t.Errorf("%s = %+v", id, s[id])
		}
	}
	d.deliver()
	d.deliver() // proof beats form
	if s := d.get("nlp_train"); s["targets"].State != Done || s["canary"].State != Done {
		t.Errorf("after the canary came back: %+v, %+v", s["targets"], s["canary"])
	}
}

func TestTheWholeWayThenNothingTheSecondTime(t *testing.T) {
	t.Parallel()
	d := opened(t)
	s := d.post(`{"workspace":"nlp_train","activate":true,"createBus":true}`)
	for _, id := range []string{"keys", "database", "activation", "roles", "bus", "targets", "deadletter",
		"permissions"} {
		if s[id].State != Done {
			t.Errorf("%s = %+v", id, s[id])
		}
	}
	if s["canary"].State != Running || len(d.cloud.sent) != 1 || d.cloud.sent[0].Source != sighting.Source {
		t.Errorf("canary = %+v, sent %+v", s["canary"], d.cloud.sent)
	}
	if !d.cloud.roles[paiRole] || !d.cloud.roles[eventbridge.SendToFunction] ||
		d.cloud.rules[nlpBus].FunctionARN != ownARN+"observe" {
		t.Errorf("roles %v, rules %v", d.cloud.roles, d.cloud.rules)
	}
	if s := d.post(`{"workspace":"nlp_train"}`); s["canary"].State != Running || len(d.cloud.sent) != 1 {
		t.Errorf("a POST meanwhile sends another canary: %+v", s["canary"])
	}
	d.deliver()
	if s := d.get("nlp_train"); s["canary"].State != Running || !strings.Contains(s["canary"].Text, "on purpose") {
		t.Errorf("after the first delivery %+v", s["canary"])
	}
	d.deliver()
	if s := d.get("nlp_train"); s["canary"].State != Done || s["canary"].Advice != "" {
		t.Errorf("after the second %+v", s["canary"])
	}
	writes := d.cloud.writes
	s = d.post(`{"workspace":"nlp_train","activate":true,"createBus":true}`)
	for id, step := range s {
		if step.State != Done && (!step.Optional || step.State != Unused) {
			t.Errorf("second time %s = %+v", id, step)
		}
	}
	if d.cloud.writes != writes {
		t.Errorf("the second time changed %d things", d.cloud.writes-writes)
	}
}

func TestWhatWasObservedIsTold(t *testing.T) {
	t.Parallel()
	d := working(t)
	_, body := d.call("GET", "/api/v1/setup?workspace=nlp_train", "")
	if body.Observed == nil || !strings.Contains(body.Observed.Text, "no event from PAI") {
		t.Errorf("observed = %+v", body.Observed)
	}
	e := d.cloud.sent[0]
	e.ID, e.Source, e.Type = "1", "acs.painew", "painew:Thing:Done"
	if err := d.sightings.Record(context.Background(), nlpBus, e, []sighting.Unknown{{Kind: "source",
		Name: "acs.painew"}}); err != nil {
		t.Fatal(err)
	}
	_, body = d.call("GET", "/api/v1/setup?workspace=nlp_train", "")
	if body.Observed == nil || body.Observed.LastEvent.IsZero() || len(body.Observed.Unknown) != 1 {
		t.Errorf("observed = %+v", body.Observed)
	}
}
