package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"pai-notify/scripts/client"
)

// area is what a look is about.
type area string

const (
	configuration area = "configuration"
	databaseArea  area = "database"
	connections   area = "connections"
	clockArea     area = "clock"
	buses         area = "buses"
	quotas        area = "quotas"
	targets       area = "targets"
	roles         area = "roles"
	deadLetter    area = "deadletter"
	heartbeat     area = "heartbeat"
	deliveryArea  area = "deliveries"
	channelsArea  area = "channels"
)

// grade is how bad a finding is.
type grade string

const (
	good  grade = "ok"
	note  grade = "note"  // works, and is worth knowing
	bad   grade = "fault" // does not work, or will not for long
	blind grade = "unseen"
)

// finding is what a look brought.
type finding struct {
	Area   area   `json:"area"`
	Grade  grade  `json:"grade"`
	Text   string `json:"text"`
	Advice string `json:"advice,omitempty"` // what to do
}

// doctor looks at a deployment.
type doctor struct {
	*app
	api        *client.ClientWithResponses
	workspaces []string
	template   string // s.yaml, for the connection budget; empty: not looked at
	limit      int    // connections that the database allows
	list       []finding
}

func (d *doctor) say(of area, how grade, english, chinese, adviceEN, adviceZH string, args ...any) {
	text, advice := english, adviceEN
	if d.language == "zh" {
		text, advice = chinese, adviceZH
	}
	if len(args) > 0 {
		text = fmt.Sprintf(text, args...)
	}
	d.list = append(d.list, finding{of, how, text, advice})
}

// unseen notes that a look was not possible, with the deployment's own words.
func (d *doctor) unseen(of area, err error) {
	f := finding{Area: of, Grade: blind, Text: err.Error()}
	var answer *client.Error
	if errors.As(err, &answer) {
		f.Text, f.Advice = fmt.Sprintf("%d %s: %s", answer.Status, answer.Code, answer.Detail), answer.Advice
		if answer.Err != nil {
			f.Text = answer.Error()
		}
		if answer.Status >= 500 {
			f.Grade = bad
		}
	}
	d.list = append(d.list, f)
}

func (a *app) doctor() *cobra.Command {
	d := &doctor{app: a}
	c := &cobra.Command{Use: "doctor", Short: "Look at a whole deployment, and say what is wrong and what to do", Args: cobra.NoArgs,
		Long: "Look at a deployment: configuration, database, connection budget, clock, buses, quotas, targets, roles, dead-letter queue, heartbeat, " +
			"deliveries and channels. Nothing is changed and nothing is sent. It needs an administrator's key; what another may not see is told so.\n\n" +
			"The connection budget needs to know what the database allows: give --template s.yaml and --connections N (SHOW max_connections)."}
	c.Flags().StringArrayVarP(&d.workspaces, "workspace", "w", nil, "a workspace; may be repeated; else all")
	c.Flags().StringVar(&d.template, "template", "", "the s.yaml that is deployed, for the connection budget")
	c.Flags().IntVar(&d.limit, "connections", 0, "connections that the database allows")
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		if (d.template == "") != (d.limit == 0) {
			return wrong("--template and --connections go together: the one says what is taken, the other what there is")
		}
		return d.examine(cmd.Context())
	}
	return c
}

// examine looks at everything that can be looked at, and tells all of it.
func (d *doctor) examine(ctx context.Context) error {
	var err error
	if d.api, err = d.client(); err != nil {
		return err
	}
	bar := d.progress("looking")
	looks := []func(context.Context){d.lookAtBudget, d.lookAtClock, d.lookAtHealth, d.lookAtSetup, d.lookAtFigures, d.lookAtRules, d.lookAtDeliveries}
	if d.lookAtKey(ctx) {
		for i, look := range looks {
			bar.set(i, len(looks))
			look(ctx)
		}
	}
	bar.end()
	var rows [][]string
	faults, unseen := 0, 0
	for _, f := range d.list {
		rows = append(rows, []string{string(f.Grade), string(f.Area), f.Text})
		switch f.Grade {
		case bad:
			faults++
		case blind:
			unseen++
		}
	}
	err = d.show(d.list, []string{"", "AREA", "FOUND"}, rows)
	for _, f := range d.list {
		if f.Grade != good && f.Advice != "" {
			err = errors.Join(err, d.app.say("\n%s %s: %s\n  %s", f.Grade, f.Area, printable(f.Text), printable(f.Advice)))
		}
	}
	switch {
	case err != nil:
		return err
	case faults > 0:
		return errors.Join(d.app.say("\n%s.", plural(faults, "fault")), found{codeDiffers})
	case unseen > 0:
		return d.app.say("\nNo fault in what could be seen; %s could not.", plural(unseen, "thing"))
	}
	return d.app.say("\nNo fault.")
}

