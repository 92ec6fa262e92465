package story

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// nonsense makes requests that mean nothing, or almost something, for some routes.
type nonsense struct {
	random *rand.Rand
	routes []string
	key    string
}

func (n *nonsense) pick(list ...string) string { return list[n.random.IntN(len(list))] }

func (n *nonsense) bytes(most int) string {
	b := make([]byte, n.random.IntN(most))
	for i := range b {
		b[i] = byte(n.random.UintN(256))
	}
	return string(b)
}

// request is a request as bytes, well formed or not.
func (n *nonsense) request(host string) []byte {
	if n.random.IntN(20) == 0 {
		return []byte(n.bytes(400) + "\r\n\r\n")
	}
	method, path, _ := strings.Cut(n.routes[n.random.IntN(len(n.routes))], " ")
	if n.random.IntN(4) == 0 {
		method = n.pick("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "X")
	}
	path = strings.NewReplacer("{ws}", n.pick("nlp_train", "..", "%00", "a%2Fb", "深度"), "{name}", n.pick("a", "%ff", "a:b:enable"),
		"{id}", n.pick(strings.Repeat("a", 26), "1", "%27%20or%201=1")).Replace(path)
	switch n.random.IntN(6) {
	case 0:
		path += "?" + n.pick("workspace=%", "limit=-1&cursor=%%%", "from=x&to=0001-01-01T00:00:00Z", "after=99999999999999999999", strings.Repeat("a=b&", 300))
	case 1:
		path = "/" + fmt.Sprintf("%x", n.bytes(40)) + path
	}
	body := n.pick("", "{}", "[", "null", `"x"`, `{"name":null,"targets":[{}]}`, strings.Repeat("[", 3000), `{"a":1,"a":2}`, `{"name":1e999}`,
		`{"csv":"a,b\n\"c"}`, n.bytes(2000), `{"event":{"scope":{"kind":{}}},"targets":"x"}`, "Action=PutEvents&x=%zz", strings.Repeat("é", 500))
	authorization := n.pick("", "Bearer "+n.key, "Bearer pnk_aaaaaaaaaa_"+strings.Repeat("a", 52), "Bearer pns_x", "Basic eDp5", "Bearer \x7f")
	cookie := n.pick("", "pai-notify=pns_x", "__Host-pai-notify="+strings.Repeat("a", 3000), "a=b; ;;=")
	kind := n.pick("application/json", "text/plain", "multipart/form-data", "application/x-www-form-urlencoded", "\"")
	return fmt.Appendf(nil, "%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\nContent-Type: %s\r\nAuthorization: %s\r\nCookie: %s\r\nContent-Length: %d\r\n\r\n%s",
		method, path, host, kind, authorization, cookie, len(body), body)
}

// throw sends bytes and gives the answer's status; 0 where the connection was closed without one.
func throw(host string, request []byte) (status int, text string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", host)
	if err != nil {
		return 0, "", err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(60 * time.Second))
	if _, err := conn.Write(request); err != nil {
		return 0, "", nil //nolint:nilerr // refused before it was read whole
	}
	answer, err := io.ReadAll(io.LimitReader(conn, 1<<20))
	if len(answer) == 0 {
		return 0, "", nil //nolint:nilerr // closed without a word
	}
	if err != nil && !bytes.HasPrefix(answer, []byte("HTTP/")) {
		return 0, "", err
	}
	fields := strings.Fields(string(answer))
	if len(fields) > 1 {
		status, _ = strconv.Atoi(fields[1])
	}
	return status, string(answer), nil
}

// throwAll sends senseless requests for some routes to a host, from several senders at once, and counts the answers by
// their status.
func (p *proof) throwAll(name, host string, routes []string, key string, round, count int) map[int]int {
	p.Helper()
	const senders = 6
	statuses, mu := map[int]int{}, sync.Mutex{}
	var wg sync.WaitGroup
	for sender := range senders {
		wg.Go(func() {
			n := &nonsense{rand.New(rand.NewPCG(uint64(round), uint64(sender))), routes, key}
			for i := sender; i < count; i += senders {
				request := n.request(host)
				status, text, err := throw(host, request)
				if err != nil {
					p.Errorf("%s is gone: %v", name, err)
					return
				}
				if status >= 500 && status != http.StatusServiceUnavailable && status != http.StatusNotImplemented {
					p.Errorf("%s answers %d to %.200q: %s", name, status, request, tail(text, 200))
				}
				mu.Lock()
				statuses[status]++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return statuses
}

func TestTenThousandSenselessRequestsDoNoHarm(t *testing.T) {
	t.Parallel()
	prove(t, func(p *proof) {
		c := p.start(20)
		c.setUp("nlp_train")
		functions := described(p.T)
		functions["console"] = []string{"GET /", "POST /", "GET /index.html", "GET /assets/{id}.js", "GET /favicon.svg", "GET /{name}/{id}"}
		const each = 10_000
		ofAPI := size(each/len(functions), each) // to each function
		sent, answers, warm := 0, map[int]int{}, map[string]int{}
		for round := range 2 { // the first tells what memory the processes take when they work at all
			part := 1
			if round == 0 {
				part = 10
			}
			now := map[string]int{}
			send := func(name, base string, routes []string, count int) {
				sent += count
				for status, n := range p.throwAll(name, strings.TrimPrefix(base, "http://"), routes, c.Key, round, count) {
					answers[status] += n
				}
			}
			for name, routes := range functions {
				send(name, c.API, routes, ofAPI/part)
				now[name] = c.resident(name) // its instances may be gone when all is sent
			}
			own := []string{
				"POST /", "POST /openapi/putEvents", "GET /local/counts", "GET /api/inbox", "POST /dingtalk/robot/send", "POST /wecom/cgi-bin/webhook/send",
				"POST /lark/open-apis/bot/v2/hook/x", "GET /api/v1/rules",
			}
			send("the local cloud", c.Cloud, own, each/part)
			send("the inbox", c.Inbox, own, each/part)
			now["localcloud"] = rss(c.process.Process.Pid)
			p.Logf("memory, kB: %v", now)
			if round == 0 {
				warm = now
				continue
			}
			most := ""
			for name, kB := range now {
				if kB == 0 || warm[name] == 0 || kB > warm[name]+64<<10 {
					p.Errorf("%s holds %d kB after %d, want both and no growth", name, kB, warm[name])
				}
				if most == "" || kB-warm[name] > now[most]-warm[most] {
					most = name
				}
			}
			p.figure("requests to each of "+strconv.Itoa(len(functions))+" functions", ofAPI)
			p.figure("requests to each port of the local cloud", each)
			p.figure("the memory that grew most", fmt.Sprintf("%s, from %d to %d kB", most, warm[most], now[most]))
		}
		p.figure("requests in all", sent)
		p.figure("answers by status, 0 where the connection was closed without one", answers)
		p.want("panics", c.panics(), 0)
		c.api(http.MethodGet, "/workspaces/nlp_train/rules", nil).must(p.T, http.StatusOK)
	})
}

// panics counts the logs that tell of a panic or a crash, and fails the test where one holds the key.
func (c *cloud) panics() (n int) {
	c.t.Helper()
	logs, err := filepath.Glob(filepath.Join(c.data, "logs", "*"))
	if err != nil || len(logs) == 0 {
		c.t.Fatalf("%d logs: %v", len(logs), err)
	}
	for _, name := range logs {
		text, err := os.ReadFile(name)
		if err != nil {
			c.t.Fatal(err)
		}
		if i := bytes.Index(text, []byte(`"msg":"panic"`)); i >= 0 {
			n++
			c.t.Logf("%s tells of a panic: %s", filepath.Base(name), text[i:min(i+600, len(text))])
		}
		if bytes.Contains(text, []byte("goroutine 1 [")) {
			n++
			c.t.Logf("%s tells of a crash", filepath.Base(name))
		}
		if bytes.Contains(text, []byte(c.Key)) {
			c.t.Errorf("%s holds the key", filepath.Base(name))
		}
	}
	if strings.Contains(c.logs.String(), "panic") {
		n++
		c.t.Logf("the local cloud panicked: %s", tail(c.logs.String(), 1000))
	}
	return n
}

// rss is how much memory a process holds, in kB.
func rss(pid int) int {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), "VmRSS:")
	kB, err := strconv.Atoi(strings.Fields(rest + " 0")[0])
	if err != nil {
		return 0
	}
	return kB
}
