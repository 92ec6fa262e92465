package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aws/smithy-go"

	"pai-notify/shared/access"
	"pai-notify/shared/channel"
	"pai-notify/shared/fault"
	"pai-notify/shared/httpapi"
	"pai-notify/shared/ledger"
)

// workTime is how long one call works on a job; sweep does the rest.
const (
	workTime  = 8 * time.Second
	spareTime = 5 * time.Second // of an invocation, left for the answer
)

// Chosen is a choice of deliveries to replay or cancel.
type Chosen struct {
	Workspace string    `json:"workspace,omitempty" doc:"Left out: all that the key is for"`
	States    []string  `json:"states,omitempty" doc:"Left out: dead ones are replayed, waiting ones cancelled"`
	Rule      string    `json:"rule,omitempty"`
	Channel   string    `json:"channel,omitempty"`
	Object    string    `json:"object,omitempty" doc:"Id of what the event is about, such as a job's"`
	Event     string    `json:"event,omitempty" doc:"Id of the event"`
	From      time.Time `json:"from,omitzero" doc:"Created at this time or later"`
	To        time.Time `json:"to,omitzero" doc:"Created before this time"`
	Force     bool      `json:"force,omitempty" doc:"Of a replay: delivered ones too, which tells their receivers a second time"`
}

// states are those that a job can move, the one it moves where none is named first.
func states(kind ledger.JobKind) []string {
	if kind == ledger.JobCancel {
		return []string{string(ledger.Waiting)}
	}
	return []string{string(ledger.Dead), string(ledger.Cancelled), string(ledger.Waiting), string(ledger.Delivered)}
}

// checkChoice finds all faults of a choice. It must say something: nobody replays everything by a slip.
func (s *service) checkChoice(kind ledger.JobKind) func(context.Context, Chosen) smithy.InvalidParamsError {
	return func(_ context.Context, c Chosen) smithy.InvalidParamsError {
		var faults smithy.InvalidParamsError
		if c.Workspace+c.Rule+c.Channel+c.Object+c.Event == "" && c.From.IsZero() && c.To.IsZero() {
			faults.Add(fault.New("", fault.Say("chooses everything; name at least one of workspace, rule, channel, object, event, from and to",
				"会选中全部投递；请至少指定工作空间、规则、通道、对象、事件或时间")))
		}
		if c.Workspace != "" && (len(c.Workspace) > 100 || strings.ContainsFunc(c.Workspace, notInName)) {
			faults.Add(fault.New("Workspace", fault.Say("is no workspace's name: letters, digits, - and _", "不是工作空间名称，只能使用字母、数字、- 和 _")))
		}
		for i, state := range c.States {
			at := fmt.Sprintf("States[%d]", i)
			switch {
			case !slices.Contains(states(kind), state):
				faults.Add(fault.New(at, fault.Say("is none of what can be moved so: %s", "不能如此处理，可用：%s", fault.Names(states(kind)))))
			case state == string(ledger.Delivered) && !c.Force:
				faults.Add(fault.New(at, fault.Say("are told a second time only with force: true", "只有指定 force: true 才会再次通知")))
			}
		}
		if text := s.noChannel(c.Channel); text != nil {
			faults.Add(fault.New("Channel", text))
		}
		if !c.From.IsZero() && !c.To.IsZero() && !c.From.Before(c.To) {
			faults.Add(fault.New("To", notAfter()))
		}
		if c.Force && kind == ledger.JobCancel {
			faults.Add(fault.New("Force", fault.Say("is for a replay; leave it out", "仅用于重放，请去掉")))
		}
		return faults
	}
}

func notInName(r rune) bool {
	letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
	return !letter && (r < '0' || r > '9') && r != '-' && r != '_'
}

// Job is work over many deliveries.
type Job struct {
	ID      string    `json:"id"`
	Kind    string    `json:"kind" enum:"replay,cancel"`
	State   string    `json:"state" enum:"running,done"`
	Total   int       `json:"total" doc:"Chosen when it was started"`
	Done    int       `json:"done" doc:"Looked at so far"`
	Refused int       `json:"refused" doc:"Of these, those left as they were: replay or cancel one of them to see why"`
	LeftOut int       `json:"leftOut,omitempty" doc:"Told when a replay is begun: so many are private to other users and are left as they are"`
	Created time.Time `json:"created"`
	Updated time.Time `json:"updated"`
}

type jobAnswer struct {
	Status   int
	Location string `header:"Location"`
	Body     Job
}

func told(j ledger.Job) *jobAnswer {
	a := &jobAnswer{Status: http.StatusOK, Location: "/api/v1/deliveries/jobs/" + j.ID, Body: Job{
		ID: j.ID, Kind: string(j.Kind), State: string(j.State), Total: j.Total, Done: j.Done, Refused: j.Refused,
		Created: j.Created, Updated: j.Updated,
	}}
	if j.State == ledger.JobRunning {
		a.Status = http.StatusAccepted
	}
	return a
}

