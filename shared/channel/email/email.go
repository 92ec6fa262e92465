// Package email sends mail through Alibaba Cloud's DirectMail.
//
// A mail has the whole message as HTML and as text, with a reason of any length. Nothing in it is loaded from elsewhere,
// and all that events say is escaped. DirectMail tells by events what became of a mail: see [channel.Receipts]. Its rules
// are at help.aliyun.com/zh/direct-mail.
package email

import (
	"context"
	_ "embed"
	"errors"
	"net/http"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/aliyun/alibaba-cloud-sdk-go/services/dm"

	"pai-notify/shared/channel"
	"pai-notify/shared/channel/aliyun"
	"pai-notify/shared/event"
	"pai-notify/shared/fault"
	"pai-notify/shared/message"
)

//go:embed codes.json
var codes []byte

// Settings that a deployment has once.
const (
	settingFrom  = "from"
	settingAlias = "alias"
	settingReply = "replyTo"
)

// Limits of SingleSendMail: help.aliyun.com, doc-detail/29444.
const (
	maxBody    = 80_000 // bytes of each body
	maxSubject = 100    // characters
	maxAlias   = 14     // characters
)

// mailbox is an address that is one: a comma would make it several.
var mailbox = regexp.MustCompile(`^[^\s@<>()",;:\\\[\]]{1,64}@[A-Za-z0-9.-]{1,190}\.[A-Za-z][A-Za-z0-9-]{1,30}$`)

// New is the channel.
func New(d channel.Deps) channel.Channel {
	spec := newSpec()
	return &email{spec: spec, api: aliyun.New(d, spec, codes)}
}

type email struct {
	spec channel.Spec
	api  *aliyun.API
}

var (
	_ channel.Channel  = (*email)(nil)
	_ channel.Adviser  = (*email)(nil)
	_ channel.Receipts = (*email)(nil)
)

func newSpec() channel.Spec {
	address := func(value string) fault.Text {
		if !mailbox.MatchString(value) {
			return fault.Say("is not a mail address such as pai@example.com", "不是邮箱地址，应形如 pai@example.com")
		}
		return nil
	}
	return channel.Spec{
		Name:  "email",
		Title: event.Text{"en": "Email", "zh": "邮件"},
		Shared: []channel.Field{
			{
				Name:     settingFrom,
				Label:    map[string]string{"en": "Sender address", "zh": "发信地址"},
				Required: true,
				Help: map[string]string{
					"en": "DirectMail console, Sender addresses: one of the type triggered mail, whose domain is verified.",
					"zh": "邮件推送控制台“发信地址”中类型为“触发邮件”的地址，其域名须已通过验证。",
				},
				Check: address,
			},
			{
				Name:  settingAlias,
				Label: map[string]string{"en": "Sender's name", "zh": "发件人名称"},
				Help: map[string]string{
					"en": "What a mail program shows beside the address, such as PAI Notify; at most 14 characters.",
					"zh": "邮件客户端中与地址一同显示的名称，如 PAI 通知；最多 14 个字符。",
				},
				Check: func(value string) fault.Text {
					if utf8.RuneCountInString(value) > maxAlias || strings.ContainsFunc(value, unicode.IsControl) || strings.ContainsAny(value, `<>"`) {
						return fault.Say("is not a name of at most 14 characters, on one line and without < > and quotes",
							"须为一行，最多 14 个字符，不含 < > 和引号")
					}
					return nil
				},
			},
			{
				Name:  settingReply,
				Label: map[string]string{"en": "Reply to", "zh": "回信地址"},
				Help: map[string]string{
					"en": "Where answers go; empty means that the sender address takes them.",
					"zh": "收件人回信时的地址；留空则回信至发信地址。",
				},
				Check: address,
			},
			aliyun.RegionField(map[string]string{
				"en": "Where DirectMail is called: cn-hangzhou, ap-southeast-1, ap-southeast-2, eu-central-1 or us-east-1; empty means the " +
					"deployment's region, and in mainland China cn-hangzhou. Sender addresses belong to one region.",
				"zh": "调用邮件推送的地域：cn-hangzhou、ap-southeast-1、ap-southeast-2、eu-central-1、us-east-1；留空表示与部署相同，中国内地统一为 cn-hangzhou。发信地址归属于某一地域。",
			}),
		},
		MaxBytes: maxBody,
		Pace:     []channel.Pace{{Burst: 3, Every: time.Minute}},
		Digest:   true,
		Contacts: true,
		Sources:  []string{"dlc", "flow", "dsw", "delivery"},
	}
}

// Spec describes the channel.
func (e *email) Spec() channel.Spec { return e.spec }

// place is where DirectMail is called for a region, and by which version of its API: the SDK knows but one host. Regions:
// www.alibabacloud.com/help/en/direct-mail; the versions of the first two are those of its regional clients.
func place(region string) (where, host, version string) {
	switch region {
	case "ap-southeast-1", "ap-southeast-2":
		return region, "dm." + region + ".aliyuncs.com", "2017-06-22"
	case "eu-central-1", "us-east-1":
		return region, "dm." + region + ".aliyuncs.com", ""
	}
	return "cn-hangzhou", "dm.aliyuncs.com", ""
}

// Send sends one mail. The receipt is DirectMail's EnvId.
func (e *email) Send(ctx context.Context, to channel.Settings, m message.Message) (string, error) {
	const action = "SingleSendMail"
	if !mailbox.MatchString(to[channel.To]) {
		return "", e.api.Refuse(action, to, "address", errors.New("the contact's mail address is none, or more than one"))
	}
	full := whole(m)
	page, err := channel.Fit(full, maxBody, renderHTML)
	if err != nil {
		return "", e.api.Refuse(action, to, "settings", err)
	}
	text, err := channel.Fit(full, maxBody, renderText)
	if err != nil {
		return "", e.api.Refuse(action, to, "settings", err)
	}
	where, host, version := place(e.api.Region(to))
	request := dm.CreateSingleSendMailRequest()
	if version != "" {
		request.SetVersion(version)
	}
	receipt := ""
	err = e.api.Do(ctx, to, aliyun.Call{
		Request: request,
		Host:    host,
		Region:  where,
		Form: map[string]string{
			"AccountName": to[settingFrom], "AddressType": "1", "ReplyToAddress": "false", "ReplyAddress": to[settingReply],
			"FromAlias": to[settingAlias], "ToAddress": to[channel.To], "Subject": subject(m), "HtmlBody": page, "TextBody": text,
			"ClickTrace": "0",
		},
		Private: []string{subject(m), m.Title, m.Brief.Name},
	}, func(status int, _ http.Header, body []byte) error {
		answer, members := aliyun.Read(status, body, "EnvId")
		receipt = members["EnvId"]
		switch {
		case receipt != "" && answer.Code == "":
			answer.Code = "ok"
		case answer.Code == "OK" || answer.Code == "ok": // of another API: without an EnvId there is no mail
			answer.Code = ""
		}
		return e.api.Judge(answer)
	})
	if err != nil {
		return "", err
	}
	return receipt, nil
}

// subject is at most 100 characters on one line.
func subject(m message.Message) string {
	title := message.Line(m.Title)
	if !strings.HasPrefix(title, channel.Keyword+" ") {
		title = channel.Keyword + " · " + title
	}
	return message.CutRunes(title, maxSubject)
}
