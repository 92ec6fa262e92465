package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"pai-notify/scripts/client"
	"pai-notify/scripts/notifyctl/manifest"
)

// action is what apply would do with a rule.
type action string

const (
	makeRule   action = "make"
	changeRule action = "change"
	deleteRule action = "delete"
	keepRule   action = "keep"    // is as the files say
	extraRule  action = "extra"   // in no file, and left alone without --prune
	strangeOne action = "foreign" // not made by pai-notify, so left alone
)

// change is what becomes of one rule.
type change struct {
	Workspace   string                `json:"workspace"`
	Rule        string                `json:"rule"`
	Action      action                `json:"action"`
	Differences []manifest.Difference `json:"differences,omitempty"`

	wanted manifest.Rule
	before map[string]any // canonical, of the rule as it was read
}

// plan is what apply would do.
type plan struct {
	Changes []change `json:"changes"`
}

func (p plan) count(of action) (n int) {
	for _, c := range p.Changes {
		if c.Action == of {
			n++
		}
	}
	return n
}

// empty says whether nothing would be done.
func (p plan) empty() bool { return p.count(makeRule)+p.count(changeRule)+p.count(deleteRule) == 0 }

const atOnce = 4 // calls at a time

// planFor compares files with the deployment. It asks the deployment about every rule, so that what is wrong with one is
// found before anything is changed; the error is then [manifest.FaultErrors].
func (a *app) planFor(ctx context.Context, d *deployment, set manifest.Set, prune bool) (plan, error) {
	stored := map[string]client.RulesRule{}
	var faults []manifest.Fault
	for _, r := range set.Rules {
		faults = append(faults, r.InClear(d.secret)...)
	}
	var extra []change
	for _, workspace := range set.Workspaces {
		list, err := d.stored(ctx, workspace)
		if err != nil {
			return plan{}, fmt.Errorf("workspace %s: %w", workspace, err)
		}
		for _, r := range list {
			stored[workspace+"/"+r.Name] = r
			if slices.ContainsFunc(set.Rules, func(w manifest.Rule) bool { return w.Workspace == workspace && w.Name == r.Name }) {
				continue
			}
			c := change{Workspace: workspace, Rule: r.Name, Action: extraRule}
			switch {
			case client.Value(r.Foreign):
				c.Action = strangeOne
			case prune:
				c.Action = deleteRule
			}
			extra = append(extra, c)
		}
	}
	changes := make([]change, len(set.Rules))
	var mu sync.Mutex
	bar, done := a.progress("asking"), 0
	defer bar.end()
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for i, r := range set.Rules {
		group.Go(func() error {
			old, there := stored[r.Workspace+"/"+r.Name]
			c, wrong, err := d.compare(inner, r, old, there)
			mu.Lock()
			defer mu.Unlock()
			changes[i], faults = c, append(faults, wrong...)
			done++
			bar.set(done, len(set.Rules))
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return plan{}, err
	}
	if err := manifest.Together(faults); err != nil {
		return plan{}, err
	}
	changes = append(changes, extra...)
	slices.SortStableFunc(changes, func(a, b change) int {
		return strings.Compare(a.Workspace+"/"+a.Rule, b.Workspace+"/"+b.Rule)
	})
	return plan{changes}, nil
}

// compare finds what is to be done with one rule, and what is wrong with it.
func (d *deployment) compare(ctx context.Context, r manifest.Rule, old client.RulesRule, there bool) (change, []manifest.Fault, error) {
	c := change{Workspace: r.Workspace, Rule: r.Name, Action: makeRule, wanted: r}
	if there && client.Value(old.Foreign) {
		return c, []manifest.Fault{r.At("name", "is the name of a rule on the bus that pai-notify has not made; choose another, or delete that one")}, nil
	}
	text, err := json.Marshal(r.Body)
	if err != nil {
		return c, nil, err
	}
	answer, err := d.PreviewRuleWithBodyWithResponse(ctx, r.Workspace, &client.PreviewRuleParams{}, "application/json", bytes.NewReader(text))
	if err != nil {
		return c, nil, fmt.Errorf("rule %s of %s: %w", r.Name, r.Workspace, err)
	}
	var faults []manifest.Fault
	for _, f := range answer.JSON200.Faults {
		faults = append(faults, r.At(f.Path, f.In(d.language)))
	}
	if !there {
		return c, faults, nil
	}
	was, err := body(old)
	if err != nil {
		return c, faults, err
	}
	c.before = manifest.Canonical(was, d.secret)
	c.Differences = append(manifest.Compare(c.before, manifest.Canonical(r.Body, d.secret)),
		secretsOf(r, held(old), client.Value(answer.JSON200.Secrets))...)
	if c.Action = changeRule; len(c.Differences) == 0 {
		c.Action = keepRule
	}
	return c, faults, nil
}

// secretsOf lists the secrets that a file gives and that are others than those of the deployment, as far as they may be
// shown. One that the file leaves out is kept.
func secretsOf(r manifest.Rule, old map[string]map[string]manifest.Held, given map[string]map[string]client.Secret) (list []manifest.Difference) {
	targets, _ := r.Body["targets"].([]any)
	for _, item := range targets {
		target, _ := item.(map[string]any)
		settings, _ := target["settings"].(map[string]any)
		id := fmt.Sprint(target["id"])
		for name, secret := range given[id] {
			before, had := old[id][name]
			after := shownSecret(secret)
			d := manifest.Difference{Path: "targets[" + id + "].settings." + name, Before: before.String(), After: after.String()}
			switch {
			case settings[name] == "" && had:
				d.After = nil
			case settings[name] == "" || had && before.Fingerprint == after.Fingerprint:
				continue
			case !had:
				d.Before = nil
			}
			list = append(list, d)
		}
	}
	slices.SortFunc(list, func(a, b manifest.Difference) int { return strings.Compare(a.Path, b.Path) })
	return list
}

// print shows a plan.
func (a *app) print(p plan) error {
	if a.form == "json" {
		return a.show(p, nil, nil)
	}
	workspace := ""
	for _, c := range p.Changes {
		sign := map[action]string{makeRule: "+", changeRule: "~", deleteRule: "-", strangeOne: "!", extraRule: "?"}[c.Action]
		if sign == "" {
			continue
		}
		if c.Workspace != workspace {
			workspace = c.Workspace
			if err := a.say("%s", workspace); err != nil {
				return err
			}
		}
		note := map[action]string{extraRule: "   in no file; --prune would delete it", strangeOne: "   not made by pai-notify; left alone"}[c.Action]
		if err := a.say("  %s %s%s", sign, c.Rule, note); err != nil {
			return err
		}
		for _, d := range c.Differences {
			if err := a.say("      %s", printable(d.String())); err != nil {
				return err
			}
		}
	}
	if p.empty() {
		return a.say("No change: %d rules are as the files say.", p.count(keepRule))
	}
	return a.say("%d to make, %d to change, %d to delete, %d as they are.",
		p.count(makeRule), p.count(changeRule), p.count(deleteRule), p.count(keepRule))
}
