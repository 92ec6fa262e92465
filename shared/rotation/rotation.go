// Package rotation changes the keys that secrets are sealed with while deliveries go on. A key is changed in three
// deployments: the new key is put behind the old one in SEAL_KEYS, so that every function can open what it will seal; then
// before it, so that it seals; and what the old one sealed is sealed anew, by this package: every rule's targets and every
// delivery that is not told yet. When nothing is sealed by the old key any more it stays for a day, because EventBridge
// delivers again for so long what it could not deliver, sealed as it was. Then it can be taken away.
//
// Nothing is remembered of how far the work is: what is left is what is still sealed by another key than the first. So it
// can break off anywhere and be taken up again.
package rotation

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"pai-notify/shared/database"
	"pai-notify/shared/ledger"
	"pai-notify/shared/rule"
	"pai-notify/shared/seal"
)

// Retries is for how long EventBridge delivers again what it could not deliver:
// help.aliyun.com/en/eventbridge/user-guide/retry-and-dead-letter, exponential decay: 176 times within a day.
const Retries = 24 * time.Hour

// Rules are all rules in EventBridge; an *eventbridge.Store keeps them.
type Rules interface {
	Buses(ctx context.Context, prefix string) ([]string, error)
	Sealings(ctx context.Context, bus string) ([]rule.Sealing, error)
	Reseal(ctx context.Context, bus, name string) error
}

// Rotation is the work and the look at it.
type Rotation struct {
	DB     *database.DB
	Ledger *ledger.Ledger
	Rules  Rules
	Keys   *seal.Keyset
	Prefix string // of the names of PAI's buses
	Now    func() time.Time
}

// Use is what one key sealed.
type Use struct {
	ID     string
	First  bool      // it seals now
	Known  bool      // it is in SEAL_KEYS
	Own    bool      // the ledger's own key
	Rules  []string  // BUS/NAME
	Rows   int       // deliveries that are not told yet
	Ever   bool      // it has sealed something before
	Unused time.Time // since when it is used by nothing; zero: it is used, or it is the first
}

// Used says whether something is sealed by the key.
func (u Use) Used() bool { return u.Own || len(u.Rules) > 0 || u.Rows > 0 }

// Removable is when the key can be taken out of SEAL_KEYS; the zero time while something is sealed by it, and of the key
// that seals.
func (u Use) Removable() time.Time {
	if u.First || u.Used() || u.Unused.IsZero() {
		return time.Time{}
	}
	return u.Unused.Add(Retries)
}

// Rotating says whether there is something to look at: several keys, or one that another was changed for.
func (r *Rotation) Rotating(ctx context.Context) (bool, error) {
	if len(r.Keys.IDs()) > 1 {
		return true, nil
	}
	var others int
	err := r.DB.Read(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, "select count(*) from seal_key where ever = 1 and unused = 0 and id <> $1", r.Keys.IDs()[0]).Scan(&others)
	})
	if err != nil {
		return false, fmt.Errorf("look at the keys: %w", err)
	}
	return others > 0, nil
}

// batch is how many deliveries are read or sealed anew at once.
const batch = 200

