package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	smithyhttp "github.com/aws/smithy-go/transport/http"

	"pai-notify/shared/channel"
	"pai-notify/shared/channel/all"
	"pai-notify/shared/message"
)

// post is the channels' world: it keeps the body of each request and sends nothing.
type post struct {
	channels []channel.Channel
	body     []byte
}

var errNotSent = errors.New("the gallery sends nothing")

func newPost() *post {
	p := &post{}
	catch := smithyhttp.ClientDoFunc(func(r *http.Request) (*http.Response, error) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		p.body = body
		return nil, errNotSent
	})
	key := func(context.Context) (channel.Credentials, error) {
		return channel.Credentials{AccessKeyID: "none", AccessKeySecret: "none", SecurityToken: "none"}, nil
	}
	p.channels = all.Channels(channel.Deps{Client: catch, Now: now, Cloud: channel.Cloud{Region: "cn-hangzhou", Credentials: key, Client: catch}})
	return p
}

// settings of a target that stands for any.
func settings(channelName string) channel.Settings {
	switch channelName {
	case "dingtalk":
		return channel.Settings{"webhook": "https://oapi.dingtalk.com/robot/send?access_token=gallery"}
	case "wecom":
		return channel.Settings{"webhook": "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=gallery"}
	case "lark":
		return channel.Settings{"webhook": "https://open.feishu.cn/open-apis/bot/v2/hook/gallery"}
	case "webhook":
		return channel.Settings{"url": "https://hooks.example.com/", "mode": "message"}
	case "sms":
		return channel.Settings{"signName": "PAI通知", "templateZh": "SMS_1", "templateEn": "SMS_2", channel.To: "+8613800138000"}
	case "voice":
		return channel.Settings{"templateZh": "TTS_1", "templateEn": "TTS_2", "outcomes": "all", channel.To: "+8613800138000"}
	case "email":
		return channel.Settings{"from": "pai@notify.example.com", "alias": "PAI", channel.To: "zhang.wei@example.com"}
	}
	return nil
}

// send has a channel make its request and gives the body.
func (p *post) send(c channel.Channel, m message.Message) ([]byte, error) {
	p.body = nil
	_, err := c.Send(context.Background(), settings(c.Spec().Name), m)
	if p.body == nil {
		return nil, fmt.Errorf("%s made no request: %w", c.Spec().Name, err)
	}
	return p.body, nil
}

// form reads the parameters of a call to Alibaba Cloud; the one named is a JSON object of texts.
func form(body []byte, object string) (values url.Values, param map[string]string, err error) {
	if values, err = url.ParseQuery(string(body)); err != nil {
		return nil, nil, err
	}
	if text := values.Get(object); text != "" {
		err = json.Unmarshal([]byte(text), &param)
	}
	return values, param, err
}
