package when_test

import (
	"encoding/json"
	"testing"
	"time"
	_ "time/tzdata" // the tests name zones that a machine need not know

	"pgregory.net/rapid"

	"pai-notify/shared/event"
	"pai-notify/shared/fault"
	"pai-notify/shared/when"
)

func zone(tb testing.TB, name string) *time.Location {
	tb.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		tb.Fatal(err)
	}
	return z
}

func at(tb testing.TB, text string) time.Time {
	tb.Helper()
	moment, err := time.Parse(time.RFC3339, text)
	if err != nil {
		tb.Fatal(err)
	}
	return moment
}

const nightly = `{"quiet":[{"from":"22:00","to":"08:00"}]}`

func parse(tb testing.TB, text string) (w when.When) {
	tb.Helper()
	if err := json.Unmarshal([]byte(text), &w); err != nil {
		tb.Fatal(err)
	}
	return w
}

func TestQuietHoursHoldUntilTheyEnd(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ name, when, zone, now, until string }{
		{"before them", nightly, "Asia/Shanghai", "2026-11-25T21:59:59+08:00", ""},
		{"as they begin", nightly, "Asia/Shanghai", "2026-11-25T22:00:00+08:00", "2026-11-26T08:00:00+08:00"},
		{"after midnight", nightly, "Asia/Shanghai", "2026-11-26T03:00:00+08:00", "2026-11-26T08:00:00+08:00"},
		{"as they end", nightly, "Asia/Shanghai", "2026-11-26T08:00:00+08:00", ""},
		{"in the receiver's zone", nightly, "Europe/Berlin", "2026-11-26T07:30:00+08:00", "2026-11-26T08:00:00+01:00"},
		{"in a zone of their own", `{"quiet":[{"from":"22:00","to":"08:00","zone":"America/New_York"}]}`, "Asia/Shanghai",
			"2026-11-26T12:00:00+08:00", "2026-11-26T08:00:00-05:00"},
		{"within a day", `{"quiet":[{"from":"12:00","to":"13:30"}]}`, "Asia/Shanghai", "2026-11-26T12:10:00+08:00", "2026-11-26T13:30:00+08:00"},
		{"on another day", `{"quiet":[{"days":["fri"],"from":"22:00","to":"08:00"}]}`, "Asia/Shanghai", "2026-11-26T23:00:00+08:00", ""},
		{"over midnight into a day that is not named", `{"quiet":[{"days":["fri"],"from":"22:00","to":"08:00"}]}`, "Asia/Shanghai",
			"2026-11-28T07:00:00+08:00", "2026-11-28T08:00:00+08:00"},
		{"a weekend and the nights around it as one", `{"quiet":[{"from":"22:00","to":"08:00"},{"days":["sat","sun"],"from":"00:00","to":"24:00"}]}`,
			"Asia/Shanghai", "2026-11-27T23:00:00+08:00", "2026-11-30T08:00:00+08:00"},
		{"two zones as one where they overlap", `{"quiet":[{"from":"22:00","to":"08:00"},{"from":"00:00","to":"04:00","zone":"Europe/Berlin"}]}`,
			"Asia/Shanghai", "2026-11-26T07:30:00+08:00", "2026-11-26T04:00:00+01:00"},

		// Berlin puts its clock back on 2026-10-25 at 03:00 to 02:00, and forward on 2026-03-29 at 02:00 to 03:00.
		{"the long night", nightly, "Europe/Berlin", "2026-10-24T22:30:00+02:00", "2026-10-25T08:00:00+01:00"},
		{"the short night", nightly, "Europe/Berlin", "2026-03-28T22:30:00+01:00", "2026-03-29T08:00:00+02:00"},
		{"the end comes twice: the last", `{"quiet":[{"from":"22:00","to":"02:30"}]}`, "Europe/Berlin", "2026-10-25T00:00:00+02:00", "2026-10-25T02:30:00+01:00"},
		{"between two ends", `{"quiet":[{"from":"22:00","to":"02:30"}]}`, "Europe/Berlin", "2026-10-25T02:45:00+02:00", "2026-10-25T02:30:00+01:00"},
		{"the beginning comes twice: the first", `{"quiet":[{"from":"02:30","to":"04:00"}]}`, "Europe/Berlin", "2026-10-25T02:30:00+02:00", "2026-10-25T04:00:00+01:00"},
		{"the end is skipped", `{"quiet":[{"from":"22:00","to":"02:30"}]}`, "Europe/Berlin", "2026-03-29T01:00:00+01:00", "2026-03-29T03:00:00+02:00"},
		{"the beginning is skipped", `{"quiet":[{"from":"02:30","to":"04:00"}]}`, "Europe/Berlin", "2026-03-29T03:00:00+02:00", "2026-03-29T04:00:00+02:00"},
		{"just before a beginning that is skipped", `{"quiet":[{"from":"02:30","to":"04:00"}]}`, "Europe/Berlin", "2026-03-29T01:59:59+01:00", ""},
		{"all of them are skipped", `{"quiet":[{"from":"02:10","to":"02:50"}]}`, "Europe/Berlin", "2026-03-29T03:00:00+02:00", ""},
		{"half an hour at Lord Howe", `{"quiet":[{"from":"22:00","to":"01:45"}]}`, "Australia/Lord_Howe", "2026-04-05T01:40:00+11:00", "2026-04-05T01:45:00+10:30"},
		{"a midnight that is skipped", `{"quiet":[{"from":"00:00","to":"06:00"}]}`, "America/Santiago", "2026-09-06T01:00:00-03:00", "2026-09-06T06:00:00-03:00"},
		{"a day that is skipped", `{"quiet":[{"from":"22:00","to":"08:00"}]}`, "Pacific/Apia", "2011-12-29T23:00:00-10:00", "2011-12-31T08:00:00+14:00"},
	} {
		want := time.Time{}
		if row.until != "" {
			want = at(t, row.until)
		}
		got, held := parse(t, row.when).Hold(at(t, row.now), event.View{}, zone(t, row.zone))
		if held != (row.until != "") || held && !got.Equal(want) {
			t.Errorf("%s: held %v until %v, want %q", row.name, held, got, row.until)
		}
	}
}

