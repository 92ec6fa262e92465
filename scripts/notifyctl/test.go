package main

import (
	"errors"

	"github.com/spf13/cobra"

	"pai-notify/scripts/client"
)

func (a *app) test() *cobra.Command {
	var check bool
	c := &cobra.Command{Use: "test WORKSPACE RULE TARGET", Short: "Send one marked test message to a target of a rule, with a diagnosis",
		Args: cobra.ExactArgs(3)}
	c.Flags().BoolVar(&check, "check", false, "only ask the receiver, post nothing, where its channel can")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		api, err := a.client()
		if err != nil {
			return err
		}
		answer, err := api.TestConnectivityWithResponse(cmd.Context(), &client.TestConnectivityParams{}, client.ConnectivityOrder{
			Workspace: &args[0], Rule: &args[1], Target: &args[2], Check: client.Given(check), Language: client.Given(a.language),
		})
		if err != nil {
			return err
		}
		r := answer.JSON200
		verdict := "taken"
		switch {
		case !r.Ok:
			verdict = "not taken"
		case r.Checked:
			verdict = "would be taken"
		}
		err = a.show(r, []string{"RESULT", "CLASS", "FAILED AT", "CODE", "RECEIVER'S WORDS"},
			[][]string{{verdict, r.Class, string(r.Step), r.Code, r.Text}})
		if r.Advice != "" {
			err = errors.Join(err, a.say("%s", printable(r.Advice)))
		}
		if err == nil && !r.Ok {
			return found{codeDiffers}
		}
		return err
	}
	return c
}
