package main

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"pai-notify/shared/channel"
	"pai-notify/shared/database"
	"pai-notify/shared/fault"
)

var reachIDs = []string{"sms-sign", "sms-template", "voice-template", "voice-number", "mail-sender"}

// reaching is a deployment with settings for its channels.
func reaching(t *testing.T, channels map[string]map[string]string) *deployment {
	t.Helper()
	d := opened(t)
	d.cloud.signs = []reviewed{{Name: "PAI通知", State: reviewPassed}, {Name: "新签名", State: "AUDIT_STATE_NOT_PASS", Reason: "no proof"}}
	d.cloud.templates = []reviewed{
		{Name: "SMS_1", State: reviewPassed, Kind: 1, Text: "任务${name}${status}，${time}"},
		{Name: "SMS_2", State: reviewPassed, Kind: 1, Text: "job ${name} ${owner}"},
		{Name: "SMS_3", State: reviewPassed, Kind: 0, Text: "code ${code}"},
		{Name: "SMS_4", State: "AUDIT_STATE_INIT", Kind: 1},
	}
	d.cloud.senders = []sender{{Address: "pai@example.com", Kind: "trigger"}, {Address: "news@example.com", Kind: "batch"},
		{Address: "cold@example.com", Kind: "trigger", Frozen: true}, {Address: "bare@example.com", Kind: "trigger", Broken: true}}
	settings := database.DefaultSettings()
	settings.Channels = channels
	if err := d.db.SaveSettings(t.Context(), settings); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestNotUsingSMSVoiceAndMailIsNoFault(t *testing.T) {
	t.Parallel()
	for id, s := range reaching(t, nil).get("") {
		optional := strings.Contains(strings.Join(reachIDs, " "), id)
		if s.Optional != optional || (optional && (s.State != Unused || !strings.Contains(s.Advice, "console.aliyun.com"))) {
			t.Errorf("%+v", s)
		}
	}
}

func TestWhatIsSetForSMSVoiceAndMailIsHeldAgainstTheServices(t *testing.T) {
	t.Parallel()
	sms := func(pairs ...string) map[string]map[string]string { return one("sms", pairs...) }
	for name, c := range map[string]struct {
		channels map[string]map[string]string
		id       string
		state    State
		text     string
	}{
		"approved sign name":       {sms("signName", "PAI通知"), "sms-sign", Done, "【PAI通知】, which is approved"},
		"refused sign name":        {sms("signName", "新签名"), "sms-sign", Blocked, `"新签名" is not approved (AUDIT_STATE_NOT_PASS): no proof`},
		"unknown sign name":        {sms("signName", "x"), "sms-sign", Blocked, `no sign name "x"; it has: PAI通知, 新签名`},
		"templates, no sign name":  {sms("templateZh", "SMS_1"), "sms-sign", Blocked, "channels.sms.signName is not set"},
		"sign name, no templates":  {sms("signName", "PAI通知"), "sms-template", Blocked, "channels.sms.templateZh is not set"},
		"one template of two":      {sms("templateEn", "SMS_1"), "sms-template", Done, "SMS_1, which are approved"},
		"template in review":       {sms("templateZh", "SMS_1", "templateEn", "SMS_4"), "sms-template", Blocked, `"SMS_4" is not approved (AUDIT_STATE_INIT)`},
		"template of other kind":   {sms("templateZh", "SMS_3"), "sms-template", Blocked, "SMS_3 is not for notices"},
		"template with a stranger": {sms("templateZh", "SMS_2"), "sms-template", Blocked, "wants the variable ${owner}"},
		"unknown template":         {sms("templateZh", "SMS_9"), "sms-template", Blocked, "no template SMS_9; it has: SMS_1"},
		"speech":                   {one("voice", "templateZh", "TTS_1"), "voice-template", Done, "only a call can tell"},
		"number, no speech":        {one("voice", "showNumber", "0571"), "voice-template", Blocked, "channels.voice.templateZh is not set"},
		"shared number":            {one("voice", "templateZh", "TTS_1"), "voice-number", Done, "shared number"},
		"own number":               {one("voice", "showNumber", "057100000000"), "voice-number", Done, "come from 057100000000"},
		"sender":                   {one("email", "from", "pai@example.com"), "mail-sender", Done, "pai@example.com, which may send"},
		"sender elsewhere":         {one("email", "from", "pai@example.com", "region", "ap-southeast-2"), "mail-sender", Done, "no receipts come here from region ap-southeast-2"},
		"alias, no sender":         {one("email", "alias", "PAI"), "mail-sender", Blocked, "channels.email.from is not set"},
		"unknown sender":           {one("email", "from", "x@example.com"), "mail-sender", Blocked, "no sender address x@example.com"},
		"sender of mass mail":      {one("email", "from", "news@example.com"), "mail-sender", Blocked, "for mass mail"},
		"frozen sender":            {one("email", "from", "cold@example.com"), "mail-sender", Blocked, "is frozen"},
		"sender without DNS":       {one("email", "from", "bare@example.com"), "mail-sender", Blocked, "DNS records"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := reaching(t, c.channels).get("")[c.id]
			if s.State != c.state || !strings.Contains(s.Text, c.text) || (s.State == Blocked && s.Advice == "") {
				t.Errorf("%+v, want %s with %q", s, c.state, c.text)
			}
		})
	}
}

