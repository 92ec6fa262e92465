package channel_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"code.dny.dev/ssrf"

	"pai-notify/shared/channel"
)

func get(t *testing.T, client interface {
	Do(*http.Request) (*http.Response, error)
}, address string) (int, error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, err
}

func TestClientDialsNoInnerAddress(t *testing.T) {
	t.Parallel()
	client := channel.Client(nil, nil)
	for _, host := range []string{
		"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254",
		"100.100.100.200", "100.64.0.1", "11.1.2.3", "30.1.2.3", "33.1.2.3", "224.0.0.1", "255.255.255.255", "[fe80::1]", "[fd00::1]",
		"[64:ff9b::7f00:1]",
	} {
		_, err := get(t, client, "https://"+host+"/")
		if !errors.Is(err, ssrf.ErrProhibitedIP) && (err == nil || !strings.Contains(err.Error(), "metadata")) {
			t.Errorf("%s was dialled: %v", host, err)
		}
	}
}

func TestClientUsesOnlyTheWebsPorts(t *testing.T) {
	t.Parallel()
	for _, port := range []string{"22", "25", "3306", "6379", "9200", "8080"} {
		if _, err := get(t, channel.Client(nil, nil), "https://93.184.215.14:"+port+"/"); !errors.Is(err, ssrf.ErrProhibitedPort) {
			t.Errorf("port %s was dialled: %v", port, err)
		}
	}
}

func TestClientRefusesPlainHTTPAndOtherSchemes(t *testing.T) {
	t.Parallel()
	_, err := get(t, channel.Client(nil, []string{"127.0.0.1:1"}), "http://93.184.215.14/")
	if err == nil || !strings.Contains(err.Error(), "not https") {
		t.Errorf("plain http: %v", err)
	}
	if _, err := get(t, channel.Client(nil, nil), "file:///etc/passwd"); err == nil {
		t.Error("a file was read")
	}
}

func TestAnAllowedNetworkDoesNotOpenTheMetadataService(t *testing.T) {
	t.Parallel()
	client := channel.Client([]netip.Prefix{netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("169.254.0.0/16")}, nil)
	for _, host := range []string{"100.100.100.200", "169.254.169.254"} {
		if _, err := get(t, client, "https://"+host+"/"); err == nil || !strings.Contains(err.Error(), "metadata") {
			t.Errorf("%s: %v", host, err)
		}
	}
}

func TestAnAllowedNetworkIsDialled(t *testing.T) {
	t.Parallel()
	client := channel.Client([]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}, nil)
	_, err := get(t, client, "https://127.0.0.1:8443/")
	var op *net.OpError
	if errors.Is(err, ssrf.ErrProhibitedIP) || !errors.As(err, &op) {
		t.Errorf("127.0.0.1:8443 was not dialled: %v", err)
	}
}

func TestAnAllowedReceiverIsReachedAtItsPortOnly(t *testing.T) {
	t.Parallel()
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }))
	t.Cleanup(receiver.Close)
	other := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(other.Close)
	client := channel.Client(nil, []string{strings.ToUpper(strings.TrimPrefix(receiver.URL, "http://"))})
	if status, err := get(t, client, receiver.URL); err != nil || status != http.StatusTeapot {
		t.Errorf("the allowed receiver: %d, %v", status, err)
	}
	if _, err := get(t, client, other.URL); err == nil {
		t.Error("another port of the same host was reached")
	}
}

func TestClientFollowsNoRedirect(t *testing.T) {
	t.Parallel()
	called := make(chan struct{}, 1)
	inner := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { called <- struct{}{} }))
	t.Cleanup(inner.Close)
	receiver := httptest.NewServer(http.RedirectHandler(inner.URL, http.StatusTemporaryRedirect))
	t.Cleanup(receiver.Close)
	allowed := []string{strings.TrimPrefix(receiver.URL, "http://"), strings.TrimPrefix(inner.URL, "http://")}
	status, err := get(t, channel.Client(nil, allowed), receiver.URL)
	if err != nil || status != http.StatusTemporaryRedirect || len(called) > 0 {
		t.Errorf("redirect: %d, %v, followed %d times", status, err, len(called))
	}
}

// Not parallel: it sets the environment.
func TestClientUsesNoProxy(t *testing.T) {
	called := make(chan struct{}, 1)
	proxy := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { called <- struct{}{} }))
	t.Cleanup(proxy.Close)
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY"} {
		t.Setenv(name, proxy.URL)
	}
	client := channel.Client(nil, []string{"receiver.invalid:80", strings.TrimPrefix(proxy.URL, "http://")})
	_, err := get(t, client, "http://receiver.invalid/")
	var dns *net.DNSError
	if !errors.As(err, &dns) || len(called) > 0 {
		t.Errorf("the receiver's host was not looked up here: %v, the proxy was called %d times", err, len(called))
	}
}
