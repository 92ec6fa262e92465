package bus

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"pai-notify/scripts/localcloud/rpc"
)

// entry is what became of one event of a batch.
type entry struct {
	EventID      string `json:"EventId"`
	TraceID      string `json:"TraceId"`
	ErrorCode    string `json:"ErrorCode,omitempty"`
	ErrorMessage string `json:"ErrorMessage,omitempty"`
}

// put checks and publishes a user's events on one bus. Each event is accepted or refused by itself.
func (b *Bus) put(ctx context.Context, bus, address string, events []cloudEvent) (entries []entry, failed int, err error) {
	b.mu.RLock()
	_, ok := b.buses[bus]
	b.mu.RUnlock()
	if !ok || bus == defaultBus {
		return nil, 0, b.refuse("EventBusNotExist", "The event bus [%.130s] not existed!", bus)
	}
	q := b.options.Quotas
	if len(events) == 0 {
		return nil, 0, b.refuse("EventInvalid", "There is no event.")
	}
	if len(events) > q.BatchEvents {
		return nil, 0, b.refuse("EventCountExceedLimit", "The count of events [%d] exceed the limit [%d]!", len(events), q.BatchEvents)
	}
	total := 0
	accepted := make([]cloudEvent, 0, len(events))
	for _, e := range events {
		text, err := e.bytes()
		if err != nil {
			return nil, 0, err
		}
		total += len(text)
		one := entry{EventID: e.id(), TraceID: rpc.NewID()}
		if f := b.checkEvent(e, len(text)); f != nil {
			one.ErrorCode, one.ErrorMessage = f.code, f.message
			failed++
		} else {
			e.plainData()
			b.stamp(e, bus, address, b.now(), true)
			accepted = append(accepted, e)
		}
		entries = append(entries, one)
	}
	if total > q.BatchBytes {
		return nil, 0, b.refuse("EventSizeExceed", "The size of the batch [%d] exceed the limit [%d]!", total, q.BatchBytes)
	}
	return entries, failed, b.publish(ctx, bus, accepted, 0)
}

// Publish puts an event on a bus as Alibaba Cloud's own services do: nothing of it is checked but that it is one JSON object
// within the size limit. It may go to the default bus.
func (b *Bus) Publish(ctx context.Context, bus string, event []byte) error {
	e, err := parseEvent(event)
	if err != nil {
		return err
	}
	if len(event) > b.options.Quotas.EventBytes {
		return fmt.Errorf("event has %d bytes; at most %d are allowed", len(event), b.options.Quotas.EventBytes)
	}
	b.stamp(e, bus, "127.0.0.1", b.now(), false)
	return b.publish(ctx, bus, []cloudEvent{e}, 0)
}

// errNoBus says that a bus does not exist.
var errNoBus = errors.New("the event bus does not exist")

// publish matches events with the rules of a bus and queues what they are to be told. When it returns, all of it is on disk.
func (b *Bus) publish(ctx context.Context, bus string, events []cloudEvent, hops int) error {
	b.mu.RLock()
	on, ok := b.buses[bus]
	if !ok {
		b.mu.RUnlock()
		return errNoBus
	}
	rules := make([]*rule, 0, len(on.rules))
	for _, r := range on.rules {
		if r.Status == enabled {
			rules = append(rules, r)
		}
	}
	b.mu.RUnlock()

	var pushes []*push
	matched := 0
	now := b.now()
	err := b.write(ctx, func(tx *sql.Tx) error {
		for _, e := range events {
			body, err := e.bytes()
			if err != nil {
				return err
			}
			source, _ := e.text("source")
			result, err := tx.Exec("insert into event (bus, event_id, source, body, received, hops) values (?, ?, ?, ?, ?, ?)",
				bus, e.id(), source, body, now.UnixMilli(), hops)
			if err != nil {
				return err
			}
			event, err := result.LastInsertId()
			if err != nil {
				return err
			}
			base := Trace{EventBusName: bus, EventID: e.id(), EventSource: source, ReceivedTime: now.UnixMilli(), ActionTime: now.UnixMilli()}
			if err := saveTrace(tx, base, "PutEvent"); err != nil {
				return err
			}
			hit := 0
			for _, r := range rules {
				if !r.pattern.Match(body) {
					continue
				}
				hit = 1
				filtered := base
				filtered.RuleName, filtered.RuleMatchingTime = r.Name, strconv.FormatInt(now.UnixMilli(), 10)
				if err := saveTrace(tx, filtered, "FilterEvent"); err != nil {
					return err
				}
				for _, t := range r.Targets {
					p := &push{event: event, bus: bus, rule: r.Name, target: t.ID, eventID: base.EventID, source: source, hops: hops, due: now}
					if err := p.insert(tx); err != nil {
						return err
					}
					pushes = append(pushes, p)
				}
			}
			matched += hit
		}
		return errors.Join(count(tx, countPublished, len(events)), count(tx, countMatched, matched), count(tx, countPushes, len(pushes)))
	})
	if err != nil {
		return fmt.Errorf("store events: %w", err)
	}
	b.engine.add(pushes, func(c *Counts) {
		c.Published += int64(len(events))
		c.Matched += int64(matched)
		c.Pushes += int64(len(pushes))
	})
	return nil
}

