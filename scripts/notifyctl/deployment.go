package main

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"pai-notify/scripts/client"
	"pai-notify/scripts/notifyctl/manifest"
)

// deployment is what one run works with.
type deployment struct {
	*client.ClientWithResponses
	channels map[string]client.Channel
	language string // of faults
}

func (a *app) deployment(ctx context.Context) (*deployment, error) {
	c, err := a.client()
	if err != nil {
		return nil, err
	}
	choices, err := c.GetCatalogWithResponse(ctx)
	if err != nil {
		return nil, err
	}
	d := &deployment{ClientWithResponses: c, channels: map[string]client.Channel{}, language: a.language}
	for _, channel := range choices.JSON200.Channels {
		d.channels[channel.Name] = channel
	}
	return d, nil
}

// secret says whether a channel's setting is one. A channel that the deployment does not know has only secrets.
func (d *deployment) secret(channel, setting string) bool {
	c, known := d.channels[channel]
	i := slices.IndexFunc(c.Fields, func(f client.Setting) bool { return f.Name == setting })
	return !known || i >= 0 && c.Fields[i].Secret
}

// stored are the rules of a workspace.
func (d *deployment) stored(ctx context.Context, workspace string) (all []client.RulesRule, err error) {
	const page = 500
	limit, cursor := int64(page), ""
	for {
		answer, err := d.ListRulesWithResponse(ctx, workspace, &client.ListRulesParams{Limit: &limit, Cursor: client.Given(cursor)})
		if err != nil {
			return nil, err
		}
		all = append(all, answer.JSON200.Items...)
		if cursor = client.Value(answer.JSON200.Next); cursor == "" {
			return all, nil
		}
	}
}

// body is a rule as plain JSON.
func body(r client.RulesRule) (tree map[string]any, err error) {
	text, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	return tree, json.Unmarshal(text, &tree)
}

// held is what may be shown of a rule's secrets, by target and setting.
func held(r client.RulesRule) map[string]map[string]manifest.Held {
	all := map[string]map[string]manifest.Held{}
	for _, t := range r.Targets {
		for name, s := range client.Value(t.Secrets) {
			if all[t.Id] == nil {
				all[t.Id] = map[string]manifest.Held{}
			}
			all[t.Id][name] = shownSecret(s)
		}
	}
	return all
}

func shownSecret(s client.Secret) manifest.Held {
	return manifest.Held{Host: client.Value(s.Host), Last4: client.Value(s.Last4), Fingerprint: s.Fingerprint}
}

// busPrefix is that of the buses of workspaces.
const busPrefix = "pai-system-"

// workspaces are those asked for, else the key's, else those of which events are heard.
func (a *app) workspaces(ctx context.Context, c *client.ClientWithResponses, asked []string) ([]string, error) {
	if len(asked) > 0 {
		return asked, nil
	}
	session, err := c.GetSessionWithResponse(ctx)
	if err != nil {
		return nil, err
	}
	if list := session.JSON200.Workspaces; len(list) > 0 {
		return list, nil
	}
	figures, err := metrics(ctx, c)
	if err != nil {
		return nil, err
	}
	var list []string
	for _, one := range figures["pai_notify_heartbeat_age_seconds"] {
		if name, ours := strings.CutPrefix(one.labels["bus"], busPrefix); ours {
			list = append(list, name)
		}
	}
	if len(list) == 0 {
		return nil, wrong("which workspace? Name it with -w: no workspace has been heard of yet, which takes a minute after its set-up")
	}
	slices.Sort(list)
	return list, nil
}

// figure is one of the deployment's metrics.
type figure struct {
	labels map[string]string
	value  float64
}

// metrics are the deployment's gauges by name.
func metrics(ctx context.Context, c *client.ClientWithResponses) (map[string][]figure, error) {
	answer, err := c.GetMetricsWithResponse(ctx)
	if err != nil {
		return nil, err
	}
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(answer.Body))
	if err != nil {
		return nil, err
	}
	all := map[string][]figure{}
	for name, family := range families {
		for _, m := range family.Metric {
			if m.Gauge == nil {
				continue
			}
			labels := map[string]string{}
			for _, l := range m.Label {
				labels[l.GetName()] = l.GetValue()
			}
			all[name] = append(all[name], figure{labels, m.Gauge.GetValue()})
		}
	}
	return all, nil
}
