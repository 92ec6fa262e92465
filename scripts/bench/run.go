package main

import (
	"bytes"
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
	"syscall"
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
			if u, err := p.usage(); err == nil { // else it has just ended
				f.RSS = float64(u.rss) / 1000
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

// fleet are the instances of a case.
type fleet struct {
	processes []*process
	hosts     []*host
}

func (b *bench) launch(c benchCase, environment []string) (f fleet, err error) {
	command := []string{c.binary}
	want := fmt.Sprintf(`{"delivered":%d}`, c.Group)
	if c.Sender == nothing {
		command, want = []string{b.nothing}, `{}`
	}
	for range c.Instances {
		h, err := newHost()
		if err != nil {
			return f, err
		}
		h.want, h.began = want, time.Now()
		f.hosts = append(f.hosts, h)
		p, err := start(b.core, append(slices.Clone(environment), "FC_RUNTIME_API="+h.address), nil, command...)
		if err != nil {
			return f, err
		}
		f.processes = append(f.processes, p)
	}
	return f, nil
}

func (f fleet) end() {
	for _, p := range f.processes {
		p.end()
	}
	for _, h := range f.hosts {
		_ = h.server.Close()
	}
}

func (f fleet) usage() (all usage, err error) {
	for _, p := range f.processes {
		u, err := p.usage()
		if err != nil {
			return all, errors.Join(err, p.fault())
		}
		all.cpu += u.cpu
		all.rss, all.now, all.threads = max(all.rss, u.rss), max(all.now, u.now), max(all.threads, u.threads)
	}
	return all, nil
}

// work gives all instances a queue and waits until it is empty and everything is answered.
func (f fleet) work(ctx context.Context, q *queue) error {
	q.run = &run{}
	q.run.done.Add(len(f.hosts))
	for _, h := range f.hosts {
		h.queues <- q
	}
	ended := make(chan struct{})
	go func() {
		q.run.done.Wait()
		close(ended)
	}()
	look := time.NewTicker(50 * time.Millisecond)
	defer look.Stop()
	for {
		select {
		case <-ended:
			return f.fault()
		case <-look.C:
			if err := f.fault(); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (f fleet) fault() (err error) {
	for i, p := range f.processes {
		err = errors.Join(err, p.fault(), f.hosts[i].fault())
	}
	return err
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

// atHalf brings events by the clock, at half of what went, and measures how long they take to the receiver. The time is
// from when an event was due to be published, whether or not an instance was free.
func (b *bench) atHalf(ctx context.Context, fl fleet, next *events, f *figures) error {
	spend := max(b.time, b.soak)
	rate := f.PerSecond / 2 / float64(next.source.Group()) // invocations a second
	count := min(int(rate*spend.Seconds()), (maxEvents-next.count())/next.source.Group())
	first := next.count()
	q := &queue{timed: make(chan invocation, 1<<16)}
	sampling, cancel := context.WithCancel(ctx)
	defer cancel()
	slope := make(chan float64, 1)
	go func() { slope <- watch(sampling, fl.processes[0]) }()
	go func() {
		defer close(q.timed)
		began := time.Now()
		for i := range count {
			due := began.Add(time.Duration(float64(i) / rate * float64(time.Second)))
			if wait := time.Until(due); wait > 0 {
				select {
				case <-time.After(wait):
				case <-ctx.Done():
					return
				}
			}
			call := next.make(due)
			select {
			case q.timed <- call:
			case <-ctx.Done():
				return
			}
		}
	}()
	if err := fl.work(ctx, q); err != nil {
		return fmt.Errorf("at half of the rate: %w", err)
	}
	cancel()
	f.Slope = <-slope
	took := next.took(first)
	if len(took) < 100 {
		f.Notes = "too short for percentiles"
		return nil
	}
	slices.Sort(took)
	at := func(p float64) float64 { return took[min(int(p*float64(len(took))), len(took)-1)] }
	f.Half, f.P50, f.P99 = rate*float64(next.source.Group()), at(0.5), at(0.99)
	if len(took) >= 1000 {
		f.P999 = at(0.999)
	}
	return nil
}

// watch gives the slope of a process's memory in KB a minute, over the second half of the time.
func watch(ctx context.Context, p *process) float64 {
	var at, kb []float64
	began := time.Now()
	every := time.NewTicker(200 * time.Millisecond)
	defer every.Stop()
	for {
		select {
		case <-every.C:
			if u, err := p.usage(); err == nil { // else it has ended, which others notice
				at, kb = append(at, time.Since(began).Minutes()), append(kb, float64(u.now))
			}
		case <-ctx.Done():
			return slopeOf(at[len(at)/2:], kb[len(kb)/2:])
		}
	}
}

// slopeOf is the least-squares slope.
func slopeOf(x, y []float64) float64 {
	var sx, sy, sxx, sxy float64
	for i := range x {
		sx, sy, sxx, sxy = sx+x[i], sy+y[i], sxx+x[i]*x[i], sxy+x[i]*y[i]
	}
	n := float64(len(x))
	if d := n*sxx - sx*sx; d != 0 {
		return (n*sxy - sx*sy) / d
	}
	return 0
}

// goroutines ends a process with SIGQUIT and counts those in what Go then prints.
func goroutines(p *process) int {
	_ = syscall.Kill(p.command.Process.Pid, syscall.SIGQUIT) // it may have ended
	<-p.ended
	return bytes.Count(p.words.Bytes(), []byte("\ngoroutine "))
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
