package main

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"

	"pai-notify/shared/rule"
)

// The steps of the services that reach people. Nobody has to use them: a service without settings is Unused, which is no
// fault. What is set is looked up where the service has an API for it.

// What the three channels' shared settings are called: their Spec.Shared.
const (
	smsChannel, voiceChannel, mailChannel = "sms", "voice", "email"

	setSign     = "signName"
	setZH       = "templateZh"
	setEN       = "templateEn"
	setNumber   = "showNumber"
	setFrom     = "from"
	setRegion   = "region"
	settingsAPI = "PUT /api/v1/settings"
)

// unused is a step of a service that is not set up.
func unused(text, advice phrase) finding { return finding{state: Unused, text: text, advice: advice} }

// unset is a step of a service that is set up in part.
func unset(channel, setting string, consequence, advice phrase) finding {
	return finding{state: Blocked, advice: advice,
		text: say("channels.%s.%s is not set: ", "未设置 channels.%s.%s：", channel, setting).then(consequence)}
}

// unseen is what a step says where the role may not look a setting up: the setting may be right all the same.
func unseen(found phrase, err error) (finding, bool) {
	var ours *rule.Error
	if !errors.As(err, &ours) || ours.Code != rule.CodeForbidden {
		return finding{}, false
	}
	return finding{state: Done,
		text: found.then(say("; whether the service knows it could not be looked up: %s", "；无法查询服务侧是否存在：%s", ours.Text)),
		advice: say("To have it looked up, attach the policy that GET /api/v1/setup/policy prints to the function's RAM role.",
			"如需查询，请将 GET /api/v1/setup/policy 给出的策略授权给函数的 RAM 角色。")}, true
}

// set are a channel's settings.
func (r *run) set(channel string) map[string]string { return r.channels[channel] }

// region is where a channel's service is called.
func (r *run) region(channel string) string {
	if region := r.set(channel)[setRegion]; region != "" {
		return region
	}
	return r.env.Region
}

var databaseTitle = say("Database", "数据库") //nolint:gochecknoglobals // a text

func (r *run) lookAtSign(ctx context.Context) finding {
	advice := say("Apply for a sign name in the SMS console (https://dysms.console.aliyun.com, Signatures; it takes the carriers' "+
		"real-name registration, 5 to 10 days: https://help.aliyun.com/zh/sms), then set channels.sms.signName on the settings page, or with "+settingsAPI+".",
		"请在短信服务控制台（https://dysms.console.aliyun.com “签名管理”）申请签名，并完成运营商实名制报备（5 至 10 天，见 "+
			"https://help.aliyun.com/zh/sms），再在设置页或用 "+settingsAPI+" 设置 channels.sms.signName。")
	name := r.set(smsChannel)[setSign]
	switch {
	case !r.is("database"):
		return after(databaseTitle)
	case len(r.set(smsChannel)) == 0:
		return unused(say("SMS is not set up: rules cannot text anybody", "未配置短信：规则无法发送短信"), advice)
	case name == "":
		return unset(smsChannel, setSign, say("no text message can be sent", "无法发送短信"), advice)
	}
	found := say("texts are signed 【%s】", "短信签名为【%s】", name)
	signs, err := r.cloud.Signs(ctx, r.region(smsChannel))
	if err != nil {
		if f, ok := unseen(found, err); ok {
			return f
		}
		return r.failed(err)
	}
	i := slices.IndexFunc(signs, func(s reviewed) bool { return s.Name == name })
	switch {
	case i < 0:
		return finding{state: Blocked, advice: advice,
			text: say("the account has no sign name %q; it has: %s", "账号下没有签名 %q；现有：%s", name, names(signs))}
	case signs[i].State != reviewPassed:
		return finding{state: Blocked, advice: advice, text: notPassed(signs[i])}
	}
	return finding{state: Done, text: found.then(say(", which is approved", "，已审核通过"))}
}

func notPassed(r reviewed) phrase {
	text := say("%q is not approved (%s)", "%q 未审核通过（%s）", r.Name, r.State)
	if r.Reason != "" {
		text = text.then(say(": %s", "：%s", r.Reason))
	}
	return text
}

func names(list []reviewed) string {
	var all []string
	for _, r := range list {
		all = append(all, r.Name)
	}
	return listed(all)
}

