package function

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func TestOutputIsKeptByLineWithWhatBefellTheInstance(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var told []string
	r := start(t, func(o *Options) {
		o.Line = func(function, line string) {
			mu.Lock()
			defer mu.Unlock()
			told = append(told, function+": "+line)
		}
	})
	_, err := r.Invoke(t.Context(), "many", do("exit"))
	if err == nil || !strings.Contains(err.Error(), r.options.Logs) {
		t.Errorf("error = %v, want it to say where the log is", err)
	}
	if _, err := r.Invoke(t.Context(), "stillborn", do("exit")); err == nil {
		t.Error("a function that never started answered")
	}
	await(t, r, func(s Status) bool { return len(s["many"].Instances)+len(s["stillborn"].Instances) == 0 })
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	all := strings.Join(told, "\n")
	mu.Unlock()
	for _, want := range []string{"many: FC Invoke Start RequestId: 1-", "many: half a line", "ended: exit status 3", "stillborn: DATABASE_URL: is not set"} {
		if !strings.Contains(all, want) {
			t.Errorf("%q was not told of in\n%s", want, all)
		}
	}
	text, err := os.ReadFile(filepath.Join(r.options.Logs, "many.log"))
	if err != nil || !strings.Contains(string(text), "\nhalf a line\n") {
		t.Errorf("many.log = %q, %v", text, err)
	}
}

func TestALineIsCutWhereFunctionComputeCutsIt(t *testing.T) {
	t.Parallel()
	var got []string
	w := &lines{log: &log{tell: func(_, line string) { got = append(got, line) }}}
	for _, text := range []string{"a", "b\nc", "\n\n", strings.Repeat("x", maxLine), "y", strings.Repeat("z", 2*maxLine) + "\nend"} {
		if n, err := w.Write([]byte(text)); n != len(text) || err != nil {
			t.Fatalf("Write = %d, %v", n, err)
		}
	}
	w.flush()
	total := 0
	for _, line := range got {
		total += len(line)
		if len(line) > maxLine {
			t.Errorf("a line of %d bytes", len(line))
		}
	}
	if got[0] != "ab" || got[1] != "c" || got[2] != "" || got[len(got)-1] != "end" || total != len("abcyend")+3*maxLine {
		t.Errorf("%d lines of %d bytes: %.10q", len(got), total, got)
	}
}
