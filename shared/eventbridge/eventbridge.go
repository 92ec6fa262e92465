// Package eventbridge keeps rules where they work: in Alibaba Cloud EventBridge, on the bus of their workspace. There is
// no second copy that could disagree. It speaks through alibaba-cloud-sdk-go; see call.go for what that takes.
//
// Each unit of a rule is one EventBridge target in a slot "1", "2", …; our target id and the contact ride in its body,
// the [rule.Envelope]. An update overwrites slots, deletes those no longer wanted, then changes pattern and status. Every
// step can be repeated, so saving a rule again completes a change that a crash cut off:
//
//   - a unit that stays keeps its slot, or is in its new one before the old one goes: it misses no event;
//   - a unit that goes is gone before the pattern widens: it gets no event it was not meant to get;
//   - a rule that is being disabled is so before its units change, one that is being enabled after;
//   - [rule.Origin].Revision tells units of two writes apart, so that [Store.Get] reports a change cut off as drift.
//
// What stays is that, within an update that changes both, a new unit may be told an event of the old choice.
package eventbridge

import (
	"context"
	"net/http"
	"sync"
	"time"

	"pai-notify/shared/channel"
	"pai-notify/shared/rule"
	"pai-notify/shared/seal"
)

// Config is what a [Store] works with.
type Config struct {
	Region      string
	Account     string
	Endpoint    string // base URL of the API; empty means the region's own
	Credentials func(context.Context) (Credentials, error)
	// FunctionARN gives the ARN of the function that delivers over a channel, by the channel's name.
	FunctionARN   func(channel string) string
	DeadLetterARN string // where EventBridge puts what it could not deliver; may be empty
	Catalog       rule.Catalog
	Specs         []channel.Spec
	Limits        rule.Limits
	Keys          *seal.Keyset
	Locks         Locks             // nil: writers of this process only are kept apart
	Transport     http.RoundTripper // nil: one of the store's own
	Timeout       time.Duration     // of one call; 0 means 10 s
}

// Credentials sign one call.
type Credentials struct{ AccessKeyID, AccessKeySecret, SecurityToken string }

// CredentialsOf makes credentials of keys, as httpapi.RoleKeys gives them.
func CredentialsOf(
	keys func(context.Context) (id, secret, token string, err error),
) func(context.Context) (Credentials, error) {
	return func(ctx context.Context) (Credentials, error) {
		id, secret, token, err := keys(ctx)
		return Credentials{id, secret, token}, err
	}
}

// String keeps credentials out of logs.
func (Credentials) String() string { return "credentials" }

// GoString keeps credentials out of logs.
func (Credentials) GoString() string { return "credentials" }

// Locks keep the writers of one rule apart; over several processes a *database.DB does.
type Locks interface {
	// Lock waits until nobody else holds the key, or until ctx is done. The work under the lock belongs in locked, which
	// ends when the lock is lost. The caller must unlock once.
	Lock(ctx context.Context, key string) (locked context.Context, unlock func(), err error)
}

// Store keeps rules in EventBridge. It is safe for concurrent use.
type Store struct{ Config }

var _ rule.Store = (*Store)(nil)

// New makes a store; it makes no call.
func New(c Config) *Store {
	if c.Transport == nil {
		c.Transport = &http.Transport{ // without a proxy: nothing but EventBridge sees a signed request
			MaxIdleConnsPerHost:   listers,
			IdleConnTimeout:       30 * time.Second, // a frozen function wakes up to dead connections
			TLSHandshakeTimeout:   5 * time.Second,
			ResponseHeaderTimeout: 10 * time.Second,
			ForceAttemptHTTP2:     true,
		}
	}
	if c.Locks == nil {
		c.Locks = &processLocks{held: map[string]chan struct{}{}}
	}
	if c.Timeout <= 0 {
		c.Timeout = 10 * time.Second
	}
	return &Store{c}
}

// processLocks are [Locks] within one process.
type processLocks struct {
	mu   sync.Mutex
	held map[string]chan struct{} // closed when the key is free again
}

func (l *processLocks) Lock(ctx context.Context, key string) (context.Context, func(), error) {
	for {
		l.mu.Lock()
		free, taken := l.held[key]
		if !taken {
			mine := make(chan struct{})
			l.held[key] = mine
			l.mu.Unlock()
			return ctx, func() {
				l.mu.Lock()
				defer l.mu.Unlock()
				delete(l.held, key)
				close(mine)
			}, nil
		}
		l.mu.Unlock()
		select {
		case <-free:
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		}
	}
}
