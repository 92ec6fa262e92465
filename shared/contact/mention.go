package contact

import "strings"

// Mention is the id by which a chat channel calls the contact, by the channel's name; empty where there is none. DingTalk
// also calls by a mobile number of mainland China, if it is that of the group's member; other channels by their own ids
// alone.
func (c Contact) Mention(channelName string) string {
	switch channelName {
	case "dingtalk":
		if c.DingTalk == "" && isMobile(c.Phone) {
			return strings.TrimPrefix(c.Phone, mainland)
		}
		return c.DingTalk
	case "wecom":
		return c.WeCom
	case "lark":
		return c.Lark
	}
	return ""
}
