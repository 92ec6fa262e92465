package main

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"pai-notify/shared/httpapi"
	"pai-notify/shared/rule"
)

// observeRule is the rule that gives observe every event of a bus.
const (
	observeRule    = rule.ReservedPrefix + "observe"
	observePattern = "{}" // everything: help.aliyun.com/en/eventbridge/user-guide/event-patterns
)

func (r *run) bus() string {
	if r.order.Workspace == "" {
		return ""
	}
	return r.catalog.Bus(r.order.Workspace)
}

func needsWorkspace() finding {
	return finding{state: Blocked, text: say("belongs to a workspace, and none is named", "与工作空间相关，但未指定工作空间"),
		advice: say("Ask for it with GET /api/v1/setup?workspace=NAME, and POST with \"workspace\": \"NAME\".",
			"请使用 GET /api/v1/setup?workspace=NAME 查询，或在 POST 中设置 \"workspace\": \"NAME\"。")}
}

func (r *run) lookAtBus(ctx context.Context) finding {
	switch {
	case r.order.Workspace == "":
		return needsWorkspace()
	case !r.is("activation"):
		return after(activationTitle)
	}
	_, err := r.cloud.GetBus(ctx, r.bus())
	var ours *rule.Error
	switch {
	case err == nil:
		return finding{state: Done, text: say("bus %s exists", "总线 %s 已存在", r.bus())}
	case !errors.As(err, &ours) || ours.Code != rule.CodeNoWorkspace:
		return r.failed(err)
	}
	workspaces, err := r.cloud.Workspaces(ctx)
	if err != nil && !errors.As(err, &ours) {
		return r.failed(err)
	}
	if err == nil && !slices.Contains(workspaces, r.order.Workspace) {
		return finding{state: Blocked,
			text: say("there is no workspace %q in region %s; there are: %s", "地域 %[2]s 中没有工作空间 %[1]q；现有：%[3]s",
				r.order.Workspace, r.env.Region, listed(workspaces)),
			advice: say("Check the workspace's name, which is not its display name, and the region.",
				"请检查工作空间名称（不是显示名称）和地域。")}
	}
	f := finding{
		state: Needed, text: say("bus %s does not exist", "总线 %s 不存在", r.bus()),
		advice: say("PAI makes it when event notifications are opened in its console (Workspace Settings, Event "+
			"Notification "+
			"Configuration). Where it has not, POST /api/v1/setup with \"createBus\": true makes it.",
			"在 PAI 控制台打开事件通知（工作空间设置 > 事件通知配置）时会创建它。若未创建，可 POST /api/v1/setup 并设置 \"createBus\": true。"),
	}
	if err != nil { // not allowed to list workspaces: a misspelt name would get a bus that PAI never speaks on
		r.failed(err)
		f.advice = f.advice.and(say("Whether the workspace exists could not be checked: the function's role may not "+
			"list workspaces.",
			"无法确认该工作空间是否存在：函数的角色无权查询工作空间列表。"))
	}
	if r.order.CreateBus {
		f.fix = func(ctx context.Context) error {
			_, err := r.cloud.EnsureBus(ctx, r.bus(), "Events of PAI workspace "+r.order.Workspace)
			return err
		}
	}
	return f
}

func listed(names []string) string {
	if len(names) == 0 {
		return "-"
	}
	const most = 20
	if len(names) > most {
		return strings.Join(names[:most], ", ") + ", …"
	}
	return strings.Join(names, ", ")
}

var busTitle = say("Event bus of the workspace", "工作空间的事件总线") //nolint:gochecknoglobals // a text

func (r *run) lookAtTargets(ctx context.Context) finding {
	switch {
	case r.order.Workspace == "":
		return needsWorkspace()
	case !r.is("bus"):
		return after(busTitle)
	}
	want := r.env.ARN("observe")
	mend := func(ctx context.Context) error {
		_, err := r.cloud.PutFunctionRule(ctx, r.bus(), observeRule, observePattern, want)
		return err
	}
	needed := func(text phrase) finding {
		return finding{state: Needed, text: text, fix: mend,
			advice: say("POST /api/v1/setup mends it.", "POST /api/v1/setup 会修复它。")}
	}
	now, err := r.cloud.GetFunctionRule(ctx, r.bus(), observeRule)
	var ours *rule.Error
	switch {
	case errors.As(err, &ours) && ours.Code == rule.CodeNotFound:
		return needed(say("rule %s does not exist on the bus", "总线上没有规则 %s", observeRule))
	case err != nil:
		return r.failed(err)
	case !now.Enabled:
		return needed(say("rule %s is disabled", "规则 %s 已被停用", observeRule))
	case now.FunctionARN != want:
		return needed(say("the target of rule %s names the wrong function: %q instead of %q",
			"规则 %s 的目标指向错误的函数：%q，应为 %q",
			observeRule, now.FunctionARN, want))
	case !matchesAll(now.Pattern):
		return needed(say("rule %s does not match every event", "规则 %s 未匹配全部事件", observeRule))
	}
	if len(now.Differences) > 0 {
		return needed(say("the target of rule %s is not as it should be: %s", "规则 %s 的目标与应有配置不一致：%s",
			observeRule, strings.Join(now.Differences, "; ")))
	}
	if f, ok := r.wrongARN(ctx); ok {
		return f
	}
	return finding{state: Done, text: say("rule %s gives every event of the bus to %s", "规则 %s 将总线上的全部事件交给 %s",
		observeRule, want)}
}

func matchesAll(pattern string) bool {
	var members map[string]any
	return json.Unmarshal([]byte(pattern), &members) == nil && len(members) == 0
}

// wrongARN compares what FUNCTION_ARN makes of this very function with what the platform says of it.
func (r *run) wrongARN(ctx context.Context) (finding, bool) {
	platform := httpapi.PlatformOf(ctx)
	own := r.env.ARN("setup")
	if platform.Function == "" {
		return finding{}, false
	}
	if c, sent, err := r.sightings.Latest(ctx, r.bus()); err == nil && sent && !c.Returned.IsZero() {
		return finding{}, false // proof beats form
	}
	path := own[strings.LastIndexByte(own, ':')+1:]
	_, function, _ := strings.Cut("/"+path, "/functions/")
	name, _, _ := strings.Cut(function, "/")
	in := ":" + platform.Region + ":" + platform.Account + ":"
	if name == platform.Function && (platform.Region == "" || platform.Account == "" || strings.Contains(own, in)) {
		return finding{}, false
	}
	return finding{state: Failed,
		text: say("FUNCTION_ARN gives this function the ARN %s, but it is %s of account %s in %s: EventBridge would "+
			"invoke other functions",
			"FUNCTION_ARN 给出的本函数 ARN 为 %s，但实际是 %[4]s 地域账号 %[3]s 的 %[2]s：EventBridge 会调用错误的函数",
			own, platform.Function, platform.Account, platform.Region),
		advice: say("Correct FUNCTION_ARN in s.yaml (vars.environment.function), deploy, POST /api/v1/setup, and "+
			"recompile the rules.",
			"请修正 s.yaml 中的 FUNCTION_ARN（vars.environment.function），重新部署，POST /api/v1/setup，并重新编译规则。")}, true
}
