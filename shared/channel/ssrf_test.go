package channel

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"code.dny.dev/ssrf"
)

// names is a DNS server whose answers are a test's: A records by the first label, the next one of its list at each question.
type names struct {
	mu      sync.Mutex
	answers map[string][]string
	asked   map[string]int
}

// resolver starts the server and gives a resolver that asks it.
func (n *names) resolver(t *testing.T) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	go func() {
		buffer := make([]byte, 1500)
		for {
			size, from, err := conn.ReadFrom(buffer)
			if err != nil {
				return
			}
			if reply := n.reply(buffer[:size]); reply != nil {
				_, _ = conn.WriteTo(reply, from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

// reply answers one question: RFC 1035, section 4.
func (n *names) reply(question []byte) []byte {
	if len(question) < 17 {
		return nil
	}
	end := 12
	for end < len(question) && question[end] != 0 {
		end += int(question[end]) + 1
	}
	end += 5 // the root, type and class
	if end > len(question) {
		return nil
	}
	label := strings.ToLower(string(question[13 : 13+int(question[12])]))
	reply := append([]byte{}, question[:end]...)
	reply[2], reply[3] = 0x84, 0 // an authoritative answer
	copy(reply[6:12], []byte{0, 0, 0, 0, 0, 0})
	if binary.BigEndian.Uint16(question[end-4:]) != 1 { // only A
		return reply
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	list := n.answers[label]
	if len(list) == 0 {
		list = []string{"127.0.0.1"} // so that every name, also one that is a number, means this machine
	}
	address := netip.MustParseAddr(list[min(n.asked[label], len(list)-1)]).As4()
	n.asked[label]++
	reply[7] = 1
	reply = append(reply, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4)
	return append(reply, address[:]...)
}

func TestNoInnerAddressIsReachedHoweverItIsWritten(t *testing.T) {
	t.Parallel()
	dns := &names{asked: map[string]int{}, answers: map[string][]string{
		"private": {"10.0.0.1"}, "metadata-by-name": {"100.100.100.200"}, "shared": {"100.64.0.1"}, "cloud11": {"11.1.2.3"},
		"cloud30": {"30.1.2.3"}, "cloud33": {"33.1.2.3"}, "link": {"169.254.169.254"}, "nowhere": {"0.0.0.0"},
		"multicast": {"224.0.0.1"}, "docs": {"192.0.2.1"},
	}}
	client := newClient(nil, []string{"127.0.0.1:1"}, dns.resolver(t))
	address := Address{Allow: []string{"127.0.0.1:1"}}
	tries := []struct {
		url     string
		byNames bool // its form says nothing, so that it can be saved and is blocked only when it is dialled
	}{
		// This machine.
		{"https://127.0.0.1/", false}, {"https://127.0.0.1:443/", false}, {"https://127.1.2.3/", false}, {"https://127.0.0.1./", false},
		{"https://localhost/", false}, {"https://LOCALHOST/", false}, {"https://localhost./", false}, {"https://app.localhost/", false},
		{"https://0.0.0.0/", false}, {"https://0/", false}, {"https://127.1/", false}, {"https://127.0.1/", false},
		// The same as decimal, octal, hexadecimal and mixed numbers.
		{"https://2130706433/", false}, {"https://017700000001/", false}, {"https://0177.0.0.1/", false}, {"https://0x7f000001/", false},
		{"https://0x7f.0.0.1/", false}, {"https://0x7f.1/", false}, {"https://127.0.0.0x1/", false}, {"https://00000127.0.0.01/", false},
		{"https://2852039166/", false}, {"https://0xA9FEA9FE/", false}, {"https://1684300232/", false},
		// IPv6: itself, mapped, translated, tunnelled, link-local, unique local, with a zone.
		{"https://[::1]/", false}, {"https://[::]/", false}, {"https://[::ffff:127.0.0.1]/", false}, {"https://[::ffff:7f00:1]/", false},
		{"https://[0:0:0:0:0:ffff:10.0.0.1]/", false}, {"https://[::127.0.0.1]/", false}, {"https://[64:ff9b::7f00:1]/", false},
		{"https://[64:ff9b::a9fe:a9fe]/", false}, {"https://[2002:7f00:1::]/", false}, {"https://[fe80::1]/", false},
		{"https://[fe80::1%25eth0]/", false}, {"https://[fd00::1]/", false}, {"https://[ff02::1]/", false},
		{"https://[::ffff:100.100.100.200]/", false}, {"https://[2001:db8::1]/", false},
		// Private networks, and those that Alibaba Cloud uses inside.
		{"https://10.0.0.1/", false}, {"https://172.16.0.1/", false}, {"https://172.31.255.255/", false}, {"https://192.168.1.1/", false},
		{"https://100.64.0.1/", false}, {"https://100.127.255.255/", false}, {"https://11.0.0.1/", false}, {"https://30.0.0.1/", false},
		{"https://33.0.0.1/", false}, {"https://198.18.0.1/", false}, {"https://224.0.0.1/", false}, {"https://255.255.255.255/", false},
		// Metadata services.
		{"https://100.100.100.200/latest/meta-data/", false}, {"https://169.254.169.254/", false}, {"https://metadata.google.internal/", false},
		// User information that hides the host, and other schemes and ports.
		{"https://hooks.example.com@127.0.0.1/", false}, {"https://127.0.0.1#@hooks.example.com/", false},
		{"https://user:password@10.0.0.1/", false}, {"http://127.0.0.1/", false}, {"file:///etc/passwd", false},
		{"gopher://127.0.0.1:6379/_x", false}, {"https://127.0.0.1:6379/", false}, {"https://10.0.0.1:22/", false},
		{"https://printer.local/", false}, {"https://intranet/", false},
		// Names that mean an inner address: DNS is the receiver's to write.
		{"https://private.example.com/", true}, {"https://metadata-by-name.example.com/", true}, {"https://shared.example.com/", true},
		{"https://cloud11.example.com/", true}, {"https://cloud30.example.com/", true}, {"https://cloud33.example.com/", true},
		{"https://link.example.com/", true}, {"https://nowhere.example.com/", true}, {"https://multicast.example.com/", true},
		{"https://localtest.example.com/", true}, {"https://docs.example.com/", true},
	}
	if len(tries) < 60 {
		t.Errorf("%d tries", len(tries))
	}
	field := Field{Address: &address}
	for _, try := range tries {
		if fault := field.fault(try.url); (fault == nil) != try.byNames {
			t.Errorf("saving %s: %v", try.url, fault)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, try.url, http.NoBody)
		if err != nil { // it is not even a URL
			cancel()
			continue
		}
		answer, err := client.Do(req)
		if err == nil {
			answer.Body.Close()
		}
		var unknown *net.DNSError
		if !errors.Is(err, ssrf.ErrProhibitedIP) && !errors.Is(err, ssrf.ErrProhibitedPort) && !errors.Is(err, errBlocked) &&
			!errors.As(err, &unknown) {
			t.Errorf("%s was dialled: %v", try.url, err)
		}
		cancel()
	}
	t.Logf("%d tries", len(tries))
}

func TestANameThatMeansAnotherAddressWhenItIsDialledIsJudgedThen(t *testing.T) {
	t.Parallel()
	dns := &names{asked: map[string]int{}, answers: map[string][]string{"rebinding": {"93.184.215.14", "127.0.0.1"}}}
	resolver := dns.resolver(t)
	first, err := resolver.LookupHost(t.Context(), "rebinding.example.com")
	if err != nil || len(first) != 1 || first[0] != "93.184.215.14" {
		t.Fatalf("first it means %v, %v", first, err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://rebinding.example.com/", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := newClient(nil, nil, resolver).Do(req)
	if err == nil {
		answer.Body.Close()
	}
	if !errors.Is(err, ssrf.ErrProhibitedIP) {
		t.Errorf("after it was looked at it was dialled: %v", err)
	}
}

func TestARedirectInwardsIsNotFollowed(t *testing.T) {
	t.Parallel()
	var reached atomic.Int32
	inner := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	t.Cleanup(inner.Close)
	for _, status := range []int{301, 302, 303, 307, 308} {
		receiver := httptest.NewServer(http.RedirectHandler(inner.URL, status))
		t.Cleanup(receiver.Close)
		// Even where the administrator allows both.
		client := Client(nil, []string{strings.TrimPrefix(receiver.URL, "http://"), strings.TrimPrefix(inner.URL, "http://")})
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, receiver.URL, strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		answer, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, answer.Body)
		answer.Body.Close()
		if answer.StatusCode != status {
			t.Errorf("status %d, want %d", answer.StatusCode, status)
		}
	}
	if n := reached.Load(); n > 0 {
		t.Errorf("redirects were followed %d times", n)
	}
}

func TestAnAllowedNetworkCanBeSavedAndItsMetadataServiceCannot(t *testing.T) {
	t.Parallel()
	a := Address{Networks: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("100.64.0.0/10")}}
	field := Field{Address: &a}
	for value, ok := range map[string]bool{
		"https://10.1.2.3/hook": true, "https://hooks.team.internal/": true, "https://10.2.0.1/": false,
		"https://100.100.100.200/": false, "https://localhost/": false, "https://2130706433/": false, "https://93.184.215.14/": true,
		"https://hooks.example.com:8443/": true, "https://[2606:4700::1111]/": true,
	} {
		if fault := field.fault(value); (fault == nil) != ok {
			t.Errorf("saving %s: %v, want ok %v", value, fault, ok)
		}
	}
}

func TestAReceiverThatKnowsOnlyOldTLSIsToldNothing(t *testing.T) {
	t.Parallel()
	for version, old := range map[uint16]bool{tls.VersionTLS10: true, tls.VersionTLS11: true, tls.VersionTLS12: false} {
		var told atomic.Int32
		receiver := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { told.Add(1) }))
		receiver.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: version} //nolint:gosec // a receiver of that kind
		receiver.Config.ErrorLog = log.New(io.Discard, "", 0)
		receiver.StartTLS()
		t.Cleanup(receiver.Close)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, receiver.URL, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := Client(nil, []string{strings.TrimPrefix(receiver.URL, "https://")}).Do(req)
		if err == nil {
			answer.Body.Close()
		}
		var unknown *tls.CertificateVerificationError // what stops the one that knows TLS 1.2: its certificate is nobody's
		if err == nil || errors.As(err, &unknown) == old || told.Load() > 0 {
			t.Errorf("TLS %x: %v, told %d times", version, err, told.Load())
		}
	}
}