type jobRequest struct {
	Key string `header:"Idempotency-Key" maxLength:"128" doc:"Of your choice, a new one for each thing to do: repeating a request with its key does it once"`
	httpapi.Checked[Chosen]
}

func (s *service) startJob(kind ledger.JobKind) func(context.Context, *jobRequest) (*jobAnswer, error) {
	return func(ctx context.Context, in *jobRequest) (*jobAnswer, error) {
		c := in.Body
		now, err := s.enter(ctx, c.Workspace, access.Editor)
		if err != nil {
			return nil, err
		}
		if strings.TrimSpace(in.Key) == "" {
			return nil, httpapi.Wrong("header.Idempotency-Key", fault.Say("is missing; send any text that is new, such as $(uuidgen), and the same one "+
				"when the request is repeated", "不能为空；请发送任意一段新的文字，例如 $(uuidgen)，重复同一请求时使用相同的文字"))
		}
		f := ledger.Filter{
			Buses: now.buses, Rule: c.Rule, Channel: c.Channel, Object: c.Object, Event: c.Event, From: c.From, To: c.To,
		}
		for _, state := range c.States {
			f.States = append(f.States, ledger.State(state))
		}
		if len(f.States) == 0 {
			f.States = []ledger.State{ledger.State(states(kind)[0])}
		}
		leftOut, err := s.mine(ctx, now, kind, &f)
		if err != nil {
			return nil, err
		}
		var j ledger.Job
		change := access.Change{Action: "deliveries." + string(kind), Workspace: c.Workspace, Before: c}
		err = s.keys.Audited(ctx, change, func(ctx context.Context) (any, error) {
			// A key is its caller's: nobody comes by another's job.
			j, err = s.ledger.StartJob(ctx, ledger.Job{Kind: kind, Key: access.From(ctx).KeyID + " " + in.Key, Filter: f, Force: c.Force})
			return map[string]any{"job": j.ID, "total": j.Total}, err
		})
		if errors.Is(err, ledger.ErrJobKey) {
			return nil, httpapi.Wrong("header.Idempotency-Key", fault.Say("was used for another request; use a new one for each", "已用于另一请求，每个请求请使用新的键"))
		}
		if err != nil {
			return nil, err
		}
		if j.Done == 0 {
			s.note(ctx, "job "+string(kind), "job", j.ID, "total", j.Total, "workspace", c.Workspace, "rule", c.Rule)
		}
		until := time.Now().Add(workTime)
		if end, ok := ctx.Deadline(); ok && end.Add(-spareTime).Before(until) {
			until = end.Add(-spareTime)
		}
		if j, err = s.replayer(now).Advance(ctx, j, until); err != nil {
			return nil, err
		}
		out := told(j)
		out.Body.LeftOut = leftOut
		return out, nil
	}
}

// mine narrows a choice to what the caller may see where deliveries are sent again, since a rule's target may be the
// caller's by now, and gives how many are left out.
func (s *service) mine(ctx context.Context, now present, kind ledger.JobKind, f *ledger.Filter) (leftOut int, err error) {
	owners := now.caller.Sees()
	if kind != ledger.JobReplay || owners == nil {
		return 0, nil
	}
	all, err := s.ledger.Total(ctx, *f)
	if err != nil {
		return 0, err
	}
	f.Owners = owners
	seen, err := s.ledger.Total(ctx, *f)
	return max(all-seen, 0), err
}

func (s *service) job(ctx context.Context, in *struct {
	httpapi.Asked
	ID string `path:"id" pattern:"^[a-z2-7]{26}$" patternDescription:"id of a job: 26 of a-z and 2-7"`
}) (*jobAnswer, error) {
	now, err := s.enter(ctx, "", access.Viewer)
	if err != nil {
		return nil, err
	}
	j, err := s.ledger.Job(ctx, in.ID)
	if errors.Is(err, ledger.ErrNoJob) || err == nil && !within(j.Filter.Buses, now.buses) {
		return nil, &httpapi.Problem{
			Status: http.StatusNotFound, Code: "JobNotFound", Said: fault.Say("there is no job %s", "没有任务 %s", in.ID),
			Advice: channel.Advice{
				"en": "The answer of POST /api/v1/deliveries:replay or :cancel names its job. Jobs that ended are forgotten after some time.",
				"zh": "任务 id 见 POST /api/v1/deliveries:replay 或 :cancel 的返回。结束的任务一段时间后会被清理。",
			}.In(in.Language()),
		}
	}
	if err != nil {
		return nil, err
	}
	return told(j), nil
}

// within says whether some buses are among those of a caller, of whom none means all.
func within(buses, of []string) bool {
	if len(of) == 0 {
		return true
	}
	return len(buses) > 0 && !slices.ContainsFunc(buses, func(bus string) bool { return !slices.Contains(of, bus) })
}