func TestFailingOutcomesPassQuietHoursWhereTheyMay(t *testing.T) {
	t.Parallel()
	night := at(t, "2026-11-26T03:00:00+08:00")
	china := zone(t, "Asia/Shanghai")
	w := parse(t, nightly)
	if _, held := w.Hold(night, event.View{Failing: true}, china); !held {
		t.Error("without pass a failing outcome is not held")
	}
	w.Pass = when.PassFailing
	if _, held := w.Hold(night, event.View{Failing: true}, china); held {
		t.Error("a failing outcome does not pass")
	}
	if _, held := w.Hold(night, event.View{Final: true}, china); !held {
		t.Error("a good end passes quiet hours")
	}
	if _, held := (when.When{}).Hold(night, event.View{}, china); held {
		t.Error("without quiet hours something is held")
	}
}

func TestTheNextChangeIsWhereQuietHoursBeginOrEnd(t *testing.T) {
	t.Parallel()
	china := zone(t, "Asia/Shanghai")
	for _, row := range []struct {
		name, when, now, change string
		quiet                   bool
	}{
		{"in them", nightly, "2026-11-26T03:00:00+08:00", "2026-11-26T08:00:00+08:00", true},
		{"out of them", nightly, "2026-11-26T12:00:00+08:00", "2026-11-26T22:00:00+08:00", false},
		{"days before them", `{"quiet":[{"days":["wed"],"from":"22:00","to":"08:00"}]}`, "2026-11-26T12:00:00+08:00", "2026-12-02T22:00:00+08:00", false},
		{"none", `{"gapMinutes":10}`, "2026-11-26T12:00:00+08:00", "", false},
	} {
		change, quiet := parse(t, row.when).Next(at(t, row.now), china)
		if row.change == "" {
			if !change.IsZero() || quiet {
				t.Errorf("%s: %v %v", row.name, change, quiet)
			}
			continue
		}
		if quiet != row.quiet || !change.Equal(at(t, row.change)) {
			t.Errorf("%s: quiet %v until %v, want %v until %s", row.name, quiet, change, row.quiet, row.change)
		}
	}
}

