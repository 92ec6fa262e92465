package bus

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	// RoleSendToFunction is the service-linked role without which EventBridge may not call functions.
	RoleSendToFunction = "AliyunServiceRoleForEventBridgeSendToFC"

	httpTimeout = 10 * time.Second // of the machine; the product's is not documented
	// Function Compute: help.aliyun.com/en/functioncompute, advanced features of triggers.
	maxSyncBody, maxAsyncBody = 32 << 20, 128 << 10
	// maxHops ends circles of buses that send to one another; the product's own guard is not documented.
	maxHops = 10
)

// outcome is how one try ended: status is NotifyStatus.
type outcome struct {
	ok     bool
	status string
}

func failed(code int, format string, args ...any) outcome {
	return outcome{false, fmt.Sprintf("[%d]", code) + cut(fmt.Sprintf(format, args...), 500)}
}

// attempt makes one try of a push and puts on disk what came of it.
func (b *Bus) attempt(ctx context.Context, p *push) {
	b.mu.RLock()
	var r *rule
	if on := b.buses[p.bus]; on != nil {
		r = on.rules[p.rule]
	}
	b.mu.RUnlock()
	t, ok := target{}, false
	if r != nil {
		t, ok = r.target(p.target)
	}
	if !ok {
		b.record(ctx, p, target{}, b.now(), outcome{false, "[410]the rule or target was deleted"}, countRemoved)
		return
	}
	begun := b.now()
	body, result := b.send(ctx, p, &t)
	if ctx.Err() != nil {
		return // broken off at the end of this process: the next one tries again
	}
	switch async := t.Type == typeFunction && t.value("InvocationType") == "Async"; {
	case result.ok && async && !p.accepted:
		p.accepted = true // from here on Function Compute tries by itself
		p.due = b.now()
		b.record(ctx, p, t, begun, outcome{true, "[202]Accepted"}, "")
		return
	case result.ok:
		b.record(ctx, p, t, begun, result, countPushed)
		return
	default:
		p.tries++
		next := pause
		if p.accepted {
			next = func(_ string, tries int) (time.Duration, bool) { return asyncPause(tries) }
		}
		if wait, again := next(t.PushRetryStrategy, p.tries); again {
			p.due = b.now().Add(wait)
			b.record(ctx, p, t, begun, result, "")
			return
		}
		if t.ErrorsTolerance == tolerateNone && !p.accepted {
			p.blocked = true
			result.status += " (stopped: ErrorsTolerance is NONE)"
			b.record(ctx, p, t, begun, result, "")
			return
		}
		b.giveUp(ctx, p, t, begun, body, result)
	}
}

// record puts one try on disk. If that fails the push is tried again, for it is still there.
func (b *Bus) record(ctx context.Context, p *push, t target, begun time.Time, result outcome, ended string) {
	err := b.write(context.WithoutCancel(ctx), func(tx *sql.Tx) error { return b.recordIn(tx, p, t, begun, result, ended) })
	if err != nil {
		b.options.Log.Error("store the outcome of a push", "event", p.eventID, "rule", p.rule, "error", err.Error())
		p.due, p.blocked = b.now().Add(5*time.Second), false
		return
	}
	p.ended = ended
}

func (b *Bus) recordIn(tx *sql.Tx, p *push, t target, begun time.Time, result outcome, ended string) error {
	now := b.now()
	trace := Trace{EventBusName: p.bus, EventID: p.eventID, EventSource: p.source, RuleName: p.rule, TargetID: p.target,
		Endpoint: shown(t.Endpoint), ActionTime: now.UnixMilli(), NotifyTime: begun.UnixMilli(), NotifyStatus: result.status,
		NotifyLatency: fmt.Sprint(now.Sub(begun).Milliseconds())}
	if err := saveTrace(tx, trace, "PushEvent"); err != nil {
		return err
	}
	if ended == "" {
		_, err := tx.Exec("update push set due = ?, tries = ?, accepted = ?, blocked = ? where id = ?",
			p.due.UnixMilli(), p.tries, p.accepted, p.blocked, p.id)
		return err
	}
	if _, err := tx.Exec("delete from push where id = ?", p.id); err != nil {
		return err
	}
	return count(tx, ended, 1)
}

