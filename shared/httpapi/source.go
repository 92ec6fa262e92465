package httpapi

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// Source is where a request came from.
type Source struct {
	Address string // IP address as the platform saw it
	Request string // id of the request
	Cookie  string // token of the session's cookie, whether or not it was what let the caller in
	Plain   bool   // it came to this machine itself, as at a local cloud: no https is needed
}

type sourceKey struct{}

// SourceOf is where the request of a context came from.
func SourceOf(ctx context.Context) Source {
	source, _ := ctx.Value(sourceKey{}).(Source)
	return source
}

func sourceOf(r *http.Request) Source {
	address := r.RemoteAddr
	if host, _, err := net.SplitHostPort(address); err == nil {
		address = host
	}
	if ip, err := netip.ParseAddr(address); err == nil {
		address = ip.Unmap().WithZone("").String()
	} else {
		address = "" // whatever it is, it is not where the request came from
	}
	s := Source{Address: address, Request: r.Header.Get(RequestID), Plain: loopback(r.Host)}
	if cookie, err := r.Cookie(s.cookieName()); err == nil {
		s.Cookie = cookie.Value
	}
	return s
}

// loopback says whether a Host header names this machine.
func loopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.Trim(host, "[]")
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback() || host == "localhost"
}
