package rotation_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"pai-notify/shared/channel"
	"pai-notify/shared/database"
	"pai-notify/shared/database/migrate"
	"pai-notify/shared/ledger"
	"pai-notify/shared/rotation"
	"pai-notify/shared/rule"
	"pai-notify/shared/seal"
)

const (
	rules      = 200
	workspaces = 5
	waiting    = 1000
)

// keptRules are rules' units as EventBridge has them.
type keptRules struct {
	mu     sync.Mutex
	keys   *seal.Keyset
	units  map[string]map[string]rule.Unit // by bus and rule
	budget int                             // rules that are sealed anew before the process is killed; below 0: no end
}

var errKilled = errors.New("killed")

func (k *keptRules) Buses(context.Context, string) (buses []string, err error) {
	for bus := range k.units {
		buses = append(buses, bus)
	}
	slices.Sort(buses)
	return buses, nil
}

func (k *keptRules) Sealings(_ context.Context, bus string) (list []rule.Sealing, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for name, u := range k.units[bus] {
		list = append(list, rule.Sealing{Name: name, Keys: []string{seal.SealedBy(u.Sealed)}})
	}
	return list, nil
}

func (k *keptRules) Reseal(_ context.Context, bus, name string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.budget == 0 {
		return errKilled
	}
	k.budget--
	unit, _, err := k.units[bus][name].Reseal(k.keys, bus, name)
	if err != nil {
		return err
	}
	k.units[bus][name] = unit
	return nil
}

