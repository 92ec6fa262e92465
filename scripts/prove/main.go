// Command prove runs the proofs of what pai-notify promises, at the size that the promises speak of, and writes what they
// measured to docs/figures.md. The proofs are tests of scripts/story against the packaged functions in a local cloud; make
// test runs the same ones small.
//
//	go run ./scripts/prove                     all of them, on SQLite and PostgreSQL
//	go run ./scripts/prove -database sqlite    on one
//	go run ./scripts/prove once burst          some
//	go run ./scripts/prove -list               what there is
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

func main() {
	list := flag.Bool("list", false, "list the proofs and end")
	databases := flag.String("database", "sqlite,postgres", "what to run on")
	fuzzing := flag.Duration("fuzztime", time.Minute, "how long the proof fuzz fuzzes each target")
	small := flag.Bool("small", false, "run at the size of make test")
	out := flag.String("out", "docs/figures.md", "where the figures go; a proof replaces its own section only")
	flag.Parse()
	if *list {
		for _, p := range proofs() {
			fmt.Printf("%-14s %s\n", p.name, p.promise)
		}
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, settings{*databases, *small, *out, *fuzzing}, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "prove:", err)
		stop()
		os.Exit(1)
	}
}

type settings struct {
	databases string
	small     bool
	out       string
	fuzztime  time.Duration
}

// limit is how long one proof may take.
const limit = 45 * time.Minute

func run(ctx context.Context, s settings, names []string) (err error) {
	chosen, err := choose(names)
	if err != nil {
		return err
	}
	if _, err := os.Stat(".build/rules/main"); err != nil {
		return errors.New("the functions are not packaged: run make prove, or make package first")
	}
	folder, err := os.MkdirTemp("", "prove")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	fmt.Println("building the proofs")
	binary := filepath.Join(folder, "story.test")
	build := exec.CommandContext(ctx, "go", "test", "-c", "-o", binary, "./scripts/story")
	if text, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build the proofs: %w\n%s", err, text)
	}
	report, err := read(s.out)
	if err != nil {
		return err
	}
	var failed []string
	for i, p := range chosen {
		began := time.Now()
		fmt.Printf("[%d/%d] %s: %s\n", i+1, len(chosen), p.name, p.promise)
		figures := filepath.Join(folder, p.name)
		failure := p.run(ctx, s, binary, figures)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		word := "proved"
		if failure != nil {
			word = "FAILED: " + failure.Error()
			failed = append(failed, p.name)
		}
		fmt.Printf("      %s in %s\n", word, time.Since(began).Round(time.Second))
		if err := report.put(p, figures); err != nil {
			return err
		}
		if err := report.write(s.out); err != nil {
			return err
		}
	}
	fmt.Println("figures are in", s.out)
	if len(failed) > 0 {
		return fmt.Errorf("not proved: %s", strings.Join(failed, ", "))
	}
	return nil
}

// choose gives the proofs of some names in their order, all where none is named.
func choose(names []string) (chosen []proof, err error) {
	known := map[string]bool{}
	for _, p := range proofs() {
		known[p.name] = true
		if len(names) == 0 || slices.Contains(names, p.name) {
			chosen = append(chosen, p)
		}
	}
	for _, name := range names {
		if !known[name] {
			err = errors.Join(err, fmt.Errorf("no proof is named %q; -list names them", name))
		}
	}
	return chosen, err
}

// run runs the proof's test, shows its figures as they come, and on failure what it said.
func (p proof) run(ctx context.Context, s settings, binary, figures string) (err error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if p.own != nil {
		return p.runOwn(ctx, s, figures)
	}
	arguments := []string{"-test.run", "^" + p.test + "$", "-test.v", "-test.timeout", limit.String(),
		"-databases", s.databases, "-figures", figures}
	if !s.small {
		arguments = append(arguments, "-full", "-test.parallel", "1") // what is timed has the machine to itself
	}
	cmd := exec.CommandContext(ctx, binary, arguments...)
	cmd.Dir = "scripts/story"
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 20 * time.Second
	reader, writer := io.Pipe()
	cmd.Stdout, cmd.Stderr = writer, writer
	log, err := os.Create(figures + ".log")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	shown := make(chan struct{})
	go func() {
		defer close(shown)
		lines := bufio.NewScanner(reader)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			_, _ = fmt.Fprintln(log, lines.Text()) // to be shown on failure, if it can be
			if _, text, ok := strings.Cut(lines.Text(), "_test.go:"); ok && !strings.Contains(text, "| ") {
				_, text, _ = strings.Cut(text, ": ")
				fmt.Println("     ", text)
			}
		}
		_, _ = io.Copy(io.Discard, reader) // what is too long for a line
	}()
	err = cmd.Run()
	_ = writer.Close() // always nil
	<-shown
	if err == nil {
		return nil
	}
	text, readErr := os.ReadFile(figures + ".log")
	if readErr != nil {
		return errors.Join(err, readErr)
	}
	kept := filepath.Join(".local", "prove-"+p.name+".log")
	if writeErr := errors.Join(os.MkdirAll(".local", 0o755), os.WriteFile(kept, text, 0o644)); writeErr != nil {
		return errors.Join(err, writeErr)
	}
	return fmt.Errorf("%w; what it said is in %s", err, kept)
}
