package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"syscall"
	"time"
)

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

// goroutines ends a process with SIGQUIT and counts those in what Go then prints.
func goroutines(p *process) int {
	_ = syscall.Kill(p.command.Process.Pid, syscall.SIGQUIT) // it may have ended
	<-p.ended
	return bytes.Count(p.words.Bytes(), []byte("\ngoroutine "))
}
