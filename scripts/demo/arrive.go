package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// settle waits until everything expected has arrived, or nothing has moved for long.
func (r *road) settle(ctx context.Context) (sum, error) {
	arrived, receipts := map[string]int{}, map[string]string{}
	after, messages, moved := 0, 0, time.Now()
	for {
		var list struct {
			Messages []struct {
				Seq      int
				Path     string
				Accepted bool
				Body     json.RawMessage
			}
		}
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("%s/api/inbox?after=%d", r.cloud.Inbox, after), nil)
		if err != nil {
			return r.sum, err
		}
		if err := get(request, &list); err != nil {
			return r.sum, err
		}
		for _, m := range list.Messages {
			after, moved = m.Seq, time.Now()
			switch id := receipt(m.Body); {
			case !m.Accepted:
			case id != "":
				receipts[id] = m.Path
				messages++
			default:
				arrived[m.Path] += events(m.Body)
				messages++
			}
		}
		if err := r.people(ctx, receipts, arrived); err != nil {
			return r.sum, err
		}
		r.sum.delivered = 0
		for path, n := range r.want {
			r.sum.delivered += min(n, count(arrived, path))
		}
		progress("told", r.sum.delivered, r.sum.matched, fmt.Sprintf("times, in %d messages", messages))
		if r.sum.delivered == r.sum.matched || time.Since(moved) > 45*time.Second {
			break
		}
		if err := pause(ctx, 200*time.Millisecond); err != nil {
			return r.sum, err
		}
	}
	for _, rule := range r.rules {
		for _, to := range rule.told {
			fmt.Printf("  %-14s %-9s %3d of %3d told at %s\n", rule.Name, to.channel, count(arrived, to.path), r.want[to.path],
				strings.SplitAfter(to.path, "=")[0])
		}
	}
	for path, n := range r.want {
		if got := count(arrived, path); got > n {
			return r.sum, fmt.Errorf("%s was told %d events, expected %d", path, got, n)
		}
	}
	states, err := r.cloud.ledger(ctx)
	if err != nil {
		return r.sum, err
	}
	r.sum.waiting, r.sum.dead = states["waiting"]+states["claimed"], states["dead"]
	return r.sum, nil
}

// receipt is the id that SMS, voice or mail gave a message; empty for those of robots.
func receipt(body []byte) string {
	var m struct{ BizID, CallID, EnvID string }
	if json.Unmarshal(body, &m) != nil {
		return "" // a robot's message in another form
	}
	return m.BizID + m.CallID + m.EnvID
}

// people counts the events that people were told, who get several in one text or call that tells jobs, not events: the
// deliveries whose receipt is that of a message which arrived at a path.
func (r *road) people(ctx context.Context, receipts map[string]string, arrived map[string]int) error {
	if len(receipts) == 0 {
		return nil
	}
	told := map[string]int{}
	for cursor := ""; ; {
		var page struct {
			Items []struct{ Receipt string }
			Next  string
		}
		query := url.Values{"state": {"delivered"}, "rule": {onCall}, "limit": {"500"}, "cursor": {cursor}}
		if cursor == "" {
			query.Del("cursor")
		}
		if err := r.cloud.call(ctx, http.MethodGet, "/deliveries?"+query.Encode(), nil, &page); err != nil {
			return err
		}
		for _, d := range page.Items {
			if path, ok := receipts[d.Receipt]; ok {
				told[path]++
			}
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	maps.Copy(arrived, told)
	return nil
}

// digest is the title of a message that tells several events.
var digest = regexp.MustCompile(`PAI · (\d+) (?:events|个事件)`)

// events is how many events a message tells.
func events(body []byte) int {
	if found := digest.FindSubmatch(body); found != nil {
		if n, err := strconv.Atoi(string(found[1])); err == nil {
			return n
		}
	}
	return 1
}

// count is what arrived at a path, whatever a signature added to its query.
func count(arrived map[string]int, path string) int {
	n := 0
	for p, m := range arrived {
		if bare(p) == bare(path) {
			n += m
		}
	}
	return n
}

func bare(path string) string {
	u, err := url.Parse(path)
	if err != nil {
		return path
	}
	query := u.Query()
	query.Del("timestamp")
	query.Del("sign")
	u.RawQuery = query.Encode()
	return u.String()
}
