// Package lark sends to custom bots of Lark and Feishu groups.
//
// A bot takes an interactive card. What PAI's users wrote stands in it as plain text, of which no client reads markup, or
// with the signs of all markup replaced; mentions are made of checked ids. A bot that refuses a card gets the same message
// once more as text. The bot's rules are at open.feishu.cn/document/client-docs/bot-v3/add-custom-bot.
package lark

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"net/http"
	"time"

	"pai-notify/shared/channel"
	"pai-notify/shared/message"
)

//go:embed codes.json
var codes []byte

// Settings of a target.
const (
	settingWebhook = "webhook"
	settingSecret  = "secret"
)

const maxBody = 20_000 // bytes of the final JSON; more is refused with 19036

// New is the channel.
func New(d channel.Deps) channel.Channel {
	if d.Client == nil {
		d.Client = channel.Client(nil, d.Allow)
	}
	card := newWire(d)
	text := card
	text.asText = true
	return &robot{card: channel.HTTP(card, d), text: channel.HTTP(text, d)}
}

// robot is the card's channel, with text where cards are refused.
type robot struct{ card, text channel.Channel }

var (
	_ channel.Channel = (*robot)(nil)
	_ channel.Checker = (*robot)(nil)
)

// Spec is the card's.
func (r *robot) Spec() channel.Spec { return r.card.Spec() }

// Advise is the card's: both have the same codes.
func (r *robot) Advise(code, text string) channel.Advice {
	adviser, ok := r.card.(channel.Adviser)
	if !ok {
		return nil // cannot be: what package channel makes is one
	}
	return adviser.Advise(code, text)
}

// Send sends the card; where the bot refuses the card itself, nothing was posted, and the text follows.
func (r *robot) Send(ctx context.Context, to channel.Settings, m message.Message) (string, error) {
	receipt, err := r.card.Send(ctx, to, m)
	if refusal := new(channel.Refusal); errors.As(err, &refusal) && refusesCard(refusal.Code) {
		return r.text.Send(ctx, to, m)
	}
	return receipt, err
}

// Check asks whether the bot takes messages, without posting one.
func (r *robot) Check(ctx context.Context, to channel.Settings) error {
	checker, ok := r.card.(channel.Checker)
	if !ok {
		return errors.New("check lark: the channel cannot be asked") // cannot be: wire is a Prober
	}
	return checker.Check(ctx, to)
}

// refusesCard reports the codes that speak of the card: it could not be parsed, or a value in it is not valid.
func refusesCard(code string) bool { return code == "11246" || code == "200621" || code == "10002" }

type wire struct {
	spec   channel.Spec
	table  *channel.Table
	asText bool
}

var (
	_ channel.Wire   = wire{}
	_ channel.Prober = wire{}
)

func newWire(d channel.Deps) wire {
	return wire{spec: newSpec(d.Allow), table: channel.MustTable(codes)}
}

// Spec describes the channel.
func (w wire) Spec() channel.Spec { return w.spec }

// Table says what the receiver's codes mean.
func (w wire) Table() *channel.Table { return w.table }

// Request renders the message within the bot's limit and signs it.
func (w wire) Request(to channel.Settings, m message.Message, at time.Time) (*http.Request, error) {
	var signature channel.Body
	signed(&signature, to, at)
	body, err := channel.Fit(m, maxBody, func(m message.Message) ([]byte, error) {
		b := make(channel.Body, 0, 4096)
		b.Raw(`{`)
		b.Raw(string(signature))
		if w.asText {
			b.Raw(`"msg_type":"text","content":{"text":"`)
			appendText(&b, m)
			b.Raw(`"}}`)
		} else {
			b.Raw(`"msg_type":"interactive","card":`)
			appendCard(&b, m)
			b.Raw(`}`)
		}
		return b, nil
	})
	if err != nil {
		return nil, err
	}
	return w.post(to, body)
}

// Probe is a request without a message. A bot looks at its token and signature before it misses the type of the
// message, and posts nothing.
func (w wire) Probe(to channel.Settings, at time.Time) (*http.Request, error) {
	var b channel.Body
	b.Raw(`{`)
	signed(&b, to, at)
	b.Raw(`"msg_type":""}`)
	return w.post(to, b)
}

// signed writes the members that prove the secret, where there is one.
func signed(b *channel.Body, to channel.Settings, at time.Time) {
	if secret := to[settingSecret]; secret != "" {
		timestamp, sign := sign(secret, at)
		b.Raw(`"timestamp":"` + timestamp + `","sign":"` + sign + `",`)
	}
}

func (w wire) post(to channel.Settings, body []byte) (*http.Request, error) {
	address, err := w.spec.Fields[0].Address.Parse(to[settingWebhook])
	if err != nil {
		return nil, fmt.Errorf("setting %s %w", settingWebhook, err)
	}
	return channel.Post(address, "application/json; charset=utf-8", body), nil
}

// Reply accepts code 0. The answer of old bots has StatusCode instead; where both are there, code alone says the truth.
func (w wire) Reply(status int, _ http.Header, body []byte) error {
	a := channel.Answer{Status: status, Signal: "code", Text: string(body)}
	if m, ok := channel.Members(body, "code", "msg", "StatusCode", "StatusMessage"); ok {
		code, text := m[0], m[1]
		if code == nil {
			code, text = m[2], m[3]
		}
		a.Code = channel.Code(code)
		if text != nil {
			a.Text = channel.Text(text)
		}
	}
	return w.table.Read(a)
}

// Probed takes for alive a bot that misses the type of the message.
func (w wire) Probed(status int, header http.Header, body []byte) error {
	err := w.Reply(status, header, body)
	refusal := new(channel.Refusal)
	if errors.As(err, &refusal) && refusal.Class == channel.Rejected && (refusal.Code == "19002" || refusal.Code == "9499") {
		return nil
	}
	return err
}
