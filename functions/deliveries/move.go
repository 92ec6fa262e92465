package main

import (
	"context"
	"errors"
	"net/http"

	"pai-notify/shared/access"
	"pai-notify/shared/channel"
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
	now, _, _, err := s.read(ctx, in.Named, access.Editor)
	if err != nil {
		return nil, err
	}
	moved, err := s.replayer(now).One(ctx, in.ID, in.Force)
	if err != nil {
		return nil, err
	}
	return s.moved(ctx, in.Named, moved, "delivery replayed")
}

func (s *service) cancelOne(ctx context.Context, in *struct{ Named }) (*answer, error) {
	if _, _, _, err := s.read(ctx, in.Named, access.Editor); err != nil {
		return nil, err
	}
	list, err := s.ledger.Cancel(ctx, []string{in.ID})
	if err != nil {
		return nil, err
	}
	return s.moved(ctx, in.Named, list[0], "delivery cancelled")
}

// moved answers with a delivery as it is now, or with why it was left as it was.
func (s *service) moved(ctx context.Context, in Named, m ledger.Moved, what string) (*answer, error) {
	if m.Err != nil {
		return nil, refusal(in, m.Err)
	}
	now, e, _, err := s.read(ctx, in, access.Editor)
	if err != nil {
		return nil, err
	}
	s.note(ctx, what, "delivery", e.ID, "bus", e.Bus, "rule", e.Rule, "target", e.Target)
	return &answer{s.wire(e, now)}, nil
}

// refusal says why a delivery was left as it was, and what to do.
func refusal(in Named, err error) error {
	p := &httpapi.Problem{Status: http.StatusConflict, Detail: "delivery " + in.ID + ": " + err.Error()}
	var gone *rule.Error
	if errors.As(err, &gone) && gone.Code == replay.CodeGone {
		p.Code, p.Detail, p.Advice = gone.Code, gone.Text, gone.Advice.In(in.Language())
		return p
	}
	for _, known := range [...]struct {
		err    error
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
			return p
		}
	}
	if errors.Is(err, ledger.ErrNotFound) {
		return notFound(in.ID, in.Language())
	}
	return err
}
