package rule_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pai-notify/shared/channel"
	"pai-notify/shared/fault"
	"pai-notify/shared/message"
	"pai-notify/shared/rule"
	"pai-notify/shared/rule/ruletest"
)

func check(r rule.Rule, limits rule.Limits) []fault.Fault {
	return fault.List(r.Check(limits, choices{}, specs()))
}

func TestAValidRuleHasNoFaults(t *testing.T) {
	t.Parallel()
	r := ruletest.Draft("dlc_failed-1", ruletest.DingTalk("ops"), rule.Target{ID: "on.call_1", Channel: "sms", Contacts: []string{"alice", "tony"}})
	if got := check(r, rule.Limits{}); len(got) > 0 {
		t.Errorf("faults: %+v", got)
	}
	if r.Units() != 3 {
		t.Errorf("%d units, want 3: one webhook and two contacts", r.Units())
	}
}

func TestAllFaultsComeAtOnceWithTheirPaths(t *testing.T) {
	t.Parallel()
	r := rule.Rule{Name: "nightly!", Description: strings.Repeat("字", 257), Targets: []rule.Target{
		{},
		{ID: "a", Channel: "webhook", Settings: channel.Settings{"url": "https://x", "urll": "y"}},
		{ID: "a", Channel: "sms", Contacts: []string{"alice", "alice", "b c"}, Mentions: message.Mentions{All: true}},
		{ID: "c", Channel: "sms"},
		{ID: "d", Channel: "dingtalk", Contacts: []string{"alice"}, Language: "de", Mentions: message.Mentions{Users: []string{"", "a\nb"}}},
	}}
	r.Event.Source = "flow"
	r.Event.Options = []string{"flow.job.failed", "nope"}
	var got []string
	for _, f := range check(r, rule.Limits{}) {
		got = append(got, f.Path)
	}
	want := []string{
		"name", "description", "event.source", "event.options[1]", "targets", "targets[0].id", "targets[0].channel", "targets[1].channel",
		"targets[1].settings.urll", "targets[2].contacts[1]", "targets[2].contacts[2]", "targets[2].mentions", "targets[2].id",
		"targets[3].contacts", "targets[4].language", "targets[4].settings.webhook", "targets[4].contacts", "targets[4].mentions.users[0]",
		"targets[4].mentions.users[1]",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("paths (-want +got):\n%s", diff)
	}
}

func TestNamesAreWhatEventBridgeTakes(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"ab": true, "a_b-9": true, "9a": true, strings.Repeat("x", 127): true,
		"": false, "a": false, "-ab": false, "_ab": false, "a b": false, "a.b": false, "规则": false, "${data}": false, "a\n": false,
		strings.Repeat("x", 128): false, "default": false, "Default": false, "eventbridge-reserved-x": false, "pai-notify-observe": false,
	} {
		r := ruletest.Draft(name, ruletest.DingTalk("ops"))
		if got := len(check(r, rule.Limits{})) == 0; got != want {
			t.Errorf("name %q is taken: %v, want %v", name, got, want)
		}
	}
}

func TestTheSixthUnitIsRefusedWithTheCountOfEachTarget(t *testing.T) {
	t.Parallel()
	r := ruletest.Draft("r1", ruletest.DingTalk("ops"), ruletest.DingTalk("dev"),
		rule.Target{ID: "oncall", Channel: "sms", Contacts: []string{"a", "b", "c"}})
	if got := check(r, rule.Limits{}); len(got) > 0 {
		t.Errorf("5 units: %+v", got)
	}
	r.Targets[2].Contacts = append(r.Targets[2].Contacts, "d")
	got := check(r, rule.Limits{})
	if len(got) != 1 || got[0].Path != "targets" {
		t.Fatalf("6 units: %+v", got)
	}
	for _, want := range []string{"6 units", "is 5", `"ops" 1`, `"oncall" 4`} {
		if !strings.Contains(got[0].Text, want) {
			t.Errorf("fault lacks %q: %s", want, got[0].Text)
		}
	}
	if got := check(r, rule.Limits{Units: 6}); len(got) > 0 {
		t.Errorf("with a limit of 6: %+v", got)
	}
	if limit := (rule.Limits{Units: 1000}).Max(); limit != 100 {
		t.Errorf("the highest limit is %d, want 100", limit)
	}
	hostile := ruletest.Draft("r1")
	for i := range 100_000 {
		hostile.Targets = append(hostile.Targets, rule.Target{ID: fmt.Sprint(i), Channel: "lark", Settings: channel.Settings{"webhook": "x"}})
	}
	if got := check(hostile, rule.Limits{}); len(got) != 1 || len(got[0].Text) > 1000 {
		t.Errorf("100,000 targets: %d faults, the first of %d bytes", len(got), len(got[0].Text))
	}
}

func TestChannelsServeOnlyTheirSources(t *testing.T) {
	t.Parallel()
	http := rule.Target{ID: "hook", Channel: "webhook", Settings: channel.Settings{"url": "https://x"}}
	sms := rule.Target{ID: "oncall", Channel: "sms", Contacts: []string{"alice"}}
	for source, want := range map[string]string{"dlc": "targets[0].channel", "model": "targets[1].channel"} {
		r := ruletest.Draft("r1", http, sms)
		r.Event.Source, r.Event.Options = source, []string{source + ".job.failed"}
		got := check(r, rule.Limits{})
		if len(got) != 1 || got[0].Path != want || !strings.Contains(got[0].Text, "only for events of") {
			t.Errorf("%s: %+v, want one fault at %s", source, got, want)
		}
	}
}

func TestShortSecretsAreNotShownInPart(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]rule.Secret{
		"https://h.example/p?token=abcd":                             {Host: "h.example"},
		"https://h.example/p?access_token=0123456789abcde":           {Host: "h.example"},
		"https://h.example/p?access_token=0123456789abcdef":          {Host: "h.example", Last4: "cdef"},
		"https://h.example/open-apis/bot/v2/hook/0123456789abcdefg/": {Host: "h.example", Last4: "defg"},
		"https://h.example/a-long-path-without-a-secret/x":           {Host: "h.example"},
		"hunter2":                          {},
		"SEC0123456789abcdef":              {Last4: "cdef"},
		"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLQ==": {Last4: "LaLQ"},
		"////====":                         {},
	} {
		r := ruletest.Draft("r1", rule.Target{ID: "a", Channel: "dingtalk", Settings: channel.Settings{"secret": value}})
		redacted, shown := rule.Redact(r, specs(), keyset(t, "k1").Fingerprint)
		got := shown["a"]["secret"]
		if want.Fingerprint = got.Fingerprint; got != want || got.Fingerprint == "" {
			t.Errorf("shown of %s: %+v, want %+v", value, got, want)
		}
		if len(redacted.Targets[0].Settings) > 0 {
			t.Errorf("left in the settings: %v", redacted.Targets[0].Settings)
		}
		if r.Targets[0].Settings["secret"] != value {
			t.Error("Redact changed the rule it was given")
		}
	}
}
