package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/smithy-go"

	"pai-notify/shared/access"
	"pai-notify/shared/channel"
	"pai-notify/shared/fault"
	"pai-notify/shared/httpapi"
	"pai-notify/shared/ledger"
	"pai-notify/shared/message"
)

// Result is what came of a test.
type Result struct {
	OK           bool   `json:"ok"`
	Checked      bool   `json:"checked" doc:"The receiver was only asked; nothing was posted"`
	Class        string `json:"class" example:"misconfigured" doc:"As of a delivery; accepting: only asked, it would take a message"`
	Step         string `json:"step" enum:",address,dns,dial,tls,write,read,answer" doc:"Where it failed; answer: the receiver said no"`
	Code         string `json:"code" doc:"The receiver's own, or HTTP and a status, or ours where there was no answer"`
	Text         string `json:"text" doc:"The receiver's own, cut and without secrets"`
	Advice       string `json:"advice" doc:"What to do, in the language asked for"`
	MS           int64  `json:"ms" doc:"How long the receiver took"`
	Receipt      string `json:"receipt" doc:"The receiver's own id of the message, where it gives one"`
	RetryAfterMS int64  `json:"retryAfterMs,omitempty" doc:"The receiver wants nothing sooner"`
}

// accepting is the class of a receiver that was only asked.
const accepting = "accepting"

// Times of one test: a slot of the receiver's pace is waited for as a delivery would, and the sending has its limit.
const (
	patience = 2 * time.Second
	sendTime = 20 * time.Second
)

func (s *service) test(ctx context.Context, in *struct {
	httpapi.Asked
	httpapi.Checked[Order]
}) (*struct{ Body Result }, error) {
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
	if err := s.pace(ctx, c.Spec(), settings, advised); err != nil {
		return nil, err
	}
	result := s.try(ctx, c, settings, language, advised, o.Check)
	s.log.InfoContext(ctx, "test", "key", access.From(ctx).KeyID, "channel", c.Spec().Name, "workspace", o.Workspace,
		"rule", o.Rule, "target", o.Target, "checked", o.Check, "class", result.Class, "step", result.Step,
		"code", result.Code, "text", result.Text, "ms", result.MS)
	return &struct{ Body Result }{result}, nil
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
		faults.Add(fault.New("Target", fmt.Sprintf("is of channel %.64q, which this version does not have; change the target", name)))
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

// pace takes a slot from the receiver's pace, which deliveries take from too, and waits for it.
func (s *service) pace(ctx context.Context, spec channel.Spec, to channel.Settings, language string) error {
	hash, err := s.ledger.Destination(ctx, channel.Destination(spec, to))
	if err != nil {
		return err
	}
	wait, err := s.ledger.Take(ctx, hash, ledger.Terms{Pace: spec.Pace, Lease: sendTime, Patience: patience})
	if err != nil {
		return err
	}
	if wait <= patience {
		return s.clock.Sleep(ctx, wait)
	}
	at := s.clock.Now().Add(wait)
	p := &httpapi.Problem{
		Status: 429, Code: "Throttled", RetryAfter: wait,
		Detail: fmt.Sprintf("this receiver's pace has room for the next message in %s, at %s; nothing was sent",
			wait.Round(time.Second), at.UTC().Format(time.RFC3339)),
		Advice: "Test again then. Deliveries to the same receiver keep the same pace, so that the receiver does not shut it out.",
	}
	if language == httpapi.Chinese {
		p.Advice = "请届时再次测试。发往同一接收端的通知共用该频率限制，以免被接收端封禁。"
	}
	return p
}

// try makes the one attempt.
func (s *service) try(
	ctx context.Context, c channel.Channel, to channel.Settings, language, advised string, check bool,
) Result {
	ctx, cancel := context.WithTimeout(ctx, sendTime)
	defer cancel()
	start := time.Now()
	receipt, err := "", errors.New("the channel cannot be asked")
	if checker, can := c.(channel.Checker); check && can {
		err = checker.Check(ctx, to)
	} else if !check {
		receipt, err = c.Send(ctx, to, message.Connectivity(language, c.Spec().Title, s.clock.Now()))
	}
	outcome := channel.Classify(err)
	r := Result{
		OK: err == nil, Checked: check, Class: outcome.Class.String(), Step: string(outcome.Step), Code: outcome.Code,
		Text: outcome.Text, Advice: outcome.Advice.In(advised), MS: time.Since(start).Milliseconds(), Receipt: receipt,
		RetryAfterMS: outcome.After.Milliseconds(),
	}
	switch {
	case err == nil && check:
		r.Class = accepting
	case err != nil && r.Advice == "":
		r.Advice = "Look for this test in the log of the function connectivity, and test again."
		if advised == httpapi.Chinese {
			r.Advice = "请在 connectivity 函数的日志中查找本次测试，然后重试。"
		}
	}
	return r
}
