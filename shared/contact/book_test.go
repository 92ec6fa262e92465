package contact_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"pai-notify/shared/contact"
	"pai-notify/shared/database"
	"pai-notify/shared/database/databasetest"
	"pai-notify/shared/database/migrate"
	"pai-notify/shared/fault"
)

// promises of the book, each on its own database; open gives further handles on it, as other instances have.
func promises() map[string]func(t *testing.T, open func() *contact.Book, clock *clock) {
	return map[string]func(*testing.T, func() *contact.Book, *clock){
		"a contact is kept as it was written, but normal": testKeeping,
		"ids come from names":                             testIDs,
		"one PAI user is one contact":                     testOwners,
		"test messages of a day are limited":              testTests,
		"lists are searched in pages":                     testLists,
		"ten thousand contacts are quick":                 testTenThousand,
		"an import is whole or nothing":                   testImport,
		"an import may hand PAI users on":                 testHandingOn,
	}
}

func TestBookOnSQLite(t *testing.T) {
	t.Parallel()
	onEach(t, sqlite)
}

func TestBookOnPostgreSQL(t *testing.T) {
	t.Parallel()
	server := databasetest.Start(t)
	onEach(t, func(t *testing.T) string { t.Helper(); return server.URL(t) })
}

func onEach(t *testing.T, url func(t *testing.T) string) {
	t.Helper()
	for name, do := range promises() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address, c := url(t), &clock{now: time.UnixMilli(1_800_000_000_000).UTC()}
			do(t, func() *contact.Book { return contact.New(openDB(t, address), c.Now) }, c)
		})
	}
}

func sqlite(t *testing.T) string {
	t.Helper()
	url := "sqlite:" + filepath.Join(t.TempDir(), "pai.db")
	if _, err := migrate.Up(t.Context(), openDB(t, url)); err != nil {
		t.Fatal(err)
	}
	return url
}

func openDB(tb testing.TB, url string) *database.DB {
	tb.Helper()
	db, err := database.Open(tb.Context(), url)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = db.Close() })
	return db
}

// clock is moved by a test.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

func faults(err error) []fault.Fault {
	var found smithy.InvalidParamsError
	if errors.As(err, &found) {
		return fault.List(found)
	}
	return nil
}

func alice() contact.Contact {
	return contact.Contact{
		ID: "alice", Name: "Alice Chen", Phone: "138 0013 8000", Email: "alice@Example.COM", Language: "zh", Zone: "Asia/Shanghai",
		DingTalk: "13800138000", WeCom: "AliceChen", Lark: "ou_123", PAIUser: "200000000000000001", Note: "night shift",
	}
}

