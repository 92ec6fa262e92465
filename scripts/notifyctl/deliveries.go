package main

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"pai-notify/scripts/client"
)

// choice is which deliveries are meant.
type choice struct {
	workspace, rule, channel, object, event, from, to string
	states                                            []string
}

func (c *choice) flags(flags *pflag.FlagSet) {
	flags.StringVarP(&c.workspace, "workspace", "w", "", "of a workspace")
	flags.StringVar(&c.rule, "rule", "", "of a rule")
	flags.StringVar(&c.channel, "channel", "", "of a channel, such as dingtalk")
	flags.StringVar(&c.object, "object", "", "about an object, such as a job's id")
	flags.StringVar(&c.event, "event", "", "of an event's id")
	flags.StringVar(&c.from, "from", "", "created since: 2h, 7d, 2026-11-25, or RFC 3339")
	flags.StringVar(&c.to, "to", "", "created before")
	flags.StringSliceVar(&c.states, "state", nil, "waiting, delivered, dead, cancelled, duplicate, claimed; several with commas")
}

func (a *app) params(c choice) (*client.ListDeliveriesParams, error) {
	from, err := a.when(c.from)
	if err != nil {
		return nil, err
	}
	to, err := a.when(c.to)
	if err != nil {
		return nil, err
	}
	p := &client.ListDeliveriesParams{Workspace: client.Given(c.workspace), Rule: client.Given(c.rule), Channel: client.Given(c.channel),
		Object: client.Given(c.object), Event: client.Given(c.event), From: from, To: to}
	if len(c.states) > 0 {
		states := make([]client.ListDeliveriesParamsState, len(c.states))
		for i, s := range c.states {
			states[i] = client.ListDeliveriesParamsState(s)
		}
		p.State = &states
	}
	return p, nil
}

func (a *app) deliveries() *cobra.Command {
	group := &cobra.Command{Use: "deliveries", Short: "What was told, what waits, what died"}
	group.AddCommand(a.list(), a.one(), a.tail(), a.move("replay"), a.move("cancel"))
	return group
}

func row(d client.DeliveriesDelivery) []string {
	cause := client.Value(d.Code)
	if cause == "" && d.State != client.DeliveriesDeliveryStateDelivered {
		cause = client.Value(d.Class)
	}
	return []string{d.Id, day(d.Created), string(d.State), client.Value(d.Workspace), client.Value(d.Rule), client.Value(d.Target),
		d.Channel, client.Value(d.Object), fmt.Sprint(d.Attempts), cause}
}

func columns() []string {
	return []string{"ID", "CREATED", "STATE", "WORKSPACE", "RULE", "TARGET", "CHANNEL", "OBJECT", "TRIES", "CODE"}
}

func (a *app) list() *cobra.Command {
	var of choice
	var most int64
	c := &cobra.Command{Use: "list", Short: "List deliveries, the newest first", Args: cobra.NoArgs}
	of.flags(c.Flags())
	c.Flags().Int64VarP(&most, "limit", "n", 50, "how many at most")
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		api, err := a.client()
		if err != nil {
			return err
		}
		p, err := a.params(of)
		if err != nil {
			return err
		}
		list := []client.DeliveriesDelivery{}
		more := ""
		for int64(len(list)) < most {
			limit := min(most-int64(len(list)), 100)
			p.Limit, p.Cursor = &limit, client.Given(more)
			answer, err := api.ListDeliveriesWithResponse(cmd.Context(), p)
			if err != nil {
				return err
			}
			list = append(list, answer.JSON200.Items...)
			if more = client.Value(answer.JSON200.Next); more == "" {
				break
			}
		}
		var rows [][]string
		for _, d := range list {
			rows = append(rows, row(d))
		}
		if err := a.show(list, columns(), rows); err != nil || more == "" {
			return err
		}
		return a.say("There are more; -n raises the limit, and flags narrow the list.")
	}
	return c
}

func (a *app) one() *cobra.Command {
	return &cobra.Command{Use: "show ID", Short: "Show a delivery, every attempt, and what to do", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := a.client()
			if err != nil {
				return err
			}
			answer, err := api.GetDeliveryWithResponse(cmd.Context(), args[0], &client.GetDeliveryParams{})
			if err != nil {
				return err
			}
			d := answer.JSON200
			var rows [][]string
			for _, t := range d.History {
				rows = append(rows, []string{fmt.Sprint(t.N), day(t.At), string(t.Class), client.Value(t.Code), fmt.Sprint(t.Ms), client.Value(t.Text)})
			}
			head := fmt.Sprintf("%s  %s  rule %s of %s to %s (%s)  event %s about %s", d.Id, d.State, client.Value(d.Rule),
				client.Value(d.Workspace), client.Value(d.Target), d.Channel, client.Value(d.Event.Id), client.Value(d.Object))
			err = errors.Join(a.say("%s", printable(head)), a.show(d, []string{"TRY", "AT", "CLASS", "CODE", "MS", "RECEIVER'S WORDS"}, rows))
			if advice := client.Value(d.Advice)[a.language]; advice != "" {
				err = errors.Join(err, a.say("%s", printable(advice)))
			}
			return err
		}}
}

