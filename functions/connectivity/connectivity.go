package main

import (
	"context"
	"strings"

	"github.com/aws/smithy-go"

	"pai-notify/shared/access"
	"pai-notify/shared/channel"
	"pai-notify/shared/connectivity"
	"pai-notify/shared/fault"
	"pai-notify/shared/httpapi"
)

func (s *service) test(ctx context.Context, in *struct {
	httpapi.Asked
	httpapi.Checked[Order]
}) (*struct{ Body connectivity.Result }, error) {
	o := in.Body
	c, settings, language, err := s.find(ctx, o)
	if err != nil {
		return nil, err
	}
	if _, can := c.(channel.Checker); o.Check && !can { // of a saved target this shows only now
		var faults smithy.InvalidParamsError
		faults.Add(cannotCheck(c))
		return nil, faults
	}
	advised := in.Language()
	if in.AcceptLanguage == "" && o.Language != "" {
		advised = o.Language
	}
	tester := connectivity.Tester{Ledger: s.ledger, Clock: s.clock, Function: "connectivity"}
	one := connectivity.Test{Channel: c, To: settings, Language: language, Advised: advised, Check: o.Check}
	if err := s.keys.AllowTest(ctx); err != nil {
		return nil, err
	}
	if err := tester.Pace(ctx, one); err != nil {
		return nil, err
	}
	var result connectivity.Result
	change := access.Change{Action: "connectivity.test", Workspace: o.Workspace, Object: strings.Trim(o.Rule+"/"+o.Target, "/")}
	err = s.keys.Audited(ctx, change, func(ctx context.Context) (any, error) {
		result = tester.Try(ctx, one)
		return map[string]any{"channel": c.Spec().Name, "class": result.Class, "step": result.Step, "code": result.Code}, nil
	})
	if err != nil {
		return nil, err
	}
	s.log.InfoContext(ctx, "test", "key", access.From(ctx).KeyID, "channel", c.Spec().Name, "workspace", o.Workspace,
		"rule", o.Rule, "target", o.Target, "checked", o.Check, "class", result.Class, "step", result.Step,
		"code", result.Code, "text", result.Text, "ms", result.MS)
	return &struct{ Body connectivity.Result }{result}, nil
}

// find gives whom an order tests: the channel, its settings with their secrets, and the language of the message.
func (s *service) find(ctx context.Context, o Order) (channel.Channel, channel.Settings, string, error) {
	caller := access.From(ctx)
	err := caller.Require(access.Editor)
	if o.isSaved() {
		err = caller.RequireIn(o.Workspace, access.Editor)
	}
	if err != nil {
		return nil, nil, "", err
	}
	if err := s.db.CheckVersion(ctx); err != nil {
		return nil, nil, "", err
	}
	deployment, err := s.db.Settings(ctx)
	if err != nil {
		return nil, nil, "", err
	}
	name, settings, language := o.Channel, o.Settings, ""
	if o.isSaved() {
		current, err := s.live.With(deployment.CatalogOverride)
		if err != nil { // only the form of buses' names is used here, which the catalogue without it has too
			s.log.ErrorContext(ctx, "catalogue override not used: correct it in the settings", "error", err.Error())
		}
		t, err := s.saved(current).Open(ctx, o.Workspace, o.Rule, o.Target)
		if err != nil {
			return nil, nil, "", err
		}
		if len(t.Contacts) > 0 {
			var faults smithy.InvalidParamsError
			faults.Add(fault.New("Target", toContacts(t.Contacts[0])))
			return nil, nil, "", faults
		}
		name, settings, language = t.Channel, t.Settings, t.Language
	}
	for _, wish := range []string{o.Language, language, deployment.Language} {
		if wish != "" {
			language = wish
			break
		}
	}
	c, known := s.channel(name)
	if !known {
		var faults smithy.InvalidParamsError
		faults.Add(fault.New("Target", fault.Say("is of channel %.64q, which this version does not have; change the target", "所用通道 %.64q 在此版本中不存在，请修改目标", name)))
		return nil, nil, "", faults
	}
	return c, settings, language, nil
}

func (s *service) channel(name string) (c channel.Channel, known bool) {
	for _, c := range s.channels {
		if c.Spec().Name == name {
			return c, true
		}
	}
	return nil, false
}
