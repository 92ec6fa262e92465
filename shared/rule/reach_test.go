package rule_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"pai-notify/shared/channel"
	"pai-notify/shared/fault"
	"pai-notify/shared/message"
	"pai-notify/shared/rule"
	"pai-notify/shared/rule/ruletest"
)

// addresses are a contact's by channel.
type addresses map[string]string

func (a addresses) Address(channelName string) string { return a[channelName] }

func (a addresses) Mention(channelName string) string { return a["@"+channelName] }

func contactSpecs() []channel.Spec {
	sources := []string{"dlc", "flow", "dsw", "delivery"}
	return []channel.Spec{
		{Name: "sms", Contacts: true, Sources: sources}, {Name: "voice", Contacts: true, Sources: sources},
		{Name: "email", Contacts: true, Sources: sources}, {Name: "dingtalk"},
	}
}

func people() rule.Reach {
	return rule.Reach{Contacts: map[string]rule.Contact{
		"alice": addresses{"sms": "+8613800138000", "voice": "+8613800138000", "email": "a@example.com"},
		"desk":  addresses{"voice": "+8657188888888"},
	}, Regions: rule.Regions{Own: "cn-hangzhou"}}
}

func TestContactsThatCannotBeReachedAreNamed(t *testing.T) {
	t.Parallel()
	r := rule.Rule{Targets: []rule.Target{
		{ID: "a", Channel: "sms", Contacts: []string{"alice", "desk", "nobody", "nobody", "not an id"}},
		{ID: "b", Channel: "voice", Contacts: []string{"alice", "desk"}},
		{ID: "c", Channel: "email", Contacts: []string{"desk", "alice"}},
		{ID: "d", Channel: "dingtalk"},
		{ID: "e", Channel: "unknown", Contacts: []string{"nobody"}},
	}}
	want := []fault.Fault{
		{Path: "targets[0].contacts[1]", Text: "has no mobile number, which sms needs; add it to the contact, or take the contact away here"},
		{Path: "targets[0].contacts[2]", Text: "is no contact; GET /api/v1/contacts lists them, POST makes one"},
		{Path: "targets[2].contacts[0]", Text: "has no mail address, which email needs; add it to the contact, or take the contact away here"},
	}
	if diff := cmp.Diff(want, fault.List(r.CheckReach(contactSpecs(), people())), cmpopts.IgnoreFields(fault.Fault{}, "ZH")); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"alice", "desk", "nobody", "not an id"}, r.ContactIDs()); diff != "" {
		t.Errorf("contacts (-want +got):\n%s", diff)
	}
}

func TestWithoutAnyContactTheSettingsComeFirst(t *testing.T) {
	t.Parallel()
	r := rule.Rule{Targets: []rule.Target{{ID: "a", Channel: "sms", Contacts: []string{"alice", "bob"}}, {ID: "b", Channel: "dingtalk"}}}
	want := []fault.Fault{{Path: "targets[0].contacts", Text: "cannot be named, as there are no contacts yet; fill in the message " +
		"receiving settings first (POST /api/v1/contacts, or /api/v1/contacts:import)"}}
	if diff := cmp.Diff(want, fault.List(r.CheckReach(contactSpecs(), rule.Reach{None: true})), cmpopts.IgnoreFields(fault.Fault{}, "ZH")); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
}

