package bus

import (
	"context"
	"fmt"
	"slices"

	"pai-notify/scripts/localcloud/rpc"
)

// errorEntry is why one target of a list was not put or deleted.
type errorEntry struct {
	EntryID      string `json:"EntryId"`
	ErrorCode    string `json:"ErrorCode"`
	ErrorMessage string `json:"ErrorMessage"`
}

func entriesAnswer(entries []errorEntry) rpc.Answer {
	if entries == nil {
		entries = []errorEntry{}
	}
	return rpc.Success(map[string]any{"ErrorEntriesCount": len(entries), "ErrorEntries": entries})
}

// putTargets makes or replaces targets by their id. A bad one is an error entry; the others are put.
func (b *Bus) putTargets(ctx context.Context, q *rpc.Request) (rpc.Answer, error) {
	text, err := q.Need("Targets")
	if err != nil {
		return nil, err
	}
	list, err := readTargets(text)
	if err != nil {
		return nil, rpc.Invalid("Targets", err.Error()+".")
	}
	if len(list) == 0 {
		return nil, rpc.Invalid("Targets", "The list is empty.")
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	bus, r, err := b.ruleLocked(q)
	if err != nil {
		return nil, err
	}
	var entries []errorEntry
	seen := map[string]bool{}
	changed := r.with(func(r *rule) {
		for i := range list {
			t := &list[i]
			if seen[t.ID] {
				err = b.refuse("EventRuleTargetIdDuplicate", "The id of event target is duplicate!")
				return
			}
			seen[t.ID] = true
			if fault := b.check(t); fault != nil {
				entries = append(entries, errorEntry{t.ID, "EventRuleTargetInvalid",
					fmt.Sprintf("The target in event rule is invalid! Endpoint is %s: %v", shown(t.Endpoint), fault)})
				continue
			}
			if at := slices.IndexFunc(r.Targets, func(old target) bool { return old.ID == t.ID }); at >= 0 {
				r.Targets[at] = *t
			} else {
				r.Targets = append(r.Targets, *t)
			}
		}
		err = b.targetQuota(len(r.Targets))
	})
	if err != nil {
		return nil, err
	}
	if err := b.saveRuleLocked(ctx, bus, changed); err != nil {
		return nil, err
	}
	for id := range seen {
		b.engine.release(queueKey{r.Bus, r.Name, id})
	}
	return entriesAnswer(entries), nil
}

func targetItem(r *rule, t *target) map[string]any {
	params := t.ParamList
	if params == nil {
		params = []param{}
	}
	return map[string]any{"Id": t.ID, "Type": t.Type, "Endpoint": t.Endpoint, "PushRetryStrategy": t.PushRetryStrategy,
		"ErrorsTolerance": t.ErrorsTolerance, "DeadLetterQueue": map[string]string{"Arn": t.deadLetterARN()}, "ParamList": params,
		"EventBusName": r.Bus, "RuleName": r.Name, "PushSelector": t.selector(), "DetailMap": map[string]any{}}
}

func (b *Bus) listTargets(_ context.Context, q *rpc.Request) (rpc.Answer, error) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	_, r, err := b.ruleLocked(q)
	if err != nil {
		return nil, err
	}
	all := []map[string]any{}
	for i := range r.Targets {
		if arn := q.Get("Arn"); arn == "" || arn == r.Targets[i].Endpoint {
			all = append(all, targetItem(r, &r.Targets[i]))
		}
	}
	items, next, err := page(q, all)
	if err != nil {
		return nil, err
	}
	return listAnswer("Targets", items, next, len(all)), nil
}

// deleteTargets deletes by id; an id that there is not is an error entry.
func (b *Bus) deleteTargets(ctx context.Context, q *rpc.Request) (rpc.Answer, error) {
	var ids []string
	given, err := q.JSON("TargetIds", &ids)
	if err != nil {
		return nil, err
	}
	if !given || len(ids) == 0 {
		return nil, rpc.Mandatory("TargetIds")
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	bus, r, err := b.ruleLocked(q)
	if err != nil {
		return nil, err
	}
	var entries []errorEntry
	changed := r.with(func(r *rule) {
		for _, id := range ids {
			before := len(r.Targets)
			r.Targets = slices.DeleteFunc(r.Targets, func(t target) bool { return t.ID == id })
			if len(r.Targets) == before {
				entries = append(entries, errorEntry{id, "EventTargetNotExist", "The event target not existed!"})
			}
		}
	})
	if err := b.saveRuleLocked(ctx, bus, changed); err != nil {
		return nil, err
	}
	b.releaseTargets(r) // what waits for a deleted target finds it gone
	return entriesAnswer(entries), nil
}