// settingsOf names the settings of a channel that are given, with their values: signs are no secrets, nor are templates.
func settingsOf(set map[string]string, among ...string) (values []string) {
	for _, name := range among {
		if set[name] != "" {
			values = append(values, set[name])
		}
	}
	return values
}

var placeholder = regexp.MustCompile(`\$\{(\w+)\}`)

func (r *run) lookAtTemplates(ctx context.Context) finding {
	advice := say("Apply for a notice template in the SMS console (https://dysms.console.aliyun.com, Templates), for instance: "+
		"PAI job ${name}: ${status} at ${time}. Please see the PAI console. Then set channels.sms.templateZh or templateEn on the settings page, or with "+
		settingsAPI+".",
		"请在短信服务控制台（https://dysms.console.aliyun.com “模板管理”）申请通知短信模板，例如：PAI任务${name}的状态为${status}，"+
			"时间${time}，请登录控制台查看。再在设置页或用 "+settingsAPI+" 设置 channels.sms.templateZh 或 templateEn。")
	codes := settingsOf(r.set(smsChannel), setZH, setEN)
	switch {
	case !r.is("database"):
		return after(databaseTitle)
	case len(r.set(smsChannel)) == 0:
		return unused(say("SMS is not set up", "未配置短信"), advice)
	case len(codes) == 0:
		return unset(smsChannel, setZH, say("without a template no text message can be sent", "没有模板，无法发送短信"), advice)
	}
	found := say("texts are made of %s", "短信使用模板 %s", strings.Join(codes, ", "))
	templates, err := r.cloud.Templates(ctx, r.region(smsChannel))
	if err != nil {
		if f, ok := unseen(found, err); ok {
			return f
		}
		return r.failed(err)
	}
	for _, code := range codes {
		i := slices.IndexFunc(templates, func(t reviewed) bool { return t.Name == code })
		var wrong phrase
		switch {
		case i < 0:
			wrong = say("the account has no template %s; it has: %s", "账号下没有模板 %s；现有：%s", code, names(templates))
		case templates[i].State != reviewPassed:
			wrong = notPassed(templates[i])
		case templates[i].Kind != kindNotice && templates[i].Kind != kindAbroad:
			wrong = say("template %s is not for notices", "模板 %s 不是通知短信模板", code)
		default:
			wrong = strangers(templates[i])
		}
		if wrong != (phrase{}) {
			return finding{state: Blocked, text: wrong, advice: advice}
		}
	}
	return finding{state: Done, text: found.then(say(", which are approved", "，已审核通过"))}
}

// strangers tells of variables that a template has and messages do not.
func strangers(t reviewed) phrase {
	for _, m := range placeholder.FindAllStringSubmatch(t.Text, -1) {
		if name := m[1]; name != "name" && name != "status" && name != "time" {
			return say("template %s wants the variable ${%s}; messages have ${name}, ${status} and ${time}",
				"模板 %s 包含变量 ${%s}；消息只提供 ${name}、${status}、${time}", t.Name, name)
		}
	}
	return phrase{}
}

func (r *run) lookAtSpeech(context.Context) finding {
	advice := say("Apply for a text-to-speech template in the voice console (https://dyvms.console.aliyun.com, Voice notifications; "+
		"https://help.aliyun.com/zh/vms; enterprises in mainland China only), for instance: Hello. Your PAI job ${name} has the status "+
		"${status}. Then set channels.voice.templateZh or templateEn on the settings page, or with "+settingsAPI+".",
		"请在语音服务控制台（https://dyvms.console.aliyun.com “语音通知”，见 https://help.aliyun.com/zh/vms；仅限中国内地企业用户）申请文本转语音模板，"+
			"例如：您好，您的PAI任务${name}，状态是${status}，请及时处理。再在设置页或用 "+settingsAPI+" 设置 channels.voice.templateZh 或 templateEn。")
	codes := settingsOf(r.set(voiceChannel), setZH, setEN)
	switch {
	case !r.is("database"):
		return after(databaseTitle)
	case len(r.set(voiceChannel)) == 0:
		return unused(say("voice is not set up: rules cannot call anybody", "未配置语音：规则无法拨打电话"), advice)
	case len(codes) == 0:
		return unset(voiceChannel, setZH, say("without a template nobody can be called", "没有模板，无法拨打电话"), advice)
	}
	return finding{state: Done, text: say("calls say %s; whether the template is approved only a call can tell, for the service "+
		"lists none", "语音使用模板 %s；服务不提供查询接口，只有实际拨打才能确认模板是否已审核通过", strings.Join(codes, ", ")),
		advice: say("Call a contact once to try it: POST /api/v1/contacts/ID:test.", "可拨打一次测试电话：POST /api/v1/contacts/ID:test。")}
}

