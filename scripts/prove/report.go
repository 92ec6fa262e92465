package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// proof is a test of scripts/story, or work of this command's own.
type proof struct {
	name, test, promise string
	own                 own // where there is no test
}

// own is work of this command's own, which tells what it found.
type own func(ctx context.Context, s settings, found func(name, value string)) error

func proofs() []proof {
	return []proof{
		{"refusals", "TestEveryRefusalIsClassedTriedAndEndedAsItsCauseDemands", "every way to be refused, by every channel, is classed, tried and ended as its cause demands", nil},
		{"once", "TestEachEventRefusedOnceIsToldOnce", "an event that a receiver refuses once is told once", nil},
		{"copies", "TestManyCopiesOfOneEventAreToldOnce", "a thousand copies of an event at once are one message", nil},
		{"steps", "TestAKillAtEachStepLosesNothingAndRepeatsOnlyWhatWasSentAndNotRecorded", "kill -9 at each step of a delivery loses nothing, and repeats only what was sent and not recorded", nil},
		{"kills", "TestKillsAtRandomMomentsLoseNothing", "kill -9 of delivery functions and sweep at random moments under load loses nothing", nil},
		{"server", "TestKillsOfTheDatabaseServerLoseNothing", "kill -9 of PostgreSQL under load loses nothing", nil},
		{"burst", "TestABurstToOneRobotIsToldWithinFiveMinutesAndNeverBlocksIt", "a thousand events in a minute for one DingTalk robot are all told within five, and never block it", nil},
		{"dead", "TestADeadReceiverCostsABoundedNumberOfAttemptsAndDelaysNobody", "a dead receiver costs a bounded number of attempts and delays nobody", nil},
		{"outage", "TestALedgerOutOfReachForTwoMinutesLosesNothing", "a ledger out of reach for two minutes loses nothing", nil},
		{"disk", "TestAFullOrReadOnlyDiskIsNamedAndAcknowledgesNothing", "a full or read-only disk is named, and nothing is acknowledged", nil},
		{"replay", "TestWhatDiedIsReplayedByOneCallAndAFloodIsCancelled", "hundreds that died are told again by one call, each once, and a flood is cancelled by one", nil},
		{"texts", "TestATextMessageKilledAtAnyStepIsNeverSentTwiceAndItsFateIsTold", "kill -9 at each step of a text message never sends it twice, and tells what became of it", nil},
		{"sweep", "TestHundredsOfFailuresInTenMinutesAreAHandfulOfTexts", "five hundred failures in ten minutes are a handful of text messages that tell all of them", nil},
		{"writers", "TestManyProcessesWriteOneLedgerWithoutWaitingLongOrLosingAnUpdate", "4 processes on one SQLite file, or 16 on PostgreSQL, neither wait long nor lose an update", nil},
		{"large", "TestALargeLedgerIsAsFastAsAnEmptyOne", "a ledger of a million deliveries takes one more as fast as an empty one, and answers at once", nil},
		{"keys", "TestSealKeysAreChangedUnderLoadAndNoDeliveryFails", "seal keys are changed under load and the work is killed half-way: no delivery fails", nil},
		{"prober", "TestNothingIsMissedThroughARollingRestartOfEverything", "numbered events through a rolling restart of every function and of PostgreSQL: none is missed", nil},
		{"upgrade", "TestNothingIsMissedOrDoubledThroughAnUpgradeAndADowngrade", "numbered events through an upgrade from the previous revision, function by function, back and forward again: none is missed, none told twice", nil},
		{"garbage", "TestTenThousandSenselessRequestsDoNoHarm", "ten thousand senseless requests to each function and each port of the local cloud: no panic, no leak, memory flat", nil},
		{"fuzz", "", "no input that fuzzing comes up with breaks a reader of what comes from outside", fuzz},
		{"packages", "", "the same sources give the same packages, byte by byte, wherever and whenever they are built", packages},
	}
}

// ran is a line of a figures file, as scripts/story writes it.
type ran struct {
	Proof, Database string
	Full, Failed    bool
	Began           time.Time
	Seconds         float64
	Figures         []figure
}

// figure is something that was counted or timed.
type figure struct{ Name, Value string }

// report is docs/figures.md: a head, and a section for each proof.
type report struct{ sections map[string]string }

const head = `# Figures

What the proofs measured when they last ran. ` + "`make prove`" + ` runs them and writes this file; ` + "`go run ./scripts/prove NAME`" + `
runs one and replaces its section. A clock that runs faster than the machine's is scripts/localcloud's, and the figures
say so; everything else is the machine's time.
`

func read(name string) (*report, error) {
	r := &report{sections: map[string]string{}}
	text, err := os.ReadFile(name)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	for _, section := range strings.Split(string(text), "\n## ")[1:] {
		title, body, _ := strings.Cut(section, "\n")
		r.sections[title] = strings.TrimSpace(body)
	}
	return r, nil
}

// put replaces the section of a proof by what its run left behind.
func (r *report) put(p proof, figures string) error {
	text, err := os.ReadFile(figures)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	var runs []ran
	for line := range bytes.Lines(text) {
		var one ran
		if err := json.Unmarshal(line, &one); err != nil {
			return fmt.Errorf("read the figures of %s: %w", p.name, err)
		}
		runs = append(runs, one)
	}
	if len(runs) == 0 {
		return nil // it measured nothing on this database
	}
	slices.SortStableFunc(runs, func(a, b ran) int { return strings.Compare(b.Database, a.Database) }) // sqlite first
	var b strings.Builder
	fmt.Fprintf(&b, "%s%s.\n\n    go run ./scripts/prove %s\n", strings.ToUpper(p.promise[:1]), p.promise[1:], p.name)
	for _, one := range runs {
		result, size := "proved", "in full"
		if one.Failed {
			result = "**not proved**"
		}
		if !one.Full {
			size = "small, as in make test"
		}
		fmt.Fprintf(&b, "\n%s%s, %s: %s in %.0f s on %d cores with %s.\n\n| | |\n|---|---|\n", title(one.Database), size,
			one.Began.Format(time.DateOnly), result, one.Seconds, runtime.NumCPU(), runtime.Version())
		for _, f := range one.Figures {
			fmt.Fprintf(&b, "| %s | %s |\n", cell(f.Name), cell(f.Value))
		}
	}
	r.sections[p.name] = strings.TrimSpace(b.String())
	return nil
}

func title(database string) string {
	switch database {
	case "postgres":
		return "PostgreSQL, "
	case "sqlite":
		return "SQLite, "
	}
	return "Run " // on no database
}

func cell(text string) string { return strings.NewReplacer("|", "\\|", "\n", " ").Replace(text) }

func (r *report) write(name string) error {
	var b strings.Builder
	b.WriteString(head)
	for _, p := range proofs() {
		if body := r.sections[p.name]; body != "" {
			fmt.Fprintf(&b, "\n## %s\n\n%s\n", p.name, body)
		}
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return os.WriteFile(name, []byte(b.String()), 0o644)
}
