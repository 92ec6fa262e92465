// Package wecom sends to WeCom group robots ("message push"): one markdown message a delivery, in the dialect that can
// show most of it. The key in the robot's address is its only secret; there is no signature.
//
// Facts about the robot: developer.work.weixin.qq.com/document/path/91770, and the sources named in codes.json. There
// is no way known to ask whether a key is good without posting a message, so the channel is no [channel.Checker].
package wecom

import (
	_ "embed"
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

// maxContent is how many bytes of UTF-8 the markdown may have; WeCom refuses more with 40058 and cuts nothing.
const maxContent = 4096

// New makes the channel.
func New(d channel.Deps) channel.Channel {
	return channel.HTTP(newWire(d.Allow), d)
}

type wire struct {
	spec    channel.Spec
	address *channel.Address
	table   *channel.Table
}

var _ channel.Wire = (*wire)(nil)

func newWire(allow []string) *wire {
	address := &channel.Address{
		Hosts: []string{"qyapi.weixin.qq.com"},
		Path:  "/cgi-bin/webhook/send",
		Token: "key",
		Allow: allow,
	}
	return &wire{address: address, table: channel.MustTable(codes), spec: channel.Spec{
		Name:  "wecom",
		Title: event.Text{"en": "WeCom", "zh": "企业微信"},
		Fields: []channel.Field{{
			Name:  "webhook",
			Label: map[string]string{"en": "Webhook", "zh": "Webhook 地址"},
			Help: map[string]string{
				"en": "In the group: settings, Message push (group robot). Copy the whole address, which begins with " +
					"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=. Keep it secret: it is all that a sender needs.",
				"zh": "在企业微信群的“群设置 > 消息推送（群机器人）”中复制完整地址，以 " +
					"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key= 开头。请妥善保管：持有该地址即可发送消息。",
			},
			Required: true,
			Secret:   true,
			Address:  address,
		}},
		MaxBytes: maxContent,
		// 20 a minute. A burst of 4 and one each 4 s are at most 4 + 15 = 19 in any minute.
		Pace:    []channel.Pace{{Burst: 4, Every: 4 * time.Second}},
		Digest:  true,
		Mention: mention,
	}}
}

// Spec describes the channel.
func (w *wire) Spec() channel.Spec { return w.spec }

// Table says what the receiver's codes mean.
func (w *wire) Table() *channel.Table { return w.table }

// Request renders a message.
func (w *wire) Request(to channel.Settings, m message.Message, _ time.Time) (*http.Request, error) {
	u, wrong := w.address.Parse(to["webhook"])
	if wrong != nil {
		return nil, fmt.Errorf("webhook %w", wrong)
	}
	// A digest calls nobody as a rule, and the new dialect shows lists; the old one can call and has colours.
	kind, render := "markdown", renderOld
	if len(m.Items) > 0 && !calls(m) {
		kind, render = "markdown_v2", renderNew
	}
	content, err := channel.Fit(m, maxContent, render) // a little less, as it counts the escapes of JSON too
	if err != nil {
		return nil, err
	}
	b := make(channel.Body, 0, len(content)+64)
	b.Raw(`{"msgtype":"` + kind + `","` + kind + `":{"content":"`)
	b = append(append(b, content...), `"}}`...)
	return channel.Post(u, "application/json; charset=utf-8", b), nil
}

// Reply reads {"errcode":0,"errmsg":"ok"}.
func (w *wire) Reply(status int, _ http.Header, body []byte) error {
	answer := channel.Answer{Status: status, Signal: "errcode", Text: string(body)}
	if members, ok := channel.Members(body, "errcode", "errmsg"); ok && members[0] != nil {
		answer.Code, answer.Text = channel.Code(members[0]), channel.Text(members[1])
	}
	return w.table.Read(answer)
}

var userID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}$`)

// mention demands a user id: robots call nobody by a mobile number in markdown.
func mention(id string) fault.Text {
	if !userID.MatchString(id) || strings.EqualFold(id, "all") {
		return fault.Say("is not a WeCom user id, which is at most 64 letters, digits and the signs - _ @ and dots",
			"不是企业微信用户 ID（最多 64 个字母、数字及 - _ @ 和点）")
	}
	return nil
}
