package main

import (
	"context"
	"errors"
	"net/http"

	"pai-notify/shared/access"
	"pai-notify/shared/channel"
	"pai-notify/shared/fault"
	"pai-notify/shared/httpapi"
	"pai-notify/shared/ledger"
	"pai-notify/shared/replay"
	"pai-notify/shared/rule"
)

type answer struct{ Body Delivery }

func (s *service) replayOne(ctx context.Context, in *struct {
	Named
	Force bool `query:"force" doc:"Also where it was delivered: the receiver is told a second time"`
}) (*answer, error) {
	now, e, _, err := s.read(ctx, in.Named, access.Editor)
	if err != nil {
		return nil, err
	}
	if !now.sees(e) {
		return nil, privateTo(in.Named)
	}
	return s.audited(ctx, now, in.Named, replayed, func(ctx context.Context) (ledger.Moved, error) {
		return s.replayer(now).One(ctx, in.ID, in.Force)
	})
}

func (s *service) cancelOne(ctx context.Context, in *struct{ Named }) (*answer, error) {
	now, _, _, err := s.read(ctx, in.Named, access.Editor)
	if err != nil {
		return nil, err
	}
	return s.audited(ctx, now, in.Named, cancelled, func(ctx context.Context) (ledger.Moved, error) {
		list, err := s.ledger.Cancel(ctx, []string{in.ID})
		if err != nil {
			return ledger.Moved{}, err
		}
		return list[0], nil
	})
}

// moving is what is done to one delivery, as the audit and as the log call it.
type moving struct{ action, log string }

var ( // tables that never change
	replayed  = moving{"delivery.replay", "delivery replayed"}  //nolint:gochecknoglobals // see above
	cancelled = moving{"delivery.cancel", "delivery cancelled"} //nolint:gochecknoglobals // see above
)

// audited moves a delivery and writes down who did. The answer is the delivery as it is now, or why it was left as it was.
func (s *service) audited(
	ctx context.Context, now present, in Named, what moving, move func(context.Context) (ledger.Moved, error),
) (out *answer, err error) {
	_, e, _, err := s.read(ctx, in, access.Editor)
	if err != nil {
		return nil, err
	}
	c := access.Change{Action: what.action, Object: in.ID, Before: map[string]any{
		"state": e.State, "rule": e.Rule, "target": e.Target, "channel": e.Channel,
	}}
	c.Workspace, _ = now.catalog.Workspace(e.Bus)
	err = s.keys.Audited(ctx, c, func(ctx context.Context) (any, error) {
		m, err := move(ctx)
		if err == nil && m.Err != nil {
			err = refusal(in, m.Err)
		}
		if err != nil {
			return nil, err
		}
		now, e, _, err := s.read(ctx, in, access.Editor)
		if err != nil {
			return nil, err
		}
		s.note(ctx, what.log, "delivery", e.ID, "bus", e.Bus, "rule", e.Rule, "target", e.Target)
		out = &answer{s.wire(e, now)}
		return map[string]any{"state": e.State}, nil
	})
	return out, err
}

// refusal says why a delivery was left as it was, and what to do.
func refusal(in Named, err error) error {
	p := &httpapi.Problem{Status: http.StatusConflict}
	var gone *rule.Error
	if errors.As(err, &gone) && gone.Code == replay.CodeGone {
		p.Code, p.Said, p.Advice = gone.Code, gone.Text, gone.Advice.In(in.Language())
		return p
	}
	for _, known := range [...]struct {
		err    fault.Text
		code   string
		advice channel.Advice
	}{
		{ledger.ErrSending, "BeingSent", channel.Advice{
			"en": "Look again in a minute.", "zh": "请一分钟后再查看。"}},
		{ledger.ErrDelivered, "Delivered", channel.Advice{
			"en": "Nothing has to be done. To tell the receiver once more, replay with ?force=true.",
			"zh": "无需处理。若要再次通知接收端，请使用 ?force=true 重放。"}},
		{ledger.ErrEnded, "Ended", channel.Advice{
			"en": "Nothing is left to cancel; only deliveries that wait can be.", "zh": "已结束，无可取消；只有等待中的投递可以取消。"}},
		{ledger.ErrDuplicate, "Duplicate", channel.Advice{
			"en": "Replay the delivery that told it: GET /api/v1/deliveries?event=ID lists all of the event.",
			"zh": "请重放实际发送的那条投递：GET /api/v1/deliveries?event=ID 列出该事件的全部投递。"}},
		{ledger.ErrNoEvent, "NoEvent", channel.Advice{
			"en": "Publish the event again if it is still wanted.", "zh": "如仍需要，请重新发布该事件。"}},
	} {
		if errors.Is(err, known.err) {
			p.Code, p.Advice = known.code, known.advice.In(in.Language())
			p.Said = fault.Say("delivery %s: %s", "投递 %s：%s", in.ID, known.err)
			return p
		}
	}
	if errors.Is(err, ledger.ErrNotFound) {
		return notFound(in.ID, in.Language())
	}
	return err
}

// privateTo refuses to send again what the caller may not see: the rule's target may be the caller's by now.
func privateTo(in Named) error {
	return &httpapi.Problem{
		Status: http.StatusForbidden, Code: "PrivateToOthers", Said: fault.Say("delivery %s tells of what is private to another user", "投递 %s 的内容属于另一位用户且不公开", in.ID),
		Advice: channel.Advice{
			"en": "Ask its owner, with a key that has their paiUser, or an administrator to replay it.",
			"zh": "请由所有者（使用带有其 paiUser 的密钥）或管理员重放。",
		}.In(in.Language()),
	}
}
