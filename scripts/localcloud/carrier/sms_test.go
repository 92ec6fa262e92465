package carrier_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/dysmsapi"
)

func TestATextMessageArrivesAsItsTemplateSays(t *testing.T) {
	t.Parallel()
	w := start(t, fast)
	if code := w.text(somebody, nil); code != "OK" {
		t.Fatalf("code %s", code)
	}
	m, body := w.last("sms")
	if !m.Accepted || m.Code != "OK" || m.Path != "/sms/+8613800138000" ||
		body["text"] != "【PAI通知】PAI任务job-1的状态为失败，时间2026-11-24 15:18:21，请登录控制台查看。" || body["outId"] != "event-1" {
		t.Errorf("arrived: %+v %v", m, body)
	}
	if in := fmt.Sprint(body["inURL"]); in != "[]" {
		t.Errorf("stood in the URL: %s, want nothing", in)
	}
	w.text(somebody, func(r *dysmsapi.SendSmsRequest) {
		r.PhoneNumbers = somebody
		delete(r.GetFormParams(), "PhoneNumbers")
	})
	if _, body := w.last("sms"); fmt.Sprint(body["inURL"]) != "[PhoneNumbers]" {
		t.Errorf("stood in the URL: %v, want PhoneNumbers", body["inURL"])
	}
}

func TestTextMessagesAreRefusedWithTheServicesCodes(t *testing.T) {
	t.Parallel()
	w := start(t, still)
	values := func(text string) func(*dysmsapi.SendSmsRequest) {
		return func(r *dysmsapi.SendSmsRequest) { r.GetFormParams()["TemplateParam"] = text }
	}
	with := func(name, value string) func(*dysmsapi.SendSmsRequest) {
		return values(strings.Replace(goodText, `"`+name+`":"`, `"`+name+`":"`+value, 1))
	}
	template := func(code string) func(*dysmsapi.SendSmsRequest) {
		return func(r *dysmsapi.SendSmsRequest) { r.TemplateCode = code }
	}
	for name, c := range map[string]struct {
		number string
		change func(*dysmsapi.SendSmsRequest)
		want   string
	}{
		"prefix +86":                 {"+86" + somebody, nil, "OK"},
		"prefix 86":                  {"86" + somebody, nil, "OK"},
		"unknown sign name":          {somebody, func(r *dysmsapi.SendSmsRequest) { r.SignName = "别人" }, "isv.SMS_SIGNATURE_ILLEGAL"},
		"sign name in review":        {somebody, func(r *dysmsapi.SendSmsRequest) { r.SignName = "PAI审核中" }, "isv.SMS_SIGNATURE_ILLEGAL"},
		"unknown template":           {somebody, template("SMS_1"), "isv.SMS_TEMPLATE_ILLEGAL"},
		"template in review":         {somebody, template("SMS_190000009"), "isv.SMS_TEMPLATE_ILLEGAL"},
		"variable missing":           {somebody, values(`{"name":"a","status":"b"}`), "isv.TEMPLATE_MISSING_PARAMETERS"},
		"no variables":               {somebody, values(""), "isv.TEMPLATE_MISSING_PARAMETERS"},
		"no JSON":                    {somebody, values("name=a"), "isv.INVALID_JSON_PARAM"},
		"null":                       {somebody, values("null"), "isv.INVALID_JSON_PARAM"},
		"a number for a text":        {somebody, values(`{"name":1,"status":"b","time":"10:00"}`), "isv.INVALID_JSON_PARAM"},
		"empty variable":             {somebody, values(`{"name":"","status":"b","time":"10:00"}`), "isv.PARAM_LENGTH_LIMIT"},
		"36 characters":              {somebody, with("status", strings.Repeat("长", 34)), "isv.PARAM_LENGTH_LIMIT"},
		"35 characters":              {somebody, with("status", strings.Repeat("长", 33)), "OK"},
		"link":                       {somebody, with("name", "https://a"), "isv.PARAM_NOT_SUPPORT_URL"},
		"host":                       {somebody, with("name", "evil.com "), "isv.PARAM_NOT_SUPPORT_URL"},
		"blocked word":               {somebody, with("name", "彩票"), "isv.BLACK_KEY_CONTROL_LIMIT"},
		"telephone number":           {somebody, with("name", "13900139000 "), "isv.TEMPLATE_PARAMS_ILLEGAL"},
		"brackets of a sign name":    {somebody, with("name", "【银行】"), "isv.TEMPLATE_PARAMS_ILLEGAL"},
		"underscore":                 {somebody, with("name", "a_"), "isv.TEMPLATE_PARAMS_ILLEGAL"},
		"picture":                    {somebody, with("name", "🔥"), "isv.TEMPLATE_PARAMS_ILLEGAL"},
		"arrow":                      {somebody, with("name", "→"), "isv.TEMPLATE_PARAMS_ILLEGAL"},
		"line break":                 {somebody, with("name", `\n`), "isv.TEMPLATE_PARAMS_ILLEGAL"},
		"time in words":              {somebody, with("time", "yesterday "), "isv.TEMPLATE_PARAMS_ILLEGAL"},
		"time in Chinese":            {somebody, values(`{"name":"a","status":"b","time":"2026年11月24日 15点18分"}`), "OK"},
		"short number":               {"138001380", nil, "isv.MOBILE_NUMBER_ILLEGAL"},
		"no number":                  {"nobody", nil, "isv.MOBILE_NUMBER_ILLEGAL"},
		"number abroad":              {"4915112345678", nil, "isv.GLOBAL_NUMBER_NOT_SUPPORTED"},
		"number abroad, its kind":    {"4915112345678", template("SMS_190000003"), "OK"},
		"international for mainland": {somebody, template("SMS_190000003"), "isv.DOMESTIC_NUMBER_NOT_SUPPORTED"},
		"1001 numbers":               {strings.Repeat(somebody+",", 1000) + somebody, nil, "isv.MOBILE_COUNT_OVER_LIMIT"},
		"OutId of 256 bytes":         {somebody, func(r *dysmsapi.SendSmsRequest) { r.OutId = strings.Repeat("x", 256) }, "isv.INVALID_PARAMETERS"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := w.text(c.number, c.change); got != c.want {
				t.Errorf("code %s, want %s", got, c.want)
			}
			if m, _ := w.last("sms"); m.Code != c.want || m.Accepted != (c.want == "OK") {
				t.Errorf("in the inbox: code %s, accepted %v", m.Code, m.Accepted)
			}
		})
	}
}

