// Package sms sends text messages through Alibaba Cloud's Short Message Service.
//
// A text message is an approved template with three variables, name, status and time, so everything that events say is
// reduced to what a template takes. Nothing about it is idempotent: after an unclear outcome the service is asked, see
// [channel.Reporter]. Its rules are at help.aliyun.com/zh/sms.
package sms

import (
	"context"
	_ "embed"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/aliyun/alibaba-cloud-sdk-go/services/dysmsapi"

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
	settingSign = "signName"
	settingZH   = "templateZh"
	settingEN   = "templateEn"
)

const (
	marks    = " -.,:()，。：、（）…" // in variables
	maxOutID = 255              // bytes: help.aliyun.com/en/sms/developer-reference/api-dysmsapi-2017-05-25-sendsms
)

// New is the channel.
func New(d channel.Deps) channel.Channel {
	spec := newSpec()
	return &sms{spec: spec, api: aliyun.New(d, spec, codes)}
}

type sms struct {
	spec channel.Spec
	api  *aliyun.API
}

var (
	_ channel.Channel  = (*sms)(nil)
	_ channel.Adviser  = (*sms)(nil)
	_ channel.Reporter = (*sms)(nil)
)

var templateCode = regexp.MustCompile(`^SMS_[0-9]{1,20}$`)

// newSpec describes the channel. A number gets at most 50 notices in 24 hours from one sign name and template
// (help.aliyun.com/document_detail/44335.html), of which one is left free. After the first, what happens within five
// minutes is told together, so that a sweep of failing jobs does not use up the day.
func newSpec() channel.Spec {
	template := func(name, label, labelZH string) channel.Field {
		return channel.Field{
			Name:  name,
			Label: map[string]string{"en": label, "zh": labelZH},
			Help: map[string]string{
				"en": "SMS console, Templates: the code SMS_… of an approved notice template with the variables ${name}, ${status} and " +
					"${time}. Numbers outside mainland China need a template for international messages.",
				"zh": "短信服务控制台“模板管理”中已审核通过的通知模板编号 SMS_…，其变量为 ${name}、${status}、${time}。境外号码需使用国际/港澳台消息模板。",
			},
			Check: func(value string) fault.Text {
				if !templateCode.MatchString(value) {
					return fault.Say("is not a template's code such as SMS_123456789", "不是模板编号，应形如 SMS_123456789")
				}
				return nil
			},
		}
	}
	return channel.Spec{
		Name:  "sms",
		Title: event.Text{"en": "SMS", "zh": "短信"},
		Shared: []channel.Field{
			{
				Name:     settingSign,
				Label:    map[string]string{"en": "Sign name", "zh": "短信签名"},
				Required: true,
				Help: map[string]string{
					"en": "SMS console, Signatures: an approved one, without the brackets 【】. It needs the carriers' real-name registration.",
					"zh": "短信服务控制台“签名管理”中已审核通过的签名，不含括号【】；需已完成运营商实名制报备。",
				},
				Check: func(value string) fault.Text {
					if strings.ContainsAny(value, "【】[]") || len([]rune(value)) > 20 {
						return fault.Say("is not a sign name: at most 20 characters, without brackets", "不是短信签名：最多 20 个字符，不含括号")
					}
					return nil
				},
			},
			template(settingZH, "Template, Chinese", "中文模板"),
			template(settingEN, "Template, English", "英文模板"),
			aliyun.RegionField(map[string]string{
				"en": "Where SMS is called, such as cn-hangzhou or ap-southeast-1; empty means the deployment's region.",
				"zh": "调用短信服务的地域，如 cn-hangzhou、ap-southeast-1；留空表示与部署相同。",
			}),
		},
		Pace: []channel.Pace{
			{Burst: 1, Every: 5 * time.Minute},
			{Burst: 25, Every: time.Hour, Reserve: 10},
		},
		Digest:   true,
		Once:     true,
		Contacts: true,
		Sources:  []string{"dlc", "flow", "dsw", "delivery"},
	}
}

// Host is where a region's API is: the endpoints of the SDK's package, whose own function is a data race.
func Host(region string) string {
	switch region {
	case "cn-beijing":
		return "dysmsapi-proxy.cn-beijing.aliyuncs.com"
	case "cn-hongkong":
		return "dysmsapi-xman.cn-hongkong.aliyuncs.com"
	case "ap-southeast-1", "ap-southeast-5", "eu-central-1", "us-east-1":
		return "dysmsapi." + region + ".aliyuncs.com"
	}
	return "dysmsapi.aliyuncs.com"
}

// Spec describes the channel.
func (s *sms) Spec() channel.Spec { return s.spec }

// variables of the template; each is 1 to 35 characters.
type variables struct {
	Name   string `json:"name"`
	Status string `json:"status"`
	Time   string `json:"time"`
}

func variablesOf(m message.Message, now time.Time) variables {
	b := m.Brief
	if b.At.IsZero() {
		b.At = now // a variable of kind time takes nothing else
	}
	b.Name = aliyun.Variable(b.Name, marks)
	return variables{
		Name:   b.Names(m.Language, aliyun.MaxVariable),
		Status: message.CutRunes(aliyun.Variable(b.Status, marks), aliyun.MaxVariable),
		Time:   b.At.Format(time.DateTime), // as variables of kind time take it: help.aliyun.com/document_detail/2806243.html
	}
}

// Send sends one message. The receipt is the service's BizId.
func (s *sms) Send(ctx context.Context, to channel.Settings, m message.Message) (string, error) {
	number, err := aliyun.Number(to)
	if err != nil {
		return "", s.api.Refuse("SendSms", to, "address", err)
	}
	template := aliyun.Template(to, m.Language, map[string]string{"zh": settingZH, "en": settingEN})
	if template == "" {
		return "", s.api.Refuse("SendSms", to, "settings", fmt.Errorf("the settings of sms lack %s and %s", settingZH, settingEN))
	}
	v := variablesOf(m, s.api.Now())
	param, err := channel.JSON(v)
	if err != nil {
		return "", s.api.Refuse("SendSms", to, "settings", err)
	}
	receipt := ""
	err = s.api.Do(ctx, to, aliyun.Call{
		Request: dysmsapi.CreateSendSmsRequest(),
		Host:    Host(s.api.Region(to)),
		Form: map[string]string{
			"PhoneNumbers": number, "SignName": to[settingSign], "TemplateCode": template, "TemplateParam": string(param),
			"OutId": outID(m.ID),
		},
		Private: []string{string(param), v.Name, v.Status, v.Time, aliyun.Variable(m.Brief.Name, marks), m.Brief.Name},
	}, func(status int, _ http.Header, body []byte) error {
		answer, values := aliyun.Read(status, body, "BizId")
		receipt = values["BizId"]
		return s.api.Judge(answer)
	})
	if err != nil {
		return "", err
	}
	return receipt, nil
}

// outID is a message's id as the service keeps it.
func outID(id string) string {
	if len(id) > maxOutID {
		return id[:maxOutID]
	}
	return id
}
