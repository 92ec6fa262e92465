// Package bus is the local cloud's EventBridge: buses, rules and targets behind the control plane's API, the two ways to put
// events, and the engine that matches, transforms and delivers them.
//
// It is a development tool. It checks what the real one checks and answers with its codes where they are known; where the
// product's pages are silent it follows apache/rocketmq-eventbridge, and each place says so. Every push is delivered at
// least once: it is on disk before the publisher is answered and stays there until its target took it, its dead-letter
// queue took it, or it was given up. Order is not promised, as EventBridge promises none.
package bus

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"pai-notify/scripts/localcloud/account"
	"pai-notify/scripts/localcloud/rpc"
	"pai-notify/shared/clock"
)

// Invoker calls functions. A function's own failure is an error whose type name is FunctionError.
type Invoker interface {
	Invoke(ctx context.Context, function string, body []byte) (answer []byte, err error)
}

// Quotas of the account: help.aliyun.com/en/eventbridge/product-overview/limits. The zero value of each is its default.
type Quotas struct {
	Buses          int // custom buses; 50
	RulesPerBus    int // 50
	TargetsPerRule int // 5
	EventBytes     int // of one event; 256 KB
	BatchEvents    int // 16
	BatchBytes     int // 1 MB
}

func (q Quotas) orDefault() Quotas {
	for _, one := range []struct {
		quota *int
		is    int
	}{{&q.Buses, 50}, {&q.RulesPerBus, 50}, {&q.TargetsPerRule, 5}, {&q.EventBytes, 256 << 10}, {&q.BatchEvents, 16},
		{&q.BatchBytes, 1 << 20}} {
		if *one.quota == 0 {
			*one.quota = one.is
		}
	}
	return q
}

// Options of a bus.
type Options struct {
	Dir         string // where the state is kept; must exist
	Region      string
	Account     string
	Clock       clock.Clock
	Invoker     Invoker
	Credentials func(accessKeyID string) (rpc.Credential, bool)
	Quotas      Quotas
	Concurrency int                 // of one target; 10 if zero
	Workspaces  []account.Workspace // PAI's, whose buses activation makes; [account.Workspaces] if nil
	// RefusalStatus is the HTTP status of EventBridge's own refusals such as EventBusNotExist. The product has used both
	// 200 with Success=false, which is meant by zero, and 4xx.
	RefusalStatus int
	Triggers      []Trigger // of functions, on the default bus
	Log           *slog.Logger
}

// Bus is the local cloud's EventBridge. It is safe for concurrent use.
type Bus struct {
	options Options
	db      *sql.DB
	gateway *rpc.Server
	engine  *engine
	client  *http.Client

	mu     sync.RWMutex
	active bool
	buses  map[string]*eventBus
	roles  map[string]account.Role // by name in lower case
}

// eventBus is a bus with its rules.
type eventBus struct {
	Name        string
	Description string
	Created     time.Time
	rules       map[string]*rule
}

// defaultBus receives Alibaba Cloud's own events; it always exists and users cannot put events on it.
const defaultBus = "default"

// New opens the state in a directory and goes on delivering what is left in it.
func New(o Options) (*Bus, error) {
	if o.Dir == "" || o.Region == "" || o.Account == "" || o.Invoker == nil || o.Credentials == nil {
		return nil, errors.New("bus: Dir, Region, Account, Invoker and Credentials must be given")
	}
	o.Quotas = o.Quotas.orDefault()
	if o.Concurrency == 0 {
		o.Concurrency = 10
	}
	if o.Workspaces == nil {
		o.Workspaces = account.Workspaces()
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.RefusalStatus == 0 {
		o.RefusalStatus = http.StatusOK
	}
	b := &Bus{options: o, client: &http.Client{
		Timeout:       httpTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	var err error
	if b.db, err = open(o.Dir); err != nil {
		return nil, fmt.Errorf("open the state of the bus: %w", err)
	}
	pushes, counts, err := b.load()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("read the state of the bus: %w", err), b.db.Close())
	}
	if err := b.addTriggers(); err != nil {
		return nil, errors.Join(err, b.db.Close())
	}
	b.gateway = rpc.New(rpc.Options{Credentials: o.Credentials, Clock: o.Clock, Log: o.Log})
	b.register()
	account.Register(b.gateway, b, account.Options{Account: o.Account, Region: o.Region, Workspaces: o.Workspaces})
	b.engine = newEngine(o.Clock, o.Concurrency, counts, b.attempt)
	b.engine.start(pushes)
	return b, nil
}

// Gateway is where other products' actions can be registered, before it serves.
func (b *Bus) Gateway() *rpc.Server { return b.gateway }

// ServeHTTP answers the APIs of EventBridge and of the account, and the local cloud's own pages below /local/.
func (b *Bus) ServeHTTP(w http.ResponseWriter, r *http.Request) { b.gateway.ServeHTTP(w, r) }

// Close stops delivering. Attempts under way may end until ctx is done; what is not delivered is kept for the next start.
func (b *Bus) Close(ctx context.Context) error {
	b.engine.stop(ctx)
	b.client.CloseIdleConnections()
	return b.db.Close()
}

func (b *Bus) now() time.Time { return b.options.Clock.Now() }

func (b *Bus) arn(bus string) string {
	return "acs:eventbridge:" + b.options.Region + ":" + b.options.Account + ":eventbus/" + bus
}

// refuse is one of EventBridge's own refusals.
func (b *Bus) refuse(code, format string, args ...any) *rpc.Error {
	return &rpc.Error{Status: b.options.RefusalStatus, Code: code, Message: fmt.Sprintf(format, args...)}
}
