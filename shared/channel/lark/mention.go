package lark

import (
	"regexp"

	"pai-notify/shared/channel"
	"pai-notify/shared/fault"
	"pai-notify/shared/message"
)

const maxUsers = 100 // called by one message; more would leave no room for it

// openID is a user's id as a custom bot takes it; it takes neither mobile numbers nor mail addresses.
var openID = regexp.MustCompile(`^ou_[0-9A-Za-z]{8,64}$`)

func mention(id string) fault.Text {
	if !openID.MatchString(id) {
		return fault.Say("is not an open_id such as ou_1234567890abcdef; a custom bot takes no mobile number, mail address or user_id",
			"不是 open_id（形如 ou_1234567890abcdef）；自定义机器人不支持手机号、邮箱或 user_id")
	}
	return nil
}

func calls(who message.Mentions) bool {
	if who.All {
		return true
	}
	for _, id := range who.Users {
		if openID.MatchString(id) {
			return true
		}
	}
	return false
}

// mentions calls the users that have a valid id, a hundred at most; with the bold names of facts it is the only text in
// which a client reads markup.
func mentions(b *channel.Body, who message.Mentions, before, after string) {
	if who.All {
		b.Raw(before + "all" + after)
	}
	left := maxUsers
	for _, id := range who.Users {
		if !openID.MatchString(id) {
			continue // a rule with such an id is refused: see Spec.Mention
		}
		if left--; left < 0 {
			b.Raw(" …")
			break
		}
		b.Raw(before + id + after)
	}
}
