package main

import (
	"context"
	"errors"
	"strings"

	"pai-notify/shared/eventbridge"
	"pai-notify/shared/rule"
)

// paiRole is PAI's own service-linked role, with which it puts events on its buses, and the service that has it:
// help.aliyun.com/en/pai/user-guide/service-linked-role-aliyunserviceroleforpaiworkspace.
const (
	paiRole        = "AliyunServiceRoleForPAIWorkspace"
	paiRoleService = "aiworkspace.pai.aliyuncs.com"
)

func (r *run) lookAtActivation(ctx context.Context) finding {
	components, err := r.cloud.Components(ctx)
	var ours *rule.Error
	switch {
	case errors.As(err, &ours) && ours.Code == rule.CodeNotActivated:
		f := finding{
			state: Needed,
			text: say("EventBridge is not activated in this account (ServiceNotEnable)",
				"本账号尚未开通事件总线 EventBridge（ServiceNotEnable）"),
			advice: say("Open it in the EventBridge console, or POST /api/v1/setup with \"activate\": true. That "+
				"places a pay-as-you-go "+
				"order, which cannot be closed again; PAI then makes a bus for each workspace.",
				"请在 EventBridge 控制台开通，或 POST /api/v1/setup 并设置 \"activate\": true。这会提交一个按量付费订单，且开通后无法关闭；"+
					"之后 PAI 会为每个工作空间创建总线。"),
		}
		if r.order.Activate {
			f.fix = r.cloud.Order
		}
		return f
	case err != nil:
		return r.failed(err)
	}
	var waiting []string
	for _, c := range components {
		if !c.Ready() {
			waiting = append(waiting, c.Name+" "+c.Status)
		}
	}
	if len(waiting) > 0 {
		return finding{state: Running,
			text: say("EventBridge is being activated: %s", "EventBridge 正在开通：%s", strings.Join(waiting, ", ")),
			advice: say("This takes up to 10 minutes; look again with GET /api/v1/setup.",
				"最长需要 10 分钟；请稍后用 GET /api/v1/setup 查看。")}
	}
	return finding{state: Done, text: say("EventBridge is activated", "EventBridge 已开通")}
}

var activationTitle = say("Activation of EventBridge", "开通事件总线 EventBridge") //nolint:gochecknoglobals // a text

func (r *run) lookAtRoles(ctx context.Context) finding {
	if !r.is("activation") {
		return after(activationTitle)
	}
	send, err := r.cloud.CheckRole(ctx, eventbridge.SendToFunction)
	if err != nil {
		return r.failed(err)
	}
	pai, err := r.cloud.PAIRole(ctx)
	unseen := phrase{}
	var ours *rule.Error
	switch {
	case errors.As(err, &ours) && ours.Code == rule.CodeForbidden: // PAI's console makes it anyway; the step permissions tells
		r.failed(err)
		pai, unseen = true, say("; whether %s exists could not be seen", "；无法确认 %s 是否存在", paiRole)
	case err != nil:
		return r.failed(err)
	}
	var missing []string
	if !send {
		missing = append(missing, eventbridge.SendToFunction)
	}
	if !pai {
		missing = append(missing, paiRole)
	}
	if len(missing) == 0 {
		return finding{state: Done, text: say("EventBridge may invoke functions, and PAI may put events on its buses",
			"EventBridge 可调用函数，PAI 可向其总线发布事件").then(unseen)}
	}
	return finding{
		state: Needed,
		text:  say("missing: %s", "缺少：%s", strings.Join(missing, ", ")),
		advice: say("POST /api/v1/setup makes them; the function's role needs ram:CreateServiceLinkedRole for it.",
			"POST /api/v1/setup 会创建它们；函数的角色需要 ram:CreateServiceLinkedRole 权限。"),
		fix: func(ctx context.Context) error {
			if !send {
				if _, err := r.cloud.EnsureRole(ctx, eventbridge.SendToFunction); err != nil {
					return err
				}
			}
			if !pai {
				return r.cloud.MakePAIRole(ctx)
			}
			return nil
		},
	}
}

func (r *run) lookAtPermissions(ctx context.Context) finding {
	if !r.is("activation") && len(r.refused) == 0 {
		return after(activationTitle)
	}
	if len(r.refused) == 0 {
		if err := r.cloud.TryReading(ctx, r.bus()); err != nil {
			f := r.failed(err)
			if len(r.refused) == 0 {
				return f
			}
		}
	}
	if len(r.refused) > 0 {
		list := strings.Join(r.refused, ", ")
		return finding{state: Failed, text: say("the function's role may not call: %s", "函数的角色无权调用：%s", list),
			advice: say("Attach the policy that GET /api/v1/setup/policy prints to the RAM role of the functions "+
				"setup, rules and connectivity.",
				"请将 GET /api/v1/setup/policy 给出的策略授权给 setup、rules、connectivity 函数的 RAM 角色。")}
	}
	return finding{state: Done,
		text: say("every call made here was allowed; what only writes is tried when it is first needed",
			"以上调用均被允许；仅写入的操作在首次使用时才会验证")}
}
