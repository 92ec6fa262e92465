// Package story tells, against the packaged function binaries in a running local cloud, what pai-notify promises its
// users: an event that matches arrives, a failure is explained, a killed process loses nothing. Nothing is in process:
// the tests speak HTTP to the same ports a person would use.
package story

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const root = "../.."

// binary is the local cloud, built once for all stories.
var binary string

func TestMain(m *testing.M) {
	if url := os.Getenv(writerURL); url != "" {
		if err := write(url, os.Getenv(writerKeys), os.Getenv(writerTime), os.Getenv(writerName)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	flag.Parse()
	// Stories wait far more than they work, so more of them run at once than the machine has cores.
	if parallel := flag.Lookup("test.parallel"); parallel.Value.String() == parallel.DefValue {
		if err := parallel.Value.Set("6"); err != nil {
			fmt.Fprintln(os.Stderr, "story:", err)
			os.Exit(1)
		}
	}
	code := func() int {
		if _, err := os.Stat(filepath.Join(root, ".build", "rules", "main")); err != nil {
			fmt.Fprintln(os.Stderr, "story: the functions are not packaged; run make package first")
			return 1
		}
		folder, err := os.MkdirTemp("", "story")
		if err != nil {
			fmt.Fprintln(os.Stderr, "story:", err)
			return 1
		}
		defer os.RemoveAll(folder)
		binary = filepath.Join(folder, "localcloud")
		build := exec.Command("go", "build", "-o", binary, "./scripts/localcloud")
		build.Dir = root
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "story: build the local cloud: %v\n%s", err, out)
			return 1
		}
		return m.Run()
	}()
	os.Exit(code)
}

// cloud is a running local cloud.
type cloud struct {
	t                      *testing.T
	Cloud, API, Inbox, Key string
	data                   string
	database               string // its DATABASE_URL
	template               string // what it runs; empty: s.yaml
	binary                 string // the local cloud's; empty: of this revision
	port                   int
	environment            []string
	process                *exec.Cmd
	ended                  chan struct{}
	logs                   *output
}

// start runs a local cloud of its own for a test, as fast as told, until the test ends.
func start(t *testing.T, speed float64, environment ...string) *cloud {
	t.Helper()
	return startWith(t, speed, func(c *cloud) { c.environment = environment })
}

// startWith is start, with a cloud that is changed before it runs.
func startWith(t *testing.T, speed float64, change func(*cloud)) *cloud {
	t.Helper()
	c := &cloud{t: t, data: t.TempDir(), port: freePorts(t), logs: &output{}}
	c.database = "sqlite:" + filepath.Join(c.data, "pai-notify.db")
	change(c)
	c.run(speed)
	t.Cleanup(func() {
		c.stop(syscall.SIGTERM)
		if t.Failed() {
			t.Logf("local cloud in %s said:\n%s", c.data, tail(c.logs.String(), 4000))
			logs, err := filepath.Glob(filepath.Join(c.data, "logs", "*"))
			if err != nil {
				t.Log(err)
			}
			for _, name := range logs {
				text, err := os.ReadFile(name)
				t.Logf("%s: %v\n%s", filepath.Base(name), err, tail(string(text), 3000))
			}
		}
	})
	return c
}

// output keeps what a running process prints.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

func (c *cloud) run(speed float64) {
	c.t.Helper()
	arguments := []string{"-port", strconv.Itoa(c.port), "-data", c.data, "-speed", strconv.FormatFloat(speed, 'g', -1, 64), "-database", c.database}
	if c.template != "" {
		arguments = append(arguments, "-template", c.template)
	}
	c.process = exec.Command(cmp.Or(c.binary, binary), arguments...)
	c.process.Dir = root
	c.process.Env = append(os.Environ(), c.environment...)
	c.process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	c.process.Stderr = c.logs
	out, err := c.process.StdoutPipe()
	if err != nil {
		c.t.Fatal(err)
	}
	if err := c.process.Start(); err != nil {
		c.t.Fatal(err)
	}
	ready := make(chan bool, 1)
	c.ended = make(chan struct{})
	go func() {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if lines.Text() == "ready" {
				ready <- true
			}
		}
		_ = c.process.Wait() // how it ended is in its own words on stderr
		close(c.ended)
	}()
	select {
	case <-ready:
	case <-c.ended:
		c.t.Fatalf("the local cloud ended before it was ready:\n%s", c.logs.String())
	case <-time.After(60 * time.Second):
		c.t.Fatalf("the local cloud is not ready after 60 s:\n%s", c.logs.String())
	}
	text, err := os.ReadFile(filepath.Join(c.data, "local.json"))
	if err != nil {
		c.t.Fatal(err)
	}
	if err := json.Unmarshal(text, c); err != nil {
		c.t.Fatal(err)
	}
}

func (c *cloud) stop(signal syscall.Signal) {
	_ = c.process.Process.Signal(signal) // it may have ended
	select {
	case <-c.ended:
	case <-time.After(20 * time.Second):
		c.t.Errorf("the local cloud does not end on %s", signal)
		_ = c.process.Process.Kill()
		<-c.ended
	}
}

// answer is what an HTTP server said.
type answer struct {
	Status int
	Header http.Header
	Text   string
}

// into reads the answer's JSON.
func (a answer) into(t *testing.T, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.Text), v); err != nil {
		t.Fatalf("answer %d is no such JSON: %v\n%s", a.Status, err, a.Text)
	}
}

// ask makes one request. A body that is no string goes as JSON.
func ask(t *testing.T, method, url string, body any, headers ...string) answer {
	t.Helper()
	a, err := tryAsk(method, url, body, headers...)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func tryAsk(method, url string, body any, headers ...string) (answer, error) {
	text, isText := body.(string)
	if !isText && body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return answer{}, err
		}
		text = string(encoded)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 90*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(text))
	if err != nil {
		return answer{}, err
	}
	if text != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	got, err := io.ReadAll(response.Body)
	return answer{response.StatusCode, response.Header, string(got)}, err
}

