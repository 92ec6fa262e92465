package bus

import (
	"context"
	"database/sql"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"pai-notify/scripts/localcloud/rpc"
	"pai-notify/shared/pattern"
)

// The states of a rule.
const (
	enabled  = "ENABLE"
	disabled = "DISABLE"
)

func (b *Bus) ruleLocked(q *rpc.Request) (*eventBus, *rule, error) {
	busName, err := q.Need("EventBusName")
	if err != nil {
		return nil, nil, err
	}
	name, err := q.Need("RuleName")
	if err != nil {
		return nil, nil, err
	}
	bus, err := b.busLocked(busName)
	if err != nil {
		return nil, nil, err
	}
	r, ok := bus.rules[name]
	if !ok {
		return bus, nil, b.refuse("EventRuleNotExisted", "The event rule not existed!")
	}
	return bus, r, nil
}

// compilePattern checks the parameter FilterPattern.
func (b *Bus) compilePattern(text string) (*pattern.Pattern, error) {
	if strings.TrimSpace(text) == "" {
		return nil, b.refuse("EventRuleFilterPatternEmpty", "The filter pattern is empty!")
	}
	p, err := pattern.Compile(text)
	if err != nil {
		return nil, b.refuse("EventRuleFilterPatternSchemaError", "The filter pattern [%s] is invalid! %v", cut(text, 1000), err)
	}
	return p, nil
}

func checkStatus(status, otherwise string) (string, error) {
	switch status {
	case "":
		return otherwise, nil
	case enabled, disabled:
		return status, nil
	}
	return "", rpc.Invalid("Status", "It is ENABLE or DISABLE.")
}

func (b *Bus) createRule(ctx context.Context, q *rpc.Request) (rpc.Answer, error) {
	busName, err := q.Need("EventBusName")
	if err != nil {
		return nil, err
	}
	name, err := q.Need("RuleName")
	if err != nil {
		return nil, err
	}
	if err := checkDescription(q); err != nil {
		return nil, err
	}
	status, err := checkStatus(q.Get("Status"), enabled)
	if err != nil {
		return nil, err
	}
	if !validName(name) {
		return nil, b.refuse("EventRuleNameInvalid", "The event rule name [%.130s] is invalid!", name)
	}
	compiled, err := b.compilePattern(q.Get("FilterPattern"))
	if err != nil {
		return nil, err
	}
	targets, err := b.newTargets(q)
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	bus, err := b.busLocked(busName)
	if err != nil {
		return nil, err
	}
	if _, ok := bus.rules[name]; ok {
		return nil, b.refuse("EventRuleAlreadyExist", "The event rule [%s] already existed!", name)
	}
	if n, most := len(bus.rules), b.options.Quotas.RulesPerBus; n >= most {
		return nil, b.refuse("EventRuleCountExceedLimit", "The current count of event rule is [%d], which will exceed the limit quota [%d]", n, most)
	}
	r := &rule{Bus: busName, Name: name, Description: q.Get("Description"), FilterPattern: q.Get("FilterPattern"), Status: status,
		Created: b.now(), Targets: targets, pattern: compiled}
	if err := b.saveRuleLocked(ctx, bus, r); err != nil {
		return nil, err
	}
	return rpc.Success(map[string]string{"RuleARN": b.ruleARN(r)}), nil
}

// newTargets are the targets that CreateRule may bring. One bad target refuses the rule.
func (b *Bus) newTargets(q *rpc.Request) ([]target, error) {
	text := q.Get("EventTargets")
	if text == "" {
		text = q.Get("Targets")
	}
	if text == "" {
		return nil, nil
	}
	list, err := readTargets(text)
	if err != nil {
		return nil, rpc.Invalid("EventTargets", err.Error()+".")
	}
	seen := map[string]bool{}
	for i := range list {
		t := &list[i]
		if seen[t.ID] {
			return nil, b.refuse("EventRuleTargetIdDuplicate", "The id of event target is duplicate!")
		}
		seen[t.ID] = true
		if err := b.check(t); err != nil {
			return nil, b.refuse("EventRuleTargetInvalid", "Remote error. requestId: [%s], error code: [EventRuleTargetInvalid], "+
				"message: [The target in event rule is invalid! Endpoint is %s: %v]", q.ID, shown(t.Endpoint), err)
		}
	}
	return list, b.targetQuota(len(list))
}

func (b *Bus) targetQuota(n int) error {
	if most := b.options.Quotas.TargetsPerRule; n > most {
		return b.refuse("EventRuleTargetCountExceedLimit", "The count of event targets would be [%d], which will exceed the limit quota [%d]", n, most)
	}
	return nil
}

// saveRuleLocked puts a rule in the place of the one of its name, on disk first, and lets stopped targets go on.
func (b *Bus) saveRuleLocked(ctx context.Context, bus *eventBus, r *rule) error {
	if err := b.write(ctx, func(tx *sql.Tx) error { return saveRule(tx, r) }); err != nil {
		return err
	}
	bus.rules[r.Name] = r
	return nil
}

