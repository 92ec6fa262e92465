package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// packages builds everything that is deployed twice, in folders of other names and with nothing kept from the build
// before, and compares.
func packages(ctx context.Context, s settings, found func(name, value string)) (err error) {
	base, err := os.MkdirTemp("", "packages")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(base)) }()
	names := []string{"one", "another/place/with a blank"}
	// Both before either is built: what somebody edits meanwhile would look like a difference between the builds.
	first, second := filepath.Join(base, names[0]), filepath.Join(base, names[1])
	if err := copySources(ctx, first); err != nil {
		return err
	}
	if err := os.CopyFS(second, os.DirFS(first)); err != nil {
		return fmt.Errorf("copy the sources: %w", err)
	}
	var sums [2]map[string]string
	for i, name := range names {
		if sums[i], err = build(ctx, filepath.Join(base, name), s.small); err != nil {
			return fmt.Errorf("build in %s: %w", name, err)
		}
	}
	differ := 0
	for name, sum := range sums[0] {
		if sums[1][name] != sum {
			differ++
			err = errors.Join(err, fmt.Errorf("%s: the two builds differ", name))
		}
	}
	if len(sums[0]) != len(sums[1]) || len(sums[0]) == 0 {
		err = errors.Join(err, fmt.Errorf("%d files in one build, %d in the other", len(sums[0]), len(sums[1])))
	}
	found("files built twice", strconv.Itoa(len(sums[0])))
	found("files that differ", strconv.Itoa(differ))
	return err
}

// copySources copies what git knows or would take, and the console's npm packages, which its lock file pins.
func copySources(ctx context.Context, folder string) error {
	const modules = "functions/console/web/node_modules"
	text, err := exec.CommandContext(ctx, "git", "ls-files", "-coz", "--exclude-standard").Output()
	if err != nil {
		return fmt.Errorf("list the sources: %w", err)
	}
	for name := range strings.SplitSeq(strings.TrimSuffix(string(text), "\x00"), "\x00") {
		data, err := os.ReadFile(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue // deleted, and not committed yet
		}
		if err != nil {
			return err
		}
		info, err := os.Stat(name)
		if err != nil {
			return err
		}
		to := filepath.Join(folder, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(to), 0o755), os.WriteFile(to, data, info.Mode().Perm())); err != nil {
			return err
		}
	}
	if err := os.CopyFS(filepath.Join(folder, modules), os.DirFS(modules)); err != nil {
		return fmt.Errorf("copy the npm packages, which make web installs: %w", err)
	}
	return nil
}

// build makes the console's page and the packages, and gives their hashes.
func build(ctx context.Context, folder string, small bool) (sums map[string]string, err error) {
	run := func(where string, command ...string) error {
		cmd := exec.CommandContext(ctx, command[0], command[1:]...)
		cmd.Dir = filepath.Join(folder, where)
		cmd.Env = os.Environ()
		if !small { // the small one may use what was compiled before
			cmd.Env = append(cmd.Env, "GOCACHE="+filepath.Join(folder, ".cache", "go"))
		}
		cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
		cmd.WaitDelay = 20 * time.Second
		if text, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w\n%s", strings.Join(command, " "), err, text)
		}
		return nil
	}
	if err := run("functions/console/web", "npm", "run", "--silent", "build"); err != nil {
		return nil, err
	}
	pack := []string{"bash", "scripts/package.sh"}
	if small {
		pack = append(pack, "console")
	}
	if err := run(".", pack...); err != nil {
		return nil, err
	}
	sums = map[string]string{}
	for _, part := range []string{".build", "functions/console/built"} {
		err := filepath.WalkDir(filepath.Join(folder, part), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			name, err := filepath.Rel(folder, path)
			sum := sha256.Sum256(data)
			sums[name] = hex.EncodeToString(sum[:])
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return sums, nil
}
