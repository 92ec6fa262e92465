package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// compare measures the functions of a revision and these in turn, and has benchstat tell them apart.
func (b *bench) compare(ctx context.Context, cases []benchCase) (err error) {
	tree := filepath.Join(b.folder, "base")
	if err := command(ctx, "", "git", "worktree", "add", "--detach", "--quiet", tree, b.base); err != nil {
		return err
	}
	defer func() {
		err = errors.Join(err, command(context.WithoutCancel(ctx), "", "git", "worktree", "remove", "--force", tree))
	}()
	roots := map[string]string{"base": filepath.Join(b.folder, "built"), "now": b.root}
	senders := map[string]string{"base": filepath.Join(b.folder, "sender-base"), "now": b.sender}
	for _, name := range b.channels {
		fmt.Fprintf(os.Stderr, "building deliver-%s of %s\n", name, b.base)
		to := filepath.Join(roots["base"], "deliver-"+name, "main")
		if err := build(ctx, tree, to, "./functions/deliver/"+name); err != nil {
			return err
		}
	}
	if err := build(ctx, tree, senders["base"], "./scripts/bench/sender"); err != nil {
		fmt.Fprintln(os.Stderr, "the revision has no sender of its own, so nothing in process is compared")
		senders["base"] = ""
	}
	var texts = map[string]*strings.Builder{"base": {}, "now": {}}
	for n := range max(b.runs, 6) {
		for _, c := range cases {
			for _, side := range [][2]string{{"base", "now"}, {"now", "base"}}[n%2] { // whatever drifts hits both
				if c.Sender == nothing || c.Sender == post || strings.HasPrefix(c.Sender, inside) && senders["base"] == "" {
					continue
				}
				b.sender = senders["now"]
				if strings.HasPrefix(c.Sender, inside) {
					b.sender = senders[side]
				} else if c.binary, err = binaryOf(roots[side], c.Sender); err != nil {
					return err
				}
				fmt.Fprintf(os.Stderr, "\rrun %d: %-50s", n+1, side+" "+c.String())
				f, err := b.run(ctx, c)
				if err != nil {
					return fmt.Errorf("%s %s: %w", side, c, err)
				}
				fmt.Fprintf(texts[side], "Benchmark/%s 1 %.1f CPU-ns/op %.1f wall-ns/op", c, 1e9/f.PerCPUSecond, 1e9/f.PerSecond)
				if f.P99 > 0 {
					fmt.Fprintf(texts[side], " %.3f p99-ms %.1f start-ms", f.P99, f.Start)
				}
				fmt.Fprintf(texts[side], " %.1f RSS-MB\n", f.RSS)
			}
		}
	}
	fmt.Fprintln(os.Stderr)
	var files []string
	for _, side := range []string{"base", "now"} {
		path := filepath.Join(filepath.Dir(b.out), "bench-"+side+".txt")
		files = append(files, path)
		if err := os.WriteFile(path, []byte(texts[side].String()), 0o600); err != nil {
			return err
		}
	}
	return command(ctx, "", append([]string{"go", "run", "golang.org/x/perf/cmd/benchstat@" + benchstat}, files...)...)
}

// benchstat is its version: it has no releases.
const benchstat = "latest"

func command(ctx context.Context, folder string, words ...string) error {
	cmd := exec.CommandContext(ctx, words[0], words[1:]...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = folder, os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w", strings.Join(words, " "), err)
	}
	return nil
}
