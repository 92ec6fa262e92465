package carrier

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"net/http"
	"strings"
	"unicode/utf8"

	"pai-notify/scripts/localcloud/inbox"
	"pai-notify/scripts/localcloud/rpc"
)

// DirectMail's limits: help.aliyun.com, doc-detail/29444.
const (
	maxRecipients = 100
	maxSubject    = 100      // characters
	maxBody       = 80 << 10 // bytes, of each of the two bodies
	maxAlias      = 14       // characters
	maxTag        = 128      // characters
	mailPerDay    = 2000     // of the account's lowest level
)

// bad is a refusal of DirectMail, which has an HTTP status.
func bad(status int, code, message string) *rpc.Error {
	return &rpc.Error{Status: status, Code: code, Message: message}
}

// sendMail is SingleSendMail.
func (c *Carrier) sendMail(_ context.Context, q *rpc.Request) (rpc.Answer, error) {
	for _, name := range []string{"AccountName", "AddressType", "ReplyToAddress", "ToAddress", "Subject"} {
		if _, err := q.Need(name); err != nil {
			return nil, err
		}
	}
	to := strings.Split(q.Get("ToAddress"), ",")
	body := map[string]any{"from": q.Get("AccountName"), "alias": q.Get("FromAlias"), "subject": q.Get("Subject"),
		"html": q.Get("HtmlBody"), "text": q.Get("TextBody"), "tag": q.Get("TagName"), "inURL": inURL(q)}
	for i := range to {
		to[i] = mailbox(to[i])
	}
	sender, _ := c.owned.sender(q.Get("AccountName"))
	if q.Get("ReplyToAddress") == "true" {
		body["replyTo"] = sender.Reply
	}
	if reply := q.Get("ReplyAddress"); reply != "" {
		body["replyTo"] = reply
	}
	said := checkMail(q, sender, to)
	id := ""
	if said == nil {
		var err error
		if id, said, err = c.acceptMail(q, to); err != nil {
			return nil, err
		}
	}
	if said != nil {
		if err := c.keep(inbox.Email, to, body, said.Code); err != nil {
			return nil, err
		}
		return nil, said
	}
	body["envId"] = id
	return rpc.Answer{"EnvId": id}, c.keep(inbox.Email, to, body, accepted)
}

func checkMail(q *rpc.Request, sender Sender, to []string) *rpc.Error {
	alias := utf8.RuneCountInString(q.Get("FromAlias"))
	html, text := len(q.Get("HtmlBody")), len(q.Get("TextBody"))
	switch {
	case sender.Address == "":
		return bad(http.StatusNotFound, "InvalidMailAddress.NotFound", "The specified mailAddress does not exist.")
	case sender.Frozen:
		return bad(http.StatusBadRequest, "InvalidMailAddressStatus.Malformed", "The specified mail address status is wrongly formed.")
	case sender.Kind != "trigger":
		return bad(http.StatusBadRequest, "InvalidMailAddressSendType.Malformed", "The specified mail address is not of the type trigger.")
	case q.Get("AddressType") != "0" && q.Get("AddressType") != "1":
		return rpc.Invalid("AddressType", "It is 0 or 1.")
	case q.Get("ReplyToAddress") != "true" && q.Get("ReplyToAddress") != "false":
		return rpc.Invalid("ReplyToAddress", "It is true or false.")
	case q.Get("ClickTrace") != "" && q.Get("ClickTrace") != "0" && q.Get("ClickTrace") != "1":
		return rpc.Invalid("ClickTrace", "It is 0 or 1.")
	case alias > maxAlias || strings.ContainsAny(q.Get("FromAlias"), "\r\n"):
		return bad(http.StatusBadRequest, "InvalidFromALias.Malformed", "The specified fromAlias is wrongly formed.")
	case utf8.RuneCountInString(q.Get("Subject")) > maxSubject || strings.ContainsAny(q.Get("Subject"), "\r\n"):
		return bad(http.StatusBadRequest, "InvalidSubject.Malformed", "The specified subject is wrongly formed.")
	case html == 0 && text == 0, html > maxBody, text > maxBody:
		return bad(http.StatusBadRequest, "InvalidBody", "The specified textBody or htmlBody is wrongly formed.")
	case utf8.RuneCountInString(q.Get("TagName")) > maxTag:
		return rpc.Invalid("TagName", "It is longer than 128 characters.")
	case q.Get("ReplyAddress") != "" && !isMailbox(q.Get("ReplyAddress")):
		return bad(http.StatusBadRequest, "InvalidReplyAddress.Malformed", "The specified replyAddress is wrongly formed.")
	case len(to) > maxRecipients:
		return bad(http.StatusBadRequest, "InvalidToAddress", "The specified toAddress is wrongly formed.")
	}
	for _, one := range to {
		if !isMailbox(one) {
			return bad(http.StatusBadRequest, "InvalidToAddress", "The specified toAddress is wrongly formed.")
		}
		if box(one).Listed {
			return bad(http.StatusBadRequest, "InvalidToAddress.Spam", "The specified toAddress is known to be invalid.")
		}
	}
	return nil
}

