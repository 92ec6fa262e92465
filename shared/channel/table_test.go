package channel

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestEveryRowOfTheCoreHasClassAndAdvice(t *testing.T) {
	t.Parallel()
	want := map[string]Class{ // of a broken exchange whose request was not written
		"ssrf-blocked": Misconfigured, "dns-not-found": Misconfigured, "dns-temporary": Unavailable, "tls-verify": Misconfigured,
		"dial": Unavailable, "timeout": Unavailable, "address": Misconfigured, "tls-none": Misconfigured, "tls": Unavailable,
		"write": Unavailable, "canceled": Unavailable, "unclear": Uncertain,
		"3xx": Misconfigured, "429": Throttled, "5xx": Unavailable, "*": Unknown,
	}
	rows := mustRows(codes)
	for _, row := range rows {
		if row.Advice["en"] == "" || row.Advice["zh"] == "" || row.Meaning == "" || row.Source == "" {
			t.Errorf("row %s %s lacks a text", row.Signal, row.Code)
		}
		if class, ok := want[row.Code]; !ok || class != row.Class {
			t.Errorf("row %s %s is %s, want %s", row.Signal, row.Code, row.Class, class)
		}
	}
	if len(rows) != len(want) {
		t.Errorf("there are %d rows, want %d", len(rows), len(want))
	}
}

func TestATableDecidesByCodeThenStatusThenTextOfSpeed(t *testing.T) {
	t.Parallel()
	table := MustTable([]byte(`[
		{"signal":"code","code":"0","class":"delivered"},
		{"signal":"code","code":"9499","match":"Too Many|限流","class":"throttled","after":"1m"},
		{"signal":"code","code":"9499","match":"bad request","class":"rejected"},
		{"signal":"code","code":"7","class":"misconfigured"},
		{"signal":"code","code":"*","match":"freq","class":"throttled"},
		{"signal":"code","code":"*","class":"unknown"},
		{"signal":"http","code":"200","class":"unknown"},
		{"signal":"http","code":"400","class":"rejected"}]`))
	for _, row := range []struct {
		status     int
		code, text string
		want       Class
		shows      string
	}{
		{200, "0", "", Delivered, ""},
		{204, "0", "", Delivered, ""},
		{500, "0", "", Unavailable, "HTTP 500"},
		{302, "0", "", Misconfigured, "HTTP 302"},
		{400, "0", "", Rejected, "HTTP 400"},
		{403, "0", "", Unknown, "HTTP 403"},
		{400, "9499", "too many request", Throttled, "9499"},
		{200, "9499", "触发限流", Throttled, "9499"},
		{200, "9499", "Bad Request: x", Rejected, "9499"},
		{200, "9499", "else", Unknown, "9499"},
		{502, "7", "x", Misconfigured, "7"},
		{200, "8", "x", Unknown, "8"},
		{400, "8", "x", Unknown, "8"},
		{200, "8", "over the frequency", Throttled, "8"},
		{503, "8", "x", Unavailable, "HTTP 503"},
		{429, "8", "x", Throttled, "HTTP 429"},
		{200, "", "<html>0</html>", Unknown, "HTTP 200"},
		{400, "", "", Rejected, "HTTP 400"},
		{400, " \t", "", Rejected, "HTTP 400"},
		{418, "", "", Unknown, "HTTP 418"},
		{599, "", "", Unavailable, "HTTP 599"},
		{100, "", "", Unknown, "HTTP 100"},
	} {
		err := table.Read(Answer{Status: row.status, Signal: "code", Code: row.code, Text: row.text})
		got := Classify(err)
		if got.Class != row.want || got.Code != row.shows {
			t.Errorf("status %d, code %q, text %q is %s by %q, want %s by %q",
				row.status, row.code, row.text, got.Class, got.Code, row.want, row.shows)
		}
		var refusal *Refusal
		if errors.As(err, &refusal) && refusal.Class == Throttled && row.code == "9499" && refusal.After != time.Minute {
			t.Errorf("the row's pause is lost: %+v", refusal)
		}
	}
}

func TestHideBlanksSecretsAlsoWhereTheyAreCut(t *testing.T) {
	t.Parallel()
	const secret = "0123456789abcdef"
	for text, want := range map[string]string{
		"a " + secret + " b":          "a *** b",
		secret + secret:               "******",
		"a " + secret[:9]:             "a ***",
		"a " + secret[:9] + "…":       "a ***…",
		"a " + secret[:4]:             "a 0123",
		"nothing":                     "nothing",
		"a " + secret[3:]:             "a 3456789abcdef",
		strings.Repeat("x", 3) + "01": "xxx01",
	} {
		if got := hide(text, []string{secret}); got != want {
			t.Errorf("hide(%q) = %q, want %q", text, got, want)
		}
	}
}
