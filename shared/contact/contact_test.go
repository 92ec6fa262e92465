package contact_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pai-notify/shared/contact"
	"pai-notify/shared/fault"
)

func TestNumbersBecomeE164(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"13800138000": "+8613800138000", "138 0013-8000": "+8613800138000", "+86 138 0013 8000": "+8613800138000",
		"8613800138000": "+8613800138000", "008613800138000": "+8613800138000", "１３８００１３８０００": "+8613800138000",
		"＋86（138）00138000": "+8613800138000", "19912345678": "+8619912345678", "+1 (415) 555-2671": "+14155552671",
		"0014155552671": "+14155552671", "+86 571 8888 8888": "+8657188888888", "+86 10 6505 1234": "+861065051234",
		"+86 400 123 4567": "+864001234567", "+852 5123 4567": "+85251234567", "+44 20 7946 0958": "+442079460958",
	} {
		if c, faults := (contact.Contact{Name: "X", Phone: given}).Normal(); c.Phone != want || faults.Len() > 0 {
			t.Errorf("%q becomes %q, %v; want %q", given, c.Phone, faults.Errs(), want)
		}
	}
	for given, word := range map[string]string{
		"12800138000": "13 to 19", "138001380": "country code", "+8612345678901": "13 to 19", "0571 8888 8888": "area code",
		"8.6138E+12": "spreadsheet", "+861380013800": "13 to 19", "+0123456789": "country code", "hello": "country code",
		"+86138001380001": "13 to 19", "+1234567890123456": "country code", "13800138000,13800138001": "country code",
		"+86 138 0013 8000 ext 5": "13 to 19", strings.Repeat("1", 100): "one number", "١٣٨٠٠١٣٨٠٠٠": "country code", "+": "country code",
	} {
		c, faults := (contact.Contact{Name: "X", Phone: given}).Normal()
		list := fault.List(faults)
		if len(list) != 1 || list[0].Path != "phone" || !strings.Contains(list[0].Text, word) {
			t.Errorf("%q becomes %q with faults %v, want one that says %q", given, c.Phone, list, word)
		}
	}
}

func TestMailAddressesAreOnePlainAddress(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"Alice.Chen+pai@Mail.EXAMPLE.com": "Alice.Chen+pai@mail.example.com", "a@xn--fiq228c.xn--fiqs8s": "a@xn--fiq228c.xn--fiqs8s",
	} {
		if c, faults := (contact.Contact{Name: "X", Email: " " + given + " "}).Normal(); c.Email != want || faults.Len() > 0 {
			t.Errorf("%q becomes %q, %v", given, c.Email, faults.Errs())
		}
	}
	for _, given := range []string{
		"alice", "alice@", "@example.com", "Alice <alice@example.com>", "a@b", "a@example.com,b@example.com", `"a,b"@example.com`,
		"a b@example.com", "a@exa mple.com", "a@-example.com", "a..b@example.com", "a@example.com\nBcc: x@example.com", "a@中文.com",
		"a@[127.0.0.1]", "a@127.0.0.1", strings.Repeat("a", 65) + "@example.com", "a@" + strings.Repeat("a.", 130) + "com", "a(c)@example.com",
	} {
		c, faults := (contact.Contact{Name: "X", Email: given}).Normal()
		if list := fault.List(faults); len(list) != 1 || list[0].Path != "email" {
			t.Errorf("%q becomes %q with faults %v", given, c.Email, list)
		}
	}
}

func TestAllFaultsAreNamedAtOnce(t *testing.T) {
	t.Parallel()
	c := contact.Contact{
		ID: "A b", Name: "", Phone: "1", Email: "x", Language: "fr", Zone: "Mars/Base", DingTalk: "a\nb", WeCom: strings.Repeat("x", 129),
		Lark: "\u202e", PAIUser: "\x00", Note: strings.Repeat("字", contact.MaxNote+1),
	}
	_, faults := c.Normal()
	var paths []string
	for _, f := range fault.List(faults) {
		paths = append(paths, f.Path)
	}
	want := []string{"id", "name", "phone", "email", "language", "zone", "dingtalk", "wecom", "lark", "paiUser", "note"}
	if diff := cmp.Diff(want, paths); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
}