func one(channel string, pairs ...string) map[string]map[string]string {
	set := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		set[pairs[i]] = pairs[i+1]
	}
	return map[string]map[string]string{channel: set}
}

func TestWhatTheRoleMayNotLookUpIsSaidAndIsNoFault(t *testing.T) {
	t.Parallel()
	d := reaching(t, map[string]map[string]string{"sms": {"signName": "x", "templateZh": "SMS_9"}, "email": {"from": "x@example.com"}})
	d.cloud.active = true
	for _, action := range []string{"QuerySmsSignList", "QuerySmsTemplateList", "QueryMailAddressByParam"} {
		d.cloud.forbid[action] = true
	}
	steps := d.get("")
	for _, id := range []string{"sms-sign", "sms-template", "mail-sender"} {
		if s := steps[id]; s.State != Done || !strings.Contains(s.Text, "could not be looked up") || !strings.Contains(s.Advice, "/setup/policy") {
			t.Errorf("%+v", s)
		}
	}
	if s := steps["permissions"]; s.State != Done {
		t.Errorf("%+v, want done: nobody has to use SMS and mail", s)
	}
}

func TestTheServicesListsAreReadPageByPage(t *testing.T) {
	t.Parallel()
	a, _ := newAlibaba(t, map[string]string{
		"QuerySmsSignList": `200 {"Code":"OK","SmsSignList":[{"SignName":"PAI通知","AuditStatus":"AUDIT_STATE_PASS","Reason":{}}]}`,
		"QuerySmsTemplateList": `200 {"Code":"OK","SmsTemplateList":[{"TemplateCode":"SMS_1","AuditStatus":"AUDIT_STATE_NOT_PASS",` +
			`"TemplateContent":"${name}","OuterTemplateType":1,"Reason":{"RejectInfo":"no"}}]}`,
		"QueryMailAddressByParam": `200 {"data":{"mailAddress":[{"AccountName":"a@example.com","Sendtype":"trigger","AccountStatus":0,` +
			`"DomainStatus":"1"},{"AccountName":"b@example.com","Sendtype":"batch","AccountStatus":1,"DomainStatus":0}]}}`,
	})
	signs, err := a.Signs(t.Context(), "cn-hangzhou")
	if err != nil || len(signs) != 1 || signs[0] != (reviewed{Name: "PAI通知", State: reviewPassed}) {
		t.Errorf("signs %+v, %v", signs, err)
	}
	templates, err := a.Templates(t.Context(), "cn-hangzhou")
	if err != nil || len(templates) != 1 || templates[0].Reason != "no" || templates[0].Text != "${name}" || templates[0].Kind != 1 {
		t.Errorf("templates %+v, %v", templates, err)
	}
	for address, want := range map[string]sender{"a@example.com": {"a@example.com", "trigger", false, true},
		"b@example.com": {"b@example.com", "batch", true, false}} {
		if got, ok, err := a.Sender(t.Context(), "cn-hangzhou", address); err != nil || !ok || got != want {
			t.Errorf("sender %+v %v %v, want %+v", got, ok, err, want)
		}
	}
	if _, ok, err := a.Sender(t.Context(), "cn-hangzhou", "c@example.com"); ok || err != nil {
		t.Errorf("an unknown sender: %v %v", ok, err)
	}
	full := make([]string, 50)
	for i := range full {
		full[i] = `{"SignName":"x","AuditStatus":"AUDIT_STATE_PASS"}`
	}
	long, seen := newAlibaba(t, map[string]string{"QuerySmsSignList": `200 {"Code":"OK","SmsSignList":[` + strings.Join(full, ",") + `]}`})
	if list, err := long.Signs(t.Context(), "cn-hangzhou"); err != nil || len(list) != 1000 || len(seen.queries) != most {
		t.Errorf("%d sign names in %d calls, %v; want it to stop at %d", len(list), len(seen.queries), err, most)
	}
}

