package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"pai-notify/scripts/client"
	"pai-notify/scripts/serverless"
)

// maxSkew is how far clocks may be apart. Alibaba Cloud refuses a request signed 15 minutes off
// (help.aliyun.com/zh/sdk/product-overview/rpc-mechanism: Timestamp), and webhooks' signatures hold for 5 minutes.
const maxSkew = time.Minute

func (d *doctor) lookAtClock(context.Context) {
	skew := d.skew.Round(time.Second)
	switch {
	case !d.dated:
		d.say(clockArea, blind, "the answers have no date", "应答中没有日期", "A proxy on the way takes the header Date away.", "途中的代理去掉了 Date 头。")
	case skew.Abs() > maxSkew:
		d.say(clockArea, bad, "the deployment's clock is %s off from this machine's", "部署的时钟与本机相差 %s",
			"One of the two is wrong; compare with date -u. Set this machine's by NTP (timedatectl set-ntp true); Function Compute's is kept by "+
				"the platform. A clock that is off breaks signatures, quiet hours and the ends of keys.",
			"两者之一有误，请与 date -u 比较。本机请用 NTP 校时（timedatectl set-ntp true）；函数计算的时钟由平台维护。时钟偏差会使签名、免打扰时段和密钥有效期出错。", skew)
	default:
		d.say(clockArea, good, "%s off from this machine's", "与本机相差 %s", "", "", skew)
	}
}

// sparePart of the database's connections is kept for administrators, migrations and new instances while old ones end.
const sparePart = 10 // a tenth

// lookAtBudget adds up what the functions may take of the database's connections: one an instance.
func (d *doctor) lookAtBudget(context.Context) {
	if d.template == "" {
		d.say(connections, blind, "not looked at: what the database allows is not known here", "未检查：不知道数据库允许的连接数",
			"Give --template s.yaml and --connections N, N being what SHOW max_connections says.", "请加上 --template s.yaml 和 --connections N，N 为 SHOW max_connections 的结果。")
		return
	}
	t, err := serverless.Load(d.template, d.Getenv)
	if err != nil {
		d.say(connections, bad, "%s cannot be read: %s", "无法读取 %s：%s", "Mend the file; s preview says the same.", "请修正该文件；s preview 会给出同样的信息。", d.template, err)
		return
	}
	sum := 0
	for _, f := range t.Blocks {
		sum += f.ConcurrencyConfig.ReservedConcurrency // there is one: Load finds those without
	}
	usable := d.limit - (d.limit+sparePart-1)/sparePart
	switch {
	case sum > usable:
		d.say(connections, bad, "the functions may take %d connections, and the database allows %d, a tenth of them to spare", "各函数最多占用 %d 个连接，而数据库允许 %d 个（需预留十分之一）",
			"Lower the instance caps in s.yaml and deploy, raise max_connections, or put a pooler (PgBouncer, RDS's own) before the database.",
			"请降低 s.yaml 中的实例上限并重新部署，或提高 max_connections，或在数据库前使用连接池（PgBouncer 或 RDS 自带的）。", sum, d.limit)
	default:
		d.say(connections, good, "the functions may take %d of the database's %d connections", "各函数最多占用 %d 个连接，数据库允许 %d 个", "", "", sum, d.limit)
	}
}

// What is late: sweep and the delivery functions look each minute.
const (
	maxOverdue = 10 * time.Minute
	maxBeat    = 5 * time.Minute
)

// lookAtFigures reads the deployment's metrics.
func (d *doctor) lookAtFigures(ctx context.Context) {
	all, err := metrics(ctx, d.api)
	if err != nil {
		d.unseen(deliveryArea, err)
		return
	}
	for _, f := range all["pai_notify_heartbeat_age_seconds"] {
		if age := f.value; math.IsInf(age, 1) || age >= maxBeat.Seconds() {
			d.say(heartbeat, bad, "the last heartbeat of %s came back %s ago", "总线 %s 的上一次心跳在 %s 前返回",
				"notifyctl setup -w WORKSPACE says which piece of the way is wrong; then look into the logs of the functions sweep and observe.",
				"notifyctl setup -w 工作空间 会指出出错的环节；再查看 sweep 和 observe 函数的日志。", f.labels["bus"], seconds(age))
		}
	}
	for _, f := range all["pai_notify_paused"] {
		if f.value > 0 {
			d.say(deliveryArea, bad, "everything is paused: nothing is sent, whatever comes", "已全局暂停：任何消息都不会发送",
				"notifyctl settings set paused=false lets it go on; what was held is sent then.", "notifyctl settings set paused=false 恢复发送；暂停期间积压的消息会随后发出。")
		}
	}
	late := false
	for _, f := range all["pai_notify_overdue_seconds"] {
		if f.value > maxOverdue.Seconds() {
			late = true
			d.say(deliveryArea, bad, "deliveries through %s are %s late", "%s 渠道的投递已延迟 %s",
				"Is the timer of its delivery function enabled, and does the function end with errors? See its logs, and its instance cap in s.yaml.",
				"请检查该渠道投递函数的定时触发器是否启用、函数是否报错：查看其日志及 s.yaml 中的实例上限。", f.labels["channel"], seconds(f.value))
		}
	}
	if !late {
		d.say(deliveryArea, good, "nothing is late", "没有延迟的投递", "", "")
	}
	for _, f := range all["pai_notify_destinations_failing"] {
		if f.value > 0 {
			d.say(deliveryArea, note, "%.0f receivers failed with their last message", "%.0f 个接收端的上一条消息失败",
				"notifyctl deliveries list --state dead says which and why.", "notifyctl deliveries list --state dead 可查看具体原因。", f.value)
		}
	}
}

