package main

import (
	"context"
	"crypto/rand"
	"slices"
	"time"

	smithyrand "github.com/aws/smithy-go/rand"

	"pai-notify/shared/event"
	"pai-notify/shared/sighting"
)

// returnTime is how long a canary may take, on the deployment's clock: EventBridge's first retry of the strategy that
// the rule has is due after a second.
const returnTime = time.Minute

// lookAtCanary tells whether the last canary came back. POST sends one where none came back since something on its way
// was changed; nothing waits for it here, since an instance stops when it has answered.
func (r *run) lookAtCanary(ctx context.Context) finding {
	switch {
	case r.order.Workspace == "":
		return needsWorkspace()
	case !r.is("database"):
		return after(say("Database", "数据库"))
	case !r.is("bus"):
		return after(busTitle)
	}
	c, sent, err := r.sightings.Latest(ctx, r.bus())
	if err != nil {
		return r.failed(err)
	}
	if named := slices.Contains(r.order.Steps, "canary"); sent && (named || r.changed) && r.post && !r.order.DryRun &&
		!r.released {
		sent = false
	}
	if !sent {
		return finding{state: Needed, fix: r.release,
			text: say("no canary has been sent since the last change", "自上次更改以来尚未发送金丝雀事件"),
			advice: say("POST /api/v1/setup sends one and proves the way through EventBridge.",
				"POST /api/v1/setup 会发送一个，以验证经过 EventBridge 的链路。")}
	}
	age := r.env.Clock.Now().Sub(c.Sent)
	if !c.Returned.IsZero() {
		return finding{state: Done,
			text: say("the canary of %s came back after %s, its second delivery after one that failed on purpose",
				"%s 的金丝雀事件在 %s 后返回（首次投递按设计失败，随后重新投递成功）",
				c.Sent.UTC().Format(time.RFC3339), span(c.Returned.Sub(c.Sent)))}
	}
	return r.missing(ctx, c, age)
}

// missing says why a canary is not back: what is wrong on its way, as far as that can be seen from here.
func (r *run) missing(ctx context.Context, c sighting.Canary, age time.Duration) finding {
	for _, id := range []string{"activation", "roles", "targets"} {
		if f := r.found[id]; f.state == Needed || f.state == Failed {
			return finding{state: Failed, fix: r.release,
				text:   say("the canary has not come back after %s: ", "金丝雀事件在 %s 后仍未返回：", span(age)).then(f.text),
				advice: f.advice.and(say("Then POST /api/v1/setup again.", "然后重新 POST /api/v1/setup。"))}
		}
	}
	switch {
	case age < returnTime && c.First.IsZero():
		return finding{state: Running, text: say("the canary was sent %s ago and has not come by yet",
			"金丝雀事件已发送 %s，尚未到达", span(age)),
			advice: say("Look again in some seconds with GET /api/v1/setup?workspace=%s.",
				"请几秒后用 GET /api/v1/setup?workspace=%s 查看。", r.order.Workspace)}
	case age < returnTime:
		return finding{state: Running,
			text: say("the canary has come by once, which failed on purpose, and is to be delivered again",
				"金丝雀事件已到达一次（按设计失败），等待重新投递"),
			advice: say("Look again in some seconds with GET /api/v1/setup?workspace=%s.",
				"请几秒后用 GET /api/v1/setup?workspace=%s 查看。", r.order.Workspace)}
	case !c.First.IsZero():
		return finding{state: Failed, fix: r.release,
			text: say("the canary came by once, which failed on purpose, and was not delivered again within a "+
				"minute: EventBridge does not retry",
				"金丝雀事件到达一次（按设计失败）后一分钟内未重新投递：EventBridge 未重试"),
			advice: say("In the EventBridge console set rule %s to the retry policy exponential decay and its "+
				"target to Sync, "+
				"or delete the rule and POST /api/v1/setup.",
				"请在 EventBridge 控制台将规则 %s 的重试策略设为指数衰减重试、目标调用方式设为同步，或删除该规则后 POST /api/v1/setup。", observeRule)}
	}
	return r.lost(ctx, c)
}

// lost says what EventBridge itself knows of a canary that never came by.
func (r *run) lost(ctx context.Context, c sighting.Canary) finding {
	f := finding{state: Failed, fix: r.release,
		text: say("the canary did not come back within a minute", "金丝雀事件一分钟内未返回"),
		advice: say("The rule, its target and the roles look right. Check that function %s is deployed, has the "+
			"same DATABASE_URL, and "+
			"what its log says; EventBridge's console shows the event's trace by its id %s. Then POST /api/v1/setup "+
			"again.",
			"规则、目标和角色看起来正确。请检查函数 %s 是否已部署、DATABASE_URL 是否一致，并查看其日志；也可在 EventBridge 控制台按事件 ID %s "+
				"查询轨迹。然后重新 POST /api/v1/setup。", r.env.ARN("observe"), c.ID)}
	pushes, err := r.cloud.Pushes(ctx, c.Bus, c.ID)
	if err != nil {
		r.failed(err) // the trace is a help, not a must; a refusal shows in the step permissions
		return f
	}
	for _, p := range slices.Backward(pushes) {
		if p.Rule == observeRule {
			f.text = f.text.then(say("; EventBridge's trace of it says that invoking %s brought: %s",
				"；EventBridge 的轨迹显示调用 %s 的结果为：%s",
				p.Endpoint, p.Status))
			return f
		}
	}
	return f
}

func (r *run) release(ctx context.Context) error {
	id, err := smithyrand.NewUUID(rand.Reader).GetUUID()
	if err != nil {
		return err
	}
	if err := r.sightings.Release(ctx, r.bus(), id); err != nil {
		return err
	}
	r.released = true
	return r.cloud.PutEvents(ctx, r.bus(), []event.Event{sighting.CanaryEvent(id, r.env.Clock.Now())})
}

// span is a duration as a person says it.
func span(d time.Duration) string {
	if d < 10*time.Second {
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}
