package main

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aws/smithy-go"

	"pai-notify/shared/access"
	"pai-notify/shared/channel"
	"pai-notify/shared/connectivity"
	"pai-notify/shared/contact"
	"pai-notify/shared/database"
	"pai-notify/shared/fault"
	"pai-notify/shared/httpapi"
	"pai-notify/shared/message"
	"pai-notify/shared/rule"
)

// Test is which channel is to be tested.
type Test struct {
	Channel  string `json:"channel" example:"sms"`
	Language string `json:"language,omitempty" doc:"Such as zh or en; left out: the contact's, or the deployment's"`
}

// reaching are the channels that name contacts.
func (s *service) reaching() []channel.Channel {
	return slices.DeleteFunc(slices.Clone(s.channels), func(c channel.Channel) bool { return !c.Spec().Contacts })
}

func (s *service) channel(name string) (channel.Channel, bool) {
	list := s.reaching()
	at := slices.IndexFunc(list, func(c channel.Channel) bool { return c.Spec().Name == name })
	if at < 0 {
		return nil, false
	}
	return list[at], true
}

// checkTest finds all faults of a test that is asked for.
func (s *service) checkTest(ctx context.Context, t Test) smithy.InvalidParamsError {
	var faults smithy.InvalidParamsError
	if access.From(ctx).Require(access.Editor) != nil || s.db.CheckVersion(ctx) != nil { // the operation says so
		return faults
	}
	if err := message.CheckLanguage(t.Language); t.Language != "" && err != nil {
		faults.Add(fault.New("Language", fault.Say("%s, or be left out", "%s，或留空", err)))
	}
	_, known := s.channel(t.Channel)
	switch {
	case t.Channel == "":
		faults.Add(smithy.NewErrParamRequired("Channel"))
		return faults
	case !known:
		var names fault.Names
		for _, c := range s.reaching() {
			names = append(names, c.Spec().Name)
		}
		faults.Add(fault.New("Channel", fault.Say("is none that reaches contacts; there are %s", "不是面向联系人的通道，可用：%s", names)))
		return faults
	}
	id := httpapi.Param(ctx, "id")
	found, err := s.book.Get(ctx, id)
	settings, failed := s.db.Settings(ctx)
	c, there := found[id]
	if err != nil || failed != nil || !there { // the operation meets it
		return faults
	}
	// What a rule with this one target would be told.
	r := rule.Rule{Targets: []rule.Target{{ID: "test", Channel: t.Channel, Contacts: []string{id}}}}
	reach := rule.Reach{Contacts: map[string]rule.Contact{id: c}, Regions: rule.RegionsOf(s.region, settings.Channels, settings.ChannelRegions)}
	for _, f := range fault.List(r.CheckReach(s.specs(), reach)) {
		text := f.Said()
		if strings.HasPrefix(f.Path, "targets[0].contacts") {
			lack, _, _ := strings.Cut(f.Text, ",")
			lackZH, _, _ := strings.Cut(f.ZH, "，")
			text = fault.Say("cannot reach the contact, which %s; add it to the contact, or choose another channel",
				"无法到达该联系人：%[2]s；请为其补充，或换一个通道", lack, lackZH)
		}
		faults.Add(fault.New("Channel", text))
	}
	return faults
}

func (s *service) test(ctx context.Context, in *struct {
	Named
	httpapi.Checked[Test]
}) (*struct{ Body connectivity.Result }, error) {
	now, err := s.enter(ctx, access.Editor)
	if err != nil {
		return nil, err
	}
	c, err := s.find(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	through, _ := s.channel(in.Body.Channel) // the check has seen to it
	spec := through.Spec()
	one := connectivity.Test{
		Channel: through, To: addressed(spec, now.settings, c), Language: first(in.Body.Language, c.Language, now.settings.Language),
		Advised: in.Language(),
	}
	if err := s.keys.AllowTest(ctx); err != nil {
		return nil, err
	}
	ticket, wait, err := s.book.Test(ctx, c.ID)
	if err != nil {
		return nil, err
	}
	if wait > 0 {
		return nil, s.usedUp(c, wait, one.Advised)
	}
	if err := s.tester.Pace(ctx, one); err != nil {
		if failed := s.book.Untest(ctx, ticket); failed != nil { // nothing was sent, so nothing is counted
			return nil, failed
		}
		return nil, err
	}
	result := s.tester.Try(ctx, one)
	s.log.InfoContext(ctx, "test", "key", access.From(ctx).KeyID, "contact", c.ID, "channel", spec.Name, "class", result.Class,
		"step", result.Step, "code", result.Code, "ms", result.MS)
	return &struct{ Body connectivity.Result }{result}, nil
}

// addressed are the settings that a channel reaches a contact with.
func addressed(spec channel.Spec, settings database.Settings, c contact.Contact) channel.Settings {
	to := channel.Settings{}
	maps.Copy(to, settings.Channels[spec.Name])
	to[channel.To] = c.Address(spec.Name)
	return to
}

func first(wishes ...string) string {
	for _, w := range wishes {
		if w != "" {
			return w
		}
	}
	return ""
}

func (s *service) usedUp(c contact.Contact, wait time.Duration, language string) error {
	return &httpapi.Problem{
		Status: http.StatusTooManyRequests, Code: "Throttled", RetryAfter: wait,
		Said: fault.Say("contact %q has had %d test messages within 24 hours; the next can go at %s. Nothing was sent",
			"联系人 %q 在 24 小时内已收到 %d 条测试消息，%s 之后才能再发；本次未发送", c.ID, contact.MaxTests, s.clock.Now().Add(wait).UTC().Format(time.RFC3339)),
		Advice: channel.Advice{
			"en": "Wait until then. Test messages cost money and ring, so each contact gets few; deliveries are not held up by this.",
			"zh": "请届时再试。测试消息会产生费用并打扰对方，因此每个联系人每天次数有限；正常通知不受影响。",
		}.In(language),
	}
}
