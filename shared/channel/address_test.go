package channel_test

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"pai-notify/shared/channel"
	"pai-notify/shared/fault"
)

func robot() channel.Address {
	return channel.Address{
		Hosts: []string{"oapi.dingtalk.com"}, Path: "/robot/send", Token: "access_token",
		Allow: []string{"127.0.0.1:9702", "Robots.corp.example:443"},
	}
}

func hook() channel.Address {
	return channel.Address{
		Hosts: []string{"open.feishu.cn", "open.larksuite.com"}, Path: "/open-apis/bot/v2/hook/", Allow: []string{"127.0.0.1:9702"},
	}
}

func TestAnAddressIsReducedToWhatNamesTheReceiver(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		address     channel.Address
		value, want string
	}{
		"as copied":              {robot(), "https://oapi.dingtalk.com/robot/send?access_token=abc", "https://oapi.dingtalk.com/robot/send?access_token=abc"},
		"stale signature":        {robot(), "https://oapi.dingtalk.com/robot/send?timestamp=1&access_token=abc&sign=x%3D", "https://oapi.dingtalk.com/robot/send?access_token=abc"},
		"capitals, port, anchor": {robot(), "HTTPS://OAPI.DingTalk.com:443/robot/send?access_token=abc#a", "https://oapi.dingtalk.com/robot/send?access_token=abc"},
		"private deployment":     {robot(), "https://robots.corp.example/dt/robot/send?access_token=abc", "https://robots.corp.example/dt/robot/send?access_token=abc"},
		"local stand-in":         {robot(), "http://127.0.0.1:9702/dingtalk/robot/send?access_token=T", "http://127.0.0.1:9702/dingtalk/robot/send?access_token=T"},
		"token in the path":      {hook(), "https://open.larksuite.com/open-apis/bot/v2/hook/a-b-c?x=1#y", "https://open.larksuite.com/open-apis/bot/v2/hook/a-b-c"},
		"stand-in hook":          {hook(), "http://127.0.0.1:9702/lark/open-apis/bot/v2/hook/T", "http://127.0.0.1:9702/lark/open-apis/bot/v2/hook/T"},
		"any https":              {channel.Address{}, "https://Example.com:8443/a/b?token=x&y=%2F#z", "https://example.com:8443/a/b?token=x&y=%2F"},
	} {
		got, err := row.address.Parse(row.value)
		if err != nil || got.String() != row.want {
			t.Errorf("%s: Parse = %v, %v; want %s", name, got, err, row.want)
		}
	}
}

func TestAnAddressThatIsNotTheReceiversIsRefused(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		address channel.Address
		value   string
		says    string
	}{
		"plain http":              {robot(), "http://oapi.dingtalk.com/robot/send?access_token=SECRET", "https"},
		"foreign host":            {robot(), "https://evil.example/robot/send?access_token=SECRET", "evil.example"},
		"allowed host, no port":   {robot(), "https://127.0.0.1/robot/send?access_token=SECRET", "127.0.0.1"},
		"path in front":           {robot(), "https://oapi.dingtalk.com/x/robot/send?access_token=SECRET", "path"},
		"path behind":             {robot(), "https://oapi.dingtalk.com/robot/send/x?access_token=SECRET", "path"},
		"climbing path":           {robot(), "http://127.0.0.1:9702/../robot/send?access_token=SECRET", "path"},
		"path in percent":         {robot(), "https://oapi.dingtalk.com/robot%2fsend?access_token=SECRET", "path"},
		"no token":                {robot(), "https://oapi.dingtalk.com/robot/send", "access_token"},
		"empty token":             {robot(), "https://oapi.dingtalk.com/robot/send?access_token=", "no token"},
		"two tokens":              {robot(), "https://oapi.dingtalk.com/robot/send?access_token=SECRET&access_token=b", "2 parameters"},
		"token with signs":        {robot(), "https://oapi.dingtalk.com/robot/send?access_token=SECRET%0a%26x", "token"},
		"user info":               {robot(), "https://SECRET@oapi.dingtalk.com/robot/send?access_token=a", "user name"},
		"host in the user info":   {robot(), "https://oapi.dingtalk.com@evil.example/SECRET", "user name"},
		"host with a back-slash":  {robot(), `https://oapi.dingtalk.com\@evil.example/SECRET`, "not a URL"},
		"only the token":          {robot(), "SECRET0123456789", "not a URL"},
		"no scheme":               {robot(), "oapi.dingtalk.com/robot/send?access_token=SECRET", "not a URL"},
		"hook without token":      {hook(), "https://open.feishu.cn/open-apis/bot/v2/hook/", "token"},
		"hook with more":          {hook(), "https://open.feishu.cn/open-apis/bot/v2/hook/SECRET/x", "token"},
		"old hook":                {hook(), "https://open.feishu.cn/open-apis/bot/hook/SECRET", "path"},
		"webhook over http":       {channel.Address{}, "http://example.com/SECRET", "https"},
		"no host":                 {channel.Address{}, "https:///SECRET", "not a URL"},
		"host with template sign": {channel.Address{}, "https://${data}/SECRET", "URL"},
		"zone in the host":        {channel.Address{}, "https://[fe80::1%25SECRET]/", "host"},
		"another service's port":  {channel.Address{}, "https://example.com:6379/SECRET", "6379"},
		"line break":              {channel.Address{}, "https://example.com/\nSECRET", "blank"},
		"long":                    {channel.Address{}, "https://example.com/SECRET" + strings.Repeat("x", 1000), "long"},
	} {
		got, err := row.address.Parse(row.value)
		if err == nil {
			t.Errorf("%s: Parse(%s) = %s, want a fault", name, row.value, got)
			continue
		}
		if !strings.Contains(err.Error(), row.says) || strings.Contains(err.Error(), "SECRET") {
			t.Errorf("%s: Parse(%s): %v; want it to speak of %q and not repeat the address", name, row.value, err, row.says)
		}
	}
}

