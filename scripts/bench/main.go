// Command bench measures the packaged delivery functions: how many notifications a second of the wall and a second of CPU,
// how long from an event to its receiver, how much memory.
//
// The sender, which is the packaged binary, runs on one core with GOMAXPROCS=1 under Function Compute's runtime protocol;
// the load, the receivers, the runtime and PostgreSQL run on another. Beside it, in the same run, are measured a function on
// the same SDK that does nothing and a bare POST, so that figures of different machines can be set side by side: compare
// shares, not numbers. `go run ./scripts/bench -h` tells all settings.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const usageText = `usage: go run ./scripts/bench [settings]

It needs the packaged functions (make package) and taskset; for PostgreSQL its binaries (scripts/postgres.sh).
Each case: a warm-up, then as fast as it goes, then events by the clock at half of that rate, for the percentiles.

Any other command can be measured as the sender:

  go run ./scripts/bench -sender 'COMMAND' -count N [-load 'COMMAND']

The sender is started on its core with the environment RECEIVER=http://HOST:PORT, where every POST is answered with
{"errcode":0,"errmsg":"ok"}, and COUNT=N; -load is started two seconds later on the other core, with the same. From the first
message on, until N have arrived, its CPU (user and system, its children's too) and the wall are measured. For a tool that
takes alerts over HTTP the load is whatever posts them, and RECEIVER goes into the tool's configuration:

  go run ./scripts/bench -sender 'sh -c "sed s,RECEIVER,$RECEIVER, am.tmpl >am.yml; exec alertmanager --config.file=am.yml"' \
    -load 'sh post-alerts.sh' -count 10000

Settings:
`

type settings struct {
	channels, databases              []string
	groups, instances, rows, padding []int
	runs, destinations               int
	core, loadCore                   int
	time, soak                       time.Duration
	root, base, out, profile         string
	beside, inside                   bool
	sender, load                     string
	count                            int
}

func main() {
	if err := pinned(os.Args); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	s, err := parse(os.Args[1:])
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err == nil {
		err = measure(ctx, s)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		stop()
		os.Exit(1)
	}
}

const pinnedVariable = "BENCH_LOAD_CORE"

// pinned runs this program anew on the load's core, where all that it starts is then, too, but for senders.
func pinned(args []string) error {
	core := "1"
	for i, a := range args {
		if a == "-load-core" && i+1 < len(args) {
			core = args[i+1]
		}
	}
	if os.Getenv(pinnedVariable) != "" || runtime.NumCPU() < 2 {
		return nil
	}
	path, err := exec.LookPath("taskset")
	if err != nil {
		return fmt.Errorf("taskset is needed (Debian: apt-get install util-linux): %w", err)
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	return syscall.Exec(path, append([]string{"taskset", "-c", core, self}, args[1:]...), append(os.Environ(), pinnedVariable+"="+core))
}

func parse(args []string) (s settings, err error) {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.Usage = func() {
		_, _ = fmt.Fprint(flags.Output(), usageText) // a terminal that is gone needs no help
		flags.PrintDefaults()
	}
	channels := flags.String("channels", "dingtalk,wecom,lark,webhook", "channels; SMS, calls and mail are not measured here")
	databases := flags.String("databases", "sqlite,postgres", "databases")
	groups := flags.String("groups", "1,16", "events an invocation")
	instances := flags.String("instances", "1,4,16", "instances at once, all on the sender's core; SQLite is promised for 4")
	rows := flags.String("rows", "0", "deliveries in the ledger before")
	padding := flags.String("padding", "0", "bytes more of each event's data")
	flags.IntVar(&s.runs, "runs", 1, "runs, one case after the other in each; figures are medians")
	flags.IntVar(&s.destinations, "destinations", 4000, "receivers; robots take few messages each, so there must be many")
	flags.DurationVar(&s.time, "time", 2*time.Second, "of each part of a case")
	flags.DurationVar(&s.soak, "soak", 0, "of the part at half of the rate, if longer: memory's slope and goroutines are told")
	flags.IntVar(&s.core, "core", 0, "the sender's core")
	flags.IntVar(&s.loadCore, "load-core", 1, "the core of everything else")
	flags.StringVar(&s.root, "binaries", ".build", "where the packaged functions are")
	flags.StringVar(&s.base, "base", "", "a git revision whose functions are measured in turn with these; benchstat compares")
	flags.StringVar(&s.out, "out", ".build/bench.json", "where the figures go as JSON")
	flags.StringVar(&s.profile, "profile", "", "a folder for CPU and allocation profiles of what runs in process: go tool pprof reads them")
	flags.BoolVar(&s.beside, "beside", true, "measure the do-nothing function and the bare POST, too")
	flags.BoolVar(&s.inside, "inside", true, "measure the delivery handler without Function Compute's runtime, too")
	flags.StringVar(&s.sender, "sender", "", "a command of your own to measure, see above")
	flags.StringVar(&s.load, "load", "", "a command that makes your own send")
	flags.IntVar(&s.count, "count", 0, "messages to wait for from your own")
	if err := flags.Parse(args); err != nil {
		return s, err
	}
	s.channels, s.databases = strings.Split(*channels, ","), strings.Split(*databases, ",")
	for text, list := range map[*string]*[]int{groups: &s.groups, instances: &s.instances, rows: &s.rows, padding: &s.padding} {
		for field := range strings.SplitSeq(*text, ",") {
			n, err := strconv.Atoi(field)
			if err != nil || n < 0 {
				return s, fmt.Errorf("%q is no list of numbers such as 1,16", *text)
			}
			*list = append(*list, n)
		}
	}
	if flags.NArg() > 0 || s.runs < 1 || s.destinations < 1 || s.time <= 0 {
		return s, errors.New("settings are wrong; -h tells them")
	}
	if s.sender != "" && s.count < 1 {
		return s, errors.New("-sender needs -count, how many messages to wait for")
	}
	return s, nil
}

// build links a program as scripts/package.sh links functions.
func build(ctx context.Context, folder, to, program string) error {
	return command(ctx, folder, "env", "CGO_ENABLED=0", "go", "build", "-trimpath", "-buildvcs=false", "-tags", "nethttpomithttp2",
		"-ldflags", "-s -w", "-o", to, program)
}

func measure(ctx context.Context, s settings) (err error) {
	b := &bench{settings: s}
	if b.folder, err = os.MkdirTemp("", "bench"); err != nil {
		return err
	}
	defer func() {
		if b.postgres != nil {
			b.postgres.close()
		}
		err = errors.Join(err, os.RemoveAll(b.folder))
	}()
	if s.sender != "" {
		return b.yours(ctx)
	}
	b.sender, b.nothing = filepath.Join(b.folder, "sender"), filepath.Join(b.folder, "nothing")
	for path, name := range map[string]string{b.sender: "sender", b.nothing: "nothing"} {
		if err := build(ctx, "", path, "./scripts/bench/"+name); err != nil {
			return err
		}
	}
	cases, err := s.cases()
	if err != nil {
		return err
	}
	if s.base != "" {
		return b.compare(ctx, cases)
	}
	results := map[string][]figures{}
	for n := range s.runs {
		for i, c := range cases {
			if c.binary, err = binaryOf(s.root, strings.TrimPrefix(c.Sender, inside)); err != nil && c.Sender != nothing && c.Sender != post {
				return err
			}
			fmt.Fprintf(os.Stderr, "\rrun %d/%d, case %d/%d: %-40s", n+1, s.runs, i+1, len(cases), c)
			f, err := b.run(ctx, c)
			if err != nil {
				return fmt.Errorf("%s: %w", c, err)
			}
			results[c.String()] = append(results[c.String()], f)
		}
	}
	fmt.Fprintf(os.Stderr, "\r%80s\r", "")
	var list []summary
	for _, c := range cases {
		list = append(list, summarise(results[c.String()]))
	}
	fmt.Print(table(list))
	return write(s.out, list)
}
