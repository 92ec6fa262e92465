package event_test

import (
	"testing"
	"time"

	"pai-notify/shared/event"
)

func TestParseTimeReadsTheFormsOfAlibabaCloud(t *testing.T) {
	t.Parallel()
	at := func(hour, minute, second, ms int) time.Time {
		return time.Date(2020, 8, 17, hour, minute, second, ms*1e6, time.UTC)
	}
	for text, want := range map[string]time.Time{
		"2020-08-17T16:04:46.149Asia/Shanghai":     at(8, 4, 46, 149),
		"2020-08-17T16:04:46.149PRC":               at(8, 4, 46, 149),
		"2020-08-17T16:04:46PRC":                   at(8, 4, 46, 0),
		"2020-08-17T16:04:46.149+08:00":            at(8, 4, 46, 149),
		"2020-08-17T16:04:46.149+0800":             at(8, 4, 46, 149),
		"2020-08-17T16:04:46+08":                   at(8, 4, 46, 0),
		"2020-08-17 16:04:46 +0800":                at(8, 4, 46, 0),
		"2020-08-17T16:04:46GMT+8":                 at(8, 4, 46, 0),
		"2020-08-17T16:04:46UTC+08:00":             at(8, 4, 46, 0),
		"2020-08-17T16:04:46CST":                   at(8, 4, 46, 0),
		"2020-08-17T16:04:46+08:00[Asia/Shanghai]": at(8, 4, 46, 0),
		"2020-08-17T16:04:46[Asia/Shanghai]":       at(8, 4, 46, 0),
		"2020-08-17T17:04:46Asia/Tokyo":            at(8, 4, 46, 0),
		"2020-08-17T08:04:46Z":                     at(8, 4, 46, 0),
		"2020-08-17T08:04:46.149000001Z":           at(8, 4, 46, 149).Add(1),
		"2020-08-17T08:04:46":                      at(8, 4, 46, 0),
		"2020-08-17 08:04:46":                      at(8, 4, 46, 0),
		"2020-08-17T08:04:46,149UTC":               at(8, 4, 46, 149),
		" 2020-08-17T08:04:46Z ":                   at(8, 4, 46, 0),
		"1597651486149":                            at(8, 4, 46, 149),
		"1597651486":                               at(8, 4, 46, 0),
		"2020-08-17T10:04:46-00:00":                at(10, 4, 46, 0),
		"":                                         {},
		"null":                                     {},
		"0":                                        {},
		"-5":                                       {},
		"999999999999999999":                       {},
		"99999999999999999999999":                  {},
		"yesterday":                                {},
		"2020-08-17":                               {},
		"2020-13-45T99:99:99PRC":                   {},
		"2020-08-17T16:04:46Moon/Base":             {},
		"2020-08-17T16:04:46Local":                 {},
		"2020-08-17T16:04:46../../etc/passwd":      {},
		"2020-08-17T16:04:46.149.149PRC":           {},
		"2020-08-17T16:04:46[":                     at(16, 4, 46, 0),
		"二〇二〇年八月十七日十六时四分四十六秒":                            {},
		"2020-08-17T16:04:46PRC with a long text behind": {},
	} {
		if got := event.ParseTime(text); !got.Equal(want) || got.IsZero() != want.IsZero() {
			t.Errorf("ParseTime(%q) = %v, want %v", text, got, want)
		} else if got.Location() != time.UTC {
			t.Errorf("ParseTime(%q) is in %v, want UTC", text, got.Location())
		}
	}
}
