package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/mattn/go-isatty"

	"pai-notify/scripts/client"
	"pai-notify/scripts/notifyctl/manifest"
)

// outcome is what became of one rule.
type outcome struct {
	Workspace string `json:"workspace"`
	Rule      string `json:"rule"`
	Action    action `json:"action"`
	Error     string `json:"error,omitempty"`
}

// carryOut does what a plan says. What fails holds nothing else up; all of it is told at the end.
func (a *app) carryOut(ctx context.Context, d *deployment, p plan, waiting string) ([]outcome, error) {
	bar, total, done := a.progress("applying"), len(p.Changes)-p.count(keepRule)-p.count(extraRule)-p.count(strangeOne), 0
	defer bar.end()
	var list []outcome
	var failed []error
	for _, c := range p.Changes {
		var err error
		switch c.Action {
		case makeRule, changeRule:
			err = d.put(ctx, c, waiting)
		case deleteRule:
			_, err = d.DeleteRuleWithResponse(ctx, c.Workspace, c.Rule,
				&client.DeleteRuleParams{Waiting: client.Given(client.DeleteRuleParamsWaiting(waiting))})
		default:
			continue
		}
		done++
		bar.set(done, total)
		one := outcome{Workspace: c.Workspace, Rule: c.Rule, Action: c.Action}
		if err != nil {
			one.Error = err.Error()
			failed = append(failed, fmt.Errorf("%s rule %s of %s: %w", c.Action, c.Rule, c.Workspace, err))
		}
		list = append(list, one)
		if ctx.Err() != nil {
			break
		}
	}
	return list, errors.Join(failed...)
}

// put makes or replaces a rule. One that has changed since the plan is left as it is.
func (d *deployment) put(ctx context.Context, c change, waiting string) error {
	text, err := json.Marshal(c.wanted.Body)
	if err != nil {
		return err
	}
	if c.Action == makeRule {
		_, err = d.MakeRuleWithBodyWithResponse(ctx, c.Workspace, "application/json", bytes.NewReader(text))
		return err
	}
	now, err := d.GetRuleWithResponse(ctx, c.Workspace, c.Rule, &client.GetRuleParams{})
	if err != nil {
		return err
	}
	was, err := body(*now.JSON200)
	if err != nil {
		return err
	}
	if len(manifest.Compare(c.before, manifest.Canonical(was, d.secret))) > 0 {
		return errors.New("somebody has changed it since the plan was made; plan again")
	}
	enabled, given := c.wanted.Body["enabled"].(bool)
	if !given || enabled {
		waiting = "" // is only for a rule that is disabled
	}
	etag := now.HTTPResponse.Header.Get("ETag")
	_, err = d.ReplaceRuleWithBodyWithResponse(ctx, c.Workspace, c.Rule, &client.ReplaceRuleParams{
		IfMatch: &etag, Waiting: client.Given(client.ReplaceRuleParamsWaiting(waiting)),
	}, "application/json", bytes.NewReader(text))
	return err
}

// agreed asks whoever sits at the terminal; where nobody does, the command itself is the yes.
func (a *app) agreed(question string) (bool, error) {
	file, ok := a.In.(*os.File)
	if !ok || !isatty.IsTerminal(file.Fd()) {
		return true, nil
	}
	if _, err := fmt.Fprint(a.Err, question+" [y/N] "); err != nil {
		return false, err
	}
	line, err := bufio.NewReader(a.In).ReadString('\n')
	if err != nil && line == "" {
		return false, nil // closed: no answer is no
	}
	answer := strings.ToLower(strings.TrimSpace(line))
	return answer == "y" || answer == "yes", nil
}
