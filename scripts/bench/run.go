package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"pai-notify/scripts/bench/load"
	"pai-notify/shared/seal"
)

// bench is what all cases share.
type bench struct {
	settings
	folder   string
	sender   string // the binary of scripts/bench/sender
	nothing  string // and of scripts/bench/nothing
	postgres *server
}

// run is a part of a case: the warm-up, as fast as it goes, or at half of that.
type run struct {
	done    sync.WaitGroup // instances that have work
	answers atomic.Int64   // invocations
}

// figures are what one run of a case measured.
type figures struct {
	benchCase
	PerSecond    float64 `json:"perSecond"`    // notifications by the wall, as fast as it goes
	PerCPUSecond float64 `json:"perCPUSecond"` // of user and system of all instances
	Half         float64 `json:"half,omitempty"`
	P50          float64 `json:"p50ms,omitempty"` // from event to receiver at half of PerSecond
	P99          float64 `json:"p99ms,omitempty"`
	P999         float64 `json:"p999ms,omitempty"`
	RSS          float64 `json:"rssMB"` // at most, of the largest instance
	Start        float64 `json:"startms,omitempty"`
	Allocs       float64 `json:"allocs,omitempty"` // a notification; of those that tell
	Bytes        float64 `json:"bytes,omitempty"`
	Commits      float64 `json:"commits,omitempty"` // a notification; PostgreSQL's own count
	Syncs        float64 `json:"walSyncs,omitempty"`
	ServerCPU    float64 `json:"serverCPUus,omitempty"` // microseconds of PostgreSQL's a notification
	Slope        float64 `json:"rssSlopeKBmin,omitempty"`
	Goroutines   int     `json:"goroutines,omitempty"`
	Threads      int     `json:"threads,omitempty"`
	Notes        string  `json:"notes,omitempty"`
}

func (b *bench) run(ctx context.Context, c benchCase) (f figures, err error) {
	r, err := newReceiver()
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, r.server.Close()) }()
	text, err := seal.NewKey(rand.Reader)
	if err != nil {
		return f, err
	}
	keys, err := seal.ParseKeys(text)
	if err != nil {
		return f, err
	}
	var s store
	if c.Database != "" {
		if s, err = b.newStore(ctx, c); err != nil {
			return f, err
		}
		defer func() { err = errors.Join(err, s.remove()) }()
	}
	environment := []string{"DATABASE_URL=" + s.url, "SEAL_KEYS=" + text, "ALLOW_RECEIVERS=" + r.address, "REGION=cn-hangzhou"}
	if c.selfDriven() {
		return b.runItself(ctx, c, r, environment)
	}
	channelName := c.Sender
	if c.Sender == nothing {
		channelName = "webhook"
	}
	source, err := load.New(channelName, r.address, keys, b.destinations, c.Group, c.Padding)
	if err != nil {
		return f, err
	}
	return b.runFunctions(ctx, c, r, s, source, environment)
}

// runItself runs a sender that loops.
func (b *bench) runItself(ctx context.Context, c benchCase, r *receiver, environment []string) (f figures, err error) {
	f.benchCase = c
	out, err := os.CreateTemp(b.folder, "out")
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, out.Close(), os.Remove(out.Name())) }()
	command := []string{b.sender, "post", "-receiver", r.address, "-time", b.time.String()}
	if name, ok := strings.CutPrefix(c.Sender, inside); ok {
		command = []string{b.sender, "direct", "-receiver", r.address, "-time", b.time.String(), "-channel", name,
			"-group", strconv.Itoa(c.Group), "-destinations", strconv.Itoa(b.destinations), "-padding", strconv.Itoa(c.Padding)}
	}
	if b.profile != "" {
		if err := os.MkdirAll(b.profile, 0o755); err != nil {
			return f, err
		}
		name := filepath.Join(b.profile, strings.ReplaceAll(c.String(), "/", "-"))
		command = append(command, "-profile", name+".cpu", "-memory", name+".mem")
	}
	p, err := start(b.core, environment, out, command...)
	if err != nil {
		return f, err
	}
	defer p.end()
	look := time.NewTicker(100 * time.Millisecond)
	defer look.Stop()
	for running := true; running; {
		select {
		case <-p.ended:
			running = false
		case <-look.C:
			if u, err := p.usage(); err == nil { // else it has just ended; one that is about to has no memory any more
				f.RSS = max(f.RSS, float64(u.rss)/1000)
			}
		case <-ctx.Done():
			return f, ctx.Err()
		}
	}
	if !p.command.ProcessState.Success() {
		return f, p.fault()
	}
	said, err := os.ReadFile(out.Name())
	if err != nil {
		return f, err
	}
	var m struct {
		Sent           int
		Seconds, CPU   float64
		Mallocs, Bytes uint64
	}
	if err := json.Unmarshal(said, &m); err != nil || m.Sent == 0 || m.CPU == 0 {
		return f, fmt.Errorf("what the sender said of itself, %.200q: %w", said, err)
	}
	if got := r.total.Load(); got < int64(m.Sent) {
		return f, fmt.Errorf("the sender says that it sent %d messages, and the receiver saw %d", m.Sent, got)
	}
	n := float64(m.Sent)
	f.PerSecond, f.PerCPUSecond, f.Allocs, f.Bytes = n/m.Seconds, n/m.CPU, float64(m.Mallocs)/n, float64(m.Bytes)/n
	return f, nil
}

