package database_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"pai-notify/shared/database"
	"pai-notify/shared/database/databasetest"
)

func TestDatabaseOnPostgreSQL(t *testing.T) {
	t.Parallel()
	server := databasetest.Start(t)
	run(t, func(t *testing.T) string { t.Helper(); return server.Empty(t) })
	for name, test := range map[string]func(*testing.T, *databasetest.Server){
		"only a durable commit waits for the disk":                 durability,
		"a lost deadlock is run again":                             deadlock,
		"sixteen connections lose no update":                       sixteen,
		"a connection that died in a freeze is found and replaced": thaw,
		"an instance keeps one connection":                         oneConnection,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, server)
		})
	}
}

func setSecret(ctx context.Context, name, sealed string) func(*sql.Tx) error {
	return func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `insert into secret (name, sealed) values ($1, $2)
			on conflict (name) do update set sealed = excluded.sealed`, name, sealed)
		return err
	}
}

func secrets(t *testing.T, db *database.DB) (names []string) {
	t.Helper()
	if err := db.Read(t.Context(), func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(t.Context(), "select name from secret order by name")
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var name string
			if err := rows.Scan(&name); err != nil {
				return err
			}
			names = append(names, name)
		}
		return rows.Err()
	}); err != nil {
		t.Fatal(err)
	}
	return names
}

