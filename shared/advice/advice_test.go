package advice_test

import (
	"testing"

	"pai-notify/shared/advice"
	"pai-notify/shared/channel"
	"pai-notify/shared/channel/all"
)

func TestRecordedCodesHaveAdviceInBothLanguages(t *testing.T) {
	t.Parallel()
	book := advice.New(all.Channels(channel.Deps{}))
	for _, row := range []struct{ channel, class, code, text string }{
		{"dingtalk", "misconfigured", "310000", "sign not match"}, {"wecom", "misconfigured", "93000", "invalid webhook url"},
		{"lark", "misconfigured", "19021", "sign match fail"}, {"webhook", "unavailable", "HTTP 502", "bad gateway"},
		{"lark", "unknown", "987654", "what"}, {"webhook", "misconfigured", "HTTP 302", "moved"}, {"dingtalk", "unavailable", "dial", "refused"},
		{"dingtalk", "uncertain", "ClaimLost", ""}, {"nothing", "rejected", "Undecodable", ""},
	} {
		got := book.Of(row.channel, row.class, row.code, row.text)
		if got["en"] == "" || got["zh"] == "" {
			t.Errorf("advice on %s %s = %q, want both languages", row.channel, row.code, got)
		}
	}
	for _, row := range []struct{ channel, class, code string }{{"lark", "delivered", ""}, {"lark", "", ""}, {"nothing", "rejected", "1"}} {
		if got := book.Of(row.channel, row.class, row.code, ""); got != nil {
			t.Errorf("advice on %+v = %q, want none", row, got)
		}
	}
}

func TestAdviceOnARefusalIsThatOfItsRow(t *testing.T) {
	t.Parallel()
	table := channel.MustTable([]byte(`[{"signal":"code","code":"7","match":"slow","class":"throttled","advice":{"en":"slower"}},
		{"signal":"code","code":"7","class":"rejected","advice":{"en":"no"}},{"signal":"code","code":"*","class":"unknown","advice":{"en":"any"}}]`))
	for _, row := range [][3]string{{"7", "too slow", "slower"}, {"7", "x", "no"}, {"8", "x", "any"}} {
		if got := table.Advise(row[0], row[1])["en"]; got != row[2] {
			t.Errorf("Advise(%q, %q) = %q, want %q", row[0], row[1], got, row[2])
		}
	}
}