func TestAMissingPermissionIsToldFromOtherRefusals(t *testing.T) {
	t.Parallel()
	for answer, forbidden := range map[string]bool{
		`200 {"Code":"isp.RAM_PERMISSION_DENY","Message":"deny"}`:            true,
		`403 {"Code":"NoPermission","Message":"deny"}`:                       true,
		`200 {"Code":"isv.PRODUCT_UN_SUBSCRIPT","Message":"not subscribed"}`: false,
		`200 {}`:    false,
		`200 <html`: false,
		`500 {}`:    false,
	} {
		a, _ := newAlibaba(t, map[string]string{"QuerySmsSignList": answer})
		_, err := a.Signs(t.Context(), "cn-hangzhou")
		if err == nil {
			t.Errorf("%s is no error", answer)
			continue
		}
		if _, ok := unseen(say("x", "x"), err); ok != forbidden {
			t.Errorf("%s is %v: a missing permission: %v, want %v", answer, err, ok, forbidden)
		}
	}
}

func TestChannelsSettingsAreCheckedByWhatTheirTargetsShare(t *testing.T) {
	t.Parallel()
	specs := []channel.Spec{{Name: "dingtalk"}, {Name: "sms", Shared: []channel.Field{
		{Name: "signName", Required: true}, {Name: "mode", Options: []string{"a", "b"}}}}}
	settings := database.DefaultSettings()
	settings.Channels = map[string]map[string]string{"sms": {"mode": "c", "SignName": "x"}, "dingtalk": {"a": "b"}, "Fax": {}}
	settings.ChannelRegions = map[string][]string{"sms": {"mainland", "eu-central-1", "Europe"}, "fax": nil}
	var got []string
	for _, f := range fault.List(checkSettings(nil, specs)(context.Background(), settings)) {
		got = append(got, f.Path+" "+f.Text)
		if f.ZH == "" || f.ZH == f.Text {
			t.Errorf("the fault of %s is not told in Chinese: %s", f.Path, f.Text)
		}
	}
	want := []string{
		"channels.Fax is no channel with settings of its own; those are sms",
		"channels.dingtalk is no channel with settings of its own; those are sms",
		"channels.sms.signName is missing; give it a value",
		"channels.sms.mode is not one of a, b",
		"channels.sms.SignName is not a setting of channel sms; its settings are signName, mode",
		"channelRegions.fax is no channel",
		"channelRegions.sms[2] is no region such as cn-hangzhou, nor the word mainland, which stands for all of mainland China",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("faults\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	settings.Channels, settings.ChannelRegions = map[string]map[string]string{"sms": {}}, nil
	if faults := checkSettings(nil, specs)(context.Background(), settings); faults.Len() != 0 {
		t.Errorf("a channel without settings: %v", fault.List(faults))
	}
}

func TestSettingsOfAnUnknownChannelAreRefusedWithTheirPath(t *testing.T) {
	t.Parallel()
	d := opened(t)
	settings := database.DefaultSettings()
	settings.Channels = map[string]map[string]string{"fax": {"number": "1"}}
	body, err := json.Marshal(settings)
	if err != nil {
		t.Fatal(err)
	}
	if response, text := d.raw("PUT", "/api/v1/settings", string(body)); response.StatusCode != 422 || !strings.Contains(string(text), `"channels.fax"`) {
		t.Errorf("PUT = %d %s", response.StatusCode, text)
	}
}
