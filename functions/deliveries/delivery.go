package main

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"pai-notify/shared/access"
	"pai-notify/shared/channel"
	"pai-notify/shared/fault"
	"pai-notify/shared/httpapi"
	"pai-notify/shared/ledger"
)

// Delivery is one event for one receiver of one rule.
type Delivery struct {
	ID        string `json:"id" example:"k7q2m5x4b3n6t2aazz7p4q1w5e" doc:"Receivers see it as the message's id"`
	State     string `json:"state" enum:"claimed,waiting,delivered,dead,duplicate,cancelled" doc:"claimed: it is being sent"`
	Workspace string `json:"workspace,omitempty"`
	Rule      string `json:"rule,omitempty" doc:"Left out where what came was none of our rules' bodies"`
	Target    string `json:"target,omitempty"`
	Contact   string `json:"contact,omitempty"`
	Channel   string `json:"channel" example:"dingtalk"`
	Event     Event  `json:"event"`
	Object    string `json:"object,omitempty" doc:"Id of what the event is about, such as a job's"`
	Private   bool   `json:"private,omitempty" doc:"It is about what is private to another user: what would tell of that is left out"`

	Created  time.Time `json:"created" doc:"When EventBridge first asked for it"`
	Due      time.Time `json:"due,omitzero" doc:"Of one that waits: when it is tried next, unless its receiver's pace makes it later"`
	Why      *Why      `json:"why,omitempty" doc:"Of one that waits: what for, where that is known"`
	Done     time.Time `json:"done,omitzero" doc:"When it ended"`
	Attempts int       `json:"attempts" doc:"How often it was tried"`

	Class   string         `json:"class,omitempty" doc:"Of the last attempt"`
	Code    string         `json:"code,omitempty" doc:"The receiver's own, or one of ours"`
	Advice  channel.Advice `json:"advice,omitempty" doc:"What to do about it, in every language: zh and en"`
	Receipt string         `json:"receipt,omitempty" doc:"The receiver's id of the message"`
	Arrived time.Time      `json:"arrived,omitzero" doc:"When it was at the handset or the mailbox, where its service reports that"`
}

// Event is what a delivery tells.
type Event struct {
	Source string    `json:"source,omitempty"`
	ID     string    `json:"id,omitempty"`
	Time   time.Time `json:"time,omitzero"`
}

// Attempt is one try at sending.
type Attempt struct {
	N      int            `json:"n"`
	At     time.Time      `json:"at"`
	MS     int64          `json:"ms" doc:"How long it took, in milliseconds"`
	Class  string         `json:"class" enum:"unknown,delivered,throttled,unavailable,uncertain,misconfigured,rejected"`
	Code   string         `json:"code,omitempty"`
	Text   string         `json:"text,omitempty" doc:"The receiver's own words, or why there are none"`
	Advice channel.Advice `json:"advice,omitempty"`
}

// Told is a delivery with its attempts.
type Told struct {
	Delivery
	History []Attempt `json:"history" doc:"Every attempt, the first one first"`
}

// wire is a delivery as its caller may see it.
func (s *service) wire(e ledger.Entered, now present) Delivery {
	d := Delivery{
		ID: e.ID, State: string(e.State), Rule: e.Rule, Target: e.Target, Contact: e.Contact, Channel: e.Channel, Object: e.Object,
		Event: Event{e.EventSource, e.EventID, e.Happened}, Created: e.Created, Done: e.Done, Attempts: e.Attempts,
		Class: e.Class, Code: e.Code, Receipt: e.Receipt, Arrived: e.Arrived, Advice: s.book.Of(e.Channel, e.Class, e.Code, ""),
	}
	d.Workspace, _ = now.catalog.Workspace(e.Bus)
	if !now.sees(e) {
		d.Private, d.Object, d.Event.ID, d.Receipt = true, "", "", ""
	}
	if e.State == ledger.Waiting {
		d.Due, d.Why = e.Due, now.why(e, s.clock())
	}
	return d
}

// Choice is embedded in the input of every operation on several deliveries.
type Choice struct {
	Workspace string    `query:"workspace" maxLength:"100" pattern:"^[A-Za-z0-9][A-Za-z0-9_-]*$" doc:"Left out: all that the key is for"`
	States    []string  `query:"state" enum:"claimed,waiting,delivered,dead,duplicate,cancelled" doc:"One or several, parted by commas"`
	Rule      string    `query:"rule" maxLength:"127"`
	Channel   string    `query:"channel" maxLength:"64"`
	Object    string    `query:"object" maxLength:"256" doc:"Id of what the event is about, such as a job's"`
	Event     string    `query:"event" maxLength:"256" doc:"Id of the event"`
	From      time.Time `query:"from" doc:"Created at this time or later"`
	To        time.Time `query:"to" doc:"Created before this time"`
}

