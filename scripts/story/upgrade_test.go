package story

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"pai-notify/shared/database"
)

// previous builds the functions and the local cloud of the revision that upgrades are proved from, out of this
// repository's own history, and gives its folder. It is built once a revision. A clone without the history has nothing to
// build it from: that fails a proof at full size, and in make test it is said instead.
func previous(t *testing.T) (folder string) {
	t.Helper()
	text, err := os.ReadFile("testdata/previous")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	revision := lines[len(lines)-1]
	if folder, err = filepath.Abs(filepath.Join(root, ".cache", "previous", revision)); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(folder); err == nil {
		return folder
	}
	if err := os.MkdirAll(filepath.Dir(folder), 0o755); err != nil {
		t.Fatal(err)
	}
	making, err := os.MkdirTemp(filepath.Dir(folder), "making")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(making) }) // gone already where all went well
	look := exec.CommandContext(t.Context(), "git", "cat-file", "-e", revision+"^{commit}")
	look.Dir = root
	if err := look.Run(); err != nil {
		missing := t.Skipf
		if *full {
			missing = t.Fatalf
		}
		missing("revision %s is not in this clone (%v): git fetch --unshallow brings the whole history", revision, err)
	}
	build := exec.CommandContext(t.Context(), "sh", "-euc", `
		git archive -o "$2/source.tar" "$1"
		cd "$2" && tar -xf source.tar && rm source.tar
		sh scripts/package.sh && CGO_ENABLED=0 go build -o localcloud ./scripts/localcloud`, "-", revision, making)
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the functions of revision %s: %v\n%s", revision, err, out)
	}
	if err := os.Rename(making, folder); err != nil && !errors.Is(err, syscall.ENOTEMPTY) { // another run was quicker
		t.Fatal(err)
	}
	return folder
}

// schema is the version of the database's schema.
func (c *cloud) schema() (version int64) {
	c.t.Helper()
	err := c.query("select max(version_id) from goose_db_version", func(scan func(...any) error) error { return scan(&version) })
	if err != nil {
		c.t.Fatal(err)
	}
	return version
}

// The deployment is one of the previous revision, made by its own local cloud. Events go on while its functions are
// replaced one by one, back, and forward again, on the schema that the first of them migrates; instances end what they
// do, as Function Compute lets them, so that there is no window for a second telling.
func TestNothingIsMissedOrDoubledThroughAnUpgradeAndADowngrade(t *testing.T) {
	t.Parallel()
	old := previous(t)
	prove(t, func(p *proof) {
		var open atomic.Bool // whether the receiver of what waits through the upgrade is there
		s := newStandIn(p.T, func(m told) reply {
			if m.Token == "late" && !open.Load() {
				return reply{refuse: true, status: http.StatusServiceUnavailable}
			}
			return reply{}
		})
		template := packaged(p.T)
		c := startWith(p.T, 60, func(c *cloud) {
			c.environment, c.binary, c.template = []string{s.allow()}, filepath.Join(old, "localcloud"), filepath.Join(old, "s.yaml")
			if p.server != nil {
				c.database = p.server.Empty(p.T)
			}
		})
		c.setUp("nlp_train")
		next := p.mixed(c, s)
		c.makeRule(grouped("model", 9, s.target(c, "late", "webhook", "late")))
		var names []string
		for n := range size(5, 50) {
			name, e := numbered(p.T, "model", 9, n)
			c.publish(e)
			names = append(names, name)
		}
		until(p.T, time.Minute, func() string {
			states, err := c.states()
			if err == nil && states["waiting"] < size(5, 50) {
				err = fmt.Errorf("the ledger has %v", states)
			}
			return said(err)
		})
		before := c.schema()

		// The same deployment, in a local cloud that has all functions of today.
		c.stop(syscall.SIGTERM)
		replace := func(folder, function string) {
			p.Helper()
			main := filepath.Join(".build", function, "main")
			if err := replaceFile(filepath.Join(folder, main), filepath.Join(filepath.Dir(template), main)); err != nil {
				p.Fatal(err)
			}
		}
		var functions []string // of both revisions, setup first, since it migrates
		for _, main := range glob(p.T, filepath.Join(old, ".build", "*", "main")) {
			functions = append(functions, filepath.Base(filepath.Dir(main)))
		}
		slices.SortFunc(functions, func(a, b string) int { return strings.Compare(order(a), order(b)) })
		for _, name := range functions {
			replace(old, name)
		}
		c.binary, c.template = "", template
		c.run(60)

		stop := c.load(time.Duration(size(40, 20))*time.Millisecond, next)
		goOn := func() {
			p.Helper()
			before := len(s.accepted())
			until(p.T, time.Minute, func() string {
				if n := len(s.accepted()); n < before+size(15, 100) {
					return fmt.Sprintf("%d messages since", n-before)
				}
				return ""
			})
		}
		goOn()
		deploy := func(folder string) {
			p.Helper()
			for _, name := range functions {
				replace(folder, name)
				switch name {
				case "setup":
					c.setUp("nlp_train")
				case "rules": // its envelopes are read by the delivery functions of the other revision from now on
					c.api(http.MethodPost, "/workspaces/nlp_train/rules:recompile", map[string]any{}).must(p.T, http.StatusOK)
				}
				goOn()
			}
		}
		deploy(root)
		after := c.schema()
		if want, err := database.Version(); err != nil || after != want || before >= after {
			p.Errorf("the schema went from %d to %d, want %d, which is later; %v", before, after, want, err)
		}
		open.Store(true)
		until(p.T, time.Minute, func() string {
			missing, _, _ := count(s.accepted(), names)
			return said(errorOf(len(missing), "events that waited since before the upgrade are not told"))
		})
		for range size(1, 3) {
			deploy(old)
			deploy(root)
		}
		names = append(names, stop()...)
		p.toldAll(c, s, names, 4*time.Minute)
		p.figure("functions replaced one by one, there, back and there again", strings.Join(functions, " "))
		p.figure("schema", fmt.Sprintf("from %d to %d", before, after))
		p.figure("events", len(names))
		p.judge(s.accepted(), names)
		if dead := c.counts().Dead; dead > 0 {
			p.Errorf("EventBridge gave up on %d events", dead)
		}
	})
}

// order puts setup before all other functions, and rules before those that deliver.
func order(function string) string {
	switch function {
	case "setup":
		return "0"
	case "rules":
		return "1"
	}
	return function
}

func said(err error) string {
	if err != nil {
		return err.Error()
	}
	return ""
}

func errorOf(n int, what string) error {
	if n > 0 {
		return fmt.Errorf("%d %s", n, what)
	}
	return nil
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	list, err := filepath.Glob(pattern)
	if err != nil || len(list) == 0 {
		t.Fatalf("%s: %d files, %v", pattern, len(list), err)
	}
	return list
}
