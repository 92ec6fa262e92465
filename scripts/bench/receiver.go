package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"pai-notify/scripts/bench/load"
)

// receiver takes all messages and answers as the receivers do that say yes.
type receiver struct {
	server   *http.Server
	address  string
	began    time.Time
	arrivals []atomic.Int64 // nanoseconds since began, by the event's number; 0: not yet
	total    atomic.Int64   // of requests, twice told ones too
	twice    atomic.Int64
}

// maxEvents is how many events one cloud of a case may bring: their number has seven digits.
const maxEvents = 4_000_000

func newReceiver() (*receiver, error) {
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &receiver{address: listener.Addr().String(), began: time.Now(), arrivals: make([]atomic.Int64, maxEvents)}
	r.server = &http.Server{Handler: r, ReadHeaderTimeout: time.Minute}
	go func() { _ = r.server.Serve(listener) }() // ends with Close
	return r, nil
}

func (r *receiver) now() int64 { return int64(time.Since(r.began)) }

// ServeHTTP notes the number of the event in a body, and answers with the words of the receiver whose path it is.
func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		http.Error(w, "broken body", http.StatusBadRequest)
		return
	}
	r.total.Add(1)
	if n, ok := number(body); ok && !r.arrivals[n].CompareAndSwap(0, r.now()) {
		r.twice.Add(1)
	}
	w.Header().Set("Content-Type", "application/json")
	switch {
	case strings.HasPrefix(req.URL.Path, "/open-apis/"):
		_, _ = io.WriteString(w, `{"StatusCode":0,"StatusMessage":"success","code":0,"data":{},"msg":"success"}`)
	case strings.HasPrefix(req.URL.Path, "/hook/"):
		w.WriteHeader(http.StatusNoContent)
	default:
		_, _ = io.WriteString(w, `{"errcode":0,"errmsg":"ok"}`)
	}
}

// number finds the number behind the first mark.
func number(body []byte) (n int, ok bool) {
	at := bytes.Index(body, []byte(load.Mark))
	if at < 0 || len(body) < at+len(load.Mark)+7 {
		return 0, false
	}
	for _, c := range body[at+len(load.Mark):][:7] {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, n < maxEvents
}