func TestTheGapIsForWhatIsNeitherFailingNorFinal(t *testing.T) {
	t.Parallel()
	w := when.When{GapMinutes: 10}
	for _, row := range []struct {
		name string
		view event.View
		want time.Duration
	}{
		{"one of many", event.View{ID: "j1"}, 10 * time.Minute},
		{"a failure", event.View{ID: "j1", Failing: true}, 0},
		{"the end", event.View{ID: "j1", Final: true}, 0},
		{"about nothing", event.View{}, 0},
	} {
		if got := w.Gap(row.view); got != row.want {
			t.Errorf("%s: %v, want %v", row.name, got, row.want)
		}
	}
}

// wall is what the clock on the wall shows, as if it were UTC.
func wall(t time.Time, z *time.Location) time.Time {
	l := t.In(z)
	return time.Date(l.Year(), l.Month(), l.Day(), l.Hour(), l.Minute(), l.Second(), 0, time.UTC)
}

// TestQuietHoursAreThoseOfTheWall walks through three days minute by minute and looks at the wall.
func TestQuietHoursAreThoseOfTheWall(t *testing.T) {
	t.Parallel()
	zones := []string{"Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "Asia/Kathmandu"}
	changes := []string{"2026-03-29T01:00:00Z", "2026-10-25T01:00:00Z", "2026-11-01T06:00:00Z", "2026-03-08T07:00:00Z", "2026-04-04T15:00:00Z",
		"2026-10-03T15:30:00Z", "2026-09-06T04:00:00Z", "2026-04-05T03:00:00Z", "2026-11-25T00:00:00Z"}
	rapid.Check(t, func(r *rapid.T) {
		z := zone(t, rapid.SampledFrom(zones).Draw(r, "zone"))
		begin := at(t, rapid.SampledFrom(changes).Draw(r, "change")).Add(-36 * time.Hour)
		from := rapid.IntRange(0, 24*60-1).Draw(r, "from")
		length := rapid.IntRange(1, 24*60-1).Draw(r, "length")
		to := (from + length) % (24 * 60)
		clock := func(n int) string { return time.Time{}.Add(time.Duration(n) * time.Minute).Format("15:04") }
		w := when.When{Quiet: []when.Quiet{{From: clock(from), To: clock(to)}}}

		// For each day the span is from the first minute whose wall has come to from, to after the last whose wall is
		// before to. It may not exist, where the clock skips it.
		type span struct{ from, to time.Time }
		var spans []span
		first := wall(begin, z).Truncate(24 * time.Hour).Add(-48 * time.Hour)
		for day := range 8 {
			start := first.Add(time.Duration(day)*24*time.Hour + time.Duration(from)*time.Minute)
			end := start.Add(time.Duration(length) * time.Minute)
			near := start.Add(-26 * time.Hour)
			s := span{}
			for m := range 78 * 60 {
				now := near.Add(time.Duration(m) * time.Minute)
				if s.from.IsZero() && !wall(now, z).Before(start) {
					s.from = now
				}
				if wall(now, z).Before(end) {
					s.to = now.Add(time.Minute)
				}
			}
			spans = append(spans, s)
		}
		now := begin.Add(time.Duration(rapid.IntRange(0, 72*60-1).Draw(r, "minute")) * time.Minute)
		want := now
		for more := true; more; {
			more = false
			for _, s := range spans {
				if !want.Before(s.from) && want.Before(s.to) {
					want, more = s.to, true
				}
			}
		}
		got, held := w.Hold(now, event.View{}, z)
		if held != want.After(now) || held && !got.Equal(want) {
			r.Fatalf("at %s in %s, quiet %s to %s: held %v until %s, want %s", wall(now, z), z, clock(from), clock(to), held, got.In(z), want.In(z))
		}
	})
}

func TestEveryFaultIsTold(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ name, when, path string }{
		{"pass", `{"pass":"all"}`, "pass"},
		{"a gap below none", `{"gapMinutes":-1}`, "gapMinutes"},
		{"a gap over a day", `{"gapMinutes":1441}`, "gapMinutes"},
		{"a day", `{"quiet":[{"days":["mon","Tuesday"],"from":"22:00","to":"08:00"}]}`, "quiet[0].days[1]"},
		{"a day twice", `{"quiet":[{"days":["mon","mon"],"from":"22:00","to":"08:00"}]}`, "quiet[0].days[1]"},
		{"too many days", `{"quiet":[{"days":["mon","tue","wed","thu","fri","sat","sun","mon"],"from":"22:00","to":"08:00"}]}`, "quiet[0].days"},
		{"no beginning", `{"quiet":[{"to":"08:00"}]}`, "quiet[0].from"},
		{"no end", `{"quiet":[{"from":"08:00"}]}`, "quiet[0].to"},
		{"an hour without a zero", `{"quiet":[{"from":"8:00","to":"10:00"}]}`, "quiet[0].from"},
		{"a beginning at the end", `{"quiet":[{"from":"24:00","to":"10:00"}]}`, "quiet[0].from"},
		{"minute 60", `{"quiet":[{"from":"22:60","to":"10:00"}]}`, "quiet[0].from"},
		{"an end after midnight", `{"quiet":[{"from":"22:00","to":"24:01"}]}`, "quiet[0].to"},
		{"no length", `{"quiet":[{"from":"22:00","to":"22:00"}]}`, "quiet[0].to"},
		{"a zone that is none", `{"quiet":[{"from":"22:00","to":"08:00","zone":"Mars/Olympus"}]}`, "quiet[0].zone"},
		{"a path for a zone", `{"quiet":[{"from":"22:00","to":"08:00","zone":"../../etc/passwd"}]}`, "quiet[0].zone"},
		{"the machine's zone", `{"quiet":[{"from":"22:00","to":"08:00","zone":"Local"}]}`, "quiet[0].zone"},
		{"always", `{"quiet":[{"from":"00:00","to":"24:00"}]}`, "quiet"},
		{"always, of two", `{"quiet":[{"from":"22:00","to":"08:00"},{"from":"07:00","to":"23:00"}]}`, "quiet"},
	} {
		list := fault.List(parse(t, row.when).Check())
		if len(list) != 1 || list[0].Path != row.path || list[0].Text == "" || list[0].ZH == "" || list[0].ZH == list[0].Text {
			t.Errorf("%s: faults %v, want one at %s", row.name, list, row.path)
		}
	}
	all := parse(t, `{"pass":"x","gapMinutes":-5,"quiet":[{"from":"x","to":"y","zone":"z","days":["w"]},{"from":"22:00","to":"08:00"}]}`)
	if list := fault.List(all.Check()); len(list) != 6 {
		t.Errorf("faults %v, want 6 at once", list)
	}
	many := when.When{Quiet: make([]when.Quiet, 1000)}
	if list := fault.List(many.Check()); len(list) != 1 || list[0].Path != "quiet" {
		t.Errorf("faults of a thousand spans: %v", list)
	}
	for _, good := range []string{`{}`, nightly, `{"quiet":[{"days":["sat","sun"],"from":"00:00","to":"24:00","zone":"Europe/Berlin"}],"pass":"failing","gapMinutes":1440}`,
		`{"quiet":[{"from":"22:00","to":"08:00"},{"from":"08:00","to":"21:59"}]}`} {
		if list := fault.List(parse(t, good).Check()); len(list) > 0 {
			t.Errorf("%s has faults %v", good, list)
		}
	}
}

func BenchmarkHold(b *testing.B) {
	w := parse(b, `{"quiet":[{"from":"22:00","to":"08:00","zone":"Asia/Shanghai"}]}`)
	now := at(b, "2026-11-26T03:00:00+08:00")
	for b.Loop() {
		if _, held := w.Hold(now, event.View{}, time.UTC); !held {
			b.Fatal("not held")
		}
	}
}
