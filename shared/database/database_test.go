package database_test

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"pai-notify/shared/database"
	"pai-notify/shared/database/migrate"
)

func open(t *testing.T, url string) *database.DB {
	t.Helper()
	db, err := database.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// source gives the URL of an empty database, each time another.
type source func(t *testing.T) (url string)

func sqlite(t *testing.T) string {
	t.Helper()
	return "sqlite:" + filepath.Join(t.TempDir(), "new folder", "pai notify?#%.db")
}

// migrated opens a database that has the schema.
func (s source) migrated(t *testing.T) (*database.DB, string) {
	t.Helper()
	url := s(t)
	db := open(t, url)
	if _, err := migrate.Up(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	return db, url
}

func TestDatabaseOnSQLite(t *testing.T) {
	t.Parallel()
	run(t, sqlite)
}

// run runs the tests that every database passes.
func run(t *testing.T, s source) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, source){
		"a schema that is missing or old is told with advice":    version,
		"migrating at once from several handles is harmless":     migrating,
		"settings have defaults and are seen by other instances": settings,
		"what fails or panics is rolled back":                    rollBack,
		"a read sees one state":                                  snapshot,
		"a lock lets one holder in at a time":                    lock,
		"a lock is free soon after its holder died":              deadHolder,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, s)
		})
	}
}

func TestOpenRefusesWhatIsNoDatabase(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"":                                    "neither",
		"mysql://root@localhost":              "neither",
		"sqlite:":                             "names no file",
		"sqlite:/dev/null/below.db":           "folder",
		"postgres://user:SECRET@host:no/name": "invalid port",
		"postgres://user:SEC%zzRET@host/name": "percent-encoded",
	} {
		_, err := database.Open(t.Context(), url)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Open(%q) = %v, want %q", url, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "SECRET") {
			t.Errorf("Open(%q) tells the password: %v", url, err)
		}
	}
}

func version(t *testing.T, s source) {
	t.Helper()
	db := open(t, s(t))
	if err := db.CheckVersion(t.Context()); err == nil || !strings.Contains(err.Error(), "run the set-up") {
		t.Errorf("CheckVersion of an empty database = %v", err)
	}
	first, err := migrate.Up(t.Context(), db)
	if err != nil || first == 0 {
		t.Fatalf("Up = %d, %v", first, err)
	}
	if again, err := migrate.Up(t.Context(), db); err != nil || again != 0 {
		t.Errorf("Up again = %d, %v, want nothing done", again, err)
	}
	if err := db.CheckVersion(t.Context()); err != nil {
		t.Error(err)
	}
}

