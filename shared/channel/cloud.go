package channel

import (
	"context"
	"net/url"
	"time"

	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// Cloud is what channels need of Alibaba Cloud: where its APIs are and as whom to call them.
type Cloud struct {
	Region      string // of the deployment: cn-hangzhou
	Endpoint    string // base URL of all APIs; empty means each API's own host
	Credentials func(context.Context) (Credentials, error)
	Client      smithyhttp.ClientDo // for these APIs alone; nil means that of [Deps]
}

// NewCloud is Alibaba Cloud at an endpoint, which may be empty. The endpoint is an administrator's choice, and the one
// address beyond the guard's that the client for these APIs reaches.
func NewCloud(region, endpoint string, credentials func(context.Context) (Credentials, error)) Cloud {
	c := Cloud{Region: region, Endpoint: endpoint, Credentials: credentials}
	if u, err := url.Parse(endpoint); err == nil && u.Host != "" {
		c.Client = Client(nil, []string{hostPort(u)})
	}
	return c
}

// Credentials are those of one invocation.
type Credentials struct{ AccessKeyID, AccessKeySecret, SecurityToken string }

// To is the setting that holds a contact's address, in the [Settings] of a channel whose targets name contacts: a
// telephone number as +8613800138000, or a mail address. It is looked up when a message is sent and stands in no rule.
const To = "to"

// Reporter is a channel whose service can be asked later what became of a message that it accepted.
type Reporter interface {
	// Report asks once. The error is one of the exchange, see [Channel]; what the service says of the message is in the
	// Report. Settings are those it was sent with.
	Report(ctx context.Context, to Settings, q Query) (Report, error)
}

// Query names a message that was sent, or may have been.
type Query struct {
	Receipt string    // the service's id; empty where the outcome of sending was unclear
	ID      string    // of the message, as it was sent along with it
	Sent    time.Time // when it was sent
}

// Report is what a service says of a message.
type Report struct {
	Fate    Fate
	Receipt string    // the service's id, also where the query had none
	At      time.Time // when it arrived or failed; zero where it does not say
	Code    string    // of a failure
	Text    string    // of a failure: short, without secrets
	Advice  Advice    // on a failure
}

// Fate is what became of an accepted message.
type Fate int

// The fates. The zero value decides nothing.
const (
	Pending Fate = iota // the service has the message, and what became of it is not known yet
	Absent              // the service knows no such message: never accepted, or not listed yet
	Arrived             // at the handset or the mailbox, or the call was answered
	Failed              // it will not arrive
)

// Receipts is a channel whose service reports by itself, with events.
type Receipts interface {
	// ReadReceipt reads the body of such an event. shared are the deployment's settings of the channel. ours is false for
	// a body that is none, or one about a message that was not sent by this deployment's sender.
	ReadReceipt(shared Settings, body []byte) (r Report, ours bool)
}
