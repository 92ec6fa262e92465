package carrier

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"pai-notify/scripts/localcloud/inbox"
	"pai-notify/scripts/localcloud/rpc"
)

// China is the time in which the services write their times, which name no zone.
func china(at time.Time) time.Time { return at.In(time.FixedZone("", 8*60*60)) }

const (
	plainTime = "2006-01-02 15:04:05"
	day       = 24 * time.Hour

	smsPerDay  = 50 // of a notice, to one number by one sign name and template: document_detail/44335.html
	maxNumbers = 1000
	maxOutID   = 255 // bytes
)

// sendSMS is SendSms: help.aliyun.com, api-dysmsapi-2017-05-25-sendsms.
func (c *Carrier) sendSMS(_ context.Context, q *rpc.Request) (rpc.Answer, error) {
	for _, name := range []string{"PhoneNumbers", "SignName", "TemplateCode"} {
		if _, err := q.Need(name); err != nil {
			return nil, err
		}
	}
	numbers := strings.Split(q.Get("PhoneNumbers"), ",")
	body := map[string]any{"signName": q.Get("SignName"), "templateCode": q.Get("TemplateCode"), "outId": q.Get("OutId"),
		"inURL": inURL(q)}
	id, said, err := c.acceptSMS(q, numbers, body)
	if err != nil {
		return nil, err
	}
	to := make([]string, len(numbers))
	for i, n := range numbers {
		to[i] = mobile(n)
	}
	if said != nil {
		return say(said.code, said.message), c.keep(inbox.SMS, to, body, said.code)
	}
	body["bizId"] = id
	answer := say(accepted, accepted)
	answer["BizId"] = id
	return answer, c.keep(inbox.SMS, to, body, accepted)
}

