package delivery

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"

	"pai-notify/shared/channel"
	"pai-notify/shared/database/databasetest"
	"pai-notify/shared/ledger"
	"pai-notify/shared/message"
)

// A claim is not on disk, so a crash of the server may take it, and with it the only row of the delivery.
func TestACrashOfPostgreSQLInMidSendLosesNothing(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		first error
		calls int // until the event is told
	}{
		"the receiver refused":  {refuse(channel.Throttled, "busy"), 2},
		"the receiver took it":  {nil, 1},
		"the receiver is down":  {refuse(channel.Unavailable, "503"), 1 + 1 + quickTries},
		"the target is no good": {refuse(channel.Misconfigured, "bad token"), 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := databasetest.Start(t)
			url := server.URL(t)
			lazy(t, server.Admin(t, url))
			b := newBenchAt(t, url, func(_ context.Context, call int, _ message.Message) error {
				if call == 1 {
					server.Kill(t)
					server.Restart(t)
				}
				if call < c.calls {
					return c.first
				}
				return nil
			})
			body := b.body(t, "e1", "nightly", secret)
			if _, err := b.Deliver(t.Context(), body); (err == nil) != (c.calls == 1) {
				t.Errorf("Deliver = %v; EventBridge must ask again unless the event was told", err)
			}
			if c.calls > 1 {
				wantAnswer(t, b.deliver(t, body), ledger.Delivered) // EventBridge asks again
			}
			if b.robot.calls() != c.calls {
				t.Errorf("%d messages, want %d", b.robot.calls(), c.calls)
			}
		})
	}
}

// lazy keeps the server from writing its log before a commit asks for it.
func lazy(t *testing.T, admin string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), admin)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }() // the test's server ends it
	for _, statement := range []string{"alter system set wal_writer_delay = '10s'", "select pg_reload_conf()"} {
		if _, err := conn.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
}
