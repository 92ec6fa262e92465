package story

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"pai-notify/shared/database/databasetest"
)

// How proofs run: small in make test, in full in make prove, which is scripts/prove.
var (
	full      = flag.Bool("full", false, "run the proofs at the size that make prove promises")
	databases = flag.String("databases", "sqlite,postgres", "what the proofs run on")
	figures   = flag.String("figures", "", "file to which each proof adds its figures as a line of JSON")
)

// proof is one run of a proof on one database. What it measures it keeps with [proof.figure].
type proof struct {
	*testing.T
	on     string               // sqlite or postgres
	server *databasetest.Server // of PostgreSQL; else nil
	cloud  *cloud               // where a proof shares it
	found  []figure
}

// figure is something that was counted or timed.
type figure struct{ Name, Value string }

// run is a line of the figures file.
type run struct {
	Proof, Database string
	Full, Failed    bool
	Began           time.Time
	Seconds         float64
	Figures         []figure
}

// prove runs a proof, in make test on SQLite alone.
func prove(t *testing.T, do func(p *proof)) {
	t.Helper()
	on := *databases
	if !*full && strings.Contains(on, "sqlite") {
		on = "sqlite"
	}
	proveOn(t, on, do)
}

// proveOnEach runs a proof of what a database's own process, locks or connections decide, on each that is asked for.
func proveOnEach(t *testing.T, do func(p *proof)) {
	t.Helper()
	proveOn(t, *databases, do)
}

func proveOn(t *testing.T, databases string, do func(p *proof)) {
	t.Helper()
	for _, on := range strings.Split(databases, ",") {
		t.Run(on, func(t *testing.T) {
			t.Parallel()
			p := &proof{T: t, on: on}
			began := time.Now()
			t.Cleanup(func() { p.keep(began) })
			switch on {
			case "postgres":
				p.withServer()
			case "sqlite":
			default:
				t.Fatalf("-databases: %q is neither sqlite nor postgres", on)
			}
			do(p)
		})
	}
}

// withServer starts the proof's own PostgreSQL.
func (p *proof) withServer() {
	p.Helper()
	p.server = databasetest.Start(p.T)
}

// size is how much of something a proof uses.
func size(small, whole int) int {
	if *full {
		return whole
	}
	return small
}

// start runs a local cloud on the proof's database.
func (p *proof) start(speed float64, environment ...string) *cloud {
	p.Helper()
	return startWith(p.T, speed, func(c *cloud) {
		c.environment = environment
		if p.server != nil {
			c.database = p.server.Empty(p.T)
		}
	})
}

// figure keeps a value, shown as %v does and durations to the millisecond.
func (p *proof) figure(name string, value any) {
	p.Helper()
	if d, ok := value.(time.Duration); ok {
		value = d.Round(time.Millisecond)
	}
	p.found = append(p.found, figure{name, fmt.Sprint(value)})
	p.Logf("%s: %v", name, value)
}

// want keeps a count and fails where it is another than it must be.
func (p *proof) want(name string, got, want int) {
	p.Helper()
	p.figure(name, got)
	if got != want {
		p.Errorf("%s: %d, want %d", name, got, want)
	}
}

// atMost keeps a value. At full size, with nothing else on the machine, it fails where that is over a limit; among other
// tests it would measure them.
func (p *proof) atMost(name string, got, limit time.Duration) {
	p.Helper()
	p.figure(name, got)
	if *full && got > limit {
		p.Errorf("%s: %s, want at most %s", name, got, limit)
	}
}

func (p *proof) keep(began time.Time) {
	if *figures == "" {
		return
	}
	name, _, _ := strings.Cut(p.Name(), "/")
	line, err := json.Marshal(run{
		Proof: name, Database: p.on, Full: *full, Failed: p.Failed(), Began: began.UTC(), Seconds: time.Since(began).Seconds(),
		Figures: p.found,
	})
	if err != nil {
		p.Error(err)
		return
	}
	file, err := os.OpenFile(*figures, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		p.Error(err)
		return
	}
	if _, err := file.Write(append(line, '\n')); err != nil {
		p.Error(err)
	}
	if err := file.Close(); err != nil {
		p.Error(err)
	}
}

// quantile is the value that a part of the list does not exceed; 1 gives the largest.
func quantile(list []time.Duration, part float64) time.Duration {
	if len(list) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(list))
	return sorted[min(len(sorted)-1, int(part*float64(len(sorted))))]
}
