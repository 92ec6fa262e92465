package channel

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"pai-notify/shared/message"
)

// Deps is what channels need of the world. The zero value works: a guarded client, the machine's clock.
type Deps struct {
	Client smithyhttp.ClientDo // see [Client]
	Now    func() time.Time
	Allow  []string // host:port of robots of private deployments; plain http is allowed there
	Cloud  Cloud    // of channels that are services of Alibaba Cloud
}

// Prober is a [Wire] whose receiver can be asked, without posting anything, whether it would accept messages. [HTTP]
// makes a [Checker] of it.
type Prober interface {
	Probe(to Settings, at time.Time) (*http.Request, error)
	// Probed reads the answer: nil where the receiver would accept messages, else a *Refusal.
	Probed(status int, header http.Header, body []byte) error
}

const (
	maxReply = 64 << 10      // bytes of an answer that are read; robots answer with some hundred
	maxAfter = 6 * time.Hour // of a receiver's wish for a pause: a mistaken one must leave tries within a delivery's day
)

// HTTP makes a channel of what one knows on the wire.
func HTTP(w Wire, d Deps) Channel {
	if d.Client == nil {
		d.Client = Client(nil, d.Allow)
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	c := overHTTP{wire: w, spec: w.Spec(), client: d.Client, now: d.Now, table: MustTable([]byte("[]"))}
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
	wire   Wire
	spec   Spec
	client smithyhttp.ClientDo
	now    func() time.Time
	table  *Table // what a broken exchange means
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
	return c.table.Advise(code, text)
}

// Send makes one attempt. No chat robot or webhook gives an id of the message, so the receipt is empty.
func (c *overHTTP) Send(ctx context.Context, to Settings, m message.Message) (string, error) {
	at := c.now()
	req, err := c.wire.Request(to, m, at)
	return "", c.exchange(ctx, "Send", to, req, err, c.wire.Reply)
}

// Check asks the receiver and posts nothing.
func (c *probedHTTP) Check(ctx context.Context, to Settings) error {
	req, err := c.prober.Probe(to, c.now())
	return c.exchange(ctx, "Check", to, req, err, c.prober.Probed)
}

// exchange sends a request and reads the answer; err is what kept the request from being made.
func (c *overHTTP) exchange(
	ctx context.Context, operation string, to Settings, req *http.Request, err error,
	reply func(int, http.Header, []byte) error,
) error {
	if err != nil {
		var refusal *Refusal
		if !errors.As(err, &refusal) {
			row, _ := c.table.find("break", "address", "")
			err = withoutSecrets(withoutURL(err), secretsOf(c.spec, to, nil))
			err = &Broken{Step: StepAddress, Code: row.Code, Class: row.Class, Advice: row.Advice, Err: err}
		}
	} else {
		err = c.roundTrip(ctx, to, req, reply)
	}
	if err == nil {
		return nil
	}
	return &smithy.OperationError{ServiceID: c.spec.Name, OperationName: operation, Err: err}
}

func (c *overHTTP) roundTrip(
	ctx context.Context, to Settings, req *http.Request, reply func(int, http.Header, []byte) error,
) error {
	p := &progress{}
	broke := func(err error) error {
		row, broken := p.read(err), &Broken{}
		broken.Step, broken.Written, broken.Code = row.step, row.written, row.code
		meaning, _ := c.table.find("break", row.code, "")
		if row.written { // whatever broke it, the receiver may have acted
			meaning, _ = c.table.find("break", "unclear", "")
		}
		broken.Class, broken.Advice, broken.Host = meaning.Class, meaning.Advice, req.URL.Host
		broken.Err = withoutSecrets(withoutURL(err), secretsOf(c.spec, to, req))
		return broken
	}
	if err := ctx.Err(); err != nil {
		p.traced.Store(true) // nothing was begun
		return broke(err)
	}
	resp, err := c.client.Do(req.WithContext(p.watch(ctx)))
	if err != nil {
		return broke(err)
	}
	defer func() { _ = resp.Body.Close() }() // it was only read
	body, readErr := io.ReadAll(io.LimitReader(resp.Body, maxReply))
	if readErr != nil {
		body = nil
	}
	err = reply(resp.StatusCode, resp.Header, body)
	if err == nil {
		return nil
	}
	var refusal *Refusal
	if !errors.As(err, &refusal) {
		return fmt.Errorf("read the answer: %w", withoutSecrets(withoutURL(err), secretsOf(c.spec, to, req)))
	}
	if readErr != nil && refusal.Class == Unknown { // the status alone did not decide
		p.answered()
		return broke(readErr)
	}
	r := *refusal
	r.Text = hide(r.Text, secretsOf(c.spec, to, req))
	if after := min(pause(resp.Header, c.now()), maxAfter); after > r.After {
		r.After = after
	}
	return &r
}

// pause is how long a receiver's headers ask to wait: Retry-After in seconds or as a date (RFC 9110 §10.2.3), and the
// seconds that Lark's gateway gives in x-ogw-ratelimit-reset (open.feishu.cn frequency-control).
func pause(header http.Header, now time.Time) time.Duration {
	value := header.Get("Retry-After")
	if value == "" {
		value = header.Get("X-Ogw-Ratelimit-Reset")
	}
	if value == "" {
		return 0
	}
	if seconds, err := strconv.ParseFloat(value, 64); err == nil {
		if seconds > maxAfter.Seconds() {
			return maxAfter
		}
		if seconds > 0 { // false for NaN
			return time.Duration(seconds * float64(time.Second))
		}
		return 0
	}
	if at, err := http.ParseTime(value); err == nil {
		if served, err := http.ParseTime(header.Get("Date")); err == nil {
			now = served // the receiver's own clock, which its date was made with
		}
		return max(at.Sub(now), 0)
	}
	return 0
}
