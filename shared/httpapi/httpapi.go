// Package httpapi serves net/http handlers behind the HTTP triggers of Function Compute 3.0, which deliver requests as
// JSON events, and gives every function one kind of API: JSON, OpenAPI 3.1 made from the Go types, faults as RFC 9457
// problems that name every fault with its path and say what to do, and no answer without a key except where a route is
// listed as open.
//
// A function's main is one call of [Start]; what it builds is an http.Handler, so tests need no Function Compute.
package httpapi

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"

	"github.com/aliyun/fc-runtime-go-sdk/fc"

	"pai-notify/shared/environment"
)

// Build makes a function's handler of its environment. It connects to nothing: an instance starts fast, and what is
// out of reach is told in an answer.
type Build func(environment.Environment, *slog.Logger) (http.Handler, error)

// Start is the main of a function behind an HTTP trigger. It reads the environment once, names all its faults on
// standard error and exits with 1 if there are any, else it serves until the platform ends the instance. With the
// argument openapi it prints the description of its API and ends.
// The variables in required must not be empty.
func Start(name string, required []string, build Build) {
	handler, log, err := load(name, os.Getenv, os.Stdout, required, build)
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		os.Exit(1)
	}
	if len(os.Args) > 1 && os.Args[1] == describeCommand {
		if err := describe(os.Stdout, handler); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
			os.Exit(1)
		}
		return
	}
	fc.Start(Serve(handler, log))
}

func load(
	name string, getenv func(string) string, out io.Writer, required []string, build Build,
) (http.Handler, *slog.Logger, error) {
	log := slog.New(slog.NewJSONHandler(out, nil)).With("function", name)
	env, err := environment.Read(getenv, required...)
	if err != nil {
		return nil, nil, err
	}
	handler, err := build(env, log)
	return handler, log, err
}
