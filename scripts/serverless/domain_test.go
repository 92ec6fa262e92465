package serverless

import (
	"testing"
	"time"
)

func TestAnExactRouteBeatsAWildcardAndTheLongestWildcardTheOthers(t *testing.T) {
	t.Parallel()
	d := Domain{RouteConfig: RouteConfig{Routes: []Route{
		{Path: "/login/*", FunctionName: "short"},
		{Path: "/login/a/*", FunctionName: "long"},
		{Path: "/login/a/b", FunctionName: "exact"},
	}}}
	for path, want := range map[string]string{
		"/login/a/b": "exact", "/login/a/c": "long", "/login/x": "short", "/login/": "short",
		"/login": "", "/": "", "/login/a/b/": "long", "": "",
	} {
		got, ok := d.Route(path)
		if got.FunctionName != want || ok != (want != "") {
			t.Errorf("Route(%q) = %q, %v, want %q", path, got.FunctionName, ok, want)
		}
	}
}

func TestASchedulesTimesAreUTCUnlessItSaysOtherwise(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 24, 10, 0, 30, 0, time.UTC)
	for text, want := range map[string]string{
		"@every 1m":                          "2026-11-24T10:01:30Z",
		"@every 90m":                         "2026-11-24T11:30:30Z",
		"0 * * * * *":                        "2026-11-24T10:01:00Z",
		"0 0 4 * * *":                        "2026-11-25T04:00:00Z",
		"CRON_TZ=Asia/Shanghai 0 0 20 * * *": "2026-11-24T12:00:00Z",
	} {
		schedule, err := ParseSchedule(text)
		if err != nil {
			t.Errorf("ParseSchedule(%q): %v", text, err)
			continue
		}
		if got := schedule.Next(at).UTC().Format(time.RFC3339); got != want {
			t.Errorf("%q after %s fires at %s, want %s", text, at, got, want)
		}
	}
	for _, text := range []string{"", "@hourly", "@every", "@every 30s", "@every x", "* * * * *", "61 * * * * *", "CRON_TZ=Nowhere 0 0 0 * * *"} {
		if _, err := ParseSchedule(text); err == nil {
			t.Errorf("ParseSchedule(%q) took it", text)
		}
	}
}