func testKeeping(t *testing.T, open func() *contact.Book, clock *clock) {
	t.Helper()
	b, ctx := open(), t.Context()
	want := alice()
	want.Phone, want.Email, want.Created, want.Updated = "+8613800138000", "alice@example.com", clock.Now(), clock.Now()
	made, err := b.Create(ctx, alice())
	if diff := cmp.Diff(want, made, cmpopts.IgnoreFields(contact.Contact{}, "Revision")); err != nil || diff != "" {
		t.Fatalf("%v (-want +got):\n%s", err, diff)
	}
	got, err := open().Get(ctx, "alice", "nobody", "", "alice")
	if diff := cmp.Diff(map[string]contact.Contact{"alice": made}, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if got, err := b.OfOwners(ctx, "200000000000000001", "bob"); err != nil || got["200000000000000001"].ID != "alice" || len(got) != 1 {
		t.Errorf("owners are %v, %v", got, err)
	}
	if got, err := b.Get(ctx); err != nil || len(got) != 0 {
		t.Errorf("no ids give %v, %v", got, err)
	}
	clock.advance(time.Minute)
	changed := made
	changed.Phone = "+14155552671"
	saved, err := b.Replace(ctx, changed, made.Revision)
	if err != nil || saved.Phone != "+14155552671" || saved.Revision <= made.Revision || saved.Created != made.Created ||
		saved.Updated != clock.Now() {
		t.Errorf("replaced: %+v, %v", saved, err)
	}
	again, err := b.Replace(ctx, saved, saved.Revision)
	if err != nil || again.Revision != saved.Revision {
		t.Errorf("the same again has revision %d, %v; want %d", again.Revision, err, saved.Revision)
	}
	if _, err := b.Replace(ctx, changed, made.Revision); code(err) != contact.CodeChanged {
		t.Errorf("an old revision: %v", err)
	}
	if err := b.Delete(ctx, "alice", made.Revision); code(err) != contact.CodeChanged {
		t.Errorf("deleting an old revision: %v", err)
	}
	if err := b.Delete(ctx, "alice", saved.Revision); err != nil {
		t.Fatal(err)
	}
	if n, err := b.Count(ctx); n != 0 || err != nil {
		t.Errorf("%d contacts are left, %v", n, err)
	}
	for what, err := range map[string]error{"delete": b.Delete(ctx, "alice", 0), "replace": second(b.Replace(ctx, alice(), 0))} {
		if code(err) != contact.CodeNotFound {
			t.Errorf("%s of what is not there: %v", what, err)
		}
	}
	anew, err := b.Create(ctx, alice())
	if err != nil || anew.Revision <= saved.Revision {
		t.Errorf("a contact made anew has revision %d, %v; one used before would hide the change", anew.Revision, err)
	}
}

func second[T any](_ T, err error) error { return err }

func testIDs(t *testing.T, open func() *contact.Book, _ *clock) {
	t.Helper()
	b := open()
	for _, c := range []struct{ name, want string }{
		{"Alice Chen", "alice-chen"}, {"Alice  CHEN.", "alice-chen-2"}, {"王伟 Wang Wei", "wang-wei"}, {"王伟", "contact-"},
		{"王伟", "contact-"}, {"13800138000", "contact-"}, {"OpenAPI", "contact-"}, {"O'Neill", "oneill"}, {strings.Repeat("x", 64), strings.Repeat("x", 48)},
	} {
		made, err := b.Create(t.Context(), contact.Contact{Name: c.name})
		if random, found := strings.CutPrefix(made.ID, "contact-"); found && len(random) == 5 {
			made.ID = "contact-"
		}
		if err != nil || made.ID != c.want {
			t.Errorf("%q gets id %q, %v; want %q", c.name, made.ID, err, c.want)
		}
	}
	if _, err := b.Create(t.Context(), contact.Contact{ID: "wang-wei", Name: "X"}); code(err) != contact.CodeExists {
		t.Errorf("a taken id: %v", err)
	}
}

func testOwners(t *testing.T, open func() *contact.Book, _ *clock) {
	t.Helper()
	b, ctx := open(), t.Context()
	if _, err := b.Create(ctx, alice()); err != nil {
		t.Fatal(err)
	}
	other := contact.Contact{ID: "bob", Name: "Bob", PAIUser: alice().PAIUser}
	_, err := b.Create(ctx, other)
	want := []fault.Fault{{Path: "paiUser", Text: `is contact "alice" already; one PAI user is one contact`,
		ZH: `已是联系人 "alice"，一个 PAI 用户只对应一位联系人`}}
	if diff := cmp.Diff(want, faults(err)); diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	var wg sync.WaitGroup
	errs := make(chan error, 8)
	for i := range 8 {
		b := open()
		wg.Go(func() {
			_, err := b.Create(ctx, contact.Contact{ID: fmt.Sprint("x", i), Name: "X", PAIUser: "bob"})
			errs <- err
		})
	}
	wg.Wait()
	made := 0
	for range 8 {
		if err := <-errs; err == nil {
			made++
		} else if len(faults(err)) != 1 {
			t.Errorf("of many at once: %v", err)
		}
	}
	if made != 1 {
		t.Errorf("%d contacts are bob, want 1", made)
	}
}

func testTests(t *testing.T, open func() *contact.Book, clock *clock) {
	t.Helper()
	b := open()
	if _, err := b.Create(t.Context(), alice()); err != nil {
		t.Fatal(err)
	}
	test := func(id string, want time.Duration) int64 {
		t.Helper()
		ticket, wait, err := b.Test(t.Context(), id)
		if err != nil || wait != want {
			t.Errorf("a test of %s waits %s, %v; want %s", id, wait, err, want)
		}
		return ticket
	}
	for range contact.MaxTests - 1 {
		test("alice", 0)
		clock.advance(time.Hour)
	}
	if err := b.Untest(t.Context(), test("alice", 0)); err != nil {
		t.Error(err)
	}
	test("alice", 0)
	test("alice", 20*time.Hour) // until the first is a day old
	test("bob", 0)
	clock.advance(20 * time.Hour)
	test("alice", 0)
	test("alice", time.Hour)
}

func testLists(t *testing.T, open func() *contact.Book, _ *clock) {
	t.Helper()
	b, ctx := open(), t.Context()
	for i := range 7 {
		c := contact.Contact{ID: fmt.Sprint("c", 9-i), Name: fmt.Sprintf("User %d", i/2), Phone: fmt.Sprintf("1380013800%d", i),
			Email: fmt.Sprintf("u%d@example.com", i), Note: "50%_off", PAIUser: fmt.Sprint("Pai", i)}
		if _, err := b.Create(ctx, c); err != nil {
			t.Fatal(err)
		}
	}
	find := func(q contact.Query) string {
		t.Helper()
		var ids []string
		for cursor := ""; ; {
			list, next, err := b.List(ctx, q, cursor, 2)
			if err != nil || len(list) > 2 {
				t.Fatalf("%d contacts, %v", len(list), err)
			}
			for _, c := range list {
				ids = append(ids, c.ID)
			}
			if cursor = next; cursor == "" {
				return strings.Join(ids, " ")
			}
		}
	}
	for _, c := range []struct {
		text      string
		addresses bool
		want      string
	}{
		{"", false, "c8 c9 c6 c7 c4 c5 c3"},
		{"USER 1", false, "c8 c6 c7"}, // and pai1
		{"pai6", false, "c3"},
		{"0013 8003", true, "c6"},
		{"0013", false, ""},
		{"u3@EXAMPLE", true, "c6"},
		{"@example", false, ""},
		{"50%_", true, "c8 c9 c6 c7 c4 c5 c3"},
		{"5_%", true, ""},
		{`\`, true, ""},
		{"' or 1=1 --", true, ""},
		{"nobody", true, ""},
	} {
		if got := find(contact.Query{Text: c.text, Addresses: c.addresses}); got != c.want {
			t.Errorf("%q (addresses %v) finds %q, want %q", c.text, c.addresses, got, c.want)
		}
	}
	for _, cursor := range []string{"x", "eA", "YQpiCmM", strings.Repeat("A", 300)} {
		if _, _, err := b.List(ctx, contact.Query{}, cursor, 2); !errors.Is(err, contact.ErrCursor) {
			t.Errorf("cursor %q: %v", cursor, err)
		}
	}
}

func testTenThousand(t *testing.T, open func() *contact.Book, _ *clock) {
	t.Helper()
	b, ctx := open(), t.Context()
	n := contact.MaxLines
	if raced() {
		n /= 10 // SQLite in Go takes forty times as long
	}
	var file strings.Builder
	file.WriteString("id,name,phone,email,paiUser\n")
	for i := range n {
		fmt.Fprintf(&file, "c-%d,用户 %05d,138%08d,u%d@example.com,%d\n", i, i, i, i, 200000000000000000+i)
	}
	const limit = time.Minute // where others keep the machine busy; see the log for what it takes
	step := func(what string, do func() error) {
		t.Helper()
		start := time.Now()
		err := do()
		if took := time.Since(start); err != nil || took > limit {
			t.Errorf("%s took %s, want at most %s: %v", what, took, limit, err)
		} else {
			t.Logf("%s: %s", what, took.Round(10*time.Microsecond))
		}
	}
	var sheet *contact.Sheet
	step("read the file", func() error { sheet = contact.ReadCSV([]byte(file.String())); return nil })
	for _, want := range []contact.Imported{{Written: true, Created: n}, {Written: true, Unchanged: n}} {
		step("import it", func() error {
			got, err := b.Import(ctx, sheet, contact.Import{})
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			return err
		})
	}
	step("look 100 up", func() error {
		ids := make([]string, 100)
		for i := range ids {
			ids[i] = fmt.Sprint("c-", i*n/100)
		}
		got, err := b.Get(ctx, ids...)
		if len(got) != 100 {
			t.Errorf("%d found", len(got))
		}
		return err
	})
	step("a page in the middle", func() error {
		list, next, err := b.List(ctx, contact.Query{}, "", n/2)
		if err == nil && len(list) == n/2 {
			list, _, err = b.List(ctx, contact.Query{}, next, 50)
		}
		if len(list) != 50 || list[0].ID != fmt.Sprint("c-", n/2) {
			t.Errorf("the page has %d contacts", len(list))
		}
		return err
	})
	step("search for a number", func() error {
		list, _, err := b.List(ctx, contact.Query{Text: fmt.Sprintf("138%08d", n-1), Addresses: true}, "", 50)
		if len(list) != 1 {
			t.Errorf("%d found", len(list))
		}
		return err
	})
	step("search for nobody", func() error {
		list, _, err := b.List(ctx, contact.Query{Text: "no such one", Addresses: true}, "", 50)
		if len(list) != 0 {
			t.Errorf("%d found", len(list))
		}
		return err
	})
	step("add one", func() error { return second(b.Create(ctx, contact.Contact{Name: "用户 x"})) })
}

// raced says whether the test was built with -race.
func raced() bool {
	info, _ := debug.ReadBuildInfo()
	return info != nil && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}
