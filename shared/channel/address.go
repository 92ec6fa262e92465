package channel

import (
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"pai-notify/shared/fault"
)

// Address says which URLs a setting may hold. Its errors say what is wrong and how to mend it, and repeat of the URL
// nothing but the host.
type Address struct {
	Hosts []string // the receiver's own; empty means any
	Path  string   // that the receiver serves; where it ends with a slash, one more part follows: the token
	Token string   // name of the query parameter that holds the token; the only one that is kept where Hosts are given
	Allow []string // host:port beyond Hosts, for private deployments; plain http and a path before Path are allowed there

	Networks []netip.Prefix // private networks that may be reached; see [Address.Judge]
}

const maxAddress = 1000 // bytes: WeCom refuses longer URLs with 40039, and a target has room for 4,000 in all

// isToken holds for every robot's token; it leaves no sign that could mean something in a URL or a log.
func isToken(s string) bool {
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '_' && c != '.' && c != '-' {
			return false
		}
	}
	return s != "" && len(s) <= 200
}

// Parse reads and normalises a URL: what changes with every request, such as DingTalk's timestamp and sign, is gone.
func (a Address) Parse(value string) (*url.URL, fault.Text) {
	if u := a.plain(value); u != nil {
		return u, nil
	}
	switch {
	case len(value) > maxAddress:
		return nil, tooLong(len(value), maxAddress)
	case strings.ContainsFunc(value, func(r rune) bool { return r <= ' ' || r == 0x7f }):
		return nil, fault.Say("holds a blank or a control character; copy it again", "含有空白或控制字符，请重新复制")
	}
	u, err := url.Parse(value)
	if err != nil || u.Opaque != "" || u.Hostname() == "" {
		return nil, fault.Say("is not a URL such as %s", "不是 URL，应形如 %s", a.example()) // the parser's error repeats the value
	}
	u.Scheme, u.Host = strings.ToLower(u.Scheme), strings.ToLower(u.Host)
	allowed := !slices.Contains(a.Hosts, u.Host) && slices.Contains(allowList(a.Allow), hostPort(u))
	switch {
	case u.User != nil:
		return nil, fault.Say("holds a user name before its host; remove it", "主机名前含有用户名，请去掉")
	case u.Scheme != "https" && (u.Scheme != "http" || !allowed):
		return nil, fault.Say("is not https; only https is allowed", "不是 https，只允许 https")
	case !validHost(u):
		return nil, fault.Say("names a host or port that is none; it should look like %s", "主机或端口无效，应形如 %s", a.example())
	case !allowed && u.Port() != "" && !slices.Contains(webPorts(), u.Port()):
		return nil, fault.Say("has port %s; allowed are %s, or what an administrator lists in ALLOW_RECEIVERS",
			"端口为 %s，只允许 %s，或由管理员列入 ALLOW_RECEIVERS", u.Port(), fault.Names(webPorts()))
	}
	u.Fragment, u.RawFragment = "", ""
	if u.Port() == "443" && u.Scheme == "https" {
		u.Host = strings.TrimSuffix(u.Host, ":443")
	}
	if len(a.Hosts) == 0 {
		return u, nil
	}
	return u, a.robot(u, allowed)
}

// plain is a robot's URL as it is usually written, nil for any other: most deliveries need no parser.
func (a Address) plain(value string) *url.URL {
	rest, ok := strings.CutPrefix(value, "https://")
	if !ok || len(value) > maxAddress {
		return nil
	}
	for _, host := range a.Hosts {
		path, ok := strings.CutPrefix(rest, host)
		if !ok || !strings.HasPrefix(path, a.Path) {
			continue
		}
		u := &url.URL{Scheme: "https", Host: host, Path: path}
		token := path[len(a.Path):]
		if a.Token != "" {
			query, found := strings.CutPrefix(token, "?")
			name, value, equals := strings.Cut(query, "=")
			if !found || !equals || name != a.Token {
				continue
			}
			u.Path, u.RawQuery, token = path[:len(a.Path)], query, value
		}
		if isToken(token) {
			return u
		}
	}
	return nil
}

// robot pins a robot's URL and reduces it to what names the robot.
func (a Address) robot(u *url.URL, allowed bool) fault.Text {
	if !allowed && !slices.Contains(a.Hosts, u.Host) {
		return fault.Say("has the host %q; this channel sends only to %s, or to what an administrator lists in ALLOW_RECEIVERS",
			"主机为 %q，该通道只向 %s 发送，或由管理员列入 ALLOW_RECEIVERS", Short(u.Host), fault.Names(a.Hosts))
	}
	before, token, found := strings.Cut(u.Path, a.Path)
	if !found || before != "" && !allowed || u.RawPath != "" || strings.Contains(before, "..") {
		return a.elsewhere()
	}
	if a.Token != "" {
		if token != "" {
			return a.elsewhere()
		}
		if plain, ok := strings.CutPrefix(u.RawQuery, a.Token+"="); ok && isToken(plain) { // as it usually is
			token = plain
		} else {
			values := u.Query()[a.Token]
			if len(values) != 1 {
				return fault.Say("holds %d parameters %s and needs one; copy it again", "含有 %d 个参数 %s，须恰好一个，请重新复制", len(values), a.Token)
			}
			token = values[0]
		}
		u.RawQuery = a.Token + "=" + token
	} else {
		u.RawQuery = ""
	}
	u.ForceQuery = false
	if !isToken(token) {
		return fault.Say("holds no token, or one with signs that tokens do not have; copy it again", "不含令牌，或令牌中有不应出现的字符，请重新复制")
	}
	return nil
}

func (a Address) elsewhere() fault.Text {
	return fault.Say("has another path than %s; it should look like %s", "路径不是 %s，应形如 %s", a.Path, a.example())
}

func (a Address) example() string {
	if len(a.Hosts) == 0 {
		return "https://example.com/path"
	}
	if a.Token != "" {
		return "https://" + a.Hosts[0] + a.Path + "?" + a.Token + "=…"
	}
	return "https://" + a.Hosts[0] + a.Path + "…"
}

func validHost(u *url.URL) bool {
	host := u.Hostname()
	if strings.ContainsAny(host, "%<>\"`{}|\\^ ") || len(host) > 253 {
		return false
	}
	if port := u.Port(); port != "" {
		_, err := net.LookupPort("tcp", port)
		return err == nil
	}
	return !strings.HasSuffix(u.Host, ":")
}