func superuser(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func durability(t *testing.T, server *databasetest.Server) {
	t.Helper()
	db := open(t, server.URL(t))
	for _, durable := range []bool{true, false, true, false} {
		var level string
		if err := db.Write(t.Context(), durable, func(tx *sql.Tx) error {
			return tx.QueryRowContext(t.Context(), "show synchronous_commit").Scan(&level)
		}); err != nil {
			t.Fatal(err)
		}
		if want := map[bool]string{true: "on", false: "off"}[durable]; level != want {
			t.Errorf("durable %v: synchronous_commit is %s, want %s", durable, level, want)
		}
	}
}

func TestPostgreSQLKeepsWhatWasDurableThroughACrash(t *testing.T) {
	t.Parallel()
	server := databasetest.Start(t)
	url := server.URL(t)
	admin := superuser(t, server.Admin(t, url))
	for _, statement := range []string{
		"alter system set wal_writer_delay = '10s'", // so that nothing but commits writes the log
		"select pg_reload_conf()",
	} {
		if _, err := admin.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	db := open(t, url)
	write := func(name string, durable bool) {
		t.Helper()
		if err := db.Write(t.Context(), durable, setSecret(t.Context(), name, "")); err != nil {
			t.Fatal(err)
		}
	}
	crash := func() {
		t.Helper()
		server.Kill(t)
		server.Restart(t)
	}
	write("1 before a durable one", false)
	write("2 durable", true)
	write("3 lost", false)
	crash()
	if got, want := secrets(t, db), []string{"1 before a durable one", "2 durable"}; !slices.Equal(got, want) {
		t.Errorf("after a crash: %q, want %q", got, want)
	}
	write("4 flushed", false)
	if err := db.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	write("5 lost", false)
	crash()
	if got, want := secrets(t, db), []string{"1 before a durable one", "2 durable", "4 flushed"}; !slices.Equal(got, want) {
		t.Errorf("after a flush and a crash: %q, want %q", got, want)
	}
}

// deadlock makes two transactions lock two rows in opposite orders.
func deadlock(t *testing.T, server *databasetest.Server) {
	t.Helper()
	url := server.URL(t)
	setup := open(t, url)
	for _, name := range []string{"a", "b"} {
		if err := setup.Write(t.Context(), true, setSecret(t.Context(), name, "")); err != nil {
			t.Fatal(err)
		}
	}
	var runs atomic.Int64
	var met sync.WaitGroup // both hold their first row
	met.Add(2)
	var wg sync.WaitGroup
	for _, order := range [][]string{{"a", "b"}, {"b", "a"}} {
		db := open(t, url)
		wg.Go(func() {
			first := true
			if err := db.Write(t.Context(), false, func(tx *sql.Tx) error {
				runs.Add(1)
				if err := setSecret(t.Context(), order[0], order[0])(tx); err != nil {
					return err
				}
				if first {
					first = false
					met.Done()
					met.Wait()
				}
				return setSecret(t.Context(), order[1], order[0])(tx)
			}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if runs.Load() < 3 { // more where the loser meets the winner again before that has ended
		t.Errorf("%d runs of two transactions, want at least 3: the loser runs again", runs.Load())
	}
}

func sixteen(t *testing.T, server *databasetest.Server) {
	t.Helper()
	const instances, rounds = 16, 50
	url := server.URL(t)
	ctx := t.Context()
	if err := open(t, url).Write(ctx, true, setSecret(ctx, "counter", "")); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range instances {
		db := open(t, url)
		wg.Go(func() {
			for round := range rounds {
				if err := db.Write(ctx, round%10 == 0, func(tx *sql.Tx) error {
					var have string
					err := tx.QueryRowContext(ctx, "select sealed from secret where name = 'counter'"+db.ForUpdate()).Scan(&have)
					if err != nil {
						return err
					}
					return setSecret(ctx, "counter", have+"x")(tx)
				}); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	var got string
	if err := open(t, url).Read(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, "select sealed from secret where name = 'counter'").Scan(&got)
	}); err != nil || len(got) != instances*rounds {
		t.Errorf("%d updates stand, %v, want %d", len(got), err, instances*rounds)
	}
}

func oneConnection(t *testing.T, server *databasetest.Server) {
	t.Helper()
	url := server.URL(t)
	db := open(t, url)
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			if err := db.Write(t.Context(), false, setSecret(t.Context(), fmt.Sprint(i), "")); err != nil {
				t.Error(err)
			}
			if _, err := db.Settings(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	var n int
	err := superuser(t, server.Admin(t, url)).QueryRow(t.Context(), `select count(*) from pg_stat_activity
		where datname = current_database() and application_name = 'pai-notify'`).Scan(&n)
	if err != nil || n != 1 {
		t.Errorf("%d connections of one instance, %v, want 1", n, err)
	}
}

func TestPostgreSQLMayRestartUnderAnInstance(t *testing.T) {
	t.Parallel()
	server := databasetest.Start(t)
	db := open(t, server.URL(t))
	for i, restart := range []func(testing.TB){
		func(tb testing.TB) { tb.Helper(); server.Restart(tb) },
		func(tb testing.TB) { tb.Helper(); server.Kill(tb); server.Restart(tb) },
	} {
		for name, use := range map[string]func() error{
			"Write":         func() error { return db.Write(t.Context(), false, setSecret(t.Context(), "x", "")) },
			"durable Write": func() error { return db.Write(t.Context(), true, setSecret(t.Context(), "x", "")) },
			"Flush":         func() error { return db.Flush(t.Context()) },
			"Read": func() error {
				return db.Read(t.Context(), func(tx *sql.Tx) error {
					var n int
					return tx.QueryRowContext(t.Context(), "select count(*) from secret").Scan(&n)
				})
			},
		} {
			if err := use(); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			restart(t)
			if err := use(); err != nil { // at once, without an idle second
				t.Errorf("%s after restart %d: %v", name, i, err)
			}
		}
	}
	server.Stop(t)
	var reach *database.ReachError
	if err := db.Flush(t.Context()); !errors.As(err, &reach) {
		t.Errorf("Write without a server = %v, want that it is out of reach", err)
	}
	if err := db.Read(t.Context(), func(*sql.Tx) error { return nil }); !errors.As(err, &reach) {
		t.Errorf("Read without a server = %v, want that it is out of reach", err)
	}
	server.Restart(t)
	if err := db.Flush(t.Context()); err != nil {
		t.Errorf("Write when it is back: %v", err)
	}
}

func TestATransactionCutOffIsRunAgainOnlyWhereItCannotHaveBeenCommitted(t *testing.T) {
	t.Parallel()
	server := databasetest.Start(t)
	db := open(t, server.URL(t))
	runs := 0
	if err := db.Write(t.Context(), true, func(tx *sql.Tx) error {
		if runs++; runs == 1 {
			if err := setSecret(t.Context(), "first run", "")(tx); err != nil {
				return err
			}
			server.Restart(t)
		}
		return setSecret(t.Context(), "last run", "")(tx)
	}); err != nil {
		t.Fatal(err)
	}
	if got := secrets(t, db); runs != 2 || !slices.Equal(got, []string{"last run"}) {
		t.Errorf("%d runs wrote %q, want that the second wrote all", runs, got)
	}
	// Where the end comes between the last statement and the commit, nobody knows, and the caller is told.
	runs = 0
	if err := db.Write(t.Context(), true, func(tx *sql.Tx) error {
		runs++
		err := setSecret(t.Context(), "unsure", "")(tx)
		server.Restart(t)
		return err
	}); err == nil || runs != 1 {
		t.Errorf("%d runs, %v, want one and an error", runs, err)
	}
}

// thaw lets a connection die without a word, as one does whose instance was frozen for long: what is sent into it is
// lost, and nothing comes back.
func thaw(t *testing.T, server *databasetest.Server) {
	t.Helper()
	url := server.URL(t)
	config, err := pgx.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	address := net.JoinHostPort(config.Host, fmt.Sprint(config.Port))
	p := newPipe(t, address)
	db := open(t, strings.Replace(url, address, p.Addr().String(), 1))
	write := func() error { return db.Write(t.Context(), false, setSecret(t.Context(), "x", "")) }
	if err := write(); err != nil {
		t.Fatal(err)
	}
	p.cut()
	idle, cancel := context.WithTimeout(t.Context(), 1100*time.Millisecond) // the promise is of an idle second
	defer cancel()
	<-idle.Done()
	begin := time.Now()
	if err := write(); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("the dead connection held a write up for %v", took)
	} else {
		t.Logf("a dead connection was replaced within %v", took)
	}
}
