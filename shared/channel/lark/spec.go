package lark

import (
	"time"

	"pai-notify/shared/channel"
	"pai-notify/shared/event"
)

// newSpec describes the channel. The receiver's limits are 100 messages a minute and 5 a second for each bot
// (open.feishu.cn/document/client-docs/bot-v3/add-custom-bot); one of each is left free for a probe.
func newSpec(allow []string) channel.Spec {
	return channel.Spec{
		Name:  "lark",
		Title: event.Text{"en": "Lark", "zh": "飞书"},
		Fields: []channel.Field{
			{
				Name:     settingWebhook,
				Label:    map[string]string{"en": "Webhook URL", "zh": "Webhook 地址"},
				Required: true,
				Secret:   true,
				Help: map[string]string{
					"en": "In the group: Settings, Bots, Add Bot, Custom Bot; copy the webhook URL that it shows.",
					"zh": "在群中打开“设置 > 群机器人 > 添加机器人 > 自定义机器人”，复制其 Webhook 地址。",
				},
				Address: &channel.Address{
					Hosts: []string{"open.feishu.cn", "open.larksuite.com"},
					Path:  "/open-apis/bot/v2/hook/",
					Allow: allow,
				},
			},
			{
				Name:   settingSecret,
				Label:  map[string]string{"en": "Signing secret", "zh": "签名密钥"},
				Secret: true,
				Help: map[string]string{
					"en": "Only if the bot's security settings have signature verification switched on: copy the secret shown there.",
					"zh": "仅当机器人的安全设置启用了“签名校验”时填写：复制其中显示的密钥。",
				},
			},
		},
		MaxBytes: maxBody,
		Pace:     []channel.Pace{{Burst: 39, Every: time.Second}, {Burst: 2, Every: 500 * time.Millisecond}},
		Digest:   true,
		Rush:     30 * time.Minute, // its page warns of 11232 at full and half hours
		Mention:  mention,
	}
}
