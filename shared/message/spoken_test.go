package message

import (
	"testing"
	"time"
)

func TestATimeIsSpokenWithTheDayWhereItIsNotToday(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 25, 15, 18, 0, 0, time.UTC)
	for _, c := range []struct {
		language string
		at       time.Time
		want     string
	}{
		{"zh", now.Add(-7 * time.Hour), "，8点18分"},
		{"en", now.Add(-7 * time.Hour), " at 08 18"},
		{"zh", now.Add(-24*time.Hour - 13*time.Minute), "，11月24日15点5分"},
		{"en", now.Add(-24*time.Hour - 13*time.Minute), " on November 24 at 15 05"},
		{"en", time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC), " on May 1 at 00 00"},
		{"en", time.Time{}, ""},
	} {
		if got := Spoken(c.language, c.at, now); got != c.want {
			t.Errorf("%v in %s is %q, want %q", c.at, c.language, got, c.want)
		}
	}
}

// The embedded files are the list: what is a file is a language, and there is no other list to change.
func TestTheLanguagesAreTheEmbeddedFiles(t *testing.T) {
	t.Parallel()
	files, err := embeddedTexts.ReadDir("texts")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != len(Languages()) {
		t.Errorf("%d files, languages %v", len(files), Languages())
	}
	for _, f := range files {
		tag := f.Name()[:len(f.Name())-len(".json")]
		if err := CheckLanguage(tag); err != nil {
			t.Errorf("%s: %v", f.Name(), err)
		}
	}
	if err := CheckLanguage("xx"); err == nil {
		t.Error("xx has no file and is a language")
	}
}
