package database

import (
	"context"
	"fmt"

	"github.com/gofrs/flock"
)

// fileLock is a lock between processes that the kernel frees when its holder dies, in front of which the goroutines of
// this process queue.
type fileLock struct {
	turn chan struct{} // holds one token while nobody in this process has the lock
	file *flock.Flock
}

func newFileLock(path string) *fileLock {
	l := &fileLock{turn: make(chan struct{}, 1), file: flock.New(path, flock.SetPermissions(0o600))}
	l.turn <- struct{}{}
	return l
}

// lock waits for the lock, or until ctx is done.
func (l *fileLock) lock(ctx context.Context) (unlock func(), err error) {
	select {
	case <-l.turn:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	free := func() {
		// Unlocking fails only where the file was closed under us, and then the lock is free.
		_ = l.file.Unlock()
		l.turn <- struct{}{}
	}
	switch locked, err := l.file.TryLock(); {
	case err != nil:
		l.turn <- struct{}{}
		return nil, fmt.Errorf("%s: %w", l.file.Path(), err)
	case locked:
		return free, nil
	}
	// Wait in the kernel's queue: a loop of tries would starve behind busy processes.
	got := make(chan error, 1)
	go func() { got <- l.file.Lock() }()
	select {
	case err := <-got:
		if err != nil {
			l.turn <- struct{}{}
			return nil, fmt.Errorf("%s: %w", l.file.Path(), err)
		}
		return free, nil
	case <-ctx.Done():
		go func() {
			if err := <-got; err != nil {
				l.turn <- struct{}{}
				return
			}
			free()
		}()
		return nil, ctx.Err()
	}
}
