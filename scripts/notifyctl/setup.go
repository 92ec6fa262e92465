package main

import (
	"errors"

	"github.com/spf13/cobra"

	"pai-notify/scripts/client"
)

func (a *app) setup() *cobra.Command {
	var order client.SetupOrder
	var apply, activate, createBus bool
	var workspace, user string
	c := &cobra.Command{Use: "setup [-w WORKSPACE]", Short: "Say what pai-notify needs; with --apply, do it", Args: cobra.NoArgs,
		Long: "Say what pai-notify needs and how each step stands; with --apply do what is needed. The first time, PAI_NOTIFY_KEY is the " +
			"bootstrap token, and the answer has the first API key."}
	c.Flags().StringVarP(&workspace, "workspace", "w", "", "a workspace; without it only the account is looked at")
	c.Flags().BoolVar(&apply, "apply", false, "do what is needed")
	c.Flags().BoolVar(&activate, "activate", false, "with --apply: place the order that activates EventBridge: pay-as-you-go, for good")
	c.Flags().BoolVar(&createBus, "create-bus", false, "with --apply: make the workspace's bus where PAI has not")
	c.Flags().StringVar(&user, "pai-user", "", "with the bootstrap token: whose jobs the first key's createdByMe means")
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		if !apply && (activate || createBus) {
			return wrong("--activate and --create-bus do something: give --apply with them")
		}
		api, err := a.client()
		if err != nil {
			return err
		}
		var told *client.SetupAnswerBody
		if apply {
			order.Workspace, order.PaiUser = client.Given(workspace), client.Given(user)
			order.Activate, order.CreateBus = client.Given(activate), client.Given(createBus)
			answer, err := api.DoSetupWithResponse(cmd.Context(), &client.DoSetupParams{}, order)
			if err != nil {
				return err
			}
			told = answer.JSON200
		} else {
			answer, err := api.GetSetupWithResponse(cmd.Context(), &client.GetSetupParams{Workspace: client.Given(workspace)})
			if err != nil {
				return err
			}
			told = answer.JSON200
		}
		var rows [][]string
		wanting := false
		for _, s := range told.Steps {
			rows = append(rows, []string{s.Id, string(s.State), s.Text})
			wanting = wanting || !fine(s)
		}
		err = a.show(told, []string{"STEP", "STATE", "FOUND"}, rows)
		for _, s := range told.Steps {
			if advice := client.Value(s.Advice); advice != "" && !fine(s) {
				err = errors.Join(err, a.say("\n%s: %s", s.Id, printable(advice)))
			}
		}
		if key := client.Value(told.Key); key != "" {
			err = errors.Join(err, a.say("\nThe first API key, told here and never again: %s", key))
		}
		if err == nil && wanting {
			return found{codeDiffers}
		}
		return err
	}
	return c
}

func fine(s client.Step) bool {
	return s.State == client.StepStateDone || s.State == client.StepStateUnused
}
