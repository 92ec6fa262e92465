package ledger

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
)

const (
	keyName  = "destination"
	keyBound = "ledger/destination"
)

// hashes gives the destinations of addresses. The key is made when it is first needed; of two processes that make one at
// once, both use the one that came first.
func (l *Ledger) hashes(ctx context.Context, addresses ...string) ([]string, error) {
	key, err := l.hashKey(ctx)
	if err != nil {
		return nil, fmt.Errorf("the key of destinations: %w", err)
	}
	hashes := make([]string, len(addresses))
	for i, a := range addresses {
		hashes[i] = destinationHash(key, a)
	}
	return hashes, nil
}

func (l *Ledger) hashKey(ctx context.Context) ([]byte, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.key != nil {
		return l.key, nil
	}
	sealed, err := l.sealedKey(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		sealed, err = l.makeKey(ctx)
	}
	if err != nil {
		return nil, err
	}
	l.key, err = l.sealer.Open(sealed, keyBound)
	return l.key, err
}

func (l *Ledger) sealedKey(ctx context.Context) (sealed string, err error) {
	err = l.db.Read(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, "select sealed from secret where name = $1", keyName).Scan(&sealed)
	})
	return sealed, err
}

func (l *Ledger) makeKey(ctx context.Context) (sealed string, err error) {
	key := make([]byte, 32)
	if _, err := rand.Read(key); err != nil {
		return "", err
	}
	mine, err := l.sealer.Seal(key, keyBound)
	if err != nil {
		return "", err
	}
	err = l.db.Write(ctx, true, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx,
			"insert into secret (name, sealed) values ($1, $2) on conflict (name) do nothing", keyName, mine)
		return err
	})
	if err != nil {
		return "", err
	}
	return l.sealedKey(ctx)
}

// Reseal seals the ledger's key anew, with the key that seals now, so that an older one can be taken away. It makes the
// key where there is none. The set-up calls it.
func (l *Ledger) Reseal(ctx context.Context) error {
	key, err := l.hashKey(ctx)
	if err != nil {
		return fmt.Errorf("the key of destinations: %w", err)
	}
	sealed, err := l.sealer.Seal(key, keyBound)
	if err != nil {
		return fmt.Errorf("seal the key of destinations: %w", err)
	}
	return l.db.Write(ctx, true, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "update secret set sealed = $1 where name = $2", sealed, keyName)
		return err
	})
}
