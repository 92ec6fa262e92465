// Package all lists every channel, for what must know them all: the rule's checks, the console, connectivity. A delivery
// function links its own channel alone.
package all

import (
	"pai-notify/shared/channel"
	"pai-notify/shared/channel/dingtalk"
	"pai-notify/shared/channel/email"
	"pai-notify/shared/channel/lark"
	"pai-notify/shared/channel/sms"
	"pai-notify/shared/channel/voice"
	"pai-notify/shared/channel/webhook"
	"pai-notify/shared/channel/wecom"
)

// Channels makes every channel, one line each, in the order in which a user sees them.
func Channels(d channel.Deps) []channel.Channel {
	return []channel.Channel{
		dingtalk.New(d),
		wecom.New(d),
		lark.New(d),
		webhook.New(d),
		voice.New(d),
		sms.New(d),
		email.New(d),
	}
}

// Specs describes every channel.
func Specs(d channel.Deps) []channel.Spec {
	channels := Channels(d)
	specs := make([]channel.Spec, len(channels))
	for i, c := range channels {
		specs[i] = c.Spec()
	}
	return specs
}
