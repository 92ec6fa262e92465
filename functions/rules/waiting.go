package main

import (
	"context"
	"errors"
	"net/http"

	"pai-notify/shared/channel"
	"pai-notify/shared/fault"
	"pai-notify/shared/httpapi"
	"pai-notify/shared/ledger"
	"pai-notify/shared/rule"
)

// Asking is embedded in the input of every operation that takes a rule from those that tell.
type Asking struct {
	httpapi.Asked
	Waiting string `query:"waiting" enum:"keep,cancel" doc:"What becomes of deliveries of the rule that wait: keep lets them be told, cancel lets them go. Where there are some and it is left out, the answer is 409 and nothing is changed"`
}

const cancelWaiting = "cancel"

// asks wants to know what becomes of the deliveries of a rule that wait, if there are some and nobody said so. A rule that
// is disabled already has been asked about, unless it is to go.
func (s *service) asks(ctx context.Context, now present, in Named, a Asking, deleting bool) error {
	if a.Waiting != "" {
		return nil
	}
	n, err := s.ledger.Waiting(ctx, now.catalog.Bus(in.Workspace), in.Name)
	if err != nil || n == 0 {
		return err
	}
	saved, err := now.store.Get(ctx, in.Workspace, in.Name)
	if err != nil || saved.Foreign || !saved.Enabled && !deleting {
		return err
	}
	return &httpapi.Problem{
		Status: http.StatusConflict, Code: "DeliveriesWaiting",
		Said: fault.Say("%d deliveries of rule %q are not told yet", "有 %d 条投递尚未发出，属于规则 %q", n, in.Name),
		Advice: channel.Advice{
			"en": "Say what becomes of them: repeat the request with ?waiting=keep to let them be told, or with ?waiting=cancel to let them " +
				"go. GET /api/v1/deliveries?rule=NAME&state=waiting shows them. Nothing was changed.",
			"zh": "请指明如何处理：在请求中加上 ?waiting=keep 继续发送，或 ?waiting=cancel 取消。" +
				"GET /api/v1/deliveries?rule=NAME&state=waiting 可查看。未做任何更改。",
		}.In(a.Language()),
	}
}

// settle does what was said of the deliveries that wait, once the rule tells of no more. Repeating it harms nothing.
func (s *service) settle(ctx context.Context, now present, in Named, a Asking) error {
	if a.Waiting != cancelWaiting {
		return nil
	}
	const batch = 200
	f := ledger.Filter{Buses: []string{now.catalog.Bus(in.Workspace)}, Rule: in.Name, States: []ledger.State{ledger.Waiting}}
	cancelled := 0
	for after := ""; ; {
		ids, next, err := s.ledger.IDs(ctx, f, after, batch)
		if err != nil {
			return err
		}
		moved, err := s.ledger.Cancel(ctx, ids)
		if err != nil {
			return err
		}
		for _, m := range moved {
			if m.Err == nil {
				cancelled++
			}
		}
		if after = next; after == "" {
			break
		}
	}
	s.log.InfoContext(ctx, "waiting deliveries cancelled", "workspace", in.Workspace, "rule", in.Name, "count", cancelled)
	return nil
}

// gone says whether there is no such rule.
func gone(err error) bool {
	var ours *rule.Error
	return errors.As(err, &ours) && ours.Code == rule.CodeNotFound
}
