package function

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"sync"
)

// maxLine is where Function Compute cuts a line of output, in bytes (help.aliyun.com, "Limits").
const maxLine = 32 << 10

// log is where the lines of one function's instances go, whole and in the order they came.
type log struct {
	function string
	path     string // of the file; empty if there is none
	tell     func(function, line string)

	mu   sync.Mutex
	file *os.File
}

func openLog(o Options, function string) (*log, error) {
	l := &log{function: function, tell: o.Line}
	if o.Logs == "" {
		return l, nil
	}
	if err := os.MkdirAll(o.Logs, 0o755); err != nil {
		return l, fmt.Errorf("open the log of %s: %w", function, err)
	}
	l.path = filepath.Join(o.Logs, function+".log")
	file, err := os.OpenFile(l.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return l, fmt.Errorf("open the log of %s: %w", function, err)
	}
	l.file = file
	return l, nil
}

// line writes one line. A full disk loses lines of a development tool, and stops nothing.
func (l *log) line(text []byte) {
	l.mu.Lock()
	if l.file != nil {
		_, _ = l.file.Write(append(bytes.Clone(text), '\n'))
	}
	l.mu.Unlock()
	if l.tell != nil {
		l.tell(l.function, string(text))
	}
}

// note writes a line of the runtime's own.
func (l *log) note(format string, args ...any) {
	l.line(fmt.Appendf(nil, "[local cloud] "+format, args...))
}

func (l *log) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file != nil {
		_ = l.file.Close() // written without a buffer, so nothing is lost
		l.file = nil
	}
}

// lines cuts the output of one process into lines.
type lines struct {
	log  *log
	rest []byte
}

func (w *lines) Write(text []byte) (int, error) {
	w.rest = append(w.rest, text...)
	for {
		end := bytes.IndexByte(w.rest, '\n')
		switch {
		case end >= 0 && end <= maxLine:
			w.log.line(w.rest[:end])
			w.rest = w.rest[end+1:]
		case len(w.rest) > maxLine:
			w.log.line(w.rest[:maxLine])
			w.rest = w.rest[maxLine:]
		default:
			w.rest = bytes.Clone(w.rest)
			return len(text), nil
		}
	}
}

// flush writes what the process said last, if that was no whole line.
func (w *lines) flush() {
	if len(w.rest) > 0 {
		w.log.line(w.rest)
		w.rest = nil
	}
}
