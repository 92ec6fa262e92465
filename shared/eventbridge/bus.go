package eventbridge

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"pai-notify/shared/event"
	"pai-notify/shared/rule"
)

// BusInfo is an event bus.
type BusInfo struct {
	Name        string
	ARN         string
	Description string
	Created     time.Time
}

// GetBus looks a bus up. One that does not exist is a *[rule.Error] with CodeNoWorkspace.
func (s *Store) GetBus(ctx context.Context, bus string) (BusInfo, error) {
	var data struct {
		EventBusARN, EventBusName, Description string
		CreateTimestamp                        int64
	}
	if err := s.call(ctx, "GetEventBus", params{"EventBusName": bus}, &data); err != nil {
		return BusInfo{}, err
	}
	info := BusInfo{Name: bus, ARN: data.EventBusARN, Description: data.Description}
	if data.CreateTimestamp > 0 {
		info.Created = time.UnixMilli(data.CreateTimestamp).UTC()
	}
	return info, nil
}

// Buses lists the names of the account's own buses that begin with a prefix.
func (s *Store) Buses(ctx context.Context, prefix string) ([]string, error) {
	buses, err := pages(func(token string) ([]struct{ EventBusName string }, string, error) {
		var page struct {
			EventBuses []struct{ EventBusName string }
			NextToken  loose
		}
		p := params{"NamePrefix": prefix, "Limit": fmt.Sprint(pageSize)}
		if token != "" {
			p["NextToken"] = token
		}
		err := s.call(ctx, "ListEventBuses", p, &page)
		return page.EventBuses, string(page.NextToken), err
	})
	names := make([]string, len(buses))
	for i, b := range buses {
		names[i] = b.EventBusName
	}
	return names, err
}

// EnsureBus makes a bus unless it exists, and says whether it did.
func (s *Store) EnsureBus(ctx context.Context, bus, description string) (made bool, err error) {
	if _, err = s.GetBus(ctx, bus); code(err) != rule.CodeNoWorkspace {
		return false, err
	}
	err = s.call(ctx, "CreateEventBus", params{"EventBusName": bus, "Description": description}, nil)
	if code(err) == rule.CodeExists { // somebody else's just now
		return false, nil
	}
	return err == nil, err
}

// SendToFunction is the service-linked role without which EventBridge may not invoke functions:
// CreateServiceLinkedRoleForProduct's page.
const SendToFunction = "AliyunServiceRoleForEventBridgeSendToFC"

// CheckRole says whether a service-linked role exists.
func (s *Store) CheckRole(ctx context.Context, role string) (bool, error) {
	var data struct {
		CheckPass loose
	}
	err := s.get(ctx, "CheckRoleForProduct", params{"ProductName": role}, &data)
	return data.CheckPass == "true", err
}

// EnsureRole makes a service-linked role unless it exists, and says whether it did.
func (s *Store) EnsureRole(ctx context.Context, role string) (made bool, err error) {
	if there, err := s.CheckRole(ctx, role); there || err != nil {
		return false, err
	}
	err = s.call(ctx, "CreateServiceLinkedRoleForProduct", params{"ProductName": role}, nil)
	if code(err) == rule.CodeExists {
		return false, nil
	}
	return err == nil, err
}

// Component is a part of EventBridge and its state as GetEventBridgeStatus gives it, where "DOWN" (sic) is ready:
// terraform-provider-alicloud, data source alicloud_event_bridge_service.
type Component struct{ Name, Status string }

// Ready says whether a component can be used.
func (c Component) Ready() bool { return c.Status == "DOWN" }

// Components tells how far the activation of EventBridge has come. If it was never asked for, the error is a
// *[rule.Error] with CodeNotActivated.
func (s *Store) Components(ctx context.Context) ([]Component, error) {
	var data struct {
		Components []struct{ Name, Component, Status loose }
	}
	if err := s.get(ctx, "GetEventBridgeStatus", params{}, &data); err != nil {
		return nil, err
	}
	list := make([]Component, len(data.Components))
	for i, c := range data.Components {
		list[i] = Component{Name: string(c.Name + c.Component), Status: string(c.Status)}
	}
	return list, nil
}

