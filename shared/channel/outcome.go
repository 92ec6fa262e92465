package channel

import "time"

// Class is what an outcome means for the message.
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

// Advice says what to do, by language.
type Advice map[string]string

// Refusal is a receiver's no. It is a smithy.APIError.
type Refusal struct {
	Code   string // the receiver's own
	Text   string // the receiver's own, at most 200 bytes, without secrets
	Class  Class
	Advice Advice
	After  time.Duration // the receiver wants no attempt sooner; 0 means it did not say
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
type Broken struct {
	Step    Step
	Written bool // the whole request had been written: the receiver may have acted on it
	Err     error
}

// Outcome is what became of one attempt, as [Classify] reads it.
type Outcome struct {
	Class  Class
	Step   Step   // empty where delivered
	Code   string // the receiver's, or one of ours
	Text   string
	Advice Advice
	After  time.Duration
}
