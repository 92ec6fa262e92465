package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// target is one fuzz target.
type target struct{ name, folder string }

var (
	targetName = regexp.MustCompile(`(?m)^func (Fuzz\w+)\(`)
	execs      = regexp.MustCompile(`execs: (\d+)`)
	deadline   = regexp.MustCompile(`(?m)^\s*context deadline exceeded$`)
)

// targets finds those of all packages below a folder.
func targets(root string) (list []target, err error) {
	err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != root && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "node_modules"):
			return filepath.SkipDir
		case entry.IsDir() || !strings.HasSuffix(path, "_test.go"):
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		folder, err := filepath.Rel(root, filepath.Dir(path))
		for _, found := range targetName.FindAllSubmatch(text, -1) {
			list = append(list, target{string(found[1]), filepath.ToSlash(folder)})
		}
		return err
	})
	return list, err
}

// executions is the last count that go test printed.
func executions(said string) (n int) {
	for _, found := range execs.FindAllStringSubmatch(said, -1) {
		if read, err := strconv.Atoi(found[1]); err == nil {
			n = read
		}
	}
	return n
}

// fuzz fuzzes each target for some time. An input that breaks one is left by go test in the package's testdata/fuzz, where
// it is a test from then on; those of earlier runs are there and counted too.
func fuzz(ctx context.Context, s settings, found func(name, value string)) error {
	list, err := targets(".")
	if err != nil {
		return err
	}
	length := s.fuzztime
	if s.small {
		length = min(length, 2*time.Second)
	}
	found("targets, each for "+length.String(), strconv.Itoa(len(list)))
	total, crashes, kept := 0, 0, 0
	var failed []error
	for _, one := range list {
		before, err := seeds(one)
		if err != nil {
			return err
		}
		text, err := one.fuzz(ctx, length)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		n := executions(text)
		word := fmt.Sprintf("%d executions", n)
		if err != nil {
			crashes++
			word += ", **broken**"
			failed = append(failed, fmt.Errorf("%s in %s: %w\n%s", one.name, one.folder, err, text))
		}
		if before > 0 {
			word += fmt.Sprintf("; %d found earlier, fixed and kept as tests", before)
		}
		total, kept = total+n, kept+before
		found(one.name+" in "+one.folder, word)
	}
	found("executions in all", strconv.Itoa(total))
	found("targets broken", strconv.Itoa(crashes))
	found("inputs found earlier, fixed and kept as tests", strconv.Itoa(kept))
	return errors.Join(failed...)
}

// fuzz runs go test, which without crashes ends by itself. Go's fuzzer calls it a failure where its own time runs out while it
// looks at an input (github.com/golang/go/issues/75804, mended in Go 1.27); it writes down each input that failed.
func (t target) fuzz(ctx context.Context, length time.Duration) (string, error) {
	cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-fuzz", "^"+t.name+"$", "-fuzztime", length.String(),
		"-fuzzminimizetime", "5s", "./"+t.folder)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 20 * time.Second
	text, err := cmd.CombinedOutput()
	if deadline.Match(text) && !bytes.Contains(text, []byte("Failing input")) {
		err = nil
	}
	return string(text), err
}

// seeds are the inputs that are kept of a target.
func seeds(t target) (int, error) {
	list, err := os.ReadDir(filepath.Join(t.folder, "testdata", "fuzz", t.name))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	return len(slices.DeleteFunc(list, fs.DirEntry.IsDir)), err
}