func (r *run) lookAtNumber(context.Context) finding {
	advice := say("Calls of the shared mode come from numbers that many use, and telephones may take them for spam. For a number of your "+
		"own buy one in the voice console (https://dyvms.console.aliyun.com, Real numbers), apply for a template of the dedicated mode, "+
		"and set channels.voice.showNumber.",
		"公共模式的来电号码为多方共用，可能被手机标记为骚扰电话。如需专属号码，请在语音服务控制台（https://dyvms.console.aliyun.com "+
			"“真实号管理”）购买，申请专属模式模板，并设置 channels.voice.showNumber。")
	number := r.set(voiceChannel)[setNumber]
	switch {
	case !r.is("database"):
		return after(databaseTitle)
	case len(r.set(voiceChannel)) == 0:
		return unused(say("voice is not set up", "未配置语音"), advice)
	case number == "":
		return finding{state: Done, text: say("calls come from a shared number", "使用公共模式号码拨打"), advice: advice}
	}
	return finding{state: Done, text: say("calls come from %s; its templates must be of the dedicated mode", "使用 %s 拨打；模板须为专属模式",
		number)}
}

func (r *run) lookAtSender(ctx context.Context) finding {
	advice := say("Verify a domain and make a sender address of the type triggered mail in the DirectMail console "+
		"(https://dm.console.aliyun.com, Sender addresses; https://help.aliyun.com/zh/direct-mail), then set channels.email.from on the settings page, or with "+
		settingsAPI+".",
		"请在邮件推送控制台（https://dm.console.aliyun.com “发信地址”，见 https://help.aliyun.com/zh/direct-mail）验证域名并创建“触发邮件”类型的发信地址，"+
			"再在设置页或用 "+settingsAPI+" 设置 channels.email.from。")
	from := r.set(mailChannel)[setFrom]
	switch {
	case !r.is("database"):
		return after(databaseTitle)
	case len(r.set(mailChannel)) == 0:
		return unused(say("mail is not set up: rules cannot mail anybody", "未配置邮件：规则无法发送邮件"), advice)
	case from == "":
		return unset(mailChannel, setFrom, say("no mail can be sent", "无法发送邮件"), advice)
	}
	found := say("mail comes from %s", "发信地址为 %s", from)
	region, _, _ := mailPlace(r.region(mailChannel))
	address, ok, err := r.cloud.Sender(ctx, r.region(mailChannel), from)
	if err != nil {
		if f, ok := unseen(found, err); ok {
			return f
		}
		return r.failed(err)
	}
	var wrong phrase
	switch {
	case !ok:
		wrong = say("DirectMail has no sender address %s in region %s", "邮件推送在地域 %[2]s 中没有发信地址 %[1]s", from, region)
	case address.Kind != "trigger":
		wrong = say("sender address %s is for mass mail; wanted is the type triggered mail", "发信地址 %s 为批量邮件类型，需要触发邮件类型", from)
	case address.Frozen:
		wrong = say("sender address %s is frozen", "发信地址 %s 已被冻结", from)
	case address.Broken:
		wrong = say("the domain of %s is not verified: its DNS records are not as DirectMail wants them",
			"%s 的域名未通过验证：DNS 记录不符合邮件推送的要求", from)
	default:
		return finding{state: Done, text: found.then(say(", which may send", "，状态正常")).then(r.receipts())}
	}
	return finding{state: Blocked, text: wrong, advice: advice}
}

// receipts says where mails' receipts are not heard: DirectMail gives them to EventBridge in four regions only
// (help.aliyun.com/zh/eventbridge/user-guide/events-of-the-direct-mail-type), and a trigger hears its own region's.
func (r *run) receipts() phrase {
	region, _, _ := mailPlace(r.region(mailChannel))
	if region == r.env.Region && slices.Contains([]string{"cn-hangzhou", "eu-central-1", "ap-southeast-1", "us-east-1"}, region) {
		return phrase{}
	}
	return say("; no receipts come here from region %s, so a mail that bounces stays delivered in the ledger",
		"；地域 %s 的投递回执不会到达此处，退信仍会显示为已送达", region)
}
