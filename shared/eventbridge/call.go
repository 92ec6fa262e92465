package eventbridge

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/auth"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/auth/credentials"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"

	"pai-notify/shared/fault"
)

// The SDK signs and forms requests well, but its client has data races and no context, takes HTTP 200 for success, puts
// keys into its errors and panics at a numeric Code. So each call has a client of its own around an [exchange], which is
// bound to the context and keeps the answer; what became of the call is read from there, and the SDK's own errors are not
// looked at. A panic of the SDK is recovered, with the answer in hand.

const (
	apiVersion = "2020-04-01"
	maxAnswer  = 8 << 20 // bytes
)

// params of a call. Those that a user's texts or many units make large go into the body; a request line over 16 KB is
// refused on the way.
type params map[string]string

func inBody(name string) bool {
	switch name {
	case "Targets", "EventTargets", "TargetIds", "FilterPattern", "Description", "EventList":
		return true
	}
	return false
}

// answer is the envelope of every answer. EventBridge has been seen to write numbers as text and the reverse.
type answer struct {
	RequestID loose           `json:"RequestId"`
	Code      loose           `json:"Code"`
	Message   loose           `json:"Message"`
	Success   loose           `json:"Success"`
	Data      json.RawMessage `json:"Data"`
}

// ok says whether an answer with status 200 is a success: an old form has Success, another only Code.
func (a answer) ok() bool {
	switch {
	case a.Success != "":
		return a.Success == "true"
	case a.Code != "":
		return a.Code == "200" || a.Code == "Success"
	}
	return a.RequestID != ""
}

// loose is a JSON string, number or boolean as text; null is empty.
type loose string

// UnmarshalJSON implements json.Unmarshaler.
func (l *loose) UnmarshalJSON(raw []byte) error {
	var text string
	switch {
	case string(raw) == "null":
	case json.Unmarshal(raw, &text) == nil:
	default:
		text = string(raw)
	}
	*l = loose(text)
	return nil
}

// call makes one call and decodes the answer's Data into data, unless that is nil. The error is a *[rule.Error].
func (s *Store) call(ctx context.Context, action string, p params, data any) error {
	return s.do(ctx, requests.POST, action, p, data)
}

// get is call for the actions that are only known to take GET.
func (s *Store) get(ctx context.Context, action string, p params, data any) error {
	return s.do(ctx, requests.GET, action, p, data)
}

func (s *Store) do(ctx context.Context, method, action string, p params, data any) error {
	fail := &CallError{Action: action}
	if s.Credentials == nil {
		fail.Err = errors.New("no credentials")
		return s.failure(fail, p)
	}
	c, err := s.Credentials(ctx)
	if err != nil {
		fail.Err = fmt.Errorf("credentials: %w", err)
		return s.failure(fail, p)
	}
	ctx, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	x := &exchange{ctx: ctx, base: s.Transport, hide: []string{c.AccessKeySecret, c.SecurityToken, c.AccessKeyID}}
	sdkErr := s.send(x, method, action, p, c)
	fail.Written = x.written.Load()
	switch {
	case x.err != nil:
		fail.Err = x.err
	case !x.answered && ctx.Err() != nil:
		fail.Err = ctx.Err()
	case !x.answered:
		fail.Err = fmt.Errorf("request not made: %s", x.redact(fmt.Sprint(sdkErr))) // a fault of ours
	default:
		return s.interpret(x, fail, p, data)
	}
	return s.failure(fail, p)
}

// interpret makes sense of an answer.
func (s *Store) interpret(x *exchange, fail *CallError, p params, data any) error {
	var a answer
	broken := json.Unmarshal(x.body, &a) != nil
	fail.Status = x.status
	fail.Code, fail.Message, fail.RequestID = x.redact(string(a.Code)), x.redact(string(a.Message)), x.redact(string(a.RequestID))
	switch {
	case broken:
		fail.Err = errors.New("the answer is no JSON")
	case x.status == http.StatusOK && a.ok():
		if data == nil || len(a.Data) == 0 {
			return nil
		}
		if err := json.Unmarshal(a.Data, data); err != nil {
			fail.Err = errors.New("the answer's Data has another form than documented")
			break
		}
		return nil
	}
	return s.failure(fail, p)
}