// runFunctions runs functions under the runtime's protocol: a warm-up, as fast as it goes, and at half of that rate.
func (b *bench) runFunctions(
	ctx context.Context, c benchCase, r *receiver, s store, source *load.Source, environment []string,
) (f figures, err error) {
	f.benchCase = c
	before, err := s.counters(ctx)
	if err != nil {
		return f, err
	}
	fleet, err := b.launch(c, environment)
	defer fleet.end()
	if err != nil {
		return f, err
	}
	next := &events{source: source, receiver: r}
	if err := fleet.work(ctx, next.until(time.Now().Add(max(b.time/4, 200*time.Millisecond)))); err != nil {
		return f, fmt.Errorf("warm-up: %w", err)
	}
	starts := make([]float64, len(fleet.hosts))
	for i, h := range fleet.hosts {
		starts[i] = float64(h.first.Load()) / 1e6
	}
	f.Start = median(starts)
	used, err := fleet.usage()
	if err != nil {
		return f, err
	}
	began, first := time.Now(), next.count()
	serverBefore, err := s.counters(ctx)
	if err != nil {
		return f, err
	}
	if err := fleet.work(ctx, next.until(time.Now().Add(b.time))); err != nil {
		return f, err
	}
	took, n := time.Since(began).Seconds(), float64(next.count()-first)
	now, err := fleet.usage()
	if err != nil {
		return f, err
	}
	f.PerSecond, f.PerCPUSecond = n/took, n/(now.cpu-used.cpu).Seconds()
	if s.admin != "" {
		serverAfter, err := s.counters(ctx)
		if err != nil {
			return f, err
		}
		f.ServerCPU = (serverAfter.cpu - serverBefore.cpu).Seconds() * 1e6 / n
	}
	if c.Sender != nothing {
		if err := b.atHalf(ctx, fleet, next, &f); err != nil {
			return f, err
		}
	}
	if now, err = fleet.usage(); err != nil {
		return f, err
	}
	f.RSS, f.Threads = float64(now.rss)/1000, now.threads
	if b.soak > 0 {
		f.Goroutines = goroutines(fleet.processes[0])
	}
	all := next.count()
	if c.Sender != nothing {
		if missing := next.missing(); missing > 0 || r.twice.Load() > 0 {
			return f, fmt.Errorf("of %d events the receiver missed %d and was told %d times twice", all, missing, r.twice.Load())
		}
	}
	if s.admin != "" {
		fleet.end()
		after, err := s.settled(ctx)
		if err != nil {
			return f, err
		}
		f.Commits, f.Syncs = float64(after.commits-before.commits)/float64(all), float64(after.syncs-before.syncs)/float64(all)
	}
	return f, nil
}

// binaryOf is where a channel's packaged function is.
func binaryOf(root, channelName string) (string, error) {
	path := filepath.Join(root, "deliver-"+channelName, "main")
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("no function at %s: run make package first", path)
	}
	return filepath.Abs(path)
}

func median(list []float64) float64 {
	if len(list) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(list))
	if n := len(sorted); n%2 == 0 {
		return (sorted[n/2-1] + sorted[n/2]) / 2
	}
	return sorted[len(sorted)/2]
}