func (s *service) filter(now present, c Choice) (ledger.Filter, error) {
	if text := s.noChannel(c.Channel); text != nil {
		return ledger.Filter{}, httpapi.Wrong("query.channel", text)
	}
	f := ledger.Filter{
		Buses: now.buses, Rule: c.Rule, Channel: c.Channel, Object: c.Object, Event: c.Event, From: c.From, To: c.To,
	}
	for _, state := range c.States {
		f.States = append(f.States, ledger.State(state))
	}
	if c.Object != "" || c.Event != "" { // whether there is one of them would tell of it already
		f.Owners = now.caller.Sees()
	}
	if !c.From.IsZero() && !c.To.IsZero() && !c.From.Before(c.To) {
		return f, httpapi.Wrong("query.to", notAfter())
	}
	return f, nil
}

// noChannel says what is wrong with a channel's name; nil where nothing is.
func (s *service) noChannel(name string) fault.Text {
	var known fault.Names
	for _, spec := range s.specs {
		known = append(known, spec.Name)
	}
	if name == "" || slices.Contains(known, name) {
		return nil
	}
	return fault.Say("is no channel; there are %s", "不是通道，可用：%s", known)
}

func notAfter() fault.Text { return fault.Say("is not after from", "须晚于开始时间") }

type page struct {
	Body struct {
		Items []Delivery `json:"items"`
		Next  string     `json:"next,omitempty" doc:"Ask again with it as cursor; left out at the end"`
	}
}

func (s *service) list(ctx context.Context, in *struct {
	Choice
	Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"50"`
	Cursor string `query:"cursor" maxLength:"400" doc:"next of the answer before"`
}) (*page, error) {
	now, err := s.enter(ctx, in.Workspace, access.Viewer)
	if err != nil {
		return nil, err
	}
	f, err := s.filter(now, in.Choice)
	if err != nil {
		return nil, err
	}
	if now.holds, err = s.holding(ctx); err != nil {
		return nil, err
	}
	found, next, err := s.ledger.List(ctx, f, in.Cursor, in.Limit)
	if errors.Is(err, ledger.ErrCursor) {
		return nil, httpapi.Wrong("query.cursor", fault.Say("is none that a list gave; leave it out to begin at the start", "不是列表返回的游标；请去掉以从头开始"))
	}
	if err != nil {
		return nil, err
	}
	out := &page{}
	out.Body.Items, out.Body.Next = []Delivery{}, next
	for _, e := range found {
		out.Body.Items = append(out.Body.Items, s.wire(e, now))
	}
	return out, nil
}

// Named is embedded in the input of every operation on one delivery.
type Named struct {
	httpapi.Asked
	ID string `path:"id" pattern:"^[a-z2-7]{26}$" patternDescription:"id of a delivery: 26 of a-z and 2-7"`
}

func (s *service) get(ctx context.Context, in *struct{ Named }) (*struct{ Body Told }, error) {
	now, e, tried, err := s.read(ctx, in.Named, access.Viewer)
	if err != nil {
		return nil, err
	}
	if now.holds, err = s.holding(ctx); err != nil {
		return nil, err
	}
	out := Told{Delivery: s.wire(e, now), History: []Attempt{}}
	for _, t := range tried {
		a := Attempt{
			N: t.N, At: t.At, MS: t.Took.Milliseconds(), Class: t.Class, Code: t.Code, Text: t.Text,
			Advice: s.book.Of(e.Channel, t.Class, t.Code, t.Text),
		}
		if out.Private { // a receiver may repeat what it was told
			a.Text = ""
		}
		out.History = append(out.History, a)
	}
	if n := len(tried); n > 0 && out.Class == tried[n-1].Class { // the text tells meanings of one code apart
		out.Advice = out.History[n-1].Advice
	}
	return &struct{ Body Told }{out}, nil
}

// read finds a delivery. Those of workspaces that are not the caller's are not there.
func (s *service) read(ctx context.Context, in Named, role access.Role) (present, ledger.Entered, []ledger.Tried, error) {
	now, err := s.enter(ctx, "", role)
	if err != nil {
		return now, ledger.Entered{}, nil, err
	}
	e, tried, err := s.ledger.Get(ctx, in.ID)
	if errors.Is(err, ledger.ErrNotFound) || err == nil && len(now.buses) > 0 && !slices.Contains(now.buses, e.Bus) {
		return now, e, nil, notFound(in.ID, in.Language())
	}
	return now, e, tried, err
}

func notFound(id, language string) error {
	return &httpapi.Problem{
		Status: http.StatusNotFound, Code: "DeliveryNotFound", Said: fault.Say("there is no delivery %s", "没有投递 %s", id),
		Advice: channel.Advice{
			"en": "GET /api/v1/deliveries lists what there is. Deliveries are forgotten some time after they ended; the settings say when.",
			"zh": "GET /api/v1/deliveries 可列出现有投递。投递结束一段时间后会被清理，期限见设置。",
		}.In(language),
	}
}