func (a *app) tail() *cobra.Command {
	var of choice
	var every, until time.Duration
	c := &cobra.Command{Use: "tail", Short: "Print deliveries as they come and change, until interrupted", Args: cobra.NoArgs}
	of.flags(c.Flags())
	c.Flags().DurationVar(&every, "every", 2*time.Second, "how often to look")
	c.Flags().DurationVar(&until, "for", 0, "end after this; 0: never")
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		if every < 100*time.Millisecond {
			return wrong("--every is at least 100ms")
		}
		api, err := a.client()
		if err != nil {
			return err
		}
		p, err := a.params(of)
		if err != nil {
			return err
		}
		limit := int64(100)
		p.Limit = &limit
		ctx := cmd.Context()
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		seen, began := map[string]string{}, a.Now()
		for first := true; ; first = false {
			answer, err := api.ListDeliveriesWithResponse(ctx, p)
			if ctx.Err() != nil {
				return nil // interrupted: that is how it ends
			}
			if err != nil {
				return err
			}
			for _, d := range slices.Backward(answer.JSON200.Items) {
				now := fmt.Sprint(d.State, d.Attempts)
				if was := seen[d.Id]; was == now || first {
					seen[d.Id] = now
					continue
				}
				seen[d.Id] = now
				if err := a.line(d); err != nil {
					return err
				}
			}
			if until > 0 && a.Now().Sub(began) >= until {
				return nil
			}
			select {
			case <-ctx.Done():
				return nil
			case <-ticker.C:
			}
		}
	}
	return c
}

// move is replay and cancel, of one or of many.
func (a *app) move(what string) *cobra.Command {
	var of choice
	var force, all bool
	c := &cobra.Command{Use: what + " [ID...]", Short: map[string]string{
		"replay": "Send again what died, to the targets as the rules have them now",
		"cancel": "Let go what waits"}[what],
		Long: "Name deliveries by their ids, or choose them with flags; --all means every one that the key may see.\n\n" +
			"Many are a job of the deployment, and this waits for its end."}
	of.flags(c.Flags())
	c.Flags().BoolVar(&all, "all", false, "without any other flag: all of them")
	if what == "replay" {
		c.Flags().BoolVar(&force, "force", false, "delivered ones too, which tells their receivers a second time")
	}
	c.RunE = func(cmd *cobra.Command, ids []string) error {
		api, err := a.client()
		if err != nil {
			return err
		}
		chosen := cmd.Flags().Changed("workspace") || of.rule+of.channel+of.object+of.event+of.from+of.to != "" || len(of.states) > 0
		switch {
		case len(ids) > 0 && (chosen || all):
			return wrong("give ids or flags that choose, not both")
		case len(ids) == 0 && !chosen && !all:
			return wrong("which ones? Give ids, flags that choose, or --all")
		case len(ids) > 0:
			return a.moveSome(cmd, api, what, ids, force)
		}
		p, err := a.params(of)
		if err != nil {
			return err
		}
		body := client.Chosen{Workspace: p.Workspace, Rule: p.Rule, Channel: p.Channel, Object: p.Object, Event: p.Event, From: p.From, To: p.To,
			Force: client.Given(force)}
		if len(of.states) > 0 {
			body.States = &of.states
		}
		return a.moveMany(cmd, api, what, body)
	}
	return c
}

func (a *app) moveSome(cmd *cobra.Command, api *client.ClientWithResponses, what string, ids []string, force bool) error {
	bar := a.progress(what)
	defer bar.end()
	var failed []error
	list, rows := []*client.DeliveriesDelivery{}, [][]string{}
	for i, id := range ids {
		bar.set(i, len(ids))
		var moved *client.DeliveriesDelivery
		var err error
		if what == "replay" {
			var answer *client.ReplayDeliveryAnswered
			if answer, err = api.ReplayDeliveryWithResponse(cmd.Context(), id, &client.ReplayDeliveryParams{Force: client.Given(force)}); err == nil {
				moved = answer.JSON200
			}
		} else {
			var answer *client.CancelDeliveryAnswered
			if answer, err = api.CancelDeliveryWithResponse(cmd.Context(), id, &client.CancelDeliveryParams{}); err == nil {
				moved = answer.JSON200
			}
		}
		if err != nil {
			failed = append(failed, fmt.Errorf("%s %s: %w", what, id, err))
			continue
		}
		list, rows = append(list, moved), append(rows, row(*moved))
	}
	return errors.Join(append(failed, a.show(list, columns(), rows))...)
}

func (a *app) moveMany(cmd *cobra.Command, api *client.ClientWithResponses, what string, body client.Chosen) error {
	key, ctx := uuid.NewString(), cmd.Context()
	var job *client.Job
	if what == "replay" {
		answer, err := api.ReplayDeliveriesWithResponse(ctx, &client.ReplayDeliveriesParams{IdempotencyKey: &key}, body)
		if err != nil {
			return err
		}
		job = answer.JSON200
	} else {
		answer, err := api.CancelDeliveriesWithResponse(ctx, &client.CancelDeliveriesParams{IdempotencyKey: &key}, body)
		if err != nil {
			return err
		}
		job = answer.JSON200
	}
	bar := a.progress(what)
	defer bar.end()
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for job.State == client.JobStateRunning {
		bar.set(int(job.Done), int(job.Total))
		select {
		case <-ctx.Done():
			return fmt.Errorf("interrupted; job %s goes on by itself", job.Id)
		case <-ticker.C:
		}
		answer, err := api.GetJobWithResponse(ctx, job.Id, &client.GetJobParams{})
		if err != nil {
			return err
		}
		job = answer.JSON200
	}
	return a.show(job, []string{"JOB", "WHAT", "CHOSEN", "DONE", "REFUSED"},
		[][]string{{job.Id, string(job.Kind), fmt.Sprint(job.Total), fmt.Sprint(job.Done - job.Refused), fmt.Sprint(job.Refused)}})
}