// acceptSMS checks a message and takes it; body is told what is known of it.
func (c *Carrier) acceptSMS(q *rpc.Request, numbers []string, body map[string]any) (id string, said *no, err error) {
	if len(numbers) > maxNumbers {
		return "", refuse("isv.MOBILE_COUNT_OVER_LIMIT", "手机号码数量超过限制，最多支持%d个", maxNumbers), nil
	}
	sign, known := c.owned.sign(q.Get("SignName"))
	if !known || !sign.Approved {
		return "", refuse("isv.SMS_SIGNATURE_ILLEGAL", "该账号下找不到对应签名"), nil
	}
	template, known := c.owned.template(q.Get("TemplateCode"))
	if !known || !template.Approved {
		return "", refuse("isv.SMS_TEMPLATE_ILLEGAL", "该账号下找不到对应模板"), nil
	}
	if len(q.Get("OutId")) > maxOutID {
		return "", refuse("isv.INVALID_PARAMETERS", "参数格式不正确: OutId"), nil
	}
	values, said := parameters(q.Get("TemplateParam"))
	if said != nil {
		return "", said, nil
	}
	body["parameters"] = values
	text, said := template.text(sign.Name, values)
	if said != nil {
		return "", said, nil
	}
	body["text"] = text
	for _, n := range numbers {
		switch inland := mainland.MatchString(n); {
		case !inland && !abroad.MatchString(n):
			return "", refuse("isv.MOBILE_NUMBER_ILLEGAL", "手机号码格式错误"), nil
		case inland && template.International:
			return "", refuse("isv.DOMESTIC_NUMBER_NOT_SUPPORTED", "国际/港澳台消息模板不支持发送境内号码"), nil
		case !inland && !template.International:
			return "", refuse("isv.GLOBAL_NUMBER_NOT_SUPPORTED", "国内短信模板不支持发送境外号码"), nil
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.options.Clock.Now()
	same := func(s *sent) bool { return s.Sign == sign.Name && s.Template == template.Code }
	for _, n := range numbers {
		if c.count(inbox.SMS, mobile(n), now, day, same) >= smsPerDay {
			return "", refuse("isv.BUSINESS_LIMIT_CONTROL", "触发天级流控Permits:%d", smsPerDay), nil
		}
	}
	id = fmt.Sprintf("%d%06d^0", now.UnixMilli(), c.serial)
	var list []*sent
	for _, n := range numbers {
		list = append(list, &sent{Service: inbox.SMS, ID: id, To: mobile(n), OutID: q.Get("OutId"), Sign: sign.Name,
			Template: template.Code, Text: text, At: now})
	}
	return id, nil, c.accept(list...)
}

// The values of SendStatus.
const (
	smsWaits = iota + 1
	smsFailed
	smsArrived
)

// querySendDetails is QuerySendDetails: what became of the messages to one number on one day, the last first.
func (c *Carrier) querySendDetails(_ context.Context, q *rpc.Request) (rpc.Answer, error) {
	for _, name := range []string{"PhoneNumber", "SendDate", "PageSize", "CurrentPage"} {
		if _, err := q.Need(name); err != nil {
			return nil, err
		}
	}
	now := c.options.Clock.Now()
	if date, err := time.ParseInLocation("20060102", q.Get("SendDate"), china(now).Location()); err != nil || now.Sub(date) > 31*day {
		return say("isv.INVALID_PARAMETERS", "参数格式不正确: SendDate"), nil //nolint:nilerr // it is answered
	}
	size, err := q.Int("PageSize", 1, 50, 10)
	if err != nil {
		return nil, err
	}
	page, err := q.Int("CurrentPage", 1, 1_000_000, 1)
	if err != nil {
		return nil, err
	}
	details := []map[string]any{}
	c.mu.Lock()
	for _, s := range slices.Backward(c.sent[inbox.SMS+" "+mobile(q.Get("PhoneNumber"))]) {
		if china(s.At).Format("20060102") == q.Get("SendDate") && (q.Get("BizId") == "" || q.Get("BizId") == s.ID) {
			details = append(details, s.detail(now))
		}
	}
	c.mu.Unlock()
	first := min((page-1)*size, len(details))
	answer := say(accepted, accepted)
	answer["TotalCount"] = strconv.Itoa(len(details))
	answer["SmsSendDetailDTOs"] = map[string]any{"SmsSendDetailDTO": details[first:min(first+size, len(details))]}
	return answer, nil
}

func (s *sent) detail(now time.Time) map[string]any {
	n := number(s.To)
	d := map[string]any{"PhoneNum": strings.TrimPrefix(strings.TrimPrefix(s.To, "+86"), "+"), "Content": s.Text,
		"TemplateCode": s.Template, "OutId": s.OutID, "SendDate": china(s.At).Format(plainTime), "SendStatus": smsWaits}
	if n.Mute || now.Sub(s.At) < smsTime {
		return d
	}
	d["SendStatus"], d["ErrCode"] = smsArrived, smsDelivered
	if n.SMS != "" {
		d["SendStatus"], d["ErrCode"] = smsFailed, n.SMS
	}
	d["ReceiveDate"] = china(s.At.Add(smsTime)).Format(plainTime)
	return d
}

// reviewed is how the lists of sign names and templates call a review.
func reviewed(approved bool) string {
	if approved {
		return "AUDIT_STATE_PASS"
	}
	return "AUDIT_STATE_INIT"
}

// querySigns is QuerySmsSignList.
func (c *Carrier) querySigns(_ context.Context, q *rpc.Request) (rpc.Answer, error) {
	all := []map[string]any{}
	for _, s := range c.owned.Signs {
		all = append(all, map[string]any{"SignName": s.Name, "AuditStatus": reviewed(s.Approved), "BusinessType": "通用",
			"CreateDate": "2026-01-05 10:00:00", "OrderId": "1", "Reason": map[string]string{}})
	}
	return list(q, "SmsSignList", all)
}

// queryTemplates is QuerySmsTemplateList.
func (c *Carrier) queryTemplates(_ context.Context, q *rpc.Request) (rpc.Answer, error) {
	all := []map[string]any{}
	for _, t := range c.owned.Templates {
		kind := 1 // a notice
		if t.International {
			kind = 3
		}
		all = append(all, map[string]any{"TemplateCode": t.Code, "TemplateName": t.Name, "TemplateContent": t.Text,
			"AuditStatus": reviewed(t.Approved), "OuterTemplateType": kind, "CreateDate": "2026-01-05 10:00:00", "OrderId": "1",
			"Reason": map[string]string{}})
	}
	return list(q, "SmsTemplateList", all)
}

// list is a page of what the account has with SMS.
func list(q *rpc.Request, member string, all []map[string]any) (rpc.Answer, error) {
	size, err := q.Int("PageSize", 1, 50, 10)
	if err != nil {
		return nil, err
	}
	page, err := q.Int("PageIndex", 1, 1_000_000, 1)
	if err != nil {
		return nil, err
	}
	first := min((page-1)*size, len(all))
	answer := say(accepted, accepted)
	answer[member] = all[first:min(first+size, len(all))]
	answer["TotalCount"], answer["CurrentPage"], answer["PageSize"] = len(all), page, size
	return answer, nil
}
