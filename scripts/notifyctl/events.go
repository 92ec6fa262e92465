package main

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/spf13/cobra"

	"pai-notify/shared/event"
	"pai-notify/shared/eventbridge"
)

func (a *app) events() *cobra.Command {
	group := &cobra.Command{Use: "events", Short: "Events of a workspace"}
	var workspace, region, endpoint string
	send := &cobra.Command{Use: "send FILE|-", Short: "Put events on a workspace's bus, as PAI would", Args: cobra.ExactArgs(1),
		Long: "Put events on a workspace's bus through EventBridge's own API: one CloudEvent as JSON, or a list of them. Rules that match " +
			"tell of them.\n\nIt signs with ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET (and ALIBABA_CLOUD_SECURITY_TOKEN), " +
			"which need eventbridge:PutEvents on the bus."}
	send.Flags().StringVarP(&workspace, "workspace", "w", "", "the workspace")
	send.Flags().StringVar(&region, "region", a.Getenv("ALIBABA_CLOUD_REGION_ID"), "the bus's region; else ALIBABA_CLOUD_REGION_ID")
	send.Flags().StringVar(&endpoint, "endpoint", a.Getenv("EVENTBRIDGE_ENDPOINT"), "EventBridge's address, of a private region or the local cloud")
	send.RunE = func(cmd *cobra.Command, args []string) error {
		if workspace == "" {
			return wrong("which bus? Give its --workspace")
		}
		if region == "" {
			return wrong("in which region? Give --region, or set ALIBABA_CLOUD_REGION_ID")
		}
		id, secret := a.Getenv("ALIBABA_CLOUD_ACCESS_KEY_ID"), a.Getenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET")
		if id == "" || secret == "" {
			return wrong("no credentials: set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET of a RAM user that may " +
				"eventbridge:PutEvents")
		}
		text, err := a.file(args[0])
		if err != nil {
			return err
		}
		list, err := events(text)
		if err != nil {
			return wrong("%s: %w", args[0], err)
		}
		store := eventbridge.New(eventbridge.Config{Region: region, Endpoint: endpoint,
			Credentials: func(context.Context) (eventbridge.Credentials, error) {
				return eventbridge.Credentials{AccessKeyID: id, AccessKeySecret: secret, SecurityToken: a.Getenv("ALIBABA_CLOUD_SECURITY_TOKEN")}, nil
			}})
		// In chunks of what one call takes, so that progress can be told.
		const chunk = 16
		bar := a.progress("sending")
		defer bar.end()
		for done := 0; done < len(list); done += chunk {
			bar.set(done, len(list))
			if err := store.PutEvents(cmd.Context(), busPrefix+workspace, list[done:min(done+chunk, len(list))]); err != nil {
				return err
			}
		}
		ids := make([]string, len(list))
		for i, e := range list {
			ids[i] = e.ID
		}
		if a.form == "json" {
			return a.show(map[string]any{"sent": ids}, nil, nil)
		}
		return a.say("%s sent; notifyctl deliveries list -w %s --event %s tells what became of it.", plural(len(ids), "event"), workspace, ids[0])
	}
	group.AddCommand(send)
	return group
}

// events reads one event or a list.
func events(text []byte) (list []event.Event, err error) {
	var many []json.RawMessage
	if json.Unmarshal(text, &many) != nil {
		many = []json.RawMessage{text}
	}
	for _, raw := range many {
		e, err := event.Parse(raw)
		if err != nil {
			return nil, err
		}
		if e.ID == "" || e.Source == "" || e.Type == "" {
			return nil, errors.New("an event needs id, source and type")
		}
		list = append(list, e)
	}
	if len(list) == 0 {
		return nil, errors.New("there is no event in it")
	}
	return list, nil
}
