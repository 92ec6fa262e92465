// Package channeltest is the contract of a channel as a program: every channel's tests call [Run], and those over HTTP
// [Golden] and [FuzzReply] too. It plays the receiver, in every way a receiver is known to misbehave, and asks of each
// outcome its class, of each error that it shows no secret, and of each body that it says what was meant and calls only
// whom it should.
package channeltest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"pai-notify/shared/channel"
	"pai-notify/shared/event"
	"pai-notify/shared/message"
)

// Samples is what the suite must know of a channel to play its receiver.
type Samples struct {
	// Settings are those of a target whose receiver is at base, such as http://127.0.0.1:1234. They hold the Secrets.
	Settings func(base string) channel.Settings
	Secrets  []string      // that no error may show, each at least 5 bytes long
	Codes    []byte        // the channel's codes.json
	Rows     []channel.Row // instead, where a channel reads answers by more than one file

	Accepted string                         // body of an answer that says yes
	Answer   func(code, text string) string // body of an answer with such a code; nil where the status alone decides
	Unlisted string                         // a code without a row

	// Shown is what the receiver shows of a request's body, and what its limit counts; nil means the body as it is.
	Shown func(body []byte) string
	// Called lists whom the data beside the text calls, such as DingTalk's at; nil means that there is none.
	Called func(body []byte) []string
	// Data says that the channel sends data to programs, which get hostile text as it is.
	Data bool
	// Cloud says that the channel is a service of Alibaba Cloud, whose API is at the receiver, and that sends to contacts.
	Cloud bool
}

// Key signs the requests of a channel that is a service of Alibaba Cloud.
func Key() channel.Credentials {
	return channel.Credentials{
		AccessKeyID: "STS.FakeAccessKeyId0123456789", AccessKeySecret: "FakeAccessKeySecret0123456789",
		SecurityToken: "FakeSecurityToken/0123456789+abcdefghijklmnopqrstuvwxyz==",
	}
}

// Keys give [Key].
func Keys(context.Context) (channel.Credentials, error) { return Key(), nil }

// At is the time of the suite's clock, for golden files too.
func At() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }

// Run tests a channel over HTTP against the contract of package channel.
func Run(t *testing.T, newChannel func(channel.Deps) channel.Channel, s Samples) {
	t.Helper()
	if s.Cloud {
		key := Key()
		s.Secrets = append(s.Secrets, key.AccessKeyID, key.AccessKeySecret, key.SecurityToken)
	}
	c := suite{newChannel, s}
	t.Run("Classes", c.classes)
	t.Run("Codes", c.codes)
	t.Run("Echo", c.echo)
	t.Run("Context", c.obeysContext)
	t.Run("Size", c.size)
	t.Run("Concurrent", c.concurrent)
	t.Run("Hostile", c.hostile)
	t.Run("Property", c.property)
	t.Run("Digest", c.digest)
	t.Run("Spec", c.spec)
	t.Run("Settings", c.settings)
}

type suite struct {
	newChannel func(channel.Deps) channel.Channel
	Samples
}

// Message is a usual failure of a DLC job, in Chinese, as message.New tells it.
func Message() message.Message {
	return message.Message{
		ID: "pai-0123456789abcdef",
		Event: event.Event{
			ID: "3d0d5b9e", Source: "acs.pai", SpecVersion: "1.0", Type: "pai:Test:Failed", Time: At(),
			DataContentType: "application/json", Data: []byte(`{"name":"llm-sft-7b","status":"Failed"}`),
		},
		Title: "任务失败：llm-sft-7b",
		Facts: []message.Fact{
			{Name: "ID", Value: "dlc1abcdefgh"},
			{Name: "状态", Value: "Running → Failed"},
			{Name: "原因", Value: "ExitCode 137\nTraceback (most recent call last):\n  File \"train_v2.py\", line 7\nOutOfMemory: <GPU 0> 79.1 GiB & more"},
			{Name: "工作空间", Value: "nlp_train"},
		},
		Link:     "https://pai.console.aliyun.com/?regionId=cn-hangzhou&workspaceId=249407#/dlc/jobs/dlc1abcdefgh/overview",
		Severity: event.Error,
		Tone:     event.Bad,
		Language: "zh",
		View:     event.View{Failing: true},
		Brief:    message.Brief{Name: "llm-sft-7b", Status: "任务失败", At: At()},
	}
}