// Limits of PutEvents: help.aliyun.com/en/eventbridge/product-overview/limits.
const (
	maxEvents     = 16
	maxEventBytes = 256 << 10
	maxBatchBytes = 1 << 20
)

type entry struct {
	ID              string          `json:"Id"`
	Source          string          `json:"Source"`
	Type            string          `json:"Type"`
	SpecVersion     string          `json:"SpecVersion"`
	Subject         string          `json:"Subject,omitempty"`
	Time            string          `json:"Time,omitempty"`
	DataContentType string          `json:"DataContentType"`
	DataSchema      string          `json:"DataSchema,omitempty"`
	Data            json.RawMessage `json:"Data,omitempty"`
}

// PutEvents puts events on a bus, in as many calls as the limits want. Of those that EventBridge refuses the error tells;
// the others are there. Putting an event again is safe: it is the same event as long as source and id are.
func (s *Store) PutEvents(ctx context.Context, bus string, events []event.Event) error {
	entries := make([]json.RawMessage, len(events))
	for i, e := range events {
		if e.ID == "" || e.Source == "" || e.Type == "" {
			return fmt.Errorf("put event %d of %d: id, source and type are required", i+1, len(events))
		}
		item := entry{
			ID: e.ID, Source: e.Source, Type: e.Type, SpecVersion: "1.0", Subject: e.Subject, Data: e.Data,
			DataContentType: "application/json", DataSchema: e.DataSchema,
		}
		if !e.Time.IsZero() {
			item.Time = e.Time.Format(time.RFC3339Nano)
		}
		text, err := json.Marshal(item)
		if err != nil {
			return fmt.Errorf("put event %q: %w", e.ID, err)
		}
		if len(text) > maxEventBytes {
			return fmt.Errorf("put event %q: %d bytes, at most %d are allowed", e.ID, len(text), maxEventBytes)
		}
		entries[i] = text
	}
	for start := 0; start < len(entries); {
		end, size := start, 0
		for end < len(entries) && end-start < maxEvents && size+len(entries[end]) < maxBatchBytes-maxEvents-2 {
			size += len(entries[end])
			end++
		}
		if err := s.putBatch(ctx, bus, entries[start:end]); err != nil {
			return err
		}
		start = end
	}
	return nil
}

func (s *Store) putBatch(ctx context.Context, bus string, entries []json.RawMessage) error {
	list, err := json.Marshal(entries)
	if err != nil {
		return fmt.Errorf("encode events: %w", err)
	}
	var data struct {
		FailedEntryCount int
		EntryList        []struct{ EventID, ErrorCode, ErrorMessage loose }
	}
	p := params{"EventBusName": bus, "EventList": string(list)}
	if err := s.call(ctx, "PutEvents", p, &data); err != nil || data.FailedEntryCount == 0 {
		return err
	}
	fail := &CallError{Action: "PutEvents", Status: 200}
	fail.Message = fmt.Sprintf("%d of %d events refused", data.FailedEntryCount, len(entries))
	for _, e := range data.EntryList {
		if e.ErrorCode != "" {
			fail.Code = string(e.ErrorCode)
			fail.Message += fmt.Sprintf(", event %.64q: %s", string(e.EventID), e.ErrorMessage)
			break
		}
	}
	return s.failure(fail, p)
}

// entries makes a call that answers by entry; any entry that failed makes it fail.
func (s *Store) entries(ctx context.Context, action string, p params) error {
	var data struct {
		ErrorEntriesCount int
		ErrorEntries      []struct{ EntryID, ErrorCode, ErrorMessage loose }
	}
	if err := s.call(ctx, action, p, &data); err != nil {
		return err
	}
	failed := max(data.ErrorEntriesCount, len(data.ErrorEntries))
	if failed == 0 {
		return nil
	}
	fail := &CallError{Action: action, Status: 200, Message: fmt.Sprintf("%d targets refused", failed)}
	for i, e := range data.ErrorEntries {
		if i == 0 {
			fail.Code = string(e.ErrorCode)
		}
		fail.Message += fmt.Sprintf(", slot %.16s: %s %s", e.EntryID, e.ErrorCode, e.ErrorMessage)
	}
	return s.failure(fail, p)
}
