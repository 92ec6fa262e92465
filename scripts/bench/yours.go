package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"
)

// yours measures a command that sends by itself.
func (b *bench) yours(ctx context.Context) (err error) {
	r, err := newReceiver()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.server.Close()) }()
	environment := []string{"RECEIVER=http://" + r.address, fmt.Sprint("COUNT=", b.count)}
	var runs []figures
	for range b.runs {
		f, err := b.yoursOnce(ctx, r, environment)
		if err != nil {
			return err
		}
		runs = append(runs, f)
	}
	list := []summary{summarise(runs)}
	fmt.Print(table(list))
	return write(b.out, list)
}

func (b *bench) yoursOnce(ctx context.Context, r *receiver, environment []string) (f figures, err error) {
	f.benchCase = benchCase{Sender: custom, Group: 1, Instances: 1}
	before := r.total.Load()
	p, err := start(b.core, environment, nil, "sh", "-c", b.settings.sender)
	if err != nil {
		return f, err
	}
	defer p.end()
	if b.load != "" {
		load := exec.CommandContext(ctx, "sh", "-c", b.load)
		load.Env = append(os.Environ(), environment...)
		load.Stderr = os.Stderr
		select {
		case <-time.After(2 * time.Second):
		case <-p.ended:
			return f, p.fault()
		}
		if err := load.Start(); err != nil {
			return f, fmt.Errorf("start the load: %w", err)
		}
		defer func() {
			_ = load.Process.Kill() // it may have ended
			_ = load.Wait()
		}()
	}
	return f, b.await(ctx, p, r, before, &f)
}

// await waits for the messages and measures from the first one on.
func (b *bench) await(ctx context.Context, p *process, r *receiver, before int64, f *figures) error {
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	var began time.Time
	var idle time.Duration
	var last usage
	first := int64(0)
	for {
		got := r.total.Load() - before
		if u, err := p.usage(); err == nil {
			if cpu, err := familyCPU(p.command.Process.Pid); err == nil {
				u.cpu = cpu
			}
			last = u
		}
		if got > 0 && began.IsZero() {
			began, idle, first = time.Now(), last.cpu, got
		}
		if got >= int64(b.count) {
			n := float64(got - first)
			f.PerSecond, f.RSS = n/time.Since(began).Seconds(), float64(last.rss)/1000
			f.PerCPUSecond = n / max((last.cpu-idle).Seconds(), 1e-9)
			return nil
		}
		select {
		case <-look.C:
		case <-p.ended:
			if r.total.Load()-before < int64(b.count) {
				return fmt.Errorf("%d of %d messages came: %w", r.total.Load()-before, b.count, p.fault())
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
