// Command notifyctl runs pai-notify from a terminal or a pipeline, over its HTTP API: rules that a team keeps in git,
// deliveries, contacts, keys, settings, set-up, and a doctor that looks at a whole deployment.
//
// Where the deployment is and the key come from the environment, PAI_NOTIFY_API and PAI_NOTIFY_KEY, or from --api and
// --key-file. The exit code says what came of it: see [exitCodes].
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"pai-notify/scripts/client"
	"pai-notify/scripts/notifyctl/manifest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, world{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Getenv: os.Getenv, Now: time.Now}, os.Args[1:])
	stop()
	os.Exit(code)
}

// world is what a run is given.
type world struct {
	In       io.Reader
	Out, Err io.Writer
	Getenv   func(string) string
	Now      func() time.Time
}

// The exit codes.
const (
	codeFine        = 0
	codeFailed      = 1 // the API refused, or a part failed
	codeWrong       = 2 // wrong use, or a file with faults
	codeDiffers     = 3 // plan --check found changes, doctor found faults, a test message was not taken
	codeUnreachable = 4 // no answer, or the key was refused
)

const exitCodes = `Exit codes:
  0  fine
  1  refused by the deployment, or a part failed; the text says which and what to do
  2  wrong use, or a file with faults
  3  plan --check found changes; doctor found faults; a test message was not taken
  4  no answer from the deployment, or the key was refused`

// found ends a run with a code of its own and nothing more to say.
type found struct{ code int }

// Error implements error.
func (f found) Error() string { return fmt.Sprintf("ended with %d", f.code) }

// useError is a mistake of the caller's.
type useError struct{ error }

// Unwrap gives the mistake.
func (w useError) Unwrap() error { return w.error }

func wrong(format string, args ...any) error { return useError{fmt.Errorf(format, args...)} }

// run does what the arguments say.
func run(ctx context.Context, w world, arguments []string) int {
	a := &app{world: w}
	root := a.root()
	root.SetArgs(arguments)
	root.SetIn(w.In)
	root.SetOut(w.Out)
	root.SetErr(w.Err)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return codeFine
	}
	var ended found
	if errors.As(err, &ended) {
		return ended.code
	}
	if _, failed := fmt.Fprintln(w.Err, "notifyctl:", err); failed != nil {
		return codeFailed // nobody is there to be told
	}
	var faults manifest.FaultErrors
	var use useError
	var answer *client.Error
	switch {
	case errors.As(err, &faults), errors.As(err, &use):
		return codeWrong
	case errors.As(err, &answer) && (answer.Err != nil || answer.Refused()):
		return codeUnreachable
	case errors.As(err, &answer), a.began:
		return codeFailed
	}
	return codeWrong // cobra's: an unknown command or flag
}