func TestIDsAreNoNumbers(t *testing.T) {
	t.Parallel()
	for id, ok := range map[string]bool{
		"alice": true, "a": true, "wei.wang_2": true, "on-call-1": true, "123456": true, "2024-team-1": true,
		"13800138000": false, "138-0013-8000": false, "1380013": false, "Alice": false, "-a": false, "a b": false, "a:test": false,
		"openapi.json": false, "a/b": false, "王": false, strings.Repeat("a", 65): false,
	} {
		if _, faults := (contact.Contact{ID: id, Name: "X"}).Normal(); (faults.Len() == 0) != ok {
			t.Errorf("id %q: faults %v, want it taken: %v", id, faults.Errs(), ok)
		}
	}
}

func TestNamesAreOneVisibleLine(t *testing.T) {
	t.Parallel()
	for name, ok := range map[string]bool{
		"王伟": true, "=cmd()": true, "O'Neill 👩‍💻": true, strings.Repeat("字", 64): true,
		strings.Repeat("字", 65): false, "a\nb": false, "a\u202eb": false, "a\x00": false, "\xff": false, "a\ufffd": false, "  ": false,
	} {
		if _, faults := (contact.Contact{Name: name}).Normal(); (faults.Len() == 0) != ok {
			t.Errorf("name %q: faults %v, want it taken: %v", name, faults.Errs(), ok)
		}
	}
}

func TestAChannelHasItsAddress(t *testing.T) {
	t.Parallel()
	c := contact.Contact{Phone: "+8613800138000", Email: "a@example.com"}
	desk := contact.Contact{Phone: "+8657188888888"}
	for _, want := range []struct {
		of            contact.Contact
		channel, want string
	}{
		{c, "sms", c.Phone}, {c, "voice", c.Phone}, {c, "email", c.Email}, {c, "dingtalk", ""}, {c, "", ""},
		{desk, "sms", ""}, {desk, "voice", desk.Phone}, {desk, "email", ""}, {contact.Contact{Phone: "+14155552671"}, "sms", "+14155552671"},
	} {
		if got := want.of.Address(want.channel); got != want.want {
			t.Errorf("%s is reached at %q, want %q", want.channel, got, want.want)
		}
	}
}

func TestMaskedContactsTellNoAddress(t *testing.T) {
	t.Parallel()
	c := contact.Contact{
		ID: "alice", Name: "Alice", Phone: "+8613800138000", Email: "alice@example.com", DingTalk: "13800138000", WeCom: "alice@corp.example",
		Lark: "ou_123", PAIUser: "2000", Note: "or call 13900139000",
	}
	want := contact.Contact{
		ID: "alice", Name: "Alice", Phone: "138****8000", Email: "a***@example.com", DingTalk: "138****8000", WeCom: "a***@corp.example",
		Lark: "ou_123", PAIUser: "2000",
	}
	if diff := cmp.Diff(want, c.Masked()); diff != "" {
		t.Errorf("masked (-want +got):\n%s", diff)
	}
	for phone, want := range map[string]string{"+14155552671": "+14****71", "+861065051234": "+86****34", "": "", "+12345678": "+12****78"} {
		if got := (contact.Contact{Phone: phone}).Masked().Phone; got != want {
			t.Errorf("%q is masked %q, want %q", phone, got, want)
		}
	}
	for _, text := range []string{fmt.Sprint(c), fmt.Sprintf("%+v", c), fmt.Sprintf("%#v", c), c.String()} {
		if strings.Contains(text, "138") || strings.Contains(text, "example") {
			t.Errorf("printed: %s", text)
		}
	}
}