func migrating(t *testing.T, s source) {
	t.Helper()
	url := s(t)
	var wg sync.WaitGroup
	for range 8 {
		db := open(t, url)
		wg.Go(func() {
			if _, err := migrate.Up(t.Context(), db); err != nil {
				t.Error(err)
			}
			if err := db.CheckVersion(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func settings(t *testing.T, s source) {
	t.Helper()
	db, url := s.migrated(t)
	got, err := db.Settings(t.Context())
	if err != nil || !reflect.DeepEqual(got, database.DefaultSettings()) {
		t.Fatalf("Settings = %+v, %v, want the defaults", got, err)
	}
	want := database.Settings{
		Language: "en", Zone: "Europe/Berlin", ConsoleHost: "c.example", CatalogOverride: "a: 1", Paused: true,
		Channels:       map[string]map[string]string{"sms": {"signName": "PAI"}},
		ChannelRegions: map[string][]string{"sms": {"mainland"}, "voice": {}},
	}
	if err := db.SaveSettings(t.Context(), want); err != nil {
		t.Fatal(err)
	}
	for name, other := range map[string]*database.DB{"the same": db, "another": open(t, url)} {
		if got, err := other.Settings(t.Context()); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s instance: Settings = %+v, %v", name, got, err)
		}
	}
}

func rollBack(t *testing.T, s source) {
	t.Helper()
	db, _ := s.migrated(t)
	fault := errors.New("no")
	insert := func(tx *sql.Tx) error {
		_, err := tx.ExecContext(t.Context(), "insert into secret (name, sealed) values ($2, $1)", "sealed", "name")
		return err
	}
	err := db.Write(t.Context(), true, func(tx *sql.Tx) error { return errors.Join(insert(tx), fault) })
	if !errors.Is(err, fault) {
		t.Errorf("Write = %v, want what its function said", err)
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		_ = db.Write(t.Context(), false, func(tx *sql.Tx) error {
			if err := insert(tx); err != nil {
				t.Error(err)
			}
			panic("no")
		})
	}()
	count := func() (n int) {
		if err := db.Read(t.Context(), func(tx *sql.Tx) error {
			return tx.QueryRowContext(t.Context(), "select count(*) from secret where sealed = $1", "sealed").Scan(&n)
		}); err != nil {
			t.Error(err)
		}
		return n
	}
	if n := count(); n != 0 {
		t.Errorf("%d rows are left of transactions that failed", n)
	}
	if err := db.Write(t.Context(), false, insert); err != nil {
		t.Error(err)
	}
	if n := count(); n != 1 {
		t.Errorf("%d rows after a transaction that succeeded, want 1", n)
	}
	if err := db.Flush(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestWriteGivesUpWaitingWithItsContext(t *testing.T) {
	t.Parallel()
	db, url := source(sqlite).migrated(t)
	other := open(t, url)
	holds, release := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := other.Write(t.Context(), false, func(*sql.Tx) error {
			close(holds)
			<-release
			return nil
		}); err != nil {
			t.Error(err)
		}
	})
	<-holds
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := db.Flush(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Write beside another process = %v, want its context's end", err)
	}
	close(release)
	wg.Wait()
	if err := db.Flush(t.Context()); err != nil {
		t.Errorf("Write after that: %v", err)
	}
}

// snapshot reads, writes elsewhere, and reads again.
func snapshot(t *testing.T, s source) {
	t.Helper()
	db, url := s.migrated(t)
	other := open(t, url)
	count := func(tx *sql.Tx) (n int) {
		if err := tx.QueryRowContext(t.Context(), "select count(*) from secret").Scan(&n); err != nil {
			t.Error(err)
		}
		return n
	}
	if err := db.Read(t.Context(), func(tx *sql.Tx) error {
		before := count(tx)
		if err := other.Write(t.Context(), false, func(tx *sql.Tx) error {
			_, err := tx.ExecContext(t.Context(), "insert into secret (name, sealed) values ('new', '')")
			return err
		}); err != nil {
			t.Error(err)
		}
		if after := count(tx); after != before {
			t.Errorf("%d rows, then %d in the same transaction", before, after)
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
	if err := db.Read(t.Context(), func(tx *sql.Tx) error {
		if n := count(tx); n != 1 {
			t.Errorf("%d rows afterwards, want the one written", n)
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
}

func lock(t *testing.T, s source) {
	t.Helper()
	db, url := s.migrated(t)
	var wg sync.WaitGroup
	inside, most := 0, 0
	var mu sync.Mutex
	count := func(by int) {
		mu.Lock()
		defer mu.Unlock()
		inside += by
		most = max(most, inside)
	}
	for range 4 {
		for _, d := range []*database.DB{db, open(t, url)} {
			wg.Go(func() {
				ctx, unlock, err := d.Lock(t.Context(), "rule")
				if err != nil {
					t.Error(err)
					return
				}
				count(1)
				if err := d.Flush(ctx); err != nil {
					t.Error(err)
				}
				count(-1)
				unlock()
			})
		}
	}
	wg.Wait()
	if most != 1 {
		t.Errorf("%d holders at once", most)
	}
}

func deadHolder(t *testing.T, s source) {
	t.Helper()
	db, _ := s.migrated(t)
	// What a dead process leaves behind: a lease that nobody renews.
	if err := db.Write(t.Context(), false, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(t.Context(), "insert into lease (key, holder, until) values ('lock rule', 'dead', $1)",
			time.Now().Add(300*time.Millisecond).UnixMilli())
		return err
	}); err != nil {
		t.Fatal(err)
	}
	short, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, _, err := db.Lock(short, "rule"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Lock while the lease runs = %v", err)
	}
	ctx, unlock, err := db.Lock(t.Context(), "rule")
	if err != nil {
		t.Fatal(err)
	}
	if ctx.Err() != nil {
		t.Error("the lock is lost at once")
	}
	unlock()
	if ctx.Err() == nil {
		t.Error("the lock's context outlives it")
	}
}
