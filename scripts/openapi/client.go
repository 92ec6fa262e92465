package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

const (
	released  = "docs/openapi-baseline.json" // what the last release promised
	client    = "scripts/client/client.gen.go"
	generator = ".cache/bin/oapi-codegen-2.8.2" // make tools builds both
	differ    = ".cache/bin/oasdiff-1.36.0"
)

// generate makes the Go client of the document that is in the repository.
func generate() (code []byte, err error) {
	folder, err := os.MkdirTemp("", "openapi")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	out := filepath.Join(folder, "client.go")
	command := exec.Command(generator, "-config", "scripts/client/oapi-codegen.yaml", "-o", out, place)
	if said, err := command.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("generate the Go client (make tools builds the generator): %w: %s", err, said)
	}
	return os.ReadFile(out)
}

// checkClient compares the client in the repository with the one that would be generated.
func checkClient() error {
	want, err := generate()
	if err != nil {
		return err
	}
	kept, err := os.ReadFile(client)
	if err != nil {
		return err
	}
	if !bytes.Equal(kept, want) {
		return fmt.Errorf("%s is not what the document says (first difference at line %d): run make openapi and commit it",
			client, firstLine(kept, want))
	}
	return nil
}

// checkPromises finds what in the document breaks a caller written for the one of the last release: a route, an answer's
// member or a parameter taken away, a request's member newly required, a value that an answer did not have.
func checkPromises(was, is string) error {
	said, err := exec.Command(differ, "breaking", was, is, "--fail-on", "ERR", "--format", "singleline").CombinedOutput()
	var ended *exec.ExitError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &ended):
		return fmt.Errorf("the API breaks what %s promised; keep the old form beside the new one, or, where the next release is "+
			"to break it, run go run ./scripts/openapi -release and say so in CHANGELOG.md:\n%s", released, strings.TrimSpace(string(said)))
	}
	return fmt.Errorf("compare with %s (make tools builds the comparison): %w", released, err)
}

// release makes the document of today the promise that later ones are held against.
func release() error {
	text, err := os.ReadFile(place)
	if err != nil {
		return err
	}
	return os.WriteFile(released, text, 0o644)
}