// lookAtKey finds whether the deployment answers at all, to this key; else there is nothing more to see.
func (d *doctor) lookAtKey(ctx context.Context) bool {
	answer, err := d.api.GetSessionWithResponse(ctx)
	var said *client.Error
	switch {
	case err == nil:
	case errors.As(err, &said) && said.Err != nil:
		d.say(configuration, bad, "no answer from the address: %s", "该地址没有应答：%s",
			"Check PAI_NOTIFY_API: the custom domain of s.yaml (DOMAIN) or the trigger's address; and that this machine may reach it.",
			"请检查 PAI_NOTIFY_API：应为 s.yaml 的自定义域名（DOMAIN）或触发器地址；并确认本机可以访问它。", said.Err)
		return false
	case errors.As(err, &said) && said.Refused():
		d.say(configuration, bad, "the key is refused: %s", "密钥被拒绝：%s",
			"It is mistyped, revoked, or at its end. An administrator makes another: notifyctl keys make NAME --role admin.",
			"密钥有误、已吊销或已过期。请由管理员重新创建：notifyctl keys make 名称 --role admin。", said.Detail)
		return false
	default:
		d.unseen(databaseArea, err)
		return true // setup may still answer, and tell why
	}
	who := answer.JSON200
	d.say(configuration, good, "reached; the key %q is of role %s for %s", "可访问；密钥 %q 的角色为 %s，工作空间：%s", "", "",
		who.Name, who.Role, everywhere(who.Workspaces))
	if len(d.workspaces) == 0 {
		if d.workspaces, err = d.app.workspaces(ctx, d.api, nil); err != nil {
			d.say(buses, note, "no workspace has been heard of yet, which takes a minute after its set-up", "尚未收到任何工作空间的心跳；初始化之后需要一分钟",
				"Name one with -w, or set one up: notifyctl setup -w NAME --apply.", "请用 -w 指定，或先初始化：notifyctl setup -w 名称 --apply。")
			d.workspaces = []string{""} // the account alone
		}
	}
	return true
}

// lookAtHealth asks what anybody may ask.
func (d *doctor) lookAtHealth(ctx context.Context) {
	_, err := d.api.GetHealthWithResponse(ctx, &client.GetHealthParams{})
	var said *client.Error
	switch {
	case err == nil:
		d.say(heartbeat, good, "heartbeats come back through every bus", "各总线的心跳正常返回", "", "")
	case errors.As(err, &said) && said.Code == "Unhealthy":
		d.list = append(d.list, finding{heartbeat, bad, said.Detail, said.Advice})
	default:
		d.unseen(heartbeat, err)
	}
}

// areaOf is where a step of the set-up belongs.
func areaOf(step string) area {
	switch step {
	case "keys":
		return configuration
	case "database":
		return databaseArea
	case "activation", "bus":
		return buses
	case "targets":
		return targets
	case "roles", "permissions":
		return roles
	case "deadletter":
		return deadLetter
	case "canary":
		return heartbeat
	}
	return channelsArea
}

// lookAtSetup asks what the deployment itself finds of its account and of each workspace.
func (d *doctor) lookAtSetup(ctx context.Context) {
	told := map[string]bool{}
	for _, workspace := range d.workspaces {
		answer, err := d.api.GetSetupWithResponse(ctx, &client.GetSetupParams{Workspace: client.Given(workspace)})
		if err != nil {
			d.unseen(configuration, err)
			continue
		}
		for _, s := range answer.JSON200.Steps {
			of, how := areaOf(s.Id), good
			text := s.Title + ": " + s.Text
			if of == targets || s.Id == "bus" || s.Id == "canary" {
				text = strings.TrimSpace(workspace + " " + text)
			}
			switch {
			case workspace == "" && (of == targets || s.Id == "bus" || s.Id == "canary"):
				continue // belongs to a workspace
			case s.State == client.StepStateRunning:
				how = note
			case s.Id == "deadletter" && client.Value(s.Advice) != "" && s.State == client.StepStateDone:
				how = note // works without one, and loses what cannot be delivered in a day
			case !fine(s):
				how = bad
			}
			if !told[text] {
				told[text] = true
				d.list = append(d.list, finding{of, how, text, client.Value(s.Advice)})
			}
		}
	}
}
