// Command openapi joins the OpenAPI documents of all functions into the one that the console's types and the Go client
// of package client are generated from.
// It asks the packaged binaries, so run it behind make package. Without a flag it writes the document; with -check it
// only compares, and fails where the document or the Go client in the repository is not what the functions are now, or
// where it breaks what the last release promised. With -release the document becomes the promise.
package main

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"pai-notify/scripts/serverless"
	"pai-notify/shared/seal"
)

const place = "functions/console/web/openapi.json"

func main() {
	check := flag.Bool("check", false, "compare only, write nothing")
	promise := flag.Bool("release", false, "make the document in the repository the promise that later ones are held against")
	flag.Parse()
	work := func() error { return run(*check) }
	if *promise {
		work = release
	}
	if err := work(); err != nil {
		fmt.Fprintln(os.Stderr, "openapi:", err)
		os.Exit(1)
	}
}

func run(check bool) error {
	template, err := serverless.Load("s.yaml", func(string) string { return "" })
	if err != nil {
		return err
	}
	documents := map[string][]byte{}
	for _, name := range withAPI(template) {
		if documents[name], err = ask(name); err != nil {
			return fmt.Errorf("function %s: %w", name, err)
		}
	}
	joined, err := join(documents)
	if err != nil {
		return err
	}
	if !check {
		if err := os.WriteFile(place, joined, 0o644); err != nil {
			return err
		}
		code, err := generate()
		if err != nil {
			return err
		}
		return os.WriteFile(client, code, 0o644)
	}
	kept, err := os.ReadFile(place)
	if err != nil {
		return err
	}
	if !bytes.Equal(kept, joined) {
		return fmt.Errorf("%s is not what the functions are now (first difference at line %d): run make openapi, mend what "+
			"the console's type check then finds, and commit both", place, firstLine(kept, joined))
	}
	return errors.Join(checkClient(), checkPromises(released, place))
}

// withAPI are the functions that a path of the API leads to, sorted.
func withAPI(t *serverless.Template) []string {
	var names []string
	for _, route := range t.Domain.RouteConfig.Routes {
		f, ok := t.Function(route.FunctionName)
		if ok && strings.HasPrefix(route.Path, "/api/") && !slices.Contains(names, f.Name) {
			names = append(names, f.Name)
		}
	}
	slices.Sort(names)
	return names
}

// ask has a function's binary describe itself. What it is given only has to have the right form: it connects to nothing.
func ask(name string) (document []byte, err error) {
	key, err := seal.NewKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "openapi")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	command := exec.Command(filepath.Join(".build", name, "main"), "openapi")
	command.Env = []string{
		"DATABASE_URL=sqlite:" + filepath.Join(folder, "none.db"), "SEAL_KEYS=" + key, "REGION=cn-hangzhou", "ACCOUNT_ID=1234567890123456",
		"FUNCTION_ARN=acs:fc:cn-hangzhou:1234567890123456:functions/pai-notify-{function}",
	}
	command.Stderr = os.Stderr
	document, err = command.Output()
	if err != nil {
		return nil, fmt.Errorf("run it with openapi (make package builds it): %w", err)
	}
	if !json.Valid(document) {
		return nil, errors.New("it printed no JSON")
	}
	return document, nil
}

func firstLine(a, b []byte) int {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return 1 + bytes.Count(a[:n], []byte("\n"))
}
