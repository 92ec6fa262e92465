package mute_test

import (
	"path/filepath"
	"testing"
	"time"

	"pai-notify/shared/database"
	"pai-notify/shared/database/databasetest"
	"pai-notify/shared/database/migrate"
	"pai-notify/shared/mute"
)

const bus = "pai-system-nlp_train"

// open gives a book on a database and the clock that it reads.
func open(t *testing.T, url string) (*mute.Book, *time.Time) {
	t.Helper()
	db, err := database.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if _, err := migrate.Up(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	now := time.UnixMilli(1_700_000_000_000).UTC()
	return mute.New(db, func() time.Time { return now }), &now
}

func check(t *testing.T, url string) {
	t.Helper()
	book, now := open(t, url)
	ctx, begin := t.Context(), *now
	until := func(rule, target string) time.Time {
		t.Helper()
		all, err := book.All(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return all.Until(bus, rule, target)
	}
	set := func(rule, target string, d time.Duration) time.Time {
		t.Helper()
		before, err := book.Set(ctx, mute.Mute{Bus: bus, Rule: rule, Target: target, Until: begin.Add(d), Who: "k1"})
		if err != nil {
			t.Fatal(err)
		}
		return before
	}
	if got := until("night", "ops"); !got.IsZero() {
		t.Errorf("before anything is muted: %v", got)
	}
	if before := set("night", "", time.Hour); !before.IsZero() {
		t.Errorf("it was muted until %v before", before)
	}
	set("night", "ops", 2*time.Hour)
	set("day", "ops", time.Hour)
	for _, row := range []struct {
		rule, target string
		want         time.Duration
	}{{"night", "ops", 2 * time.Hour}, {"night", "else", time.Hour}, {"day", "ops", time.Hour}} {
		if got := until(row.rule, row.target); !got.Equal(begin.Add(row.want)) {
			t.Errorf("%s of %s is muted until %v, want %v", row.target, row.rule, got, begin.Add(row.want))
		}
	}
	if got := until("day", "else"); !got.IsZero() {
		t.Errorf("a target beside one that is muted is muted until %v", got)
	}
	if before := set("night", "", 3*time.Hour); !before.Equal(begin.Add(time.Hour)) {
		t.Errorf("before it was changed it was muted until %v", before)
	}
	if before, err := book.Lift(ctx, mute.Mute{Bus: bus, Rule: "night"}); err != nil || !before.Equal(begin.Add(3*time.Hour)) {
		t.Errorf("lifted: %v, %v", before, err)
	}
	if before, err := book.Lift(ctx, mute.Mute{Bus: bus, Rule: "night"}); err != nil || !before.IsZero() {
		t.Errorf("lifted twice: %v, %v", before, err)
	}
	if got := until("night", "else"); !got.IsZero() {
		t.Errorf("after it was lifted: %v", got)
	}
	list, err := book.Of(ctx, bus)
	if err != nil || len(list) != 2 || list[0].Rule != "day" || list[1].Target != "ops" || list[1].Who != "k1" || !list[1].Made.Equal(begin) {
		t.Errorf("muted = %+v, %v", list, err)
	}
	*now = begin.Add(90 * time.Minute)
	if list, err := book.Of(ctx, bus); err != nil || len(list) != 1 {
		t.Errorf("when one has ended muted = %+v, %v", list, err)
	}
	if err := book.Forget(ctx, bus, "night"); err != nil {
		t.Fatal(err)
	}
	if list, err := book.Of(ctx, bus); err != nil || len(list) != 0 {
		t.Errorf("when the rule is no more muted = %+v, %v", list, err)
	}
}

func TestRulesAndTargetsAreMutedForAWhile(t *testing.T) {
	t.Parallel()
	check(t, "sqlite:"+filepath.Join(t.TempDir(), "pai.db"))
}

func TestRulesAndTargetsAreMutedForAWhileOnPostgreSQL(t *testing.T) {
	t.Parallel()
	check(t, databasetest.Start(t).URL(t))
}
