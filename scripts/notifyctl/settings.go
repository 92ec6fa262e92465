package main

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"
)

func (a *app) settings() *cobra.Command {
	group := &cobra.Command{Use: "settings", Short: "What an administrator may change while pai-notify runs"}
	group.AddCommand(
		&cobra.Command{Use: "show", Short: "Print the settings as YAML, or as JSON", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
			now, err := a.currentSettings(cmd)
			if err != nil {
				return err
			}
			return a.printSettings(now)
		}},
		&cobra.Command{Use: "set NAME=VALUE...", Short: "Change settings, and leave the others as they are", Args: cobra.MinimumNArgs(1),
			Long: "Change settings by name, channels' with dots: paused=true, zone=Asia/Shanghai, channels.sms.signName=NAME. A value that is " +
				"JSON is taken as such, everything else as text; an empty value takes a setting away.",
			RunE: func(cmd *cobra.Command, args []string) error {
				now, err := a.currentSettings(cmd)
				if err != nil {
					return err
				}
				for _, pair := range args {
					path, text, ok := strings.Cut(pair, "=")
					if !ok || path == "" {
						return wrong("%q is no NAME=VALUE", pair)
					}
					set(now, strings.Split(path, "."), text)
				}
				body, err := json.Marshal(now)
				if err != nil {
					return err
				}
				api, err := a.client()
				if err != nil {
					return err
				}
				answer, err := api.PutSettingsWithBodyWithResponse(cmd.Context(), "application/json", bytes.NewReader(body))
				if err != nil {
					return err
				}
				now = nil
				if err := json.Unmarshal(answer.Body, &now); err != nil {
					return err
				}
				return a.printSettings(now)
			}})
	return group
}

func (a *app) currentSettings(cmd *cobra.Command) (now map[string]any, err error) {
	api, err := a.client()
	if err != nil {
		return nil, err
	}
	answer, err := api.GetSettingsWithResponse(cmd.Context())
	if err != nil {
		return nil, err
	}
	return now, json.Unmarshal(answer.Body, &now)
}

// set puts a value at a path, or takes it away where there is none.
func set(tree map[string]any, path []string, text string) {
	for _, step := range path[:len(path)-1] {
		inner, ok := tree[step].(map[string]any)
		if !ok {
			inner = map[string]any{}
			tree[step] = inner
		}
		tree = inner
	}
	last := path[len(path)-1]
	var value any
	switch {
	case text == "":
		delete(tree, last)
	case json.Unmarshal([]byte(text), &value) == nil && len(path) == 1:
		tree[last] = value
	default: // channels' settings are texts, whatever they look like
		tree[last] = text
	}
}

func (a *app) printSettings(now map[string]any) error {
	if a.form == "json" {
		return a.show(now, nil, nil)
	}
	text, err := yaml.Marshal(now)
	if err != nil {
		return err
	}
	_, err = a.Out.Write(text)
	return err
}
