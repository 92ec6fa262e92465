// Package voice calls telephones through Alibaba Cloud's Voice Service and has an approved template spoken.
//
// A template of the shared mode takes two variables, so a call tells the name and, in one, what happened and when, in
// words that can be spoken. A call wakes somebody: it is made for failing outcomes only unless a target asks for all, and
// never again after an unclear outcome, since the service finds a call by nothing but the id that it gives it. Its rules
// are at help.aliyun.com/zh/vms.
package voice

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/base32"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/aliyun/alibaba-cloud-sdk-go/services/dyvmsapi"

	"pai-notify/shared/channel"
	"pai-notify/shared/channel/aliyun"
	"pai-notify/shared/event"
	"pai-notify/shared/fault"
	"pai-notify/shared/message"
)

//go:embed codes.json
var codes []byte

// Settings: of a target, then those that a deployment has once.
const (
	settingOutcomes = "outcomes"
	settingZH       = "templateZh"
	settingEN       = "templateEn"
	settingNumber   = "showNumber"
	settingTimes    = "playTimes"
)

const (
	host         = "dyvmsapi.aliyuncs.com" // of all regions: endpoints of the SDK's package
	marks        = " ，"                    // in variables
	maxOutID     = 15                      // bytes: help.aliyun.com/document_detail/393519.html
	defaultTimes = "2"                     // who picks up half asleep misses the first words
)

var (
	templateCode = regexp.MustCompile(`^TTS_[0-9]{1,20}$`)
	shownNumber  = regexp.MustCompile(`^[0-9]{5,20}$`)
)

// New is the channel.
func New(d channel.Deps) channel.Channel {
	spec := newSpec()
	return &voice{spec: spec, api: aliyun.New(d, spec, codes)}
}

type voice struct {
	spec channel.Spec
	api  *aliyun.API
}

var (
	_ channel.Channel  = (*voice)(nil)
	_ channel.Adviser  = (*voice)(nil)
	_ channel.Reporter = (*voice)(nil)
)

// newSpec describes the channel. A number is called at most once a minute, 5 times an hour and 20 times in 24 hours,
// whether the calls succeed or not (help.aliyun.com/document_detail/393519.html); one of each is left free. What happens
// within five minutes of a call is told together in the next one.
func newSpec() channel.Spec {
	template := func(name, label, labelZH string) channel.Field {
		return channel.Field{
			Name:  name,
			Label: map[string]string{"en": label, "zh": labelZH},
			Help: map[string]string{
				"en": "Voice console, Text-to-speech templates: the code TTS_… of an approved one with the variables ${name} and " +
					"${status}, of the same mode (shared or dedicated) as the calling number.",
				"zh": "语音服务控制台“文本转语音模板”中已审核通过的模板编号 TTS_…，其变量为 ${name}、${status}，且与主叫号码同属公共模式或专属模式。",
			},
			Check: matches(templateCode, fault.Say("is not a template's code such as TTS_123456789", "不是模板编号，应形如 TTS_123456789")),
		}
	}
	return channel.Spec{
		Name:  "voice",
		Title: event.Text{"en": "Voice", "zh": "语音"},
		Fields: []channel.Field{{
			Name:  settingOutcomes,
			Label: map[string]string{"en": "Calls for", "zh": "呼叫范围"},
			Help: map[string]string{
				"en": "By default failing: only what failed; all is every event that the rule matches.",
				"zh": "默认仅失败类事件（failing）；所有事件（all）指规则匹配的全部。",
			},
			Options: []string{"failing", "all"},
			Called: map[string]event.Text{
				"failing": {"en": "Only what failed", "zh": "仅失败类事件"},
				"all":     {"en": "Every event", "zh": "所有事件"},
			},
		}},
		Shared: []channel.Field{
			template(settingZH, "Template, Chinese", "中文模板"),
			template(settingEN, "Template, English", "英文模板"),
			{
				Name:  settingNumber,
				Label: map[string]string{"en": "Calling number", "zh": "主叫号码"},
				Help: map[string]string{
					"en": "A number that you bought, in digits; leave it empty for the shared mode.",
					"zh": "已购买的真实号码，仅数字；留空表示公共模式。",
				},
				Check: matches(shownNumber, fault.Say("is not a calling number, which is digits", "不是主叫号码，只能为数字")),
			},
			{
				Name:    settingTimes,
				Label:   map[string]string{"en": "Times spoken", "zh": "播放次数"},
				Help:    map[string]string{"en": "How often the text is spoken in one call; 2 if left empty.", "zh": "一次呼叫中文本的播放次数，留空为 2。"},
				Options: []string{"1", "2", "3"},
			},
		},
		Pace: []channel.Pace{
			{Burst: 1, Every: 5 * time.Minute},
			{Burst: 3, Every: time.Hour},
			{Burst: 11, Every: 3 * time.Hour, Reserve: 4},
		},
		Digest:   true,
		Once:     true,
		Contacts: true,
		Sources:  []string{"dlc", "flow", "dsw", "delivery"},
	}
}

