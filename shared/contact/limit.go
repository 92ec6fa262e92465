package contact

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// Test messages: so many in so long to one contact, over all channels. They cost money and ring.
const (
	MaxTests   = 5
	testWindow = 24 * time.Hour
)

// Test counts a test message to a contact that is about to go out, or says how long until one may. The ticket is for
// [Book.Untest].
func (b *Book) Test(ctx context.Context, id string) (ticket int64, wait time.Duration, err error) {
	err = b.change(ctx, func(tx *sql.Tx, revision int64) error {
		now := b.now().UnixMilli()
		if _, err := tx.ExecContext(ctx, "delete from contact_test where at <= $1", now-testWindow.Milliseconds()); err != nil {
			return err
		}
		var n, oldest int64
		err := tx.QueryRowContext(ctx, "select count(*), coalesce(min(at), 0) from contact_test where contact = $1", id).Scan(&n, &oldest)
		if err != nil {
			return err
		}
		if ticket, wait = revision, 0; n >= MaxTests {
			wait = time.Duration(oldest-now)*time.Millisecond + testWindow
			return nil
		}
		_, err = tx.ExecContext(ctx, "insert into contact_test (id, contact, at) values ($1, $2, $3)", ticket, id, now)
		return err
	})
	if err != nil {
		return 0, 0, fmt.Errorf("count a test message: %w", err)
	}
	return ticket, wait, nil
}

// Untest takes back a count, of a message that did not go out.
func (b *Book) Untest(ctx context.Context, ticket int64) error {
	err := b.change(ctx, func(tx *sql.Tx, _ int64) error {
		_, err := tx.ExecContext(ctx, "delete from contact_test where id = $1", ticket)
		return err
	})
	if err != nil {
		return fmt.Errorf("take back a test message: %w", err)
	}
	return nil
}
