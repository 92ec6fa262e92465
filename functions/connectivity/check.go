package main

import (
	"context"
	"regexp"

	"github.com/aws/smithy-go"

	"pai-notify/shared/access"
	"pai-notify/shared/channel"
	"pai-notify/shared/fault"
	"pai-notify/shared/message"
)

// Order is what is to be tested: a target that is not saved, by channel and settings, or a saved one.
type Order struct {
	Channel   string           `json:"channel,omitempty" example:"dingtalk" doc:"Of a target that is not saved"`
	Settings  channel.Settings `json:"settings,omitempty" doc:"The channel's fields, secrets too"`
	Workspace string           `json:"workspace,omitempty" doc:"Of a saved target"`
	Rule      string           `json:"rule,omitempty"`
	Target    string           `json:"target,omitempty"`
	Language  string           `json:"language,omitempty" doc:"Such as zh or en; left out: the target's, or the deployment's"`
	Check     bool             `json:"check,omitempty" doc:"Only ask, post nothing; see silentCheck of the catalogue"`
}

func (o Order) isSaved() bool { return o.Workspace != "" || o.Rule != "" || o.Target != "" }

// Names of what lies in EventBridge, as rules and buses can be called.
var (
	workspaceName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$`)
	ruleName      = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,126}$`)
)

// check finds all faults of an order.
func (s *service) check(ctx context.Context, o Order) smithy.InvalidParamsError {
	var faults smithy.InvalidParamsError
	if access.From(ctx).Require(access.Editor) != nil { // the operation says so
		return faults
	}
	if err := message.CheckLanguage(o.Language); o.Language != "" && err != nil {
		faults.Add(fault.New("Language", fault.Say("%s, or be left out", "%s，或留空", err)))
	}
	unsaved := o.Channel != "" || len(o.Settings) > 0
	switch {
	case unsaved == o.isSaved():
		faults.Add(fault.New("", fault.Say("must have either channel and settings, of a target that is not saved, or workspace, rule and "+
			"target, of a saved one", "须给出未保存目标的 channel 和 settings，或已保存目标的 workspace、rule 和 target，两者取其一")))
	case unsaved:
		s.checkUnsaved(&faults, o)
	default:
		checkSaved(&faults, o)
	}
	return faults
}

func (s *service) checkUnsaved(faults *smithy.InvalidParamsError, o Order) {
	if o.Channel == "" {
		faults.Add(smithy.NewErrParamRequired("Channel"))
		return
	}
	c, known := s.channel(o.Channel)
	if !known {
		var names fault.Names
		for _, c := range s.channels {
			names = append(names, c.Spec().Name)
		}
		faults.Add(fault.New("Channel", fault.Say("is unknown; the channels are %s", "不存在，可用的通道：%s", names)))
		return
	}
	if c.Spec().Contacts {
		faults.Add(fault.New("Channel", toContacts("ID")))
		return
	}
	faults.AddNested("Settings", fault.OfMap(c.Spec().Check(o.Settings)))
	if _, can := c.(channel.Checker); o.Check && !can {
		faults.Add(cannotCheck(c))
	}
}

func checkSaved(faults *smithy.InvalidParamsError, o Order) {
	for _, one := range []struct {
		field, value string
		form         *regexp.Regexp
		what         fault.Text
	}{
		{"Workspace", o.Workspace, workspaceName, fault.Say("is no workspace's name: letters, digits, - and _", "不是工作空间名称，只能使用字母、数字、- 和 _")},
		{"Rule", o.Rule, ruleName, fault.Say("is no rule's name: letters, digits, - and _", "不是规则名称，只能使用字母、数字、- 和 _")},
		{"Target", o.Target, nil, nil},
	} {
		switch {
		case one.value == "":
			faults.Add(smithy.NewErrParamRequired(one.field))
		case one.form != nil && !one.form.MatchString(one.value):
			faults.Add(fault.New(one.field, one.what))
		}
	}
}

// cannotCheck is the fault of asking a channel that has no silent check for one.
func cannotCheck(c channel.Channel) smithy.InvalidParamError {
	return fault.New("Check", fault.Say("cannot be had of %s, which can only be tried by posting a message; leave check out to send one",
		"不适用于%s，只能通过发送消息来测试；请去掉 check 以发送一条", c.Spec().Title))
}

// toContacts says where targets are tested that name contacts.
func toContacts(id string) fault.Text {
	return fault.Say("reaches contacts, which are tested one by one: POST /api/v1/contacts/%s:test with the channel's name",
		"面向联系人，须逐个联系人测试：POST /api/v1/contacts/%s:test 并给出通道名称", id)
}
