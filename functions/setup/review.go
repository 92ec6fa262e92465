package main

import (
	"context"
	"fmt"
	"net/http"

	"pai-notify/shared/channel/sms"
)

// reviewed is a sign name or a template as Short Message Service lists it.
type reviewed struct {
	Name   string // SignName or TemplateCode
	State  string // AUDIT_STATE_PASS, or another that sends nothing
	Text   string // of a template
	Kind   int    // of a template: 1 a notice, 3 international, others no notices
	Reason string // why it was refused
}

const (
	reviewPassed = "AUDIT_STATE_PASS"
	kindNotice   = 1
	kindAbroad   = 3
)

// sender is a mail address as DirectMail lists it.
type sender struct {
	Address string
	Kind    string // trigger or batch
	Frozen  bool
	Broken  bool // its domain's records are not as they must be
}

// short is a call of Short Message Service.
func (a *alibaba) short(ctx context.Context, region, action string, params map[string]string, out any) error {
	call := apiCall{service: "Dysmsapi", version: "2017-05-25", action: action, base: "https://" + sms.Host(region), params: params}
	return a.call(ctx, call, out)
}

// most is how many pages of a list are read.
const most = 20

type verdict struct {
	RejectInfo string
}

// Signs lists the account's sign names.
func (a *alibaba) Signs(ctx context.Context, region string) ([]reviewed, error) {
	return a.pages(ctx, region, "QuerySmsSignList", func(p *reviewPage) []reviewed {
		var list []reviewed
		for _, s := range p.SmsSignList {
			list = append(list, reviewed{Name: s.SignName, State: s.AuditStatus, Reason: s.Reason.RejectInfo})
		}
		return list
	})
}

// Templates lists the account's templates.
func (a *alibaba) Templates(ctx context.Context, region string) ([]reviewed, error) {
	return a.pages(ctx, region, "QuerySmsTemplateList", func(p *reviewPage) []reviewed {
		var list []reviewed
		for _, t := range p.SmsTemplateList {
			list = append(list, reviewed{Name: t.TemplateCode, State: t.AuditStatus, Text: t.TemplateContent,
				Kind: t.OuterTemplateType, Reason: t.Reason.RejectInfo})
		}
		return list
	})
}

// reviewPage is a page of either list.
type reviewPage struct {
	Code, Message, RequestID string
	SmsSignList              []struct {
		SignName, AuditStatus string
		Reason                verdict
	}
	SmsTemplateList []struct {
		TemplateCode, AuditStatus, TemplateContent string
		OuterTemplateType                          int
		Reason                                     verdict
	}
}

func (a *alibaba) pages(ctx context.Context, region, action string, read func(*reviewPage) []reviewed) ([]reviewed, error) {
	const size = 50
	var all []reviewed
	for number := 1; number <= most; number++ {
		var page reviewPage
		err := a.short(ctx, region, action, map[string]string{"PageSize": fmt.Sprint(size), "PageIndex": fmt.Sprint(number)}, &page)
		if err != nil {
			return nil, err
		}
		if page.Code != "OK" { // this product says no with HTTP 200
			return nil, explain(apiCall{service: "Dysmsapi", action: action},
				&answerError{http.StatusOK, page.Code, page.Message, page.RequestID})
		}
		list := read(&page)
		all = append(all, list...)
		if len(list) < size {
			break
		}
	}
	return all, nil
}

// Sender finds a mail address among those of DirectMail; false if there is none.
func (a *alibaba) Sender(ctx context.Context, region, address string) (sender, bool, error) {
	const size = 100
	_, host, version := mailPlace(region)
	for number := 1; number <= most; number++ {
		var page struct {
			Data struct {
				MailAddress []struct {
					AccountName, Sendtype       string
					AccountStatus, DomainStatus any // numbers in the page's example, texts in its table
				} `json:"mailAddress"`
			} `json:"data"`
		}
		params := map[string]string{"PageSize": fmt.Sprint(size), "PageNo": fmt.Sprint(number)}
		if len(address) <= 60 { // characters that KeyWord takes
			params["KeyWord"] = address
		}
		err := a.call(ctx, apiCall{service: "Dm", version: version, action: "QueryMailAddressByParam",
			base: "https://" + host, params: params}, &page)
		if err != nil {
			return sender{}, false, err
		}
		for _, m := range page.Data.MailAddress {
			if m.AccountName == address {
				return sender{m.AccountName, m.Sendtype, word(m.AccountStatus) == "1", word(m.DomainStatus) == "1"}, true, nil
			}
		}
		if len(page.Data.MailAddress) < size {
			break
		}
	}
	return sender{}, false, nil
}

// mailPlace is where DirectMail is called for a region, and by which version of its API, as package email does: the
// regions of www.alibabacloud.com/help/en/direct-mail, and the versions of its regional clients.
func mailPlace(region string) (where, host, version string) {
	switch region {
	case "ap-southeast-1", "ap-southeast-2":
		return region, "dm." + region + ".aliyuncs.com", "2017-06-22"
	case "eu-central-1", "us-east-1":
		return region, "dm." + region + ".aliyuncs.com", "2015-11-23"
	}
	return "cn-hangzhou", "dm.aliyuncs.com", "2015-11-23"
}
