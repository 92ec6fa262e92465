package main

import (
	"github.com/spf13/cobra"
)

func (a *app) sessions() *cobra.Command {
	group := &cobra.Command{Use: "sessions", Short: "Who is signed in to the console"}
	group.AddCommand(
		&cobra.Command{Use: "list", Short: "List sessions, the newest first", Args: cobra.NoArgs, RunE: a.sessionsList},
		&cobra.Command{Use: "end ID...", Short: "End all sessions of keys or people at once", Args: cobra.MinimumNArgs(1), RunE: a.sessionsEnd,
			Long: "End all sessions of keys or people at once, by the ids of the list. Who still may sign in can do so again: a key is revoked " +
				"with notifyctl keys revoke, a person with the identity provider."},
	)
	return group
}

func (a *app) sessionsList(cmd *cobra.Command, _ []string) error {
	api, err := a.client()
	if err != nil {
		return err
	}
	answer, err := api.ListSessionsWithResponse(cmd.Context())
	if err != nil {
		return err
	}
	var rows [][]string
	for _, s := range answer.JSON200.Items {
		rows = append(rows, []string{s.Id, s.Name, string(s.Via), day(s.Opened), day(s.LastUsed), day(s.Ends)})
	}
	return a.show(answer.JSON200.Items, []string{"ID", "NAME", "VIA", "OPENED", "LAST USED", "ENDS"}, rows)
}

func (a *app) sessionsEnd(cmd *cobra.Command, ids []string) error {
	api, err := a.client()
	if err != nil {
		return err
	}
	for _, id := range ids {
		answer, err := api.EndSessionsWithResponse(cmd.Context(), id)
		if err != nil {
			return err
		}
		if err := a.say("%s of %s ended.", plural(int(answer.JSON200.Ended), "session"), id); err != nil {
			return err
		}
	}
	return nil
}
