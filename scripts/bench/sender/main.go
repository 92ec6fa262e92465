// Command sender is what the benchmark sets beside the packaged functions:
//
//	sender post      net/http alone: POSTs a message's body in a loop
//	sender direct    the delivery handler without Function Compute's runtime, in a loop
//
// They measure themselves after a warm-up and print one line of JSON.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"runtime"
	"runtime/pprof"
	"syscall"
	"time"

	"pai-notify/scripts/bench/load"
	"pai-notify/shared/catalog"
	"pai-notify/shared/channel"
	"pai-notify/shared/channel/all"
	"pai-notify/shared/contact"
	"pai-notify/shared/database"
	"pai-notify/shared/delivery"
	"pai-notify/shared/seal"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "sender:", err)
		os.Exit(1)
	}
}

type options struct {
	channel, receiver   string
	group, destinations int
	padding, first      int
	spend               time.Duration
	profile, memory     string
}

func run(args []string) error {
	if len(args) == 0 {
		return errors.New("name what to be: post or direct")
	}
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	var o options
	flags.StringVar(&o.channel, "channel", "webhook", "")
	flags.StringVar(&o.receiver, "receiver", "", "host:port")
	flags.IntVar(&o.group, "group", 1, "")
	flags.IntVar(&o.destinations, "destinations", 1, "")
	flags.IntVar(&o.padding, "padding", 0, "bytes more of each event")
	flags.IntVar(&o.first, "first", 0, "number of the first event")
	flags.DurationVar(&o.spend, "time", time.Second, "")
	flags.StringVar(&o.profile, "profile", "", "file for a CPU profile")
	flags.StringVar(&o.memory, "memory", "", "file for a profile of allocations")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	switch args[0] {
	case "post":
		return post(o)
	case "direct":
		return direct(o)
	}
	return fmt.Errorf("there is no sender %q", args[0])
}

// post sends the body of an invocation's first event as it is: about as long as a message.
func post(o options) error {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16}}
	body := bytes.Repeat([]byte("x"), 1024)
	return o.measure(func(int) error {
		resp, err := client.Post("http://"+o.receiver+"/sink", "application/json", bytes.NewReader(body))
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, resp.Body)
		return errors.Join(err, resp.Body.Close())
	})
}

func direct(o options) error {
	ctx := context.Background()
	keys, err := seal.ParseKeys(os.Getenv("SEAL_KEYS"))
	if err != nil {
		return err
	}
	db, err := database.Open(ctx, os.Getenv("DATABASE_URL"))
	if err != nil {
		return err
	}
	base, err := catalog.Load()
	if err != nil {
		return err
	}
	receivers := []string{o.receiver}
	var open channel.Channel
	for _, c := range all.Channels(channel.Deps{Client: channel.Client(nil, receivers), Now: time.Now, Allow: receivers}) {
		if c.Spec().Name == o.channel {
			open = c
		}
	}
	if open == nil {
		return fmt.Errorf("there is no channel %q", o.channel)
	}
	source, err := load.New(o.channel, o.receiver, keys, o.destinations, o.group, o.padding)
	if err != nil {
		return err
	}
	h := delivery.New(delivery.Config{Channel: open, DB: db, Catalog: base, Contacts: contact.New(db, time.Now), Keys: keys,
		Log: slog.New(slog.NewJSONHandler(os.Stderr, nil))})
	want := fmt.Sprintf(`{"delivered":%d}`, o.group)
	err = o.measure(func(n int) error {
		answer, err := h.Deliver(ctx, source.Body(o.first+n*o.group))
		if err == nil && string(answer) != want {
			err = fmt.Errorf("the answer is %s, want %s", answer, want)
		}
		return err
	})
	return errors.Join(err, db.Close())
}

// Measured is what a sender says of itself.
type Measured struct {
	Sent    int     `json:"sent"`    // since the warm-up
	Seconds float64 `json:"seconds"` // of the wall
	CPU     float64 `json:"cpu"`     // seconds of user and system
	Mallocs uint64  `json:"mallocs"`
	Bytes   uint64  `json:"bytes"`
}

func (o options) measure(each func(n int) error) error {
	n := 0
	for end := time.Now().Add(o.spend / 4); time.Now().Before(end); n++ {
		if err := each(n); err != nil {
			return err
		}
	}
	if o.profile != "" {
		f, err := os.Create(o.profile)
		if err != nil {
			return err
		}
		defer func() { _ = f.Close() }() // StopCPUProfile has written all
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	began, warm, used := time.Now(), n, cpu()
	for end := began.Add(o.spend); time.Now().Before(end); n++ {
		if err := each(n); err != nil {
			return err
		}
	}
	used = cpu() - used
	took := time.Since(began)
	runtime.ReadMemStats(&after)
	if o.memory != "" {
		f, err := os.Create(o.memory)
		if err != nil {
			return err
		}
		if err := errors.Join(pprof.Lookup("allocs").WriteTo(f, 0), f.Close()); err != nil {
			return err
		}
	}
	return json.NewEncoder(os.Stdout).Encode(Measured{Sent: (n - warm) * max(o.group, 1), Seconds: took.Seconds(), CPU: used.Seconds(),
		Mallocs: after.Mallocs - before.Mallocs, Bytes: after.TotalAlloc - before.TotalAlloc})
}

// cpu is what this process has used, user and system.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
