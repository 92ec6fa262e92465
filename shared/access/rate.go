package access

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"pai-notify/shared/fault"

	"github.com/aws/smithy-go"
)

// How fast one key may ask one instance. An instance answers one request at a time, so this only stops who asks without
// pause for seconds.
const (
	rateBurst = 300
	rateEvery = time.Second / 30
	maxRated  = 10_000 // keys that are remembered
)

// rates keeps when each key has asked, in the instance's memory: a look into the database would cost more than what it
// guards. It is a GCRA for each key.
type rates struct {
	mu  sync.Mutex
	tat map[string]time.Time
}

func (r *rates) take(key string, now time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.tat == nil || len(r.tat) >= maxRated { // to forget is to allow a burst more
		r.tat = map[string]time.Time{}
	}
	next, wait := gcra(r.tat[key], now, rateBurst, rateEvery)
	if wait > 0 {
		return &ThrottledError{After: wait}
	}
	r.tat[key] = next
	return nil
}

// gcra gives the next theoretical arrival time, and how long to wait where there is no room now.
func gcra(tat, now time.Time, burst int, every time.Duration) (next time.Time, wait time.Duration) {
	if tat.Before(now) {
		tat = now
	}
	next = tat.Add(every)
	if wait = next.Sub(now) - time.Duration(burst)*every; wait > 0 {
		return tat, wait
	}
	return next, 0
}

// Allow takes one of what a caller may do only so often, such as tests of receivers: burst at once, then one each time.
// All instances count together. Where there is none left the error is a *[ThrottledError].
func (k *Keys) Allow(ctx context.Context, what fault.Text, burst int, every time.Duration) error {
	name, now := what.Error()+" "+From(ctx).KeyID, k.Now()
	err := k.DB.Write(ctx, false, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "insert into allowance (name, tat) values ($1, 0) on conflict do nothing", name); err != nil {
			return err
		}
		var tat int64
		err := tx.QueryRowContext(ctx, "select tat from allowance where name = $1"+k.DB.ForUpdate(), name).Scan(&tat)
		if err != nil {
			return err
		}
		next, wait := gcra(time.UnixMilli(tat), now, burst, every)
		if wait > 0 {
			return &ThrottledError{After: wait, What: what}
		}
		_, err = tx.ExecContext(ctx, "update allowance set tat = $1 where name = $2", next.UnixMilli(), name)
		return err
	})
	var throttled *ThrottledError
	if err != nil && !errors.As(err, &throttled) {
		return fmt.Errorf("count %s: %w", what.In("en"), err)
	}
	return err
}

// How many tests of receivers one caller may make: at once, and then one each time.
const (
	TestBurst = 30
	TestEvery = 20 * time.Second
)

// AllowTest takes one of the tests that a caller may make: each sends to whatever address it is given.
func (k *Keys) AllowTest(ctx context.Context) error {
	return k.Allow(ctx, fault.Say("tests of receivers", "接收端测试"), TestBurst, TestEvery)
}

// ThrottledError says that a caller asks too often. It is a smithy.APIError with the code Throttled.
type ThrottledError struct {
	After time.Duration
	What  fault.Text // nil: requests
}

var _ smithy.APIError = (*ThrottledError)(nil)

func (e *ThrottledError) Error() string { return e.Said().Error() }

// Said says when the next is possible.
func (e *ThrottledError) Said() fault.Text {
	what := e.What
	if what == nil {
		what = fault.Say("requests", "请求")
	}
	return fault.Say("this key has made too many %s; the next is possible in %s", "此密钥的%s过于频繁，%s 之后才能再试", what, e.After.Round(time.Millisecond))
}

// ErrorCode is Throttled.
func (*ThrottledError) ErrorCode() string { return "Throttled" }

// ErrorMessage says when the next is possible.
func (e *ThrottledError) ErrorMessage() string { return e.Error() }

// ErrorFault is the caller's.
func (*ThrottledError) ErrorFault() smithy.ErrorFault { return smithy.FaultClient }

// RetryAfter is when the next is possible.
func (e *ThrottledError) RetryAfter() time.Duration { return e.After }