// send transforms the event and hands it to the target. It also gives the body, for the dead-letter queue.
func (b *Bus) send(ctx context.Context, p *push, t *target) ([]byte, outcome) {
	var event []byte
	if err := b.db.QueryRowContext(ctx, "select body from event where id = ?", p.event).Scan(&event); err != nil {
		return nil, failed(500, "read the event: %v", err)
	}
	body, err := t.body.Apply(event)
	if err != nil {
		return event, failed(400, "transform the event: %v", err)
	}
	switch t.Type {
	case typeFunction:
		return event, b.sendFunction(ctx, p, t, body)
	case typeBus:
		return event, b.sendBus(ctx, p, t, event)
	default:
		return event, b.sendHTTP(ctx, t, body)
	}
}

func (b *Bus) sendFunction(ctx context.Context, p *push, t *target, body []byte) outcome {
	if _, ok := b.Role(RoleSendToFunction); !ok {
		return failed(403, "the service-linked role %s does not exist, so EventBridge may not call functions", RoleSendToFunction)
	}
	function, _ := lastOf(functionARN, t.Endpoint)
	if t.value("DataFormat") == "ObjectList" {
		body = list(body)
	}
	limit := maxSyncBody
	if t.value("InvocationType") == "Async" {
		limit = maxAsyncBody
	}
	if len(body) > limit {
		return failed(413, "the body has %d bytes; Function Compute takes %d", len(body), limit)
	}
	if t.value("InvocationType") == "Async" && !p.accepted {
		return outcome{true, "[202]Accepted"}
	}
	if _, err := b.options.Invoker.Invoke(ctx, function, body); err != nil {
		return failed(500, "%v", err)
	}
	return outcome{true, "[200]Ok"}
}

// list is a body as the only element of a JSON list. The local cloud makes no batches of more than one.
func list(body []byte) []byte {
	if !json.Valid(body) {
		if text, err := json.Marshal(string(body)); err == nil {
			body = text
		}
	}
	return append(append([]byte("["), body...), ']')
}

func (b *Bus) sendBus(ctx context.Context, p *push, t *target, event []byte) outcome {
	bus, _ := lastOf(busARN, t.Endpoint)
	if err := b.forward(ctx, bus, event, p.hops+1); err != nil {
		return failed(400, "%v", err)
	}
	return outcome{true, "[200]Ok"}
}

func (b *Bus) forward(ctx context.Context, bus string, event []byte, hops int) error {
	if hops > maxHops {
		return fmt.Errorf("the event has come over %d buses: the rules form a circle", maxHops)
	}
	e, err := parseEvent(event)
	if err != nil {
		return err
	}
	e.set(attributeBus, bus)
	return b.publish(ctx, bus, []cloudEvent{e}, hops)
}

// sendHTTP posts the body. It is not signed: verifiers fetch the certificate from Alibaba Cloud's own host, which the local
// cloud cannot be. The token of the target's parameters goes with it, as the product sends it.
func (b *Bus) sendHTTP(ctx context.Context, t *target, body []byte) outcome {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, t.Endpoint, bytes.NewReader(body))
	if err != nil {
		return failed(400, "%v", withoutURL(err))
	}
	request.Header.Set("Content-Type", "text/plain; charset=utf-8")
	if json.Valid(body) {
		request.Header.Set("Content-Type", "application/json; charset=utf-8")
	}
	if token := t.value("Token"); token != "" {
		request.Header.Set("x-eventbridge-signature-token", token)
	}
	response, err := b.client.Do(request)
	if err != nil {
		return failed(500, "%v", withoutURL(err))
	}
	defer func() { _ = response.Body.Close() }()
	text, _ := io.ReadAll(io.LimitReader(response.Body, 1<<10)) // what was read before an error says enough
	if response.StatusCode/100 == 2 {
		return outcome{true, fmt.Sprintf("[%d]Ok", response.StatusCode)}
	}
	return failed(response.StatusCode, "%s %q", http.StatusText(response.StatusCode), cut(string(text), 200))
}

// withoutURL is an error of the HTTP client without the address, which may hold a token.
func withoutURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

func cut(text string, n int) string {
	if len(text) > n {
		return strings.ToValidUTF8(text[:n], "") + "…"
	}
	return text
}