func matches(form *regexp.Regexp, text fault.Text) func(string) fault.Text {
	return func(value string) fault.Text {
		if !form.MatchString(value) {
			return text
		}
		return nil
	}
}

// Spec describes the channel.
func (v *voice) Spec() channel.Spec { return v.spec }

// variables of the template.
type variables struct {
	Name   string `json:"name"`
	Status string `json:"status"`
}

func variablesOf(m message.Message, now time.Time) variables {
	b := m.Brief
	if m.View.Name == "" && m.View.ID != "" && b.Name == m.View.ID {
		b.Name = spelled(b.Name)
	}
	b.Name = aliyun.Variable(b.Name, marks)
	name := aliyun.Variable(b.Names(m.Language, aliyun.MaxVariable), marks) // without the ellipsis, which is not spoken
	when := message.Spoken(m.Language, b.At, now)
	what := []rune(aliyun.Variable(b.Status, marks))
	return variables{name, string(what[:min(len(what), aliyun.MaxVariable-len([]rune(when)))]) + when}
}

// spelled makes an id something that can be spoken: its signs one by one.
func spelled(id string) string {
	var b strings.Builder
	for _, r := range id {
		b.WriteRune(r)
		b.WriteByte(' ')
	}
	return b.String()
}

// Send makes one call. The receipt is the service's CallId; OK means only that the call is queued.
func (v *voice) Send(ctx context.Context, to channel.Settings, m message.Message) (string, error) {
	number, err := aliyun.Number(to)
	if err != nil {
		return "", v.api.Refuse("SingleCallByTts", to, "address", err)
	}
	template := aliyun.Template(to, m.Language, map[string]string{"zh": settingZH, "en": settingEN})
	if template == "" {
		return "", v.api.Refuse("SingleCallByTts", to, "settings", fmt.Errorf("the settings of voice lack %s and %s", settingZH, settingEN))
	}
	values := variablesOf(m, v.api.Now())
	param, err := channel.JSON(values)
	if err != nil {
		return "", v.api.Refuse("SingleCallByTts", to, "settings", err)
	}
	times := to[settingTimes]
	if times == "" {
		times = defaultTimes
	}
	receipt := ""
	err = v.api.Do(ctx, to, aliyun.Call{
		Request: dyvmsapi.CreateSingleCallByTtsRequest(),
		Host:    host,
		Form: map[string]string{
			"CalledNumber": number, "CalledShowNumber": to[settingNumber], "TtsCode": template, "TtsParam": string(param),
			"PlayTimes": times, "OutId": outID(m.ID),
		},
		Private: []string{string(param), values.Name, values.Status, m.Brief.Name, m.Brief.Status},
	}, func(status int, _ http.Header, body []byte) error {
		answer, members := aliyun.Read(status, body, "CallId")
		receipt = members["CallId"]
		return v.api.Judge(answer)
	})
	if err != nil {
		return "", err
	}
	return receipt, nil
}

// outID is a message's id as the service keeps it: a short hash of a longer one.
func outID(id string) string {
	if len(id) <= maxOutID {
		return id
	}
	sum := sha256.Sum256([]byte(id))
	return strings.ToLower(base32.StdEncoding.EncodeToString(sum[:])[:maxOutID])
}