func TestARobotsAddressNeverLeavesItsHosts(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		part := rapid.SampledFrom([]string{
			"https://", "http://", "oapi.dingtalk.com", "evil.example", "@", ":", "443", "/", "\\", "?", "#", "robot/send", "access_token=",
			"abc", "%2e%2e", "..", "%40", "&", "//", "[::1]", ".", "127.0.0.1:9702",
		})
		value := strings.Join(rapid.SliceOfN(part, 1, 12).Draw(t, "parts"), "")
		u, err := robot().Parse(value)
		if err != nil {
			return
		}
		if u.Host != "oapi.dingtalk.com" && u.Host != "127.0.0.1:9702" && u.Host != "robots.corp.example" {
			t.Fatalf("Parse(%q) leads to %s", value, u.Host)
		}
		if again, err := robot().Parse(u.String()); err != nil || again.String() != u.String() {
			t.Fatalf("Parse(%q) = %s, and of that %v, %v", value, u, again, err)
		}
	})
}

func TestCheckFindsAllFaultsAtOnce(t *testing.T) {
	t.Parallel()
	address := robot()
	spec := channel.Spec{Name: "dingtalk", Fields: []channel.Field{
		{Name: "webhook", Required: true, Secret: true, Address: &address},
		{Name: "secret", Secret: true},
		{Name: "mode", Options: []string{"a", "b"}},
		{Name: "name", Required: true},
	}}
	faults := spec.Check(channel.Settings{"webhook": "ftp://x/SECRET", "secret": "SEC RET", "mode": "SECRET", "z": "SECRET", "a": ""})
	text := faults.Error()
	if faults.Len() != 6 {
		t.Errorf("found %d faults, want 6: %s", faults.Len(), text)
	}
	for _, path := range []string{"webhook", "secret", "mode", "name", "z", "a"} {
		if !strings.Contains(text, path) {
			t.Errorf("no fault of %s: %s", path, text)
		}
	}
	if strings.Contains(text, "SECRET") || strings.Contains(text, "SEC RET") {
		t.Errorf("the faults repeat a value: %s", text)
	}
}

func TestDestinationOfSettingsWithoutAnAddressIsTheirText(t *testing.T) {
	t.Parallel()
	spec := channel.Spec{Name: "pager"}
	a := channel.Destination(spec, channel.Settings{"phone": "13800138000", "empty": ""})
	b := channel.Destination(spec, channel.Settings{"phone": "13800138000"})
	if a != b || a == channel.Destination(spec, channel.Settings{"phone": "13800138001"}) {
		t.Errorf("destinations %q and %q", a, b)
	}
}

func TestDestinationOfAContactIsItsAddress(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ channel, to, want string }{
		{"sms", "+8613800138000", "sms +8613800138000"},
		{"voice", "+8613800138000", "voice +8613800138000"},
		{"email", "Alice@Example.com", "email alice@example.com"},
		{"sms", "", ""},
	} {
		spec := channel.Spec{Name: c.channel, Contacts: true}
		if got := channel.Destination(spec, channel.Settings{channel.To: c.to, "signName": "x"}); got != c.want {
			t.Errorf("Destination(%s, %q) = %q, want %q", c.channel, c.to, got, c.want)
		}
	}
}

func TestSecretsHoldEveryFormOfAnAddress(t *testing.T) {
	t.Parallel()
	secrets := channel.Secrets(channel.Settings{channel.To: "+8613800138000"}, "hunter2hunter2", "a b/c d", "abc")
	for _, want := range []string{"+8613800138000", "8613800138000", "13800138000", "%2B8613800138000", "hunter2hunter2",
		"a b/c d", "a+b%2Fc+d", "a%20b%2Fc%20d"} {
		if !slices.Contains(secrets, want) {
			t.Errorf("secrets %q lack %q", secrets, want)
		}
	}
	if slices.Contains(secrets, "abc") {
		t.Error("a text too short to be a secret would blank ordinary words")
	}
	if !slices.IsSortedFunc(secrets, func(a, b string) int { return len(b) - len(a) }) {
		t.Errorf("secrets %q are not the longest first", secrets)
	}
}

func TestSharedSettingsAreCheckedLikeATargets(t *testing.T) {
	t.Parallel()
	spec := channel.Spec{Name: "sms", Shared: []channel.Field{{Name: "signName", Required: true}, {Name: "mode", Options: []string{"a"}}}}
	if got := fault.List(spec.CheckShared(channel.Settings{"mode": "b", "webhook": "x"})); len(got) != 3 {
		t.Errorf("faults %v, want of signName, mode and webhook", got)
	}
	if got := fault.List(spec.Check(channel.Settings{"signName": "x"})); len(got) != 1 || !strings.Contains(got[0].Text, "none here") {
		t.Errorf("a target with a shared setting has faults %v, want one", got)
	}
}
