// Package webhook sends model events to any HTTP endpoint that its owner runs.
//
// Requests follow Standard Webhooks 1.0.0 (github.com/standard-webhooks/standard-webhooks): an id that stays the same
// over all attempts, the time of the attempt, and a signature where the target has a secret. The body is the event
// itself as a structured CloudEvent, or PAI's model template, or the message as data. Unlike a chat robot, an endpoint says yes with any status
// 2xx, whatever its body.
package webhook

import (
	_ "embed"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"pai-notify/shared/channel"
	"pai-notify/shared/event"
	"pai-notify/shared/fault"
	"pai-notify/shared/message"
)

//go:embed codes.json
var codes []byte

// Settings of a target.
const (
	settingURL    = "url"
	settingSecret = "secret"
	settingMode   = "mode"
)

// New is the channel.
func New(d channel.Deps) channel.Channel { return channel.HTTP(newWire(d), d) }

type wire struct {
	spec  channel.Spec
	table *channel.Table
}

var _ channel.Wire = wire{}

func newWire(d channel.Deps) wire {
	return wire{spec: newSpec(d), table: channel.MustTable(codes)}
}

// Spec describes the channel.
func (w wire) Spec() channel.Spec { return w.spec }

// Table says what the receiver's codes mean.
func (w wire) Table() *channel.Table { return w.table }

// Request renders the event in the target's mode and signs it.
func (w wire) Request(to channel.Settings, m message.Message, at time.Time) (*http.Request, error) {
	address, wrong := w.spec.Fields[0].Address.Parse(to[settingURL])
	if wrong != nil {
		return nil, fmt.Errorf("setting %s %w", settingURL, wrong)
	}
	mode := to[settingMode]
	if mode != "" && !slices.Contains(modes(), mode) {
		return nil, fmt.Errorf("setting %s is none of %s", settingMode, strings.Join(modes(), ", "))
	}
	body, contentType, err := newBody(mode, m)
	if err != nil {
		return nil, err
	}
	id := identify(m.ID, body)
	timestamp, signature := stamp(at), ""
	if secret := to[settingSecret]; secret != "" {
		key, err := parseSecret(secret)
		if err != nil {
			return nil, fmt.Errorf("setting %s %w", settingSecret, err)
		}
		signature = sign(key, id, timestamp, body)
	}
	req := channel.Post(address, contentType, body)
	req.Header["Webhook-Id"] = []string{id}
	req.Header["Webhook-Timestamp"] = []string{timestamp}
	if signature != "" {
		req.Header["Webhook-Signature"] = []string{signature}
	}
	return req, nil
}

// Reply reads the status alone. Of the endpoint's own words at most 200 bytes are kept: they may be meant for nobody
// but its owner.
func (w wire) Reply(status int, _ http.Header, body []byte) error {
	text := channel.Short(string(body[:min(len(body), 1024)]))
	if text == "" {
		text = http.StatusText(status)
	}
	return w.table.Read(channel.Answer{Status: status, Text: text})
}

func newSpec(d channel.Deps) channel.Spec {
	return channel.Spec{
		Name:    "webhook",
		Title:   event.Text{"en": "Webhook", "zh": "Webhook"},
		Sources: []string{"model"}, // the product's only source for HTTP targets
		Fields: []channel.Field{
			{
				Name:     settingURL,
				Label:    map[string]string{"en": "URL", "zh": "地址"},
				Required: true,
				Secret:   true, // it may hold a token
				Help: map[string]string{
					"en": "An https address that answers POST requests with a status from 200 to 299.",
					"zh": "一个 https 地址，以 200 至 299 的状态码应答 POST 请求。",
				},
				Address: &channel.Address{Allow: d.Allow, Networks: d.Networks},
			},
			{
				Name:   settingSecret,
				Label:  map[string]string{"en": "Signing secret", "zh": "签名密钥"},
				Secret: true,
				Help: map[string]string{
					"en": "whsec_ and the base64 of 24 to 64 random bytes, known to the endpoint too. Requests are then signed as Standard Webhooks says; empty means unsigned. To make one: echo whsec_$(openssl rand -base64 32)",
					"zh": "whsec_ 加 24 至 64 个随机字节的 base64，接收端使用同一密钥。请求将按 Standard Webhooks 规范签名；留空则不签名。生成方法：echo whsec_$(openssl rand -base64 32)",
				},
				Check: func(secret string) fault.Text {
					if _, err := parseSecret(secret); err != nil {
						return fault.Say("%s; make one with: echo %s$(openssl rand -base64 32)", "%s；可这样生成：echo %s$(openssl rand -base64 32)", err, secretPrefix)
					}
					return nil
				},
			},
			{
				Name:    settingMode,
				Label:   map[string]string{"en": "Body", "zh": "请求体"},
				Options: modes(),
				Help: map[string]string{
					"en": "cloudevents (default): the whole event in CloudEvents JSON. pai: the model's main fields as flat JSON. " +
						"message: what people read, as data: title, outcome, facts, link.",
					"zh": "cloudevents（默认）：CloudEvents JSON 格式的完整事件。pai：模型主要字段的扁平 JSON。" +
						"message：结构化的消息内容，包括标题、结果、各项信息和链接。",
				},
			},
		},
		// No MaxBytes: an event is sent whole, and EventBridge carries at most 256 KB. An endpoint that takes less says 413.
	}
}
