// Package dingtalk sends to DingTalk group robots: a card with a button where nobody is called, else markdown, which can
// call; signed anew at each attempt where the robot has a signing key.
//
// A robot has at least one of three guards. We ask for the signing key and do not demand it, because a robot may be
// guarded by a keyword (every title begins with [channel.Keyword]) or by a list of addresses alone.
//
// Facts about the robot: open.dingtalk.com/document/robots/custom-robot-access, and the sources named in codes.json.
package dingtalk

import (
	_ "embed"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	"pai-notify/shared/channel"
	"pai-notify/shared/event"
	"pai-notify/shared/fault"
	"pai-notify/shared/message"
)

//go:embed codes.json
var codes []byte

const (
	maxBody  = 20_000 // bytes of the whole request; DingTalk refuses more with 460101
	maxTitle = 64     // characters of the title, which is only the notification line; refused with 34016 where longer
)

// New makes the channel.
func New(d channel.Deps) channel.Channel {
	return channel.HTTP(newWire(d.Allow), d)
}

type wire struct {
	spec    channel.Spec
	address *channel.Address
	table   *channel.Table
}

var (
	_ channel.Wire   = (*wire)(nil)
	_ channel.Prober = (*wire)(nil)
)

func newWire(allow []string) *wire {
	address := &channel.Address{
		Hosts: []string{"oapi.dingtalk.com"},
		Path:  "/robot/send",
		Token: "access_token",
		Allow: allow,
	}
	return &wire{address: address, table: channel.MustTable(codes), spec: channel.Spec{
		Name:  "dingtalk",
		Title: event.Text{"en": "DingTalk", "zh": "钉钉"},
		Fields: []channel.Field{{
			Name:  "webhook",
			Label: map[string]string{"en": "Webhook", "zh": "Webhook 地址"},
			Help: map[string]string{
				"en": "In the group: settings, Robots, Custom. Copy the whole address, which begins with " +
					"https://oapi.dingtalk.com/robot/send?access_token=. If the robot demands keywords, PAI must be one of them.",
				"zh": "在钉钉群的“群设置 > 机器人 > 自定义”中复制完整地址，以 https://oapi.dingtalk.com/robot/send?access_token= " +
					"开头。若机器人使用自定义关键词，请把 PAI 设为关键词之一。",
			},
			Required: true,
			Secret:   true,
			Address:  address,
		}, {
			Name:  "secret",
			Label: map[string]string{"en": "Signing key", "zh": "加签密钥"},
			Help: map[string]string{
				"en": "The key that begins with SEC, shown where the robot's security setting is Signature. Recommended: " +
					"who knows only the address can then send nothing. Leave it empty for a robot without a signature.",
				"zh": "机器人安全设置选择“加签”后显示的密钥，以 SEC 开头。推荐使用：仅凭地址将无法发送消息。未启用加签的机器人请留空。",
			},
			Secret: true,
		}},
		MaxBytes: maxBody,
		// 20 a minute, else silence for 10 minutes. A burst of 4 and one each 4 s are at most 4 + 15 = 19 in any minute.
		Pace:    []channel.Pace{{Burst: 4, Every: 4 * time.Second}},
		Digest:  true,
		Mention: mention,
	}}
}

// Spec describes the channel.
func (w *wire) Spec() channel.Spec { return w.spec }

// Table says what the receiver's codes mean.
func (w *wire) Table() *channel.Table { return w.table }

// Request renders a message and signs it.
func (w *wire) Request(to channel.Settings, m message.Message, at time.Time) (*http.Request, error) {
	body, err := channel.Fit(m, maxBody, render)
	if err != nil {
		return nil, err
	}
	return w.request(to, at, body)
}

// Probe asks the robot for a message of a type it does not have. What is known of the order in which it looks is that a
// wrong token is told first; nothing is posted.
func (w *wire) Probe(to channel.Settings, at time.Time) (*http.Request, error) {
	return w.request(to, at, []byte(`{"msgtype":"probe"}`))
}

func (w *wire) request(to channel.Settings, at time.Time, body []byte) (*http.Request, error) {
	u, err := w.address.Parse(to["webhook"])
	if err != nil {
		return nil, fmt.Errorf("webhook %w", err)
	}
	if secret := to["secret"]; secret != "" {
		u.RawQuery += "&" + sign(secret, at)
	}
	return channel.Post(u, "application/json; charset=utf-8", body), nil
}

// Reply reads {"errcode":0,"errmsg":"ok"}.
func (w *wire) Reply(status int, _ http.Header, body []byte) error {
	answer := channel.Answer{Status: status, Signal: "errcode", Text: string(body)}
	if members, ok := channel.Members(body, "errcode", "errmsg", "sub_code", "sub_msg"); ok && members[0] != nil {
		answer.Code = channel.Code(members[0])
		answer.Text = channel.Text(members[1])
		if members[2] != nil || members[3] != nil { // 88 only wraps them
			answer.Text += " " + channel.Text(members[2]) + " " + channel.Text(members[3])
		}
	}
	return w.table.Read(answer)
}

// Probed counts it as good that the robot refuses the message itself, which no message of ours resembles.
func (w *wire) Probed(status int, header http.Header, body []byte) error {
	err := w.Reply(status, header, body)
	var refusal *channel.Refusal
	if !errors.As(err, &refusal) {
		return err
	}
	noKeyword := refusal.Code == "310000" &&
		(strings.Contains(refusal.Text, "keywords not in content") || strings.Contains(refusal.Text, "关键词"))
	if refusal.Class == channel.Rejected || noKeyword {
		return nil
	}
	return err
}

var userID = regexp.MustCompile(`^[A-Za-z0-9+][A-Za-z0-9_.-]{0,63}$`)

// mobile is a mainland number or one with a country code; user ids of DingTalk are digits too, but not such ones.
var mobile = regexp.MustCompile(`^(1[3-9][0-9]{9}|\+?[0-9]{1,3}-[0-9]{5,12})$`)

func mention(id string) fault.Text {
	if !userID.MatchString(id) {
		return fault.Say("is neither a mobile number nor a DingTalk user id, which is at most 64 letters, digits and signs",
			"既不是手机号，也不是钉钉用户 ID（最多 64 个字母、数字和符号）")
	}
	return nil
}
