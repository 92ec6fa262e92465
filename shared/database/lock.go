package database

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"
)

const (
	leaseTime = 10 * time.Second       // after a crash others wait at most so long
	leasePoll = 100 * time.Millisecond // between two looks at a lock that another holds
)

// errLeaseLost is why the context of a lock ends early.
var errLeaseLost = errors.New("the lock was lost: the database could not be reached in time to renew it")

// Lock waits until no other process holds the key and holds it until unlock, renewing its lease meanwhile. Work under the
// lock belongs in the locked context, which ends when the lease could not be renewed. If the holder dies, the lock is
// free ten seconds later. Leases are rows compared with the server's clock, which works alike on both databases and
// behind a connection pooler.
func (d *DB) Lock(ctx context.Context, key string) (locked context.Context, unlock func(), err error) {
	holder := rand.Text()
	for {
		got, err := d.lease(ctx, key, holder)
		if err != nil {
			return nil, nil, fmt.Errorf("lock %q: %w", key, err)
		}
		if got {
			break
		}
		select {
		case <-time.After(leasePoll):
		case <-ctx.Done():
			return nil, nil, fmt.Errorf("lock %q: another process holds it: %w", key, ctx.Err())
		}
	}
	locked, cancel := context.WithCancelCause(ctx)
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		d.renew(locked, cancel, key, holder, stop)
	}()
	unlock = sync.OnceFunc(func() {
		close(stop)
		<-stopped
		cancel(context.Canceled)
		// Where this fails, the lease runs out by itself.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaseTime)
		defer cancel()
		_ = d.Write(ctx, false, func(tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, "delete from lease where key = $1 and holder = $2", "lock "+key, holder)
			return err
		})
	})
	return locked, unlock, nil
}

func (d *DB) renew(ctx context.Context, lost context.CancelCauseFunc, key, holder string, stop <-chan struct{}) {
	ticker := time.NewTicker(leaseTime / 4)
	defer ticker.Stop()
	last := time.Now()
	for {
		select {
		case <-stop:
			return
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		switch held, err := d.lease(ctx, key, holder); {
		case err == nil && held:
			last = time.Now()
		case err == nil, time.Since(last) > leaseTime*3/4:
			lost(errLeaseLost)
			return
		}
	}
}

// lease takes a free key or renews the holder's own.
func (d *DB) lease(ctx context.Context, key, holder string) (held bool, err error) {
	err = d.Write(ctx, true, func(tx *sql.Tx) error {
		now := d.dialect.now()
		var got string
		err := tx.QueryRowContext(ctx, `insert into lease (key, holder, until) values ($1, $2, `+now+` + $3)
			on conflict (key) do update set holder = excluded.holder, until = excluded.until
			where lease.holder = excluded.holder or lease.until < `+now+`
			returning holder`, "lock "+key, holder, leaseTime.Milliseconds()).Scan(&got)
		if errors.Is(err, sql.ErrNoRows) {
			held = false
			return nil
		}
		held = err == nil
		return err
	})
	return held, err
}
