package channel

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Judge says whether a URL that [Address.Parse] gave may be saved: the same rules as when it is dialled, as far as the
// host is an IP address and not a name. Names are not looked up here: what one means when it is saved says nothing about
// when it is dialled, and the answer would tell a user what the network's own DNS knows.
func (a Address) Judge(u *url.URL) error {
	if len(a.Hosts) > 0 || slices.Contains(allowList(a.Allow), hostPort(u)) { // a robot's own host, or the administrator's
		return nil
	}
	const way = "; an administrator can allow a private network with ALLOW_NETWORKS, or host:port with ALLOW_RECEIVERS"
	host := strings.TrimSuffix(u.Hostname(), ".")
	if ip, err := netip.ParseAddr(host); err == nil {
		network := "tcp4"
		if ip.Is6() {
			network = "tcp6"
		}
		port, err := strconv.ParseUint(hostPort(u)[strings.LastIndexByte(hostPort(u), ':')+1:], 10, 16)
		if err != nil {
			return errors.New("has a port that is none")
		}
		if err := control(a.Networks)(network, netip.AddrPortFrom(ip, uint16(port)).String(), nil); err != nil {
			return fmt.Errorf("has the address %s, which messages are not sent to%s", ip, way)
		}
		return nil
	}
	labels := strings.Split(host, ".")
	last := labels[len(labels)-1]
	switch {
	case numeric(last): // some resolvers take 2130706433, 0177.0.0.1 or 0x7f.1 for IP addresses: url.spec.whatwg.org#ends-in-a-number-checker
		return errors.New("has an IP address in another form than four decimal numbers; write it as 192.0.2.1, or use a name")
	case last == "localhost", host == "localhost":
		return errors.New("names this machine, which messages are not sent to" + way)
	case len(a.Networks) == 0 && (len(labels) == 1 || slices.Contains(inner(), last) || strings.HasSuffix(host, ".home.arpa")):
		return errors.New("names a host of a private network, which messages are not sent to" + way)
	}
	return nil
}

// inner are the last labels of names that are no public ones: RFC 6762, RFC 8375, and ICANN's resolution on .internal.
func inner() []string {
	return []string{"local", "internal", "localdomain", "intranet", "lan", "corp", "home", "private", "onion"}
}

// numeric says whether a label of a host's name may be read as a number.
func numeric(label string) bool {
	if label == "" {
		return true
	}
	digits, base := label, 10
	if rest, hex := strings.CutPrefix(strings.ToLower(label), "0x"); hex {
		digits, base = rest, 16
		if rest == "" {
			return true
		}
	}
	for _, c := range digits {
		if _, err := strconv.ParseUint(string(c), base, 8); err != nil {
			return false
		}
	}
	return true
}
