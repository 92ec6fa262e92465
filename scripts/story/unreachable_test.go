package story

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// outage publishes events while the ledger cannot be used, and after it; none may be acknowledged in between, and all
// are told in the end.
func (p *proof) outage(c *cloud, s *standIn, length time.Duration, says string, begin func() (end func())) {
	p.Helper()
	c.makeRule(grouped("model", 1, s.target(c, "h", "webhook", "ops")))
	var names []string
	put := func(n int) {
		for range n {
			name, e := numbered(p.T, "model", 1, len(names))
			names = append(names, name)
			c.publish(e)
		}
	}
	put(3)
	c.settled(time.Minute, 3)
	before := c.counts()
	end := begin()
	now := c.clock()
	began := now.Now()
	put(size(10, 100))
	until(p.T, 5*time.Minute, func() string {
		if past := now.Now().Sub(began); past < length {
			return fmt.Sprintf("%s of %s have passed", past, length)
		}
		if c.lastWords("deliver-webhook", says) == "" {
			return "the function has not said " + says
		}
		return ""
	})
	p.want("acknowledged meanwhile", c.counts().Pushed-before.Pushed, 0)
	p.figure("the function says", c.lastWords("deliver-webhook", says))
	end()
	restored := now.Now()
	put(3)
	states := c.settled(5*time.Minute, len(names))
	p.figure("events", len(names))
	p.figure("settled after, on the clock", now.Now().Sub(restored))
	p.want("delivered", states["delivered"], len(names))
	p.judge(s.accepted(), names)
}

// lastWords is the last line of a function's log with a text; of a line of JSON its error.
func (c *cloud) lastWords(function, with string) (text string) {
	c.t.Helper()
	log, err := os.ReadFile(filepath.Join(c.data, "logs", function+".log"))
	if err != nil {
		c.t.Fatal(err)
	}
	for line := range strings.Lines(string(log)) {
		if !strings.Contains(line, with) {
			continue
		}
		var said struct{ Error string }
		if text = strings.TrimSpace(line); json.Unmarshal([]byte(line), &said) == nil && said.Error != "" {
			text = said.Error
		}
	}
	return strings.NewReplacer(c.data, "…", filepath.Dir(strings.TrimPrefix(c.database, "sqlite:")), "…").Replace(text)
}

func TestALedgerOutOfReachForTwoMinutesLosesNothing(t *testing.T) {
	t.Parallel()
	proveOnEach(t, func(p *proof) {
		s := newStandIn(p.T, nil)
		c := p.start(20, s.allow())
		c.setUp("nlp_train")
		says := "open the database's file"
		if p.server != nil {
			says = "ledger out of reach"
		}
		p.outage(c, s, 2*time.Minute, says, func() func() {
			if p.server != nil {
				p.server.Stop(p.T)
				return func() { p.server.Restart(p.T) }
			}
			// A link to a folder takes the file's place, in one step so that no process opens the file meanwhile or makes
			// another; those that have it open are killed.
			path := strings.TrimPrefix(c.database, "sqlite:")
			for _, err := range []error{os.Link(path, path+".away"), os.Symlink(p.TempDir(), path+".link"), os.Rename(path+".link", path)} {
				if err != nil {
					p.Fatal(err)
				}
			}
			for name := range c.instances() {
				c.killAll(name)
			}
			return func() {
				if err := os.Rename(path+".away", path); err != nil {
					p.Fatal(err)
				}
			}
		})
	})
}

// small makes a file system of so many bytes, for this test only.
func small(t *testing.T, bytes int) (folder string) {
	t.Helper()
	folder = t.TempDir()
	if err := syscall.Mount("tmpfs", folder, "tmpfs", 0, fmt.Sprintf("size=%d", bytes)); err != nil {
		t.Fatalf("mount a small file system (this test needs root and the right to mount): %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(folder, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return folder
}

// Of SQLite only: PostgreSQL's disk is its server's.
func TestAFullOrReadOnlyDiskIsNamedAndAcknowledgesNothing(t *testing.T) {
	t.Parallel()
	if !strings.Contains(*databases, "sqlite") {
		return
	}
	for says, begin := range map[string]func(p *proof, folder string) func(){
		"database or disk is full": func(p *proof, folder string) func() {
			filler := filepath.Join(folder, "filler")
			file, err := os.Create(filler)
			if err != nil {
				p.Fatal(err)
			}
			defer file.Close()
			for n := 64 << 10; n > 0; {
				if _, err := file.Write(make([]byte, n)); err != nil {
					n /= 2
				}
			}
			return func() {
				if err := os.Remove(filler); err != nil {
					p.Fatal(err)
				}
			}
		},
		"read-only file system": func(p *proof, folder string) func() {
			remount := func(flags uintptr, options string) error {
				return syscall.Mount("tmpfs", folder, "tmpfs", syscall.MS_REMOUNT|flags, options)
			}
			// Who has the file open for writing keeps the disk from becoming read-only.
			until(p.T, 30*time.Second, func() string {
				for name := range p.cloud.instances() {
					p.cloud.killAll(name)
				}
				if err := remount(syscall.MS_RDONLY, ""); err != nil {
					return err.Error()
				}
				return ""
			})
			return func() {
				for name := range p.cloud.instances() {
					p.cloud.killAll(name)
				}
				if err := remount(0, ""); err != nil {
					p.Fatal(err)
				}
			}
		},
	} {
		t.Run(says, func(t *testing.T) {
			t.Parallel()
			p := &proof{T: t, on: "sqlite"}
			t.Cleanup(func(began time.Time) func() { return func() { p.keep(began) } }(time.Now()))
			folder := small(t, 32<<20)
			s := newStandIn(t, nil)
			p.cloud = startWith(t, 20, func(c *cloud) {
				c.environment = []string{s.allow()}
				c.database = "sqlite:" + filepath.Join(folder, "pai-notify.db")
			})
			p.cloud.setUp("nlp_train")
			p.outage(p.cloud, s, time.Minute, says, func() func() { return begin(p, folder) })
		})
	}
}
