package channel

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"

	"code.dny.dev/ssrf"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// errBlocked is an address that is never dialled.
var errBlocked = errors.New("not an address that messages may be sent to")

// Client is the HTTP client of all channels. Users choose where it goes, so it is guarded: addresses are judged when
// they are dialled, after DNS, which a check of host names before the request would miss; there is no proxy, since a
// proxy would dial unjudged; redirects are not followed. It speaks https, TLS 1.2 or later, to public addresses at
// ports 443, 80 and 8443, beyond that to the networks given. Receivers, as host:port, are dialled as they are, over
// plain http too.
//
// It is safe for concurrent use and keeps connections open.
func Client(networks []netip.Prefix, receivers []string) smithyhttp.ClientDo {
	return newClient(networks, receivers, nil)
}

// newClient is [Client] with a resolver of its own; nil means the machine's.
func newClient(networks []netip.Prefix, receivers []string, resolver *net.Resolver) smithyhttp.ClientDo {
	guarded := &net.Dialer{Timeout: 5 * time.Second, KeepAlive: 15 * time.Second, Control: control(networks), Resolver: resolver}
	open := &net.Dialer{Timeout: 5 * time.Second, KeepAlive: 15 * time.Second, Resolver: resolver}
	allowed := allowList(receivers)
	transport := &http.Transport{
		Proxy: nil,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			if slices.Contains(allowed, strings.ToLower(address)) {
				return open.DialContext(ctx, network, address)
			}
			return guarded.DialContext(ctx, network, address)
		},
		TLSClientConfig:       &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:   5 * time.Second,
		ResponseHeaderTimeout: 12 * time.Second,
		ExpectContinueTimeout: time.Second,
		MaxIdleConns:          64,
		MaxIdleConnsPerHost:   16,
		// An instance is frozen between invocations. The transport measures idleness by the wall clock, so a connection
		// that receivers close after a minute is not used after a thaw.
		IdleConnTimeout:    20 * time.Second,
		ForceAttemptHTTP2:  true,
		DisableCompression: true,
	}
	return &http.Client{
		Transport:     httpsOnly{transport, allowed},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       15 * time.Second, // of the whole exchange: standard-webhooks advises 15 to 30 s
	}
}

// webPorts are those that receivers listen at; others are for services that are none.
func webPorts() []string { return []string{"443", "8443", "80"} }

// control judges the address of every dial.
func control(networks []netip.Prefix) func(network, address string, c syscall.RawConn) error {
	var v4, v6 []netip.Prefix
	for _, prefix := range networks {
		if prefix.Addr().Is4() {
			v4 = append(v4, prefix)
		} else {
			v6 = append(v6, prefix)
		}
	}
	guardian := ssrf.New(
		ssrf.WithPorts(443, 80, 8443),
		ssrf.WithAllowedV4Prefixes(v4...),
		ssrf.WithAllowedV6Prefixes(v6...),
		// Alibaba Cloud uses these inside, beside 100.64/10, which the guardian denies by itself but must never lose.
		ssrf.WithDeniedV4Prefixes(
			netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("11.0.0.0/8"),
			netip.MustParsePrefix("30.0.0.0/8"), netip.MustParsePrefix("33.0.0.0/8"),
		),
	)
	// These answer with the credentials of the machine; an allowed network around them does not mean them.
	metadata := []netip.Addr{netip.MustParseAddr("100.100.100.200"), netip.MustParseAddr("169.254.169.254")}
	return func(network, address string, c syscall.RawConn) error {
		if to, err := netip.ParseAddrPort(address); err == nil && slices.Contains(metadata, to.Addr().Unmap()) {
			return fmt.Errorf("%w: %s is a metadata service", errBlocked, to.Addr())
		}
		return guardian.Safe(network, address, c)
	}
}

// httpsOnly refuses plain http but to allowed receivers.
type httpsOnly struct {
	next    http.RoundTripper
	allowed []string
}

func (h httpsOnly) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.URL.Scheme == "https" || req.URL.Scheme == "http" && slices.Contains(h.allowed, hostPort(req.URL)) {
		return h.next.RoundTrip(req)
	}
	if req.Body != nil {
		_ = req.Body.Close() // a RoundTripper must; nothing was read
	}
	return nil, fmt.Errorf("%w: it is not https", errBlocked)
}

// CloseIdleConnections lets http.Client.CloseIdleConnections reach the transport.
func (h httpsOnly) CloseIdleConnections() {
	if c, ok := h.next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

func allowList(receivers []string) []string {
	list := make([]string, 0, len(receivers))
	for _, receiver := range receivers {
		list = append(list, strings.ToLower(receiver))
	}
	return list
}

// hostPort is a URL's host:port in lower case, with the scheme's port where it names none.
func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = "443"
		if u.Scheme == "http" {
			port = "80"
		}
	}
	return net.JoinHostPort(strings.ToLower(u.Hostname()), port)
}
