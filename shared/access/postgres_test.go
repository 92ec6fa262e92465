package access_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"pai-notify/shared/access"
	"pai-notify/shared/database"
	"pai-notify/shared/database/databasetest"
	"pai-notify/shared/database/migrate"
)

func TestKeysSessionsAndTheAuditOnPostgreSQL(t *testing.T) {
	t.Parallel()
	server := databasetest.Start(t)
	url := server.URL(t)
	connect := func() *access.Keys {
		db, err := database.Open(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		return &access.Keys{DB: db, Now: time.Now, Log: slog.New(slog.DiscardHandler)}
	}
	keys := connect()
	if _, err := migrate.Up(t.Context(), keys.DB); err != nil {
		t.Fatal(err)
	}
	_, hash := access.NewToken()
	first, err := (access.Bootstrap{Keys: keys, Hash: hash}).Redeem(t.Context(), "2000")
	if err != nil {
		t.Fatal(err)
	}
	admin, err := keys.Authenticate(t.Context(), first)
	if err != nil {
		t.Fatal(err)
	}
	ctx := access.With(t.Context(), admin)

	// Changes by several instances at once are one chain.
	const instances, changes = 4, 10
	var wg sync.WaitGroup
	for range instances {
		each := connect()
		wg.Go(func() {
			for range changes {
				err := each.Audited(ctx, access.Change{Action: "test.change", Workspace: "nlp_train", Object: "x"}, func(context.Context) (any, error) {
					return map[string]string{"a": "b"}, nil
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if rows, _, err := keys.Verify(ctx); err != nil || rows != 2*instances*changes {
		t.Errorf("Verify = %d, %v, want %d rows", rows, err, 2*instances*changes)
	}
	f := access.AuditFilter{Workspaces: []string{"nlp_train"}, Who: admin.KeyID, Action: "test", Object: "x", From: time.Now().Add(-time.Hour),
		To: time.Now().Add(time.Hour)}
	if list, err := keys.Audit(ctx, f, 3, 5); err != nil || len(list) != 5 || list[0].N != 4 {
		t.Errorf("Audit = %d rows, %v", len(list), err)
	}

	secret, made, err := keys.Make(ctx, access.Key{Name: "x", Role: access.Viewer, Workspaces: []string{"a"}})
	if err != nil {
		t.Fatal(err)
	}
	viewer, err := keys.Authenticate(ctx, secret)
	if err != nil {
		t.Fatal(err)
	}
	token, _, err := keys.SignIn(ctx, viewer, "")
	if err != nil {
		t.Fatal(err)
	}
	if who, err := keys.Authenticate(ctx, token); err != nil || who.Via != access.BySession || who.KeyID != made.ID {
		t.Errorf("session = %+v, %v", who, err)
	}
	if _, err := keys.Revoke(ctx, admin.KeyID); !errors.Is(err, access.ErrLastAdmin) {
		t.Errorf("the last administrator's key: %v", err)
	}
	if _, err := keys.Revoke(ctx, made.ID); err != nil {
		t.Error(err)
	}
	if _, err := keys.Authenticate(ctx, token); code(err) != "Unauthenticated" {
		t.Errorf("the session of a revoked key: %v", err)
	}
	if list, err := keys.List(ctx); err != nil || len(list) != 2 {
		t.Errorf("List = %+v, %v", list, err)
	}
	p, err := keys.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := keys.End(ctx, p.Token, p.State); err != nil || got.Verifier != p.Verifier {
		t.Errorf("End = %+v, %v", got, err)
	}
	if err := keys.AllowTest(ctx); err != nil {
		t.Error(err)
	}
	if err := keys.SignOut(ctx, access.SessionID(token)); err != nil {
		t.Error(err)
	}
}