// send lets the SDK sign and send one request. Its error is of use only if nothing was sent.
func (s *Store) send(x *exchange, method, action string, p params, c Credentials) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = errors.New("the SDK panicked: " + fault.Panicked(r))
		}
	}()
	endpoint, err := s.endpoint()
	if err != nil {
		return err
	}
	var credential auth.Credential = &credentials.AccessKeyCredential{
		AccessKeyId: c.AccessKeyID, AccessKeySecret: c.AccessKeySecret,
	}
	if c.SecurityToken != "" {
		credential = &credentials.StsTokenCredential{
			AccessKeyId: c.AccessKeyID, AccessKeySecret: c.AccessKeySecret, AccessKeyStsToken: c.SecurityToken,
		}
	}
	client, err := sdk.NewClientWithOptions(s.Region, sdk.NewConfig(), credential)
	if err != nil {
		return err
	}
	client.SetTransport(x)
	client.SetHttpProxy("http://unused.invalid") // else it reads the environment's, and quotes it where it is faulty
	client.SetHttpsProxy("http://unused.invalid")
	client.SetNoProxy("unused.invalid")
	request := requests.NewCommonRequest()
	request.Method, request.Product, request.Version, request.ApiName = method, "eventbridge", apiVersion, action
	request.Scheme, request.Domain = endpoint.Scheme, endpoint.Host
	request.SetReadTimeout(2 * s.Timeout) // x has its own
	for name, value := range p {
		if method == requests.POST && inBody(name) {
			request.FormParams[name] = value
		} else {
			request.QueryParams[name] = value
		}
	}
	_, err = client.ProcessCommonRequest(request)
	return err
}

// endpoint is where the API is: the SDK does not know eventbridge, and the 'regional' rule of the other SDKs gives this.
func (s *Store) endpoint() (*url.URL, error) {
	base := s.Endpoint
	if base == "" {
		base = "https://eventbridge-console." + s.Region + ".aliyuncs.com"
	}
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, errors.New("EVENTBRIDGE_ENDPOINT is no base URL such as https://eventbridge-console.cn-hangzhou.aliyuncs.com")
	}
	return u, nil
}

// exchange is the transport of one call.
type exchange struct {
	ctx  context.Context //nolint:containedctx // the SDK has no other way to pass one
	base http.RoundTripper
	hide []string

	written  atomic.Bool // the whole request was written: EventBridge may have acted on it
	answered bool
	status   int
	body     []byte
	err      error // without URL, so without keys
}

// RoundTrip implements http.RoundTripper.
func (x *exchange) RoundTrip(req *http.Request) (*http.Response, error) {
	x.hide = append(x.hide, req.URL.Query().Get("Signature"))
	trace := &httptrace.ClientTrace{WroteRequest: func(info httptrace.WroteRequestInfo) {
		if info.Err == nil {
			x.written.Store(true)
		}
	}}
	resp, err := x.base.RoundTrip(req.WithContext(httptrace.WithClientTrace(x.ctx, trace)))
	if err != nil {
		x.err = x.plain(err)
		return nil, x.err
	}
	defer func() { _ = resp.Body.Close() }() // read to its end below, or given up
	if resp.StatusCode >= 300 && resp.StatusCode < 400 {
		x.err = fmt.Errorf("HTTP %d: a redirect, which is not followed with a signed request", resp.StatusCode)
		return nil, x.err
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	switch {
	case err != nil:
		x.err = fmt.Errorf("read the answer: %w", x.plain(err))
		return nil, x.err
	case len(body) > maxAnswer:
		x.err = fmt.Errorf("the answer has more than %d bytes", maxAnswer)
		return nil, x.err
	}
	x.answered, x.status, x.body = true, resp.StatusCode, body
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}

// plain keeps what callers look for in an error, and drops the rest where it shows what must stay hidden.
func (x *exchange) plain(err error) error {
	if cause := x.ctx.Err(); cause != nil {
		return cause
	}
	if text := err.Error(); text != x.redact(text) {
		return errors.New(x.redact(text))
	}
	return err
}

// redact blanks the credentials and the signature, plain and as in URLs.
func (x *exchange) redact(text string) string {
	for _, secret := range x.hide {
		if len(secret) < 4 { // none, or it would blank ordinary text
			continue
		}
		text = strings.ReplaceAll(text, secret, "***")
		text = strings.ReplaceAll(text, url.QueryEscape(secret), "***")
	}
	return text
}
