package databasetest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// binaries are PostgreSQL's programs and who may run them: they refuse root.
type binaries struct {
	path string // of their folder
	as   *syscall.Credential
}

// findBinaries looks where Debian puts them, the newest version first, then in PATH.
func findBinaries() (binaries, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil {
		return binaries{}, err
	}
	slices.SortFunc(found, func(a, b string) int { return version(b) - version(a) })
	if path, err := exec.LookPath("postgres"); err == nil {
		found = append(found, filepath.Dir(path))
	}
	for _, path := range found {
		if executable(path, "initdb") && executable(path, "postgres") {
			as, err := unprivileged()
			return binaries{path: path, as: as}, err
		}
	}
	return binaries{}, errors.New("PostgreSQL is not installed, so what runs on it cannot be tested: make test installs " +
		"Debian's package postgresql (15 or later), as does scripts/postgres.sh; elsewhere put initdb and postgres in PATH")
}

// version is that of /usr/lib/postgresql/VERSION/bin.
func version(path string) int {
	number, _ := strconv.Atoi(filepath.Base(filepath.Dir(path))) // what is no number comes last
	return number
}

func executable(folder, name string) bool {
	_, err := exec.LookPath(filepath.Join(folder, name))
	return err == nil
}

// unprivileged is whom a test of root runs the server as.
func unprivileged() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.ParseUint(u.Uid, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("the user %s: %w", name, err)
		}
		gid, err := strconv.ParseUint(u.Gid, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("the user %s: %w", name, err)
		}
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
	}
	return nil, errors.New("PostgreSQL refuses to run as root and there is no user postgres or nobody: " +
		"run the test as another user")
}

// command is a program of PostgreSQL, in the folder and without anything of our environment.
func (b binaries) command(f *folder, name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(b.path, name), args...)
	cmd.Dir = f.path
	cmd.Env = []string{"LC_ALL=C", "TZ=UTC", "PATH=/usr/bin:/bin"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: b.as, Setpgid: true} // a Ctrl-C is ours to handle
	return cmd
}

// initialise makes the data. The collation is a linguistic one, as managed servers often have, so that nothing can rest
// on the order of bytes.
func (b binaries) initialise(f *folder, admin, password string) error {
	secret := filepath.Join(f.path, "password")
	if err := os.WriteFile(secret, []byte(password+"\n"), 0o600); err != nil {
		return fmt.Errorf("write PostgreSQL's password: %w", err)
	}
	if b.as != nil {
		for _, path := range []string{f.path, secret} {
			if err := os.Chown(path, int(b.as.Uid), int(b.as.Gid)); err != nil {
				return fmt.Errorf("give PostgreSQL its folder: %w", err)
			}
		}
	}
	cmd := b.command(f, "initdb", "--pgdata=data", "--username="+admin, "--pwfile=password", "--auth=scram-sha-256",
		"--encoding=UTF8", "--locale=C", "--locale-provider=icu", "--icu-locale=en", "--no-sync")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return nil
}

// process is a running server.
type process struct {
	cmd    *exec.Cmd
	folder *folder
	ended  chan struct{} // closed when the first process has ended
}

// start starts a server and waits until it answers.
func (b binaries) start(ctx context.Context, f *folder, port int, answers func(context.Context) error) (*process, error) {
	for {
		p, err := b.launch(f, port)
		if err != nil {
			return nil, fmt.Errorf("start PostgreSQL: %w", err)
		}
		err = p.await(ctx, answers)
		if err == nil {
			return p, nil
		}
		// The last processes of a server that was killed may take a moment to be gone.
		if again := errors.Is(err, errEnded) && strings.Contains(f.log(), "still in use"); !again || ctx.Err() != nil {
			return nil, errors.Join(fmt.Errorf("start PostgreSQL: %w\n%s", err, f.log()), p.kill(nil))
		}
	}
}

func (b binaries) launch(f *folder, port int) (*process, error) {
	log, err := os.OpenFile(f.logPath(), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }() // the server has its own handle
	args := []string{"-D", "data"}
	for _, setting := range []string{
		"listen_addresses=127.0.0.1", "port=" + strconv.Itoa(port), "unix_socket_directories=",
		"fsync=on", "synchronous_commit=on", "shared_buffers=128MB", "max_connections=100", "deadlock_timeout=100ms",
	} {
		args = append(args, "-c", setting)
	}
	p := &process{cmd: b.command(f, "postgres", args...), folder: f, ended: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = log, log
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(p.ended)
		_ = p.cmd.Wait() // how it ended is in its log
	}()
	return p, f.guard(p.cmd.Process.Pid)
}

var errEnded = errors.New("it ended at once")

func (p *process) await(ctx context.Context, answers func(context.Context) error) error {
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for {
		try, cancel := context.WithTimeout(ctx, 3*time.Second) // one that hangs is tried again
		err := answers(try)
		cancel()
		if err == nil {
			return nil
		}
		select {
		case <-again.C:
		case <-p.ended:
			return errEnded
		case <-ctx.Done():
			return fmt.Errorf("it does not answer: %w", err)
		}
	}
}

// stop is PostgreSQL's fast shutdown, and its immediate one where that takes too long.
func (p *process) stop() error {
	err := p.end(syscall.SIGINT)
	if err != nil {
		err = errors.Join(err, p.end(syscall.SIGQUIT))
	}
	return err
}

func (p *process) end(signal syscall.Signal) error {
	if err := p.cmd.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop PostgreSQL: %w", err)
	}
	select {
	case <-p.ended:
		return p.folder.guard(0)
	case <-time.After(patience):
		return fmt.Errorf("stop PostgreSQL: it runs on after signal %d\n%s", signal, p.folder.log())
	}
}

// freeze keeps the first process from starting others.
func (p *process) freeze() error { return p.cmd.Process.Signal(syscall.SIGSTOP) }

// kill ends the first process and others.
func (p *process) kill(others []int) error {
	for _, pid := range others {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("kill a process of PostgreSQL: %w", err)
		}
	}
	return p.end(syscall.SIGKILL)
}

// freePort finds a port that nobody listens at, below those that the kernel gives to outgoing connections, so that it is
// still free when the server starts again.
func freePort() (int, error) {
	const first, count = 20_000, 12_000
	for range 100 {
		port := first + rand.IntN(count)
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			continue
		}
		return port, l.Close()
	}
	return 0, errors.New("find a free port for PostgreSQL: 100 ports are in use")
}