func TestChannelsExistWhereTheTableSays(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		regions rule.Regions
		channel string
		want    bool
	}{
		{rule.Regions{Own: "cn-wulanchabu"}, "voice", true},
		{rule.Regions{Own: "cn-hongkong"}, "voice", false},
		{rule.Regions{Own: "ap-southeast-1"}, "voice", false},
		{rule.Regions{Own: "ap-southeast-1"}, "sms", true},
		{rule.Regions{Own: "me-east-1"}, "sms", false},
		{rule.Regions{Own: "me-east-1", Other: map[string]string{"sms": "cn-hangzhou"}}, "sms", true},
		{rule.Regions{Own: "us-east-1"}, "email", true},
		{rule.Regions{Own: "us-east-1"}, "dingtalk", true},
		{rule.Regions{}, "voice", true},
		{rule.Regions{Own: "us-east-1", Exist: map[string][]string{"voice": {}}}, "voice", true},
		{rule.Regions{Own: "us-east-1", Exist: map[string][]string{"voice": {"us-east-1"}}}, "voice", true},
		{rule.Regions{Own: "cn-hangzhou", Exist: map[string][]string{"sms": {"us-east-1"}}}, "sms", false},
		{rule.Regions{Own: "cn-hangzhou", Exist: map[string][]string{"dingtalk": {"us-east-1"}}}, "dingtalk", false},
	} {
		if region, got := c.regions.Has(c.channel); got != c.want {
			t.Errorf("%s in %s (%+v): %v, want %v", c.channel, region, c.regions, got, c.want)
		}
	}
	r := rule.Rule{Targets: []rule.Target{{ID: "a", Channel: "voice", Contacts: []string{"alice"}}}}
	reach := people()
	reach.Regions.Own = "us-east-1"
	want := []fault.Fault{{Path: "targets[0].channel", Text: "voice does not exist in region us-east-1, only in mainland; choose " +
		"another channel, or correct channelRegions in the settings"}}
	if diff := cmp.Diff(want, fault.List(r.CheckReach(contactSpecs(), reach)), cmpopts.IgnoreFields(fault.Fault{}, "ZH")); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
}

// TestUnitsArePerContactAndChannel is the example of PAI's documentation: contacts are counted in every channel, those
// named twice among them.
func TestUnitsArePerContactAndChannel(t *testing.T) {
	t.Parallel()
	r := ruletest.Draft("oncall", []rule.Target{
		{ID: "text", Channel: "sms", Contacts: []string{"alice", "tony"}},
		{ID: "mail", Channel: "email", Contacts: []string{"alice", "bob"}},
	}...)
	if got := r.Units(); got != 4 {
		t.Errorf("2 by SMS and 2 by e-mail are %d units, want 4", got)
	}
	r.Targets = append(r.Targets, rule.Target{ID: "call", Channel: "voice", Contacts: []string{"alice", "bob"}})
	faults := fault.List(r.Check(rule.Limits{}, choices{}, contactSpecs()))
	want := []fault.Fault{{Path: "targets", Text: `need 6 units, the limit of a rule is 5 ("text" 2, "mail" 2, "call" 2); take targets or ` +
		`contacts away, or split the rule, or have the limit raised`}}
	if diff := cmp.Diff(want, faults, cmpopts.IgnoreFields(fault.Fault{}, "ZH")); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
	r.Targets, r.Event.Source = r.Targets[:2], "model"
	paths := []string{}
	for _, f := range fault.List(r.Check(rule.Limits{}, choices{}, contactSpecs())) {
		if strings.HasPrefix(f.Path, "targets") {
			paths = append(paths, f.Path)
		}
	}
	if diff := cmp.Diff([]string{"targets[0].channel", "targets[1].channel"}, paths); diff != "" {
		t.Errorf("SMS and e-mail of a Model rule (-want +got):\n%s", diff)
	}
}

func TestContactsThatCannotBeCalledAreNamed(t *testing.T) {
	t.Parallel()
	reach := people()
	reach.Contacts["tony"] = addresses{"@dingtalk": "manager42"}
	r := rule.Rule{Targets: []rule.Target{
		{ID: "a", Channel: "dingtalk", Mentions: message.Mentions{Contacts: []string{"tony", "alice", "nobody", "not an id"}}},
	}}
	want := []fault.Fault{
		{Path: "targets[0].mentions.contacts[1]", Text: "has no id at dingtalk; add it to the contact, or take the contact away here"},
		{Path: "targets[0].mentions.contacts[2]", Text: "is no contact; GET /api/v1/contacts lists them, POST makes one"},
	}
	if diff := cmp.Diff(want, fault.List(r.CheckReach(contactSpecs(), reach)), cmpopts.IgnoreFields(fault.Fault{}, "ZH")); diff != "" {
		t.Error(diff)
	}
	if got := r.ContactIDs(); len(got) != 4 {
		t.Errorf("ContactIDs = %q, want those to be called too", got)
	}
}
