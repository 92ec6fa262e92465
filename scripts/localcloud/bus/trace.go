package bus

import (
	"context"
	"database/sql"
	"encoding/json"
	"net/url"

	"pai-notify/scripts/localcloud/rpc"
)

// Trace is one step of an event, as QueryEventTraces lists them. Times are milliseconds since 1970.
type Trace struct {
	Action           string `json:"Action"` // PutEvent, FilterEvent, PushEvent
	EventBusName     string `json:"EventBusName"`
	EventID          string `json:"EventId"`
	EventSource      string `json:"EventSource"`
	ActionTime       int64  `json:"ActionTime"`
	ReceivedTime     int64  `json:"ReceivedTime"`
	RuleName         string `json:"RuleName,omitempty"`
	RuleMatchingTime string `json:"RuleMatchingTime,omitempty"`
	TargetID         string `json:"TargetId,omitempty"` // the local cloud's own addition
	Endpoint         string `json:"Endpoint,omitempty"`
	NotifyStatus     string `json:"NotifyStatus,omitempty"` // [200]Ok
	NotifyTime       int64  `json:"NotifyTime,omitempty"`
	NotifyLatency    string `json:"NotifyLatency,omitempty"`
}

func saveTrace(tx *sql.Tx, t Trace, action string) error {
	t.Action = action
	return saveDoc(tx, "insert into trace (bus, event_id, doc) values (?, ?, ?)", t, t.EventBusName, t.EventID)
}

// Traces are the steps of the events with an id on a bus, in their order.
func (b *Bus) Traces(_ context.Context, bus, event string) ([]Trace, error) {
	list := []Trace{}
	err := b.each("select doc from trace where bus = ? and event_id = ? order by id", func(row *sql.Rows) error {
		var t Trace
		err := scanDoc(row, &t)
		list = append(list, t)
		return err
	}, bus, event)
	return list, err
}

func (b *Bus) queryEventTraces(ctx context.Context, q *rpc.Request) (rpc.Answer, error) {
	bus, err := q.Need("EventBusName")
	if err != nil {
		return nil, err
	}
	event, err := q.Need("EventId")
	if err != nil {
		return nil, err
	}
	if _, err := b.bus(bus); err != nil {
		return nil, err
	}
	list, err := b.Traces(ctx, bus, event)
	if err != nil {
		return nil, err
	}
	return rpc.Success(list), nil
}

func (b *Bus) queryEvent(_ context.Context, q *rpc.Request) (rpc.Answer, error) {
	bus, err := q.Need("EventBusName")
	if err != nil {
		return nil, err
	}
	event, err := q.Need("EventId")
	if err != nil {
		return nil, err
	}
	var found json.RawMessage
	err = b.each("select body from event where bus = ? and event_id = ? and (? = '' or source = ?) order by id desc limit 1",
		func(row *sql.Rows) error { return row.Scan((*[]byte)(&found)) }, bus, event, q.Get("EventSource"), q.Get("EventSource"))
	if err != nil {
		return nil, err
	}
	if found == nil {
		return nil, b.refuse("EventNotExist", "The event not existed!")
	}
	return rpc.Success(found), nil
}

// shown is an endpoint without what may be a token.
func shown(endpoint string) string {
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" {
		return endpoint
	}
	return u.Scheme + "://" + u.Host
}
