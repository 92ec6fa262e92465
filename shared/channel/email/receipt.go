package email

import (
	"errors"
	"strings"
	"time"

	"pai-notify/shared/channel"
)

// bounced begins what is told of a mail that did not arrive.
const bounced = "the mail was not delivered: "

// ReadReceipt reads DirectMail's events of what became of a mail:
// www.alibabacloud.com/help/en/eventbridge/user-guide/events-of-the-direct-mail-type. The account's events of all its mail
// come here, so those of other senders are none of ours.
func (e *email) ReadReceipt(shared channel.Settings, body []byte) (channel.Report, bool) {
	event, ok := texts(body, "source", "type", "time", "data")
	if !ok || event["source"] != "acs.dm" && event["source"] != "acs:dm" {
		return channel.Report{}, false
	}
	data, ok := texts([]byte(event["data"]), "env_id", "from", "account", "rcpt", "err_code", "err_msg", "failed_type")
	sender := data["from"]
	if sender == "" {
		sender = data["account"]
	}
	if !ok || data["env_id"] == "" || sender == "" || !strings.EqualFold(sender, shared[settingFrom]) {
		return channel.Report{}, false
	}
	r := channel.Report{Receipt: data["env_id"]}
	if at, err := time.Parse(time.RFC3339, event["time"]); err == nil {
		r.At = at
	}
	switch event["type"] {
	case "dm:Deliver:Succeed":
		r.Fate = channel.Arrived
	case "dm:Deliver:Fail":
		r.Fate, r.Code = channel.Failed, channel.Short(data["failed_type"])
		if r.Code == "" {
			r.Code = channel.Short(data["err_code"])
		}
		why := channel.Clean(errors.New(data["err_msg"]), channel.Secrets(channel.Settings{channel.To: data["rcpt"]}))
		r.Text, r.Advice = channel.Short(bounced+why.Error()), bouncedAdvice()
	default:
		return channel.Report{}, false
	}
	return r, true
}

// texts are members of a JSON object as text.
func texts(object []byte, names ...string) (map[string]string, bool) {
	members, ok := channel.Members(object, names...)
	values := map[string]string{}
	for i, name := range names {
		if members[i] != nil {
			values[name] = channel.Text(members[i])
		}
	}
	return values, ok
}

func bouncedAdvice() channel.Advice {
	return channel.Advice{
		"en": "The receiving mail server did not take the mail; the text is its own. Correct the contact's address, or have the mailbox " +
			"made room in or the sender let through, then replay the delivery.",
		"zh": "收件方邮件服务器未接收该邮件，文本为其原话。请更正联系人的邮箱地址，或清理邮箱空间、将发信地址加入白名单，然后重放该投递。",
	}
}

// Advise gives advice by a recorded code.
func (e *email) Advise(code, text string) channel.Advice {
	if strings.HasPrefix(text, bounced) {
		return bouncedAdvice()
	}
	return e.api.Advise(code, text)
}