func seconds(n float64) string {
	if math.IsInf(n, 1) {
		return "∞"
	}
	return (time.Duration(n) * time.Second).String()
}

// nearQuota is from which part of a quota on it is told, in tenths.
const nearQuota = 9

// lookAtRules looks at every rule of every workspace.
func (d *doctor) lookAtRules(ctx context.Context) {
	for _, workspace := range d.workspaces {
		if workspace == "" {
			continue
		}
		rules, err := (&deployment{ClientWithResponses: d.api}).stored(ctx, workspace)
		if err != nil {
			d.unseen(targets, fmt.Errorf("rules of %s: %w", workspace, err))
			continue
		}
		drifted := 0
		for _, r := range rules {
			for _, what := range client.Value(r.Drift) {
				drifted++
				d.say(targets, bad, "rule %s of %s is not in EventBridge as it was saved: %s", "规则 %s（%s）在 EventBridge 中与保存时不一致：%s",
					"Somebody changed it there. Save it again, apply the file it comes from, or POST …/rules:recompile.",
					"有人在 EventBridge 中直接修改了它。请重新保存该规则、重新应用其文件，或 POST …/rules:recompile。", r.Name, workspace, what)
			}
		}
		if drifted == 0 {
			d.say(targets, good, "%s: %d rules, all as they were saved", "%s：%d 条规则，均与保存时一致", "", "", workspace, len(rules))
		}
		d.lookAtQuota(ctx, workspace)
	}
}

// lookAtQuota asks a preview how many rules the bus has and may have: the catalogue's first choice is asked with, and
// nothing is saved.
func (d *doctor) lookAtQuota(ctx context.Context, workspace string) {
	text, err := json.Marshal(map[string]any{"name": "doctor", "targets": []any{},
		"event": map[string]any{"source": "", "options": []any{}, "scope": map[string]any{"kind": ""}}})
	if err != nil {
		d.unseen(quotas, err)
		return
	}
	answer, err := d.api.PreviewRuleWithBodyWithResponse(ctx, workspace, &client.PreviewRuleParams{}, "application/json", bytes.NewReader(text))
	if err != nil {
		d.unseen(quotas, fmt.Errorf("rules of %s: %w", workspace, err))
		return
	}
	have, most := answer.JSON200.Rules, answer.JSON200.MaxRules
	how := good
	if have*10 >= most*nearQuota {
		how = bad
	}
	d.say(quotas, how, "%s: %d rules on the bus of at most %d", "%s：总线上有 %d 条规则，上限 %d 条",
		"Delete rules that nobody needs, join some, or have EventBridge's quota of rules a bus raised (EventBridge console, Quota Center).",
		"请删除不再需要的规则或合并规则，或在配额中心申请提高 EventBridge 每个总线的规则数上限。", workspace, have, most)
}

// lookAtDeliveries counts what died lately.
func (d *doctor) lookAtDeliveries(ctx context.Context) {
	from := d.Now().Add(d.skew).Add(-24 * time.Hour)
	for _, workspace := range d.workspaces {
		p := &client.SummariseDeliveriesParams{From: &from, Workspace: client.Given(workspace)}
		answer, err := d.api.SummariseDeliveriesWithResponse(ctx, p)
		var said *client.Error
		if errors.As(err, &said) && said.Status == 422 { // a deployment whose clock runs at another speed knows no such day
			p.From = nil
			answer, err = d.api.SummariseDeliveriesWithResponse(ctx, p)
		}
		if err != nil {
			d.unseen(deliveryArea, err)
			continue
		}
		dead := int64(0)
		for _, h := range answer.JSON200.Hours {
			if h.State == "dead" {
				dead += h.Count
			}
		}
		if dead > 0 {
			d.say(deliveryArea, bad, "%s: %d deliveries died within a day", "%s：一天内有 %d 条投递失败",
				"notifyctl deliveries list --state dead says why, show ID what to do; after mending, notifyctl deliveries replay sends them.",
				"notifyctl deliveries list --state dead 查看原因，show ID 查看处理办法；修复后用 notifyctl deliveries replay 重新发送。", workspace, dead)
		}
	}
}
