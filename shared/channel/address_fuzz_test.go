package channel

import (
	"net/netip"
	"strings"
	"testing"
)

func FuzzWhatIsSavedIsNoInnerAddress(f *testing.F) {
	for _, seed := range []string{
		"https://example.com/x", "https://127.0.0.1/", "https://2130706433/", "https://0x7f.1/", "https://[::ffff:10.0.0.1]/", "https://a@b/",
		"https://127.0.0.1:8443/", "HTTPS://EXAMPLE.com:443/#x", "https://[fe80::1%25lo]/", "https://１２７.0.0.1/",
	} {
		f.Add(seed)
	}
	address := Address{}
	field := Field{Address: &address}
	judge := control(nil)
	f.Fuzz(func(t *testing.T, value string) {
		if field.fault(value) != nil || value == "" {
			return
		}
		u, wrong := address.Parse(value)
		if wrong != nil {
			t.Fatalf("%q was saved and is none: %v", value, wrong)
		}
		if u.Scheme != "https" || u.User != nil {
			t.Fatalf("%q is saved as %s", value, u)
		}
		again, wrong := address.Parse(u.String())
		if wrong != nil || again.String() != u.String() {
			t.Fatalf("%q is saved as %s, which reads as %v, %v", value, u, again, wrong)
		}
		ip, err := netip.ParseAddr(strings.TrimSuffix(u.Hostname(), "."))
		if err != nil {
			return
		}
		network := "tcp4"
		if ip.Is6() {
			network = "tcp6"
		}
		if err := judge(network, netip.AddrPortFrom(ip, 443).String(), nil); err != nil {
			t.Fatalf("%q was saved: %v", value, err)
		}
	})
}
