package channel

import (
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/aws/smithy-go"
)

// Class is what an outcome means for the message. As text it is one lower-case word: see [Class.String].
type Class int

// The classes. The zero class is Unknown, so that a forgotten code is never taken for success.
const (
	Unknown       Class = iota // the answer is not understood: tried three times, then dead
	Delivered                  // accepted
	Throttled                  // too fast: waits, and the destination closes meanwhile
	Unavailable                // not accepted for a passing reason: waits
	Uncertain                  // it may have been accepted: waits, or for a Once channel dead
	Misconfigured              // dead until somebody changes a setting
	Rejected                   // this message will never be accepted
)

// Classes lists all classes in order.
func Classes() []Class {
	return []Class{Unknown, Delivered, Throttled, Unavailable, Uncertain, Misconfigured, Rejected}
}

// String is the class's word: unknown, delivered, throttled, unavailable, uncertain, misconfigured, rejected.
func (c Class) String() string {
	switch c {
	case Delivered:
		return "delivered"
	case Throttled:
		return "throttled"
	case Unavailable:
		return "unavailable"
	case Uncertain:
		return "uncertain"
	case Misconfigured:
		return "misconfigured"
	case Rejected:
		return "rejected"
	default:
		return "unknown"
	}
}

// MarshalText gives the word of [Class.String], in JSON too.
func (c Class) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads the word of [Class.String].
func (c *Class) UnmarshalText(text []byte) error {
	for _, class := range Classes() {
		if class.String() == string(text) {
			*c = class
			return nil
		}
	}
	return fmt.Errorf("class %q: want one of %v", text, Classes())
}

// Advice says what to do, by language.
type Advice map[string]string

// In gives the advice in a language, else in English.
func (a Advice) In(language string) string {
	if s := a[language]; s != "" {
		return s
	}
	return a["en"]
}

// Refusal is a receiver's no. It is a smithy.APIError.
//
//nolint:errname // a refusal is what the whole project calls it
type Refusal struct {
	Code   string // the receiver's own; "HTTP 502" where it gave only a status
	Text   string // the receiver's own, at most 200 bytes, on one line, without secrets
	Class  Class  // never Delivered
	Advice Advice
	After  time.Duration // the receiver wants no attempt sooner; 0 means it did not say
}

var _ smithy.APIError = (*Refusal)(nil)

// Error says code and text.
func (r *Refusal) Error() string { return fmt.Sprintf("refused with %s: %q", r.Code, r.Text) }

// ErrorCode is the receiver's code.
func (r *Refusal) ErrorCode() string { return r.Code }

// ErrorMessage is the receiver's text.
func (r *Refusal) ErrorMessage() string { return r.Text }

// ErrorFault says whose turn it is to change something.
func (r *Refusal) ErrorFault() smithy.ErrorFault {
	switch r.Class {
	case Unavailable:
		return smithy.FaultServer
	case Throttled, Misconfigured, Rejected:
		return smithy.FaultClient
	default:
		return smithy.FaultUnknown
	}
}

// Step is a stage of an exchange, in order.
type Step string

// The steps at which an exchange can break.
const (
	StepAddress Step = "address" // the guard does not allow it
	StepDNS     Step = "dns"
	StepDial    Step = "dial"
	StepTLS     Step = "tls"
	StepWrite   Step = "write"
	StepRead    Step = "read"
	StepAnswer  Step = "answer" // the receiver answered: a *Refusal
)

// Broken is an exchange without a usable answer.
//
//nolint:errname // likewise
type Broken struct {
	Step    Step
	Written bool   // the whole request had been written: the receiver may have acted on it
	Code    string // one of ours: see codes.json
	Host    string // of the receiver; never more of its address
	Class   Class
	Advice  Advice
	Err     error // without secrets, all the way down
}

// Error says step, host and cause.
func (b *Broken) Error() string {
	if b.Host == "" {
		return fmt.Sprintf("%s: %v", b.Step, b.Err)
	}
	return fmt.Sprintf("%s %s: %v", b.Step, b.Host, b.Err)
}

// Unwrap gives the cause.
func (b *Broken) Unwrap() error { return b.Err }

// Outcome is what became of one attempt, as [Classify] reads it.
type Outcome struct {
	Class  Class
	Step   Step   // empty where delivered
	Code   string // the receiver's, or one of ours
	Text   string
	Advice Advice
	After  time.Duration
}

// Classify reads the class out of the error of [Channel.Send], however deep it is wrapped. Only nil is Delivered; an
// error that says nothing of itself is Unknown.
func Classify(err error) Outcome {
	if err == nil {
		return Outcome{Class: Delivered}
	}
	if refusal := new(Refusal); errors.As(err, &refusal) {
		class := refusal.Class
		if class == Delivered { // a refusal that claims success is a defect of a channel, and no success
			class = Unknown
		}
		return Outcome{class, StepAnswer, refusal.Code, refusal.Text, refusal.Advice, refusal.After}
	}
	if broken := new(Broken); errors.As(err, &broken) {
		class := broken.Class
		if class == Delivered {
			class = Unknown
		}
		return Outcome{Class: class, Step: broken.Step, Code: broken.Code, Text: Short(broken.Error()), Advice: broken.Advice}
	}
	var api smithy.APIError
	if errors.As(err, &api) {
		return Outcome{Class: Unknown, Step: StepAnswer, Code: api.ErrorCode(), Text: Short(api.ErrorMessage())}
	}
	return Outcome{Class: Unknown, Text: Short(withoutURL(err).Error())}
}

// withoutURL drops the layers of *url.Error, whose text has the whole URL with its token.
func withoutURL(err error) error {
	for u := new(url.Error); errors.As(err, &u); {
		if u.Err == nil {
			return errors.New("no cause given")
		}
		err = u.Err
	}
	return err
}
