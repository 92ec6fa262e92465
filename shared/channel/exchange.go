package channel

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

const (
	maxReply = 64 << 10      // bytes of an answer that are read; robots answer with some hundred
	maxAfter = 6 * time.Hour // of a receiver's wish for a pause: a mistaken one must leave tries within a delivery's day
)

// Exchange sends requests and has the answers read, as [HTTP] does for every [Wire] and package aliyun for calls of an
// API. It notes how far each request got, and no error it makes shows a secret. It is safe for concurrent use.
type Exchange struct {
	Service string // that errors name
	Client  smithyhttp.ClientDo
	Now     func() time.Time
	Table   *Table // what a broken exchange means
	Once    bool   // what may have been taken is never sent again: a request counts as written from its connection on
}

// Reply reads an answer: nil where it says yes, else a *Refusal.
type Reply func(status int, header http.Header, body []byte) error

// Do makes one exchange. The error is a *smithy.OperationError around a *Refusal or a *Broken, see [Channel.Send].
func (x *Exchange) Do(ctx context.Context, operation string, req *http.Request, secrets []string, reply Reply) error {
	if err := x.roundTrip(ctx, req, secrets, reply); err != nil {
		return x.failed(operation, err)
	}
	return nil
}

// Unmade is the error of a request that could not be made: err as it is where it holds a *Refusal or a *Broken, else the
// settings do not fit.
func (x *Exchange) Unmade(operation string, err error, secrets []string) error {
	refusal, broken := new(Refusal), new(Broken)
	if !errors.As(err, &refusal) && !errors.As(err, &broken) {
		row, _ := x.Table.Find("break", "address", "")
		err = withoutSecrets(withoutURL(err), secrets)
		err = &Broken{Step: StepAddress, Code: row.Code, Class: row.Class, Advice: row.Advice, Err: err}
	}
	return x.failed(operation, err)
}

func (x *Exchange) failed(operation string, err error) error {
	return &smithy.OperationError{ServiceID: x.Service, OperationName: operation, Err: err}
}

func (x *Exchange) roundTrip(ctx context.Context, req *http.Request, secrets []string, reply Reply) error {
	p := &progress{}
	broke := func(err error) error {
		row, broken := p.read(err), &Broken{}
		row.written = row.written || x.Once && row.step == StepWrite // the last bytes may be out before anybody is told so
		broken.Step, broken.Written, broken.Code = row.step, row.written, row.code
		meaning, _ := x.Table.Find("break", row.code, "")
		if row.written { // whatever broke it, the receiver may have acted
			meaning, _ = x.Table.Find("break", "unclear", "")
		}
		broken.Class, broken.Advice, broken.Host = meaning.Class, meaning.Advice, req.URL.Host
		broken.Err = withoutSecrets(withoutURL(err), secrets)
		return broken
	}
	if err := ctx.Err(); err != nil {
		p.traced.Store(true) // nothing was begun
		return broke(err)
	}
	resp, err := x.Client.Do(req.WithContext(p.watch(ctx)))
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
		return fmt.Errorf("read the answer: %w", withoutSecrets(withoutURL(err), secrets))
	}
	if readErr != nil && (refusal.Class == Unknown || refusal.Class == Uncertain) { // the status alone did not decide
		p.answered()
		return broke(readErr)
	}
	r := *refusal
	r.Text, r.Code = hide(r.Text, secrets), hide(r.Code, secrets) // a code may be any text that the receiver has
	if after := min(pause(resp.Header, x.Now()), maxAfter); after > r.After {
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