// open makes the channel for a receiver at base, with a client that watches the bodies of answers.
func (c suite) open(base string, client smithyhttp.ClientDo) (channel.Channel, channel.Settings, *watch) {
	host := strings.TrimPrefix(strings.TrimPrefix(base, "http://"), "https://")
	if client == nil {
		client = channel.Client(nil, []string{host})
	}
	w := &watch{next: client}
	d := channel.Deps{Client: w, Now: At, Allow: []string{host}}
	if c.Cloud {
		d.Cloud = channel.Cloud{Region: "cn-hangzhou", Endpoint: base, Credentials: Keys}
	}
	return c.newChannel(d), c.Settings(base), w
}

// answerer is a receiver without a network.
func answerer(status int, body string) smithyhttp.ClientDo {
	return smithyhttp.ClientDoFunc(func(*http.Request) (*http.Response, error) {
		return response(status, body), nil
	})
}

// fine checks what holds of every error of a channel, and gives its outcome.
func (c suite) fine(t *testing.T, err error) channel.Outcome {
	t.Helper()
	outcome := channel.Classify(fmt.Errorf("deliver: %w", err))
	if err == nil {
		return channel.Classify(nil)
	}
	if _, ok := err.(*smithy.OperationError); !ok { //nolint:errorlint // it must be the outermost
		t.Errorf("the outermost error is %T, want *smithy.OperationError", err)
	}
	for layer := err; layer != nil; layer = errors.Unwrap(layer) {
		c.clean(t, fmt.Sprintf("%T", layer), layer.Error())
	}
	c.clean(t, "outcome", fmt.Sprintf("%+v", outcome))
	if outcome.Code == "" || outcome.Step == "" {
		t.Errorf("outcome %+v lacks step or code", outcome)
	}
	for _, language := range []string{"en", "zh"} {
		if outcome.Advice[language] == "" {
			t.Errorf("outcome %+v has no advice in %s", outcome, language)
		}
	}
	if len(outcome.Text) > 200 || strings.ContainsAny(outcome.Text, "\r\n\x00") {
		t.Errorf("text %q is longer than 200 bytes or not one line", outcome.Text)
	}
	return outcome
}

func (c suite) clean(t *testing.T, where, text string) {
	t.Helper()
	for _, secret := range c.Secrets {
		if strings.Contains(text, secret) {
			t.Errorf("%s shows the secret %q: %s", where, secret, text)
		}
	}
}

func (c suite) send(ctx context.Context, base string, client smithyhttp.ClientDo) (*watch, error) {
	ch, to, w := c.open(base, client)
	_, err := ch.Send(ctx, to, Message())
	return w, err
}

// request is what the channel would send, with its body.
func (c suite) request(t *testing.T, m message.Message) (*http.Request, []byte) {
	t.Helper()
	seen := &recorder{status: http.StatusOK, answer: c.Accepted}
	ch, to, _ := c.open("http://receiver.test:80", seen)
	if _, err := ch.Send(t.Context(), to, m); err != nil {
		t.Fatalf("Send: %v", err)
	}
	if len(seen.bodies) != 1 {
		t.Fatalf("one Send made %d requests", len(seen.bodies))
	}
	return seen.requests[0], seen.bodies[0]
}

func (c suite) shown(body []byte) string {
	if c.Shown == nil {
		return string(body)
	}
	return c.Shown(body)
}

func (c suite) rows(t *testing.T) []channel.Row {
	t.Helper()
	if c.Rows != nil {
		return c.Rows
	}
	var rows []channel.Row
	if err := json.Unmarshal(c.Codes, &rows); err != nil || len(rows) == 0 {
		t.Fatalf("codes.json: %d rows, %v", len(rows), err)
	}
	return rows
}
