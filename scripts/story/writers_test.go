package story

import (
	"context"
	cryptorand "crypto/rand"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"pai-notify/shared/channel"
	"pai-notify/shared/database"
	"pai-notify/shared/database/migrate"
	"pai-notify/shared/ledger"
	"pai-notify/shared/seal"
)

// What makes this test binary a process that writes to a ledger, as an instance of a delivery function does.
const (
	writerURL  = "STORY_WRITER_URL"
	writerKeys = "STORY_WRITER_KEYS"
	writerTime = "STORY_WRITER_SECONDS"
	writerName = "STORY_WRITER_NAME"
)

// written is what a writer says in the end.
type written struct {
	Claims, Claimed, Recorded int // calls, deliveries that were its own, attempts
	Slowest                   time.Duration
	Median                    time.Duration
}

func write(url, keys, seconds, name string) error {
	ctx := context.Background()
	set, err := seal.ParseKeys(keys)
	if err != nil {
		return err
	}
	db, err := database.Open(ctx, url)
	if err != nil {
		return err
	}
	length, err := strconv.Atoi(seconds)
	if err != nil {
		return err
	}
	l := ledger.New(db, set, time.Now)
	terms := ledger.Terms{Lease: 45 * time.Second, Patience: 2 * time.Second}
	if err := db.CheckVersion(ctx); err != nil { // the first use is a start, no claim
		return err
	}
	var w written
	var took []time.Duration
	for end, n := time.Now().Add(time.Duration(length)*time.Second), 0; time.Now().Before(end); n++ {
		// Each event is for a few of twenty receivers, in any order, and every third was seen by others as well.
		var entries []ledger.Entry
		event := fmt.Sprint(name, "-", n)
		if n%3 == 0 {
			event = fmt.Sprint("shared-", n)
		}
		for _, to := range rand.Perm(20)[:1+rand.IntN(4)] {
			entries = append(entries, ledger.Entry{EventSource: "acs.paidlc", EventID: event, Bus: "b", Rule: fmt.Sprint("r", to), Target: "t",
				Channel: "webhook", Address: fmt.Sprint("webhook ", to), Sealed: []byte("{}"), Event: []byte(`{"id":"x"}`)})
		}
		began := time.Now()
		got, err := l.Claim(ctx, terms, entries)
		if err != nil {
			return fmt.Errorf("claim %d: %w", n, err)
		}
		took = append(took, time.Since(began))
		w.Claims++
		var results []ledger.Result
		for _, d := range got {
			if d.State != ledger.Claimed || d.Start.IsZero() {
				continue
			}
			w.Claimed++
			class := channel.Delivered
			if n%5 == 0 {
				class = channel.Rejected // durable
			}
			a := ledger.Attempt{At: time.Now(), Outcome: channel.Outcome{Class: class}}
			results = append(results, ledger.Result{Delivery: d, Attempts: []ledger.Attempt{a}})
		}
		if len(results) == 0 {
			continue
		}
		if _, err := l.Record(ctx, results); err != nil {
			return fmt.Errorf("record %d: %w", n, err)
		}
		w.Recorded += len(results)
	}
	w.Slowest, w.Median = quantile(took, 1), quantile(took, 0.5)
	return errors.Join(json.NewEncoder(os.Stdout).Encode(w), db.Close())
}

func TestManyProcessesWriteOneLedgerWithoutWaitingLongOrLosingAnUpdate(t *testing.T) {
	t.Parallel()
	proveOnEach(t, func(p *proof) {
		processes, url := 4, "sqlite:"+p.TempDir()+"/ledger.db"
		if p.server != nil {
			processes, url = 16, p.server.Empty(p.T)
		}
		ctx := p.Context()
		db, err := database.Open(ctx, url)
		if err != nil {
			p.Fatal(err)
		}
		defer db.Close()
		if _, err := migrate.Up(ctx, db); err != nil {
			p.Fatal(err)
		}
		keys, err := seal.NewKey(cryptorand.Reader)
		if err != nil {
			p.Fatal(err)
		}
		commands := make([]*exec.Cmd, processes)
		outputs := make([]*json.Decoder, processes)
		for i := range commands {
			cmd := exec.CommandContext(ctx, os.Args[0])
			cmd.Env = append(os.Environ(), writerURL+"="+url, writerKeys+"="+keys, writerTime+"="+fmt.Sprint(size(4, 30)), writerName+"="+fmt.Sprint("w", i))
			cmd.Stderr = os.Stderr
			out, err := cmd.StdoutPipe()
			if err != nil {
				p.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				p.Fatal(err)
			}
			commands[i], outputs[i] = cmd, json.NewDecoder(out)
		}
		var sum written
		failed := 0
		for i, cmd := range commands {
			var w written
			if err := errors.Join(outputs[i].Decode(&w), cmd.Wait()); err != nil {
				failed++
				p.Errorf("process %d: %v", i, err)
			}
			sum.Claims, sum.Claimed, sum.Recorded = sum.Claims+w.Claims, sum.Claimed+w.Claimed, sum.Recorded+w.Recorded
			sum.Slowest, sum.Median = max(sum.Slowest, w.Slowest), max(sum.Median, w.Median)
		}
		p.figure("processes", processes)
		p.figure("claims", sum.Claims)
		p.want("processes with an error", failed, 0)
		p.figure("median claim of the slowest process", sum.Median)
		limit := 500 * time.Millisecond
		if p.server != nil || !*full {
			limit = 5 * time.Second // sixteen processes, or other tests, have the same cores; what counts is that none fails
		}
		p.atMost("slowest claim", sum.Slowest, limit)
		var attempts, open int
		if err := db.Read(ctx, func(tx *sql.Tx) error {
			return tx.QueryRowContext(ctx, `select (select count(*) from attempt),
				(select count(*) from delivery where state in ('claimed', 'waiting'))`).Scan(&attempts, &open)
		}); err != nil {
			p.Fatal(err)
		}
		p.want("updates lost", sum.Recorded-attempts, 0)
		p.want("deliveries claimed by two", sum.Claimed-attempts, 0)
		p.want("deliveries left open", open, 0)
		if p.server != nil {
			p.want("deadlocks", p.deadlocks(url), 0)
		}
	})
}

// deadlocks is how many PostgreSQL has broken.
func (p *proof) deadlocks(url string) (n int) {
	p.Helper()
	db, err := database.Open(p.Context(), p.server.Admin(p.T, url))
	if err != nil {
		p.Fatal(err)
	}
	defer db.Close()
	if err := db.Read(p.Context(), func(tx *sql.Tx) error {
		return tx.QueryRowContext(p.Context(), "select deadlocks from pg_stat_database where datname = current_database()").Scan(&n)
	}); err != nil {
		p.Fatal(err)
	}
	return n
}
