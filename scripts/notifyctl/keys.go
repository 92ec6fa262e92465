package main

import (
	"strings"

	"github.com/spf13/cobra"

	"pai-notify/scripts/client"
)

func (a *app) keys() *cobra.Command {
	group := &cobra.Command{Use: "keys", Short: "API keys"}
	group.AddCommand(a.keysList(), a.keysMake(), &cobra.Command{Use: "revoke ID...", Short: "Revoke keys at once", Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, ids []string) error {
			api, err := a.client()
			if err != nil {
				return err
			}
			for _, id := range ids {
				if _, err := api.RevokeKeyWithResponse(cmd.Context(), id, &client.RevokeKeyParams{}); err != nil {
					return err
				}
				if err := a.say("%s is revoked.", id); err != nil {
					return err
				}
			}
			return nil
		}})
	return group
}

func (a *app) keysList() *cobra.Command {
	return &cobra.Command{Use: "list", Short: "List keys, with their last use", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			api, err := a.client()
			if err != nil {
				return err
			}
			answer, err := api.ListKeysWithResponse(cmd.Context())
			if err != nil {
				return err
			}
			var rows [][]string
			for _, k := range answer.JSON200.Items {
				rows = append(rows, []string{k.Id, k.Name, string(k.Role), everywhere(k.Workspaces), string(k.State),
					day(client.Value(k.Expires)), day(client.Value(k.LastUsed))})
			}
			return a.show(answer.JSON200.Items, []string{"ID", "NAME", "ROLE", "WORKSPACES", "STATE", "ENDS", "LAST USED"}, rows)
		}}
}

func everywhere(workspaces []string) string {
	if len(workspaces) == 0 {
		return "all"
	}
	return strings.Join(workspaces, ",")
}

func (a *app) keysMake() *cobra.Command {
	var role, user string
	var workspaces []string
	var days int64
	c := &cobra.Command{Use: "make NAME", Short: "Make a key and print it, once", Args: cobra.ExactArgs(1),
		Long: "Make a key and print it; it is told here and never again. The name says who uses it, and for what."}
	c.Flags().StringVar(&role, "role", "viewer", "viewer, editor or admin; at most your own")
	c.Flags().StringArrayVarP(&workspaces, "workspace", "w", nil, "for a workspace only; may be repeated")
	c.Flags().Int64Var(&days, "days", 0, "for how long, 1 to 3650; else 365")
	c.Flags().StringVar(&user, "pai-user", "", "id of the PAI user whose jobs createdByMe means")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		api, err := a.client()
		if err != nil {
			return err
		}
		wanted := client.Wanted{Name: args[0], Role: role, Days: client.Given(days), PaiUser: client.Given(user)}
		if len(workspaces) > 0 {
			wanted.Workspaces = &workspaces
		}
		answer, err := api.MakeKeyWithResponse(cmd.Context(), &client.MakeKeyParams{}, wanted)
		if err != nil {
			return err
		}
		made := answer.JSON201
		return a.show(made, []string{"ID", "ROLE", "ENDS", "KEY"},
			[][]string{{made.Id, string(made.Role), day(client.Value(made.Expires)), made.Key}})
	}
	return c
}
