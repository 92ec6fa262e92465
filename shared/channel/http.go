package channel

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	smithyhttp "github.com/aws/smithy-go/transport/http"

	"pai-notify/shared/message"
)

// Deps is what channels need of the world. The zero value works: a guarded client, the machine's clock.
type Deps struct {
	Client smithyhttp.ClientDo // see [Client]
	Now    func() time.Time
	Allow  []string // host:port of robots of private deployments; plain http is allowed there

	Networks []netip.Prefix // private networks that webhooks may be saved for; what is dialled is the client's to judge
	Cloud    Cloud          // of channels that are services of Alibaba Cloud
}

// Prober is a [Wire] whose receiver can be asked, without posting anything, whether it would accept messages. [HTTP]
// makes a [Checker] of it.
type Prober interface {
	Probe(to Settings, at time.Time) (*http.Request, error)
	// Probed reads the answer: nil where the receiver would accept messages, else a *Refusal.
	Probed(status int, header http.Header, body []byte) error
}

// HTTP makes a channel of what one knows on the wire.
func HTTP(w Wire, d Deps) Channel {
	if d.Client == nil {
		d.Client = Client(nil, d.Allow)
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	c := overHTTP{wire: w, spec: w.Spec()}
	c.via = Exchange{Service: c.spec.Name, Client: d.Client, Now: d.Now, Table: MustTable([]byte("[]"))}
	if p, ok := w.(Prober); ok {
		return &probedHTTP{c, p}
	}
	return &c
}

// Post makes a request for a [Wire].
func Post(to *url.URL, contentType string, body []byte) *http.Request {
	return &http.Request{
		Method:        http.MethodPost,
		URL:           to,
		Host:          to.Host,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        http.Header{"Content-Type": {contentType}, "User-Agent": {"pai-notify"}},
		ContentLength: int64(len(body)),
		Body:          io.NopCloser(bytes.NewReader(body)),
		GetBody:       func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil },
	}
}

// Adviser is a channel that knows what to do about outcomes by their codes.
type Adviser interface {
	// Advise gives advice on an attempt that was recorded with a code and a text; nil where nothing is known.
	Advise(code, text string) Advice
}

// tabled is a [Wire] that reads answers by a table.
type tabled interface{ Table() *Table }

type overHTTP struct {
	wire Wire
	spec Spec
	via  Exchange
}

type probedHTTP struct {
	overHTTP
	prober Prober
}

var (
	_ Adviser = (*overHTTP)(nil)
	_ Channel = (*overHTTP)(nil)
	_ Channel = (*probedHTTP)(nil)
	_ Checker = (*probedHTTP)(nil)
)

// Spec is the wire's.
func (c *overHTTP) Spec() Spec { return c.spec }

// Advise asks the wire's table, which also holds what all channels have in common.
func (c *overHTTP) Advise(code, text string) Advice {
	if w, ok := c.wire.(tabled); ok {
		return w.Table().Advise(code, text)
	}
	return c.via.Table.Advise(code, text)
}

// Send makes one attempt. No chat robot or webhook gives an id of the message, so the receipt is empty.
func (c *overHTTP) Send(ctx context.Context, to Settings, m message.Message) (string, error) {
	req, err := c.wire.Request(to, m, c.via.Now())
	return "", c.exchange(ctx, "Send", to, req, err, c.wire.Reply)
}

// Check asks the receiver and posts nothing.
func (c *probedHTTP) Check(ctx context.Context, to Settings) error {
	req, err := c.prober.Probe(to, c.via.Now())
	return c.exchange(ctx, "Check", to, req, err, c.prober.Probed)
}

// exchange sends a request and reads the answer; err is what kept the request from being made.
func (c *overHTTP) exchange(
	ctx context.Context, operation string, to Settings, req *http.Request, err error, reply Reply,
) error {
	secrets := secretsOf(c.spec, to, req)
	if err != nil {
		return c.via.Unmade(operation, err, secrets)
	}
	return c.via.Do(ctx, operation, req, secrets, reply)
}