func keyset(t *testing.T, texts ...string) *seal.Keyset {
	t.Helper()
	text := texts[0]
	for _, more := range texts[1:] {
		text += "," + more
	}
	keys, err := seal.ParseKeys(text)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func key(t *testing.T, fill byte) string {
	t.Helper()
	text, err := seal.NewKey(bytes.NewReader(bytes.Repeat([]byte{fill}, 64)))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// unit is a target with a secret.
func unit(t *testing.T, keys *seal.Keyset, bus, name string) rule.Unit {
	t.Helper()
	r := rule.Rule{Name: name, Targets: []rule.Target{{ID: "ops", Channel: "robot", Settings: channel.Settings{"webhook": "secret of " + name}}}}
	specs := []channel.Spec{{Name: "robot", Fields: []channel.Field{{Name: "webhook", Secret: true}}}}
	envelopes, err := r.Envelopes(bus, 1, specs, keys)
	if err != nil {
		t.Fatal(err)
	}
	return envelopes[0].Target
}

func opens(u rule.Unit, keys *seal.Keyset, bus, name string) bool {
	settings, err := u.Open(keys, bus, name)
	return err == nil && settings["webhook"] == "secret of "+name
}

func TestAllIsSealedAnewWhileItIsUsedAlsoWhereTheWorkIsKilled(t *testing.T) {
	t.Parallel()
	oldKey, newKey := key(t, 1), key(t, 2)
	old, both, now := keyset(t, oldKey), keyset(t, newKey, oldKey), time.Now()
	db, err := database.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "pai.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if _, err := migrate.Up(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	clock := func() time.Time { return now }
	kept := &keptRules{keys: both, units: map[string]map[string]rule.Unit{}, budget: rules / 2}
	for n := range rules {
		bus, name := fmt.Sprintf("pai-system-w%d", n%workspaces), fmt.Sprintf("rule%03d", n)
		if kept.units[bus] == nil {
			kept.units[bus] = map[string]rule.Unit{}
		}
		kept.units[bus][name] = unit(t, old, bus, name)
	}
	before := ledger.New(db, old, clock)
	entries := make([]ledger.Entry, waiting)
	for n := range waiting {
		bus, name := fmt.Sprintf("pai-system-w%d", n%workspaces), fmt.Sprintf("rule%03d", n%rules)
		text, err := json.Marshal(kept.units[bus][name])
		if err != nil {
			t.Fatal(err)
		}
		entries[n] = ledger.Entry{
			EventSource: "s", EventID: fmt.Sprint(n), Bus: bus, Rule: name, Target: "ops", Channel: "robot", Address: fmt.Sprint("a", n),
			Sealed: text, Event: []byte("{}"), NotBefore: now.Add(time.Hour),
		}
	}
	for part := range slices.Chunk(entries, 250) {
		if _, err := before.Claim(t.Context(), ledger.Terms{Lease: time.Minute}, part); err != nil {
			t.Fatal(err)
		}
	}
	work := &rotation.Rotation{DB: db, Ledger: ledger.New(db, both, clock), Rules: kept, Keys: both, Prefix: "pai-system-", Now: clock}
	look := func(id string) rotation.Use {
		t.Helper()
		uses, err := work.Look(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range uses {
			if u.ID == id {
				return u
			}
		}
		t.Fatalf("no use of key %s", id)
		return rotation.Use{}
	}
	oldID := old.IDs()[0]
	if u := look(oldID); len(u.Rules) != rules || u.Rows != waiting || !u.Own || !u.Removable().IsZero() {
		t.Fatalf("before: %d rules, %d deliveries, %+v", len(u.Rules), u.Rows, u.Own)
	}

	// Under load: instances with both keys, in either order, open whatever lies there at any moment.
	ctx, stop := context.WithCancel(t.Context())
	var reading sync.WaitGroup
	reads := 0
	reading.Go(func() {
		for n := 0; ctx.Err() == nil; n++ {
			bus, name := fmt.Sprintf("pai-system-w%d", n%workspaces), fmt.Sprintf("rule%03d", n%rules)
			kept.mu.Lock()
			u := kept.units[bus][name]
			kept.mu.Unlock()
			for _, keys := range []*seal.Keyset{both, keyset(t, oldKey, newKey)} {
				if !opens(u, keys, bus, name) {
					t.Errorf("%s/%s does not open", bus, name)
				}
			}
			reads++
		}
	})

	_, err = work.Reseal(t.Context(), time.Now().Add(time.Minute))
	if !errors.Is(err, errKilled) {
		t.Errorf("half-way: %v", err)
	}
	half := look(oldID)
	if len(half.Rules) != rules/2 || half.Rows != 0 || half.Own {
		t.Errorf("killed half-way %d rules and %d deliveries are left", len(half.Rules), half.Rows)
	}
	kept.budget = -1
	calls := 0
	for {
		calls++
		done, err := work.Reseal(t.Context(), time.Now()) // a call whose time is over does one piece all the same
		if err != nil {
			t.Fatal(err)
		}
		if !done.Left {
			break
		}
	}
	stop()
	reading.Wait()
	u := look(oldID)
	if u.Used() || !u.Removable().Equal(now.Add(rotation.Retries).Truncate(time.Millisecond)) {
		t.Errorf("afterwards: %+v, removable at %v", u, u.Removable())
	}
	after := keyset(t, newKey)
	for bus, list := range kept.units {
		for name, u := range list {
			if !opens(u, after, bus, name) {
				t.Errorf("%s/%s does not open with the new key alone", bus, name)
			}
			if opens(u, after, bus, "another") {
				t.Errorf("%s/%s opens as another rule's", bus, name)
			}
		}
	}
	rows := 0
	for id := ""; ; {
		list, next, err := work.Ledger.Undelivered(t.Context(), id, 100)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range list {
			var u rule.Unit
			if err := json.Unmarshal(d.Sealed, &u); err != nil || !opens(u, after, d.Bus, d.Rule) {
				t.Errorf("delivery %s does not open with the new key alone: %v", d.ID, err)
			}
			rows++
		}
		if id = next; id == "" {
			break
		}
	}
	if rows != waiting {
		t.Errorf("%d deliveries wait, want %d", rows, waiting)
	}
	if err := ledger.New(db, after, clock).Reseal(t.Context()); err != nil {
		t.Errorf("the ledger's own key does not open with the new key alone: %v", err)
	}
	t.Logf("%d rules, %d deliveries, %d calls after the kill, %d reads meanwhile", rules, waiting, calls, reads)
}

func TestWhatALostKeySealedIsNamed(t *testing.T) {
	t.Parallel()
	lost, current := keyset(t, key(t, 1)), keyset(t, key(t, 2))
	db, err := database.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "pai.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if _, err := migrate.Up(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	kept := &keptRules{keys: current, budget: -1, units: map[string]map[string]rule.Unit{"pai-system-w": {
		"gone": unit(t, lost, "pai-system-w", "gone"), "here": unit(t, current, "pai-system-w", "here"),
	}}}
	work := &rotation.Rotation{DB: db, Ledger: ledger.New(db, current, time.Now), Rules: kept, Keys: current, Prefix: "pai-system-", Now: time.Now}
	done, err := work.Reseal(t.Context(), time.Now().Add(time.Minute))
	if err != nil || len(done.Failed) != 1 || done.Failed[0] != "pai-system-w/gone" {
		t.Errorf("Reseal = %+v, %v, want the rule that does not open named", done, err)
	}
	uses, err := work.Look(t.Context())
	if err != nil || len(uses) != 2 || uses[1].Known || !slices.Equal(uses[1].Rules, []string{"pai-system-w/gone"}) {
		t.Errorf("Look = %+v, %v", uses, err)
	}
	if rotating, err := work.Rotating(t.Context()); err != nil || !rotating {
		t.Errorf("Rotating = %v, %v, want the next look to see it too", rotating, err)
	}
}
