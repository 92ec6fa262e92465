// Package aliyun calls Alibaba Cloud's APIs for the channels that are services of it: text messages, calls, mail.
//
// Requests are made and signed by alibaba-cloud-sdk-go. Its client has no context and data races, takes HTTP 200 for
// success, panics at a numeric Code, and puts keys and telephone numbers into URLs and errors. So every call has a client
// of its own, whose transport is ours: it makes the exchange as [channel.Exchange] does for chat robots, with the guarded
// client, bound to the context, and the answer is read from there. What the SDK makes of it is not looked at.
//
// Parameters go into the form body, and so do what of the SDK's own is secret: key id, token and signature. A URL holds
// only the action and what every call has.
package aliyun

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/auth"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/auth/credentials"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/responses"

	"pai-notify/shared/channel"
)

// callTime is more than a guarded client takes, so that the SDK's own clock never ends a call.
const callTime = time.Minute

// API is one of Alibaba Cloud's APIs as a channel calls it. It is safe for concurrent use.
type API struct {
	spec  channel.Spec
	cloud channel.Cloud
	via   channel.Exchange
	now   func() time.Time
}

// New makes the API of a channel that reads its answers by codes, and where these leave a code out, by the gateway's.
func New(d channel.Deps, spec channel.Spec, codes []byte) *API {
	client := d.Cloud.Client
	if client == nil {
		client = d.Client
	}
	if client == nil {
		client = channel.Client(nil, d.Allow)
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	return &API{
		spec: spec, cloud: d.Cloud, now: d.Now,
		via: channel.Exchange{Service: spec.Name, Client: client, Now: d.Now, Table: Table(codes), Once: spec.Once},
	}
}

// Now is the time of the clock that the channel was given.
func (a *API) Now() time.Time { return a.now() }

// Call is one call of an API.
type Call struct {
	Request requests.AcsRequest // of the SDK's package for the service; its fields are left empty
	Host    string              // of the API; an endpoint of the deployment's own goes before it
	Region  string              // where it is called; empty means [API.Region]
	Form    map[string]string   // the parameters; those without a value are left out
	Private []string            // what no error may show: values of the parameters that tell of people or jobs
}

// Region is the region of a call: the channel's own setting, else the deployment's.
func (a *API) Region(to channel.Settings) string {
	if region := to[settingRegion]; region != "" {
		return region
	}
	return a.cloud.Region
}

// Do makes a call and has the answer read. The error is as that of [channel.Channel.Send].
func (a *API) Do(ctx context.Context, to channel.Settings, c Call, read channel.Reply) error {
	operation := c.Request.GetActionName()
	if err := missing(a.spec, to); err != nil {
		return a.Refuse(operation, to, "settings", err)
	}
	if a.cloud.Credentials == nil {
		return a.Refuse(operation, to, "credentials", errors.New("the function was built without credentials"))
	}
	key, err := a.cloud.Credentials(ctx)
	if err != nil {
		return a.Refuse(operation, to, "credentials", err)
	}
	secrets := append([]string{key.AccessKeyID, key.AccessKeySecret, key.SecurityToken}, c.Private...)
	if err := a.address(c); err != nil {
		return a.Refuse(operation, to, "endpoint", err)
	}
	x := &exchange{send: func(req *http.Request, signature string) error {
		return a.via.Do(ctx, operation, req, channel.Secrets(to, append(secrets, signature)...), read)
	}}
	if c.Region == "" {
		c.Region = a.Region(to)
	}
	err = sign(key, c, x)
	if x.done {
		return x.err
	}
	if err == nil {
		err = errors.New("the SDK sent nothing")
	}
	return a.Refuse(operation, to, "settings", err, secrets...)
}

// Refuse is the error of a call that is not made, by a code of signal break.
func (a *API) Refuse(operation string, to channel.Settings, code string, err error, private ...string) error {
	row, _ := a.via.Table.Find("break", code, "")
	secrets := channel.Secrets(to, private...)
	return a.via.Unmade(operation, &channel.Broken{
		Step: channel.StepAddress, Code: row.Code, Class: row.Class, Advice: row.Advice, Err: channel.Clean(err, secrets),
	}, secrets)
}

// address gives the request its scheme and host.
func (a *API) address(c Call) error {
	scheme, host := "https", c.Host
	if a.cloud.Endpoint != "" {
		u, err := url.Parse(a.cloud.Endpoint)
		if err != nil || u.Host == "" {
			return errors.New("the endpoint is no base URL such as https://dysmsapi.aliyuncs.com")
		}
		scheme, host = u.Scheme, u.Host
	}
	if host == "" {
		return errors.New("the API has no address in this region")
	}
	c.Request.SetScheme(scheme)
	c.Request.SetDomain(host)
	return nil
}

// sign lets the SDK make and sign the request, and hand it to x. Its error is of use only if it did not come to that.
func sign(key channel.Credentials, c Call, x *exchange) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = errors.New("the SDK panicked") // the value may hold anything
		}
	}()
	var credential auth.Credential = credentials.NewAccessKeyCredential(key.AccessKeyID, key.AccessKeySecret)
	if key.SecurityToken != "" {
		credential = credentials.NewStsTokenCredential(key.AccessKeyID, key.AccessKeySecret, key.SecurityToken)
	}
	config := sdk.NewConfig()
	config.AutoRetry = false // no API here is idempotent
	config.Transport = x
	client, err := sdk.NewClientWithOptions(c.Region, config, credential)
	if err != nil {
		return errors.New("the SDK takes no such credentials") // the error may repeat them
	}
	client.SetHttpProxy("http://unused.invalid") // else it reads the environment's, and quotes it where it is faulty
	client.SetHttpsProxy("http://unused.invalid")
	client.SetNoProxy("unused.invalid")
	c.Request.SetReadTimeout(callTime)
	form := c.Request.GetFormParams()
	for name, value := range c.Form {
		if value != "" {
			form[name] = value
		}
	}
	return client.DoAction(c.Request, responses.NewCommonResponse())
}

// exchange is the transport of one call.
type exchange struct {
	send func(req *http.Request, signature string) error
	done bool
	err  error
}

// inBody are parameters that the SDK puts into the query and that must not stand in a URL. The gateway takes parameters
// from query and body alike: help.aliyun.com/en/sdk/product-overview/rpc-mechanism.
func inBody() []string { return []string{"AccessKeyId", "SecurityToken", "Signature"} }

// RoundTrip implements http.RoundTripper. It makes the exchange; the SDK is told that all is well.
func (x *exchange) RoundTrip(signed *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(signed.Body)
	if err != nil {
		return nil, fmt.Errorf("read the signed request: %w", err)
	}
	_ = signed.Body.Close() // a RoundTripper must; it is text in memory
	query := signed.URL.Query()
	signature := query.Get("Signature")
	form := url.Values{}
	for _, name := range inBody() {
		if value := query.Get(name); value != "" {
			form.Set(name, value)
		}
		query.Del(name)
	}
	text := form.Encode()
	if len(body) > 0 {
		text += "&" + string(body)
	}
	to := &url.URL{Scheme: signed.URL.Scheme, Host: signed.URL.Host, Path: "/", RawQuery: query.Encode()}
	req := channel.Post(to, "application/x-www-form-urlencoded", []byte(text))
	for name, values := range signed.Header {
		if strings.HasPrefix(strings.ToLower(name), "x-") {
			req.Header[name] = values
		}
	}
	x.done, x.err = true, x.send(req, signature)
	return &http.Response{
		StatusCode: http.StatusOK, Status: "200 OK", Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader("{}")), Request: signed,
	}, nil
}
