package main

import (
	"context"
	"net/http"
	"sync"
	"time"

	"pai-notify/shared/channel"
	"pai-notify/shared/fault"
	"pai-notify/shared/httpapi"
	"pai-notify/shared/sighting"
)

const (
	maxAge  = 5 * time.Minute // of the last heartbeat that came back, on the deployment's clock
	keepFor = time.Second     // anybody may ask, the database is asked so often
)

// health keeps the last look at the heartbeats.
type health struct {
	mu   sync.Mutex
	at   time.Time // of the machine; zero: never
	beat []sighting.Heartbeat
	err  error
}

func (s *service) heartbeats(ctx context.Context) ([]sighting.Heartbeat, error) {
	h := &s.health
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.at.IsZero() || time.Since(h.at) > keepFor {
		if h.err = s.db.CheckVersion(ctx); h.err == nil {
			h.beat, h.err = s.sightings.Heartbeats(ctx)
		}
		h.at = time.Now()
	}
	return h.beat, h.err
}

type healthy struct {
	Body struct {
		Status string `json:"status" example:"ok"`
	}
}

// healthz is open, so it tells nothing of the deployment but whether it works.
func (s *service) healthz(ctx context.Context, in *struct{ httpapi.Asked }) (*healthy, error) {
	list, err := s.heartbeats(ctx)
	if err != nil {
		return nil, err
	}
	sick := func(text fault.Text, advice channel.Advice) error {
		return &httpapi.Problem{
			Status: http.StatusServiceUnavailable, Code: "Unhealthy", Said: text, Advice: advice.In(in.Language()),
		}
	}
	found := false
	for _, h := range list {
		if h.Gone {
			continue
		}
		found = true
		if s.clock().Sub(h.Beat) >= maxAge {
			return nil, sick(fault.Say("no heartbeat has come back for 5 minutes", "已有 5 分钟没有收到心跳"), channel.Advice{
				"en": "GET /api/v1/metrics tells the heartbeat's age of each bus. POST /api/v1/setup for its workspace says which piece of " +
					"the way is wrong; then look into the logs of the functions sweep and observe.",
				"zh": "GET /api/v1/metrics 给出各总线的心跳时长。请对相应工作空间执行 POST /api/v1/setup 找出出错的环节，并查看 sweep 和 observe 函数的日志。",
			})
		}
	}
	if !found {
		return nil, sick(fault.Say("no heartbeat has been sent yet", "尚未发送过心跳"), channel.Advice{
			"en": "Set a workspace up with POST /api/v1/setup; the function sweep sends the first heartbeat within a minute.",
			"zh": "请先用 POST /api/v1/setup 初始化一个工作空间；sweep 函数会在一分钟内发送首个心跳。",
		})
	}
	out := &healthy{}
	out.Body.Status = "ok"
	return out, nil
}
