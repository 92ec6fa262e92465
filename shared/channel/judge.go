package channel

import (
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"pai-notify/shared/fault"
)

// Judge says whether a URL that [Address.Parse] gave may be saved: the same rules as when it is dialled, as far as the
// host is an IP address and not a name. Names are not looked up here: what one means when it is saved says nothing about
// when it is dialled, and the answer would tell a user what the network's own DNS knows.
func (a Address) Judge(u *url.URL) fault.Text {
	if len(a.Hosts) > 0 || slices.Contains(allowList(a.Allow), hostPort(u)) { // a robot's own host, or the administrator's
		return nil
	}
	way := fault.Say("an administrator can allow a private network with ALLOW_NETWORKS, or host:port with ALLOW_RECEIVERS",
		"管理员可用 ALLOW_NETWORKS 放行私有网络，或用 ALLOW_RECEIVERS 放行 host:port")
	host := strings.TrimSuffix(u.Hostname(), ".")
	if ip, err := netip.ParseAddr(host); err == nil {
		network := "tcp4"
		if ip.Is6() {
			network = "tcp6"
		}
		port, err := strconv.ParseUint(hostPort(u)[strings.LastIndexByte(hostPort(u), ':')+1:], 10, 16)
		if err != nil {
			return fault.Say("has a port that is none", "端口无效")
		}
		if err := control(a.Networks)(network, netip.AddrPortFrom(ip, uint16(port)).String(), nil); err != nil {
			return fault.Say("has the address %s, which messages are not sent to; %s", "地址为 %s，消息不会发往该地址；%s", ip, way)
		}
		return nil
	}
	labels := strings.Split(host, ".")
	last := labels[len(labels)-1]
	switch {
	case numeric(last): // some resolvers take 2130706433, 0177.0.0.1 or 0x7f.1 for IP addresses: url.spec.whatwg.org#ends-in-a-number-checker
		return fault.Say("has an IP address in another form than four decimal numbers; write it as 192.0.2.1, or use a name",
			"IP 地址不是四段十进制数，请写成 192.0.2.1 的形式，或使用域名")
	case last == "localhost", host == "localhost":
		return fault.Say("names this machine, which messages are not sent to; %s", "指向本机，消息不会发往本机；%s", way)
	case len(a.Networks) == 0 && (len(labels) == 1 || slices.Contains(inner(), last) || strings.HasSuffix(host, ".home.arpa")):
		return fault.Say("names a host of a private network, which messages are not sent to; %s", "指向私有网络中的主机，消息不会发往那里；%s", way)
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
