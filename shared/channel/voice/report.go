package voice

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/aliyun/alibaba-cloud-sdk-go/services/dyvmsapi"

	"pai-notify/shared/channel"
	"pai-notify/shared/channel/aliyun"
)

// failedCall begins what is told of a call that was not heard.
const failedCall = "nobody heard the call: "

// products are those that a template's call is found under. The pages name the first for SingleCallByTts, the second for
// voice notices: help.aliyun.com/zh/vms/through-the-call-id-for-call-records.
func products() []string { return []string{"11010000138001", "11000000300006"} }

// detail is a call as the service tells of it.
type detail struct {
	State json.RawMessage `json:"state"`
	Words string          `json:"stateDesc"`
	End   string          `json:"endDate"`
	Made  string          `json:"gmtCreate"`
}

// Report asks what became of a call.
func (v *voice) Report(ctx context.Context, to channel.Settings, q channel.Query) (channel.Report, error) {
	const action = "QueryCallDetailByCallId"
	if q.Receipt == "" {
		return channel.Report{}, v.api.Refuse(action, to, "unclear", errors.New("a call can only be asked about by the id that the service "+
			"gives it, and none came back"))
	}
	for _, product := range products() {
		d, err := v.ask(ctx, to, q, product)
		if err != nil || d != nil {
			return reportOf(d, q), err
		}
	}
	return channel.Report{Receipt: q.Receipt}, nil // what the service tells only once the call is over
}

func (v *voice) ask(ctx context.Context, to channel.Settings, q channel.Query, product string) (d *detail, err error) {
	err = v.api.Do(ctx, to, aliyun.Call{
		Request: dyvmsapi.CreateQueryCallDetailByCallIdRequest(),
		Host:    host,
		Form:    map[string]string{"CallId": q.Receipt, "ProdId": product, "QueryDate": strconv.FormatInt(asked(q.Sent).UnixMilli(), 10)},
	}, func(status int, _ http.Header, body []byte) error {
		answer, members := aliyun.Read(status, body, "Data")
		if err := v.api.Judge(answer); err != nil {
			return err
		}
		text := strings.TrimSpace(members["Data"])
		if text == "" || text == "{}" {
			return nil
		}
		var found detail
		if json.Unmarshal([]byte(text), &found) != nil || len(found.State) == 0 {
			return v.api.Judge(aliyun.Answer{Status: status, Text: "the call is told of in another form than documented"})
		}
		d = &found
		return nil
	})
	return d, err
}

// asked is the time to ask with: on the day of the call in China, and not after it, since the service looks at the day
// or at the 24 hours that follow.
func asked(sent time.Time) time.Time {
	local := sent.In(china())
	midnight := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, local.Location())
	if early := local.Add(-time.Minute); early.After(midnight) {
		return early
	}
	return midnight
}

// china is the zone of the service's times.
func china() *time.Location { return time.FixedZone("CST", 8*3600) }

// reportOf reads a call's state: help.aliyun.com/document_detail/55085.html.
func reportOf(d *detail, q channel.Query) channel.Report {
	r := channel.Report{Receipt: q.Receipt}
	if d == nil {
		return r
	}
	state := channel.Short(channel.Text(d.State))
	switch state {
	case "200101", "200102", "200103", "200201", "200100", "": // under way, or over and not judged yet
		return r
	case "200000", "200001": // heard to the end, or cut short by who picked up
		r.Fate = channel.Arrived
	default:
		words := d.Words
		if words == "" {
			words = state
		}
		r.Fate, r.Code, r.Text, r.Advice = channel.Failed, state, channel.Short(failedCall+words), failedAdvice()
	}
	for _, text := range []string{d.End, d.Made} {
		if at, err := time.ParseInLocation(time.DateTime, text, china()); err == nil {
			r.At = at
			break
		}
	}
	return r
}

func failedAdvice() channel.Advice {
	return channel.Advice{
		"en": "The text says how the call ended. Check the contact's number; if calls are refused as unwanted, have the number of a " +
			"dedicated mode, or ask the contact to let it through. Replay the delivery to call again.",
		"zh": "文本说明了呼叫如何结束。请核对联系人的号码；若来电被当作骚扰拦截，请使用专属模式号码，或请联系人放行。如需再次呼叫，请重放该投递。",
	}
}

// Advise gives advice by a recorded code.
func (v *voice) Advise(code, text string) channel.Advice {
	if strings.HasPrefix(text, failedCall) {
		return failedAdvice()
	}
	return v.api.Advise(code, text)
}
