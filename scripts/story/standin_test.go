package story

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// standIn is a receiver in the test's own process, so that a test decides each answer and can stop pai-notify at the
// very moment at which a message was taken. It checks nothing: the local cloud's inbox does that.
type standIn struct {
	URL string

	mu     sync.Mutex
	told   []told
	answer func(told) reply
	closed chan struct{}
}

// told is one request that reached a stand-in.
type told struct {
	Receiver, Token string
	Names           []string // of what it tells, as numbered names them
	Events          int      // how many events it tells
	ID              string   // webhook-id
	At              time.Time
	Accepted        bool
}

// reply is what a stand-in does. The zero reply accepts.
type reply struct {
	refuse  bool
	status  int
	header  map[string]string
	body    string
	after   func()          // runs once the message counts as taken, before anything is answered
	hold    <-chan struct{} // answers when it is closed
	nothing bool            // breaks the connection off, as if the request had never been read
}

const accepted = `{"errcode":0,"errmsg":"ok","code":0,"msg":"success","StatusCode":0}`

// newStandIn starts one that ends with the test. answer may be nil; it must be safe for concurrent use.
func newStandIn(t *testing.T, answer func(told) reply) *standIn {
	t.Helper()
	s := &standIn{answer: answer, closed: make(chan struct{})}
	server := httptest.NewServer(s)
	s.URL = server.URL
	t.Cleanup(func() {
		close(s.closed)
		server.CloseClientConnections()
		server.Close()
	})
	return s
}

// allow is the environment of a cloud whose functions may send to it.
func (s *standIn) allow() string { return "ALLOW_RECEIVERS=" + strings.TrimPrefix(s.URL, "http://") }

var (
	named    = regexp.MustCompile(`\bp\d+x\d+\b`)
	gathered = regexp.MustCompile(`\b(\d+) events\b`)
)

func (s *standIn) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // a sender that was killed: nothing arrived
	}
	receiver, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	m := told{Receiver: receiver, Token: r.URL.Query().Get("access_token") + r.URL.Query().Get("key"), ID: r.Header.Get("webhook-id"), At: time.Now()}
	if m.Token == "" {
		m.Token = rest[strings.LastIndex(rest, "/")+1:]
	}
	m.Names = slices.Compact(slices.Sorted(slices.Values(named.FindAllString(string(body), -1))))
	m.Events = len(m.Names)
	if n := gathered.FindSubmatch(body); n != nil {
		m.Events, _ = strconv.Atoi(string(n[1])) // digits only; too many of them are no count of ours
	}
	var say reply
	if s.answer != nil {
		say = s.answer(m)
	}
	m.Accepted = !say.refuse && !say.nothing
	s.mu.Lock()
	s.told = append(s.told, m)
	s.mu.Unlock()
	if say.after != nil {
		say.after()
	}
	if say.hold != nil {
		select {
		case <-say.hold:
		case <-r.Context().Done():
		case <-s.closed:
		}
	}
	if say.nothing {
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("Content-Type", "application/json")
	for key, value := range say.header {
		w.Header().Set(key, value)
	}
	if say.status != 0 {
		w.WriteHeader(say.status)
	}
	text := say.body
	if !say.refuse && text == "" {
		text = accepted
	}
	_, _ = io.WriteString(w, text) // a sender that was killed does not want it
}

// all are the requests so far.
func (s *standIn) all() []told {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.told)
}

// accepted are those that were taken.
func (s *standIn) accepted() (list []told) {
	for _, m := range s.all() {
		if m.Accepted {
			list = append(list, m)
		}
	}
	return list
}

// target is a robot or endpoint at the stand-in.
func (s *standIn) target(c *cloud, id, channel, token string) map[string]any {
	there := *c
	there.Inbox = s.URL
	return there.target(id, channel, token)
}

// count compares what was told at one place with the names that had to be: what is missing, and what came more than
// once. A digest names only some of its events; then only numbers can be compared, and unnamed says how many events were
// told that way.
func count(messages []told, names []string) (missing, doubled []string, unnamed int) {
	times := map[string]int{}
	for _, m := range messages {
		for _, name := range m.Names {
			times[name]++
		}
		unnamed += max(m.Events-len(m.Names), 0)
	}
	for _, name := range names {
		if times[name] == 0 {
			missing = append(missing, name)
		}
		if times[name] > 1 {
			doubled = append(doubled, name)
		}
	}
	return missing, doubled, unnamed
}

// judge fails the proof where a name was told never or more than once.
func (p *proof) judge(messages []told, names []string) {
	p.Helper()
	missing, doubled, unnamed := count(messages, names)
	p.figure("messages", len(messages))
	p.want("events never told", len(missing)-unnamed, 0)
	p.want("events told twice", len(doubled), 0)
	if len(missing) != unnamed {
		p.Errorf("never told: %s; %d were told in digests without their names", some(missing), unnamed)
	}
	if len(doubled) != 0 {
		p.Errorf("told twice: %s", some(doubled))
	}
}

// some are the first of a list.
func some(list []string) string {
	if len(list) > 20 {
		return fmt.Sprint(list[:20], " and ", len(list)-20, " more")
	}
	return fmt.Sprint(list)
}
