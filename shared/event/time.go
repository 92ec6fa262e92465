package event

import (
	"strconv"
	"strings"
	"time"
)

// ParseTime reads a moment as Alibaba Cloud writes them: RFC 3339; with the name of a zone in place of the offset
// (2020-08-17T16:04:46.149Asia/Shanghai, …PRC); without a zone, which then is UTC; or seconds or milliseconds since
// 1970. What it cannot read is the zero time. The answer is in UTC.
func ParseTime(text string) time.Time {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return inUTC(t)
	}
	text = strings.TrimSpace(text)
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return sinceEpoch(n)
	}
	if len(text) < len("2006-01-02T15:04:05") || len(text) > 64 {
		return time.Time{}
	}
	clock := len("2006-01-02")
	end := clock + 1
	for end < len(text) && strings.IndexByte("0123456789:.,", text[end]) >= 0 {
		end++
	}
	stamp, zone := text[:clock]+"T"+text[clock+1:end], strings.TrimSpace(text[end:])
	if offset, name, ok := strings.Cut(strings.TrimSuffix(zone, "]"), "["); ok { // Java: +08:00[Asia/Shanghai]
		if zone = offset; zone == "" {
			zone = name
		}
	}
	at := location(zone)
	if at == nil {
		return time.Time{}
	}
	t, err := time.ParseInLocation("2006-01-02T15:04:05", stamp, at) // takes fractions too
	if err != nil {
		return time.Time{}
	}
	return inUTC(t)
}

// inUTC is the zero time for a moment whose year in UTC RFC 3339 cannot write, such as the first hours of the year 0 in China.
func inUTC(t time.Time) time.Time {
	if t = t.UTC(); t.Year() < 0 || t.Year() > 9999 {
		return time.Time{}
	}
	return t
}

// sinceEpoch tells seconds from milliseconds by their size: seconds of the year 5138 are milliseconds of 1973.
func sinceEpoch(n int64) time.Time {
	const inMilliseconds, year10000 = 100_000_000_000, 253_402_300_800_000
	switch {
	case n <= 0 || n >= year10000:
		return time.Time{}
	case n >= inMilliseconds:
		return time.UnixMilli(n).UTC()
	}
	return time.Unix(n, 0).UTC()
}

// location finds a zone; nil if it is unknown. The few that Alibaba Cloud writes, none of which has summer time, are a
// table here, because a function's machine need not have a time zone database and embedding Go's costs 450 KB in every
// function. Other names are looked up where there is a database.
func location(zone string) *time.Location {
	switch zone {
	case "", "Z", "z", "UTC", "GMT", "UCT", "Zulu", "Etc/UTC":
		return time.UTC
	case "PRC", "CST", "CTT", "Asia/Shanghai", "Asia/Chongqing", "Asia/Hong_Kong", "Hongkong",
		"Asia/Taipei", "Asia/Singapore", "Singapore", "Asia/Kuala_Lumpur":
		return time.FixedZone("", 8*60*60)
	case "Asia/Jakarta", "Asia/Bangkok":
		return time.FixedZone("", 7*60*60)
	case "Asia/Tokyo", "Japan", "JST", "Asia/Seoul":
		return time.FixedZone("", 9*60*60)
	case "Asia/Dubai":
		return time.FixedZone("", 4*60*60)
	case "Local": // LoadLocation would take it for the machine's
		return nil
	}
	if seconds, ok := offset(strings.TrimPrefix(strings.TrimPrefix(zone, "GMT"), "UTC")); ok {
		return time.FixedZone("", seconds)
	}
	at, err := time.LoadLocation(zone) // refuses names that leave the database's folder
	if err != nil {
		return nil
	}
	return at
}

// offset reads +08:00, +0800, +08 and +8.
func offset(text string) (seconds int, ok bool) {
	if len(text) == 2 {
		text = text[:1] + "0" + text[1:]
	}
	for _, layout := range []string{"-07:00", "-0700", "-07"} {
		if t, err := time.Parse(layout, text); err == nil {
			_, seconds = t.Zone()
			return seconds, true
		}
	}
	return 0, false
}
