package function

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pai-notify/scripts/serverless"
)

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	if os.Getenv("PARENT") != "" {
		return parent()
	}
	dir, err := os.MkdirTemp("", "function")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	built = dir
	for i, name := range []string{"many", "single", "stillborn", "timed"} {
		to := filepath.Join(dir, ".build", name, "main")
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		if i > 0 {
			if err := os.Link(filepath.Join(dir, ".build/many/main"), to); err != nil {
				fmt.Fprintln(os.Stderr, err)
				return 1
			}
			continue
		}
		build := exec.Command("go", "build", "-o", to, "./testdata/function")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "build the test function: %v\n%s", err, out)
			return 1
		}
	}
	code := m.Run()
	if left := processes(dir); len(left) > 0 {
		fmt.Fprintln(os.Stderr, "processes outlived the tests:", left)
		return 1
	}
	return code
}

// processes are those whose program is under a directory.
func processes(dir string) []string {
	var found []string
	links, _ := filepath.Glob("/proc/[0-9]*/exe")
	for _, link := range links {
		if target, err := os.Readlink(link); err == nil && strings.HasPrefix(target, dir) {
			found = append(found, filepath.Base(filepath.Dir(link)))
		}
	}
	return found
}

func template() (*serverless.Template, error) {
	return serverless.Load("testdata/s.yaml", func(string) string { return "" })
}

// start starts the test functions; change may be nil.
func start(t *testing.T, change func(*Options)) *Runtime {
	t.Helper()
	read, err := template()
	if err != nil {
		t.Fatal(err)
	}
	o := Options{
		Template: read, Root: built, Account: "1234567890123456", Logs: t.TempDir(),
		Credentials: Credentials{"LTAI-local", "local-secret", "local-token"},
	}
	if change != nil {
		change(&o)
	}
	r, err := Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

func do(what string) []byte { return fmt.Appendf(nil, `{"do":%q}`, what) }

// await fails the test if the status is not as wanted within a while.
func await(t *testing.T, r *Runtime, wanted func(Status) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := r.Await(ctx, wanted); err != nil {
		t.Fatal(err)
	}
}

// gate is a server that a function calls, and that answers when the test lets it.
type gate struct {
	*httptest.Server
	arrived chan string // the query
	release chan struct{}
}

func newGate(t *testing.T) *gate {
	t.Helper()
	g := &gate{arrived: make(chan string, 100), release: make(chan struct{})}
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.arrived <- r.URL.RawQuery
		select {
		case <-g.release:
			fmt.Fprint(w, "released")
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(g.Close)
	return g
}

func (g *gate) call() []byte { return fmt.Appendf(nil, `{"do":"call","url":%q}`, g.URL) }

func (g *gate) await(t *testing.T) string {
	t.Helper()
	select {
	case query := <-g.arrived:
		return query
	case <-time.After(30 * time.Second):
		t.Fatal("the function did not call")
		return ""
	}
}
