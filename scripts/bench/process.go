package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// ticks is how often a second the kernel's clock of processes counts: sysconf(_SC_CLK_TCK), which is 100 on Linux.
const ticks = 100

// process is a sender, alone on its core.
type process struct {
	command *exec.Cmd
	words   bytes.Buffer // its last, of stderr
	ended   chan struct{}
}

// start starts a command on a core with one thread of Go's at a time. Its environment is what is given and nothing of ours.
func start(core int, environment []string, out *os.File, command ...string) (*process, error) {
	p := &process{command: exec.Command("taskset", append([]string{"-c", strconv.Itoa(core)}, command...)...), ended: make(chan struct{})}
	p.command.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=/tmp", "GOMAXPROCS=1"}, environment...)
	p.command.Stderr = &p.words
	p.command.Stdout = io.Discard // through a pipe, as Function Compute takes what functions print
	if out != nil {
		p.command.Stdout = out
	}
	p.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := p.command.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", command[0], err)
	}
	go func() {
		_ = p.command.Wait() // how it ended is in ProcessState
		close(p.ended)
	}()
	return p, nil
}

// end kills the sender and waits for it.
func (p *process) end() {
	_ = syscall.Kill(-p.command.Process.Pid, syscall.SIGKILL) // it may be gone
	<-p.ended
}

func (p *process) fault() error {
	select {
	case <-p.ended:
		return fmt.Errorf("the sender ended: %s: %.500s", p.command.ProcessState, p.words.String())
	default:
		return nil
	}
}

// usage is what a process has used since its start.
type usage struct {
	cpu     time.Duration // user and system, all threads
	rss     int           // KB at most
	now     int           // KB
	threads int
}

func (p *process) usage() (u usage, err error) { return usageOf(p.command.Process.Pid) }

func usageOf(pid int) (u usage, err error) {
	folder := filepath.Join("/proc", strconv.Itoa(pid))
	if u.cpu, err = cpuOf(pid, 13, 14); err != nil {
		return u, err
	}
	status, err := os.ReadFile(filepath.Join(folder, "status"))
	if err != nil {
		return u, err
	}
	for line := range strings.Lines(string(status)) {
		name, value, _ := strings.Cut(line, ":")
		number, _ := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(value), " kB")) // other lines are not asked for
		switch name {
		case "VmHWM":
			u.rss = number
		case "VmRSS":
			u.now = number
		case "Threads":
			u.threads = number
		}
	}
	return u, nil
}

// cpuOf sums fields of /proc/PID/stat, counted from 0: proc(5) calls them utime 13, stime 14, cutime 15, cstime 16.
func cpuOf(pid int, fields ...int) (time.Duration, error) {
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return 0, err
	}
	_, rest, found := strings.Cut(string(text), ") ") // the name before may have spaces
	values := strings.Fields(rest)
	if !found || len(values) < 20 {
		return 0, errors.New("/proc/PID/stat is not as expected")
	}
	var sum int64
	for _, f := range fields {
		n, err := strconv.ParseInt(values[f-2], 10, 64)
		if err != nil {
			return 0, err
		}
		sum += n
	}
	return time.Duration(sum) * time.Second / ticks, nil
}

// familyCPU is what a process and its children use, those that have ended too: PostgreSQL with its backends.
func familyCPU(pid int) (time.Duration, error) {
	sum, err := cpuOf(pid, 13, 14, 15, 16)
	if err != nil {
		return 0, err
	}
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		return 0, err
	}
	for _, child := range strings.Fields(string(children)) {
		n, err := strconv.Atoi(child)
		if err != nil {
			return 0, err
		}
		if used, err := cpuOf(n, 13, 14, 15, 16); err == nil { // it may just have ended
			sum += used
		}
	}
	return sum, nil
}