// Look says what is sealed by which key, the first key first, and notes since when the others are used by nothing. Keys
// that something is sealed by and that are not in SEAL_KEYS are among them.
func (r *Rotation) Look(ctx context.Context) ([]Use, error) {
	uses := map[string]*Use{}
	use := func(id string) *Use {
		if uses[id] == nil {
			uses[id] = &Use{ID: id}
		}
		return uses[id]
	}
	for i, id := range r.Keys.IDs() {
		u := use(id)
		u.First, u.Known = i == 0, true
	}
	own, err := r.Ledger.KeySealedBy(ctx)
	if err != nil {
		return nil, fmt.Errorf("look at the ledger's own key: %w", err)
	}
	if own != "" {
		use(own).Own = true
	}
	err = r.eachRule(ctx, func(bus string, s rule.Sealing) error {
		for _, id := range s.Keys {
			use(id).Rules = append(use(id).Rules, bus+"/"+s.Name)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	err = r.eachRow(ctx, func(list []ledger.Delivery) error {
		for _, d := range list {
			if by := sealedBy(d); by != "" {
				use(by).Rows++
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return r.note(ctx, uses)
}

// note writes down since when keys are used by nothing, and gives them in order.
func (r *Rotation) note(ctx context.Context, uses map[string]*Use) ([]Use, error) {
	now := r.Now().UnixMilli()
	ids := r.Keys.IDs()
	for id := range uses {
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	known := len(r.Keys.IDs())
	slices.Sort(ids[known:])
	err := r.DB.Write(ctx, true, func(tx *sql.Tx) error {
		for _, id := range ids {
			u := uses[id]
			ever, unused := int64(0), now
			err := tx.QueryRowContext(ctx, "select ever, unused from seal_key where id = $1", id).Scan(&ever, &unused)
			if err != nil && !errors.Is(err, sql.ErrNoRows) {
				return err
			}
			switch {
			case u.Used() || u.First:
				ever, unused = 1, 0
			case unused == 0:
				unused = now
			}
			u.Ever = ever == 1
			u.Unused = time.Time{}
			if unused > 0 {
				u.Unused = time.UnixMilli(unused)
			}
			_, err = tx.ExecContext(ctx, `insert into seal_key (id, ever, unused) values ($1, $2, $3)
				on conflict (id) do update set ever = excluded.ever, unused = excluded.unused`, id, ever, unused)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("note the use of keys: %w", err)
	}
	list := make([]Use, len(ids))
	for i, id := range ids {
		slices.Sort(uses[id].Rules)
		list[i] = *uses[id]
	}
	return list, nil
}

// Done is how far a call of [Rotation.Reseal] came.
type Done struct {
	Rules, Rows int
	Failed      []string // rules that could not be sealed anew, as BUS/NAME: CODE
	Left        bool     // the time was over before all was looked at
}

// Reseal seals what is sealed by another key than the first, until a moment; at least one rule or batch of deliveries,
// so that every call gets on. Calls at the same time do no harm.
func (r *Rotation) Reseal(ctx context.Context, until time.Time) (done Done, err error) {
	over := errors.New("the time is over")
	worked := false
	first := r.Keys.IDs()[0]
	if err := r.Ledger.Reseal(ctx); err != nil {
		return done, err
	}
	err = r.eachRow(ctx, func(list []ledger.Delivery) error {
		var anew []ledger.Resealed
		for _, d := range list {
			if one, changed := r.reseal(d); changed {
				anew = append(anew, one)
			}
		}
		if len(anew) == 0 {
			return nil
		}
		if worked && !time.Now().Before(until) {
			return over
		}
		worked = true
		n, err := r.Ledger.Replace(ctx, anew)
		done.Rows += n
		return err
	})
	if err == nil {
		err = r.eachRule(ctx, func(bus string, s rule.Sealing) error {
			if len(s.Keys) == 1 && s.Keys[0] == first {
				return nil
			}
			if worked && !time.Now().Before(until) {
				return over
			}
			worked = true
			err := r.Rules.Reseal(ctx, bus, s.Name)
			var ours *rule.Error
			if errors.As(err, &ours) && ours.Code == rule.CodeSealed {
				done.Failed = append(done.Failed, bus+"/"+s.Name)
				return nil
			}
			if err == nil {
				done.Rules++
			}
			return err
		})
	}
	if errors.Is(err, over) {
		done.Left = true
		return done, nil
	}
	return done, err
}

// reseal gives a delivery's target sealed anew. One whose secrets do not open is left as it is: its attempt will say so.
func (r *Rotation) reseal(d ledger.Delivery) (ledger.Resealed, bool) {
	var unit rule.Unit
	if json.Unmarshal(d.Sealed, &unit) != nil {
		return ledger.Resealed{}, false
	}
	unit, changed, err := unit.Reseal(r.Keys, d.Bus, d.Rule)
	if err != nil || !changed {
		return ledger.Resealed{}, false
	}
	text, err := json.Marshal(unit)
	if err != nil {
		return ledger.Resealed{}, false
	}
	return ledger.Resealed{ID: d.ID, Was: d.Sealed, New: text}, true
}

func sealedBy(d ledger.Delivery) string {
	var unit struct {
		Sealed string `json:"sealed"`
	}
	if json.Unmarshal(d.Sealed, &unit) != nil || unit.Sealed == "" {
		return ""
	}
	return seal.SealedBy(unit.Sealed)
}

func (r *Rotation) eachRule(ctx context.Context, do func(bus string, s rule.Sealing) error) error {
	buses, err := r.Rules.Buses(ctx, r.Prefix)
	if err != nil {
		return fmt.Errorf("list the workspaces' buses: %w", err)
	}
	for _, bus := range buses {
		list, err := r.Rules.Sealings(ctx, bus)
		if err != nil {
			return fmt.Errorf("look at the rules of bus %q: %w", bus, err)
		}
		for _, s := range list {
			if err := do(bus, s); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *Rotation) eachRow(ctx context.Context, do func([]ledger.Delivery) error) error {
	for after := ""; ; {
		list, next, err := r.Ledger.Undelivered(ctx, after, batch)
		if err != nil {
			return err
		}
		if err := do(list); err != nil {
			return err
		}
		if after = next; after == "" {
			return nil
		}
	}
}