// api asks pai-notify with the admin key.
func (c *cloud) api(method, path string, body any, headers ...string) answer {
	c.t.Helper()
	return ask(c.t, method, c.API+"/api/v1"+path, body, append([]string{"Authorization", "Bearer " + c.Key}, headers...)...)
}

// must is an answer with one of the statuses, else the test ends.
func (a answer) must(t *testing.T, status ...int) answer {
	t.Helper()
	if !slices.Contains(status, a.Status) {
		t.Fatalf("status %d, want %v: %s", a.Status, status, a.Text)
	}
	return a
}

// until waits for a condition, which says what is still missing or "".
func until(t *testing.T, limit time.Duration, missing func() string) {
	t.Helper()
	var what string
	for began := time.Now(); time.Since(began) < limit; time.Sleep(20 * time.Millisecond) {
		if what = missing(); what == "" {
			return
		}
	}
	t.Fatalf("after %s still: %s", limit, what)
}

// step is one step of the set-up.
type step struct{ ID, Title, State, Text, Advice string }

func (c *cloud) steps(a answer) map[string]step {
	c.t.Helper()
	var said struct{ Steps []step }
	a.must(c.t, http.StatusOK).into(c.t, &said)
	steps := map[string]step{}
	for _, s := range said.Steps {
		steps[s.ID] = s
	}
	return steps
}

// untilHealthy waits until the deployment says that it works: the first heartbeat comes within a minute of its clock.
func (c *cloud) untilHealthy() {
	c.t.Helper()
	until(c.t, 60*time.Second, func() string {
		if a := ask(c.t, http.MethodGet, c.API+"/healthz", nil); a.Status != http.StatusOK {
			return fmt.Sprint("healthz says ", a.Status, " ", a.Text)
		}
		return ""
	})
}

// setUp does the whole set-up of a workspace and waits until its canary has come back.
func (c *cloud) setUp(workspace string) {
	c.t.Helper()
	steps := c.steps(c.api(http.MethodPost, "/setup?workspace="+workspace, map[string]any{"workspace": workspace, "activate": true}))
	until(c.t, 60*time.Second, func() string {
		for _, s := range steps {
			if s.State != "done" && s.State != "unused" {
				steps = c.steps(c.api(http.MethodGet, "/setup?workspace="+workspace, nil))
				return s.ID + " is " + s.State + ": " + s.Text + " " + s.Advice
			}
		}
		return ""
	})
}

// message is one request that reached a stand-in.
type message struct {
	Seq                  int
	Receiver, Path, Code string
	Headers              map[string]string
	Body                 any
	Accepted             bool
	At                   time.Time
}

func (c *cloud) messages(receiver string) []message {
	c.t.Helper()
	var list struct{ Messages []message }
	ask(c.t, http.MethodGet, c.Inbox+"/api/inbox?receiver="+receiver, nil).must(c.t, http.StatusOK).into(c.t, &list)
	return list.Messages
}

// accepted are the messages that a receiver took at a path with a text in it.
func (c *cloud) accepted(receiver, path string) []message {
	c.t.Helper()
	var found []message
	for _, m := range c.messages(receiver) {
		if m.Accepted && strings.Contains(m.Path, path) {
			found = append(found, m)
		}
	}
	return found
}

func (c *cloud) fault(f map[string]any) {
	c.t.Helper()
	ask(c.t, http.MethodPut, c.Inbox+"/api/faults", f).must(c.t, http.StatusNoContent)
}

// cloudFault makes EventBridge answer otherwise.
func (c *cloud) cloudFault(f map[string]any) {
	c.t.Helper()
	ask(c.t, http.MethodPut, c.Cloud+"/local/faults", f).must(c.t, http.StatusNoContent)
}

// pids are the processes of a function.
func (c *cloud) pids(function string) (pids []int) {
	c.t.Helper()
	var status map[string]struct{ Instances []struct{ PID int } }
	ask(c.t, http.MethodGet, c.Cloud+"/local/functions", nil).must(c.t, http.StatusOK).into(c.t, &status)
	for _, i := range status[function].Instances {
		pids = append(pids, i.PID)
	}
	return pids
}

// rule is a rule on failed DLC jobs, as a user would write it.
func rule(name string, targets ...map[string]any) map[string]any {
	return map[string]any{
		"name": name, "enabled": true, "targets": targets,
		"event": map[string]any{"source": "dlc", "options": []string{"dlc.job.failed"}, "scope": map[string]any{"kind": "allInWorkspace"}},
	}
}

// target is a robot or endpoint at the inbox.
func (c *cloud) target(id, channel, token string) map[string]any {
	settings := map[string]any{}
	switch channel {
	case "dingtalk":
		settings = map[string]any{"webhook": c.Inbox + "/dingtalk/robot/send?access_token=" + token, "secret": "SEC-" + token}
	case "wecom":
		settings = map[string]any{"webhook": c.Inbox + "/wecom/cgi-bin/webhook/send?key=" + token}
	case "lark":
		settings = map[string]any{"webhook": c.Inbox + "/lark/open-apis/bot/v2/hook/" + token, "secret": "SEC-" + token}
	case "webhook":
		settings = map[string]any{"url": c.Inbox + "/webhook/" + token}
	}
	return map[string]any{"id": id, "channel": channel, "settings": settings, "language": "en"}
}

// tail is the end of a text.
func tail(text string, n int) string {
	if len(text) <= n {
		return text
	}
	return "…" + text[len(text)-n:]
}
