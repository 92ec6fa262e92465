package channel

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/http/httptrace"
	"slices"
	"sync/atomic"

	"code.dny.dev/ssrf"
)

// progress watches how far one request gets, because an error alone does not say whether the receiver has it already.
// The hooks run in goroutines of the transport.
type progress struct {
	traced atomic.Bool  // the client tells; a client of a test may not
	step   atomic.Int32 // index in order: the furthest step begun
	wrote  atomic.Bool
}

// order is how an exchange proceeds.
func order() []Step { return []Step{StepAddress, StepDNS, StepDial, StepTLS, StepWrite, StepRead} }

func (p *progress) reach(step Step) {
	next := int32(slices.Index(order(), step)) //nolint:gosec // at most 5
	for {
		now := p.step.Load()
		if now >= next || p.step.CompareAndSwap(now, next) {
			return
		}
	}
}

// watch gives a context under which a transport reports to p.
func (p *progress) watch(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn:           func(string) { p.traced.Store(true) },
		DNSStart:          func(httptrace.DNSStartInfo) { p.reach(StepDNS) },
		ConnectStart:      func(string, string) { p.reach(StepDial) },
		TLSHandshakeStart: func() { p.reach(StepTLS) },
		GotConn:           func(httptrace.GotConnInfo) { p.reach(StepWrite) },
		WroteRequest: func(info httptrace.WroteRequestInfo) {
			if info.Err == nil {
				p.answered()
			}
		},
	})
}

// answered notes that the whole request has been written.
func (p *progress) answered() {
	p.wrote.Store(true)
	p.reach(StepRead)
}

// breakage is where an exchange broke, by a code of codes.json.
type breakage struct {
	step    Step
	written bool
	code    string
}

// read tells where and why the exchange broke.
func (p *progress) read(err error) breakage {
	var (
		dns         *net.DNSError
		op          *net.OpError
		certificate *tls.CertificateVerificationError
		network     net.Error
	)
	b := breakage{step: order()[p.step.Load()], written: p.wrote.Load()}
	traced := p.traced.Load()
	switch {
	case b.written:
	case errors.As(err, &op) && op.Op == "dial", traced && b.step == StepAddress:
		b.step = StepDial
	case !traced: // a client that does not tell how far it got may have written
		b.step, b.written = StepRead, true
	}
	switch {
	case errors.Is(err, errBlocked), errors.Is(err, ssrf.ErrProhibitedIP),
		errors.Is(err, ssrf.ErrProhibitedPort), errors.Is(err, ssrf.ErrProhibitedNetwork):
		b.step, b.written, b.code = StepAddress, false, "ssrf-blocked"
	case errors.As(err, &dns) && dns.IsNotFound:
		b.step, b.code = StepDNS, "dns-not-found"
	case errors.As(err, &dns):
		b.step, b.code = StepDNS, "dns-temporary"
	case errors.As(err, &certificate):
		b.step, b.code = StepTLS, "tls-verify"
	case errors.Is(err, http.ErrSchemeMismatch):
		b.step, b.code = StepTLS, "tls-none"
	case errors.Is(err, context.Canceled):
		b.code = "canceled"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		b.code = "timeout"
	case b.written:
		b.code = "unclear"
	case b.step == StepDNS:
		b.code = string(StepDial)
	default:
		b.code = string(b.step)
	}
	return b
}