func TestARequestWithAnotherKeyOrWithoutAParameterReachesNobody(t *testing.T) {
	t.Parallel()
	w := start(t, still)
	_, err := w.sms.SendSms(w.textTo(somebody, func(r *dysmsapi.SendSmsRequest) { r.SignName = "" }))
	wantCode(t, err, "MissingSignName")
	_, err = w.sms.SendSms(w.textTo("", nil))
	wantCode(t, err, "MissingPhoneNumbers")
	w.clients("another-secret")
	_, err = w.sms.SendSms(w.textTo(somebody, nil))
	wantCode(t, err, "SignatureDoesNotMatch")
	if list := w.inbox.Messages("", 0); len(list) != 0 {
		t.Errorf("arrived: %+v", list)
	}
}

func TestANumberIsTextedFiftyTimesADayBySignNameAndTemplate(t *testing.T) {
	t.Parallel()
	w := start(t, still)
	for i := range 50 {
		if code := w.text(somebody, nil); code != "OK" {
			t.Fatalf("message %d: %s", i+1, code)
		}
	}
	if code := w.text(somebody, nil); code != "isv.BUSINESS_LIMIT_CONTROL" {
		t.Errorf("message 51: %s, want isv.BUSINESS_LIMIT_CONTROL", code)
	}
	english := func(r *dysmsapi.SendSmsRequest) { r.TemplateCode = "SMS_190000002" }
	if code := w.text(somebody, english); code != "OK" {
		t.Errorf("another template: %s, want OK", code)
	}
	if code := w.text("13800138001", nil); code != "OK" {
		t.Errorf("another number: %s, want OK", code)
	}
}

func (w *world) details(number string, sent time.Time) []dysmsapi.SmsSendDetailDTO {
	w.t.Helper()
	r := dysmsapi.CreateQuerySendDetailsRequest()
	w.aim(r)
	r.GetFormParams()["PhoneNumber"] = number
	r.SendDate = sent.In(time.FixedZone("", 8*60*60)).Format("20060102")
	r.PageSize, r.CurrentPage = requests.NewInteger(10), requests.NewInteger(1)
	answer, err := w.sms.QuerySendDetails(r)
	if err != nil || answer.Code != "OK" {
		w.t.Fatalf("answer %+v: %v", answer, err)
	}
	return answer.SmsSendDetailDTOs.SmsSendDetailDTO
}

func TestWhatBecameOfATextMessageIsToldWhenAsked(t *testing.T) {
	t.Parallel()
	slow := start(t, still)
	slow.text(somebody, nil)
	if d := slow.details(somebody, slow.clock.Now()); len(d) != 1 || d[0].SendStatus != 1 || d[0].OutId != "event-1" {
		t.Errorf("at once: %+v, want one that waits, with our id", d)
	}
	if d := slow.details("13800138009", slow.clock.Now()); len(d) != 0 {
		t.Errorf("of somebody else: %+v", d)
	}
	w := start(t, fast)
	for number, want := range map[string]struct {
		status int64
		code   string
	}{somebody: {3, "DELIVERED"}, "13800000001": {2, "MOBILE_NOT_ON_SERVICE"}, "13800000003": {2, "INVALID_NUMBER"}} {
		at := w.clock.Now()
		w.text(number, nil)
		until(t, func() string {
			if d := w.details(number, at); len(d) != 1 || d[0].SendStatus != want.status || d[0].ErrCode != want.code {
				return fmt.Sprintf("%s: %+v, want status %d with code %s", number, d, want.status, want.code)
			}
			return ""
		})
	}
}

func TestSignNamesAndTemplatesAreListedWithTheirReview(t *testing.T) {
	t.Parallel()
	w := start(t, still)
	signs := dysmsapi.CreateQuerySmsSignListRequest()
	w.aim(signs)
	got, err := w.sms.QuerySmsSignList(signs)
	if err != nil || got.Code != "OK" || len(got.SmsSignList) != 2 || got.SmsSignList[0].AuditStatus != "AUDIT_STATE_PASS" ||
		got.SmsSignList[1].AuditStatus != "AUDIT_STATE_INIT" {
		t.Errorf("sign names %+v: %v", got.SmsSignList, err)
	}
	templates := dysmsapi.CreateQuerySmsTemplateListRequest()
	w.aim(templates)
	templates.PageSize, templates.PageIndex = requests.NewInteger(3), requests.NewInteger(2)
	page, err := w.sms.QuerySmsTemplateList(templates)
	if err != nil || page.TotalCount != 4 || len(page.SmsTemplateList) != 1 || page.SmsTemplateList[0].TemplateCode != "SMS_190000009" {
		t.Errorf("second page of templates %+v: %v", page, err)
	}
}
