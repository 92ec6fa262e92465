// Package inbox is the local cloud's receivers: stand-ins for the robots of DingTalk, WeCom and Lark and for HTTP
// endpoints; what package carrier was sent for telephones and mailboxes is kept here too. They check what the real ones
// check (token, signature, form, size, rate), answer with the real ones' codes, and keep what arrived to be looked at, as
// a page and as JSON. Nothing here is shared with the code under test: a signature that both sides got wrong would not be
// noticed otherwise.
//
// A few names make a receiver refuse: a token or key that begins with "unknown" is not known, "stopped" is switched
// off, "keyword" demands the word PAI instead of a signature, "listed" only accepts other IP addresses, and "signed"
// makes an optional signature compulsory. Every robot's secret is "SEC-" and its token.
package inbox

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"pai-notify/shared/clock"
)

const (
	maxKept  = 20_000    // messages
	maxBytes = 256 << 20 // of their bodies, together
	maxBody  = 1 << 20   // bytes read of a request
)

// Message is one request that reached a receiver.
type Message struct {
	Seq      int               `json:"seq"`
	Receiver string            `json:"receiver"`
	Path     string            `json:"path"` // with the query
	At       time.Time         `json:"at"`   // on the local cloud's clock
	Headers  map[string]string `json:"headers"`
	Body     any               `json:"body"` // parsed JSON, or the text where it is none
	Accepted bool              `json:"accepted"`
	Code     string            `json:"code"` // the receiver's own
	size     int
}

// receiver reads a request as the real one would and says how it answers.
type receiver interface {
	receive(r *http.Request, body []byte, now time.Time) answer
	// fault is an answer in the receiver's form that says no with a code.
	fault(status int, code string) answer
}

// answer is what a receiver says.
type answer struct {
	status   int
	code     string
	accepted bool
	headers  map[string]string
	body     string
}

// Inbox is an http.Handler. It is safe for concurrent use.
type Inbox struct {
	clock     clock.Clock
	receivers map[string]receiver
	mux       *http.ServeMux

	mu       sync.Mutex
	seq      int
	messages []Message
	bytes    int // of their bodies
	faults   []*Fault
	notes    []Note
}

//go:embed page.html
var page []byte

// New makes an empty inbox whose rate limits run on the given clock.
func New(c clock.Clock) *Inbox {
	b := &Inbox{clock: c, mux: http.NewServeMux(), receivers: map[string]receiver{
		"dingtalk": newDingTalk(),
		"wecom":    newWeCom(),
		"lark":     newLark(),
		"webhook":  webhook{},
	}, notes: robotNotes()}
	b.mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'")
		reply(w, page)
	})
	b.mux.HandleFunc("GET /api/inbox", b.list)
	b.mux.HandleFunc("DELETE /api/inbox", func(w http.ResponseWriter, _ *http.Request) { b.Clear(); w.WriteHeader(http.StatusNoContent) })
	b.mux.HandleFunc("GET /api/notes", b.serveNotes)
	b.mux.HandleFunc("PUT /api/faults", b.putFault)
	b.mux.HandleFunc("DELETE /api/faults", func(w http.ResponseWriter, _ *http.Request) { b.ClearFaults(); w.WriteHeader(http.StatusNoContent) })
	for name := range b.receivers {
		b.mux.HandleFunc("/"+name+"/", func(w http.ResponseWriter, r *http.Request) { b.receive(name, w, r) })
	}
	return b
}

func (b *Inbox) ServeHTTP(w http.ResponseWriter, r *http.Request) { b.mux.ServeHTTP(w, r) }

// Messages lists what reached a receiver (all of them where it is empty) after a sequence number, oldest first.
func (b *Inbox) Messages(receiver string, after int) []Message {
	b.mu.Lock()
	defer b.mu.Unlock()
	found := []Message{}
	for _, m := range b.messages {
		if m.Seq > after && (receiver == "" || m.Receiver == receiver) {
			found = append(found, m)
		}
	}
	return found
}

// Clear forgets the messages. Sequence numbers go on.
func (b *Inbox) Clear() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.messages, b.bytes = nil, 0
}

func (b *Inbox) list(w http.ResponseWriter, r *http.Request) {
	after := 0
	if text := r.FormValue("after"); text != "" {
		var err error
		if after, err = strconv.Atoi(text); err != nil {
			http.Error(w, fmt.Sprintf("after: %q is not a number", text), http.StatusBadRequest)
			return
		}
	}
	name := r.FormValue("receiver")
	if name != "" && !b.knows(name) {
		http.Error(w, fmt.Sprintf("receiver: %q is none of %s", name, strings.Join(b.names(), ", ")), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	answer, err := json.Marshal(map[string]any{"messages": b.Messages(name, after)})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	reply(w, answer)
}

func (b *Inbox) receive(name string, w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err != nil {
		return // the sender broke off: nothing arrived
	}
	receiver := b.receivers[name]
	// Matching uses the path as sent, without the receiver's own prefix in the way.
	fault := b.Fault(name, r.RequestURI)
	if fault != nil && !fault.Taken {
		said := fault.answer(receiver)
		b.keep(name, r, body, said)
		fault.serve(w, r, said)
		return
	}
	r.URL.Path = strings.TrimPrefix(r.URL.Path, "/"+name)
	said := receiver.receive(r, body, b.clock.Now())
	b.keep(name, r, body, said)
	switch {
	case fault == nil:
		said.serve(w)
	case fault.Late():
		fault.serve(w, r, said)
	default:
		fault.serve(w, r, fault.answer(receiver))
	}
}

func (b *Inbox) keep(name string, r *http.Request, body []byte, said answer) {
	m := Message{Receiver: name, Path: r.RequestURI, At: b.clock.Now(), Headers: map[string]string{}, size: len(body),
		Accepted: said.accepted, Code: said.code}
	for key, values := range r.Header {
		m.Headers[strings.ToLower(key)] = strings.Join(values, ", ")
	}
	if json.Unmarshal(body, &m.Body) != nil {
		m.Body = string(body)
	}
	b.add(m)
}

func (b *Inbox) add(m Message) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.seq++
	m.Seq = b.seq
	b.messages = append(b.messages, m)
	b.bytes += m.size
	for len(b.messages) > maxKept || b.bytes > maxBytes {
		b.bytes -= b.messages[0].size
		b.messages = b.messages[1:]
	}
}

func (a answer) serve(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	for key, value := range a.headers {
		w.Header().Set(key, value)
	}
	w.WriteHeader(a.status)
	reply(w, []byte(a.body))
}

// reply writes the last of an answer; a sender that has gone does not want it.
func reply(w io.Writer, body []byte) { _, _ = w.Write(body) }
