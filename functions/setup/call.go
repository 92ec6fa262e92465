package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk"
	sdkcredentials "github.com/aliyun/alibaba-cloud-sdk-go/sdk/auth/credentials"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
	"github.com/aws/smithy-go"

	"pai-notify/shared/fault"
	"pai-notify/shared/rule"
)

const (
	callTime  = 10 * time.Second
	maxAnswer = 4 << 20 // bytes
)

// apiCall is one call of an API that package eventbridge does not speak.
type apiCall struct {
	service, version, action string
	base                     string // the API's own address
	fixed                    bool   // base is not replaced by CLOUD_ENDPOINT
	path                     string // of a ROA API, which is read with GET; empty for RPC
	params                   map[string]string
}

// answerError is an answer that is no success, as the service told it.
type answerError struct {
	Status                   int
	Code, Message, RequestID string
}

func (e *answerError) Error() string {
	return fmt.Sprintf("HTTP %d %.80s %.300q (request %.80s)", e.Status, e.Code, e.Message, e.RequestID)
}

// codeOf is the service's own code of an error.
func codeOf(err error) string {
	var answer *answerError
	if errors.As(err, &answer) {
		return answer.Code
	}
	return ""
}

// call makes one call and decodes the answer into out, unless that is nil. As in package eventbridge the SDK only forms
// and signs the request: its client takes no context, takes HTTP 200 for success and puts keys into errors, so each call
// has a client of its own around an exchange, and what became of the call is read from there.
func (a *alibaba) call(ctx context.Context, c apiCall, out any) error {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	x := &exchange{ctx: ctx, transport: a.Transport}
	err := a.send(x, c)
	switch {
	case x.status == 0 && ctx.Err() != nil:
		err = ctx.Err()
	case x.status == 0 && x.err != nil:
		err = x.err
	case x.status == 0: // nothing was sent: a fault of the endpoint or of the credentials, in our own words
	default:
		err = x.read(out)
	}
	if err == nil {
		return nil
	}
	return explain(c, err)
}

func (a *alibaba) send(x *exchange, c apiCall) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = errors.New("the SDK panicked")
		}
	}()
	base := c.base
	if !c.fixed && a.env.CloudEndpoint != "" {
		base = a.env.CloudEndpoint
	}
	endpoint, err := url.Parse(base)
	if err != nil {
		return errors.New("the endpoint is no URL")
	}
	key, err := a.Credentials(x.ctx)
	if err != nil {
		return err
	}
	var signer any = sdkcredentials.NewAccessKeyCredential(key.AccessKeyID, key.AccessKeySecret)
	if key.SecurityToken != "" {
		signer = sdkcredentials.NewStsTokenCredential(key.AccessKeyID, key.AccessKeySecret, key.SecurityToken)
	}
	client, err := sdk.NewClientWithOptions(a.env.Region, sdk.NewConfig(), signer)
	if err != nil {
		return errors.New("the SDK takes no such credentials")
	}
	client.SetTransport(x)
	r := requests.NewCommonRequest()
	r.Product, r.Version, r.ApiName = c.service, c.version, c.action
	r.Scheme, r.Domain = endpoint.Scheme, endpoint.Host
	r.Method = requests.POST
	if c.path != "" {
		r.Method, r.PathPattern = requests.GET, c.path
		r.Domain, r.Port = endpoint.Hostname(), endpoint.Port() // apart, for this style of API only
	}
	r.QueryParams = c.params
	r.SetReadTimeout(2 * callTime) // the context ends it before
	if _, err = client.ProcessCommonRequest(r); err != nil {
		err = errors.New("the request was not made")
	}
	return err
}

// exchange is the transport of one call.
type exchange struct {
	ctx       context.Context //nolint:containedctx // the SDK has no other way to pass one
	transport http.RoundTripper
	status    int
	body      []byte
	err       error
}

// RoundTrip keeps the answer for [exchange.read]. Redirects are not followed with a signed request.
func (x *exchange) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := x.transport.RoundTrip(r.WithContext(x.ctx))
	if err != nil {
		if ended := x.ctx.Err(); ended != nil {
			err = ended
		}
		x.err = fmt.Errorf("reach %s: %w", r.URL.Host, err)
		return nil, x.err
	}
	defer func() { _ = response.Body.Close() }() // read to its end, or given up
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		x.err = fmt.Errorf("read the answer of %s: %w", r.URL.Host, err)
		return nil, x.err
	}
	x.status, x.body = response.StatusCode, body
	response.StatusCode, response.Body = http.StatusOK,
		io.NopCloser(strings.NewReader("{}")) // the SDK has done its part
	return response, nil
}

func (x *exchange) read(out any) error {
	var head struct {
		Code, Message, RequestID any
		Success                  any
	}
	if err := json.Unmarshal(x.body, &head); err != nil {
		return &answerError{Status: x.status, Message: "the answer is no JSON"}
	}
	if x.status != http.StatusOK || head.Success == false || head.Success == "false" {
		return &answerError{x.status, word(head.Code), word(head.Message), word(head.RequestID)}
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(x.body, out); err != nil {
		return &answerError{Status: x.status, Message: "the answer has another form than documented"}
	}
	return nil
}

// word is a member that has been seen as text and as a number.
func word(v any) string {
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}

// explain says what a failed call means and what to do.
func explain(c apiCall, err error) error {
	out := &rule.Error{
		Code: rule.CodeUnavailable, Text: fault.Say("%s gave no usable answer", "%s 没有给出可用的应答", c.service),
		Advice: map[string]string{
			"en": "Try again in a minute; if it stays so, check REGION, CLOUD_ENDPOINT and the function's network.",
			"zh": "请一分钟后重试；若持续出现，请检查 REGION、CLOUD_ENDPOINT 以及函数的网络。",
		},
		Err: &smithy.OperationError{ServiceID: c.service, OperationName: c.action, Err: err},
	}
	var answer *answerError
	if !errors.As(err, &answer) || answer.Status >= 500 {
		return out
	}
	has := func(parts ...string) bool {
		for _, part := range parts {
			if strings.Contains(answer.Code, part) {
				return true
			}
		}
		return false
	}
	switch {
	case has("ServiceNotEnable", "ServiceAccessDenied"):
		out.Code, out.Text, out.Advice = rule.CodeNotActivated, fault.Say("EventBridge is not activated for this account", "该账号尚未开通 EventBridge"), nil
	case answer.Status == http.StatusTooManyRequests || has("Throttl"):
		out.Code, out.Text, out.Advice = rule.CodeThrottled, fault.Say("%s wants fewer calls", "对 %s 的调用过于频繁", c.service), nil
	case answer.Status == http.StatusForbidden || answer.Status == http.StatusUnauthorized ||
		has("Forbidden", "NoPermission", "AccessDenied", "NotAuthorized", "RAM_PERMISSION_DENY"):
		out.Code, out.Text = rule.CodeForbidden, fault.Say("the function's role may not call %s of %s", "函数的角色无权调用 %[2]s 的 %[1]s", c.action, c.service)
		out.Advice = map[string]string{
			"en": "Attach the policy that GET /api/v1/setup/policy prints to the function's RAM role.",
			"zh": "请将 GET /api/v1/setup/policy 给出的策略授权给函数的 RAM 角色。",
		}
	default:
		out.Code, out.Text = "RefusedByCloud", fault.Say("%s refused %s", "%s 拒绝了 %s", c.service, c.action)
		out.Advice = map[string]string{
			"en": "The message is the service's own; look its code up in the service's documentation.",
			"zh": "以上消息来自该服务，请在其文档中查询错误码。",
		}
	}
	return out
}
