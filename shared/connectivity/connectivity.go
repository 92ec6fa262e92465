// Package connectivity tries one receiver for a person: one message that says it is a test, at the receiver's own pace,
// which deliveries keep too, and a diagnosis of what came of it.
package connectivity

import (
	"context"
	"errors"
	"time"

	"pai-notify/shared/channel"
	"pai-notify/shared/clock"
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

// Accepting is the class of a receiver that was only asked, and would take a message.
const Accepting = "accepting"

// Times of one test: a slot of the receiver's pace is waited for as a delivery would, and the sending has its limit.
const (
	patience = 2 * time.Second
	sendTime = 20 * time.Second
)

// Tester tries receivers.
type Tester struct {
	Ledger   *ledger.Ledger
	Clock    clock.Clock
	Function string // whose log tells more
}

// Test is one try.
type Test struct {
	Channel  channel.Channel
	To       channel.Settings
	Language string // of the message
	Advised  string // language of the answer
	Check    bool   // only ask, where the channel is a channel.Checker
}

// Pace takes a slot from the receiver's pace, which deliveries take from too, and waits for it. Where the next slot is far
// away the error says when it is.
func (t Tester) Pace(ctx context.Context, one Test) error {
	spec := one.Channel.Spec()
	hash, err := t.Ledger.Destination(ctx, channel.Destination(spec, one.To))
	if err != nil {
		return err
	}
	wait, err := t.Ledger.Take(ctx, hash, ledger.Terms{Pace: spec.Pace, Lease: sendTime, Patience: patience})
	if err != nil {
		return err
	}
	if wait <= patience {
		return t.Clock.Sleep(ctx, wait)
	}
	at := t.Clock.Now().Add(wait)
	return &httpapi.Problem{
		Status: 429, Code: "Throttled", RetryAfter: wait,
		Said: fault.Say("this receiver's pace has room for the next message in %s, at %s; nothing was sent",
			"该接收端的频率限制要求再等 %s，至 %s；本次未发送", wait.Round(time.Second), at.UTC().Format(time.RFC3339)),
		Advice: channel.Advice{
			"en": "Test again then. Deliveries to the same receiver keep the same pace, so that the receiver does not shut it out.",
			"zh": "请届时再次测试。发往同一接收端的通知共用该频率限制，以免被接收端封禁。",
		}.In(one.Advised),
	}
}

// Try makes the one attempt.
func (t Tester) Try(ctx context.Context, one Test) Result {
	ctx, cancel := context.WithTimeout(ctx, sendTime)
	defer cancel()
	c := one.Channel
	start := time.Now()
	receipt, err := "", errors.New("the channel cannot be asked")
	if checker, can := c.(channel.Checker); one.Check && can {
		err = checker.Check(ctx, one.To)
	} else if !one.Check {
		receipt, err = c.Send(ctx, one.To, message.Connectivity(one.Language, c.Spec().Title.In(one.Language), t.Clock.Now()))
	}
	outcome := channel.Classify(err)
	r := Result{
		OK: err == nil, Checked: one.Check, Class: outcome.Class.String(), Step: string(outcome.Step), Code: outcome.Code,
		Text: outcome.Text, Advice: outcome.Advice.In(one.Advised), MS: time.Since(start).Milliseconds(), Receipt: receipt,
		RetryAfterMS: outcome.After.Milliseconds(),
	}
	switch {
	case err == nil && one.Check:
		r.Class = Accepting
	case err != nil && r.Advice == "":
		r.Advice = channel.Advice{
			"en": "Look for this test in the log of the function " + t.Function + ", and test again.",
			"zh": "请在 " + t.Function + " 函数的日志中查找本次测试，然后重试。",
		}.In(one.Advised)
	}
	return r
}
