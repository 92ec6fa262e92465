package sms

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/aliyun/alibaba-cloud-sdk-go/services/dysmsapi"

	"pai-notify/shared/channel"
	"pai-notify/shared/channel/aliyun"
)

const (
	pageSize = 50 // the most that a page has: help.aliyun.com/en/sms/developer-reference/api-dysmsapi-2017-05-25-querysenddetails
	maxPages = 10 // of one day and number; a number gets 50 of our own messages a day
	nearby   = 5 * time.Minute
)

// undelivered is what is told of a message that the carrier gave up.
const undelivered = "the carrier could not deliver the message"

// sent is one message as the service lists it.
type sent struct {
	Err     json.RawMessage `json:"ErrCode"`
	OutID   string          `json:"OutId"`
	Status  json.RawMessage `json:"SendStatus"` // 1 no report yet, 2 failed, 3 arrived
	Arrived string          `json:"ReceiveDate"`
}

// Report asks what became of a message. The service lists them by number and day, in China's time.
func (s *sms) Report(ctx context.Context, to channel.Settings, q channel.Query) (channel.Report, error) {
	number, err := aliyun.Number(to)
	if err != nil {
		return channel.Report{}, s.api.Refuse("QuerySendDetails", to, "address", err)
	}
	days := []string{day(q.Sent)}
	for _, other := range []time.Time{q.Sent.Add(nearby), q.Sent.Add(-nearby)} {
		if other := day(other); other != days[0] {
			days = append(days, other)
		}
	}
	for _, day := range days {
		for page := 1; page <= maxPages; page++ {
			list, err := s.list(ctx, to, number, day, q.Receipt, page)
			if err != nil {
				return channel.Report{}, err
			}
			for _, one := range list {
				if one.OutID == outID(q.ID) && q.ID != "" || q.ID == "" && q.Receipt != "" {
					return s.report(one, q), nil
				}
			}
			if len(list) < pageSize {
				break
			}
		}
	}
	return channel.Report{Fate: channel.Absent}, nil
}

// list reads one page of a day.
func (s *sms) list(ctx context.Context, to channel.Settings, number, day, receipt string, page int) ([]sent, error) {
	var list []sent
	err := s.api.Do(ctx, to, aliyun.Call{
		Request: dysmsapi.CreateQuerySendDetailsRequest(),
		Host:    Host(s.api.Region(to)),
		Form: map[string]string{
			"PhoneNumber": number, "SendDate": day, "BizId": receipt,
			"PageSize": strconv.Itoa(pageSize), "CurrentPage": strconv.Itoa(page),
		},
	}, func(status int, _ http.Header, body []byte) error {
		answer, values := aliyun.Read(status, body, "SmsSendDetailDTOs")
		if err := s.api.Judge(answer); err != nil {
			return err
		}
		var found struct {
			List []sent `json:"SmsSendDetailDTO"`
		}
		if text := values["SmsSendDetailDTOs"]; text != "" && json.Unmarshal([]byte(text), &found) != nil {
			return s.api.Judge(aliyun.Answer{Status: status, Text: "the list of messages has another form than documented"})
		}
		list = found.List
		return nil
	})
	return list, err
}

func (s *sms) report(one sent, q channel.Query) channel.Report {
	r := channel.Report{Receipt: q.Receipt, Code: channel.Short(channel.Text(one.Err))}
	switch channel.Text(one.Status) {
	case "3":
		r.Fate, r.At, r.Code = channel.Arrived, moment(one.Arrived), ""
	case "2":
		r.Fate, r.At = channel.Failed, moment(one.Arrived)
		r.Text, r.Advice = undelivered, undeliveredAdvice()
	default:
		r.Code = ""
	}
	return r
}

func undeliveredAdvice() channel.Advice {
	return channel.Advice{
		"en": "The carrier could not deliver it. Look up the code in the SMS console's send records: the telephone may be off, out " +
			"of service, or block such messages. Check the contact's number.",
		"zh": "运营商未能送达。请在短信服务控制台的发送记录中查询该错误码：手机可能关机、停机或拦截了短信；并核对联系人的号码。",
	}
}

// Advise gives advice by a recorded code.
func (s *sms) Advise(code, text string) channel.Advice {
	if text == undelivered {
		return undeliveredAdvice()
	}
	return s.api.Advise(code, text)
}

// china is the zone of the service's times.
func china() *time.Location { return time.FixedZone("CST", 8*3600) }

func day(at time.Time) string { return at.In(china()).Format("20060102") }

// moment reads a time of the service; zero where it says none.
func moment(text string) time.Time {
	at, err := time.ParseInLocation(time.DateTime, text, china())
	if err != nil {
		return time.Time{}
	}
	return at
}