func (c *Carrier) acceptMail(q *rpc.Request, to []string) (id string, said *rpc.Error, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.options.Clock.Now()
	today := len(to)
	for _, s := range c.byID {
		if s.Service == inbox.Email && now.Sub(s.At) < day {
			today++
		}
	}
	if today > mailPerDay {
		return "", bad(http.StatusBadRequest, "InvalidQuota", "The daily quota is used up."), nil
	}
	id = fmt.Sprintf("6%010d%06d", now.Unix(), c.serial)
	var list []*sent
	for _, one := range to {
		list = append(list, &sent{Service: inbox.Email, ID: id, To: one, From: q.Get("AccountName"), Tag: q.Get("TagName"), At: now})
	}
	if err := c.accept(list...); err != nil {
		return "", nil, err
	}
	for _, s := range list {
		c.report(s)
	}
	return id, nil, nil
}

// report publishes a mail's receipt when it is due. The caller holds the lock.
func (c *Carrier) report(s *sent) {
	if box(s.To).Mute {
		return
	}
	c.waiting.Go(func() {
		if err := c.options.Clock.Sleep(c.ended, s.At.Add(mailTime).Sub(c.options.Clock.Now())); err != nil {
			return // the next start does it
		}
		event, err := json.Marshal(c.receipt(s))
		if err == nil {
			err = c.options.Publish(c.ended, event)
		}
		if err != nil {
			c.options.Log.Error("publish a mail's receipt", "mail", s.ID, "error", err.Error())
			return
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		s.Told = true
		if err := c.journal.write(s); err != nil {
			c.options.Log.Error("write down that a receipt was published", "mail", s.ID, "error", err.Error())
		}
	})
}

// receipt is the event of a mail that was delivered or not, as www.alibabacloud.com/help/en/eventbridge, "Direct Mail
// events", has it. That page's example has the source acs:dm; the patterns in use, as those of all other services, acs.dm.
func (c *Carrier) receipt(s *sent) map[string]any {
	const dateTime = "2006-01-02T15:04:05"
	at := china(s.At.Add(mailTime))
	_, host, _ := strings.Cut(s.To, "@")
	kind, status, code, text, failure := "dm:Deliver:Succeed", "0", "250", "250 Send Mail OK", ""
	if m := box(s.To); m.Status != "" {
		kind, status, code, text, failure = "dm:Deliver:Fail", m.Status, m.Code, m.Text, m.Failure
	}
	return map[string]any{
		"id": "dm-" + s.ID + "-" + fmt.Sprint(crc32.ChecksumIEEE([]byte(s.To))), "source": "acs.dm", "type": kind, "specversion": "1.0",
		"subject": "acs:dm:" + c.options.Region + ":" + c.options.Account + ":*", "time": at.Format("2006-01-02T15:04:05+08:00"),
		"datacontenttype": "application/json",
		"data": map[string]any{
			"header": map[string]any{}, "env_id": s.ID, "account": s.From, "from": s.From, "rcpt": s.To,
			"msg_id": s.ID + "@" + c.options.Region, "send_time": china(s.At).Format(dateTime), "deliver_time": at.Format(dateTime),
			"status": status, "event": kind, "region": c.options.Region, "err_code": code, "err_msg": text, "failed_type": failure,
			"esp": "*" + host, "is_dedicated_ip": false, "tag": s.Tag,
		},
	}
}

// querySenders is QueryMailAddressByParam. KeyWord finds by a part of the address.
func (c *Carrier) querySenders(_ context.Context, q *rpc.Request) (rpc.Answer, error) {
	page, err := q.Int("PageNo", 1, 1_000_000, 1)
	if err != nil {
		return nil, err
	}
	size, err := q.Int("PageSize", 1, 100, 10)
	if err != nil {
		return nil, err
	}
	all := []map[string]any{}
	for i, s := range c.owned.Senders {
		if !strings.Contains(s.Address, q.Get("KeyWord")) || (q.Get("Sendtype") != "" && q.Get("Sendtype") != s.Kind) {
			continue
		}
		frozen := "0"
		if s.Frozen {
			frozen = "1"
		}
		all = append(all, map[string]any{"MailAddressId": fmt.Sprint(i + 1), "AccountName": s.Address, "Sendtype": s.Kind,
			"AccountStatus": frozen, "DomainStatus": "0", "ReplyAddress": s.Reply, "ReplyStatus": "0",
			"CreateTime": "2026-01-05T02:00Z", "DailyCount": fmt.Sprint(mailPerDay), "DailyReqCount": "0", "MonthCount": "60000",
			"MonthReqCount": "0"})
	}
	first := min((page-1)*size, len(all))
	return rpc.Answer{"TotalCount": len(all), "PageNumber": page, "PageSize": size,
		"data": map[string]any{"mailAddress": all[first:min(first+size, len(all))]}}, nil
}
