package database

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
)

// fileLock is a lock between processes that the kernel frees when its holder dies, in front of which the goroutines of
// this process queue. The file stays open: to open it anew for each transaction costs more than the lock.
type fileLock struct {
	turn chan struct{} // holds one token while nobody in this process has the lock
	path string
	file *os.File // nil until it is first needed; whose turn it is has it
}

func newFileLock(path string) *fileLock {
	l := &fileLock{turn: make(chan struct{}, 1), path: path}
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
		_ = l.flock(syscall.LOCK_UN)
		l.turn <- struct{}{}
	}
	if err := l.open(); err != nil {
		l.turn <- struct{}{}
		return nil, err
	}
	switch err := l.flock(syscall.LOCK_EX | syscall.LOCK_NB); {
	case err == nil:
		return free, nil
	case !errors.Is(err, syscall.EWOULDBLOCK):
		l.turn <- struct{}{}
		return nil, err
	}
	// Wait in the kernel's queue: a loop of tries would starve behind busy processes.
	got := make(chan error, 1)
	go func() { got <- l.flock(syscall.LOCK_EX) }()
	select {
	case err := <-got:
		if err != nil {
			l.turn <- struct{}{}
			return nil, err
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

func (l *fileLock) open() (err error) {
	if l.file == nil {
		l.file, err = os.OpenFile(l.path, os.O_CREATE|os.O_RDONLY, 0o600)
	}
	return err
}

func (l *fileLock) flock(how int) error {
	for {
		switch err := syscall.Flock(int(l.file.Fd()), how); {
		case err == nil:
			return nil
		case !errors.Is(err, syscall.EINTR):
			return fmt.Errorf("flock %s: %w", l.path, err)
		}
	}
}

// close closes the file when nobody in this process has the lock.
func (l *fileLock) close() (err error) {
	<-l.turn
	if l.file != nil {
		err, l.file = l.file.Close(), nil
	}
	l.turn <- struct{}{}
	return err
}
