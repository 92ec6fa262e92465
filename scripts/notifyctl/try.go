package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"pai-notify/scripts/client"
	"pai-notify/scripts/notifyctl/manifest"
	"pai-notify/shared/event"
	"pai-notify/shared/pattern"
)

// tried is whether a rule would tell of an event.
type tried struct {
	Workspace string `json:"workspace"`
	Rule      string `json:"rule"`
	Matches   bool   `json:"matches"`
	Why       string `json:"why,omitempty"` // the first field that keeps it from matching
	Enabled   bool   `json:"enabled"`
}

func (a *app) rulesTry() *cobra.Command {
	var eventFile string
	var workspaces []string
	c := &cobra.Command{Use: "try [FILE|FOLDER...] --event FILE", Short: "Say which rules an event matches, and why others do not",
		Long: "Say which rules an event matches: those of the files that are named, or without files those of the deployment. " +
			"Patterns are compiled by the deployment, with its catalogue. Nothing is saved or sent."}
	c.Flags().StringVarP(&eventFile, "event", "e", "", "file with one CloudEvent as JSON; - is standard input")
	c.Flags().StringArrayVarP(&workspaces, "workspace", "w", nil, "without files: a workspace; may be repeated")
	c.RunE = func(cmd *cobra.Command, names []string) error {
		raw, err := a.event(eventFile)
		if err != nil {
			return err
		}
		var list []tried
		if len(names) > 0 {
			list, err = a.tryFiles(cmd, names, raw)
		} else {
			list, err = a.tryStored(cmd, workspaces, raw)
		}
		if err != nil {
			return err
		}
		var rows [][]string
		for _, t := range list {
			verdict := "no"
			switch {
			case t.Matches && t.Enabled:
				verdict = "yes"
			case t.Matches:
				verdict = "yes, but it is disabled"
			}
			rows = append(rows, []string{t.Workspace, t.Rule, verdict, t.Why})
		}
		return a.show(list, []string{"WORKSPACE", "RULE", "MATCHES", "WHY NOT"}, rows)
	}
	return c
}

// event reads one event and gives it as EventBridge would match it.
func (a *app) event(name string) ([]byte, error) {
	if name == "" {
		return nil, wrong("which event? Name its file with --event")
	}
	text, err := a.file(name)
	if err != nil {
		return nil, err
	}
	e, err := event.Parse(text)
	if err != nil {
		return nil, wrong("%s: %w", name, err)
	}
	return json.Marshal(e)
}

// file reads a file, or standard input, named -.
func (a *app) file(name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(a.In)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, useError{err}
	}
	return text, nil
}

func (a *app) tryFiles(cmd *cobra.Command, names []string, raw []byte) (list []tried, err error) {
	sources, err := a.files(names)
	if err != nil {
		return nil, err
	}
	set, err := manifest.Read(sources, a.lookup)
	if err != nil {
		return nil, err
	}
	d, err := a.deployment(cmd.Context())
	if err != nil {
		return nil, err
	}
	var faults []manifest.Fault
	for _, r := range set.Rules {
		text, err := json.Marshal(r.Body)
		if err != nil {
			return nil, err
		}
		answer, err := d.PreviewRuleWithBodyWithResponse(cmd.Context(), r.Workspace, &client.PreviewRuleParams{}, "application/json", bytes.NewReader(text))
		if err != nil {
			return nil, fmt.Errorf("rule %s of %s: %w", r.Name, r.Workspace, err)
		}
		for _, f := range answer.JSON200.Faults {
			faults = append(faults, r.At(f.Path, f.In(d.language)))
		}
		if answer.JSON200.Pattern == nil {
			continue // its faults say why
		}
		enabled, given := r.Body["enabled"].(bool)
		one, err := try(*answer.JSON200.Pattern, raw)
		if err != nil {
			return nil, fmt.Errorf("rule %s of %s: %w", r.Name, r.Workspace, err)
		}
		one.Workspace, one.Rule, one.Enabled = r.Workspace, r.Name, enabled || !given
		list = append(list, one)
	}
	return list, manifest.Together(faults)
}

func (a *app) tryStored(cmd *cobra.Command, asked []string, raw []byte) (list []tried, err error) {
	d, err := a.deployment(cmd.Context())
	if err != nil {
		return nil, err
	}
	workspaces, err := a.workspaces(cmd.Context(), d.ClientWithResponses, asked)
	if err != nil {
		return nil, err
	}
	var failed []error
	for _, workspace := range workspaces {
		rules, err := d.stored(cmd.Context(), workspace)
		if err != nil {
			return nil, fmt.Errorf("workspace %s: %w", workspace, err)
		}
		for _, r := range rules {
			one, err := try(client.Value(r.Pattern), raw)
			if err != nil {
				failed = append(failed, fmt.Errorf("rule %s of %s: %w", r.Name, workspace, err))
				continue
			}
			one.Workspace, one.Rule, one.Enabled = workspace, r.Name, client.Value(r.Enabled)
			list = append(list, one)
		}
	}
	return list, errors.Join(failed...)
}

func try(text string, raw []byte) (tried, error) {
	compiled, err := pattern.Compile(text)
	if err != nil {
		return tried{}, err
	}
	why, ok := compiled.Explain(raw)
	if ok {
		return tried{Matches: true}, nil
	}
	return tried{Why: why.String()}, nil
}
