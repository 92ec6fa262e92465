package access_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"pai-notify/shared/access"
	"pai-notify/shared/database"
	"pai-notify/shared/database/migrate"
)

func open(t *testing.T, path string) *database.DB {
	t.Helper()
	db, err := database.Open(t.Context(), "sqlite:"+path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// fresh is a deployment without tables, its bootstrap token, and the path of its database.
func fresh(t *testing.T) (access.Bootstrap, string, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pai.db")
	token, hash := access.NewToken()
	keys := &access.Keys{DB: open(t, path), Now: time.Now, Log: slog.New(slog.DiscardHandler)}
	return access.Bootstrap{Keys: keys, Hash: hash}, token, path
}

func opened(t *testing.T) (access.Bootstrap, string, string) {
	t.Helper()
	b, token, path := fresh(t)
	if _, err := migrate.Up(t.Context(), b.Keys.DB); err != nil {
		t.Fatal(err)
	}
	return b, token, path
}

func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

func TestOnlyTheBootstrapTokenOpensAFreshDeployment(t *testing.T) {
	t.Parallel()
	b, token, _ := fresh(t)
	caller, err := b.Authenticate(t.Context(), token)
	if err != nil || caller.Role != access.Opener || caller.May(access.Viewer) {
		t.Errorf("the token is %+v, %v; want an opener, who may nothing but set up", caller, err)
	}
	for _, wrong := range []string{"", token + "x", token[1:], b.Hash, strings.ToUpper(token)} {
		if _, err := b.Authenticate(t.Context(), wrong); code(err) != "Unauthenticated" {
			t.Errorf("token %q: %v", wrong, err)
		}
	}
	key := "pnk_abcdefghij_" + strings.Repeat("a", 52)
	if _, err := b.Keys.Authenticate(t.Context(), key); code(err) != "Unauthenticated" {
		t.Errorf("a key before there are tables: %v, want Unauthenticated", err)
	}
	if _, err := (access.Bootstrap{Keys: b.Keys}).Authenticate(t.Context(), ""); code(err) != "Unauthenticated" {
		t.Errorf("without a hash the empty token is let in: %v", err)
	}
}

func TestTheFirstKeyIsAnAdminsAndEndsTheToken(t *testing.T) {
	t.Parallel()
	b, token, path := opened(t)
	key, err := b.Redeem(t.Context(), "2000")
	if err != nil {
		t.Fatal(err)
	}
	caller, err := b.Keys.Authenticate(t.Context(), key)
	want := access.Identity{KeyID: strings.Split(key, "_")[1], Name: "first key", Via: access.ByKey, Role: access.Admin, Workspaces: []string{},
		PAIUser: "2000"}
	if diff := cmp.Diff(want, caller); err != nil || diff != "" {
		t.Errorf("the first key is %v (-want +got):\n%s", err, diff)
	}
	if !caller.May(access.Viewer) || !caller.May(access.Editor) || !caller.May(access.Admin) || caller.May("king") {
		t.Errorf("an admin may what the lower roles may, and no more")
	}
	// A restart, that is other handles, does not revive it.
	again := access.Bootstrap{Keys: &access.Keys{DB: open(t, path), Now: time.Now}, Hash: b.Hash}
	for _, b := range []access.Bootstrap{b, again} {
		_, err := b.Authenticate(t.Context(), token)
		var e *access.Error
		if code(err) != "Unauthenticated" || !errors.As(err, &e) || e.AdviceIn("zh") == "" {
			t.Errorf("the used token: %v, want Unauthenticated with advice", err)
		}
		if key, err := b.Redeem(t.Context(), ""); code(err) != "Unauthenticated" || key != "" {
			t.Errorf("the used token makes key %q, %v", key, err)
		}
	}
	// Another token, which only a deployment can bring, opens it again.
	other, hash := access.NewToken()
	if _, err := (access.Bootstrap{Keys: b.Keys, Hash: hash}).Authenticate(t.Context(), other); err != nil {
		t.Errorf("a newly deployed token: %v", err)
	}
}

func TestOfManyRedemptionsAtOnceOneMakesAKey(t *testing.T) {
	t.Parallel()
	b, _, path := opened(t)
	var wg sync.WaitGroup
	keys := make(chan string, 16)
	for range 16 {
		each := access.Bootstrap{Keys: &access.Keys{DB: open(t, path), Now: time.Now}, Hash: b.Hash}
		wg.Go(func() {
			key, err := each.Redeem(context.Background(), "")
			if err == nil {
				keys <- key
			} else if code(err) != "Unauthenticated" {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if len(keys) != 1 {
		t.Errorf("%d keys were made, want 1", len(keys))
	}
}

func TestWhatIsNoKeyIsNotLetIn(t *testing.T) {
	t.Parallel()
	b, token, _ := opened(t)
	key, err := b.Redeem(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	last := "a"
	if strings.HasSuffix(key, "a") {
		last = "b"
	}
	for _, wrong := range []string{"", "pnk_", token, key + "a", key[:len(key)-1], key[:len(key)-1] + last,
		strings.ToUpper(key),
		" " + key, "pnk_" + strings.Repeat("'", 10) + "_" + strings.Repeat("a", 52)} {
		if caller, err := b.Keys.Authenticate(t.Context(), wrong); code(err) != "Unauthenticated" || caller.Role != "" {
			t.Errorf("key %q: %+v, %v", wrong, caller, err)
		}
	}
}

func TestNeitherKeyNorTokenIsInTheDatabase(t *testing.T) {
	t.Parallel()
	b, token, path := opened(t)
	key, err := b.Redeem(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{path, path + "-wal"} {
		content, err := os.ReadFile(file)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		for _, secret := range []string{token, key, strings.Split(key, "_")[2]} {
			if bytes.Contains(content, []byte(secret)) {
				t.Errorf("%s holds a secret", file)
			}
		}
	}
}

func TestTheLastUseIsKeptToTheMinute(t *testing.T) {
	t.Parallel()
	b, _, _ := opened(t)
	key, err := b.Redeem(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	now := time.UnixMilli(1_700_000_000_000)
	b.Keys.Now = func() time.Time { return now }
	for _, step := range []struct {
		after time.Duration
		want  int64
	}{{0, 1_700_000_000_000}, {30 * time.Second, 1_700_000_000_000}, {31 * time.Second, 1_700_000_061_000}} {
		now = now.Add(step.after)
		if _, err := b.Keys.Authenticate(t.Context(), key); err != nil {
			t.Fatal(err)
		}
		var used int64
		err := b.Keys.DB.Read(t.Context(), func(tx *sql.Tx) error {
			return tx.QueryRow("select last_used from api_key").Scan(&used)
		})
		if err != nil || used != step.want {
			t.Errorf("last_used = %d, %v, want %d", used, err, step.want)
		}
	}
}

func TestAContextKnowsItsCaller(t *testing.T) {
	t.Parallel()
	if got := access.From(context.Background()); got.May(access.Viewer) {
		t.Errorf("nobody may something: %+v", got)
	}
	ctx := access.With(context.Background(), access.Identity{Role: access.Editor})
	if access.From(ctx).Require(access.Viewer) != nil || code(access.From(ctx).Require(access.Admin)) != "Forbidden" {
		t.Errorf("an editor is a viewer and no admin")
	}
	one := access.Identity{Role: access.Editor, Workspaces: []string{"a"}}
	if one.RequireIn("a", access.Viewer) != nil || code(one.RequireIn("b", access.Viewer)) != "Forbidden" ||
		code(one.RequireIn("a", access.Admin)) != "Forbidden" || (access.Identity{Role: access.Viewer}).RequireIn("b",
		access.Viewer) != nil {
		t.Errorf("a key is for its workspaces, or for all")
	}
}

func TestAnUnreachableDatabaseIsNotAWrongKey(t *testing.T) {
	t.Parallel()
	db, err := database.Open(t.Context(), "postgres://user:hunter2@127.0.0.1:1/x?connect_timeout=1")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	keys := &access.Keys{DB: db, Now: time.Now}
	_, err = keys.Authenticate(t.Context(), "pnk_abcdefghij_"+strings.Repeat("a", 52))
	if code(err) != "DatabaseOutOfReach" || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("error %v, want DatabaseOutOfReach without the password", err)
	}
}
