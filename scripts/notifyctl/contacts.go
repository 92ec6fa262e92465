package main

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"

	"github.com/spf13/cobra"

	"pai-notify/scripts/client"
)

func (a *app) contacts() *cobra.Command {
	group := &cobra.Command{Use: "contacts", Short: "Whom rules call, text and mail"}
	group.AddCommand(a.contactsList(), a.contactsImport(), &cobra.Command{Use: "export", Short: "Print all contacts as CSV", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			api, err := a.client()
			if err != nil {
				return err
			}
			answer, err := api.ExportContactsWithResponse(cmd.Context())
			if err != nil {
				return err
			}
			_, err = a.Out.Write(answer.Body)
			return err
		}})
	return group
}

func (a *app) contactsList() *cobra.Command {
	var q string
	c := &cobra.Command{Use: "list", Short: "List contacts", Args: cobra.NoArgs}
	c.Flags().StringVarP(&q, "query", "q", "", "only those with this in their id or name")
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		api, err := a.client()
		if err != nil {
			return err
		}
		list, rows := []client.Contact{}, [][]string{}
		for more := ""; ; {
			answer, err := api.ListContactsWithResponse(cmd.Context(), &client.ListContactsParams{Q: client.Given(q), Cursor: client.Given(more)})
			if err != nil {
				return err
			}
			for _, one := range answer.JSON200.Items {
				list = append(list, one)
				rows = append(rows, []string{client.Value(one.Id), one.Name, client.Value(one.Phone), client.Value(one.Email), client.Value(one.PaiUser)})
			}
			if more = client.Value(answer.JSON200.Next); more == "" {
				return a.show(list, []string{"ID", "NAME", "PHONE", "MAIL", "PAI USER"}, rows)
			}
		}
	}
	return c
}

func (a *app) contactsImport() *cobra.Command {
	var partial, dry bool
	c := &cobra.Command{Use: "import FILE|-", Short: "Take contacts from CSV with a header: all of them, or none where a line is at fault", Args: cobra.ExactArgs(1)}
	c.Flags().BoolVar(&partial, "partial", false, "take the lines without fault")
	c.Flags().BoolVar(&dry, "dry-run", false, "change nothing; say what would become of it")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		text, err := a.file(args[0])
		if err != nil {
			return err
		}
		api, err := a.client()
		if err != nil {
			return err
		}
		answer, err := api.ImportContactsWithBodyWithResponse(cmd.Context(),
			&client.ImportContactsParams{Partial: client.Given(partial), DryRun: client.Given(dry)}, "text/csv", bytes.NewReader(text))
		var said *client.Error
		switch {
		case errors.As(err, &said) && said.Status == http.StatusUnprocessableEntity:
			return useError{err} // the file is at fault
		case err != nil:
			return err
		}
		r := answer.JSON200
		err = a.show(r, []string{"NEW", "REPLACED", "UNCHANGED", "AT FAULT"},
			[][]string{{fmt.Sprint(r.Created), fmt.Sprint(r.Replaced), fmt.Sprint(r.Unchanged), fmt.Sprint(r.Faulty)}})
		for _, f := range r.Faults {
			err = errors.Join(err, a.say("%s:%d: %s %s", args[0], f.Line, printable(f.Column), printable(f.In(a.language))))
		}
		switch {
		case err != nil:
			return err
		case len(r.Faults) > 0:
			return found{codeWrong}
		case r.DryRun:
			return a.say("Nothing was changed.")
		}
		return nil
	}
	return c
}
