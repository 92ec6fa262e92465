package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/smithy-go"

	"pai-notify/shared/catalog"
	"pai-notify/shared/httpapi"
	"pai-notify/shared/rule"
)

// State of a step.
type State string

// The states.
const (
	Done    State = "done"
	Needed  State = "needed"  // POST does it
	Blocked State = "blocked" // waits for somebody, or for another step
	Failed  State = "failed"
	Running State = "running" // look again in some seconds
	Unused  State = "unused"  // of an optional step: nothing is set up, and nothing is wrong
)

// Step is one thing that pai-notify needs, as the API tells it.
type Step struct {
	ID     string `json:"id" example:"activation"`
	Title  string `json:"title"`
	State  State  `json:"state" enum:"done,needed,blocked,failed,running,unused"`
	Text   string `json:"text" doc:"What was found"`
	Advice string `json:"advice,omitempty" doc:"What to do next"`
	// Optional steps hold up no other.
	Optional bool `json:"optional,omitempty" doc:"pai-notify works without it; what it is for does not"`
}

// phrase is one text in both languages.
type phrase struct{ en, zh string }

func say(en, zh string, args ...any) phrase {
	if len(args) == 0 {
		return phrase{en, zh}
	}
	return phrase{fmt.Sprintf(en, args...), fmt.Sprintf(zh, args...)}
}

func (p phrase) in(language string) string {
	if language == httpapi.Chinese {
		return p.zh
	}
	return p.en
}

func (p phrase) and(more phrase) phrase {
	return phrase{join(p.en, " ", more.en), join(p.zh, "", more.zh)}
}

// then goes on without a blank.
func (p phrase) then(more phrase) phrase { return phrase{p.en + more.en, p.zh + more.zh} }

func join(a, between, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + between + b
}

// finding is what a look at a step brought.
type finding struct {
	state  State
	text   phrase
	advice phrase
	fix    func(context.Context) error // what POST does about it; nil where it can do nothing
}

// part is a step of set-up.
type part struct {
	id       string
	title    phrase
	look     func(context.Context) finding
	optional bool
}

// run is one request's walk over the steps.
type run struct {
	*setup
	request  string                       // its id
	catalog  *catalog.Catalog             // with the override there is
	channels map[string]map[string]string // shared settings, by channel
	order    order
	post     bool
	found    map[string]finding
	changed  bool     // something that the canary passes was made or mended
	released bool     // a canary was sent in this request
	refused  []string // API actions that the function's role may not call
}

// order is what a POST asks for.
type order struct {
	Workspace string   `json:"workspace,omitempty" doc:"Name of a PAI workspace; without it only the account is set up"`
	Activate  bool     `json:"activate,omitempty" doc:"Place the order that activates EventBridge: pay-as-you-go, for good"`
	CreateBus bool     `json:"createBus,omitempty" doc:"Make the workspace's bus, which is PAI's to make, if it is missing"`
	DryRun    bool     `json:"dryRun,omitempty" doc:"Change nothing; say what would be done"`
	Steps     []string `json:"steps,omitempty" doc:"Do only these steps; a canary that is named is sent again"`
	PAIUser   string   `json:"paiUser,omitempty" doc:"With the bootstrap token: whose jobs the first key's createdByMe means"`
}

func (r *run) parts() []part {
	return []part{
		{id: "keys", title: say("Keys", "密钥"), look: r.lookAtKeys},
		{id: "database", title: databaseTitle, look: r.lookAtDatabase},
		{id: "activation", title: activationTitle, look: r.lookAtActivation},
		{id: "roles", title: say("Service-linked roles", "服务关联角色"), look: r.lookAtRoles},
		{id: "bus", title: say("Event bus of the workspace", "工作空间的事件总线"), look: r.lookAtBus},
		{id: "targets", title: say("Function targets", "函数目标"), look: r.lookAtTargets},
		{id: "deadletter", title: say("Dead-letter queue", "死信队列"), look: r.lookAtDeadLetter},
		{id: "sms-sign", title: say("SMS: sign name", "短信：签名"), look: r.lookAtSign, optional: true},
		{id: "sms-template", title: say("SMS: templates", "短信：模板"), look: r.lookAtTemplates, optional: true},
		{id: "voice-template", title: say("Voice: templates", "语音：模板"), look: r.lookAtSpeech, optional: true},
		{id: "voice-number", title: say("Voice: number", "语音：号码"), look: r.lookAtNumber, optional: true},
		{id: "mail-sender", title: say("Mail: sender address", "邮件：发信地址"), look: r.lookAtSender, optional: true},
		{id: "permissions", title: say("Permissions", "权限"), look: r.lookAtPermissions},
		{id: "canary", title: say("Canary: an event that must come back", "金丝雀事件：必须返回的测试事件"), look: r.lookAtCanary},
	}
}

// partIDs are the ids of the steps, in order.
func partIDs() []string {
	var ids []string
	for _, p := range (&run{}).parts() {
		ids = append(ids, p.id)
	}
	return ids
}

// walk looks at every step in order, and does what is needed where the request asks for it.
func (r *run) walk(ctx context.Context, language string) []Step {
	r.found = map[string]finding{}
	var steps []Step
	for _, p := range r.parts() {
		f := p.look(ctx)
		wanted := r.post && (len(r.order.Steps) == 0 || slices.Contains(r.order.Steps, p.id))
		switch {
		case f.fix == nil || !wanted:
		case r.order.DryRun:
			f.text = f.text.and(say("(A POST without dryRun would do it.)", "（不带 dryRun 的 POST 会执行此步骤。）"))
		default:
			if err := r.mend(ctx, p.id, f.fix); err != nil {
				f = r.failed(err)
			} else if f = p.look(ctx); p.id != "canary" {
				r.changed = true
			}
		}
		r.found[p.id] = f
		steps = append(steps, Step{p.id, p.title.in(language), f.state, f.text.in(language), f.advice.in(language), p.optional})
	}
	return steps
}

// is says whether a step before this one is done.
func (r *run) is(id string) bool { return r.found[id].state == Done }

// after is a step that waits for another.
func after(step phrase) finding {
	return finding{
		state:  Blocked,
		text:   phrase{"waits for the step \"" + step.en + "\"", "等待步骤“" + step.zh + "”完成"},
		advice: say("See what that step says.", "请查看该步骤的说明。"),
	}
}

// failed says what an error means for a step. The text of an error that only the log may tell is left out.
func (r *run) failed(err error) finding {
	en, zh := httpapi.AsProblem(err, r.request, httpapi.English), httpapi.AsProblem(err, r.request, httpapi.Chinese)
	f := finding{state: Failed, text: phrase{en.Detail, zh.Detail}, advice: phrase{en.Advice, zh.Advice}}
	var ours *rule.Error
	switch {
	case errors.As(err, &ours):
		cause := strings.TrimPrefix(ours.Error(), ours.Text.Error())
		f.text = phrase{ours.Error(), ours.Text.In(httpapi.Chinese) + cause} // made for people, and holds no secret
		if len(ours.Advice) > 0 {
			f.advice = phrase{ours.AdviceIn(httpapi.English), ours.AdviceIn(httpapi.Chinese)}
		}
		if ours.Code == rule.CodeNotActivated {
			f.state = Blocked
		}
		var operation *smithy.OperationError
		if ours.Code == rule.CodeForbidden && errors.As(err, &operation) {
			if action := operation.ServiceID + " " + operation.OperationName; !slices.Contains(r.refused, action) {
				r.refused = append(r.refused, action)
			}
		}
	default:
		r.log.Error("step failed", "request", r.request, "error", err.Error())
	}
	return f
}
