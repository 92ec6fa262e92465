// Package replay tells deliveries again: to the target that their rule has now, so that a corrected webhook is used, sealed
// anew into the ledger's row. It also advances the ledger's jobs, since those replay as well.
package replay

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"pai-notify/shared/channel"
	"pai-notify/shared/fault"
	"pai-notify/shared/ledger"
	"pai-notify/shared/rule"
	"pai-notify/shared/seal"
)

// Store opens a target of a saved rule; an *eventbridge.Store does.
type Store interface {
	Open(ctx context.Context, workspace, name, target string) (rule.Target, error)
}

// Catalog tells whose bus one is; a *catalog.Catalog does.
type Catalog interface {
	Workspace(bus string) (workspace string, ok bool)
}

// Replayer tells deliveries again. It is safe for concurrent use, and made for one request or one round of work: it
// remembers nothing between calls.
type Replayer struct {
	Ledger  *ledger.Ledger
	Store   Store
	Catalog Catalog
	Specs   []channel.Spec
	Keys    *seal.Keyset
	Log     *slog.Logger
}

// batch is how many deliveries of a job are moved in one transaction.
const batch = 100

// One makes a delivery due again. The error says why the ledger or EventBridge could not be asked; why the delivery was
// left as it was is in [ledger.Moved].
func (r *Replayer) One(ctx context.Context, id string, force bool) (ledger.Moved, error) {
	moved, err := renewing(ctx, r, func(ctx context.Context, renew ledger.Renew) ([]ledger.Moved, error) {
		return r.Ledger.Replay(ctx, []string{id}, renew, force)
	})
	if err != nil {
		return ledger.Moved{}, err
	}
	return moved[0], nil
}

// Advance works on a job until it is done or a moment has come, and gives it as it stands then. It does one batch at
// least, so that every call gets on.
func (r *Replayer) Advance(ctx context.Context, j ledger.Job, until time.Time) (ledger.Job, error) {
	for j.State == ledger.JobRunning {
		next, err := renewing(ctx, r, func(ctx context.Context, renew ledger.Renew) (ledger.Job, error) {
			return r.Ledger.Advance(ctx, j.ID, renew, batch)
		})
		if err != nil {
			return j, fmt.Errorf("advance job %s: %w", j.ID, err)
		}
		j = next
		if !time.Now().Before(until) {
			break
		}
	}
	return j, nil
}

// renewing does something with a renew that asks EventBridge once for each target. Where EventBridge gives no answer the
// whole is broken off: that is no verdict on a delivery, and a job tries the batch again.
func renewing[T any](ctx context.Context, r *Replayer, do func(context.Context, ledger.Renew) (T, error)) (T, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	type place struct{ bus, rule, target string }
	type opened struct {
		target rule.Target
		err    error
	}
	known := map[place]opened{}
	done, err := do(ctx, func(ctx context.Context, e ledger.Entered) (ledger.Target, error) {
		at := place{e.Bus, e.Rule, e.Target}
		o, asked := known[at]
		if !asked {
			o.target, o.err = r.open(ctx, e)
			if passing(o.err) {
				cancel(o.err)
				return ledger.Target{}, o.err
			}
			known[at] = o
		}
		if o.err != nil {
			r.Log.WarnContext(ctx, "not replayed", "delivery", e.ID, "bus", e.Bus, "rule", e.Rule, "target", e.Target, "error", o.err.Error())
			return ledger.Target{}, o.err
		}
		return r.seal(e, o.target)
	})
	if cause := context.Cause(ctx); err != nil && cause != nil {
		return done, cause
	}
	return done, err
}

// passing says whether an error is of this moment rather than of the rule.
func passing(err error) bool {
	var ours *rule.Error
	if !errors.As(err, &ours) {
		return err != nil
	}
	switch ours.Code {
	case rule.CodeUnavailable, rule.CodeThrottled, rule.CodeForbidden, rule.CodeNotActivated:
		return true
	}
	return false
}

// CodeGone is the code of the error where a rule or its target is no more.
const CodeGone = "TargetGone"

// gone says that there is nobody to tell any more.
func gone(text fault.Text) *rule.Error {
	return &rule.Error{Code: CodeGone, Text: text, Advice: channel.Advice{
		"en": "Save a rule of that name with a target of that id again and replay, or leave the delivery as it is.",
		"zh": "请重新保存同名规则及同 id 的目标后再重放，或保持该投递不变。",
	}}
}

func (r *Replayer) open(ctx context.Context, e ledger.Entered) (rule.Target, error) {
	workspace, ok := r.Catalog.Workspace(e.Bus)
	if !ok {
		return rule.Target{}, gone(fault.Say("bus %q is of no workspace of PAI's", "总线 %q 不属于任何 PAI 工作空间", e.Bus))
	}
	t, err := r.Store.Open(ctx, workspace, e.Rule, e.Target)
	var ours *rule.Error
	if errors.As(err, &ours) && (ours.Code == rule.CodeNotFound || ours.Code == rule.CodeNoWorkspace) {
		return rule.Target{}, gone(ours.Text)
	}
	return t, err
}

// seal makes of a target what an event for it would have brought along.
func (r *Replayer) seal(e ledger.Entered, t rule.Target) (ledger.Target, error) {
	if e.Contact != "" && !slices.Contains(t.Contacts, e.Contact) {
		return ledger.Target{}, gone(fault.Say("target %q of rule %q tells contact %q no more", "规则 %[2]q 的目标 %[1]q 不再通知联系人 %[3]q", t.ID, e.Rule, e.Contact))
	}
	one := rule.Rule{Name: e.Rule, Targets: []rule.Target{t}}
	envelopes, err := one.Envelopes(e.Bus, 0, r.Specs, r.Keys)
	if err != nil {
		return ledger.Target{}, err
	}
	for _, envelope := range envelopes {
		if envelope.Target.Contact != e.Contact {
			continue
		}
		unit, err := json.Marshal(envelope.Target)
		if err != nil {
			return ledger.Target{}, fmt.Errorf("encode target %q: %w", t.ID, err)
		}
		target := ledger.Target{Channel: t.Channel, Sealed: unit}
		for _, spec := range r.Specs {
			if spec.Name == t.Channel {
				target.Address = channel.Destination(spec, t.Settings)
			}
		}
		return target, nil
	}
	return ledger.Target{}, gone(fault.Say("target %q of rule %q tells contacts now, and this delivery is for none",
		"规则 %[2]q 的目标 %[1]q 现在通知联系人，而该投递没有联系人", t.ID, e.Rule))
}
