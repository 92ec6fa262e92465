package database_test

import (
	"io/fs"
	"regexp"
	"strings"
	"testing"

	"pai-notify/shared/database"
)

// Functions of the release before go on working while a new one is rolled out, and after it is rolled back: a migration
// adds, and never takes away or renames what they name. What nothing has used for a whole release may go, in a statement
// that follows a line "-- contract: since which release it is unused".
var (
	takesAway  = regexp.MustCompile(`(?is)\bdrop\s+(table|column|view)\b|\brename\b|\balter\s+(table\s+\S+\s+alter\s+)?column\b|\btruncate\b|\bdelete\s+from\b`)
	addsColumn = regexp.MustCompile(`(?is)\balter\s+table\s+\S+\s+add\s+(column\s+)?\S+`)
	remark     = regexp.MustCompile(`--[^\n]*`)
)

// broken says what of a migration's way up breaks the functions of the release before.
func broken(text string) (faults []string) {
	_, up, _ := strings.Cut(text, "-- +goose Up")
	up, _, _ = strings.Cut(up, "-- +goose Down")
	up, contracts := markContracts(up)
	for _, statement := range strings.Split(remark.ReplaceAllString(up, ""), ";") {
		statement = strings.TrimSpace(statement)
		switch {
		case strings.HasPrefix(statement, contracts):
		case takesAway.MatchString(statement):
			faults = append(faults, statement+": takes away or renames")
		case addsColumn.MatchString(statement) && strings.Contains(statement, "not null") && !strings.Contains(statement, "default"):
			faults = append(faults, statement+": adds a column that older inserts leave out, without a default")
		}
	}
	return faults
}

// markContracts puts a word that no SQL has in place of the remarks that allow the statement after them.
func markContracts(up string) (marked, mark string) {
	mark = "CONTRACT"
	return regexp.MustCompile(`-- contract: \S[^\n]*`).ReplaceAllString(up, mark), mark
}

func TestMigrationsOnlyAddToWhatTheReleaseBeforeUses(t *testing.T) {
	t.Parallel()
	files, err := database.Migrations()
	if err != nil {
		t.Fatal(err)
	}
	names, err := fs.Glob(files, "*.sql")
	if err != nil || len(names) < 12 {
		t.Fatalf("%d migrations, %v", len(names), err)
	}
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			t.Fatal(err)
		}
		for _, fault := range broken(string(text)) {
			t.Errorf("%s: %s", name, fault)
		}
	}
}

func TestAMigrationThatBreaksTheReleaseBeforeIsSeen(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		"drop table contact;": 1, "alter table delivery drop column alone;": 1, "alter table delivery rename column alone to only;": 1,
		"alter table delivery rename to telling;": 1, "alter table delivery add column x bigint not null;": 1, "delete from audit;": 1,
		"alter table delivery add column x bigint not null default 0;": 0, "create table x (y text not null);": 0, "drop index delivery_bus;": 0,
		"-- drop table contact;\ncreate index x on y (z);": 0, "-- contract: unused since v0.2.0\ndrop table contact;": 0,
		"-- contract: unused since v0.2.0\ndrop table contact;\ndrop table audit;": 1,
	} {
		if got := broken("-- +goose Up\n" + text + "\n-- +goose Down\ndrop table everything;"); len(got) != want {
			t.Errorf("%q: %q, want %d faults", text, got, want)
		}
	}
}
