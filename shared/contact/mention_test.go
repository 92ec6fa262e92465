package contact_test

import (
	"testing"

	"pai-notify/shared/contact"
)

func TestAContactIsCalledByTheIDOfEachReceiver(t *testing.T) {
	t.Parallel()
	whole := contact.Contact{Phone: "+8613800138000", DingTalk: "manager42", WeCom: "zhangsan", Lark: "ou_0123456789abcdef"}
	for name, want := range map[string]string{"dingtalk": "manager42", "wecom": "zhangsan", "lark": "ou_0123456789abcdef", "sms": "", "email": ""} {
		if got := whole.Mention(name); got != want {
			t.Errorf("at %s it is called %q, want %q", name, got, want)
		}
	}
	for phone, want := range map[string]string{"+8613800138000": "13800138000", "+8657188888888": "", "+14155552671": "", "": ""} {
		c := contact.Contact{Phone: phone}
		if got := c.Mention("dingtalk"); got != want {
			t.Errorf("DingTalk calls %s as %q, want %q", phone, got, want)
		}
		if c.Mention("wecom") != "" || c.Mention("lark") != "" {
			t.Errorf("a number calls nobody at WeCom and Lark")
		}
	}
}
