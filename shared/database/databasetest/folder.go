package databasetest

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// folder is where a server lives. A shell guards it: when this process ends, be it killed, the shell ends the server and
// removes the folder.
type folder struct {
	path  string
	shell *exec.Cmd
	pipe  io.WriteCloser // tells the shell the server's process id; its end is ours
}

const guard = `
while read -r line; do pid=$line; done
[ "${pid:-0}" = 0 ] || kill -QUIT "$pid" # an immediate shutdown
n=0
until rm -rf -- "$1" || [ $n = 100 ]; do n=$((n + 1)); sleep 0.1; done # what still runs may still write
`

func newFolder() (f *folder, err error) {
	path, err := os.MkdirTemp("", "pai-notify-postgres-")
	if err != nil {
		return nil, fmt.Errorf("make a folder for PostgreSQL: %w", err)
	}
	f = &folder{path: path, shell: exec.Command("sh", "-c", guard, "guard", path)}
	f.shell.Dir = "/"
	f.shell.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // it outlives a Ctrl-C
	if f.pipe, err = f.shell.StdinPipe(); err != nil {
		return nil, fmt.Errorf("guard PostgreSQL's folder: %w", err)
	}
	if err := f.shell.Start(); err != nil {
		return nil, fmt.Errorf("guard PostgreSQL's folder: %w", err)
	}
	return f, nil
}

// guard names the process to end with ours; 0 for none.
func (f *folder) guard(pid int) error {
	if _, err := fmt.Fprintln(f.pipe, pid); err != nil {
		return fmt.Errorf("guard PostgreSQL: %w", err)
	}
	return nil
}

// remove lets the shell do its work.
func (f *folder) remove() error {
	if err := f.pipe.Close(); err != nil {
		return fmt.Errorf("remove PostgreSQL's folder: %w", err)
	}
	if err := f.shell.Wait(); err != nil {
		return fmt.Errorf("remove PostgreSQL's folder %s: %w", f.path, err)
	}
	return nil
}

func (f *folder) logPath() string { return filepath.Join(f.path, "log") }

// log gives the last lines of the server's log.
func (f *folder) log() string {
	text, err := os.ReadFile(f.logPath())
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-40):], "\n")
}