func (b *Bus) releaseTargets(r *rule) {
	for _, t := range r.Targets {
		b.engine.release(queueKey{r.Bus, r.Name, t.ID})
	}
}

func (b *Bus) ruleARN(r *rule) string { return b.arn(r.Bus) + "/rule/" + r.Name }

func (b *Bus) getRule(_ context.Context, q *rpc.Request) (rpc.Answer, error) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	_, r, err := b.ruleLocked(q)
	if err != nil {
		return nil, err
	}
	return rpc.Success(b.ruleItem(r)), nil
}

func (b *Bus) ruleItem(r *rule) map[string]any {
	targets := make([]map[string]any, len(r.Targets))
	for i := range r.Targets {
		targets[i] = targetItem(r, &r.Targets[i])
	}
	return map[string]any{"RuleName": r.Name, "RuleARN": b.ruleARN(r), "EventBusName": r.Bus, "Description": r.Description,
		"FilterPattern": r.FilterPattern, "Status": r.Status, "CreatedTimestamp": r.Created.UnixMilli(), "Targets": targets,
		"DetailMap": map[string]any{}}
}

func (b *Bus) listRules(_ context.Context, q *rpc.Request) (rpc.Answer, error) {
	name, err := q.Need("EventBusName")
	if err != nil {
		return nil, err
	}
	b.mu.RLock()
	defer b.mu.RUnlock()
	bus, err := b.busLocked(name)
	if err != nil {
		return nil, err
	}
	all := []map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(bus.rules)) {
		if strings.HasPrefix(name, q.Get("RuleNamePrefix")) {
			all = append(all, b.ruleItem(bus.rules[name]))
		}
	}
	items, next, err := page(q, all)
	if err != nil {
		return nil, err
	}
	return listAnswer("Rules", items, next, len(all)), nil
}

// updateRule wants the pattern; a description or status that is not given stays.
func (b *Bus) updateRule(ctx context.Context, q *rpc.Request) (rpc.Answer, error) {
	if err := checkDescription(q); err != nil {
		return nil, err
	}
	compiled, err := b.compilePattern(q.Get("FilterPattern"))
	if err != nil {
		return nil, err
	}
	return b.changeRule(ctx, q, func(r *rule) error {
		r.FilterPattern, r.pattern = q.Get("FilterPattern"), compiled
		if v, given := q.Params["Description"]; given {
			r.Description = v
		}
		r.Status, err = checkStatus(q.Get("Status"), r.Status)
		return err
	})
}

func (b *Bus) enableRule(ctx context.Context, q *rpc.Request) (rpc.Answer, error) {
	return b.changeRule(ctx, q, func(r *rule) error { r.Status = enabled; return nil })
}

func (b *Bus) disableRule(ctx context.Context, q *rpc.Request) (rpc.Answer, error) {
	return b.changeRule(ctx, q, func(r *rule) error { r.Status = disabled; return nil })
}

func (b *Bus) changeRule(ctx context.Context, q *rpc.Request, f func(*rule) error) (rpc.Answer, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	bus, r, err := b.ruleLocked(q)
	if err != nil {
		return nil, err
	}
	changed := r.with(func(r *rule) { err = f(r) })
	if err != nil {
		return nil, err
	}
	if err := b.saveRuleLocked(ctx, bus, changed); err != nil {
		return nil, err
	}
	if changed.Status == enabled {
		b.releaseTargets(changed)
	}
	return rpc.Success(true), nil
}

func (b *Bus) deleteRule(ctx context.Context, q *rpc.Request) (rpc.Answer, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	bus, r, err := b.ruleLocked(q)
	if err != nil {
		return nil, err
	}
	if err := b.write(ctx, func(tx *sql.Tx) error {
		_, err := tx.Exec("delete from rule where bus = ? and name = ?", r.Bus, r.Name)
		return err
	}); err != nil {
		return nil, err
	}
	delete(bus.rules, r.Name)
	b.releaseTargets(r) // what waits for them finds them gone
	return rpc.Success(true), nil
}

func (b *Bus) testEventPattern(_ context.Context, q *rpc.Request) (rpc.Answer, error) {
	event, err := q.Need("Event")
	if err != nil {
		return nil, err
	}
	text, err := q.Need("EventPattern")
	if err != nil {
		return nil, err
	}
	compiled, err := b.compilePattern(text)
	if err != nil {
		return nil, err
	}
	if _, err := parseEvent([]byte(event)); err != nil || !json.Valid([]byte(event)) {
		return nil, b.refuse("EventInvalid", "The event is not a JSON object!")
	}
	return rpc.Success(map[string]bool{"Result": compiled.Match([]byte(event))}), nil
}