func (p *push) insert(tx *sql.Tx) error {
	result, err := tx.Exec("insert into push (event, bus, rule, target, due, tries, accepted, blocked) values (?, ?, ?, ?, ?, 0, 0, 0)",
		p.event, p.bus, p.rule, p.target, p.due.UnixMilli())
	if err != nil {
		return err
	}
	p.id, err = result.LastInsertId()
	return err
}

// putEventsRPC is the newer RPC action PutEvents: EventBusName and EventList, as one JSON text or as EventList.1.Id ….
func (b *Bus) putEventsRPC(ctx context.Context, q *rpc.Request) (rpc.Answer, error) {
	bus, err := q.Need("EventBusName")
	if err != nil {
		return nil, err
	}
	var list []map[string]json.RawMessage
	given, err := q.JSON("EventList", &list)
	if err != nil {
		return nil, err
	}
	if !given {
		if list = flatList(q.Params); len(list) == 0 {
			return nil, rpc.Mandatory("EventList")
		}
	}
	events := make([]cloudEvent, len(list))
	for i, item := range list {
		e := cloudEvent{}
		for name, value := range item {
			if text := string(value); text != `""` && text != "null" {
				e[strings.ToLower(name)] = value
			}
		}
		// Data is the JSON of the data, mostly as a text.
		if text, ok := e.text("data"); ok && json.Valid([]byte(text)) {
			if kind, _ := e.text("datacontenttype"); kind == "" || strings.Contains(kind, "json") {
				e["data"] = json.RawMessage(text)
			}
		}
		events[i] = e
	}
	entries, failed, err := b.put(ctx, bus, q.Address, events)
	if err != nil {
		return nil, err
	}
	answer := rpc.Success(map[string]any{"FailedEntryCount": failed, "EntryList": entries})
	answer["Code"] = "200"
	return answer, nil
}

// flatList reads EventList.1.Id and so on.
func flatList(params map[string]string) []map[string]json.RawMessage {
	var list []map[string]json.RawMessage
	for i := 1; ; i++ {
		prefix := fmt.Sprintf("EventList.%d.", i)
		item := map[string]json.RawMessage{}
		for name, value := range params {
			if field, ok := strings.CutPrefix(name, prefix); ok {
				if text, err := json.Marshal(value); err == nil {
					item[field] = text
				}
			}
		}
		if len(item) == 0 {
			return list
		}
		list = append(list, item)
	}
}

// putEventsData is the data plane's POST /openapi/putEvents: a JSON list of CloudEvents whose attribute aliyuneventbusname
// says the bus. Its errors have lower-case members.
func (b *Bus) putEventsData(w http.ResponseWriter, r *http.Request) {
	id := rpc.NewID()
	refuse := func(err error) {
		f := &rpc.Error{}
		if !errors.As(err, &f) {
			b.options.Log.Error("put events", "error", err.Error())
			f = &rpc.Error{Status: http.StatusInternalServerError, Code: "InternalError", Message: "The local cloud's log says why."}
		}
		if f.Status < http.StatusBadRequest {
			f = &rpc.Error{Status: http.StatusConflict, Code: f.Code, Message: f.Message}
		}
		rpc.WriteJSON(w, f.Status, map[string]string{"code": f.Code, "message": f.Message, "requestId": id})
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		refuse(&rpc.Error{Status: http.StatusRequestEntityTooLarge, Code: "EventSizeExceed", Message: "The request body could not be read to its end."})
		return
	}
	q, err := b.gateway.CheckData(r, body)
	if err != nil {
		var f *rpc.Error
		if errors.As(err, &f) {
			f.Status = http.StatusForbidden // the data plane's errors page has 403 for all of these
		}
		refuse(err)
		return
	}
	if !b.activated() {
		refuse(notEnabled())
		return
	}
	var events []cloudEvent
	if err := json.Unmarshal(body, &events); err != nil {
		refuse(&rpc.Error{Status: http.StatusConflict, Code: "EventInvalid", Message: "The body is not a JSON list of CloudEvents: " + err.Error() + "."})
		return
	}
	bus := ""
	for _, e := range events {
		name, _ := e.text(attributeBus)
		if name == "" {
			refuse(&rpc.Error{Status: http.StatusConflict, Code: "EventBusEmpty", Message: "The event attribute aliyuneventbusname is empty!"})
			return
		}
		if bus != "" && name != bus {
			refuse(&rpc.Error{Status: http.StatusConflict, Code: "PutEventsRequestMoreThanOneEventBus", Message: "The events of one request must be for one bus."})
			return
		}
		bus = name
	}
	entries, failed, err := b.put(r.Context(), bus, q.Address, events)
	if err != nil {
		refuse(err)
		return
	}
	rpc.WriteJSON(w, http.StatusOK, map[string]any{"RequestId": id, "ResourceOwnerAccountId": b.options.Account,
		"FailedEntryCount": failed, "EntryList": entries})
}
